//! The keys that work here, from the key table: filtered by what is typed, and Enter does the selected line.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::Widget;

use super::pen::{Pen, row, width};
use super::popup::{cursor_in, filter, place, popup};
use super::strips::position;
use crate::ui::keymap::{self, Hint};
use crate::ui::model::{Help, Model};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 72;
/// Rows of the box that are no keys: the borders, the filter and a blank one.
const FRAME: u16 = 4;

/// The keys that work here.
pub(super) struct HelpPanel<'a> {
    pub(super) model: &'a Model,
    pub(super) help: &'a Help,
}

/// How many keys there is room for on a screen of this height.
pub(super) fn room(height: u16) -> u16 {
    height.saturating_sub(FRAME + 2).max(1)
}

impl HelpPanel<'_> {
    /// Where the terminal's cursor belongs: in the filter.
    pub(super) fn cursor(&self, area: Rect) -> Option<Position> {
        cursor_in(&self.help.filter, place((WIDTH, self.rows(area)), area))
    }

    fn rows(&self, area: Rect) -> u16 {
        let all = u16::try_from(keymap::help(self.help.mode, "").len()).unwrap_or(u16::MAX);
        all.min(room(area.height))
            .saturating_add(FRAME)
            .min(area.height)
    }
}

impl Widget for &HelpPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let typed = self.help.filter.text.value();
        let hints = keymap::help(self.help.mode, typed);
        let visible = usize::from(room(area.height));
        let shown = position(self.help.first, visible, hints.len());
        let title = format!("keys here: {}  {shown}", self.help.mode.title());
        let footer = "type to filter  Enter does it  Esc closes";
        let place = place((WIDTH, self.rows(area)), area);
        let inner = popup([&title, footer], place, buf, theme);
        filter(&self.help.filter, "a word, or a key", inner, buf, theme);
        if hints.is_empty() {
            let rest = theme.style(Role::Rest);
            Pen::new(buf, row(inner, 2))
                .skip(3)
                .text("no key does that here", rest);
            let others = keymap::elsewhere(self.help.mode, typed);
            for (at, (mode, hint)) in (3..).zip(&others) {
                let text = format!("in {}: {}  {}", mode.title(), hint.keys, hint.words);
                Pen::new(buf, row(inner, at)).skip(3).text(&text, rest);
            }
        }
        self.keys(&hints, visible, inner, buf);
    }
}

impl HelpPanel<'_> {
    /// The visible lines, a heading beside the first of each group.
    fn keys(&self, hints: &[Hint], visible: usize, inner: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let keys = hints.iter().map(|hint| width(&hint.keys)).max();
        let keys = keys.unwrap_or(0).min(22);
        let mut group = None;
        let lines = hints.iter().enumerate().skip(self.help.first);
        for (at, (index, hint)) in (2..).zip(lines.take(visible)) {
            let line = row(inner, at);
            if group != Some(hint.group) {
                group = Some(hint.group);
                let mut pen = Pen::new(buf, line);
                pen.skip(3)
                    .text(hint.group.title(), theme.style(Role::Rest));
            }
            let mut styles = [Role::Title, Role::Plain].map(|role| theme.style(role));
            if index == self.help.line {
                styles = [Role::Title, Role::Plain].map(|role| theme.selected(role));
                Pen::new(buf, line)
                    .skip(1)
                    .text("▸", theme.style(Role::Title));
            }
            let mut pen = Pen::new(buf, line);
            pen.to(12).text(&hint.keys, styles[0]);
            pen.to(12 + keys + 2).text(&hint.words, styles[1]);
        }
    }
}
