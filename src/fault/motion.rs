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
//! that was not limited before has nothing to come from, and begins at what is set. A delay that falls takes with it what
//! waits already: each byte leaves as soon as it has waited for the delay of the moment.
//!
//! Instead of a value that is set and moves so, a fault can follow a column of a trace (`trace`), from the moment at which it
//! was set: a rate, a delay, a loss.
//!
//! What passes at a moving rate is the area under it. Ramps and waves are made of straight lines (a sine of 32 chords, which
//! is exact to half a per cent of its depth), so the area is summed line by line, and whole periods at once.

use std::time::{Duration, Instant};

use super::param::{self, Param};
use super::trace::{Column, Course, Trace};
use super::wave::{Line, Shape, Wave};
use super::{Rests, Setting, Unit, Value};
use crate::units::{ByteRate, Percent};

const DAY: Duration = Duration::from_secs(86_400);

/// `wave`, the shape in which a value swings.
pub(super) const WAVE: Param<Option<Shape>> = Shape::param(
    "wave",
    "the value swings by itself, in this shape; absent: it stands still",
)
.optional();

/// `period`, the time that one swing takes.
pub(super) const PERIOD: Param<Duration> =
    param::time("period", "how long one swing of the wave takes")
        .within(Duration::from_millis(1), DAY)
        .or(Duration::from_secs(10));

const DEPTH: &str = "how far the wave swings, either way; absent: by half of the value";

/// `depth` of a kind whose values are times, halved where they are.
pub(super) const DEPTH_TIME: Param<Option<Duration>> = param::time("depth", DEPTH)
    .within(Duration::ZERO, Duration::from_secs(3_600))
    .halves()
    .optional();

/// `depth` of a kind whose values are rates.
pub(super) const DEPTH_RATE: Param<Option<ByteRate>> = param::rate("depth", DEPTH)
    .within(ByteRate::new(0), ByteRate::new(100_000_000_000))
    .optional();

/// `ramp`, the time that the way to a new value takes.
pub(super) const RAMP: Param<Duration> = param::time(
    "ramp",
    "how long the way from the present value to the new one takes",
)
.within(Duration::ZERO, DAY)
.or(Duration::ZERO);

/// `trace`, which a rate follows.
pub(super) const TRACE_RATE: Param<Option<Trace>> = param::trace(
    "trace",
    Column::Rate,
    "the rate follows this file instead: mahimahi's format, or lines of time,rate",
)
.instead_of(&["rate", "wave", "period", "depth", "ramp"]);

/// `trace`, which a delay follows.
pub(super) const TRACE_TIME: Param<Option<Trace>> = param::trace(
    "trace",
    Column::Rtt,
    "the round trip follows this file instead, half of it each way: lines of time,rtt",
)
.instead_of(&["time", "wave", "period", "depth", "ramp"]);

/// `trace`, which a share of lost packets follows.
pub(super) const TRACE_LOSS: Param<Option<Trace>> = param::trace(
    "trace",
    Column::Loss,
    "the share follows this file instead: lines of time,loss",
)
.instead_of(&["packets"]);

/// `loop` of a trace.
pub(super) const LOOP: Param<bool> = param::switch(
    "loop",
    "the trace begins again at its end; else its last value stays",
)
.or(true)
.of("trace");

/// How the first parameter of a setting moves in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    since: Instant,
    /// What is set; nothing where a trace is followed.
    base: f64,
    /// What is followed instead of it.
    course: Option<Course>,
    /// Where a ramp begins, and how long it takes.
    ramp: Option<(f64, Duration)>,
    wave: Option<Wave>,
}

/// A delay, as it was set and as it moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lag {
    time: Duration,
    /// How it moves, where it does.
    motion: Option<Motion>,
}

/// A ramp that lasts for more periods of its wave than this is taken in so many steps, so that the periods of a step are
/// alike and are summed at once.
const RAMP_STEPS: f64 = 64.0;

/// The wave of a setting around `base`.
fn wave_of(setting: &Setting, base: f64) -> Option<Wave> {
    let depth = setting.value(DEPTH_TIME.spec.name).and_then(number);
    Some(Wave {
        shape: setting.get(WAVE)?,
        period: setting.get(PERIOD),
        depth: depth.unwrap_or(base / 2.0),
    })
}

/// How long the wave of a setting takes, and in which part of that it brings it to nothing; `None` where it never does, and where
/// more moves it than a wave.
pub(super) fn rests(setting: &Setting) -> Option<Rests> {
    let set = setting.value(setting.kind.params.first()?.name);
    let base = set.and_then(number)?;
    let wave = wave_of(setting, base).filter(|_| setting.get(RAMP).is_zero())?;
    let rests = wave.below(-base)?;
    let time = Duration::from_secs_f64;
    Some((wave.period, time(rests.start)..time(rests.end)))
}

