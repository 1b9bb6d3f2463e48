//! The connections of the selected proxy: only the rows that are visible are made.
//!
//! ```text
//! ─ connections  db  1-4 of 12 ─────────────────────── S sort: ↓rate ▾ ─
//!   ID    PEER             AGE   ↑BYTES   ↓BYTES    ↓RATE▾   ADDED  STATE
//! ▌ #31   127.0.0.1:50122  4m12  1.2 MB    88 MB  210 kB/s  251 ms  open
//! ```

use ratatui::text::Span;

use super::columns::{BETWEEN, Cell, Column, ending, fitting};
use super::hits::Target;
use super::pen::{Pen, Sheet, width, wrap};
use super::strips::{focused, looked_for, position, rule, selection};
use crate::desk::{Ability, Peer};
use crate::snapshot::{PortState, ProxyRow};
use crate::ui::ability;
use crate::ui::find::Place;
use crate::ui::format;
use crate::ui::model::{Focus, Model, Said, Tone};
use crate::ui::theme::Role;

/// Rows of the table that are no connections: the title and the heads of the columns.
pub(super) const HEAD: u16 = 2;

/// Draws the connections of the selected proxy.
pub(super) fn draw(model: &Model, proxy: &ProxyRow, mut sheet: Sheet<'_>) {
    let visible = usize::from(sheet.area.height.saturating_sub(HEAD));
    sheet.holds(Target::Pane(Focus::Connections));
    let rows = model.conns.rows.iter().take(visible);
    let cells = rows.filter_map(|place| Cell::of(model, proxy, *place));
    let cells: Vec<Cell<'_>> = cells.collect();
    title(model, proxy, cells.len(), &mut sheet);
    if cells.is_empty() {
        nothing(model, proxy, &mut sheet);
        return;
    }
    let columns = fitting(sheet.area.width.saturating_sub(1), &cells);
    heads(model, &columns, sheet.row(1));
    for (at, cell) in (HEAD..).zip(&cells) {
        draw_row(&columns, cell, at, &mut sheet);
    }
}

/// What became of a proxy's connections: `3 of them failed`, `40 cut by reset, 28 by timeout, 1 failed`.
fn ends(proxy: &ProxyRow) -> String {
    let failed = format::count(proxy.failed);
    if proxy.ended.is_empty() {
        return format!("{failed} of them failed");
    }
    let mut parts: Vec<String> = Vec::new();
    for (kind, count) in &proxy.ended {
        let cut = if parts.is_empty() { "cut " } else { "" };
        parts.push(format!("{} {cut}by {kind}", format::count(*count)));
    }
    parts.extend((proxy.failed > 0).then(|| format!("{failed} failed")));
    parts.join(", ")
}

fn title(model: &Model, proxy: &ProxyRow, visible: usize, sheet: &mut Sheet<'_>) {
    let list = &model.conns;
    let mut shown = match proxy.foreign {
        Some(_) => "-".to_owned(),
        None => position(list.first, visible, list.total),
    };
    let alone = model.owns.keys().filter_map(|id| model.snapshot.place(*id));
    let alone = alone.filter_map(|place| model.snapshot.conn(place));
    let alone = alone.filter(|conn| conn.proxy == proxy.id).count();
    let notes = [(list.ended, "ended"), (alone, "set alone")];
    let notes = notes.iter().filter(|(count, _)| *count > 0);
    let notes = notes.map(|(count, what)| format!("{} {what}", format::count(*count as u64)));
    let notes: Vec<String> = notes.collect();
    if !notes.is_empty() {
        shown = format!("{shown} ({})", notes.join(", "));
    }
    let mut left = vec![
        Span::styled("connections", focused(model, Focus::Connections)),
        Span::styled(format!("  {}", proxy.name), Role::Title),
        Span::styled(format!("  {shown}"), Role::Plain),
    ];
    left.extend(looked_for(model, Place::Conns, list.all));
    let kept = if list.keeps { ", rows stay" } else { "" };
    let sort = format!(" sort: {} {}", list.sort.column.label(), arrow(model));
    let key = || Span::styled("S", Role::Title);
    let titles =
        [sort.clone() + kept, sort].map(|text| vec![key(), Span::styled(text, Role::Plain)]);
    sheet.rule(rule(model, Focus::Connections), &left, titles);
}

/// The direction in which the rows are sorted.
const fn arrow(model: &Model) -> &'static str {
    if model.conns.sort.descending {
        "▾"
    } else {
        "▴"
    }
}

