//! What is drawn where nothing else has room: what runs, and the keys that matter.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::widgets::Widget;

use super::pen::{Pen, row};
use crate::fault::Directions;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// For so long the answer to a key is shown.
const ANSWERED: Duration = Duration::from_secs(3);

/// A message for a screen that is too small.
pub(super) struct TooSmall<'a> {
    pub(super) model: &'a Model,
    /// The least size that is enough.
    pub(super) needed: Size,
}

impl Widget for &TooSmall<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let (plain, title) = (
            self.model.theme.style(Role::Plain),
            self.model.theme.style(Role::Title),
        );
        let Size { width, height } = self.needed;
        let lines = [
            (
                format!(
                    "too small: {}x{}, needs {width}x{height}",
                    area.width, area.height
                ),
                title,
            ),
            (self.summary(), plain),
            (self.state(), plain),
            ("! all off   q quit".to_owned(), plain),
        ];
        for (at, (text, style)) in (0..).zip(&lines) {
            // A blank line between them where there is room.
            let down = if area.height >= 8 { at * 2 } else { at };
            let margin = if area.width >= 38 { 2 } else { 0 };
            Pen::new(buf, row(area, down))
                .skip(margin)
                .text(text, *style);
        }
    }
}

impl TooSmall<'_> {
    /// The answer to the last key for a moment; else whether the faults act.
    fn state(&self) -> String {
        let model = self.model;
        let said = model.notice.as_ref().and_then(|line| model.said(line));
        let fresh = said.filter(|said| model.now.saturating_sub(said.at) <= ANSWERED);
        let mut rows = model.snapshot.proxies.iter();
        let is_bypassed = |id| model.plan(id).is_some_and(|plan| plan.bypassed);
        match fresh {
            Some(said) => said.to_string(),
            None if rows.len() > 0 && rows.all(|row| is_bypassed(row.id)) => {
                "all bypassed: no fault acts".to_owned()
            }
            None => "proxies keep running".to_owned(),
        }
    }

    fn summary(&self) -> String {
        let proxies = self.model.snapshot.proxies.len();
        let noun = if proxies == 1 { "proxy" } else { "proxies" };
        let mut text = format!("{proxies} {noun}  {} conn", self.model.open());
        let selected = self.model.selected_row();
        let dial = knob::all().get(self.model.knob);
        if let (Some(row), Some(dial)) = (selected, dial) {
            let value = self
                .model
                .plan(row.id)
                .and_then(|plan| dial.value(plan, Directions::Both));
            let value = value.map_or_else(|| "off".to_owned(), format::value);
            text = format!("{text}  {} {} {value}", dial.knob.label, row.name);
        }
        text
    }
}
