//! The TLS of a leg: rustls above the shared socket, its errors put in words.

use std::io::{self, ErrorKind, IoSlice, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::{Peer, TlsError};
use crate::proxy::net::socket::SharedSocket;

/// A session and what is known of its peer.
#[derive(Debug)]
pub(crate) struct Secured {
    stream: TlsStream<SharedSocket>,
    peer: Peer,
    truncated: bool,
    strict_close: bool,
    /// What reading comes to behind the bytes that are still to be handed over.
    failed: Option<io::Error>,
}

// === impl Secured ===

impl Secured {
    pub(crate) fn new(stream: TlsStream<SharedSocket>, peer: Peer, strict_close: bool) -> Self {
        Self {
            stream,
            peer,
            truncated: false,
            strict_close,
            failed: None,
        }
    }

    /// Whether the socket ended before TLS did.
    pub(crate) fn truncated(&self) -> bool {
        self.truncated
    }

    /// What that is, where it is an error.
    fn cut_off(&self) -> Option<TlsError> {
        let cut_off = self.truncated && self.strict_close;
        cut_off.then(|| TlsError::Truncated(self.peer.upstream.clone()))
    }

    /// Whether encrypted bytes wait for room in the socket.
    pub(crate) fn wants_flush(&self) -> bool {
        self.stream.get_ref().1.wants_write()
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.failed.is_none() {
            match ready!(Pin::new(&mut self.stream).poll_read(cx, buf)) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) => self.failed = Some(error),
            }
        }
        // What was decrypted together with the error came before it.
        let space = buf.initialize_unfilled();
        if let Ok(n @ 1..) = self.stream.get_mut().1.reader().read(space) {
            buf.advance(n);
            return Poll::Ready(Ok(()));
        }
        match self.failed.take().map_or(Ok(()), Err) {
            // The end of the socket before the end of TLS. Common, and harmless where the protocol inside knows its
            // lengths: pass it on as the end that it is, unless that was ruled out.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.truncated = true;
                Poll::Ready(match self.cut_off() {
                    Some(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
                    None => Ok(()),
                })
            }
            Err(error) => Poll::Ready(Err(self.explain(error))),
            Ok(()) => Poll::Ready(Ok(())),
        }
    }

    /// Writes as much as the socket takes, some records at a time: what rustls holds of it is bounded by its own limit, four
    /// records, however much is given.
    pub(crate) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(cx))?;
        let total: usize = bufs.iter().map(|buf| buf.len()).sum();
        let mut written = ready!(self.poll_write_records(cx, bufs))?;
        if written == total || self.wants_flush() {
            return Poll::Ready(Ok(written));
        }
        let mut rest = bufs.to_vec();
        let mut rest = &mut rest[..];
        IoSlice::advance_slices(&mut rest, written);
        while !self.wants_flush() && written < total {
            // An error is told at once: what the socket took before it is lost with the connection.
            let Poll::Ready(n) = self.poll_write_records(cx, rest)? else {
                break;
            };
            written += n;
            IoSlice::advance_slices(&mut rest, n);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_write_records(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        Poll::Ready(result.map_err(|error| self.last_words(cx, error)))
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        Poll::Ready(result.map_err(|error| self.last_words(cx, error)))
    }

    /// Says that the stream ends, then ends the socket's direction.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// What the peer may have said before it hung up on a write: a refused client certificate is told only now.
    fn last_words(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        match Pin::new(&mut self.stream).poll_fill_buf(cx) {
            Poll::Ready(Err(said)) if self.peer.later(&said).is_some() => self.explain(said),
            _ => error,
        }
    }

    /// Puts an error of TLS in a line that a person can act on.
    fn explain(&self, error: io::Error) -> io::Error {
        match self.peer.later(&error) {
            Some(explained) => io::Error::new(ErrorKind::InvalidData, explained),
            None => error,
        }
    }
}