// === impl Motion ===

impl Motion {
    /// How the first parameter of `setting`, which has the values of one direction alone, moves from `since` on; `from` is
    /// what it was just before. `None` where it has no number.
    #[must_use]
    pub fn of(setting: &Setting, from: Option<f64>, since: Instant) -> Option<Self> {
        let course = course_of(setting);
        let set = setting.value(setting.kind.params.first()?.name);
        let base = set.and_then(number).or(course.map(|_| 0.0))?;
        let ramp = Some(setting.get(RAMP)).filter(|ramp| !ramp.is_zero());
        Some(Self {
            since,
            base,
            course,
            ramp: from.zip(ramp),
            wave: wave_of(setting, base),
        })
    }

    /// The setting that moves so, as it is at `now` and without what moves it, within its parameter's range.
    #[must_use]
    pub(super) fn stilled(&self, setting: Setting, now: Instant) -> Setting {
        let still = setting.at_default(WAVE).at_default(PERIOD);
        let still = still.at_default(DEPTH_TIME).at_default(RAMP);
        let still = still.at_default(LOOP);
        let Some(param) = still.kind.params.first() else {
            return still;
        };
        let value = match param.unit {
            Unit::Rate => Value::Rate(rate(self.at(now))),
            Unit::Percent => Value::Percent(share(self.at(now))),
            _ => Value::Time(seconds(self.at(now)).unwrap_or(Duration::MAX)),
        };
        still.with(param.name, param.clamp(value))
    }

    /// Whether it has a wave, a ramp or a trace.
    pub(super) fn moves(&self) -> bool {
        self.wave.is_some() || self.ramp.is_some() || self.course.is_some()
    }

    /// When its ramp ends; `None` where it has none.
    #[must_use]
    pub fn ramp_ends(&self) -> Option<Instant> {
        self.ramp.and_then(|(_, time)| self.since.checked_add(time))
    }

    /// Whether it stands still from `now` on. One that follows a trace never does, as no value that is set stands for it.
    #[must_use]
    pub fn is_still(&self, now: Instant) -> bool {
        self.wave.is_none()
            && self.course.is_none()
            && self.ramp_ends().is_none_or(|end| end <= now)
    }

    /// The value at a time: in seconds, in bytes per second, or a share of 1.
    #[must_use]
    pub fn at(&self, at: Instant) -> f64 {
        let past = self.past(at);
        if let Some(course) = self.course {
            return course.at(past);
        }
        (self.base_at(past) + self.swing_at(past)).max(0.0)
    }

    /// The greatest value that it comes to from `now` on.
    #[must_use]
    pub fn most(&self, now: Instant) -> f64 {
        if let Some(course) = self.course {
            return course.most(self.past(now));
        }
        let begins = self.base_at(self.past(now));
        begins.max(self.base) + self.wave.map_or(0.0, |wave| wave.depth)
    }

    /// For how many seconds what came at `arrived` waits, where it waits for this value and `more` seconds (which may be
    /// negative): for the value when it came, or until it has waited for one that falls.
    pub(super) fn wait(&self, arrived: Instant, more: f64) -> f64 {
        let came = self.past(arrived);
        if let Some(course) = self.course {
            return (course.at(came) + more).max(0.0);
        }
        let more = more + self.swing_at(came);
        let wait = self.base_at(came) + more;
        let wait = match self.ramp {
            Some((from, time)) if from > self.base && came + wait > 0.0 => {
                // The line of the ramp meets the line of the time waited.
                let slope = (self.base - from) / time.as_secs_f64();
                let meets = (from + more + came) / (1.0 - slope);
                if came < time.as_secs_f64() && meets <= time.as_secs_f64() {
                    meets - came
                } else {
                    self.base + more
                }
            }
            _ => wait,
        };
        wait.max(0.0)
    }

    /// Seconds from when it began to `at`; negative before that.
    pub(super) fn past(&self, at: Instant) -> f64 {
        let ahead = self.since.saturating_duration_since(at);
        at.saturating_duration_since(self.since).as_secs_f64() - ahead.as_secs_f64()
    }

    /// The value without its wave, so many seconds after it began.
    fn base_at(&self, past: f64) -> f64 {
        match self.ramp {
            Some((from, time)) if past < time.as_secs_f64() => {
                from + (self.base - from) * past.max(0.0) / time.as_secs_f64()
            }
            _ => self.base,
        }
    }

    /// What the wave adds, so many seconds after it began.
    fn swing_at(&self, past: f64) -> f64 {
        self.wave.map_or(0.0, |wave| wave.line(past).at(past))
    }

