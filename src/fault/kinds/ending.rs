//! When a fault ends a connection: after a time, after so many bytes, or on a beat that all connections share.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use crate::fault::param::{self, Amount, Param};
use crate::fault::stage::made;
use crate::fault::{Cut, Fate, Fault, Head, Setting, Terms};

/// `after`, as all kinds have it that end connections.
pub(super) const AFTER: Param<Amount> = param::amount(
    "after",
    "this long after it was set or the connection was opened, or when this much has passed since",
)
.or_time(Duration::ZERO);

/// `every`, as kinds have it that end all connections at once.
pub(super) const EVERY: Param<Option<Duration>> = param::time(
    "every",
    "resets all connections at once this often, counted from when it was set; absent: each once",
)
.within(Duration::from_millis(1), Duration::from_secs(86_400))
.optional();

/// How a setting ends connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Whether by a reset, or in order.
    pub(super) cut: Cut,
    /// After how much a connection ends.
    pub(super) after: Amount,
    /// How often all connections end at once, where they do.
    pub(super) every: Option<Duration>,
    /// Whether nothing passes until then.
    pub(super) holds: bool,
}

/// The end of a connection, as a stage of one direction.
pub(super) struct Ender {
    ending: Ending,
    /// What a setting of the kind asks for.
    asks: fn(&Setting) -> Ending,
    /// The end by time, where there is one.
    at: Option<Instant>,
    /// The offset in the stream at which it ends, where there is one.
    end: Option<u64>,
}

// === impl Ending ===

impl Ending {
    /// What a setting asks for by `AFTER` and `EVERY`; a kind may lack the second.
    pub(super) fn of(setting: &Setting, cut: Cut) -> Self {
        Self {
            cut,
            after: setting.get(AFTER),
            every: setting.get(EVERY),
            holds: false,
        }
    }
}

// === impl Ender ===

impl Ender {
    /// The stage of a kind whose settings end connections as `asks` says.
    pub(super) fn stage(terms: &Terms<'_>, asks: fn(&Setting) -> Ending) -> Option<Box<dyn Fault>> {
        made(Self::of(terms, asks))
    }

    fn of(terms: &Terms<'_>, asks: fn(&Setting) -> Ending) -> Option<Self> {
        let ending = asks(terms.here?);
        let end = match ending.after {
            Amount::Size(size) => Some(terms.passed.saturating_add(size.bytes())),
            Amount::Time(_) => None,
        };
        let at = match (ending.after, ending.every) {
            (Amount::Time(after), None) => terms.now.checked_add(after),
            (Amount::Time(after), Some(every)) => beat(terms, after, every),
            (Amount::Size(_), Some(every)) => beat(terms, every, every),
            (Amount::Size(_), None) => None,
        };
        Some(Self {
            ending,
            asks,
            at,
            end,
        })
    }
}

impl Fault for Ender {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(fresh) = Self::of(terms, self.asks) else {
            return false;
        };
        // What stays as it is goes on.
        if fresh.ending != self.ending {
            *self = fresh;
        }
        true
    }

    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        (!self.ending.holds).then_some(due)
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        self.end.map_or(usize::MAX, |end| {
            usize::try_from(end.saturating_sub(head.offset)).unwrap_or(usize::MAX)
        })
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        let is_over = self.at.is_some_and(|at| at <= now);
        let is_full = self.end.is_some_and(|end| end <= passed);
        if is_over || is_full {
            Fate::Ends(self.ending.cut)
        } else {
            Fate::Lives(self.at)
        }
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        self.ending.holds.then_some(BACKLOG)
    }
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
