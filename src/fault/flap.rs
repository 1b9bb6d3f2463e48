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

    /// When the link's next turn begins, if it is not its turn at `at`.
    fn resumes(&self, at: Instant) -> Option<Instant> {
        let turns = self.on + self.off;
        let past = at.saturating_duration_since(self.since);
        let into = Duration::from_nanos(
            u64::try_from(past.as_nanos() % turns.as_nanos()).unwrap_or(u64::MAX),
        );
        (into >= self.on).then(|| at + turns.saturating_sub(into))
    }
}

impl Fault for Flap {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        Self::of(terms).map(|fresh| *self = fresh).is_some()
    }

    fn due(&mut self, _head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        let due = self.resumes(due).unwrap_or(due);
        Some(self.resumes(now).map_or(due, |resumes| resumes.max(due)))
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
