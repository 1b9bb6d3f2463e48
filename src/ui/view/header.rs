//! The first line: what runs, how fast, and everything that a glance must not miss.
//!
//! ```text
//!  FAULTBOARD  3 proxies  12 conn  ↑412 kB/s ↓8.4 MB/s     ● LIVE  undo 3  00:12:41
//! ```
//!
//! Over an engine elsewhere its name stands in the title's place: `⇄ shop-7d9f`.
//!
//! What warns is never dropped: a frozen screen, bypassed faults, certificates that nobody checks, lost events.

use ratatui::style::Style;
use ratatui::text::Span;

use super::pen::{Sheet, fit_name, width};
use crate::desk::{Peer, Program, Reach, Why};
use crate::fault::PerDirection;
use crate::ui::format;
use crate::ui::model::{Driven, Model};
use crate::ui::theme::Role;

/// From this width on the seed stands in the header; below, in the line above the footer.
pub(super) const SEED_FROM: u16 = 120;

/// The need of the warning that no fault acts.
const ALL: u8 = 99;

/// A piece of the line; where there is no room, those with the least need go first.
struct Piece {
    need: u8,
    text: String,
    style: Style,
}

/// Draws the first line.
pub(super) fn draw(model: &Model, mut sheet: Sheet<'_>) {
    let columns = sheet.area.width;
    let (mut left, mut right) = (left(model), right(model, columns));
    loop {
        let all = left.iter().chain(&right);
        let taken: u16 = all.clone().map(|piece| width(&piece.text) + 2).sum();
        let least = all.map(|piece| piece.need).min();
        match least {
            Some(least) if taken > columns && left.len() + right.len() > 1 => {
                left.retain(|piece| piece.need > least);
                right.retain(|piece| piece.need > least);
            }
            _ => break,
        }
    }
    sheet.row(0).skip(1).spans(&spans(&left));
    let mut pen = sheet.row(0);
    pen.until(columns.saturating_sub(1)).at_end(&spans(&right));
}

fn spans(pieces: &[Piece]) -> Vec<Span<'_>> {
    let spans = pieces.iter().flat_map(|piece| {
        let text = Span::styled(piece.text.as_str(), piece.style);
        [Span::raw("  "), text]
    });
    spans.skip(1).collect()
}

fn piece(need: u8, style: impl Into<Style>, text: impl Into<String>) -> Piece {
    Piece {
        need,
        text: text.into(),
        style: style.into(),
    }
}

/// A piece that warns, and is never dropped.
fn alarm(text: impl Into<String>) -> Piece {
    piece(100, Role::Trouble.selected(), text)
}

/// What runs, and how fast.
fn left(model: &Model) -> Vec<Piece> {
    let snapshot = &model.snapshot;
    let proxies = &snapshot.proxies;
    let title = match &model.contact.peers[..] {
        [] if model.contact.is_remote() => piece(80, Role::Title, "⇄ no desk"),
        [] => piece(20, Role::Title, "FAULTBOARD"),
        [peer] => piece(80, Role::Title, format!("⇄ {}", fit_name(&peer.name, 24))),
        many => piece(80, Role::Title, format!("⇄ {} desks", many.len())),
    };
    let number = match proxies.len() {
        0 => "no proxies yet".to_owned(),
        1 => "1 proxy".to_owned(),
        many => format!("{many} proxies"),
    };
    let mut pieces = vec![title, piece(60, Role::Plain, number)];
    if proxies.is_empty() {
        return pieces;
    }
    let is_told = proxies.iter().any(|row| row.foreign.is_none());
    let open = proxies.iter().map(|row| u64::from(row.open)).sum();
    let figure = |text: String| if is_told { text } else { "-".to_owned() };
    let open = format!("{} conn", figure(format::count(open)));
    let PerDirection { up, down } = snapshot.rates.map(|rate| figure(model.rates.long(rate)));
    pieces.push(piece(70, Role::Plain, open));
    pieces.push(piece(50, Role::Measured, format!("↑{up} ↓{down}")));
    let failed: u64 = proxies.iter().map(|row| row.failed).sum();
    if failed > 0 {
        let text = format!("failed {} in all", format::count(failed));
        pieces.push(piece(27, Role::Trouble, text));
    }
    pieces
}

