//! Slow close: the end of a stream comes later than its last byte.

use std::time::{Duration, Instant};

use super::param::Default;
use super::{Fault, Head, Kind, Knob, ParamSpec, Stage, Terms, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "slow_close",
    summary: "delays the end of the stream",
    params: &[ParamSpec {
        name: "time",
        bare: true,
        unit: Unit::Time,
        default: Default::Required,
        range: Some((ms(0), ms(86_400_000))),
        halves: false,
        summary: "how much later than the last byte the end comes",
    }],
    knobs: &[Knob {
        label: "SLO",
        title: "SLOW CLOSE",
        key: None,
        place: 12,
        ..Knob::TIME
    }],
    example: "slow_close 2s",
    build: |terms| SlowClose::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    stage: Stage::Cut,
    ..Kind::BASE
};

/// The stage of one direction.
struct SlowClose {
    time: Duration,
}

// === impl SlowClose ===

impl SlowClose {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let time = terms.here?.value("time").and_then(Value::time)?;
        (!time.is_zero()).then_some(Self { time })
    }
}

impl Fault for SlowClose {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        Self::of(terms).map(|fresh| *self = fresh).is_some()
    }

    fn due(&mut self, head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        if head.len == 0 {
            due.checked_add(self.time)
        } else {
            Some(due)
        }
    }

    fn counts(&self) -> bool {
        false
    }
}
