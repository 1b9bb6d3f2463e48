//! Latency: every byte leaves a set time after it arrived.
//!
//! The delay of a segment is `time + jitter × x`, never less than zero; `x` is drawn once for each segment, as `dist` says
//! (`distribution`). A byte stream keeps its order, so a late segment holds back those behind it.
//!
//! With `wave` or `ramp` the time moves by itself (`motion`): a byte's is what it was when it arrived, or less where a ramp
//! falls while it waits.
//!
//! `handshake=on` adds the round trip that TCP's own handshake takes, with the latency of both directions: the first byte up
//! waits that much more, and the first byte down (the greeting of a server that speaks first) or the end of a stream without
//! one comes no sooner than that after the connection was opened.
//!
//! `corr` makes one segment's quantile resemble the one before: a first-order autoregression of normal numbers with this
//! coefficient, so that, unlike netem's, it leaves the distribution itself as it is.

use std::time::{Duration, Instant};

use super::distribution::{self, Distribution};
use super::knob::{Fine, Metric};
use super::motion::{self, Motion};
use super::param::Default;
use super::random::{normal, unit};
use super::{Direction, Fault, Head, Kind, Knob, ParamSpec, Setting, Stage, Terms, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

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
            unit: Unit::Word(distribution::WORDS),
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
            summary: "a new connection's first byte waits one round trip more, as for TCP's own handshake",
        },
        motion::WAVE,
        motion::PERIOD,
        motion::DEPTH_TIME,
        motion::RAMP,
    ],
    knobs: &[
        Knob {
            label: "LAT",
            title: "LATENCY",
            key: Some('t'),
            place: 0,
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
            key: Some('i'),
            place: 1,
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
    stage: Stage::Path,
    lengthens: Some(|setting| {
        let time = setting.value("time").and_then(Value::time);
        time.unwrap_or_default()
    }),
    ..Kind::BASE
};

/// The stage of one direction.
struct Latency {
    time: Duration,
    /// How the time moves, where it does.
    motion: Option<Motion>,
    /// The longest that the time is from now on.
    most: Duration,
    jitter: Duration,
    distribution: Distribution,
    correlation: f64,
    /// What the connection's first byte waits for the handshake.
    handshake: Handshake,
    /// The normal number behind the last segment's delay.
    before: Option<f64>,
}

/// What TCP's own handshake does to the first byte of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handshake {
    /// It is not waited for.
    None,
    /// The byte waits so much more.
    Adds(Duration),
    /// The byte leaves at that time at the earliest.
    Until(Instant),
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
        let shakes = here.is_some_and(asks) || terms.back.is_some_and(asks);
        let round_trip = time_of(here, "time").saturating_add(time_of(terms.back, "time"));
        let handshake = match terms.direction {
            _ if !shakes || round_trip.is_zero() => Handshake::None,
            Direction::Up => Handshake::Adds(round_trip),
            Direction::Down => terms
                .opened
                .checked_add(round_trip)
                .map_or(Handshake::None, Handshake::Until),
        };
        let motion = here.and_then(|here| Motion::of(here, terms.from, terms.since));
        // A ramp that has arrived still dates what came on the way.
        let motion = motion.filter(Motion::moves);
        let time = time_of(here, "time");
        let most = motion.map_or(time, |motion| {
            motion::seconds(motion.most(terms.now)).unwrap_or(Duration::MAX)
        });
        let stage = Self {
            time,
            motion,
            most,
            jitter: time_of(here, "jitter"),
            distribution: Distribution::of(here.and_then(|setting| setting.value("dist"))),
            correlation: match here.and_then(|setting| setting.value("corr")) {
                Some(Value::Percent(share)) => share.fraction(),
                _ => 0.0,
            },
            handshake,
            before: None,
        };
        let waits = !stage.time.is_zero() || !stage.jitter.is_zero();
        (waits || handshake != Handshake::None || motion.is_some()).then_some(stage)
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

    /// For how long what arrived at `arrived` and drew `draw` is held; `None` where that is more than can be counted.
    fn delay_of(&self, draw: u64, arrived: Instant) -> Option<Duration> {
        if self.jitter.is_zero() && self.motion.is_none() {
            return Some(self.time);
        }
        let correlates = self.correlation > 0.0 || self.distribution.is_normal();
        let x = if self.jitter.is_zero() {
            0.0
        } else if correlates {
            self.distribution.at_normal(self.normal(draw))
        } else {
            self.distribution.at_quantile(unit(draw))
        };
        let jitter = self.jitter.as_secs_f64() * x;
        motion::seconds(match self.motion {
            Some(motion) => motion.wait(arrived, jitter),
            None => self.time.as_secs_f64() + jitter,
        })
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
        let due = due.checked_add(self.delay_of(head.draw, head.arrived)?)?;
        match self.handshake {
            Handshake::Adds(time) if head.offset == 0 => due.checked_add(time),
            Handshake::Until(time) if head.offset == 0 => Some(due.max(time)),
            Handshake::None | Handshake::Adds(_) | Handshake::Until(_) => Some(due),
        }
    }

    fn sent(&mut self, head: &Head, n: usize, _now: Instant) {
        if self.correlation > 0.0 && n == head.len {
            self.before = Some(self.normal(head.draw));
        }
    }

    fn delay(&self) -> Duration {
        self.most.saturating_add(self.jitter)
    }

    fn counts(&self) -> bool {
        self.correlation > 0.0
    }
}

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
