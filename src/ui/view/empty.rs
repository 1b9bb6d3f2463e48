//! The first screen: what to type, and what then happens.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pen::{Pen, row};
use crate::ui::model::{Focus, Model};
use crate::ui::theme::Role;

/// Mappings that would work, and what each is.
const EXAMPLES: [(&str, &str); 4] = [
    ("35432=psql://my-db:5432", "this port → that upstream"),
    ("9090=https://www.google.com", "plain here, TLS there"),
    (
        "6380=redis:6379 lat 250ms",
        "with a fault from the first byte on",
    ),
    ("0=example.com:80", "on any free port"),
];

/// What is drawn where there is no proxy.
pub(super) struct Empty<'a> {
    pub(super) model: &'a Model,
}

impl Widget for &Empty<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let (plain, rest) = (theme.style(Role::Plain), theme.style(Role::Rest));
        let typing = self.model.focus == Focus::Input;
        let first = if typing {
            "Type a mapping and press Enter. It is checked while you type."
        } else {
            "Press a, type a mapping, and press Enter."
        };
        // In the middle, a little above it.
        let lines = 8;
        let mut at = area.height.saturating_sub(lines) * 2 / 5;
        let margin = if area.width >= 120 {
            (area.width - 72) / 2
        } else {
            4
        };
        Pen::new(buf, row(area, at))
            .skip(margin)
            .text(first, theme.style(Role::Title));
        at += 2;
        for (mapping, meaning) in EXAMPLES {
            Pen::new(buf, row(area, at))
                .skip(margin + 2)
                .left(mapping, 31, theme.style(Role::Injected))
                .text(meaning, rest);
            at += 1;
        }
        let addr = self
            .model
            .bind
            .first()
            .map_or_else(|| "127.0.0.1".to_owned(), ToString::to_string);
        let then = format!("Then point your application at {addr}:35432,");
        Pen::new(buf, row(area, at + 1))
            .skip(margin)
            .text(&then, plain);
        let turn = "and press → to slow it down: every open connection feels it.";
        Pen::new(buf, row(area, at + 2))
            .skip(margin)
            .text(turn, plain);
    }
}
