//! Questions before something that cannot be undone: quitting, deleting, suspending while connections are open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pen::{Pen, row, width};
use super::popup::{place, popup};
use crate::snapshot::{ConnState, ProxyId};
use crate::ui::format;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Quit,
    Delete(ProxyId),
    Suspend,
}

/// A question, with its answers from the key table.
pub(super) struct QuestionPanel<'a> {
    pub(super) model: &'a Model,
    pub(super) question: Question,
}

impl Widget for &QuestionPanel<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let (title, lines) = self.words();
        let mode = match self.question {
            Question::Quit => Mode::Quit,
            Question::Delete(_) | Question::Suspend => Mode::Confirm,
        };
        let answers = keymap::footer(mode);
        let count = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
        let size = (
            widest.saturating_add(6).max(40),
            count(lines.len() + answers.len()).saturating_add(5),
        );
        let inner = popup([title, ""], place(size, area), buf, theme);
        let mut at = 1;
        for line in &lines {
            Pen::new(buf, row(inner, at))
                .skip(2)
                .text(line, theme.style(Role::Plain));
            at += 1;
        }
        at += 1;
        for answer in &answers {
            // The first one is the harmless one where it is a step back: quitting stays by default.
            Pen::new(buf, row(inner, at))
                .skip(4)
                .left(&answer.keys, 6, theme.style(Role::Title))
                .text(&answer.words, theme.style(Role::Plain));
            at += 1;
        }
    }
}

impl QuestionPanel<'_> {
    fn words(&self) -> (&'static str, Vec<String>) {
        match self.question {
            Question::Quit => ("quit?", self.what_ends()),
            Question::Delete(id) => {
                let (name, open) = self
                    .model
                    .proxy(id)
                    .map_or(("the proxy", 0), |(_, row)| (row.name.as_str(), row.open));
                let lines = vec![
                    format!("Delete {name}? {} with it.", live(open, "end", "ends")),
                    "Undo brings the proxy back, not its connections.".to_owned(),
                ];
                ("delete?", lines)
            }
            Question::Suspend => {
                let lines = vec![
                    format!(
                        "{} while this is stopped.",
                        live(self.model.open(), "stall", "stalls")
                    ),
                    "fg in the shell lets them go on.".to_owned(),
                ];
                ("suspend?", lines)
            }
        }
    }

    /// What quitting ends.
    fn what_ends(&self) -> Vec<String> {
        let snapshot = self.model.newest();
        let proxies = snapshot.proxies.len() as u64;
        let mut lines = vec![format!(
            "{} on {} when you quit.",
            live(self.model.open(), "end", "ends"),
            plural(proxies, "proxy", "proxies"),
        )];
        let held = |state| matches!(state, ConnState::Held | ConnState::Full);
        let holding = snapshot.conns.iter().filter(|conn| held(conn.state));
        let holding = holding.count() as u64;
        // Always a line, and always as long: bytes come and go, and the box stands still.
        lines.push(match holding {
            0 => "None of them holds bytes.".to_owned(),
            1 => "1 of them holds bytes.".to_owned(),
            many => format!("{} of them hold bytes.", format::count(many)),
        });
        lines
    }
}

/// `12 live connections end`.
fn live(count: u32, many: &str, one: &str) -> String {
    let verb = if count == 1 { one } else { many };
    format!(
        "{} {verb}",
        plural(u64::from(count), "live connection", "live connections")
    )
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        format::count(count),
        if count == 1 { one } else { many }
    )
}
