//! Latency: every byte leaves a set time after it arrived.
//!
//! The delay of a segment is `time + jitter × x`, never less than zero; `x` is drawn once for each segment, as `dist` says
//! (`distribution`). A byte stream keeps its order, so a late segment holds back those behind it.
//!
//! With `wave`, `ramp` or `trace` the time moves by itself (`motion`): a byte's is what it was when it arrived, or less where
//! a ramp falls while it waits. A trace says the round trip, half of which is spent each way.
//!
//! `handshake=on` adds the round trips that handshakes take, TCP's own and those of the TLS that the desk speaks to the
//! upstream, with the latency of both directions: the first byte up
//! waits that much more, and the first byte down (the greeting of a server that speaks first) or the end of a stream without
//! one comes no sooner than that after the connection was opened.
//!
//! `corr` makes one segment's quantile resemble the one before: a first-order autoregression of normal numbers with this
//! coefficient, so that, unlike netem's, it leaves the distribution itself as it is.

use std::time::{Duration, Instant};

use super::distribution::Distribution;
use crate::fault::knob::{Metric, stops_ms};
use crate::fault::motion::{self, Lag, Motion};
use crate::fault::param::{self, Param};
use crate::fault::random::{normal, unit};
use crate::fault::stage::made;
use crate::fault::tcp::{Delay, Parts};
use crate::fault::{Direction, Fault, Head, Kind, Knob, Setting, Stage, Terms};
use crate::units::Percent;

const HOUR: Duration = Duration::from_secs(3_600);

const TIME: Param<Duration> = param::time("time", "the delay")
    .bare()
    .within(Duration::ZERO, HOUR)
    .halves();
const JITTER: Param<Duration> = param::time("jitter", "how far the delay strays")
    .within(Duration::ZERO, HOUR)
    .halves()
    .or(Duration::ZERO);
const DIST: Param<Distribution> = Distribution::param("dist", "how the jitter is distributed");
const CORR: Param<Percent> =
    param::percent("corr", "how much one delay resembles the one before").or(Percent::NONE);
const HANDSHAKE: Param<bool> = param::switch(
    "handshake",
    "a new connection's first byte waits one round trip more, as for TCP's own handshake",
)
.or(false);

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "latency",
    short: Some("lat"),
    summary: "every byte leaves this much after it arrived; with both directions, TIME is what a round trip grows by",
    params: &[
        TIME.spec,
        JITTER.spec,
        DIST.spec,
        CORR.spec,
        HANDSHAKE.spec,
        motion::WAVE.spec,
        motion::PERIOD.spec,
        motion::DEPTH_TIME.spec,
        motion::RAMP.spec,
        motion::TRACE_TIME.spec,
        motion::LOOP.spec,
    ],
    knobs: &[
        Knob::TIME
            .named("LAT", "LATENCY")
            .chosen_by('t')
            .stopping_at(stops_ms([10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000]))
            .beside(Metric::AddedDelay),
        Knob {
            label: "JIT",
            title: "JITTER",
            key: Some('i'),
            letter: 'i',
            param: "jitter",
            stops: stops_ms([5, 10, 25, 50, 100, 250, 500, 1_000, 2_500]),
            metric: Metric::AddedSpread,
            beyond_proof: Some(|setting| match setting.get(DIST) {
                Distribution::Uniform => None,
                other => Some(format!("{} jitter has no fixed width", other.word())),
            }),
            ..Knob::TIME
        },
    ],
    example: "latency 250ms jitter=30ms dist=normal",
    build: |terms| made(Latency::of(terms)),
    lengthens: Some(|it, now| Lag::new(it.setting.get(TIME), it.motion()).at(|| now)),
    rests: Some(|setting| {
        let strays = !setting.get(JITTER).is_zero();
        motion::rests(setting).filter(|_| !strays)
    }),
    line: Some(lengthens_line),
    ..Kind::at(Stage::Path)
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
    direction: Direction,
    opened: Instant,
    /// The round trips that the handshakes take, where the connection's first byte waits for them.
    handshake: Duration,
    /// The normal number behind the last segment's delay.
    before: Option<f64>,
}

// === impl Latency ===

impl Latency {
    /// The stage that the terms ask for; none where no byte would wait for it.
    fn of(terms: &Terms<'_>) -> Option<Self> {
        // Where nothing is set in a direction, its values are those of a setting that delays nothing.
        let nothing = Setting::new(&KIND);
        let [here, back] = [terms.here, terms.back].map(|it| it.unwrap_or(&nothing));
        let shakes = here.get(HANDSHAKE) || back.get(HANDSHAKE);
        // What moves is what it was when the connection opened, or when it was set.
        let opened = terms.opened.max(terms.since);
        let [there, and_back] = [(here, terms.motion), (back, terms.back_motion)]
            .map(|(setting, motion)| Lag::new(setting.get(TIME), motion));
        let round_trip = there.at(|| opened).saturating_add(and_back.at(|| opened));
        let handshakes = round_trip.saturating_mul(terms.handshakes);
        let handshake = if shakes { handshakes } else { Duration::ZERO };
        // A ramp that has arrived still dates what came on the way.
        let motion = terms.motion.filter(Motion::moves);
        let most = |motion: Motion| motion::seconds(motion.most(terms.now));
        let stage = Self {
            time: here.get(TIME),
            motion,
            most: motion.map_or(here.get(TIME), |it| most(it).unwrap_or(Duration::MAX)),
            jitter: here.get(JITTER),
            distribution: here.get(DIST),
            correlation: here.get(CORR).fraction(),
            direction: terms.direction,
            opened: terms.opened,
            handshake,
            before: None,
        };
        let waits = [stage.time, stage.jitter, handshake] != [Duration::ZERO; 3];
        (waits || motion.is_some()).then_some(stage)
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

/// How long packets are on their way in a direction.
fn lengthens_line(terms: &Terms<'_>, parts: &mut Parts) {
    if let Some(back) = terms.back {
        parts.back.add(Lag::new(back.get(TIME), terms.back_motion));
    }
    if let Some(here) = terms.here {
        parts.there.add(Lag::new(here.get(TIME), terms.motion));
        match Latency::of(terms) {
            Some(delay) if !delay.jitter.is_zero() || delay.motion.is_some() => {
                parts.delays.push(Box::new(delay));
            }
            _ => parts.steady = parts.steady.saturating_add(here.get(TIME)),
        }
    }
}

impl Delay for Latency {
    fn of(&mut self, sent: Instant, draw: u64) -> Option<Duration> {
        let delay = self.delay_of(draw, sent)?;
        if self.correlation > 0.0 {
            self.before = Some(self.normal(draw));
        }
        Some(delay)
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
        if head.offset > 0 || self.handshake.is_zero() {
            return Some(due);
        }
        match self.direction {
            Direction::Up => due.checked_add(self.handshake),
            Direction::Down => {
                let opens = self.opened.checked_add(self.handshake);
                Some(opens.map_or(due, |opens| due.max(opens)))
            }
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
