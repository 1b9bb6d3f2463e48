//! A virtual sender as a link has it: it is told what arrives, and dates the queue's head.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::line::{Line, Parts};
use super::losses::Losses;
use super::nanos;
use super::sender::Sender;
use crate::fault::random::mix;
use crate::fault::{Direction, Head, OneWay, Unit, Value};

/// What the sender's socket holds at the least, however small its window (Linux: half of `tcp_wmem`'s default, as a segment
/// of 1,448 bytes takes 2,304).
const LEAST_BUFFER: usize = 46_080;

/// The sender and the line of one direction of a connection.
pub(in crate::fault) struct Stream {
    /// The origin of its times: when the connection was opened.
    origin: Instant,
    sender: Sender,
    line: Line,
    /// When it is looked at next, if nothing arrives before; none where nothing is to come.
    looks_at: Option<u64>,
    /// Whether anything arrived, or was set, since it was looked at.
    has_news: bool,
    /// The settings that its parts come from.
    made_of: Vec<Said>,
}

/// What a virtual sender is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// How many packets it may have under way: its congestion window.
    pub window: u32,
    /// What a round trip takes, smoothed, with what it waits in queues.
    pub round_trip: Duration,
}

/// What one kind of fault says of a line.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::fault) struct Said {
    /// Its setting in the stream's direction, and in the other.
    pub(in crate::fault) here: Option<OneWay>,
    pub(in crate::fault) back: Option<OneWay>,
}

/// Where a stream begins.
#[derive(Clone, Copy, Debug)]
pub(in crate::fault) struct Beginning {
    pub(in crate::fault) direction: Direction,
    /// When the connection was opened.
    pub(in crate::fault) opened: Instant,
    /// How many round trips its handshakes take before its first byte.
    pub(in crate::fault) handshakes: u32,
    /// How many bytes of the direction had left.
    pub(in crate::fault) passed: u64,
    pub(in crate::fault) seed: u64,
}

// === impl Stream ===

impl Stream {
    /// How much may wait before its first byte has come.
    pub(in crate::fault) const FIRST_BACKLOG: usize = LEAST_BUFFER;

    /// A stream of these parts, where they have a sender.
    pub(in crate::fault) fn of(
        parts: Parts,
        made_of: Vec<Said>,
        begins: &Beginning,
    ) -> Option<Self> {
        let control = parts.control?;
        let seed = begins.seed ^ mix(begins.passed);
        let added = parts.round_trip.saturating_sub(parts.path);
        let handshakes = nanos(added.saturating_mul(begins.handshakes));
        let opens = match begins.direction {
            Direction::Up => handshakes,
            // A client that connects hears a server that speaks first a round trip later.
            Direction::Down => handshakes.saturating_sub(nanos(parts.there.at(|| begins.opened))),
        };
        let line = Line::new(parts, begins.opened, begins.direction, seed);
        Some(Self {
            origin: begins.opened,
            sender: Sender::new(control, line.round_trip(), begins.passed, opens),
            line,
            looks_at: None,
            has_news: true,
            made_of,
        })
    }

    /// Whether the stream goes on over a line of which this is said; else another one is to begin with what waits.
    ///
    /// What is under way has its dates. A line that is worse from now on leaves it those; where another one might bring
    /// anything sooner, all that waits is sent over it, from when it arrived.
    pub(in crate::fault) fn goes_on(&self, made_of: &[Said]) -> bool {
        made_of.len() == self.made_of.len()
            && (self.made_of.iter().zip(made_of)).all(|(old, new)| new.is_no_better(old))
    }

    /// Takes the parts of such a line over.
    pub(in crate::fault) fn retune(&mut self, parts: Parts, made_of: Vec<Said>, now: Instant) {
        if made_of != self.made_of {
            self.run(now);
            self.line.change(parts);
            self.has_news = true;
            self.made_of = made_of;
        }
    }

    /// Ends where `passed` bytes of the direction have left: what it has sent beyond is not sent.
    pub(in crate::fault) fn end(&mut self, passed: u64) {
        self.line.give_back(passed);
    }

