//! Writing on the screen, a row at a time: clipped, with an ellipsis where something did not fit.
//!
//! Panels decide what stands where; that nothing leaves its area, whatever the width of its characters, is decided here. A
//! panel is given a sheet, the part of the screen that is its own, and takes a pen for each row that it writes.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::hits::{Hits, Target};
use crate::ui::theme::Role;

/// A part of the screen: whoever draws on it cannot leave it.
pub(super) struct Sheet<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) area: Rect,
    /// What stands where, where somebody asks.
    hits: Option<&'a mut Hits>,
}

/// A pen that writes along one row of a sheet, from left to right.
pub(super) struct Pen<'a> {
    buf: &'a mut Buffer,
    hits: Option<&'a mut Hits>,
    x: u16,
    y: u16,
    start: u16,
    end: u16,
}

/// How many columns a text takes; characters of control take none and are not drawn.
pub(super) fn width(text: &str) -> u16 {
    if text.is_ascii() {
        return u16::try_from(text.len()).unwrap_or(u16::MAX);
    }
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// How many columns these take.
pub(super) fn widths(spans: &[Span<'_>]) -> u16 {
    let columns = spans.iter().map(|span| width(&span.content));
    columns.fold(0, u16::saturating_add)
}

/// The text in at most this many columns; what was cut off is an ellipsis.
pub(super) fn fit(text: &str, columns: u16) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let Some(room) = columns.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let (head, _) = split(text, room);
    Cow::Owned(format!("{head}…"))
}

/// As much of the text as takes at most this many columns, and what follows it.
fn split(text: &str, columns: u16) -> (&str, &str) {
    let mut taken = 0;
    let mut letters = text.char_indices();
    let next = letters.find(|(_, letter)| {
        taken += u16::try_from(letter.width().unwrap_or(0)).unwrap_or(0);
        taken > columns
    });
    text.split_at(next.map_or(text.len(), |(at, _)| at))
}

/// The name in at most this many columns, cut in its middle where it is longer, `orders-…-eu2`: names of one family differ
/// at their ends.
pub(super) fn fit_name(name: &str, columns: u16) -> Cow<'_, str> {
    if width(name) <= columns {
        return Cow::Borrowed(name);
    }
    let Some(room) = columns.checked_sub(1).filter(|room| *room > 2) else {
        return fit(name, columns);
    };
    let tail = room * 2 / 5;
    let head = fit(name, room - tail + 1);
    let mut taken = 0;
    let letters = name.char_indices().rev();
    let behind = letters.take_while(|(_, letter)| {
        taken += u16::try_from(letter.width().unwrap_or(0)).unwrap_or(0);
        taken <= tail
    });
    let start = behind.last().map_or(name.len(), |(at, _)| at);
    Cow::Owned(format!("{head}{}", &name[start..]))
}

/// The text in lines of at most this many columns, two at the least, broken at blanks where there are any.
pub(super) fn wrap(text: &str, columns: u16) -> Vec<String> {
    // No letter is wider than two columns.
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) <= columns {
            line = format!("{line} {word}");
            continue;
        }
        if !line.is_empty() {
            lines.push(line);
        }
        let (mut head, mut rest) = split(word, columns);
        while !rest.is_empty() {
            lines.push(head.to_owned());
            (head, rest) = split(rest, columns);
        }
        line = String::from(head);
    }
    lines.push(line);
    lines
}

// === impl Sheet ===

