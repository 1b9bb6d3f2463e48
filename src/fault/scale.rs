//! The numbers on a knob's track: where a value stands on it, and which values the arrow keys reach.
//!
//! The arrow keys walk over values that a person would type (12 of them a decade) and over the stops, so that turning
//! back leads over the same values. To the right is worse: on a track whose stops fall (a rate), right is less.

use std::time::Duration;

use super::knob::Fine;
use super::{Knob, ParamSpec, Unit, Value};
use crate::units::{ByteCount, ByteRate, Percent};

/// The values of one decade, in tenths of its first.
const DECADE: [u64; 12] = [10, 12, 15, 18, 20, 25, 30, 35, 40, 50, 60, 80];

/// Further than this beyond the first stop, a turn to the left is off: the first stop's pain times 3/10.
const LEAST: (u64, u64) = (3, 10);

/// A turn to the right goes on for a decade beyond the last stop.
const MOST: u64 = 10;

/// A value as a whole number of its unit's smallest parts. `None` for words, which only a track knows the order of.
pub(crate) fn magnitude(value: Value) -> Option<u64> {
    match value {
        Value::Time(time) => u64::try_from(time.as_nanos()).ok(),
        Value::Rate(rate) => Some(rate.bytes_per_second()),
        Value::Size(size) => Some(size.bytes()),
        Value::Percent(share) => Some(u64::from(share.ppm())),
        Value::Number(number) => Some(thousandths(number)),
        Value::Switch(on) => Some(u64::from(on)),
        Value::Word(_) | Value::Trace(_) => None,
    }
}

/// The value of the same unit as `like` with this magnitude; a word or a trace has none, and stays.
pub(crate) fn of_magnitude(like: Value, parts: u64) -> Value {
    match like {
        Value::Time(_) => Value::Time(Duration::from_nanos(parts)),
        Value::Rate(_) => Value::Rate(ByteRate::new(parts)),
        Value::Size(_) => Value::Size(ByteCount::new(parts)),
        Value::Percent(_) => {
            Value::Percent(Percent::from_ppm(u32::try_from(parts).unwrap_or(u32::MAX)))
        }
        Value::Number(_) => Value::Number(parts as f64 / 1_000.0),
        Value::Switch(_) => Value::Switch(parts > 0),
        Value::Word(_) | Value::Trace(_) => like,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and a number that large is no setting"
)]
fn thousandths(number: f64) -> u64 {
    (number * 1_000.0).round() as u64
}

/// The track of a knob, in magnitudes.
pub(super) struct Track {
    like: Value,
    /// The words that it walks over, where its values are such: their magnitudes count from 1.
    words: &'static [&'static str],
    stops: [u64; 9],
    fine: Fine,
    /// Whether more is worse.
    rising: bool,
    /// The least and the greatest magnitude that may be set.
    range: (u64, u64),
}

impl Track {
    /// The track of `knob`, which turns `param`, where it turns a parameter.
    pub(super) fn new(knob: &Knob, param: Option<&ParamSpec>) -> Self {
        let words = match param.map(|param| param.unit) {
            Some(Unit::Word(words)) => words,
            _ => &[],
        };
        let range = param.and_then(|param| param.range);
        let stops = knob.stops.map(|stop| parts(stop, words).unwrap_or(0));
        let bound = |value: Value, unbounded| magnitude(value).unwrap_or(unbounded);
        Self {
            like: knob.stops[0],
            words,
            rising: stops[8] >= stops[0],
            stops,
            fine: knob.fine,
            range: range.map_or((0, u64::MAX), |(least, most)| {
                (bound(least, 0), bound(most, u64::MAX))
            }),
        }
    }

    /// The magnitude of a value of the track.
    pub(super) fn parts(&self, value: Value) -> Option<u64> {
        parts(value, self.words)
    }

    /// Where a magnitude stands: 0 at no pain, `n` at the n-th stop, at most 9. Before the first stop half of its pain is
    /// a half.
    pub(super) fn position(&self, parts: u64) -> f64 {
        if !self.words.is_empty() {
            return parts as f64;
        }
        let reached = self.stops.iter().filter(|stop| !self.milder(parts, **stop));
        match reached.count() {
            0 if self.rising => parts as f64 / self.stops[0] as f64,
            0 => self.stops[0] as f64 / parts as f64,
            9 => 9.0,
            reached => reached as f64 + self.between(reached, parts),
        }
    }

