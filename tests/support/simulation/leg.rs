//! One socket of the connection: its buffers, its peer's fate, and who waits for what.
//!
//! Bytes are counted, not kept: what they are follows from direction and offset. What a call answers follows Linux where
//! that matters: bytes that were received can be read before an error, an error is told once, and after it reading tells
//! the end of a stream that never ended.

use std::io::ErrorKind;
use std::task::{Poll, Waker};

/// What a call comes to: so many bytes, or an error.
pub(crate) type Answer = Poll<Result<u64, ErrorKind>>;

/// A socket and the peer behind it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Default)]
pub(crate) struct Leg {
    /// What the peer has said, and how much of it was read.
    pub(crate) said: u64,
    pub(crate) read: u64,
    /// The peer's stream ends behind what it said.
    pub(crate) fin: bool,
    /// What waits in the socket's own layer for a flush, and how much may; a socket without such a layer has room for 0.
    pub(crate) layer: u64,
    pub(crate) layer_room: u64,
    /// What waits in the system for the peer to take it, and how much may.
    pub(crate) sending: u64,
    pub(crate) sending_room: u64,
    /// Our own stream to the peer was ended.
    pub(crate) shut: bool,
    /// The peer is gone for good: what it is sent next breaks the connection.
    pub(crate) closed: bool,
    /// The connection is broken: nothing more can be written.
    pub(crate) broken: bool,
    /// The error that was not told yet.
    pub(crate) error: Option<ErrorKind>,
    /// Reading tells the error again and again, as on some systems, instead of once.
    pub(crate) sticky: bool,
    /// The peer's script is over.
    pub(crate) done: bool,
    /// Whether an event is under way in which the peer takes bytes.
    pub(crate) draining: bool,
    pub(crate) waits: Waits,
}

/// Who is to be woken when something can be read, can be written, or has broken.
#[derive(Default)]
pub(crate) struct Waits {
    pub(crate) read: Option<Waker>,
    pub(crate) write: Option<Waker>,
    pub(crate) error: Option<Waker>,
}

// === impl Leg ===

impl Leg {
    pub(crate) fn read(&mut self, most: u64) -> Answer {
        let waiting = self.said - self.read;
        if waiting > 0 {
            let n = waiting.min(most);
            self.read += n;
            return Poll::Ready(Ok(n));
        }
        if self.fin {
            return Poll::Ready(Ok(0));
        }
        match self.error.take() {
            Some(error) => Poll::Ready(Err(error)),
            None if self.broken && self.sticky => Poll::Ready(Err(ErrorKind::ConnectionReset)),
            None if self.broken => Poll::Ready(Ok(0)),
            None => Poll::Pending,
        }
    }

    pub(crate) fn write(&mut self, most: u64) -> Answer {
        if self.broken {
            return Poll::Ready(Err(self.error.take().unwrap_or(ErrorKind::BrokenPipe)));
        }
        let (waiting, room) = if self.layer_room == 0 {
            (&mut self.sending, self.sending_room)
        } else {
            (&mut self.layer, self.layer_room)
        };
        let n = most.min(room - *waiting);
        *waiting += n;
        if n == 0 {
            Poll::Pending
        } else {
            Poll::Ready(Ok(n))
        }
    }

    /// The error of the connection, without reading. Told once; whoever asks again hears that it is broken.
    pub(crate) fn watch(&mut self) -> Option<ErrorKind> {
        let error = self.error.take();
        error.or_else(|| self.broken.then_some(ErrorKind::ConnectionReset))
    }

    /// Moves what the system has room for out of the socket's own layer; tells how much.
    pub(crate) fn sink_layer(&mut self, most: u64) -> u64 {
        let n = self.layer.min(self.sending_room - self.sending).min(most);
        self.layer -= n;
        self.sending += n;
        n
    }

    pub(crate) fn flush(&mut self) -> Answer {
        if self.layer == 0 {
            return Poll::Ready(Ok(0));
        }
        if self.broken {
            return Poll::Ready(Err(self.error.take().unwrap_or(ErrorKind::BrokenPipe)));
        }
        let n = self.sink_layer(u64::MAX);
        if self.layer == 0 {
            Poll::Ready(Ok(n))
        } else {
            Poll::Pending
        }
    }

    pub(crate) fn shutdown(&mut self) -> Answer {
        if self.broken && self.layer == 0 {
            return Poll::Ready(Err(ErrorKind::NotConnected));
        }
        let flushed = self.flush();
        self.shut |= matches!(flushed, Poll::Ready(Ok(_)));
        flushed
    }

    /// The connection breaks. Where the peer's stream had ended before, its end can still be read.
    pub(crate) fn break_off(&mut self, error: ErrorKind, unread_is_lost: bool) {
        self.broken = true;
        self.done = true;
        self.sending = 0;
        self.error = Some(if self.fin {
            ErrorKind::BrokenPipe
        } else {
            error
        });
        if unread_is_lost && !self.fin {
            self.said = self.read;
        }
        self.wake();
    }

    pub(crate) fn readable(&self) -> bool {
        self.said > self.read || self.fin || self.broken
    }

    pub(crate) fn writable(&self) -> bool {
        self.broken || self.sending < self.sending_room
    }

    /// Wakes whoever waits for what is now the case.
    pub(crate) fn wake(&mut self) {
        let [readable, writable, broken] = [self.readable(), self.writable(), self.broken];
        let Waits { read, write, error } = &mut self.waits;
        for (due, waker) in [(readable, read), (writable, write), (broken, error)] {
            if let Some(waker) = waker.take_if(|_| due) {
                waker.wake();
            }
        }
    }
}
