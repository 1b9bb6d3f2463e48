//! Pictures of a minute: a line of braille dots, columns of eighths.
//!
//! A plot knows cells and fractions of its height, not what they mean. Where there is no value there is a gap: the line
//! is never drawn across what was not measured.

use std::ops::Range;

use ratatui::symbols::bar;
use ratatui::symbols::braille::BRAILLE;

/// A line in braille, two columns of four dots in each cell.
pub(super) struct Line {
    /// The dots of each cell, row by row from the top.
    cells: Vec<u8>,
    columns: u16,
    rows: u16,
}

/// Blocks from one eighth to all of a cell.
const EIGHTHS: [&str; 9] = [
    " ",
    bar::ONE_EIGHTH,
    bar::ONE_QUARTER,
    bar::THREE_EIGHTHS,
    bar::HALF,
    bar::FIVE_EIGHTHS,
    bar::THREE_QUARTERS,
    bar::SEVEN_EIGHTHS,
    bar::FULL,
];

/// A whole number of steps out of `steps` for a fraction of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and it is clamped to the steps"
)]
pub(super) fn steps(fraction: f64, steps: u16) -> u16 {
    let steps_reached = (fraction * f64::from(steps)).round() as u16;
    steps_reached.min(steps)
}

/// The cell of a column for a value, a row counted from the bottom: a value above zero is never drawn as nothing.
pub(super) fn block(fraction: f64, row: u16, rows: u16) -> &'static str {
    let mut eighths = steps(fraction, rows.saturating_mul(8));
    if fraction > 0.0 {
        eighths = eighths.max(1);
    }
    EIGHTHS[usize::from(eighths.saturating_sub(row * 8).min(8))]
}

/// The row, from the bottom, of a horizontal line through a value.
pub(super) fn level(fraction: f64, rows: u16) -> Option<u16> {
    let dots = (rows * 4).checked_sub(1)?;
    (fraction <= 1.0).then(|| steps(fraction, dots) / 4)
}

impl Line {
    /// Nothing, in this many cells.
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self {
            cells: vec![0; usize::from(columns) * usize::from(rows)],
            columns,
            rows,
        }
    }

    /// How many dots there are from left to right.
    pub(super) fn dots(&self) -> u16 {
        self.columns * 2
    }

    /// Draws a value, a fraction of the height, over a range of dots; joined to `before`, the value to the left of them.
    pub(super) fn draw(&mut self, over: Range<u16>, value: f64, before: Option<f64>) {
        let Some(highest) = (self.rows * 4).checked_sub(1) else {
            return;
        };
        let height = steps(value, highest);
        let from = before.map_or(height, |before| steps(before, highest));
        for y in height.min(from)..=height.max(from) {
            self.dot(over.start, y);
        }
        for x in over {
            self.dot(x, height);
        }
    }

    /// The glyph of a cell, a row counted from the bottom; `None` where there is nothing.
    pub(super) fn glyph(&self, column: u16, row: u16) -> Option<char> {
        let dots = *self.cells.get(self.index(column, row)?)?;
        (dots > 0).then(|| BRAILLE[usize::from(dots)])
    }

    /// Sets the dot at `x` from the left and `y` from the bottom.
    fn dot(&mut self, x: u16, y: u16) {
        if let Some(index) = self.index(x / 2, y / 4) {
            let from_top = 3 - y % 4;
            self.cells[index] |= 1 << (2 * from_top + x % 2);
        }
    }

    fn index(&self, column: u16, row: u16) -> Option<usize> {
        let inside = column < self.columns && row < self.rows;
        inside.then(|| usize::from(row) * usize::from(self.columns) + usize::from(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(line: &Line) -> Vec<String> {
        (0..line.rows)
            .rev()
            .map(|row| {
                (0..line.columns)
                    .map(|column| line.glyph(column, row).unwrap_or(' '))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_step_is_joined_and_a_gap_is_not() {
        let mut line = Line::new(4, 2);
        line.draw(0..2, 0.0, None);
        line.draw(2..4, 1.0, Some(0.0));
        line.draw(6..8, 1.0, None);
        assert_eq!(rows(&line), [" ⡏ ⠉", "⣀⡇  "]);
    }

    #[test]
    fn what_lies_outside_is_not_drawn() {
        let mut line = Line::new(1, 1);
        line.draw(0..40, 7.0, Some(-3.0));
        assert_eq!(rows(&line), ["⡏"]);
        let mut nothing = Line::new(0, 0);
        nothing.draw(0..2, 0.5, None);
        assert_eq!(nothing.glyph(0, 0), None);
    }

    #[test]
    fn columns_grow_by_eighths_and_a_little_is_not_nothing() {
        for (fraction, drawn) in [
            (0.0, [" ", " "]),
            (0.001, ["▁", " "]),
            (0.25, ["▄", " "]),
            (0.5, ["█", " "]),
            (0.75, ["█", "▄"]),
            (1.5, ["█", "█"]),
        ] {
            assert_eq!([0, 1].map(|row| block(fraction, row, 2)), drawn);
        }
    }

    #[test]
    fn a_level_beyond_the_top_has_no_row() {
        assert_eq!(level(0.0, 3), Some(0));
        assert_eq!(level(0.5, 3), Some(1));
        assert_eq!(level(1.0, 3), Some(2));
        assert_eq!(level(1.01, 3), None);
        assert_eq!(level(0.5, 0), None);
    }
}
