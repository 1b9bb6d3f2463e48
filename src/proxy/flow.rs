//! One direction of the poll loop: what is due goes out, what comes goes in.
//!
//! A flow owns no socket. Its two steps are given the leg to write to and the leg to read from, move at most one write's
//! or one read's worth, and say what that came to; what it means for the other direction is the loop's concern.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::budget::{Budget, Charge};
use super::pump::{Gauge, Socket};
use crate::fault::Direction;
use crate::fault::link::{Circumstances, Link, Step};

/// What is read at a time where it will be held: pieces of this size are reused by the allocator, larger ones are fresh
/// pages each time.
const HELD_READ: usize = 64 << 10;

/// One direction: from `legs[direction]` into the link, and out of it to the other leg.
pub(super) struct Flow {
    pub(super) link: Link,
    pub(super) direction: Direction,
    pub(super) source: Source,
    pub(super) sink: Sink,
    /// How the source refuses what is sent to it: behind its stream its peer is reset.
    pub(super) refused: Option<Refusal>,
    unflushed: bool,
    charge: Charge,
    /// What the gauge was told of what waits.
    told: (usize, bool),
    pub(super) due: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Open,
    /// Its stream has ended.
    Ended,
    /// The leg is broken and gives nothing more.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    Open,
    /// The end of the stream was passed on.
    Ended,
    /// The leg is broken and takes nothing more.
    Broken,
}

/// How a leg refuses what is sent to it; what it sent itself can still be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its peer had closed: the end of its stream is to be found.
    Closed,
    /// Its connection broke, and that was told: the end that reading then finds was never sent.
    Broke,
}

/// What one step of a direction came to.
pub(super) enum Moved {
    Nothing,
    Something,
    /// The peer is to be reset now.
    Reset,
    /// The leg that is to be read from later refuses what is sent to it.
    SourceRefuses(io::Error),
    /// The leg that is read from is broken.
    SourceBroke(io::Error),
    /// The leg that is written to is broken.
    SinkBroke(io::Error),
}

// === impl Flow ===

impl Flow {
    pub(super) fn new(
        direction: Direction,
        circumstances: &Circumstances,
        budget: &Arc<Budget>,
    ) -> Self {
        Self {
            link: Link::new(direction, circumstances),
            direction,
            source: Source::Open,
            sink: Sink::Open,
            refused: None,
            unflushed: false,
            charge: Charge::on(budget),
            told: (0, false),
            due: None,
        }
    }

    /// Tells how much waits, where that has changed.
    pub(super) fn tell(&mut self, gauge: &mut impl Gauge) {
        self.charge.set(self.link.held());
        let full = self.link.is_full() || !self.charge.allows_more();
        let holds = (self.link.held(), full);
        if holds != self.told {
            self.told = holds;
            gauge.holds(self.direction, holds.0, holds.1);
        }
    }

