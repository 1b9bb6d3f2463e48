//! One of the two sockets of a connection, in clear text or under TLS.
//!
//! A leg hands over bytes as they are and knows no fault. It exists so that the connection task needs no two kinds of
//! code, and so that reset and the watch for errors can reach the socket below TLS: the socket is shared with them.
//! The two directions are never split into halves, since a half cannot reset.

pub mod dial;
pub(super) mod error;

use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::proxy::net::socket::{poll_read_socket, poll_write_socket, shut_down};
use crate::proxy::postgres::SaslFilter;
use crate::proxy::tls::{Secured, TlsError};

/// What the loop asks of a socket. Each call registers the task to be woken when it returns `Pending`.
pub trait Socket {
    /// Reads some bytes; none is the end of the stream.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;
    /// Writes some of the bytes.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;
    /// Moves what was written, and waits inside the socket's own layers, towards the peer.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Ends the stream to the peer.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Waits for an error of the connection without reading from it.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<io::Error>;
}

/// One of the two sockets of a connection.
///
/// Reading and writing follow `AsyncRead` and `AsyncWrite`, with two rules for a hand-written poll loop:
///
/// - *Read until `Pending` before parking.* TLS decrypts more than it hands over at once, and nothing wakes a task for
///   bytes that are already here. A short read means nothing.
/// - *Flush before parking.* Under TLS a write that was taken may still wait, encrypted, for room in the socket. While
///   `wants_flush` says so, `poll_flush` must be polled again; it has registered the waker. At most one write's worth
///   waits, since the next write flushes first. Without TLS there is nothing to flush.
///
/// Cancelling any of it loses nothing: it is all polling.
pub struct Leg {
    // Before the socket, so that a dropped session never outlives it.
    tls: Option<Box<Secured>>,
    filter: Option<Box<SaslFilter>>,
    /// The watch for an error while reading is paused: kept until it resumes, since one that is made anew at every poll
    /// would lose its place in the queue of those who are woken.
    watch: Option<Watch>,
    socket: Arc<TcpStream>,
}

type Watch = Pin<Box<dyn Future<Output = io::Error> + Send>>;

// === impl Leg ===

impl Leg {
    /// A leg in clear text.
    #[must_use]
    pub fn clear(socket: TcpStream) -> Self {
        Self {
            tls: None,
            filter: None,
            watch: None,
            socket: Arc::new(socket),
        }
    }

    /// A leg under TLS, after the handshake on its socket.
    pub(super) fn secure(socket: Arc<TcpStream>, tls: Secured) -> Self {
        Self {
            tls: Some(Box::new(tls)),
            filter: None,
            watch: None,
            socket,
        }
    }

    /// Reads through `filter` until it is done.
    pub(super) fn filtered(mut self, filter: SaslFilter) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// The socket, for addresses and options. Bytes go through the leg alone.
    #[must_use]
    pub fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
    }

    /// Whether bytes flow under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether bytes that were written still wait for room in the socket.
    #[must_use]
    pub fn wants_flush(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_flush())
    }

    /// Whether the peer ended its TLS stream without saying so (no `close_notify`): all bytes that came were handed
    /// over, but whether they are all that were sent, nobody knows. Known once reading has met the end.
    #[must_use]
    pub fn closed_without_notify(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.truncated())
    }

    /// Why the stream was ended by the PostgreSQL filter, if it was: the client got an error in the server's place,
    /// then the end of the stream. Known once reading has met the end.
    #[must_use]
    pub fn refusal(&self) -> Option<&TlsError> {
        self.filter.as_ref().and_then(|filter| filter.refusal())
    }

    /// Ends the connection so that the peer sees a reset, at once and whatever still waits to be sent.
    ///
    /// The reset goes out when the last owner of the socket is gone: drop what `watch_error` returned. It must not
    /// follow `poll_shutdown`, for the peer would see the end of the stream first.
    pub fn reset(self) {
        // Fails only where the socket is gone already, and then so is the peer.
        let _ = self.socket.set_zero_linger();
    }

    /// Resolves when the socket has an error, without reading: how a reset is noticed while reading is paused.
    ///
    /// The error is the socket's only copy: reading after it meets a plain end, so act on the result. Cancel-safe; holds
    /// the socket open while it lives. Where the system does not tell (other than Linux), it stays pending.
    pub fn watch_error(&self) -> impl Future<Output = io::Error> + Send + use<> {
        let socket = Arc::clone(&self.socket);
        async move {
            if let Err(error) = socket.ready(Interest::ERROR).await {
                return error;
            }
            match socket.take_error() {
                Ok(Some(error)) | Err(error) => error,
                // A read or write has taken it meanwhile.
                Ok(None) => ErrorKind::ConnectionReset.into(),
            }
        }
    }

    /// Resolves when the peer has sent something, without reading it; never where it ends its stream before. Cancel-safe; holds
    /// the socket open while it lives.
    pub fn watch_first_byte(&self) -> impl Future<Output = ()> + Send + use<> {
        let socket = Arc::clone(&self.socket);
        async move {
            if !matches!(socket.peek(&mut [0]).await, Ok(1)) {
                std::future::pending::<()>().await;
            }
        }
    }

    fn poll_read_raw(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(tls) => tls.poll_read(cx, buf),
            None => poll_read_socket(&self.socket, cx, buf),
        }
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_tls = self.tls.is_some();
        let mut leg = f.debug_struct("Leg");
        leg.field("tls", &is_tls).field("socket", &self.socket);
        leg.finish_non_exhaustive()
    }
}

impl Socket for Leg {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.watch = None;
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut *self).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self).poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wants_flush() {
            Pin::new(&mut *self).poll_flush(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self).poll_shutdown(cx)
    }

    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let watch = self.watch.take();
        let mut watch = watch.unwrap_or_else(|| Box::pin(self.watch_error()));
        let polled = watch.as_mut().poll(cx);
        self.watch = Some(watch);
        polled
    }
}

impl AsyncRead for Leg {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let Some(filter) = &mut self.filter else {
                return self.poll_read_raw(cx, buf);
            };
            if filter.poll_output(buf) || filter.refusal().is_some() {
                return Poll::Ready(Ok(()));
            }
            if filter.is_done() {
                self.filter = None;
                continue;
            }
            let mut space = [0; 4096];
            let mut chunk = ReadBuf::new(&mut space);
            ready!(self.poll_read_raw(cx, &mut chunk))?;
            let Some(filter) = &mut self.filter else {
                continue;
            };
            match chunk.filled() {
                [] => filter.push_eof(),
                bytes => filter.push(bytes),
            }
        }
    }
}

impl AsyncWrite for Leg {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            Some(tls) => tls.poll_write_vectored(cx, bufs),
            None => poll_write_socket(&self.socket, cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(tls) => tls.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Ends the direction to the peer: what waits is flushed, then TLS says that it ends, then the socket does. Reading
    /// goes on.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            Some(tls) => tls.poll_shutdown(cx),
            None => Poll::Ready(shut_down(&self.socket)),
        }
    }
}

#[cfg(test)]
mod tests;
