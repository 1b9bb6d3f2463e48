//! When a fault ends a connection: after a time, after so many bytes, or on a beat that all connections share.

use std::time::{Duration, Instant};

use super::param::Default;
use super::{Cut, Fate, Fault, Head, ParamSpec, Setting, Terms, Unit, Value};
use crate::units::ByteCount;

/// `after`, as all kinds have it that end connections.
pub(super) const AFTER: ParamSpec = ParamSpec {
    name: "after",
    bare: false,
    unit: Unit::TimeOrSize,
    default: Default::Is(Value::Time(Duration::ZERO)),
    range: None,
    halves: false,
    summary: "this long after it was set or the connection was opened, or when this much has passed since",
};

/// When a connection ends.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    cut: Cut,
    after: After,
    every: Option<Duration>,
    /// The end by time, where there is one.
    at: Option<Instant>,
    /// The offset in the stream at which it ends, where there is one.
    end: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    Time(Duration),
    Size(ByteCount),
}

// === impl Deadline ===

impl Deadline {
    /// The end that the terms' setting in this direction asks for; its time is the value of `after`, the default being at
    /// once.
    pub(super) fn of(terms: &Terms<'_>, cut: Cut, after: &str) -> Option<Self> {
        let here = terms.here?;
        let after = match here.value(after) {
            Some(Value::Size(size)) => After::Size(size),
            other => After::Time(other.and_then(Value::time).unwrap_or_default()),
        };
        let every = every(here);
        let end = match after {
            After::Size(size) => Some(terms.passed.saturating_add(size.bytes())),
            After::Time(_) => None,
        };
        let at = match (after, every) {
            (After::Time(after), None) => terms.now.checked_add(after),
            (After::Time(after), Some(every)) => beat(terms, after, every),
            (After::Size(_), Some(every)) => beat(terms, every, every),
            (After::Size(_), None) => None,
        };
        Some(Self {
            cut,
            after,
            every,
            at,
            end,
        })
    }

    /// The stage of a kind that does nothing but end connections.
    pub(super) fn stage(terms: &Terms<'_>, cut: Cut) -> Option<Box<dyn Fault>> {
        Some(Box::new(Self::of(terms, cut, AFTER.name)?))
    }

    /// The same under new terms: what was set before and is still set goes on.
    pub(super) fn retuned(&mut self, fresh: Option<Self>) -> bool {
        let Some(fresh) = fresh else {
            return false;
        };
        if (self.after, self.every) != (fresh.after, fresh.every) {
            *self = fresh;
        }
        true
    }

    /// At most how many of the bytes at `offset` may leave.
    fn room(&self, offset: u64) -> usize {
        self.end.map_or(usize::MAX, |end| {
            usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX)
        })
    }

    pub(super) fn fate_at(&self, passed: u64, now: Instant) -> Fate {
        let is_over = self.at.is_some_and(|at| at <= now);
        let is_full = self.end.is_some_and(|end| end <= passed);
        if is_over || is_full {
            Fate::Ends(self.cut)
        } else {
            Fate::Lives(self.at)
        }
    }
}

/// The stage of one direction.
impl Fault for Deadline {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        self.retuned(Self::of(terms, self.cut, AFTER.name))
    }

    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(due)
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        self.room(head.offset)
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        self.fate_at(passed, now)
    }
}

/// How often `setting` ends all connections at once; never where it does not say.
fn every(setting: &Setting) -> Option<Duration> {
    let every = setting.value("every").and_then(Value::time);
    every.filter(|every| !every.is_zero())
}

/// The first beat that the connection meets. They are counted from when the fault was set: `first` after it, then each
/// `every`.
fn beat(terms: &Terms<'_>, first: Duration, every: Duration) -> Option<Instant> {
    let first = terms.since.checked_add(first)?;
    let lived = terms.now.max(terms.opened);
    if terms.opened <= terms.since || lived < first {
        // It was there when the fault was set; where it hears late of a beat, that is its own.
        let missed = lived.saturating_duration_since(first);
        if missed < every {
            return Some(first);
        }
    }
    let beats = lived.saturating_duration_since(first).as_nanos() / every.as_nanos() + 1;
    let ahead = every.checked_mul(u32::try_from(beats).ok()?)?;
    first.checked_add(ahead)
}
