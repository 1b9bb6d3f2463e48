//! When a fault ends a connection: after a time, after so many bytes, or on a beat that all connections share.

use std::time::{Duration, Instant};

use crate::fault::param::{self, Amount, Param};
use crate::fault::stage::made;
use crate::fault::{Cut, Fate, Fault, Head, Terms};

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

/// When a connection ends.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    cut: Cut,
    after: Amount,
    every: Option<Duration>,
    /// The end by time, where there is one.
    at: Option<Instant>,
    /// The offset in the stream at which it ends, where there is one.
    end: Option<u64>,
}

// === impl Deadline ===

impl Deadline {
    /// The end of a connection under these terms: `after` so much, or `every` so often on all connections at once.
    pub(super) fn new(terms: &Terms<'_>, cut: Cut, after: Amount, every: Option<Duration>) -> Self {
        let end = match after {
            Amount::Size(size) => Some(terms.passed.saturating_add(size.bytes())),
            Amount::Time(_) => None,
        };
        let at = match (after, every) {
            (Amount::Time(after), None) => terms.now.checked_add(after),
            (Amount::Time(after), Some(every)) => beat(terms, after, every),
            (Amount::Size(_), Some(every)) => beat(terms, every, every),
            (Amount::Size(_), None) => None,
        };
        Self {
            cut,
            after,
            every,
            at,
            end,
        }
    }

    /// The end that the setting in this direction asks for by `AFTER` and `EVERY`; a kind may lack the second.
    fn of(terms: &Terms<'_>, cut: Cut) -> Option<Self> {
        let here = terms.here?;
        Some(Self::new(terms, cut, here.get(AFTER), here.get(EVERY)))
    }

    /// The stage of a kind that does nothing but end connections.
    pub(super) fn stage(terms: &Terms<'_>, cut: Cut) -> Option<Box<dyn Fault>> {
        made(Self::of(terms, cut))
    }

    /// Takes over what new terms ask for, where it is something else than before; what stays goes on.
    pub(super) fn go_on_as(&mut self, fresh: Self) {
        if (self.after, self.every) != (fresh.after, fresh.every) {
            *self = fresh;
        }
    }

    /// At most how many of the bytes at `offset` may leave.
    fn room(&self, offset: u64) -> usize {
        self.end.map_or(usize::MAX, |end| {
            usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX)
        })
    }

    /// What is to become of a connection of which so many bytes have left by `now`.
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
        let fresh = Self::of(terms, self.cut);
        fresh.map(|fresh| self.go_on_as(fresh)).is_some()
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
