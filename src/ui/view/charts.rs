//! What both charts of the selected proxy have in common: a minute, or what there is of the first one; two axes, the marks of
//! changes.
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
use ratatui::style::Style;
use ratatui::text::Span;

use super::pen::{Sheet, fit_name, width, widths};
use crate::snapshot::{History, Point, ProxyRow};
use crate::ui::ability;
use crate::ui::model::{Change, Model};
use crate::ui::theme::Role;

/// How far back a chart goes, in seconds: the first of these that holds all that there is, so that the first minute fills it.
const SPANS: [u64; 4] = [10, 20, 30, 60];
/// For so long after a change its mark stands out.
const FRESH: Duration = Duration::from_secs(3);
/// Marks with fewer columns between them are one.
const APART: u16 = 3;
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
    /// How far back it goes.
    span: Duration,
}

/// How far back the charts of a proxy go.
fn span(model: &Model, row: &ProxyRow) -> Duration {
    let end = model.snapshot.at;
    let first = row.history.points.front();
    let first = first.map_or(Duration::ZERO, |point| {
        point.at.saturating_sub(History::STEP)
    });
    let reached = end.saturating_sub(first);
    let mut spans = SPANS.map(Duration::from_secs).into_iter();
    spans.find(|span| *span >= reached).unwrap_or(History::SPAN)
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
            span: span(model, row),
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

    /// How far back it goes, in words.
    pub(super) fn since(&self) -> String {
        format!("{} s", self.span.as_secs())
    }

    /// The time axis, with the marks of what was changed: those that stand close to each other are one, `▲15-18`. The newest
    /// stands out for a moment.
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
        let begins = format!("{}s", self.span.as_secs());
        pen.until(end).skip(FIGURES).text("└", Role::Rest);
        pen.text(&begins, Role::Rest).text(line, Role::Rest);
        self.sheet.row(last).until(end).at_end(&now);
        // What was changed just now stands before the "now".
        let room = width(&begins) + 1..self.plot.width.saturating_sub(widths(&now) + 1);
        let changes: Vec<&Change> = self.model.changes_of(self.row.id).collect();
        let places = changes.iter().filter_map(|change| {
            let place = self.place(change.at, self.plot.width)?;
            Some((change.number, place))
        });
        let marks = marks(&places.collect::<Vec<_>>(), room.clone());
        let newest = changes.last().map(|change| change.turned.max(change.at));
        let is_fresh = newest.is_some_and(|at| self.model.now.saturating_sub(at) < FRESH);
        for (from_newest, (at, label)) in marks.into_iter().enumerate() {
            let style = Style::from(Role::Injected);
            let style = match (from_newest, is_fresh) {
                (0, true) => style,
                _ => style.not_bold(),
            };
            let mut pen = self.sheet.row(last);
            pen.until(start + room.end)
                .skip(start + at)
                .text(&label, style);
        }
    }

    /// Where a moment stands among so many steps from left to right; `None` before the chart begins.
    fn place(&self, at: Duration, steps: u16) -> Option<u16> {
        let end = self.model.snapshot.at;
        let since = self.span.checked_sub(end.saturating_sub(at))?;
        if steps == 0 {
            return None;
        }
        let from_left = since.as_millis() * u128::from(steps) / self.span.as_millis();
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

    /// Writes a text beside a value, a fraction of the height, where the axis of values ends.
    pub(super) fn label(&mut self, fraction: f64, text: &str, role: Role) {
        if let Some(level) = level(fraction, self.plot.height) {
            self.cell(0, level, text, role);
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
        let untold = ability::untold(self.model, self.row);
        let words = format!(" {} ", untold.as_deref().unwrap_or(words));
        let blank = self.plot.width.saturating_sub(width(&words)) / 2;
        let mut plot = self.sheet.part(self.plot);
        let mut pen = plot.row(self.plot.height / 2);
        pen.skip(blank).text(words, Role::Rest);
    }
}

/// The labels of changes, each a number and its column, oldest first; the newest label first, with the column where it
/// begins. All of them stand within `room`, with a blank between two.
fn marks(changes: &[(u32, u16)], room: Range<u16>) -> Vec<(u16, String)> {
    let mut labels: Vec<(u16, String)> = Vec::new();
    let mut changes = changes.iter().rev().peekable();
    let mut end = room.end;
    while let Some((last, at)) = changes.next() {
        let alone = |number: &u32| width(&number.to_string()) + 1;
        let (mut first, mut at) = (last, *at);
        at = at.min(end.saturating_sub(alone(last)));
        while let Some((number, column)) =
            changes.next_if(|(number, column)| column + alone(number) + APART > at)
        {
            (first, at) = (number, *column);
        }
        let label = if first == last {
            format!("▲{last}")
        } else {
            format!("▲{first}-{last}")
        };
        let Some(latest) = end.checked_sub(width(&label)) else {
            break;
        };
        at = at.min(latest);
        if at < room.start {
            break;
        }
        labels.push((at, label));
        end = at.saturating_sub(1);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_stand_close_are_one_and_leave_the_ends_of_the_axis_free() {
        let drawn = |changes: &[(u32, u16)]| {
            let mut axis = vec!['─'; 30];
            for (at, label) in marks(changes, 4..26) {
                for (place, letter) in label.chars().enumerate() {
                    axis[usize::from(at) + place] = letter;
                }
            }
            axis.into_iter().collect::<String>()
        };
        for (changes, axis) in [
            (vec![], "──────────────────────────────"),
            (vec![(7, 10)], "──────────▲7──────────────────"),
            (vec![(7, 10), (8, 15)], "──────────▲7───▲8─────────────"),
            (vec![(7, 10), (8, 14)], "──────────▲7-8────────────────"),
            (
                vec![(15, 9), (16, 9), (18, 12)],
                "─────────▲15-18───────────────",
            ),
            (vec![(9, 29)], "────────────────────────▲9────"),
            (vec![(9, 2), (10, 20)], "────────────────────▲10───────"),
            (
                vec![(9, 22), (10, 23), (12, 29)],
                "─────────────────────▲9-12────",
            ),
        ] {
            assert_eq!(drawn(&changes), axis, "{changes:?}");
        }
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
