//! What the loop asks of others, what it tells them, and what it comes to.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::fault::Direction;
use crate::snapshot::CloseReason;

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

/// What the loop tells of its work; one writer, no reader that waits.
pub trait Gauge {
    /// Bytes were delivered.
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// A segment that left had been held for so long.
    fn added(&mut self, direction: Direction, delay: Duration);
    /// Bytes came from the client or the upstream.
    fn arrived(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// So many bytes wait, and whether their sender is not read because more may not.
    fn holds(&mut self, direction: Direction, bytes: usize, full: bool);
    /// This direction has ended.
    fn ended(&mut self, direction: Direction);
}

/// How a connection is to be taken down, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// Why.
    pub reason: CloseReason,
    /// How.
    pub how: TakeDown,
}

/// What is left to do to a connection's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeDown {
    /// Nothing: both streams have ended in order.
    Done,
    /// Both peers are to be reset.
    Reset,
    /// Both streams are to be ended in order; what waits is dropped.
    Close,
    /// Both streams are to be ended in order as far as that goes at once; nothing waits.
    Leave,
}
