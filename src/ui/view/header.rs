//! The first line: what runs, how fast, and everything that a glance must not miss.
//!
//! ```text
//!  FAULTBOARD  3 proxies  12 conn  ↑412 kB/s ↓8.4 MB/s     ● LIVE  undo 3  00:12:41
//! ```
//!
//! What warns is never dropped: a frozen screen, bypassed faults, certificates that nobody checks, lost events.

use std::net::IpAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::pen::{Pen, width};
use crate::fault::PerDirection;
use crate::ui::format;
use crate::ui::model::Model;
use crate::ui::theme::{Role, Theme};

/// From this width on the seed stands in the header; below, in the line above the footer.
pub(super) const SEED_FROM: u16 = 120;

/// The first line.
pub(super) struct Header<'a> {
    pub(super) model: &'a Model,
}

/// A piece of the line; where there is no room, those with the least need go first.
struct Piece {
    need: u8,
    text: String,
    role: Role,
    alarm: bool,
}

impl Widget for &Header<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let (mut left, mut right) = (self.left(), self.right(area.width));
        loop {
            let all = left.iter().chain(&right);
            let taken: u16 = all.clone().map(|piece| width(&piece.text) + 2).sum();
            let least = all.map(|piece| piece.need).min();
            match least {
                Some(least) if taken > area.width && left.len() + right.len() > 1 => {
                    left.retain(|piece| piece.need > least);
                    right.retain(|piece| piece.need > least);
                }
                _ => break,
            }
        }
        let theme = self.model.theme;
        let mut pen = Pen::new(buf, area);
        pen.skip(1).spans(&spans(&left, theme));
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let right = spans(&right, theme);
        let mut pen = Pen::new(buf, inner);
        pen.at_end(&right);
    }
}

fn spans(pieces: &[Piece], theme: Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(pieces.len() * 2);
    for piece in pieces {
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        let style = if piece.alarm {
            theme.selected(piece.role)
        } else {
            theme.style(piece.role)
        };
        spans.push(Span::styled(piece.text.clone(), style));
    }
    spans
}

fn piece(need: u8, role: Role, text: impl Into<String>) -> Piece {
    Piece {
        need,
        text: text.into(),
        role,
        alarm: false,
    }
}

fn alarm(text: impl Into<String>) -> Piece {
    Piece {
        alarm: true,
        ..piece(100, Role::Trouble, text)
    }
}

impl Header<'_> {
    fn left(&self) -> Vec<Piece> {
        let snapshot = &self.model.snapshot;
        let mut pieces = vec![piece(20, Role::Title, "FAULTBOARD")];
        let proxies = snapshot.proxies.len();
        pieces.push(match proxies {
            0 => piece(60, Role::Plain, "no proxies yet"),
            1 => piece(60, Role::Plain, "1 proxy"),
            _ => piece(60, Role::Plain, format!("{proxies} proxies")),
        });
        if proxies == 0 {
            return pieces;
        }
        let open = snapshot.proxies.iter().map(|row| u64::from(row.open)).sum();
        pieces.push(piece(
            70,
            Role::Plain,
            format!("{} conn", format::count(open)),
        ));
        let PerDirection { up, down } = snapshot.rates.map(format::rate);
        pieces.push(piece(50, Role::Measured, format!("↑{up} ↓{down}")));
        let failed: u64 = snapshot.proxies.iter().map(|row| row.failed).sum();
        if failed > 0 {
            let text = format!("failed {}", format::count(failed));
            pieces.push(piece(27, Role::Trouble, text));
        }
        pieces
    }

    fn right(&self, width: u16) -> Vec<Piece> {
        let model = self.model;
        let mut pieces = Vec::new();
        if model.snapshot.proxies.iter().any(|row| row.insecure) {
            pieces.push(alarm("INSECURE"));
        }
        if let Some(addr) = model.bind.iter().find(|addr| !addr.is_loopback()) {
            pieces.push(piece(35, Role::Trouble, exposed(*addr)));
        }
        if model.lost > 0 {
            let text = format!("{} events lost", format::count(model.lost));
            pieces.push(piece(90, Role::Trouble, text));
        }
        pieces.extend(self.bypassed());
        pieces.push(self.live());
        if width >= SEED_FROM {
            pieces.push(piece(10, Role::Plain, format!("seed {}", model.seed)));
        }
        if !model.undo.is_empty() {
            pieces.push(piece(25, Role::Plain, format!("undo {}", model.undo.len())));
        }
        let clock = if model.quiet {
            format::minutes(model.now)
        } else {
            format::clock(model.now)
        };
        pieces.push(piece(30, Role::Plain, clock));
        pieces
    }

    fn bypassed(&self) -> Option<Piece> {
        let proxies = &self.model.snapshot.proxies;
        if let Some((_, row)) = self
            .model
            .solo
            .as_ref()
            .and_then(|solo| self.model.proxy(solo.proxy))
        {
            let name = super::pen::fit_name(&row.name, 12);
            return Some(piece(95, Role::Trouble, format!("⊘ SOLO {name}")));
        }
        let is_bypassed = |id| self.model.plan(id).is_some_and(|plan| plan.bypassed);
        match proxies.iter().filter(|row| is_bypassed(row.id)).count() {
            0 => None,
            all if all == proxies.len() => Some(piece(95, Role::Trouble, "⊘ ALL BYPASSED")),
            some => Some(piece(45, Role::Trouble, format!("⊘ {some} bypassed"))),
        }
    }

    fn live(&self) -> Piece {
        let model = self.model;
        if let Some(until) = model.draining {
            let left = until.saturating_sub(model.now);
            return alarm(format!("DRAINING {}", format::age(left)));
        }
        if let Some(frozen) = &model.frozen {
            let since = model.now.saturating_sub(frozen.since);
            return alarm(format!("‖ FROZEN {}", format::age(since)));
        }
        if model.quiet {
            return piece(100, Role::Rest, "○ QUIET");
        }
        piece(100, Role::Good, "● LIVE")
    }
}

/// Other machines reach the proxies.
fn exposed(addr: IpAddr) -> String {
    format!("bind {addr}")
}