impl<'a> Sheet<'a> {
    /// The part of a buffer that an area covers.
    pub(super) fn new(buf: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buf.area);
        let hits = None;
        Self { buf, area, hits }
    }

    /// The part of a buffer that an area covers; what stands where is recorded.
    pub(super) fn recording(buf: &'a mut Buffer, area: Rect, hits: &'a mut Hits) -> Self {
        let hits = Some(hits);
        let area = area.intersection(buf.area);
        Self { buf, area, hits }
    }

    /// Says what stands on this sheet, wherever nothing is said later.
    pub(super) fn holds(&mut self, target: Target) {
        if let Some(hits) = &mut self.hits {
            hits.add(self.area, target);
        }
    }

    /// The part of this sheet that an area of the screen covers.
    pub(super) fn part(&mut self, area: Rect) -> Sheet<'_> {
        Sheet {
            area: area.intersection(self.area),
            buf: self.buf,
            hits: self.hits.as_deref_mut(),
        }
    }

    /// Takes the colours off what stands here: it is what was, and nobody knows what is.
    pub(super) fn dim(&mut self) {
        for position in self.area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.set_style(Style::reset());
                cell.modifier = Modifier::DIM;
            }
        }
    }

    /// A pen at the left of a row, counted from 0. In a row that the sheet does not have it writes nothing.
    pub(super) fn row(&mut self, row: u16) -> Pen<'_> {
        let Rect { x, y, height, .. } = self.area;
        let end = if row < height { self.area.right() } else { x };
        Pen {
            buf: self.buf,
            hits: self.hits.as_deref_mut(),
            x,
            y: y.saturating_add(row),
            start: x,
            end,
        }
    }

    /// Draws titles in a horizontal line along the first row: `─ left ───────── right ─`. What stands at the left is cut off
    /// where there is no room; at the right stands the first that fits, the most complete first.
    pub(super) fn title<'s>(
        &mut self,
        left: &[Span<'_>],
        right: impl IntoIterator<Item = Vec<Span<'s>>>,
    ) {
        self.rule(Role::Rest, left, right);
    }

    /// Draws titles so, in a line of this role: bright over the pane that has the keys.
    pub(super) fn rule<'s>(
        &mut self,
        role: Role,
        left: &[Span<'_>],
        right: impl IntoIterator<Item = Vec<Span<'s>>>,
    ) {
        let columns = self.area.width;
        let line = "─".repeat(usize::from(columns));
        self.row(0).text(line, role);
        let taken = if left.is_empty() {
            0
        } else {
            widths(left).saturating_add(4)
        };
        let fits = |right: &Vec<Span<'_>>| {
            let wide = widths(right);
            wide > 0 && taken.saturating_add(wide).saturating_add(4) <= columns
        };
        if let Some(right) = right.into_iter().find(fits) {
            let mut pen = self.row(0);
            pen.to(columns - widths(&right) - 3).text(" ", role);
            pen.spans(&right).text(" ", role);
        }
        if !left.is_empty() && columns > 4 {
            let mut pen = self.row(0);
            pen.until(columns - 1).skip(1).text(" ", role);
            pen.spans(left).text(" ", role);
        }
    }
}

// === impl Pen ===