    /// Writes what is due, or ends the stream where its end is.
    pub(super) fn write_out<S: Socket>(
        &mut self,
        leg: &mut S,
        cx: &mut Context<'_>,
        now: Instant,
        gauge: &mut impl Gauge,
    ) -> Moved {
        self.due = None;
        if self.sink == Sink::Broken {
            return Moved::Nothing;
        }
        self.link.resumed(now);
        let moved = match self.link.poll(now) {
            Step::Wait(due) => {
                self.due = due;
                Moved::Nothing
            }
            Step::Reset => Moved::Reset,
            Step::Write => match self.write(leg, cx, now, gauge) {
                broke @ Moved::SinkBroke(_) => return broke,
                moved => moved,
            },
            Step::Shutdown => match leg.poll_shutdown(cx) {
                Poll::Pending => Moved::Nothing,
                Poll::Ready(Err(error)) if self.unflushed => return Moved::SinkBroke(error),
                // A peer that is gone needs no end of stream; reading from it, or waiting for its error, tells the rest.
                Poll::Ready(_) => {
                    self.link.ended();
                    self.sink = Sink::Ended;
                    self.unflushed = false;
                    gauge.ended(self.direction);
                    return Moved::Something;
                }
            },
        };
        if self.unflushed {
            match leg.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Moved::SinkBroke(error),
                // It would overtake what the leg's own layers hold.
                Poll::Pending if matches!(moved, Moved::Reset) => return Moved::Nothing,
                Poll::Pending => {}
            }
        }
        moved
    }

    fn write<S: Socket>(
        &mut self,
        leg: &mut S,
        cx: &mut Context<'_>,
        now: Instant,
        gauge: &mut impl Gauge,
    ) -> Moved {
        let mut slices = Vec::new();
        self.link.slices(now, &mut slices);
        match leg.poll_write(cx, &slices) {
            Poll::Ready(Ok(0)) => Moved::SinkBroke(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(n)) => {
                let direction = self.direction;
                self.link.wrote(n, now, |held| gauge.added(direction, held));
                // Before the loop asks whether it may read again: else nobody would wait for the source.
                self.charge.set(self.link.held());
                self.unflushed = true;
                gauge.delivered(direction, n, now);
                Moved::Something
            }
            Poll::Ready(Err(error)) => Moved::SinkBroke(error),
            Poll::Pending => {
                self.link.refused(now);
                Moved::Nothing
            }
        }
    }

    /// Reads what the source has, as far as there is room; else waits for news that it is gone.
    pub(super) fn read_in<S: Socket>(
        &mut self,
        source: &mut S,
        sink: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        now: Instant,
        gauge: &mut impl Gauge,
    ) -> Moved {
        if self.source == Source::Broken {
            return Moved::Nothing;
        }
        let wanted = self.source == Source::Open
            && self.sink == Sink::Open
            && self.link.wants_input()
            && self.charge.allows_more();
        if !wanted {
            // Known to be broken: reading on tells the rest.
            if self.refused.is_some() {
                return Moved::Nothing;
            }
            return match source.poll_error(cx) {
                Poll::Ready(error) => Moved::SourceRefuses(error),
                Poll::Pending => Moved::Nothing,
            };
        }
        let clear = self.link.is_clear();
        let room = if clear {
            buffer.len()
        } else {
            self.link.room().min(HELD_READ).min(buffer.len())
        };
        match source.poll_read(cx, &mut buffer[..room]) {
            Poll::Pending => Moved::Nothing,
            Poll::Ready(Err(error)) => Moved::SourceBroke(error),
            Poll::Ready(Ok(0)) => {
                self.source = Source::Ended;
                if self.refused != Some(Refusal::Broke) {
                    self.link.push_eof(now);
                }
                if self.refused.is_some() {
                    self.source = Source::Broken;
                    self.link.push_reset(now);
                }
                Moved::Something
            }
            Poll::Ready(Ok(n)) => {
                gauge.arrived(self.direction, n, now);
                let bytes = &buffer[..n];
                if clear {
                    return self.pass_through(sink, cx, bytes, now, gauge);
                }
                self.link.push(now, bytes.to_vec());
                self.charge.set(self.link.held());
                Moved::Something
            }
        }
    }

    /// Nothing waits and no fault acts: the bytes go straight on, and only what the sink refuses waits.
    fn pass_through<S: Socket>(
        &mut self,
        sink: &mut S,
        cx: &mut Context<'_>,
        bytes: &[u8],
        now: Instant,
        gauge: &mut impl Gauge,
    ) -> Moved {
        let n = match sink.poll_write(cx, &[IoSlice::new(bytes)]) {
            Poll::Ready(Ok(0)) => return Moved::SinkBroke(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(n)) => n,
            Poll::Ready(Err(error)) => return Moved::SinkBroke(error),
            Poll::Pending => 0,
        };
        if n > 0 {
            self.link.passed_through(n);
            self.unflushed = true;
            gauge.added(self.direction, Duration::ZERO);
            gauge.delivered(self.direction, n, now);
        }
        if n < bytes.len() {
            self.link.push(now, bytes[n..].to_vec());
        }
        Moved::Something
    }

    /// Throws away what waits: its receiver is gone.
    pub(super) fn discard(&mut self) {
        self.link.discard();
        self.charge.set(0);
    }
}
