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

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::pen::{Pen, Rule, row, width};
use super::plot::level;
use crate::snapshot::{History, Point, ProxyRow};
use crate::ui::model::Model;
use crate::ui::theme::{Role, Theme};

/// How far back a chart goes.
const SPAN: Duration = Duration::from_secs(60);
/// Columns of the figures beside the vertical axis.
pub(super) const FIGURES: u16 = 6;
/// Steps of a scale whose half is a round number too.
const ROUND: [f64; 6] = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];

/// One chart: its frame, and where things stand in it.
pub(super) struct Chart<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a ProxyRow,
    area: Rect,
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

impl<'a> Chart<'a> {
    pub(super) fn new(model: &'a Model, row: &'a ProxyRow, area: Rect) -> Self {
        let axis = FIGURES + 1;
        let plot = Rect {
            x: area.x + axis.min(area.width),
            y: area.y + 1.min(area.height),
            width: area.width.saturating_sub(axis + 1),
            height: area.height.saturating_sub(2),
        };
        Self {
            model,
            row,
            area,
            plot,
        }
    }

    pub(super) fn theme(&self) -> Theme {
        self.model.theme
    }

    /// The title: the proxy's name, what is drawn, and at the right the first of `right` that fits.
    pub(super) fn title(&self, names: [&str; 2], right: Vec<Vec<Span<'_>>>, buf: &mut Buffer) {
        let name = if self.area.width >= 56 {
            names[0]
        } else {
            names[1]
        };
        let least = right.last().map_or(0, |spans| super::pen::widths(spans));
        let room = self.area.width.saturating_sub(least + width(name) + 10);
        let proxy = super::pen::fit_name(&self.row.name, room.max(4)).into_owned();
        let left = vec![
            Span::styled(proxy, self.theme().style(Role::Title)),
            Span::styled(format!("  {name}"), self.theme().style(Role::Plain)),
        ];
        Rule { left, right }.draw(row(self.area, 0), buf, self.theme());
    }

    /// The vertical axis, from 0 to `top`, its figures as `figure` prints them.
    pub(super) fn axis(&self, top: f64, figure: impl Fn(f64) -> String, buf: &mut Buffer) {
        let rest = self.theme().style(Role::Rest);
        let rows = self.plot.height;
        let parts: &[f64] = match rows {
            0 | 1 => &[1.0],
            2 => &[0.0, 1.0],
            3..8 => &[0.0, 0.5, 1.0],
            _ => &[0.0, 0.25, 0.5, 0.75, 1.0],
        };
        for from_top in 0..rows {
            let from_bottom = rows - 1 - from_top;
            let line = row(self.area, from_top + 1);
            let tick = parts
                .iter()
                .find(|part| level(**part, rows) == Some(from_bottom));
            let mut pen = Pen::new(buf, line);
            match tick {
                Some(part) => pen
                    .right(&figure(part * top), FIGURES, rest)
                    .text("┤", rest),
                None => pen.skip(FIGURES).text("│", rest),
            };
        }
        self.time(buf);
    }

    /// The time axis, with the marks of what was changed; of two marks in one place the newer one is drawn.
    fn time(&self, buf: &mut Buffer) {
        let rest = self.theme().style(Role::Rest);
        let area = Rect {
            width: (FIGURES + 1 + self.plot.width).min(self.area.width),
            ..row(self.area, self.area.height.saturating_sub(1))
        };
        let line = "─".repeat(usize::from(area.width));
        let mut pen = Pen::new(buf, area);
        pen.skip(FIGURES).text("└60s", rest).text(&line, rest);
        let end = if self.model.frozen.is_some() {
            "frozen"
        } else {
            "now"
        };
        Pen::new(buf, area).at_end(&[Span::styled(end, rest)]);
        let axis = Rect {
            x: self.plot.x,
            width: self.plot.width.saturating_sub(width(end)),
            ..area
        };
        let mut free = axis.width;
        for mark in self.model.changes_of(self.row.id).rev() {
            let label = format!("▲{}", mark.number);
            let Some(at) = self.place(mark.at, self.plot.width) else {
                break;
            };
            // What was changed just now stands before the "now".
            let at = at.min(axis.width.saturating_sub(width(&label)));
            if at + width(&label) <= free {
                let mut pen = Pen::new(buf, axis);
                pen.skip(at)
                    .text(&label, self.theme().style(Role::Injected));
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

    /// A dashed line through a value, a fraction of the height.
    pub(super) fn dashes(&self, fraction: f64, role: Role, buf: &mut Buffer) {
        if let Some(level) = level(fraction, self.plot.height) {
            let line = row(self.plot, self.plot.height - 1 - level);
            let dashes = "╌".repeat(usize::from(line.width));
            Pen::new(buf, line).text(&dashes, self.theme().style(role));
        }
    }

    /// Writes a glyph in a cell of the picture, a row counted from the bottom.
    pub(super) fn cell(
        &self,
        column: u16,
        from_bottom: u16,
        glyph: &str,
        role: Role,
        buf: &mut Buffer,
    ) {
        let from_top = self.plot.height.saturating_sub(1 + from_bottom);
        Pen::new(buf, row(self.plot, from_top))
            .skip(column)
            .text(glyph, self.theme().style(role));
    }

    /// A line of words in the middle of an empty picture.
    pub(super) fn say(&self, words: &str, buf: &mut Buffer) {
        let words = format!(" {words} ");
        let line = row(self.plot, self.plot.height / 2);
        let blank = line.width.saturating_sub(width(&words)) / 2;
        let mut pen = Pen::new(buf, line);
        pen.skip(blank).text(&words, self.theme().style(Role::Rest));
    }
}
