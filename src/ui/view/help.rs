//! Draws the help: the keys that work in the mode below it, from the key table, filtered by what is typed. Enter does the
//! selected line.

use ratatui::layout::Position;

use super::hits::Target;
use super::pen::{Sheet, width};
use super::popup::{Filtered, line_of_list, select};
use super::strips::position;
use crate::ui::ability;
use crate::ui::keymap::{self, Hint};
use crate::ui::model::{Help, Model};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 72;
/// Rows of the box that are no keys: the borders, the filter and a blank one.
const FRAME: u16 = 4;

/// How many keys there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    height.saturating_sub(FRAME + 2).max(1)
}

/// Draws the keys in a box; returns where the terminal's cursor belongs.
pub(super) fn draw(model: &Model, help: &Help, sheet: &mut Sheet<'_>) -> Option<Position> {
    let hints = help.shown();
    let visible = room(sheet.area.height);
    let shown = position(help.first, visible.into(), hints.len());
    let list = Filtered {
        title: &format!("keys here: {}  {shown}", help.mode.title()),
        footer: "type to filter  Enter does it  Esc closes",
        filter: &help.filter,
        hint: "a word, or a key",
    };
    let all = u16::try_from(keymap::help(help.mode, "").len()).unwrap_or(u16::MAX);
    let rows = all.min(visible).saturating_add(FRAME);
    let (mut inner, cursor) = list.draw(sheet, (WIDTH, rows));
    if hints.is_empty() {
        let text = "no key and no line of the palette does that";
        inner.row(2).skip(3).text(text, Role::Rest);
    }
    keys(model, help, &hints, visible.into(), &mut inner);
    cursor
}

/// The visible lines, a heading beside the first of each group.
fn keys(model: &Model, help: &Help, hints: &[Hint], visible: usize, inner: &mut Sheet<'_>) {
    let program = ability::program(model).name();
    let keys = hints.iter().map(|hint| width(&hint.keys)).max();
    let keys = keys.unwrap_or(0).min(22);
    let mut group = None;
    let lines = hints.iter().enumerate().skip(help.first);
    for (at, (index, hint)) in (2..).zip(lines.take(visible)) {
        let (mark, [key, words]) = line_of_list(index == help.line);
        let mut pen = inner.row(at);
        pen.holds(u16::MAX, Target::Line(index));
        pen.skip(1).text(mark, Role::Title);
        if group != Some(hint.group) {
            group = Some(hint.group);
            pen.to(3).text(hint.group.title(), Role::Rest);
        }
        pen.to(12).text(&hint.keys, key);
        pen.to(12 + keys + 2);
        if ability::why_not(model, &hint.action).is_some() {
            pen.text(format!("not over {program}: "), Role::Rest)
                .text(&hint.words, Role::Rest);
        } else {
            pen.text(&hint.words, words);
        }
        if index == help.line {
            select(inner, at);
        }
    }
}
