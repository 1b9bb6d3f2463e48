//! The list of presets: figures and source of each, filtered by what is typed; Space tries one out.

use ratatui::layout::Position;

use super::pen::{Sheet, width};
use super::popup::{Filtered, line_of_list};
use super::strips::position;
use crate::preset::{self, PRESETS};
use crate::ui::model::{Model, PresetList};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 76;
/// Rows of the box that are no presets: the borders, the filter, a blank one, and the source.
const FRAME: u16 = 5;

/// How many presets there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    height.saturating_sub(FRAME + 2).max(1)
}

/// Draws the presets in a box, as many rows whatever the filter leaves of them; returns where the terminal's cursor
/// belongs.
pub(super) fn draw(model: &Model, list: &PresetList, sheet: &mut Sheet<'_>) -> Option<Position> {
    let all = u16::try_from(PRESETS.len()).unwrap_or(u16::MAX);
    let visible = room(sheet.area.height).min(all);
    let presets = list.shown();
    let part = position(list.first, visible.into(), presets.len());
    let name = model.proxy(list.proxy).map_or("", |(_, row)| &row.name);
    let filtered = Filtered {
        title: &format!("presets for {name}  {part}"),
        footer: "type to filter  Space tries it  Enter takes it  Esc: as before",
        filter: &list.filter,
        hint: "a name, or a part of one",
    };
    let (mut inner, cursor) = filtered.draw(sheet, (WIDTH, visible + FRAME));
    let names = preset::names().map(width).max().unwrap_or(0);
    let lines = presets.into_iter().enumerate().skip(list.first);
    for (at, (index, preset)) in (1..).zip(lines.take(visible.into())) {
        let (mark, [name, summary]) = line_of_list(index == list.line);
        let mut pen = inner.row(at);
        pen.skip(1).text(mark, Role::Title).to(3);
        pen.left(preset.name, names, name).skip(2);
        pen.text(preset.summary(), summary);
    }
    if let Some(preset) = list.selected() {
        let mut pen = inner.row(visible + 2);
        pen.skip(3).text("source: ", Role::Rest);
        pen.text(preset.source, Role::Plain);
    } else {
        let mut pen = inner.row(1);
        pen.skip(3).text("no preset has that in it", Role::Rest);
    }
    cursor
}