impl Pen<'_> {
    /// How many columns are left.
    pub(super) fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Says what stands in the next columns.
    pub(super) fn holds(&mut self, columns: u16, target: Target) -> &mut Self {
        let area = Rect::new(self.x, self.y, columns.min(self.room()), 1);
        if let Some(hits) = &mut self.hits {
            hits.add(area, target);
        }
        self
    }

    /// Says what stands in the whole row, where somebody asks: it is made for that alone.
    pub(super) fn holds_line(&mut self, target: impl FnOnce() -> Target) -> &mut Self {
        if self.hits.is_some() {
            self.holds(u16::MAX, target());
        }
        self
    }

    /// Writes nothing from this column of the row on, counted from 0.
    pub(super) fn until(&mut self, column: u16) -> &mut Self {
        self.end = self.start.saturating_add(column).min(self.end);
        self
    }

    /// Writes a text, cut off where there is no room.
    pub(super) fn text(&mut self, text: impl AsRef<str>, style: impl Into<Style>) -> &mut Self {
        if self.room() > 0 {
            let fitting = fit(text.as_ref(), self.room());
            // What was there before leaves no attribute behind: styles would add up.
            for x in self.x..self.x.saturating_add(width(&fitting)).min(self.end) {
                self.buf[(x, self.y)].reset();
            }
            let room = usize::from(self.room());
            let (x, _) = self.buf.set_stringn(self.x, self.y, fitting, room, style);
            self.x = x;
        }
        self
    }

    /// Writes a text in a column of this width, at its left.
    pub(super) fn left(
        &mut self,
        text: impl AsRef<str>,
        columns: u16,
        style: impl Into<Style>,
    ) -> &mut Self {
        let end = self.x.saturating_add(columns).min(self.end);
        self.text(fit(text.as_ref(), columns), style);
        self.x = end;
        self
    }

    /// Writes a text in a column of this width, at its right.
    pub(super) fn right(
        &mut self,
        text: impl AsRef<str>,
        columns: u16,
        style: impl Into<Style>,
    ) -> &mut Self {
        let fitting = fit(text.as_ref(), columns);
        let blank = columns.saturating_sub(width(&fitting));
        self.skip(blank).text(&fitting, style)
    }

    /// Gives what stands in the rest of the row another style.
    pub(super) fn restyle(&mut self, style: Style) {
        let rest = Rect::new(self.x, self.y, self.room(), 1);
        self.buf.set_style(rest, style);
    }

    /// Leaves columns as they are.
    pub(super) fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Goes to this column of the row, counted from 0; never back.
    pub(super) fn to(&mut self, column: u16) -> &mut Self {
        let x = self.start.saturating_add(column).min(self.end);
        self.x = self.x.max(x);
        self
    }

    /// Writes these one after another.
    pub(super) fn spans(&mut self, spans: &[Span<'_>]) -> &mut Self {
        for span in spans {
            self.text(&span.content, span.style);
        }
        self
    }

    /// Writes these so that they end at the end of the row.
    pub(super) fn at_end(&mut self, spans: &[Span<'_>]) -> &mut Self {
        self.skip(self.room().saturating_sub(widths(spans)))
            .spans(spans)
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;

    #[test]
    fn a_name_that_does_not_fit_is_cut_in_its_middle() {
        for (name, columns, fitted) in [
            ("orders", 6, "orders"),
            ("orders-primary-eu2", 12, "orders-…-eu2"),
            ("orders-primary-eu2", 8, "order…u2"),
            ("orders:35432", 10, "orders…432"),
            ("orders", 3, "or…"),
            ("orders", 1, "…"),
            ("orders", 0, ""),
        ] {
            assert_eq!(fit_name(name, columns), fitted, "{name} in {columns}");
        }
    }

    #[test]
    fn a_text_that_does_not_fit_ends_in_an_ellipsis() {
        for (text, columns, fitted) in [
            ("mapping", 7, "mapping"),
            ("mapping", 6, "mappi…"),
            ("mapping", 1, "…"),
            ("mapping", 0, ""),
            ("名前です", 8, "名前です"),
            ("名前です", 7, "名前で…"),
            ("名前です", 6, "名前…"),
        ] {
            assert_eq!(fit(text, columns), fitted);
            assert!(width(&fit(text, columns)) <= columns);
        }
    }

    #[test]
    fn a_wrapped_text_is_whole_and_stays_in_its_columns() {
        let text = "certificate of my-db: give --ca-file 名前です";
        assert_eq!(
            wrap(text, 16),
            ["certificate of", "my-db: give", "--ca-file", "名前です"]
        );
        for columns in 2..60 {
            let lines = wrap(text, columns);
            assert!(lines.iter().all(|line| width(line) <= columns), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn a_pen_stays_in_its_area() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 2));
        let area = Rect::new(2, 1, 4, 1);
        let mut sheet = Sheet::new(&mut buf, area);
        let mut pen = sheet.row(0);
        pen.text("ab", Style::new())
            .right("名前です", 4, Style::new())
            .text("more", Style::new());
        assert_eq!(buf, Buffer::with_lines(["        ", "  ab …  "]));
    }

    #[test]
    fn what_is_written_over_leaves_no_attribute_behind() {
        let area = Rect::new(0, 0, 4, 1);
        let mut buf = Buffer::empty(area);
        let mut sheet = Sheet::new(&mut buf, area);
        sheet.row(0).text("────", Style::new().dim().red());
        sheet.row(0).text("ab", Style::new().bold());
        assert_eq!(buf[(0, 0)].modifier, Modifier::BOLD);
        assert_eq!(buf[(0, 0)].fg, Color::Reset);
        assert_eq!(buf[(2, 0)].modifier, Modifier::DIM);
    }

    #[test]
    fn a_rule_with_nothing_at_its_right_is_whole() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        let area = buf.area;
        let right = [Vec::new(), vec![Span::raw("")]];
        Sheet::new(&mut buf, area).title(&[Span::raw("left")], right);
        let text: String = buf
            .content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!(text, "─ left ─────");
    }

    #[test]
    fn a_pen_without_an_area_writes_nothing() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        for area in [
            Rect::new(0, 0, 0, 0),
            Rect::new(9, 9, 4, 1),
            Rect::new(0, 1, 4, 1),
        ] {
            Sheet::new(&mut buf, area).row(0).text("text", Style::new());
        }
        assert_eq!(buf, Buffer::empty(Rect::new(0, 0, 4, 1)));
    }

    #[test]
    fn a_rule_drops_its_right_title_before_it_cuts_its_left_one() {
        let right = ["the right", "right"].map(|title| vec![Span::raw(title)]);
        for (columns, drawn) in [
            (24, "─ left ───── the right ─"),
            (18, "─ left ─── right ─"),
            (12, "─ left ─────"),
            (6, "─ le…─"),
        ] {
            let mut buf = Buffer::empty(Rect::new(0, 0, columns, 1));
            let area = buf.area;
            Sheet::new(&mut buf, area).title(&[Span::raw("left")], right.clone());
            let text: String = buf
                .content
                .iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect();
            assert_eq!(text, drawn);
        }
    }
}
