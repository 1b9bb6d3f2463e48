//! The line where proxies are added, and the field of a knob's value: what is typed, and what the parser says to it.
//!
//! ```text
//! ─ add proxy ───────────────────────────────────────────
//!  + 9090=htps://www.google.com lat 250ms
//!         ^ unknown protocol "htps": did you mean "https"?
//! ```
//!
//! Unfinished is dim and never red; wrong has a caret under the first column that is; right says what Enter does.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthChar;

use super::pen::{Pen, Rule, row, width, wrap};
use crate::fault::Value;
use crate::syntax::ParseError;
use crate::ui::input::{Check, Field};
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Overlay, PathField, ValueField};
use crate::ui::theme::{Role, Theme};
use crate::units::ByteRate;

/// Columns before the text.
const PROMPT: u16 = 3;

/// The line or the field that is open.
pub(super) struct InputPanel<'a> {
    pub(super) model: &'a Model,
}

/// What the parser says.
enum Answer<'a> {
    /// Nothing is typed: an example.
    Example(&'a str),
    Unfinished(&'a ParseError),
    Wrong(&'a ParseError),
    Right(&'a str),
    /// Of several pasted lines: what Enter does, or which one is wrong.
    Pasted(String),
}

impl Widget for &InputPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let focused = self.has_keys();
        let title = theme.style(if focused { Role::Title } else { Role::Plain });
        let rule = Rule {
            left: vec![Span::styled(self.title(), title)],
            right: Vec::new(),
        };
        rule.draw(row(area, 0), buf, theme);
        let (prompt, field) = self.field();
        let text = match (focused, field.proposed) {
            (true, true) => theme.selected(Role::Plain),
            (true, false) => theme.style(Role::Plain),
            (false, _) => theme.style(Role::Rest),
        };
        Pen::new(buf, row(area, 1))
            .skip(1)
            .text(prompt, theme.style(Role::Title));
        let pasted = self.pasted_lines();
        if !pasted.is_empty() {
            Pen::new(buf, row(area, 1)).skip(PROMPT).text(&pasted, text);
            self.answer(area, 0, buf);
            return;
        }
        let scroll = scroll(field, area);
        let shown = from_column(field.text.value(), scroll);
        Pen::new(buf, row(area, 1)).skip(PROMPT).text(shown, text);
        self.answer(area, scroll, buf);
    }
}

impl<'a> InputPanel<'a> {
    /// Where the terminal's cursor belongs, where this has the keys.
    pub(super) fn cursor(&self, area: Rect) -> Option<Position> {
        if !self.has_keys() || area.height < 2 || !self.pasted_lines().is_empty() {
            return None;
        }
        let (_, field) = self.field();
        let column = field
            .text
            .visual_cursor()
            .saturating_sub(scroll(field, area));
        let column = u16::try_from(column)
            .unwrap_or(u16::MAX)
            .saturating_add(PROMPT);
        Some(Position {
            x: area.x + column.min(area.width.saturating_sub(1)),
            y: area.y + 1,
        })
    }

    fn value(&self) -> Option<&'a ValueField> {
        let mut overlays = self.model.overlays.iter().rev();
        overlays.find_map(|overlay| match overlay {
            Overlay::Value(value) => Some(value),
            _ => None,
        })
    }

    fn path(&self) -> Option<&'a PathField> {
        let mut overlays = self.model.overlays.iter().rev();
        overlays.find_map(|overlay| match overlay {
            Overlay::Path(path) => Some(path),
            _ => None,
        })
    }

    fn has_keys(&self) -> bool {
        match self.model.overlays.last() {
            None => self.model.focus == Focus::Input,
            Some(Overlay::Value(_) | Overlay::Path(_)) => true,
            Some(_) => false,
        }
    }

    fn title(&self) -> String {
        let name = |id| self.model.proxy(id).map_or("proxy", |(_, row)| &row.name);
        if let Some(value) = self.value() {
            let label = knob::all()
                .get(value.knob)
                .map_or("", |dial| dial.knob.label);
            return format!("set {label} of {}", name(value.proxy));
        }
        if let Some(path) = self.path() {
            let title = if path.writes {
                "write the desk to a file"
            } else {
                "add a file's proxies"
            };
            return title.to_owned();
        }
        let input = &self.model.input;
        match (input.editing, input.pasted.len()) {
            (_, 2..) => format!("add {} proxies", input.pasted.len()),
            (Some(id), _) => format!("edit {}", name(id)),
            (None, _) => "add proxy".to_owned(),
        }
    }

    fn field(&self) -> (&'static str, &'a Field) {
        match (self.value(), self.path()) {
            (Some(value), _) => ("=", &value.field),
            (None, Some(path)) => (">", &path.field),
            (None, None) if self.model.input.editing.is_some() => ("~", &self.model.input.field),
            (None, None) => ("+", &self.model.input.field),
        }
    }

    fn says(&self) -> Answer<'a> {
        if let Some(value) = self.value() {
            return match &value.error {
                None => Answer::Right(sets(value.value)),
                Some(error) if error.unfinished => Answer::Unfinished(error),
                Some(error) => Answer::Wrong(error),
            };
        }
        if self.path().is_some() {
            return Answer::Example("a file's name, from here or from the root: desk.scene");
        }
        if !self.model.input.pasted.is_empty() {
            return Answer::Pasted(self.model.input.pasted_summary());
        }
        match &self.model.input.check {
            Check::Empty => {
                Answer::Example("… 9090=https://www.google.com   35432=psql://my-db lat 250ms")
            }
            Check::Unfinished(error) => Answer::Unfinished(error),
            Check::Wrong(error) => Answer::Wrong(error),
            Check::Right(text) => Answer::Right(text),
        }
    }

    /// The pasted lines side by side.
    fn pasted_lines(&self) -> String {
        if self.value().is_some() || self.path().is_some() {
            return String::new();
        }
        let lines = self.model.input.pasted.iter();
        let lines: Vec<&str> = lines.map(|line| line.text.as_str()).collect();
        lines.join("  +  ")
    }

    fn pasted(&self, text: &str, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let (mark, role) = if self.model.input.pasted_right() {
            ("ok", Role::Good)
        } else {
            (" !", Role::Trouble)
        };
        let first = row(area, 2);
        Pen::new(buf, first)
            .skip(PROMPT)
            .text(mark, theme.style(role));
        let lines = wrap(text, area.width.saturating_sub(PROMPT + 5));
        for (at, line) in (2..).zip(&lines) {
            Pen::new(buf, row(area, at))
                .skip(PROMPT + 4)
                .text(line, theme.style(Role::Plain));
        }
    }

    fn answer(&self, area: Rect, scroll: usize, buf: &mut Buffer) {
        let theme = self.model.theme;
        let rest = theme.style(Role::Rest);
        let line = row(area, 2);
        match self.says() {
            Answer::Example(text) => {
                Pen::new(buf, line).skip(PROMPT).text(text, rest);
            }
            Answer::Right(text) => {
                let mut pen = Pen::new(buf, line);
                pen.skip(PROMPT).text("ok", theme.style(Role::Good)).skip(2);
                pen.text(text, theme.style(Role::Plain));
            }
            Answer::Pasted(text) => self.pasted(&text, area, buf),
            Answer::Unfinished(error) => {
                let next = if error.expected.is_empty() {
                    format!("… {}", error.message)
                } else {
                    format!("… next: {}", error.expected.join(", "))
                };
                let column = u16::try_from(caret(error).saturating_sub(scroll)).unwrap_or(0);
                let last = area.width.saturating_sub(width(&next) + PROMPT);
                Pen::new(buf, line)
                    .skip(PROMPT + column.min(last))
                    .text(&next, rest);
            }
            Answer::Wrong(error) => wrong(error, scroll, area, buf, theme),
        }
    }
}

