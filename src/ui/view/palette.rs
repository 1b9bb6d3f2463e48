//! Draws the palette: the line, what it may mean, and what Enter will do; at the foot of the screen, so that the strips stay in
//! sight.
//!
//! ```text
//! ┌─ do anything by its name ────────────────────────────────────────────────┐
//! │: los 2                                                                   │
//! │                                                                          │
//! │ ▸ loss 2%                          on db, the selected proxy             │
//! │   loss 2% on all                   3 proxies, 12 open connections        │
//! │                                                                          │
//! │ db: LOS off → 2%, on 4 open connections. What TCP makes of packet loss … │
//! │ also here:  burst=3  rtt=250ms  stalls=on  share=30%  up  down           │
//! │ the same on standard input:  set db loss 2%                              │
//! └──────────────────────────────────────────────────────────────────────────┘
//! ```

use ratatui::layout::{Position, Rect};

use super::hits::Target;
use super::input::draw_error;
use super::pen::{Sheet, width, wrap};
use super::popup::{boxed, line_of_list, select};
use crate::ui::model::Palette;
use crate::ui::theme::Role;

/// Columns of the box at most.
const WIDTH: u16 = 110;
/// Rows of the box that are no entries: the borders, the line, what is wrong with it, a blank one, what Enter does.
const FRAME: u16 = 9;
/// Rows of what Enter does.
const SAYS: u16 = 4;
/// Columns before the line and the entries.
const MARGIN: u16 = 3;

/// How many entries there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    (height * 2 / 3).saturating_sub(FRAME).clamp(1, 12)
}

/// Draws the palette; returns where the terminal's cursor belongs.
pub(super) fn draw(palette: &Palette, sheet: &mut Sheet<'_>) -> Position {
    let whole = sheet.area;
    let visible = room(whole.height);
    let rows = (visible + FRAME).min(whole.height);
    let columns = WIDTH.min(whole.width.saturating_sub(2));
    let place = Rect {
        x: whole.x + (whole.width - columns) / 2,
        y: (whole.bottom() - rows).saturating_sub(1).max(whole.y),
        width: columns,
        height: rows,
    };
    let mut inner = boxed(sheet, place, ["do anything by its name", ""]);
    let room = inner.area.width.saturating_sub(MARGIN + 1);
    let scroll = palette.field.text.visual_scroll(room.into());
    let line = Rect {
        y: inner.area.y.saturating_sub(1),
        height: 3,
        ..inner.area
    };
    list(palette, visible, &mut inner);
    typed(palette, scroll, &mut sheet.part(line))
}

/// What the line may mean, and what Enter does.
fn list(palette: &Palette, visible: u16, inner: &mut Sheet<'_>) {
    let names = palette.entries.iter().map(|entry| width(&entry.name));
    let names = names.max().unwrap_or(0).max(16);
    let names = names.min(inner.area.width * 2 / 5);
    let entries = palette.entries.iter().enumerate().skip(palette.first);
    for (at, (index, entry)) in (2..).zip(entries.take(visible.into())) {
        let (mark, [name, about]) = line_of_list(index == palette.line);
        let mut pen = inner.row(at);
        pen.holds(u16::MAX, Target::Line(index));
        pen.skip(1).text(mark, Role::Title).to(MARGIN);
        pen.left(&entry.name, names, name).skip(2);
        pen.text(&entry.about, about);
        if index == palette.line {
            select(inner, at);
        }
    }
    let columns = inner.area.width.saturating_sub(2);
    let says = palette.says.iter().flat_map(|line| wrap(line, columns));
    for (at, line) in (visible + 3..).zip(says.take(SAYS.into())) {
        inner.row(at).skip(1).text(line, Role::Plain);
    }
}

/// The line, and what is wrong with it under its column; returns where the cursor belongs.
fn typed(palette: &Palette, scroll: usize, sheet: &mut Sheet<'_>) -> Position {
    let text = palette.field.text.value();
    let line = sheet.area;
    let mut pen = sheet.row(1);
    pen.skip(1).text(":", Role::Title).to(MARGIN);
    pen.holds(u16::MAX, Target::Text(scroll));
    if text.is_empty() {
        pen.text(
            "loss 2%, 3g, 250ms, a proxy, the words of a key",
            Role::Rest,
        );
    } else {
        let cut: String = text.chars().skip(scroll).collect();
        pen.text(cut, Role::Plain);
    }
    if let Some(error) = &palette.error {
        draw_error(error, scroll, sheet);
    }
    let typed = palette.field.text.visual_cursor().saturating_sub(scroll);
    let typed = u16::try_from(typed).unwrap_or(u16::MAX);
    Position {
        x: (line.x + MARGIN)
            .saturating_add(typed)
            .min(line.right().saturating_sub(1)),
        y: line.y + 1,
    }
}
