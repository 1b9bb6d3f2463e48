//! One direction of the poll loop: what is due goes out, what comes goes in.
//!
//! A flow owns no socket. Its two steps are given the leg to write to and the leg to read from, move at most one write's
//! or one read's worth, and say what that came to; what it means for the other direction is the loop's concern.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::budget::{Budget, Charge};
use crate::fault::link::{Circumstances, Link, SLICES, Step};
use crate::fault::{Direction, Losses, Sending};
use crate::proxy::leg::Socket;
use crate::proxy::meter::gauge::Gauge;
use crate::snapshot::Leave;

/// What is read at a time where it will be held.
const HELD_READ: usize = 64 << 10;

/// What is read at a time where it will be held, from a source whose last read was that large: fewer and larger pieces
/// cost less to pass on.
const HELD_STREAM: usize = 512 << 10;

/// A read that brought so much is followed by one straight into the queue; small messages are copied to share a buffer.
const STREAMS: usize = 16 << 10;

/// One direction: from `legs[direction]` into the link, and out of it to the other leg.
pub(crate) struct Flow {
    pub(crate) link: Link,
    pub(crate) direction: Direction,
    pub(crate) source: Source,
    pub(crate) sink: Sink,
    /// How the source refuses what is sent to it: behind its stream its peer is reset.
    pub(crate) refused: Option<Refusal>,
    /// Whether the source was sent the end of the stream in the other direction.
    pub(crate) heard_end: bool,
    /// Whether it has sent something since: it is not finished with.
    pub(crate) answers: bool,
    unflushed: bool,
    /// What the last read brought.
    brought: usize,
    charge: Charge,
    /// What the gauge was told of what waits.
    told: (usize, bool),
    /// What it was told of a virtual sender, and what had become of packets then.
    told_sending: (Option<Sending>, Losses),
    pub(crate) due: Option<Instant>,
}

/// The time within one poll. What is done in a round is done at one time; what is read has arrived at the time after.
pub(crate) struct RoundClock<F> {
    ask: F,
    /// The round's time, once it was asked for.
    now: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Open,
    /// Its stream has ended.
    Ended,
    /// The leg is broken and gives nothing more.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    Open,
    /// The end of the stream was passed on.
    Ended,
    /// The leg is broken and takes nothing more.
    Broken,
}

/// How a leg refuses what is sent to it; what it sent itself can still be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its peer had closed: the end of its stream is to be found.
    Closed,
    /// Its connection broke, and that was told: the end that reading then finds was never sent.
    Broke,
}

/// What one step of a direction came to.
pub(crate) enum Moved {
    Nothing,
    /// So many bytes, or the end of a stream.
    Something(usize),
    /// The peer is to be reset now.
    Reset,
    /// The leg that is to be read from later refuses what is sent to it.
    SourceRefuses(io::Error),
    SourceBroke(io::Error),
    SinkBroke(io::Error),
}

// === impl Flow ===

