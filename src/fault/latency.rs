//! Latency: every byte leaves a set time after it arrived.
//!
//! The delay of a segment is `time + jitter × x`, never less than zero. `x` is drawn once for each segment:
//!
//! | `dist` | x |
//! |---|---|
//! | `uniform` | uniform between -1 and 1 |
//! | `normal` | standard normal: the jitter is the standard deviation |
//! | `pareto` | 4/3 (P − 3/2), P of the Pareto distribution with shape 3 and least value 1; at most 4 |
//! | `paretonormal` | a quarter of the normal and three quarters of the Pareto value at the same quantile |
//!
//! The last two are those of the generators of `tc netem`'s tables (iproute2, `netem/pareto.c`, `netem/paretonormal.c`,
//! after NIST Net), computed without a table. A byte stream keeps its order, so a late segment holds back those behind it.
//!
//! `corr` makes one segment's quantile resemble the one before: a first-order autoregression of normal numbers with this
//! coefficient, so that, unlike netem's, it leaves the distribution itself as it is.

use std::time::{Duration, Instant};

use super::knob::{Fine, Metric};
use super::param::Default;
use super::random::{normal, unit};
use super::{Direction, Fault, Head, Kind, Knob, ParamSpec, Setting, Terms, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// The words of `dist`.
pub const DISTRIBUTIONS: &[&str] = &["uniform", "normal", "pareto", "paretonormal"];

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "latency",
    short: Some("lat"),
    summary: "every byte leaves this much after it arrived; with both directions, TIME is what a round trip grows by",
    params: &[
        ParamSpec {
            name: "time",
            bare: true,
            unit: Unit::Time,
            default: Default::Required,
            range: Some((ms(0), ms(3_600_000))),
            halves: true,
            summary: "the delay",
        },
        ParamSpec {
            name: "jitter",
            bare: false,
            unit: Unit::Time,
            default: Default::Is(ms(0)),
            range: Some((ms(0), ms(3_600_000))),
            halves: true,
            summary: "how far the delay strays",
        },
        ParamSpec {
            name: "dist",
            bare: false,
            unit: Unit::Word(DISTRIBUTIONS),
            default: Default::Is(Value::Word("uniform")),
            range: None,
            halves: false,
            summary: "how the jitter is distributed",
        },
        ParamSpec {
            name: "corr",
            bare: false,
            unit: Unit::Percent,
            default: Default::Is(Value::Percent(crate::units::Percent::NONE)),
            range: None,
            halves: false,
            summary: "how much one delay resembles the one before",
        },
        ParamSpec {
            name: "handshake",
            bare: false,
            unit: Unit::Switch,
            default: Default::Is(Value::Switch(false)),
            range: None,
            halves: false,
            summary: "a new connection's first byte up waits one round trip more, as for TCP's own handshake",
        },
    ],
    knobs: &[
        Knob {
            label: "LAT",
            title: "LATENCY",
            key: 't',
            param: "time",
            stops: [
                ms(10),
                ms(25),
                ms(50),
                ms(100),
                ms(250),
                ms(500),
                ms(1_000),
                ms(2_500),
                ms(10_000),
            ],
            fine: Fine::PerDecade(12),
            metric: Metric::AddedDelay,
        },
        Knob {
            label: "JIT",
            title: "JITTER",
            key: 'i',
            param: "jitter",
            stops: [
                ms(5),
                ms(10),
                ms(25),
                ms(50),
                ms(100),
                ms(250),
                ms(500),
                ms(1_000),
                ms(2_500),
            ],
            fine: Fine::PerDecade(12),
            metric: Metric::AddedSpread,
        },
    ],
    example: "latency 250ms jitter=30ms dist=normal",
    build: |terms| Latency::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
};

/// The words of `dist`, as a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distribution {
    Uniform,
    Normal,
    Pareto,
    ParetoNormal,
}

/// The stage of one direction.
struct Latency {
    time: Duration,
    jitter: Duration,
    distribution: Distribution,
    correlation: f64,
    /// What the connection's first byte waits more.
    handshake: Duration,
    /// The normal number behind the last segment's delay.
    before: Option<f64>,
}

