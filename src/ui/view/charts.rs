//! What both charts of the selected proxy have in common: a minute, two axes, the marks of changes.
//!
//! ```text
//! ─ db  app feels: first byte ──────────── p50 256 ms  set 250ms ─
//!  500ms┤                                     ✕
//!  250ms┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⡏⠉⠉⠉⠉⠑⠤⠤⠤⠤⠒⠒⠒⠒⠉⠉⠉⠉⠉⠉⠉⠉
//!      0┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡇
//!       └60s─────────────▲1──────────────────────────────────now
//! ```

use std::ops::Range;
use std::time::Duration;

use ratatui::layout::Constraint::{Fill, Length};
use ratatui::layout::{Layout, Rect};
use ratatui::text::Span;

use super::pen::{Sheet, fit_name, width, widths};
use crate::snapshot::{History, Point, ProxyRow};
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// How far back a chart goes.
const SPAN: Duration = Duration::from_secs(60);
/// Columns of the figures beside the vertical axis.
pub(super) const FIGURES: u16 = 6;
/// Steps of a scale whose half is a round number too.
const ROUND: [f64; 6] = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];

/// Blocks from nothing to all of a cell, an eighth more each.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One chart: its frame, and where things stand in it.
pub(super) struct Chart<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a ProxyRow,
    pub(super) sheet: Sheet<'a>,
    /// Where the picture is.
    pub(super) plot: Rect,
}

/// The least round number from `most` on.
pub(super) fn round_up(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let decade = 10_f64.powf(most.log10().floor());
    let step = ROUND.iter().find(|step| **step * decade >= most);
    step.copied().unwrap_or(10.0) * decade
}

/// A whole number of steps out of `steps` for a fraction of them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and it is clamped to the steps"
)]
pub(super) fn steps(fraction: f64, steps: u16) -> u16 {
    let reached = (fraction * f64::from(steps)).round() as u16;
    reached.min(steps)
}

/// The cell of a column for a value, a row counted from the bottom: a value above zero is never drawn as nothing.
pub(super) fn block(fraction: f64, row: u16, rows: u16) -> &'static str {
    let least = u16::from(fraction > 0.0);
    let eighths = steps(fraction, rows.saturating_mul(8)).max(least);
    EIGHTHS[usize::from(eighths.saturating_sub(row * 8).min(8))]
}

/// The row, from the bottom, of a horizontal line through a value.
fn level(fraction: f64, rows: u16) -> Option<u16> {
    let dots = (rows * 4).checked_sub(1)?;
    (fraction <= 1.0).then(|| steps(fraction, dots) / 4)
}

impl<'a> Chart<'a> {
    pub(super) fn new(model: &'a Model, row: &'a ProxyRow, sheet: Sheet<'a>) -> Self {
        let rows = [Length(1), Fill(1), Length(1)];
        let columns = [Length(FIGURES + 1), Fill(1), Length(1)];
        let [_, plot, _] = Layout::vertical(rows).areas(sheet.area);
        let [_, plot, _] = Layout::horizontal(columns).areas(plot);
        Self {
            model,
            row,
            sheet,
            plot,
        }
    }