impl Flow {
    pub(crate) fn new(
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
            heard_end: false,
            answers: false,
            unflushed: false,
            brought: 0,
            charge: Charge::on(budget),
            told: (0, false),
            told_sending: (None, Losses::default()),
            due: None,
        }
    }

    /// Charges the budget with what is held now: before the loop asks whether a direction may be read again, since nobody
    /// would wait for the source otherwise.
    fn charge(&mut self) {
        self.charge.set(self.link.footprint());
    }

    /// Tells how much waits and what a virtual sender is at, where that has changed.
    pub(crate) fn tell(&mut self, gauge: &mut impl Gauge) {
        self.charge();
        let full = self.link.is_full() || !self.charge.allows_more();
        let holds = (self.link.held(), full);
        if holds != self.told {
            self.told = holds;
            gauge.holds(self.direction, holds.0, holds.1);
        }
        let sending = (self.link.sending(), self.link.losses());
        if sending != self.told_sending {
            let more = sending.1.since(self.told_sending.1);
            self.told_sending = sending;
            gauge.sends(self.direction, sending.0, more);
        }
    }

    /// Writes what is due, or ends the stream where its end is.
    pub(crate) fn write_out<S: Socket>(
        &mut self,
        leg: &mut S,
        cx: &mut Context<'_>,
        clock: &mut RoundClock<impl Fn() -> Instant>,
        gauge: &mut impl Gauge,
    ) -> Moved {
        self.due = None;
        let empty = self.link.is_empty() && !self.unflushed;
        if empty || self.sink == Sink::Broken {
            return Moved::Nothing;
        }
        let now = clock.now();
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
                    if let Some(arrived) = self.link.held_end() {
                        gauge.end_held(now.saturating_duration_since(arrived), now);
                    }
                    self.link.ended();
                    self.charge();
                    self.sink = Sink::Ended;
                    self.unflushed = false;
                    gauge.ended(self.direction);
                    return Moved::Something(0);
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
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.link.slices(now, &mut slices);
        match leg.poll_write(cx, &slices[..filled]) {
            Poll::Ready(Ok(0)) => Moved::SinkBroke(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(n)) => {
                let direction = self.direction;
                if gauge.is_watched() {
                    gauge.late(direction, self.link.late(now));
                }
                self.link.wrote(n, now, |held| gauge.added(direction, held));
                self.charge();
                self.unflushed = true;
                gauge.delivered(direction, n, now);
                match self.link.take_changed() {
                    0 => {}
                    bytes => gauge.changed(direction, bytes),
                }
                Moved::Something(n)
            }
            Poll::Ready(Err(error)) => Moved::SinkBroke(error),
            Poll::Pending => {
                gauge.blocked(self.direction, now);
                self.link.refused(now);
                Moved::Nothing
            }
        }
    }

    /// Reads what the source has, as far as there is room; else waits for news that it is gone.
    pub(crate) fn read_in<S: Socket>(
        &mut self,
        source: &mut S,
        sink: &mut S,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        clock: &mut RoundClock<impl Fn() -> Instant>,
        gauge: &mut impl Gauge,
    ) -> Moved {
        if self.source == Source::Broken {
            self.link.waive();
            return Moved::Nothing;
        }
        if !self.wants_input() {
            self.link.waive();
            return self.told_that_it_breaks(source, cx);
        }
        if !self.link.admits(cx.waker()) {
            return self.told_that_it_breaks(source, cx);
        }
        let clear = self.link.is_clear();
        let straight = self.brought >= STREAMS && !clear;
        let whole = buffer.len().min(self.charge.room());
        let most = self.held_read().min(whole);
        let read = match straight {
            true => source.poll_read(cx, self.link.spare(most)),
            false if clear => source.poll_read(cx, &mut buffer[..whole]),
            false => source.poll_read(cx, &mut buffer[..most]),
        };
        if !matches!(read, Poll::Ready(Ok(1..))) {
            self.link.waive();
        }
        // Asked after the read: an older time would let bytes leave before they have waited.
        if read.is_pending() && !straight {
            return Moved::Nothing;
        }
        let now = clock.look();
        if straight {
            self.link
                .filled(now, if let Poll::Ready(Ok(n)) = read { n } else { 0 });
        }
        match read {
            Poll::Pending => Moved::Nothing,
            Poll::Ready(Err(error)) => Moved::SourceBroke(error),
            Poll::Ready(Ok(0)) => self.source_ended(now, gauge),
            Poll::Ready(Ok(n)) => {
                gauge.arrived(self.direction, n, now);
                self.answers |= self.heard_end;
                self.brought = n;
                if clear {
                    return self.pass_through(sink, cx, &buffer[..n], clock, gauge);
                }
                if !straight {
                    self.link.push(now, &buffer[..n]);
                }
                self.charge();
                Moved::Something(n)
            }
        }
    }

    /// The source is not read: what it says of its end is known only where that is an error.
    fn told_that_it_breaks<S: Socket>(&self, source: &mut S, cx: &mut Context<'_>) -> Moved {
        // Known to be broken: reading on tells the rest.
        if self.refused.is_some() {
            return Moved::Nothing;
        }
        match source.poll_error(cx) {
            Poll::Ready(error) => Moved::SourceRefuses(error),
            Poll::Pending => Moved::Nothing,
        }
    }

    /// How much is read at a time where it will be held.
    fn held_read(&self) -> usize {
        let most = if self.brought >= HELD_READ {
            HELD_STREAM
        } else {
            HELD_READ
        };
        most.min(self.link.room())
    }

    fn wants_input(&self) -> bool {
        self.source == Source::Open
            && self.sink == Sink::Open
            && self.link.wants_input()
            && self.charge.allows_more()
    }

    fn source_ended(&mut self, now: Instant, gauge: &mut impl Gauge) -> Moved {
        self.source = Source::Ended;
        if self.refused != Some(Refusal::Broke) {
            gauge.left(self.direction, Leave::Fin, now);
            self.link.push_eof(now);
        }
        if self.refused.is_some() {
            self.source = Source::Broken;
            self.link.push_reset(now);
        }
        self.charge();
        Moved::Something(0)
    }

    /// Nothing waits and no fault acts: the bytes go straight on, and only what the sink refuses waits.
    fn pass_through<S: Socket>(
        &mut self,
        sink: &mut S,
        cx: &mut Context<'_>,
        bytes: &[u8],
        clock: &mut RoundClock<impl Fn() -> Instant>,
        gauge: &mut impl Gauge,
    ) -> Moved {
        let now = clock.now();
        let n = match sink.poll_write(cx, &[IoSlice::new(bytes)]) {
            Poll::Ready(Ok(0)) => return Moved::SinkBroke(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(n)) => n,
            Poll::Ready(Err(error)) => return Moved::SinkBroke(error),
            Poll::Pending => 0,
        };
        if n > 0 {
            self.link.passed_through(n);
            self.unflushed = true;
            if gauge.is_watched() {
                let took = clock.look().saturating_duration_since(now);
                gauge.late(self.direction, took);
            }
            gauge.added(self.direction, Duration::ZERO);
            gauge.delivered(self.direction, n, now);
        }
        if n < bytes.len() {
            self.link.push(now, &bytes[n..]);
        }
        Moved::Something(bytes.len())
    }

    /// Whether nothing waits, here or in the layers of the sink, nor to be read.
    pub(crate) fn is_idle(&self) -> bool {
        self.link.is_empty() && !self.unflushed && !self.link.waits_for_room()
    }

    /// Throws away what waits: its receiver is gone.
    pub(crate) fn discard(&mut self) {
        self.link.discard();
        self.unflushed = false;
        self.charge.set(0);
    }
}

// === impl RoundClock ===

impl<F: Fn() -> Instant> RoundClock<F> {
    pub(crate) fn new(ask: F) -> Self {
        Self { ask, now: None }
    }

    /// The round's time: perhaps a little old, so what is due is at most late.
    pub(crate) fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(&self.ask)
    }

    /// The time at this moment, which is the round's from here on.
    pub(crate) fn look(&mut self) -> Instant {
        *self.now.insert((self.ask)())
    }

    /// A new round begins.
    pub(crate) fn forget(&mut self) {
        self.now = None;
    }
}
