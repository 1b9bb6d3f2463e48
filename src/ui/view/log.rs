//! What happened, the newest line first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::pen::{Pen, Rule, fit, fit_name, row, width};
use crate::snapshot::Taken;
use crate::ui::format;
use crate::ui::model::{Model, Said, Tone};
use crate::ui::theme::Role;

/// From this width on, times have milliseconds.
const EXACT_FROM: u16 = 56;

/// The pane that lists what happened.
pub(super) struct Log<'a> {
    pub(super) model: &'a Model,
}

/// The role of a line's text.
pub(super) const fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Plain,
        // Amber both: what the user did, and what the user should know without alarm.
        Tone::Injected | Tone::Doubtful => Role::Injected,
        Tone::Good => Role::Good,
        Tone::Trouble => Role::Trouble,
    }
}

impl Widget for &Log<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let title = Span::styled("what happened", theme.style(Role::Plain));
        let right = match &self.model.frozen {
            Some(frozen) if !frozen.held.is_empty() => {
                let text = format!("{} more since frozen", frozen.held.len());
                vec![vec![Span::styled(text, theme.style(Role::Trouble))]]
            }
            _ => Vec::new(),
        };
        let rule = Rule {
            left: vec![title],
            right,
        };
        rule.draw(row(area, 0), buf, theme);
        let visible = usize::from(area.height.saturating_sub(1));
        let lines = self.model.log.iter().rev().take(visible);
        let lines: Vec<Said<'_>> = lines.filter_map(|line| self.model.said(line)).collect();
        let names = lines
            .iter()
            .map(|line| width(line.proxy))
            .max()
            .unwrap_or(0)
            .min((area.width / 4).max(8));
        for (at, line) in (1..).zip(lines) {
            self.line(line, names, row(area, at), buf);
        }
    }
}

impl Log<'_> {
    fn line(&self, line: Said<'_>, names: u16, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let time = if area.width >= EXACT_FROM {
            format::clock_exact(line.at)
        } else {
            format::clock_narrow(line.at)
        };
        let taken = line.change.and_then(|change| change.taken);
        let taken = taken.map(self::taken).unwrap_or_default();
        let mut pen = Pen::new(buf, area);
        pen.skip(1).text(&time, theme.style(Role::Rest)).skip(1);
        pen.left(
            &fit_name(line.proxy, names),
            names,
            theme.style(Role::Plain),
        )
        .skip(1);
        if line.tone == Tone::Trouble {
            pen.text("! ", theme.style(Role::Trouble));
        }
        // Which connections took it is worth more than the end of a long text.
        let reserved = if taken.is_empty() {
            0
        } else {
            width(&taken) + 2
        };
        let room = pen.room().saturating_sub(reserved);
        pen.text(&fit(line.text, room), theme.style(role(line.tone)));
        pen.at_end(&[Span::styled(taken, theme.style(Role::Rest))]);
    }
}

/// `4/4 3ms`, `4 cut 1ms`.
fn taken(taken: Taken) -> String {
    let time = format::time_tight(std::time::Duration::from_micros(taken.micros));
    match taken.cut {
        0 => format!("{}/{} {time}", taken.taken, taken.of),
        cut => format!("{cut} cut {time}"),
    }
}