    /// `n` bytes arrived at `at`.
    pub(in crate::fault) fn arrived(&mut self, at: Instant, n: usize) {
        self.sender.write(self.nanos(at), n as u64);
        self.has_news = true;
    }

    /// When the head is through, or when there may be news of it; `None` where there is none to come.
    pub(in crate::fault) fn due(&mut self, head: &Head, now: Instant) -> Option<Instant> {
        self.sender.forget(head.offset);
        self.line.forget(head.offset);
        if head.len == 0 {
            return self.end_of_stream(head);
        }
        // While the receiver's application leaves what is through, nothing goes on: it is made up for then.
        let looks = self.has_news || self.nanos(now) >= self.looks_at.unwrap_or(u64::MAX);
        if looks && self.sender.through().is_empty() {
            self.run(now);
        }
        let at = match self.sender.through().front() {
            Some((_, at)) => *at,
            None => self.looks_at?,
        };
        self.origin.checked_add(Duration::from_nanos(at))
    }

    /// The end of a stream comes behind its bytes, as a packet of its own that is not lost.
    fn end_of_stream(&mut self, head: &Head) -> Option<Instant> {
        let at = self.nanos(head.arrived);
        let arrives = self.line.deliver(at, head.offset);
        self.origin.checked_add(Duration::from_nanos(arrives))
    }

    /// How many bytes from the head on are through at `now`.
    pub(in crate::fault) fn quantum(&self, head: &Head, now: Instant) -> usize {
        let now = self.nanos(now);
        let through = self.sender.through();
        let through = through.iter().take_while(|(_, at)| *at <= now).last();
        let end = through.map_or(head.offset, |(end, _)| *end);
        let bytes = end.saturating_sub(head.offset);
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    /// How much may wait before its writer is not read any more: what the sender's socket would hold.
    pub(in crate::fault) fn backlog(&self) -> usize {
        let bytes = usize::try_from(self.sender.buffer()).unwrap_or(usize::MAX);
        bytes.max(LEAST_BUFFER)
    }

    /// What the sender is at.
    pub(in crate::fault) fn sending(&self) -> Sending {
        Sending {
            window: self.sender.window.segments,
            round_trip: Duration::from_nanos(self.sender.timer.smoothed()),
        }
    }

    /// What became of its packets so far.
    pub(in crate::fault) fn losses(&self) -> Losses {
        self.sender.losses()
    }

    /// Lets what is imagined go on until `now`.
    fn run(&mut self, now: Instant) {
        let until = self.nanos(now);
        self.sender.run(&mut self.line, until);
        // Where nothing passes any more, no copy of a lost packet would: only what is on its way comes.
        self.looks_at = if self.line.is_dead(now) {
            self.sender.next_arrival()
        } else {
            self.sender.next_look()
        };
        if self.looks_at.is_none() {
            self.sender.rest();
        }
        self.has_news = false;
    }

    fn nanos(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.origin))
    }
}

// === impl Said ===

impl Said {
    /// Whether a line of which this is said brings nothing sooner than one of which `old` was said.
    fn is_no_better(&self, old: &Self) -> bool {
        let no_better = |old: &Option<OneWay>, new: &Option<OneWay>| match (old, new) {
            (None, None) => true,
            (Some(old), Some(new)) => old == new || is_worse(old, new),
            _ => false,
        };
        no_better(&old.here, &self.here) && no_better(&old.back, &self.back)
    }
}

/// Whether a setting of a kind differs from another only in a first value that is worse, and stands still.
fn is_worse(old: &OneWay, new: &OneWay) -> bool {
    let (before, after) = (&old.setting, &new.setting);
    let Some(first) = after.kind.params.first() else {
        return false;
    };
    let values = before.value(first.name).zip(after.value(first.name));
    let worse = match first.unit {
        Unit::Rate => Ordering::Less,
        Unit::Time | Unit::Percent => Ordering::Greater,
        _ => return false,
    };
    let is_worse = |(was, is): (Value, Value)| {
        let alike = after.clone().with(first.name, was) == *before;
        alike && is.partial_order(&was) == Some(worse)
    };
    values.is_some_and(is_worse) && new.motion().is_none_or(|motion| !motion.moves())
}