/// What is not as usual, and how the session stands.
fn right(model: &Model, columns: u16) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let [peer] = &model.contact.peers[..] {
        pieces.extend(elsewhere(peer));
    }
    if model.contact.is_remote() && model.contact.peers.iter().all(|peer| peer.read_only) {
        pieces.push(piece(95, Role::Trouble, "READ-ONLY"));
    }
    if model.snapshot.proxies.iter().any(|row| row.insecure) {
        pieces.push(alarm("INSECURE"));
    }
    if model.driven == Driven::ByAll {
        pieces.push(alarm("API OPEN"));
    }
    // Other machines reach the proxies.
    if let Some(addr) = model.bind.iter().find(|addr| !addr.is_loopback()) {
        pieces.push(piece(35, Role::Trouble, format!("bind {addr}")));
    }
    if model.lost > 0 {
        let text = format!("{} events lost", format::count(model.lost));
        pieces.push(piece(90, Role::Trouble, text));
    }
    let bypassed = bypassed(model);
    // Nothing acts: that is no ordinary day.
    let is_live = out_of_contact(model).is_none()
        && model.draining.is_none()
        && model.frozen.is_none()
        && !model.quiet;
    let is_all = bypassed.as_ref().is_some_and(|piece| piece.need == ALL);
    pieces.extend(bypassed);
    if !(is_live && is_all) {
        pieces.push(live(model));
    }
    if columns >= SEED_FROM && model.has_seed() {
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

/// Where an engine is that is not here, what it is, and who else looks at it.
fn elsewhere(peer: &Peer) -> Vec<Piece> {
    let where_to = (peer.address != peer.name).then(|| peer.address.clone());
    let others = match peer.others {
        0 => None,
        1 => Some("1 other".to_owned()),
        many => Some(format!("{many} others")),
    };
    let version = match peer.program {
        _ if peer.version.is_empty() => None,
        Program::Faultboard => Some((12, peer.version.clone())),
        // It says why so little is known.
        Program::Toxiproxy => Some((72, format!("toxiproxy {}", peer.version))),
    };
    let [where_to, others] = [(26, where_to), (40, others)].map(|(need, text)| Some((need, text?)));
    let pieces = [version, where_to, others];
    let pieces = pieces.into_iter();
    pieces
        .flatten()
        .map(|(need, text)| piece(need, Role::Plain, text))
        .collect()
}

/// `NO CONTACT for 4 s, again in 2 s`.
fn out_of_contact(model: &Model) -> Option<Piece> {
    if model.contact.is_remote() && model.contact.peers.is_empty() {
        return Some(alarm("NO POD IS THERE"));
    }
    let lost = model.contact.lost().filter_map(|peer| match peer.reach {
        Reach::Lost { since, next, why } => Some((since, next, why, peer)),
        Reach::Here => None,
    });
    let (since, next, why, peer) = lost.min_by_key(|(since, ..)| *since)?;
    let count = model.contact.lost().count();
    let whom = match (count, model.contact.peers.len()) {
        (_, 1) => String::new(),
        (1, _) => format!(" with {}", fit_name(&peer.name, 16)),
        (count, all) => format!(" with {count} of {all}"),
    };
    let since = format::age(model.now.saturating_sub(since));
    let again = match (why, next) {
        (Why::OtherVersion, _) => ": another version of its interface".to_owned(),
        (Why::Unknown, _) => ": it asks for another token".to_owned(),
        (Why::Stranger, _) => ": what answers is no desk".to_owned(),
        (Why::Ended, _) => ": the desk has ended".to_owned(),
        (Why::Full, _) => ": it takes no more clients".to_owned(),
        (Why::Silent, Some(next)) if next > model.now => {
            format!(", again in {}", format::age(next.saturating_sub(model.now)))
        }
        (Why::Silent, _) => ", trying".to_owned(),
    };
    Some(alarm(format!("NO CONTACT{whom} for {since}{again}")))
}

fn bypassed(model: &Model) -> Option<Piece> {
    let solo = model.solo.as_ref();
    if let Some((_, row)) = solo.and_then(|solo| model.proxy(solo.proxy)) {
        let text = format!("⊘ SOLO {}", fit_name(&row.name, 12));
        return Some(piece(95, Role::Trouble, text));
    }
    let proxies = &model.snapshot.proxies;
    let is_bypassed = |id| model.plan(id).is_some_and(|plan| plan.bypassed);
    match proxies.iter().filter(|row| is_bypassed(row.id)).count() {
        0 => None,
        all if all == proxies.len() => Some(piece(ALL, Role::Trouble.selected(), "⊘ ALL BYPASSED")),
        some => Some(piece(45, Role::Trouble, format!("⊘ {some} bypassed"))),
    }
}

fn live(model: &Model) -> Piece {
    if let Some(lost) = out_of_contact(model) {
        lost
    } else if let Some(until) = model.draining {
        let left = until.saturating_sub(model.now);
        alarm(format!("DRAINING {}", format::age(left)))
    } else if let Some(frozen) = &model.frozen {
        let since = model.now.saturating_sub(frozen.since);
        alarm(format!("‖ FROZEN {}", format::age(since)))
    } else if model.quiet {
        piece(100, Role::Rest, "○ QUIET")
    } else {
        piece(100, Role::Good, "● LIVE")
    }
}
