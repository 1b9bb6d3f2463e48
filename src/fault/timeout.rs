//! Timeout: a partition that ends: nothing passes, and after a time without delivery the connection is closed.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use super::cut::Deadline;
use super::knob::Metric;
use super::param::Default;
use super::{Cut, Fate, Fault, Head, Kind, Knob, ParamSpec, Terms, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "timeout",
    summary: "holds everything, then closes the connection after this time without delivery",
    params: &[ParamSpec {
        name: "time",
        bare: true,
        unit: Unit::Time,
        default: Default::Required,
        range: Some((ms(0), ms(86_400_000))),
        halves: false,
        summary: "how long nothing passes before the connection is closed",
    }],
    knobs: &[Knob {
        label: "TMO",
        title: "TIMEOUT",
        key: None,
        place: 8,
        metric: Metric::Ended,
        ..Knob::TIME
    }],
    example: "timeout 5s",
    build: |terms| Timeout::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    ends: true,
    ..Kind::BASE
};

/// The stage of one direction.
struct Timeout(Deadline);

// === impl Timeout ===

impl Timeout {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        Deadline::of(terms, Cut::Close, "time").map(Self)
    }
}

impl Fault for Timeout {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        self.0.retuned(Deadline::of(terms, Cut::Close, "time"))
    }

    fn due(&mut self, _head: &Head, _due: Instant, _now: Instant) -> Option<Instant> {
        None
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        self.0.fate_at(passed, now)
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
