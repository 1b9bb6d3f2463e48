//! What applications do about it, on the whole screen: what was found of the selected proxy first, then of the others.
//!
//! ```text
//! ─ findings  what applications do about it ───────────────────── 1-9 of 9 ─
//!  db
//!    gives up on a request after 2.0 s (14 of 14, 1.98–2.03 s)
//!      under blackhole   sure   since 00:10:12   #31 #40 #41
//! ```

use ratatui::text::Span;

use super::hits::Target;
use super::pen::{Sheet, wrap};
use super::strips::position;
use crate::format::figures::stated_time;
use crate::snapshot::{Confidence, Finding, ProxyRow, Stalls};
use crate::ui::format;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// So far to the right sentences stand.
const SENTENCE: u16 = 3;

/// A row of the page.
pub(super) enum Row<'a> {
    /// The name of a proxy.
    Of(&'a str),
    /// A line of the sentence that a finding is.
    Says(&'a Finding, String),
    /// Its evidence.
    Since(&'a Finding),
    /// There is none of this proxy.
    None,
    /// A line of what the desk's own stalls leave out.
    LeftOut(String),
}

/// The proxies in the order of the page: the selected one first, then those of which something was found.
fn proxies(model: &Model) -> impl Iterator<Item = &ProxyRow> {
    let selected = model.selected_row();
    let is_other = move |row: &&ProxyRow| Some(row.id) != model.selected;
    let others = model.snapshot.proxies.iter().filter(is_other);
    let found = others.filter(|row| !row.findings.is_empty());
    selected.into_iter().chain(found)
}

/// The rows, of all proxies: a sentence goes on in the next row where so many columns are too few for it.
pub(super) fn rows(model: &Model, columns: u16) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for row in proxies(model) {
        rows.push(Row::Of(&row.name));
        if row.findings.is_empty() {
            rows.push(Row::None);
        }
        rows.extend(left_out(row, columns).map(Row::LeftOut));
        for found in row.findings.iter() {
            let lines = wrap(&found.text, columns.saturating_sub(SENTENCE + 1));
            rows.extend(lines.into_iter().map(|line| Row::Says(found, line)));
            rows.push(Row::Since(found));
        }
    }
    rows
}

/// What the desk's own stalls leave out, in lines of so many columns.
fn left_out(row: &ProxyRow, columns: u16) -> impl Iterator<Item = String> + use<> {
    let Stalls { count, longest } = row.stalls;
    let said = (count > 0).then(|| {
        format!(
            "stalls of faultboard itself in the last minute: {count}, the longest of {}; what it saw in them shows no times",
            stated_time(longest)
        )
    });
    let lines = said.map(|said| wrap(&said, columns.saturating_sub(SENTENCE + 1)));
    lines.into_iter().flatten()
}

/// All that was found, as text: a line each.
#[must_use]
pub fn in_words(model: &Model) -> String {
    let lines = proxies(model).flat_map(|row| {
        let name = &row.name;
        let found = row.findings.iter();
        found.map(move |found| format!("{name}: {found}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Draws what was found, from a row on.
pub(super) fn draw(model: &Model, first: usize, mut sheet: Sheet<'_>) {
    let rows = rows(model, sheet.area.width);
    let visible = super::events::room(sheet.area);
    let left = [
        Span::styled("findings", Role::Title),
        Span::styled("  what applications do about it", Role::Plain),
    ];
    let count = rows
        .iter()
        .filter(|row| matches!(row, Row::Since(_)))
        .count();
    let place = if rows.len() > visible {
        format!("rows {}", position(first, visible, rows.len()))
    } else {
        format::count(count as u64)
    };
    sheet.holds(Target::Page);
    sheet.rule(Role::Title, &left, [vec![Span::styled(place, Role::Plain)]]);
    for (at, row) in (1..).zip(rows.iter().skip(first).take(visible)) {
        let mut pen = sheet.row(at);
        match row {
            Row::Of(name) => pen.skip(1).text(*name, Role::Title),
            Row::None => pen.skip(3).text(
                "nothing yet: a habit is stated once three cases have shown it",
                Role::Rest,
            ),
            Row::LeftOut(line) => pen.skip(SENTENCE).text(line, Role::Rest),
            Row::Says(found, line) => {
                pen.holds_line(|| Target::Told(found.to_string()));
                pen.skip(SENTENCE).text(line, Role::Plain)
            }
            Row::Since(found) => {
                pen.skip(5)
                    .text(found.circumstances(), Role::Injected)
                    .skip(3)
                    .text(found.confidence.words(), sure(found.confidence))
                    .skip(3)
                    .text(format!("since {}", format::clock(found.since)), Role::Rest);
                let conns = found.conns.iter().map(|conn| format!("#{}", conn.0));
                let conns = conns.collect::<Vec<_>>().join(" ");
                pen.skip(3).text(conns, Role::Rest)
            }
        };
    }
}

/// How surely a finding is meant.
const fn sure(confidence: Confidence) -> Role {
    match confidence {
        Confidence::High => Role::Good,
        Confidence::Fair => Role::Plain,
        Confidence::Low => Role::Rest,
    }
}
