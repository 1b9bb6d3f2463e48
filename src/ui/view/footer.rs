//! The last line: the keys that work here, from the key table; those that do not fit are dropped from the end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::header::SEED_FROM;
use super::pen::{Pen, Rule, row, width};
use crate::ui::keymap;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// The keys that work here.
pub(super) struct Footer<'a> {
    pub(super) model: &'a Model,
}

impl Widget for &Footer<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        if area.height > 1 {
            let right = if area.width < SEED_FROM {
                let seed = format!("seed {}", self.model.seed);
                vec![vec![Span::styled(seed, theme.style(Role::Plain))]]
            } else {
                Vec::new()
            };
            let rule = Rule {
                left: Vec::new(),
                right,
            };
            rule.draw(row(area, 0), buf, theme);
        }
        let mut pen = Pen::new(buf, row(area, area.height.saturating_sub(1)));
        pen.skip(1);
        for hint in keymap::footer(self.model.mode()) {
            if width(&hint.keys) + width(&hint.words) + 1 > pen.room() {
                break;
            }
            pen.text(&hint.keys, theme.style(Role::Title)).skip(1);
            pen.text(&hint.words, theme.style(Role::Plain)).skip(2);
        }
    }
}
