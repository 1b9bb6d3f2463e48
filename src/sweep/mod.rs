//! Sweeps: one fault is climbed step by step until something gives, and what clients met at each step is the answer's curve.
//!
//! ```text
//!  text ─► Sweep ─► climb ── sets each step, holds it ──► Bench (the engine, or a test's)
//!                     │ ◄──────── what was measured ─────────┘
//!                     └─► Curve ─► cliff, sentence ─► event, tape, report, console
//! ```
//!
//! Nothing here waits or measures by itself: whoever runs a sweep lends it a bench. A curve states what was measured; that
//! clients give up it says only where a finding says so.

use std::fmt;
use std::time::Duration;

use crate::fault::scale::{magnitude, of_magnitude};
use crate::fault::{Dial, Directions, Plan, Value};
use crate::units::{Percent, Time};

mod climb;
mod curve;
mod export;
pub(crate) mod grammar;
mod svg;

pub use climb::{Bench, Interruption, climb};
pub use curve::{Cliff, Curve, Ended, GivesUp, Set, Step, Why};
pub use export::Form;

/// What is climbed, over which values, and how long each is held.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The knob that is turned.
    pub dial: Dial,
    /// Where the fault acts.
    pub directions: Directions,
    /// The first value; the knob's first stop where absent.
    pub from: Option<Value>,
    /// The last value; the knob's last stop where absent.
    pub to: Option<Value>,
    /// How many values there are.
    pub steps: Option<u32>,
    /// Whether the values are equally far apart; else each is as many times the one before.
    pub linear: bool,
    /// For how long each value is held.
    pub hold: Duration,
    /// What ends it before the last value.
    pub until: Option<Until>,
}

/// What ends a sweep before its last value; judged at the end of each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A connection failed by itself, or clients give up.
    Fails,
    /// A request waited longer than this, answered or not.
    Waits(Duration),
    /// Answers a second fell below this share of the first step's.
    Rate(Percent),
}

// === impl Sweep ===

impl Sweep {
    /// How many values there are where nothing is said.
    pub const STEPS: u32 = 8;
    /// The most values that there may be.
    pub const MOST_STEPS: u32 = 50;
    /// For how long each is held where nothing is said.
    pub const HOLD: Duration = Duration::from_secs(5);
    /// For how long one may be held at least, and at most.
    pub const HOLDS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3_600));

    /// A sweep over the stops of a knob.
    #[must_use]
    pub fn of(dial: Dial, directions: Directions) -> Self {
        let directions = match directions {
            Directions::Only(_) if dial.kind.directed => directions,
            _ => Directions::Both,
        };
        Self {
            dial,
            directions,
            from: None,
            to: None,
            steps: None,
            linear: false,
            hold: Self::HOLD,
            until: None,
        }
    }

    /// Whether a knob has values that can be climbed: not one that is on or off, or turns words.
    #[must_use]
    pub fn can_climb(dial: &Dial) -> bool {
        !matches!(
            dial.knob.stops[0],
            Value::Switch(_) | Value::Word(_) | Value::Trace(_)
        )
    }

    /// The first value and the last one.
    #[must_use]
    pub fn ends(&self) -> (Value, Value) {
        let stops = &self.dial.knob.stops;
        (self.from.unwrap_or(stops[0]), self.to.unwrap_or(stops[8]))
    }

    /// The values, in the order in which they are set: the knob's stops where nothing else is said.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        let mut values = if self.is_over_stops() {
            self.dial.knob.stops.to_vec()
        } else {
            self.between()
        };
        values.dedup();
        values
    }

    /// How long it takes if it goes to its end.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        let steps = u32::try_from(self.values().len()).unwrap_or(u32::MAX);
        self.hold.saturating_mul(steps)
    }

    /// The plan with the fault at a value.
    #[must_use]
    pub fn plan(&self, before: &Plan, value: Value) -> Plan {
        self.dial.set(before, self.directions, Some(value))
    }

    /// What is climbed, in the words of the fault language: `latency`, `latency jitter down`.
    #[must_use]
    pub fn fault(&self) -> String {
        let mut text = self.dial.kind.name.to_owned();
        let is_first = self.dial.knob.param == self.dial.kind.knobs[0].param;
        let words = [
            (!is_first).then(|| self.dial.knob.param.to_owned()),
            match self.directions {
                Directions::Only(direction) => Some(direction.to_string()),
                Directions::Both => None,
            },
        ];
        for word in words.into_iter().flatten() {
            text.extend([" ", &word]);
        }
        text
    }

    fn is_over_stops(&self) -> bool {
        self.from.is_none() && self.to.is_none() && self.steps.is_none() && !self.linear
    }

    /// As many values as were asked for from one end to the other; those between are rounded to two digits, as people would
    /// type them.
    fn between(&self) -> Vec<Value> {
        let (from, to) = self.ends();
        let (Some(first), Some(last)) = (magnitude(from), magnitude(to)) else {
            return vec![from, to];
        };
        let steps = self.steps.unwrap_or(Self::STEPS).max(2);
        let [low, high] = [first, last].map(|end| end as f64);
        let inner = (1..steps - 1).map(|step| {
            let share = f64::from(step) / f64::from(steps - 1);
            let value = if self.linear {
                low + (high - low) * share
            } else {
                low * (high / low).powf(share)
            };
            let value = rounded(value).clamp(first.min(last), first.max(last));
            of_magnitude(from, value)
        });
        [from].into_iter().chain(inner).chain([to]).collect()
    }
}

/// A magnitude with two digits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies between two magnitudes"
)]
fn rounded(parts: f64) -> u64 {
    let unit = 10_f64.powf((parts.max(1.0).log10().floor() - 1.0).max(0.0));
    ((parts / unit).round() * unit) as u64
}

/// What `sweep` takes behind the proxy's name: what is printed reads back.
impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault())?;
        let ends = [("from", self.from), ("to", self.to)];
        for (name, value) in ends {
            if let Some(value) = value {
                write!(f, " {name}={value}")?;
            }
        }
        if let Some(steps) = self.steps {
            write!(f, " steps={steps}")?;
        }
        if self.hold != Self::HOLD {
            write!(f, " hold={}", Time(self.hold))?;
        }
        if let Some(until) = self.until {
            write!(f, " until={until}")?;
        }
        if self.linear {
            f.write_str(" linear")?;
        }
        Ok(())
    }
}

/// Two sweeps are equal where their texts are: a text says all of a sweep.
impl PartialEq for Sweep {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

// === impl Until ===

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails => f.write_str("fails"),
            Self::Waits(time) => write!(f, "waits>{}", Time(*time)),
            Self::Rate(share) => write!(f, "rate<{share}"),
        }
    }
}

#[cfg(test)]
mod tests;