/// Says why there is none, what became of those that were, and the last failure of this proxy.
fn nothing(model: &Model, proxy: &ProxyRow, sheet: &mut Sheet<'_>) {
    if model.conns.all > 0 {
        sheet
            .row(1)
            .skip(2)
            .text("none matches: Esc shows all", Role::Rest);
        return;
    }
    let untold = proxy.foreign.as_ref().map(|_| ability::program(model));
    if let Some(why) = untold.and_then(|program| program.lacks(Ability::Connections)) {
        sheet.row(1).skip(2).text(why, Role::Rest);
        return;
    }
    let peer = model.contact.peer_of(proxy.id);
    let text = match (&proxy.port, proxy.listening.first(), proxy.total) {
        // What was told last is no news of the port.
        _ if peer.is_some_and(Peer::is_lost) => "none when it was in contact last".to_owned(),
        (PortState::Refusing, ..) => "none: the port is closed by the fault refuse".to_owned(),
        (PortState::Closed, ..) => "none: the port is closed, o opens it".to_owned(),
        (PortState::Waiting(why), ..) => format!("clients wait: {why}"),
        (PortState::Open, Some(addr), 0) => format!("none yet: point a client at {addr}"),
        (PortState::Open, None, 0) => "none yet".to_owned(),
        (PortState::Open, _, total) => {
            let total = format::count(total);
            format!("none open: {total} so far, {}", ends(proxy))
        }
    };
    sheet.row(1).skip(2).text(text, Role::Rest);
    let lines = model.log.iter().rev();
    let mut said = lines.filter_map(|line| model.said(line));
    let failed = |said: &Said<'_>| said.tone == Tone::Trouble && said.proxy == proxy.name;
    if let Some(said) = said.find(failed) {
        failure(said, sheet);
    }
}

/// Writes the whole reason, over as many lines as it takes: what helps stands at its end.
fn failure(said: Said<'_>, sheet: &mut Sheet<'_>) {
    let head = format!("last failure {}", format::clock(said.at));
    let margin = width(&head) + 5;
    let wrapped = |text: &str, margin| wrap(text, sheet.area.width.saturating_sub(margin + 1));
    let mut lines = wrapped(said.text, margin);
    let mut indent = margin;
    if lines.len() + usize::from(HEAD) > usize::from(sheet.area.height) {
        // Too few lines: those after the first begin further left.
        indent = 4;
        let rest = lines.split_off(1).join(" ");
        lines.extend(wrapped(&rest, indent));
    }
    let mut pen = sheet.row(HEAD);
    pen.skip(2).text(head, Role::Rest).skip(1);
    pen.text("! ", Role::Trouble).text(&lines[0], Role::Trouble);
    for (at, text) in (HEAD + 1..).zip(&lines[1..]) {
        sheet.row(at).skip(indent).text(text, Role::Trouble);
    }
}

fn heads(model: &Model, columns: &[(&Column, u16)], mut pen: Pen<'_>) {
    for (column, wide) in columns {
        let mut title = column.title.to_owned();
        let mut role = Role::Rest;
        if column.sorts == Some(model.conns.sort.column) {
            role = Role::Title;
            if width(&title) < *wide {
                title.push_str(arrow(model));
            }
        }
        pen.skip(BETWEEN);
        if let Some(by) = column.sorts {
            pen.holds(*wide, Target::Head(by));
        }
        column.draw_text(&title, *wide, role, &mut pen);
    }
}

fn draw_row(columns: &[(&Column, u16)], cell: &Cell<'_>, at: u16, sheet: &mut Sheet<'_>) {
    let mut pen = sheet.row(at);
    pen.holds(u16::MAX, Target::Conn(cell.conn.id));
    for (column, wide) in columns {
        pen.skip(BETWEEN);
        if cell.ended.is_some() && column.is_rate() {
            // Nothing moves any more: there is room for the reason.
            let (reason, role) = ending(cell);
            pen.text(reason, role);
            break;
        }
        column.draw(cell, *wide, &mut pen);
    }
    let model = cell.model;
    if model.conns.selected != Some(cell.conn.id) {
        return;
    }
    if model.focus == Focus::Connections {
        sheet.row(at).restyle(Role::Plain.selected());
    }
    let (mark, role) = selection(model, Focus::Connections);
    sheet.row(at).text(mark, role);
}
