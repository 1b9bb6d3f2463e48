//! Waves as straight lines, and the area under a line: what moving values are summed from.

use std::time::Duration;

use super::param::words;

words! {
    /// The shape of a wave.
    pub(super) enum Shape {
        Sine = "sine",
        Saw = "saw",
        Square = "square",
        Triangle = "triangle",
    }
}

/// A swing around the value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wave {
    pub(super) shape: Shape,
    pub(super) period: Duration,
    pub(super) depth: f64,
}

/// A straight line over an interval. Times are in seconds since the motion began, or in periods of a wave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) begin: f64,
    pub(super) from: f64,
    pub(super) end: f64,
    pub(super) to: f64,
}

/// How many chords make a sine.
const CHORDS: u8 = 32;

// === impl Wave ===

impl Wave {
    /// The line of the swing, from -1 to 1, that is under way so many seconds after it began.
    pub(super) fn line(&self, past: f64) -> Line {
        let period = self.period.as_secs_f64();
        let turn = (past / period).floor();
        let line = |turn: f64| {
            let lines = self.shape.lines().map(move |line| line.moved(turn, period));
            lines.into_iter().find(|line| past < line.end)
        };
        // Where rounding brings the time to the very end of a turn, the next one is under way.
        line(turn).or_else(|| line(turn + 1.0)).unwrap_or(Line {
            begin: past,
            from: 0.0,
            end: f64::INFINITY,
            to: 0.0,
        })
    }

    /// The sum over one period around `base`.
    pub(super) fn whole(&self, base: f64) -> f64 {
        let swing = |line: Line| Line {
            from: base + line.from * self.depth,
            to: base + line.to * self.depth,
            ..line
        };
        let lines = self.shape.lines().map(|line| swing(line).area());
        lines.sum::<f64>() * self.period.as_secs_f64()
    }
}

// === impl Shape ===

impl Shape {
    /// The lines of one period, from -1 to 1, over times in periods.
    fn lines(self) -> impl Iterator<Item = Line> {
        let lines: &[[f64; 4]] = match self {
            Self::Sine => &[],
            Self::Saw => &[[0.0, 0.0, 0.5, 1.0], [0.5, -1.0, 1.0, 0.0]],
            Self::Square => &[[0.0, 1.0, 0.5, 1.0], [0.5, -1.0, 1.0, -1.0]],
            Self::Triangle => &[
                [0.0, 0.0, 0.25, 1.0],
                [0.25, 1.0, 0.75, -1.0],
                [0.75, -1.0, 1.0, 0.0],
            ],
        };
        let chords = if self == Self::Sine { CHORDS } else { 0 };
        let chords = (0..chords).map(|number| {
            let [begin, end] =
                [number, number + 1].map(|point| f64::from(point) / f64::from(CHORDS));
            let height = |at: f64| (std::f64::consts::TAU * at).sin();
            [begin, height(begin), end, height(end)]
        });
        lines
            .iter()
            .copied()
            .chain(chords)
            .map(|[begin, from, end, to]| Line {
                begin,
                from,
                end,
                to,
            })
    }
}

// === impl Line ===

impl Line {
    /// Whether it neither rises nor falls.
    pub(super) fn is_level(&self) -> bool {
        self.from.total_cmp(&self.to).is_eq()
    }

    /// Its height at a time.
    pub(super) fn at(&self, at: f64) -> f64 {
        if self.is_level() {
            return self.from;
        }
        self.from
            + (self.to - self.from) * ((at - self.begin) / (self.end - self.begin)).clamp(0.0, 1.0)
    }

    /// The part of it that ends at `end` at the latest.
    pub(super) fn until(self, end: f64) -> Self {
        if end >= self.end {
            return self;
        }
        Self {
            end,
            to: self.at(end),
            ..self
        }
    }

    /// The line of another turn of a wave, over times in seconds instead of periods.
    fn moved(self, turn: f64, period: f64) -> Self {
        Self {
            begin: (turn + self.begin) * period,
            end: (turn + self.end) * period,
            ..self
        }
    }

    /// The part of it that is not below zero.
    fn above_zero(self) -> Self {
        let crossing = || {
            let share = self.from / (self.from - self.to);
            self.begin + (self.end - self.begin) * share
        };
        match (self.from < 0.0, self.to < 0.0) {
            (false, false) => self,
            (true, true) => Self {
                from: 0.0,
                to: 0.0,
                ..self
            },
            (true, false) => Self {
                begin: crossing(),
                from: 0.0,
                ..self
            },
            (false, true) => Self {
                end: crossing(),
                to: 0.0,
                ..self
            },
        }
    }

    /// The area under it, what is below zero left out.
    pub(super) fn area(&self) -> f64 {
        let line = self.above_zero();
        if line.from <= 0.0 && line.to <= 0.0 {
            return 0.0;
        }
        f64::midpoint(line.from, line.to) * (line.end - line.begin)
    }

    /// When the area under it has come to `area`, which it does.
    pub(super) fn reaches(&self, area: f64) -> f64 {
        if area <= 0.0 {
            return self.begin;
        }
        let line = self.above_zero();
        let slope = (line.to - line.from) / (line.end - line.begin);
        let root = (line.from * line.from + 2.0 * slope * area).max(0.0).sqrt();
        (line.begin + 2.0 * area / (line.from + root)).min(line.end)
    }
}