// === impl Latency ===

impl Latency {
    /// The stage that the terms ask for; none where no byte would wait for it.
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let here = terms.here;
        let time_of = |setting: Option<&Setting>, name| {
            setting
                .and_then(|setting| setting.value(name))
                .and_then(Value::time)
                .unwrap_or_default()
        };
        let asks = |setting: &Setting| setting.value("handshake") == Some(Value::Switch(true));
        let handshake = terms.direction == Direction::Up
            && (here.is_some_and(asks) || terms.back.is_some_and(asks));
        let stage = Self {
            time: time_of(here, "time"),
            jitter: time_of(here, "jitter"),
            distribution: here.map_or(Distribution::Uniform, Distribution::of),
            correlation: match here.and_then(|setting| setting.value("corr")) {
                Some(Value::Percent(share)) => share.fraction(),
                _ => 0.0,
            },
            handshake: if handshake {
                time_of(here, "time") + time_of(terms.back, "time")
            } else {
                Duration::ZERO
            },
            before: None,
        };
        let waits = [stage.time, stage.jitter, stage.handshake]
            .iter()
            .any(|time| !time.is_zero());
        waits.then_some(stage)
    }

    /// The normal number of a segment, correlated with the one before.
    fn normal(&self, draw: u64) -> f64 {
        let fresh = normal(draw);
        match self.before {
            Some(before) => {
                self.correlation * before
                    + (1.0 - self.correlation * self.correlation).sqrt() * fresh
            }
            None => fresh,
        }
    }

    fn delay_of(&self, draw: u64) -> Duration {
        if self.jitter.is_zero() {
            return self.time;
        }
        let normal =
            (self.correlation > 0.0 || self.distribution.is_normal()).then(|| self.normal(draw));
        let quantile = normal.map_or_else(
            || unit(draw),
            |normal| 0.5 * libm::erfc(-normal / std::f64::consts::SQRT_2),
        );
        let x = match self.distribution {
            Distribution::Uniform => 2.0 * quantile - 1.0,
            Distribution::Normal => normal.unwrap_or_default(),
            Distribution::Pareto => pareto(quantile),
            Distribution::ParetoNormal => {
                0.25 * normal.unwrap_or_default() + 0.75 * pareto(quantile)
            }
        };
        let seconds = self.time.as_secs_f64() + self.jitter.as_secs_f64() * x;
        Duration::from_secs_f64(seconds.max(0.0))
    }
}

impl Fault for Latency {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(fresh) = Self::of(terms) else {
            return false;
        };
        *self = Self {
            before: self.before,
            ..fresh
        };
        true
    }

    fn due(&mut self, head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        let due = due + self.delay_of(head.draw);
        Some(if head.offset == 0 {
            due + self.handshake
        } else {
            due
        })
    }

    fn sent(&mut self, head: &Head, n: usize, _now: Instant) {
        if self.correlation > 0.0 && n == head.len {
            self.before = Some(self.normal(head.draw));
        }
    }

    fn delay(&self) -> Duration {
        self.time + self.jitter
    }

    fn counts(&self) -> bool {
        self.correlation > 0.0
    }
}

// === impl Distribution ===

impl Distribution {
    fn of(setting: &Setting) -> Self {
        match setting.value("dist") {
            Some(Value::Word("normal")) => Self::Normal,
            Some(Value::Word("pareto")) => Self::Pareto,
            Some(Value::Word("paretonormal")) => Self::ParetoNormal,
            _ => Self::Uniform,
        }
    }

    fn is_normal(self) -> bool {
        matches!(self, Self::Normal | Self::ParetoNormal)
    }
}

/// netem's Pareto value at a quantile from 0 to 1: shape 3, moved to mean 0 and scaled by 4/3, cut off at 4 as its table is.
fn pareto(quantile: f64) -> f64 {
    (4.0 / 3.0 * ((1.0 - quantile).powf(-1.0 / 3.0) - 1.5)).min(4.0)
}

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
