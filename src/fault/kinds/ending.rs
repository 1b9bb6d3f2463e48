//! When a fault ends a connection: after a time, after so many bytes, on a beat that all connections share, or after its next
//! bytes; and whether it does when it goes.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use crate::fault::param::{self, Amount, Param, words};
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

words! {
    /// From when on a time counts.
    pub(super) enum Trigger {
        Open = "open",
        Data = "data",
    }
}

words! {
    /// What becomes of what was held, and of its connection, when the setting goes.
    pub(super) enum Lift {
        Release = "release",
        Close = "close",
    }
}

/// `on`, as kinds have it that end connections.
pub(super) const ON: Param<Trigger> = Trigger::param(
    "on",
    "from when a time counts: since it was set or the connection was opened, or from the next bytes, which pass no more",
)
.instead_of(&["every"]);

/// `lift`, as kinds have it that hold everything.
pub(super) const LIFT: Param<Lift> = Lift::param(
    "lift",
    "what becomes of what it held when it goes: it is passed on, or the connection is closed without it",
);

/// How connections end that a setting by `LIFT` has acted on, when it goes.
pub(super) fn lifts(setting: &Setting) -> Option<Cut> {
    (setting.get(LIFT) == Lift::Close).then_some(Cut::Close)
}

/// How a setting ends connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Whether by a reset, or in order.
    pub(super) cut: Cut,
    /// After how much a connection ends.
    pub(super) after: Amount,
    /// How often all connections end at once, where they do.
    pub(super) every: Option<Duration>,
    /// What nothing passes from, until then; a time counts from there. `None` where all passes.
    pub(super) holds: Option<Trigger>,
}

/// The end of a connection, as a stage of one direction.
pub(super) struct Ender {
    ending: Ending,
    /// What a setting of the kind asks for.
    asks: fn(&Setting) -> Ending,
    /// The end by time, where there is one.
    at: Option<Instant>,
    /// The offset in the stream from which a size counts.
    from: u64,
    /// Since when it acts.
    began: Instant,
}

// === impl Ending ===

impl Ending {
    /// What a setting asks for by `AFTER`, `EVERY` and `ON`; a kind may lack the second. A size counts bytes in any case.
    pub(super) fn of(setting: &Setting, cut: Cut) -> Self {
        let (after, on) = (setting.get(AFTER), setting.get(ON));
        let waits = on == Trigger::Data && matches!(after, Amount::Time(_));
        Self {
            cut,
            after,
            every: setting.get(EVERY),
            holds: waits.then_some(on),
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
        let at = match (ending.after, ending.every) {
            (Amount::Time(_), None) if ending.holds == Some(Trigger::Data) => None,
            (Amount::Time(after), None) => terms.now.checked_add(after),
            (Amount::Time(after), Some(every)) => beat(terms, after, every),
            (Amount::Size(_), Some(every)) => beat(terms, every, every),
            (Amount::Size(_), None) => None,
        };
        Some(Self {
            ending,
            asks,
            at,
            from: terms.passed,
            began: terms.now,
        })
    }

    /// The offset in the stream at which it ends, where there is one.
    fn end(&self) -> Option<u64> {
        match self.ending.after {
            Amount::Size(size) => Some(self.from.saturating_add(size.bytes())),
            Amount::Time(_) => None,
        }
    }
}

impl Fault for Ender {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(fresh) = Self::of(terms, self.asks) else {
            return false;
        };
        // What stays as it is goes on, and a size that takes the place of another counts from where that did.
        if fresh.ending != self.ending {
            let from = self.end().map_or(fresh.from, |_| self.from);
            *self = Self { from, ..fresh };
        }
        true
    }

    fn due(&mut self, _head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        let Some(trigger) = self.ending.holds else {
            return Some(due);
        };
        if trigger == Trigger::Data && self.at.is_none() {
            if due > now {
                return Some(due);
            }
            if let Amount::Time(after) = self.ending.after {
                self.at = due.max(self.began).checked_add(after);
            }
        }
        None
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        self.end().map_or(usize::MAX, |end| {
            usize::try_from(end.saturating_sub(head.offset)).unwrap_or(usize::MAX)
        })
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        let is_over = self.at.is_some_and(|at| at <= now);
        let is_full = self.end().is_some_and(|end| end <= passed);
        if is_over || is_full {
            Fate::Ends(self.ending.cut)
        } else {
            Fate::Lives(self.at)
        }
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        self.ending.holds.map(|_| BACKLOG)
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