    /// The magnitude at a place of the track, rounded to one that the arrow keys stop at: the other way round as
    /// `position`.
    pub(super) fn at(&self, stops: f64) -> u64 {
        let reached = (1..=self.stops.len()).rev().find(|n| *n as f64 <= stops);
        let last = self.stops.len();
        let (low, high) = match reached {
            Some(n) if n == last || stops.fract() == 0.0 || !self.words.is_empty() => {
                return self.stops[n - 1];
            }
            Some(n) => (self.stops[n - 1], self.stops[n]),
            None if self.rising => (0, self.stops[0]),
            None => return self.stops[0],
        };
        let share = stops.fract();
        let [from, to] = [low, high].map(|parts| parts as f64);
        let parts = match (self.fine, low) {
            (Fine::PerDecade(_), 1..) => from * (to / from).powf(share),
            (Fine::PerDecade(_), 0) | (Fine::Step(_), _) => from + (to - from) * share,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two stops"
        )]
        let parts = parts.round() as u64;
        let below = self.detent(parts + 1, false);
        let above = self.detent(parts.saturating_sub(1), true);
        let nearest = if parts - below <= above - parts {
            below
        } else {
            above
        };
        nearest.clamp(low.min(high), low.max(high))
    }

    /// How much of the way from the last stop that was reached to the next one.
    fn between(&self, reached: usize, parts: u64) -> f64 {
        let scaled = |parts: u64| match self.fine {
            Fine::PerDecade(_) => (parts.max(1) as f64).ln(),
            Fine::Step(_) => parts as f64,
        };
        let low = scaled(self.stops[reached - 1]);
        let width = scaled(self.stops[reached]) - low;
        if width == 0.0 {
            return 0.0;
        }
        ((scaled(parts) - low) / width).clamp(0.0, 1.0)
    }

    /// Whether `parts` is less pain than `than`.
    fn milder(&self, parts: u64, than: u64) -> bool {
        if self.rising {
            parts < than
        } else {
            parts > than
        }
    }

    /// The stop next to `now` to the right (`worse`) or to the left; `None` is off. To the right of the last stop,
    /// what is there stays.
    pub(super) fn next_stop(&self, now: Option<u64>, worse: bool) -> Option<u64> {
        match now {
            None => worse.then_some(self.stops[0]),
            Some(now) if worse => {
                let mut stops = self.stops.into_iter();
                stops.find(|stop| self.milder(now, *stop)).or(Some(now))
            }
            Some(now) => {
                let mut stops = self.stops.into_iter();
                stops.rfind(|stop| self.milder(*stop, now))
            }
        }
    }

    /// One fine step to the right (`worse`) or to the left; `None` is off.
    pub(super) fn step(&self, now: Option<u64>, worse: bool) -> Option<u64> {
        let Some(now) = now else {
            return worse.then_some(self.stops[0]);
        };
        let next = self.detent(now, worse == self.rising);
        if worse {
            let end = self.end();
            // What was typed beyond the end stays where it is.
            let next = if self.milder(end, next) { end } else { next };
            Some(if self.milder(now, next) { next } else { now })
        } else {
            let (part, whole) = LEAST;
            let first = self.stops[0];
            let least = if self.rising {
                first.saturating_mul(part) / whole
            } else {
                first.saturating_mul(whole) / part
            };
            let gone = next == 0 && self.rising
                || (self.milder(next, least) && matches!(self.fine, Fine::PerDecade(_)));
            (!gone).then_some(next)
        }
    }

    /// The worst that a turn reaches.
    fn end(&self) -> u64 {
        let last = self.stops[8];
        let beyond = match (self.fine, self.rising) {
            (Fine::Step(_), _) => last,
            (Fine::PerDecade(_), true) => last.saturating_mul(MOST),
            (Fine::PerDecade(_), false) => last / MOST,
        };
        beyond.clamp(self.range.0, self.range.1)
    }

    /// The next value above or below `now` that the arrow keys stop at.
    fn detent(&self, now: u64, above: bool) -> u64 {
        let regular = match self.fine {
            Fine::PerDecade(_) => self.next_in_decade(now, above),
            Fine::Step(step) => next_multiple(now, self.parts(step).unwrap_or(1).max(1), above),
        };
        let stops = self.stops.into_iter();
        if above {
            stops.filter(|stop| *stop > now).fold(regular, u64::min)
        } else {
            stops.filter(|stop| *stop < now).fold(regular, u64::max)
        }
    }

    /// The next round number; those within 4 % of a stop give way to it.
    fn next_in_decade(&self, now: u64, above: bool) -> u64 {
        let mut scale = 1;
        while now / 100 >= scale {
            scale = scale.saturating_mul(10);
        }
        let round = |scale: u64| DECADE.map(|tenths| tenths.saturating_mul(scale) / 10);
        let near = |parts: u64| {
            let beside =
                |stop: &u64| *stop != parts && stop.abs_diff(parts).saturating_mul(25) <= *stop;
            self.stops.iter().any(beside)
        };
        let mut all = [scale, scale.saturating_mul(10), scale.saturating_mul(100)]
            .into_iter()
            .flat_map(round)
            .filter(|parts| !near(*parts));
        if above {
            all.find(|parts| *parts > now).unwrap_or(now)
        } else {
            all.take_while(|parts| *parts < now).last().unwrap_or(0)
        }
    }

    /// The value of the track's unit with this magnitude.
    pub(super) fn value(&self, parts: u64) -> Value {
        match self.like {
            Value::Word(first) => {
                let word = (1..=parts).zip(self.words).last();
                Value::Word(word.map_or(first, |(_, word)| word))
            }
            like => of_magnitude(like, parts),
        }
    }
}

/// A value as a number: a word as its place among `words`.
fn parts(value: Value, words: &[&str]) -> Option<u64> {
    match value {
        Value::Word(word) => (1..)
            .zip(words)
            .find(|(_, it)| **it == word)
            .map(|(at, _)| at),
        value => magnitude(value),
    }
}

fn next_multiple(now: u64, step: u64, above: bool) -> u64 {
    if above {
        (now / step).saturating_add(1).saturating_mul(step)
    } else {
        now.div_ceil(step).saturating_sub(1) * step
    }
}