    /// The sum of the values from `from` on, until `until` or until it has come to `most`: where that is, and the sum. All
    /// times are in seconds since it began. The sum ends where nothing is added ever.
    pub(super) fn sum(&self, from: f64, until: f64, most: f64) -> (f64, f64) {
        if let Some(course) = self.course {
            return course.sum(from, until, most);
        }
        let (mut at, mut sum) = (from, 0.0);
        while at < until {
            let base = self.base_line(at);
            if let Some(wave) = self.wave
                && base.is_level()
                && at >= 0.0
            {
                // Whole periods at once, as many as are alike.
                let period = wave.period.as_secs_f64();
                let whole = wave.whole(base.from);
                let fit = ((base.end.min(until) - at) / period).floor();
                let wanted = if whole > 0.0 {
                    (most - sum) / whole
                } else {
                    fit
                };
                let periods = fit.min(wanted.floor()).max(0.0);
                if periods.is_infinite() {
                    return (until, sum);
                }
                at += periods * period;
                sum += periods * whole;
                if at >= base.end {
                    continue;
                }
            }
            let base = Line { begin: at, ..base };
            let swung = self.wave.map_or(base, |wave| base.plus(wave.line(at)));
            let line = swung.until(until);
            let area = line.area();
            if area >= (most - sum) * (1.0 - f64::EPSILON) {
                return (line.reaches(most - sum), most);
            }
            sum += area;
            if line.end.is_infinite() {
                return (until, sum);
            }
            at = line.end;
        }
        (until, sum)
    }

    /// The line of the value without its wave from `at` on.
    fn base_line(&self, at: f64) -> Line {
        let Some((from, time)) = self.ramp.filter(|(_, time)| at < time.as_secs_f64()) else {
            return Line::level(at, self.base, f64::INFINITY);
        };
        if at < 0.0 {
            return Line::level(at, from, 0.0);
        }
        let time = time.as_secs_f64();
        let step = time / RAMP_STEPS;
        let takes_steps = |wave: Wave| wave.period.as_secs_f64() < step;
        if self.wave.is_some_and(takes_steps) {
            let number = (at / step).floor();
            let is_over = at >= (number + 1.0) * step;
            let number = if is_over { number + 1.0 } else { number };
            let end = ((number + 1.0) * step).min(time);
            return Line::level(at, self.base_at((number + 0.5) * step), end);
        }
        Line {
            begin: at,
            from: self.base_at(at),
            end: time,
            to: self.base,
        }
    }
}

// === impl Lag ===

impl Lag {
    /// A delay that moves so, or stands still.
    pub(super) fn new(time: Duration, motion: Option<Motion>) -> Self {
        let motion = motion.filter(Motion::moves);
        Self { time, motion }
    }

    /// The delay at a time.
    pub(super) fn at(&self, at: impl FnOnce() -> Instant) -> Duration {
        self.motion.map_or(self.time, |motion| {
            seconds(motion.at(at())).unwrap_or(Duration::MAX)
        })
    }
}

/// The greatest value of the trace that a setting follows, where it does.
pub(super) fn most_traced(setting: &Setting) -> Option<f64> {
    course_of(setting).map(|course| course.most(0.0))
}

/// How far into its trace a setting is that has followed one for so long, and how long the trace is.
pub(super) fn place_in_trace(setting: &Setting, past: Duration) -> Option<(Duration, Duration)> {
    let course = course_of(setting)?;
    let (place, length) = course.place(past.as_secs_f64());
    seconds(place).zip(seconds(length))
}

/// The column of a trace that a setting follows.
fn course_of(setting: &Setting) -> Option<Course> {
    let mut params = setting.kind.params.iter();
    params.find_map(|param| match (param.unit, setting.value(param.name)) {
        (Unit::Trace(column), Some(Value::Trace(trace))) => {
            Course::of(trace, column, setting.get(LOOP))
        }
        _ => None,
    })
}

/// A rate of so many bytes per second.
pub(super) fn rate(bytes: f64) -> ByteRate {
    ByteRate::new(whole(bytes))
}

/// A share of 1.
fn share(fraction: f64) -> Percent {
    let ppm = whole(fraction * 1e6);
    Percent::from_ppm(u32::try_from(ppm).unwrap_or(u32::MAX))
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

/// So many seconds, none where they are negative; `None` where they are more than can be counted.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// Seconds, or bytes per second.
fn number(value: Value) -> Option<f64> {
    match value {
        Value::Time(time) => Some(time.as_secs_f64()),
        Value::Rate(rate) => Some(rate.bytes_per_second() as f64),
        _ => None,
    }
}

#[cfg(test)]
#[path = "motion_tests.rs"]
mod tests;
