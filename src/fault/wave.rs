//! Waves made of straight lines, and the area under a line: how much passes while a rate moves.

use std::ops::Range;
use std::sync::LazyLock;
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

/// A straight line over an interval. Times are in seconds since the motion began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) begin: f64,
    pub(super) from: f64,
    pub(super) end: f64,
    pub(super) to: f64,
}

/// How many chords make a sine.
const CHORDS: usize = 32;

/// The heights of a sine's chords.
static SINE: LazyLock<[[f64; 2]; CHORDS]> = LazyLock::new(|| {
    let height = |point: usize| (std::f64::consts::TAU * point as f64 / CHORDS as f64).sin();
    std::array::from_fn(|chord| [height(chord), height(chord + 1)])
});

// === impl Wave ===

impl Wave {
    /// The line of the swing that is under way so many seconds after it began; before that it stands where it begins.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among the heights"
    )]
    pub(super) fn line(&self, past: f64) -> Line {
        let (heights, length) = self.heights();
        if past < 0.0 {
            return Line::level(past, self.depth * heights[0][0], 0.0);
        }
        let number = (past / length).floor();
        // Where rounding brings the time to the very end of a line, the next one is under way.
        let is_over = past >= (number + 1.0) * length;
        let number = if is_over { number + 1.0 } else { number };
        let [from, to] = heights[(number % heights.len() as f64) as usize];
        Line {
            begin: number * length,
            from: self.depth * from,
            end: (number + 1.0) * length,
            to: self.depth * to,
        }
    }

    /// The sum over one period around `base`.
    pub(super) fn whole(&self, base: f64) -> f64 {
        let (heights, length) = self.heights();
        let line = |[from, to]: &[f64; 2]| Line {
            begin: 0.0,
            from: base + self.depth * from,
            end: length,
            to: base + self.depth * to,
        };
        heights.iter().map(|heights| line(heights).area()).sum()
    }

    /// From when to when in a period the swing is at this height or below it; `None` where it never is for a while.
    pub(super) fn below(&self, height: f64) -> Option<Range<f64>> {
        let (_, length) = self.heights();
        let lines = self.heights().0.iter().enumerate();
        let parts = lines.filter_map(|(number, heights)| {
            let begin = number as f64 * length;
            let [from, to] = heights.map(|share| share * self.depth - height);
            let meets = begin + length * from / (from - to);
            match (from <= 0.0, to <= 0.0) {
                (true, true) => Some(begin..begin + length),
                (true, false) => Some(begin..meets),
                (false, true) => Some(meets..begin + length),
                (false, false) => None,
            }
        });
        let whole = parts.reduce(|one, two| one.start..two.end)?;
        (whole.start < whole.end).then_some(whole)
    }

    /// The lines of one period by their heights, from -1 to 1, and how many seconds each of them takes.
    fn heights(&self) -> (&'static [[f64; 2]], f64) {
        let heights: &[[f64; 2]] = match self.shape {
            Shape::Sine => &*SINE,
            Shape::Saw => &[[0.0, 1.0], [-1.0, 0.0]],
            Shape::Square => &[[1.0, 1.0], [-1.0, -1.0]],
            Shape::Triangle => &[[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]],
        };
        (heights, self.period.as_secs_f64() / heights.len() as f64)
    }
}

// === impl Line ===

impl Line {
    /// A line that stays at one height.
    pub(super) const fn level(begin: f64, height: f64, end: f64) -> Self {
        Self {
            begin,
            from: height,
            end,
            to: height,
        }
    }

    /// This line and another one together, as long as both last.
    pub(super) fn plus(self, other: Self) -> Self {
        let line = self.until(other.end);
        Self {
            from: line.from + other.at(line.begin),
            to: line.to + other.at(line.end),
            ..line
        }
    }

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

    /// The part of a line that is not below zero, where there is one.
    fn above_zero(self) -> Self {
        if self.from >= 0.0 && self.to >= 0.0 {
            return self;
        }
        let share = self.from / (self.from - self.to);
        let crossing = self.begin + (self.end - self.begin) * share;
        let (begin, end) = if self.from < 0.0 {
            (crossing, self.end)
        } else {
            (self.begin, crossing)
        };
        Self {
            begin,
            from: self.from.max(0.0),
            end,
            to: self.to.max(0.0),
        }
    }

    /// The area under it, what is below zero left out.
    pub(super) fn area(&self) -> f64 {
        if self.from <= 0.0 && self.to <= 0.0 {
            return 0.0;
        }
        let line = self.above_zero();
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