/// What Enter does with a value.
fn sets(value: Option<Value>) -> &'static str {
    match value {
        None => "Enter turns it off on every open connection",
        Some(Value::Rate(rate)) if rate == ByteRate::new(0) => {
            "nothing passes: Enter stops every open connection's bytes; off takes the limit away"
        }
        Some(_) => "Enter sets it on every open connection",
    }
}

/// The caret under the first wrong column, and why: beside the caret, below it where there is not enough room.
fn wrong(error: &ParseError, scroll: usize, area: Rect, buf: &mut Buffer, theme: Theme) {
    let trouble = theme.style(Role::Trouble);
    let column = u16::try_from(caret(error).saturating_sub(scroll)).unwrap_or(u16::MAX);
    let column = column
        .saturating_add(PROMPT)
        .min(area.width.saturating_sub(1));
    let message = &error.message;
    let columns = width(message);
    Pen::new(buf, row(area, 2)).to(column).text("^", trouble);
    if column + 2 + columns <= area.width {
        Pen::new(buf, row(area, 2))
            .to(column + 2)
            .text(message, trouble);
    } else if area.height > 3 {
        let margin = PROMPT.min(area.width.saturating_sub(columns));
        Pen::new(buf, row(area, 3))
            .skip(margin)
            .text(message, trouble);
    } else if columns + 2 <= column {
        Pen::new(buf, row(area, 2))
            .to(column - columns - 1)
            .text(message, trouble);
    } else {
        let plain: Style = trouble;
        Pen::new(buf, row(area, 2))
            .to(column + 2)
            .text(message, plain);
    }
}

/// The display column of the first wrong character.
fn caret(error: &ParseError) -> usize {
    let before = error.input.chars().take(error.span.start);
    before.map(|letter| letter.width().unwrap_or(0)).sum()
}

/// How many columns of a text have left its field, so that the cursor is in it.
fn scroll(field: &Field, area: Rect) -> usize {
    field
        .text
        .visual_scroll(usize::from(area.width.saturating_sub(PROMPT + 1)))
}

/// The text from a display column on.
fn from_column(text: &str, column: usize) -> &str {
    let mut passed = 0;
    for (at, letter) in text.char_indices() {
        if passed >= column {
            return &text[at..];
        }
        passed += letter.width().unwrap_or(0);
    }
    ""
}
