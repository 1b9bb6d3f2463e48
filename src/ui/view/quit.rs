//! Questions before something that cannot be undone: quitting, deleting, suspending while connections are open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pen::{Pen, row, width};
use super::popup::popup;
use crate::snapshot::{ConnState, ProxyId};
use crate::ui::format;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// A question.
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
        let theme = &self.model.theme;
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
        let inner = popup([title, ""], size, area, buf, theme);
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
        let open = self.model.open();
        let proxies = self.model.newest().proxies.len();
        match self.question {
            Question::Quit => {
                let mut lines = vec![format!(
                    "{} on {} when you quit.",
                    live(u64::from(open), "end", "ends"),
                    plural(proxies as u64, "proxy", "proxies"),
                )];
                let snapshot = self.model.newest();
                let held = |state| matches!(state, ConnState::Held | ConnState::Full);
                let holding = snapshot
                    .conns
                    .iter()
                    .filter(|conn| held(conn.state))
                    .count();
                if holding > 0 {
                    let holds = if holding == 1 { "holds" } else { "hold" };
                    lines.push(format!(
                        "{} of them {holds} bytes.",
                        format::count(holding as u64)
                    ));
                }
                ("quit?", lines)
            }
            Question::Delete(id) => {
                let (name, open) = self
                    .model
                    .proxy(id)
                    .map_or(("the proxy", 0), |(_, row)| (row.name.as_str(), row.open));
                let lines = vec![
                    format!(
                        "Delete {name}? {} with it.",
                        live(u64::from(open), "end", "ends")
                    ),
                    "Undo brings the proxy back, not its connections.".to_owned(),
                ];
                ("delete?", lines)
            }
            Question::Suspend => {
                let lines = vec![
                    format!(
                        "{} while this is stopped.",
                        live(u64::from(open), "stall", "stalls")
                    ),
                    "fg in the shell lets them go on.".to_owned(),
                ];
                ("suspend?", lines)
            }
        }
    }
}

/// `12 live connections end`.
fn live(count: u64, many: &str, one: &str) -> String {
    let verb = if count == 1 { one } else { many };
    format!(
        "{} {verb}",
        plural(count, "live connection", "live connections")
    )
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        format::count(count),
        if count == 1 { one } else { many }
    )
}
