//! Draws what is being typed, and what the parser says to it: the line of a proxy that is added or changed, or the field of a
//! knob's value or of a file's name.
//!
//! ```text
//! ─ add proxy ───────────────────────────────────────────
//!  + 9090=htps://www.google.com lat 250ms
//!         ^ unknown protocol "htps": did you mean "https"?
//! ```
//!
//! What is unfinished is dim and never red. What is wrong has a caret under its first wrong column. What is right says what
//! Enter does.

use ratatui::layout::Position;
use ratatui::text::Span;
use unicode_width::UnicodeWidthChar;

use super::hits::Target;
use super::pen::{Sheet, width, wrap};
use crate::syntax::ParseError;
use crate::ui::find::{Find, Place};
use crate::ui::format;
use crate::ui::input::{Check, Field, InputLine};
use crate::ui::knob;
use crate::ui::model::{Focus, Holds, Model, Overlay, PathField, ValueField};
use crate::ui::theme::Role;

/// Columns before the text.
const PROMPT: u16 = 3;

/// The line or the field that is open.
enum Open<'a> {
    /// The line where proxies are added and changed.
    Line(&'a InputLine),
    /// The field of a knob's value.
    Value(&'a ValueField),
    /// The field of a file's name.
    Path(&'a PathField),
    /// The field of what is looked for in a list.
    Find(Place, &'a Find, String),
}

/// What the parser says.
enum Answer<'a> {
    /// Nothing is typed: an example.
    Example(&'static str),
    Unfinished(&'a ParseError),
    Wrong(&'a ParseError),
    Right(&'a str),
    /// How much of a list is found, and the words that it knows.
    Found(&'a str, &'static str),
    /// Of several pasted lines: what Enter does, or which one is wrong.
    Pasted(&'a InputLine),
}

/// Draws the line or the field that is open; returns where the terminal's cursor belongs, where it has the keys.
pub(super) fn draw(model: &Model, mut sheet: Sheet<'_>) -> Option<Position> {
    let open = Open::of(model);
    let has_keys = match model.overlays.last() {
        None => model.focus == Focus::Input,
        Some(overlay) => matches!(
            overlay,
            Overlay::Value(_) | Overlay::Path(_) | Overlay::Find(_)
        ),
    };
    let (prompt, field) = open.field();
    let (title, text) = match (has_keys, field.proposed) {
        (true, true) => (Role::Title, Role::Plain.selected()),
        (true, false) => (Role::Title, Role::Plain.into()),
        (false, _) => (Role::Plain, Role::Rest.into()),
    };
    let rule = if has_keys { Role::Title } else { Role::Rest };
    sheet.rule(rule, &[Span::styled(open.title(model), title)], None);
    let columns = sheet.area.width;
    let room = columns.saturating_sub(PROMPT + 1);
    let scroll = field.text.visual_scroll(room.into());
    let mut pen = sheet.row(1);
    pen.skip(1).text(prompt, Role::Title).to(PROMPT);
    let answer = open.says();
    if has_keys && !matches!(answer, Answer::Pasted(_)) {
        pen.holds(u16::MAX, Target::Text(scroll));
    }
    if let Answer::Pasted(line) = answer {
        let lines: Vec<&str> = line.pasted.iter().map(|line| line.text.as_str()).collect();
        pen.text(lines.join("  +  "), text);
    } else {
        pen.text(from_column(field.text.value(), scroll), text);
    }
    answer.draw(scroll, &mut sheet);
    let cursor = field.text.visual_cursor().saturating_sub(scroll);
    let cursor = u16::try_from(cursor).unwrap_or(u16::MAX);
    let cursor = cursor.saturating_add(PROMPT).min(columns.saturating_sub(1));
    let is_shown = has_keys && sheet.area.height > 1 && !matches!(answer, Answer::Pasted(_));
    is_shown.then_some(Position {
        x: sheet.area.x + cursor,
        y: sheet.area.y + 1,
    })
}

// === impl Open ===

impl<'a> Open<'a> {
    fn of(model: &'a Model) -> Self {
        let mut topmost_first = model.overlays.iter().rev();
        let field = topmost_first.find_map(|overlay| match overlay {
            Overlay::Value(value) => Some(Self::Value(value)),
            Overlay::Path(path) => Some(Self::Path(path)),
            Overlay::Find(place) => Some(Self::Find(
                *place,
                model.finds.of(*place),
                found(model, *place),
            )),
            _ => None,
        });
        field.unwrap_or(Self::Line(&model.input))
    }

    fn title(&self, model: &Model) -> String {
        let name = |id| model.proxy(id).map_or("proxy", |(_, row)| &row.name);
        match self {
            Self::Value(value) => {
                let dial = knob::all().get(value.knob);
                let label = dial.map_or("", |dial| dial.knob.label);
                format!("set {label} of {}", name(value.proxy))
            }
            Self::Path(path) => match (path.holds, path.writes) {
                (Holds::Sweep(_), _) => "write the curve to a file",
                (Holds::Tape, _) => "save the tape of the last hour",
                (Holds::Desk, true) => "write the desk to a file",
                (Holds::Desk, false) => "add a file's proxies",
            }
            .to_owned(),
            Self::Find(place, ..) => place.title().to_owned(),
            Self::Line(line) => match (line.editing, line.pasted.len()) {
                (_, many @ 2..) => format!("add {many} proxies"),
                (Some(id), _) => format!("edit {}", name(id)),
                (None, _) => "add proxy".to_owned(),
            },
        }
    }

    /// The mark before the text, and the text.
    const fn field(&self) -> (&'static str, &'a Field) {
        match self {
            Self::Value(value) => ("=", &value.field),
            Self::Path(path) => (">", &path.field),
            Self::Find(_, find, _) => ("/", &find.field),
            Self::Line(line) if line.editing.is_some() => ("~", &line.field),
            Self::Line(line) => ("+", &line.field),
        }
    }

    fn says(&self) -> Answer<'_> {
        match self {
            Self::Value(value) => match &value.says {
                Ok(text) => Answer::Right(text),
                Err(error) if error.unfinished => Answer::Unfinished(error),
                Err(error) => Answer::Wrong(error),
            },
            Self::Find(place, find, found) => match &find.error {
                None if find.is_empty() => Answer::Example(place.example()),
                None => Answer::Found(found, place.example()),
                Some(error) if error.unfinished => Answer::Unfinished(error),
                Some(error) => Answer::Wrong(error),
            },
            Self::Path(path) if path.changes.is_some() => Answer::Example(if path.times {
                "the desk as it was, and each change at its time; Tab leaves the times out"
            } else {
                "a file's name: desk.scene; Tab keeps each change with its time, too"
            }),
            Self::Path(path) if path.holds == Holds::Tape => {
                Answer::Example("a file's name: faultboard report and faultboard replay read it")
            }
            Self::Path(_) => {
                Answer::Example("a file's name, from here or from the root: desk.scene")
            }
            Self::Line(line) if !line.pasted.is_empty() => Answer::Pasted(line),
            Self::Line(line) => match &line.check {
                Check::Empty => {
                    Answer::Example("… 9090=https://www.google.com   35432=psql://my-db lat 250ms")
                }
                Check::Unfinished(error) => Answer::Unfinished(error),
                Check::Wrong(error) => Answer::Wrong(error),
                Check::Right(text) => Answer::Right(text),
            },
        }
    }
}

// === impl Answer ===

impl Answer<'_> {
    /// Draws it below the text, which has left its field by `scroll` columns.
    fn draw(&self, scroll: usize, sheet: &mut Sheet<'_>) {
        let columns = sheet.area.width;
        let mut pen = sheet.row(2);
        match *self {
            Self::Example(text) => {
                pen.skip(PROMPT).text(text, Role::Rest);
            }
            Self::Right(text) => {
                pen.skip(PROMPT).text("ok", Role::Good).skip(2);
                pen.text(text, Role::Plain);
            }
            Self::Found(found, words) => {
                pen.skip(PROMPT).text("ok", Role::Good).skip(2);
                pen.text(found, Role::Plain).skip(3).text(words, Role::Rest);
            }
            Self::Pasted(line) => {
                let (mark, role) = if line.pasted_right() {
                    ("ok", Role::Good)
                } else {
                    (" !", Role::Trouble)
                };
                pen.skip(PROMPT).text(mark, role);
                let lines = wrap(&line.pasted_summary(), columns.saturating_sub(PROMPT + 5));
                for (at, line) in (2..).zip(lines) {
                    sheet.row(at).skip(PROMPT + 4).text(line, Role::Plain);
                }
            }
            Self::Unfinished(error) => {
                let next = if error.expected.is_empty() {
                    format!("… {}", error.message)
                } else {
                    format!("… next: {}", error.expected.join(", "))
                };
                let column = u16::try_from(caret(error).saturating_sub(scroll)).unwrap_or(0);
                let last = columns.saturating_sub(width(&next) + PROMPT);
                pen.skip(PROMPT + column.min(last)).text(next, Role::Rest);
            }
            Self::Wrong(error) => wrong(error, scroll, sheet),
        }
    }
}

/// How much of a list is found: `3 of 2 500`.
fn found(model: &Model, place: Place) -> String {
    let (found, all) = match place {
        Place::Strips => (model.strips().count(), model.snapshot.proxies.len()),
        Place::Conns => (model.conns.total, model.conns.all),
        Place::Events => (model.found_lines(None).count(), model.log.len()),
    };
    let count = |count: usize| format::count(count as u64);
    format!("{} of {}", count(found), count(all))
}

/// Draws what is wrong with a text, or may follow it, below the text in the second row of a sheet.
pub(super) fn draw_error(error: &ParseError, scroll: usize, sheet: &mut Sheet<'_>) {
    let answer = if error.unfinished {
        Answer::Unfinished(error)
    } else {
        Answer::Wrong(error)
    };
    answer.draw(scroll, sheet);
}

/// The caret under the first wrong column, and why: beside the caret, below it where there is not enough room.
fn wrong(error: &ParseError, scroll: usize, sheet: &mut Sheet<'_>) {
    let columns = sheet.area.width;
    let caret = u16::try_from(caret(error).saturating_sub(scroll)).unwrap_or(u16::MAX);
    let caret = caret.saturating_add(PROMPT).min(columns.saturating_sub(1));
    let message = &error.message;
    let wide = width(message);
    sheet.row(2).to(caret).text("^", Role::Trouble);
    let beside = (2, caret + 2);
    let (row, column) = if caret + 2 + wide <= columns {
        beside
    } else if sheet.area.height > 3 {
        (3, PROMPT.min(columns.saturating_sub(wide)))
    } else if wide + 2 <= caret {
        (2, caret - wide - 1)
    } else {
        beside
    };
    sheet.row(row).to(column).text(message, Role::Trouble);
}

/// The display column of the first wrong character.
fn caret(error: &ParseError) -> usize {
    let before = error.input.chars().take(error.span.start);
    before.map(|letter| letter.width().unwrap_or(0)).sum()
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
