//! Values that move by themselves: a wave around what is set, and a ramp towards it.
//!
//! Both are functions of the time since the fault was set, so nothing has to be woken to move them: a byte is delayed by what
//! the latency was when it arrived, and a link passes bytes at the rate of the moment. With `t` the time since then in
//! periods, the value is `set + depth × w(t)`, never less than zero:
//!
//! | `wave` | w |
//! |---|---|
//! | `sine` | sin 2πt |
//! | `triangle` | from 0 to 1 to -1 to 0 in straight lines |
//! | `saw` | from 0 to 1, then from -1 to 0 |
//! | `square` | 1, then -1, half a period each |
//!
//! A ramp goes in a straight line from the value at the moment of the change, 0 where none was set, to the new one. A rate
//! that was not limited before has nothing to come from, and begins at what is set.

use std::time::{Duration, Instant};

use super::param::Default;
use super::{Direction, ParamSpec, Setting, Unit, Value};
use crate::units::ByteRate;

/// The words of `wave`.
pub const WAVES: &[&str] = &["sine", "saw", "square", "triangle"];

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// A parameter that says how a value moves.
const fn moving(name: &'static str, unit: Unit, summary: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        bare: false,
        unit,
        default: Default::Absent,
        range: None,
        halves: false,
        summary,
    }
}

/// `wave`
pub(super) const WAVE: ParamSpec = moving(
    "wave",
    Unit::Word(WAVES),
    "the value swings by itself, in this shape; absent: it stands still",
);

/// `period`
pub(super) const PERIOD: ParamSpec = ParamSpec {
    default: Default::Is(ms(10_000)),
    range: Some((ms(1), ms(86_400_000))),
    ..moving("period", Unit::Time, "how long one swing of the wave takes")
};

/// `depth` of a kind whose values are times, halved where they are.
pub(super) const DEPTH_TIME: ParamSpec = ParamSpec {
    range: Some((ms(0), ms(3_600_000))),
    halves: true,
    ..moving(
        "depth",
        Unit::Time,
        "how far the wave swings, either way; absent: by half of the value",
    )
};

/// `depth` of a kind whose values are rates.
pub(super) const DEPTH_RATE: ParamSpec = ParamSpec {
    unit: Unit::Rate,
    range: Some((
        Value::Rate(ByteRate::new(0)),
        Value::Rate(ByteRate::new(100_000_000_000)),
    )),
    halves: false,
    ..DEPTH_TIME
};

/// `ramp`
pub(super) const RAMP: ParamSpec = ParamSpec {
    default: Default::Is(ms(0)),
    range: Some((ms(0), ms(86_400_000))),
    ..moving(
        "ramp",
        Unit::Time,
        "how long the way from the present value to the new one takes",
    )
};

/// How the first parameter of a setting moves in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    since: Instant,
    base: f64,
    /// Where a ramp begins, and how long it takes.
    ramp: Option<(f64, Duration)>,
    wave: Option<(Shape, Duration, f64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Sine,
    Saw,
    Square,
    Triangle,
}

// === impl Motion ===

impl Motion {
    /// How the first parameter of `setting`, which has the values of `direction` alone, moves from `since` on. `None`
    /// where it has no number.
    #[must_use]
    pub fn of(setting: &Setting, direction: Direction, since: Instant) -> Option<Self> {
        let base = number(setting.value(setting.kind.params.first()?.name)?)?;
        let time_of = |name| setting.value(name).and_then(Value::time);
        let ramp = time_of(RAMP.name).filter(|ramp| !ramp.is_zero());
        let from = setting.came_from(direction);
        let shape = setting.value(WAVE.name).and_then(Shape::of);
        let depth = setting
            .value("depth")
            .and_then(number)
            .unwrap_or(base / 2.0);
        Some(Self {
            since,
            base,
            ramp: ramp.and_then(|ramp| Some((from?, ramp))),
            wave: shape
                .zip(time_of(PERIOD.name))
                .map(|(shape, period)| (shape, period, depth)),
        })
    }

    /// Whether it stands still from `now` on.
    #[must_use]
    pub fn is_still(&self, now: Instant) -> bool {
        let ramps = self.ramp.is_some_and(|(_, time)| self.since + time > now);
        self.wave.is_none() && !ramps
    }

    /// The longest time in which it comes around, or to an end.
    pub(super) fn longest(&self) -> Duration {
        let ramp = self.ramp.map(|(_, time)| time);
        let period = self.wave.map(|(_, period, _)| period);
        ramp.max(period).unwrap_or_default()
    }

    /// The value at a time, in seconds or in bytes per second.
    #[must_use]
    pub fn at(&self, at: Instant) -> f64 {
        let past = at.saturating_duration_since(self.since).as_secs_f64();
        let base = match self.ramp {
            Some((from, time)) if past < time.as_secs_f64() => {
                from + (self.base - from) * past / time.as_secs_f64()
            }
            _ => self.base,
        };
        let swing = self.wave.map_or(0.0, |(shape, period, depth)| {
            depth * shape.at(past / period.as_secs_f64())
        });
        (base + swing).max(0.0)
    }

    /// The greatest value that it comes to.
    #[must_use]
    pub fn most(&self) -> f64 {
        let base = self.ramp.map_or(self.base, |(from, _)| from.max(self.base));
        base + self.wave.map_or(0.0, |(_, _, depth)| depth)
    }

    /// The value at a time, in the unit of `like`.
    #[must_use]
    pub fn value_at(&self, at: Instant, like: Value) -> Value {
        let value = self.at(at);
        match like {
            Value::Time(_) => Value::Time(Duration::from_secs_f64(value)),
            Value::Rate(_) => Value::Rate(rate(value)),
            other => other,
        }
    }
}

/// A rate of so many bytes per second.
pub(super) fn rate(bytes: f64) -> ByteRate {
    ByteRate::new(whole(bytes))
}

/// A number that is not negative, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and is not negative"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// Seconds, or bytes per second.
fn number(value: Value) -> Option<f64> {
    match value {
        Value::Time(time) => Some(time.as_secs_f64()),
        Value::Rate(rate) => Some(rate.bytes_per_second() as f64),
        _ => None,
    }
}

// === impl Shape ===

impl Shape {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Word("sine") => Some(Self::Sine),
            Value::Word("saw") => Some(Self::Saw),
            Value::Word("square") => Some(Self::Square),
            Value::Word("triangle") => Some(Self::Triangle),
            _ => None,
        }
    }

    /// From -1 to 1, at a time in periods.
    fn at(self, periods: f64) -> f64 {
        let t = periods.fract();
        match self {
            Self::Sine => (std::f64::consts::TAU * t).sin(),
            Self::Saw => 2.0 * (t + 0.5).fract() - 1.0,
            Self::Square => {
                if t < 0.5 {
                    1.0
                } else {
                    -1.0
                }
            }
            Self::Triangle => 1.0 - 4.0 * ((t + 0.25).fract() - 0.5).abs(),
        }
    }
}

#[cfg(test)]
#[path = "motion_tests.rs"]
mod tests;
