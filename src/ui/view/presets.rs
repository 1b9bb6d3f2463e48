//! The list of presets: figures and source of each, Space tries one out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pen::{Pen, row, width};
use super::popup::popup;
use super::strips::position;
use crate::preset::{self, PRESETS};
use crate::ui::model::{Model, PresetList};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 76;
/// Rows of the box that are no presets: the borders, a blank one, and the source.
const FRAME: u16 = 4;

/// The list.
pub(super) struct PresetPanel<'a> {
    pub(super) model: &'a Model,
    pub(super) list: &'a PresetList,
}

/// How many presets there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    height.saturating_sub(FRAME + 2).max(1)
}

impl Widget for &PresetPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let visible = usize::from(room(area.height)).min(PRESETS.len());
        let shown = position(self.list.first, visible, PRESETS.len());
        let name = self.model.proxy(self.list.proxy);
        let name = name.map_or("", |(_, row)| &row.name);
        let title = format!("presets for {name}  {shown}");
        let footer = "Space tries it  Enter takes it  Esc: as before";
        let rows = u16::try_from(visible).unwrap_or(u16::MAX) + FRAME;
        let inner = popup([&title, footer], (WIDTH, rows), area, buf, theme);
        let names = preset::names().map(width).max().unwrap_or(0);
        let lines = PRESETS.iter().enumerate().skip(self.list.first);
        for (at, (index, preset)) in (0..).zip(lines.take(visible)) {
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
        if let Some(preset) = PRESETS.get(self.list.line) {
            let at = u16::try_from(visible).unwrap_or(u16::MAX) + 1;
            Pen::new(buf, row(inner, at))
                .skip(3)
                .text("source: ", theme.style(Role::Rest))
                .text(preset.source, theme.style(Role::Plain));
        }
    }
}