    /// The title: the proxy's name, what is drawn, in short where there is little room, and at the right what was
    /// measured, as many of its parts as there is room for, and what is set.
    pub(super) fn title(
        &mut self,
        names: [&str; 2],
        measured: &[Span<'static>],
        set: &[Span<'static>],
    ) {
        let columns = self.sheet.area.width;
        let name = names[usize::from(columns < 56)];
        let least = widths(set);
        let room = columns.saturating_sub(least + width(name) + 10);
        let left = [
            Span::styled(fit_name(&self.row.name, room.max(4)), Role::Title),
            Span::styled(format!("  {name}"), Role::Plain),
        ];
        let gap = if set.is_empty() { "" } else { "  " };
        let right = (0..=measured.len()).rev().map(|parts| match parts {
            0 => set.to_vec(),
            _ => [&measured[..parts], &[Span::raw(gap)], set].concat(),
        });
        self.sheet.title(&left, right);
    }

    /// The axes: of values from 0 to `top`, its figures as `figure` prints them, and of time.
    pub(super) fn axes(&mut self, top: f64, figure: impl Fn(f64) -> String) {
        let rows = self.plot.height;
        let parts: &[f64] = match rows {
            0 | 1 => &[1.0],
            2 => &[0.0, 1.0],
            3..8 => &[0.0, 0.5, 1.0],
            _ => &[0.0, 0.25, 0.5, 0.75, 1.0],
        };
        for from_bottom in 0..rows {
            let mut parts = parts.iter();
            let tick = parts.find(|part| level(**part, rows) == Some(from_bottom));
            let figure = tick.map(|part| figure(part * top));
            let glyph = if figure.is_some() { "┤" } else { "│" };
            let mut pen = self.sheet.row(rows - from_bottom);
            pen.right(figure.unwrap_or_default(), FIGURES, Role::Rest)
                .text(glyph, Role::Rest);
        }
        self.time();
    }

    /// The time axis, with the marks of what was changed; of two marks in one place the newer one is drawn.
    fn time(&mut self) {
        let start = FIGURES + 1;
        let end = start + self.plot.width;
        let last = self.sheet.area.height.saturating_sub(1);
        let now = match self.model.frozen {
            Some(_) => [Span::styled("frozen", Role::Rest)],
            None => [Span::styled("now", Role::Rest)],
        };
        let line = "─".repeat(usize::from(end));
        let mut pen = self.sheet.row(last);
        pen.until(end).skip(FIGURES).text("└60s", Role::Rest);
        pen.text(line, Role::Rest);
        self.sheet.row(last).until(end).at_end(&now);
        // What was changed just now stands before the "now".
        let mut free = self.plot.width.saturating_sub(widths(&now));
        let axis = free;
        for mark in self.model.changes_of(self.row.id).rev() {
            let label = format!("▲{}", mark.number);
            let Some(at) = self.place(mark.at, self.plot.width) else {
                break;
            };
            let at = at.min(axis.saturating_sub(width(&label)));
            if at + width(&label) <= free {
                let mut pen = self.sheet.row(last);
                pen.until(start + axis)
                    .skip(start + at)
                    .text(&label, Role::Injected);
                free = at;
            }
        }
    }

    /// Where a moment stands among so many steps from left to right; `None` before the chart begins.
    fn place(&self, at: Duration, steps: u16) -> Option<u16> {
        let end = self.model.snapshot.at;
        let since = SPAN.checked_sub(end.saturating_sub(at))?;
        if steps == 0 {
            return None;
        }
        let from_left = since.as_millis() * u128::from(steps) / SPAN.as_millis();
        Some(u16::try_from(from_left).unwrap_or(u16::MAX).min(steps - 1))
    }

    /// The steps that a point of the history covers.
    pub(super) fn covered(&self, point: &Point, steps: u16) -> Option<Range<u16>> {
        let last = self.place(point.at, steps)?;
        let begin = point.at.saturating_sub(History::STEP);
        let first = self.place(begin, steps).unwrap_or(0);
        Some(first..last.max(first + 1))
    }

    /// A dashed line through a value, a fraction of the height, behind what is drawn.
    pub(super) fn dashes(&mut self, fraction: f64) {
        let Some(level) = level(fraction, self.plot.height) else {
            return;
        };
        for column in 0..self.plot.width {
            let x = self.plot.x + column;
            let y = self.plot.bottom() - 1 - level;
            let is_free = |cell: &ratatui::buffer::Cell| cell.symbol() == " ";
            if self.sheet.buf.cell((x, y)).is_some_and(is_free) {
                self.cell(column, level, "╌", Role::Injected);
            }
        }
    }

    /// Writes a glyph in a cell of the picture, a row counted from the bottom.
    pub(super) fn cell(&mut self, column: u16, from_bottom: u16, glyph: &str, role: Role) {
        let from_top = self.plot.height.saturating_sub(1 + from_bottom);
        let mut plot = self.sheet.part(self.plot);
        plot.row(from_top).skip(column).text(glyph, role);
    }

    /// A line of words in the middle of an empty picture.
    pub(super) fn say(&mut self, words: &str) {
        let words = format!(" {words} ");
        let blank = self.plot.width.saturating_sub(width(&words)) / 2;
        let mut plot = self.sheet.part(self.plot);
        let mut pen = plot.row(self.plot.height / 2);
        pen.skip(blank).text(words, Role::Rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
