//! A leg as the poll loop asks for it: with a watch for errors while it is not read.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::leg::Leg;
use super::pump::Socket;

/// A leg, and the watch for its errors where one is kept.
pub(super) struct Watched {
    leg: Leg,
    /// Made when reading is paused for the first time, kept until it resumes: it would lose its place in the queue of
    /// those who are woken if it were made anew at every poll.
    watch: Option<Pin<Box<dyn Future<Output = io::Error> + Send>>>,
}

// === impl Watched ===

impl Watched {
    pub(super) fn new(leg: Leg) -> Self {
        Self { leg, watch: None }
    }

    /// The leg alone: a reset goes out only when nothing else holds the socket.
    pub(super) fn into_leg(self) -> Leg {
        self.leg
    }
}

impl Socket for Watched {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.watch = None;
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.leg).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.leg).poll_write_vectored(cx, slices)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.leg.wants_flush() {
            Pin::new(&mut self.leg).poll_flush(cx)
        } else {
            Poll::Ready(Ok(()))
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.leg).poll_shutdown(cx)
    }

    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let leg = &self.leg;
        self.watch
            .get_or_insert_with(|| Box::pin(leg.watch_error()))
            .as_mut()
            .poll(cx)
    }
}
