//! The list of presets: figures and source of each, filtered by what is typed; Space tries one out.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget;

use super::pen::{Pen, row, width};
use super::popup::{cursor_in, filter, place, popup};
use super::strips::position;
use crate::preset::{self, PRESETS};
use crate::ui::model::{Model, PresetList};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 76;
/// Rows of the box that are no presets: the borders, the filter, a blank one, and the source.
const FRAME: u16 = 5;

/// The list of presets in a box over the panes.
pub(super) struct PresetPanel<'a> {
    pub(super) model: &'a Model,
    pub(super) list: &'a PresetList,
}

/// How many presets there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    height.saturating_sub(FRAME + 2).max(1)
}

/// How many rows the list has, whatever the filter leaves of it.
fn rows(area: Rect) -> u16 {
    let all = u16::try_from(PRESETS.len()).unwrap_or(u16::MAX);
    room(area.height).min(all)
}

impl PresetPanel<'_> {
    /// Where the terminal's cursor belongs: in the filter.
    pub(super) fn cursor(&self, area: Rect) -> Option<Position> {
        let place = place((WIDTH, rows(area) + FRAME), area);
        cursor_in(&self.list.filter, place)
    }

    fn presets(&self, visible: u16, inner: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let names = preset::names().map(width).max().unwrap_or(0);
        let presets = self.list.shown().into_iter().enumerate();
        let lines = presets.skip(self.list.first).take(usize::from(visible));
        for (at, (index, preset)) in (1..).zip(lines) {
            let mut styles = [Role::Title, Role::Plain].map(|role| theme.style(role));
            let mut pen = Pen::new(buf, row(inner, at));
            if index == self.list.line {
                styles = [Role::Title, Role::Plain].map(|role| theme.selected(role));
                pen.text(" ▸ ", theme.style(Role::Title));
            } else {
                pen.skip(3);
            }
            pen.left(preset.name, names, styles[0]).skip(2);
            pen.text(&preset.summary(), styles[1]);
        }
    }
}

impl Widget for &PresetPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let visible = rows(area);
        let shown = self.list.shown().len();
        let part = position(self.list.first, usize::from(visible), shown);
        let name = self.model.proxy(self.list.proxy);
        let name = name.map_or("", |(_, row)| &row.name);
        let title = format!("presets for {name}  {part}");
        let footer = "type to filter  Space tries it  Enter takes it  Esc: as before";
        let place = place((WIDTH, visible + FRAME), area);
        let inner = popup([&title, footer], place, buf, theme);
        filter(
            &self.list.filter,
            "a name, or a part of one",
            inner,
            buf,
            theme,
        );
        self.presets(visible, inner, buf);
        match self.list.selected() {
            Some(preset) => Pen::new(buf, row(inner, visible + 2))
                .skip(3)
                .text("source: ", theme.style(Role::Rest))
                .text(preset.source, theme.style(Role::Plain)),
            None => Pen::new(buf, row(inner, 1))
                .skip(3)
                .text("no preset has that in it", theme.style(Role::Rest)),
        };
    }
}
