//! The last line: the keys that work here, from the key table; those that do not fit are dropped from the end.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::header::SEED_FROM;
use super::pen::{Pen, Rule, row, width};
use crate::ui::action::Action;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::{Focus, Model};
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
                left: self.draft(),
                right,
            };
            rule.draw(row(area, 0), buf, theme);
        }
        let mut pen = Pen::new(buf, row(area, area.height.saturating_sub(1)));
        pen.skip(1);
        for mut hint in keymap::footer(self.model.mode()) {
            if self.is_editing() && matches!(hint.action, Action::Accept) {
                "change it".clone_into(&mut hint.words);
            }
            if width(&hint.keys) + width(&hint.words) + 1 > pen.room() {
                break;
            }
            pen.text(&hint.keys, theme.style(Role::Title)).skip(1);
            pen.text(&hint.words, theme.style(Role::Plain)).skip(2);
        }
    }
}

impl Footer<'_> {
    /// Whether the line that has the keys changes a proxy and adds none.
    fn is_editing(&self) -> bool {
        self.model.mode() == Mode::Input && self.model.input.editing.is_some()
    }

    /// That a line was left before it was entered, and which key goes on with it.
    fn draft(&self) -> Vec<Span<'static>> {
        let input = &self.model.input;
        if self.model.focus == Focus::Input || input.field.text.value().is_empty() {
            return Vec::new();
        }
        let text = match input.editing.and_then(|id| self.model.proxy(id)) {
            Some((_, row)) => format!("edit of {} not entered: Esc forgets it", row.name),
            None => "a line is not entered: a goes on with it".to_owned(),
        };
        vec![Span::styled(text, self.model.theme.style(Role::Plain))]
    }
}
