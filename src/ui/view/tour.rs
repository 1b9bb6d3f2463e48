//! The act of a tour, above the large figures: its title, its sentence, and the keys that its viewer presses.
//!
//! ```text
//! ─ act 2 of 6  A quarter of a second ─────────────── n next  N before ─
//!  The way to the shop gets longer.
//!  press  5
//! ```

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::pen::{Sheet, wrap};
use crate::tour::Act;
use crate::ui::keymap::{self, Key, Mode};
use crate::ui::model::{Guide, Model};
use crate::ui::theme::Role;

/// Below so many rows the page has room for one line of an act beside its title.
const TALL: u16 = 16;
/// From so many rows on there is air below.
const AIRY: u16 = 24;

/// Draws the act in the first rows of a page, and returns the rest of the page: all of it where there is no tour.
pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>) -> Rect {
    let guide = model.guide.as_ref();
    let Some((guide, act)) = guide.and_then(|guide| Some((guide, guide.act()?))) else {
        return sheet.area;
    };
    title(guide, act, sheet);
    let Rect { width, height, .. } = sheet.area;
    let room = if height >= TALL { 2 } else { 1 };
    let mut lines = wrap(&said(guide, act), width.saturating_sub(2));
    let cut = lines.len() > room;
    lines.truncate(room);
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        last.push('…');
    }
    let role = if guide.is_done() {
        Role::Good
    } else {
        Role::Plain
    };
    for (row, line) in (1..).zip(&lines) {
        sheet.row(row).skip(1).text(line, role);
    }
    // The room stays the same, so that nothing below jumps from act to act.
    let row = if height >= TALL { 3 } else { 2 };
    draw_keys(guide, &act.press, row, sheet);
    let row = (row + 1 + u16::from(height >= AIRY)).min(height);
    Rect {
        y: sheet.area.y + row,
        height: height - row,
        ..sheet.area
    }
}

fn title(guide: &Guide, act: &Act, sheet: &mut Sheet<'_>) {
    let place = guide.at.map_or(0, |at| at + 1);
    let all = guide.tour.acts.len();
    let left = [
        Span::styled(format!("act {place} of {all}"), Role::Plain),
        Span::styled(format!("  {}", act.title), Role::Title),
    ];
    let plays = if guide.plays { "plays itself  " } else { "" };
    let keys = vec![
        Span::styled(plays, Role::Plain),
        Span::styled("n", Role::Title),
        Span::styled(" next  ", Role::Plain),
        Span::styled("N", Role::Title),
        Span::styled(" before", Role::Plain),
    ];
    sheet.title(&left, [keys]);
}

/// The sentence of this moment.
fn said(guide: &Guide, act: &Act) -> String {
    let text = if act.press.is_empty() {
        format!("{} {}", act.say, act.look)
    } else if guide.is_done() && !act.look.is_empty() {
        act.look.clone()
    } else {
        act.say.clone()
    };
    text.trim().to_owned()
}

/// The keys of the act: those that were pressed are dim.
fn draw_keys(guide: &Guide, press: &[String], row: u16, sheet: &mut Sheet<'_>) {
    let mut pen = sheet.row(row);
    pen.skip(1);
    if press.is_empty() || guide.is_done() {
        pen.text("n", Role::Title).text(" goes on", Role::Plain);
        return;
    }
    pen.text("press", Role::Plain);
    for (at, word) in press.iter().enumerate() {
        let role = if at < guide.pressed {
            Role::Rest
        } else {
            Role::Injected
        };
        pen.skip(2).text(shown(word), role);
    }
}

/// The key that means what this one means by default.
fn shown(word: &str) -> String {
    let key = Key::named(word);
    let now = |mode| keymap::by_default(mode, key?);
    let found = now(Mode::Presenter).or_else(|| now(Mode::Knobs));
    found.map_or_else(|| word.to_owned(), |(_, key)| key.to_string())
}
