//! Flap: a link and a blackhole in turn, for all connections at once.
//!
//! The turns are counted from when the fault was set, the link's first. What comes while nothing passes leaves in order when
//! the link's next turn begins.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use super::knob::Metric;
use super::param::Default;
use super::{Fault, Head, Kind, Knob, ParamSpec, Terms, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "flap",
    summary: "a link and a blackhole in turn",
    params: &[
        ParamSpec {
            name: "on",
            bare: false,
            unit: Unit::Time,
            default: Default::Is(ms(5_000)),
            range: Some((ms(10), ms(86_400_000))),
            halves: false,
            summary: "for how long bytes pass",
        },
        ParamSpec {
            name: "off",
            bare: false,
            unit: Unit::Time,
            default: Default::Required,
            range: Some((ms(10), ms(86_400_000))),
            halves: false,
            summary: "for how long everything is held then",
        },
    ],
    knobs: &[Knob {
        label: "FLP",
        title: "FLAP OFF",
        key: None,
        place: 7,
        param: "off",
        metric: Metric::Held,
        ..Knob::TIME
    }],
    example: "flap on=5s off=2s",
    build: |terms| Flap::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    ..Kind::BASE
};

/// The stage of one direction.
struct Flap {
    since: Instant,
    on: Duration,
    off: Duration,
}

// === impl Flap ===

impl Flap {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let time_of = |name| terms.here?.value(name).and_then(Value::time);
        let (on, off) = (time_of("on")?, time_of("off")?);
        Some(Self {
            since: terms.since,
            on,
            off,
        })
    }

    /// When the link's turn that is under way at `at` began, or its next one begins where it is not its turn.
    fn opens(&self, at: Instant) -> Option<Instant> {
        let turns = self.on.saturating_add(self.off);
        let past = at.saturating_duration_since(self.since);
        let into = u64::try_from(past.as_nanos() % turns.as_nanos()).ok()?;
        let into = Duration::from_nanos(into);
        let began = at.checked_sub(into)?;
        if into < self.on {
            Some(began)
        } else {
            began.checked_add(turns)
        }
    }
}

impl Fault for Flap {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        Self::of(terms).map(|fresh| *self = fresh).is_some()
    }

    fn due(&mut self, _head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        // What has not left by now meets the link as it is now, however long it was ready.
        let due = due.max(self.opens(due)?);
        Some(due.max(self.opens(now)?))
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
