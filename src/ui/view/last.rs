//! One line under the charts: the last thing that happened, and the first gap between set and measured.
//!
//! ```text
//!  00:12:20 ▲1 db: LAT off → 250ms, taken by 4 of 4 in 3 ms … feels 5 → 256 ms (x51)   flaky: 14 failed in 10 s (E)
//! ```

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::text::Span;

use super::hits::Target;
use super::log::role;
use super::pen::{Sheet, fit, fit_name, width, wrap};
use super::state::{explained, lately};
use super::two;
use crate::snapshot::ProxyRow;
use crate::ui::action::Action;
use crate::ui::format;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::{Model, Said, Tone};
use crate::ui::proof::{Busiest, Proof, waiting};
use crate::ui::theme::Role;

/// For so long an answer is held, whatever fails after it.
const HELD: Duration = Duration::from_secs(3);
/// For so long an answer is the last thing that happened.
const ANSWERED: Duration = Duration::from_secs(8);
/// For so long a failure is.
const FAILED: Duration = Duration::from_secs(20);
/// How many lines of what happened are looked at for a failure.
const LOOKED_AT: usize = 100;
/// Columns before a second row.
const MORE: u16 = 4;

/// Draws the last thing that happened, and the first gap.
pub(super) fn draw(model: &Model, busiest: &Busiest, mut sheet: Sheet<'_>) {
    let columns = sheet.area.width.saturating_sub(1);
    let said = said(model).map(|said| (said, fitting(text(&said), columns)));
    let is_over = said.as_ref().is_none_or(|(said, _)| is_over(model, said));
    let row = model.selected_row().filter(|_| is_over);
    if let Some(line) = row.and_then(|row| two::line(model, row, columns)) {
        sheet.row(0).until(columns).spans(&line);
        return;
    }
    let room = said.as_ref().map_or(columns, |(said, text)| {
        // What the user did comes first, but not alone for long; the reason of a failure is never cut for the gap.
        let left = columns.saturating_sub(wanted(text));
        let is_fresh = model.now.saturating_sub(said.at) <= ANSWERED;
        match said.tone {
            Tone::Trouble => left,
            _ if is_fresh => left,
            _ => left.max(columns / 3),
        }
    });
    let gap = gap(model, busiest, room).filter(|_| room > 0);
    let gap = gap.map(|(gap, role)| Span::styled(fit(&gap, room).into_owned(), role));
    let taken = gap.as_ref().map_or(0, |gap| width(&gap.content) + 2);
    sheet.row(0).until(columns).at_end(gap.as_slice());
    let columns = columns.saturating_sub(taken);
    let Some((said, text)) = said else {
        return;
    };
    let is_single = sheet.area.height < 2;
    let mut pen = sheet.row(0);
    pen.until(columns);
    pen.holds_line(|| Target::Told(format!("{} {said}", format::clock_exact(said.at))));
    pen.skip(1).text(format::clock(said.at), Role::Rest).skip(1);
    if said.tone == Tone::Trouble {
        pen.text("! ", Role::Trouble);
    }
    let role = role(said.tone);
    if is_single {
        pen.text(text, role);
        return;
    }
    let lines = wrap(&text, pen.room());
    pen.text(&lines[0], role);
    let mut pen = sheet.row(1);
    pen.until(columns)
        .skip(MORE)
        .text(lines[1..].join(" "), role);
}

/// Whether a line has been read for long enough to make room for two settings beside each other.
fn is_over(model: &Model, said: &Said<'_>) -> bool {
    // Connections that fail are counted beside the settings under which they do.
    let held = match said.tone {
        _ if said.passing.is_some() => Duration::ZERO,
        Tone::Trouble => FAILED,
        _ => ANSWERED,
    };
    model.now.saturating_sub(said.at) > held
}

/// How many rows it wants: a second one where the reason of a failure is longer than one.
pub(super) fn rows(columns: u16, model: &Model) -> u16 {
    let is_long = |said: Said<'_>| said.tone == Tone::Trouble && wanted(&text(&said)) > columns;
    1 + u16::from(said(model).is_some_and(is_long))
}

/// What the user did, or what failed of the proxy that is looked at: the newer one, but an answer is held for a moment. Else
/// the last change, or whatever was last. What fails of others is in the log, and counted at the right.
fn said(model: &Model) -> Option<Said<'_>> {
    let within = |said: &Said<'_>, time| model.now.saturating_sub(said.at) <= time;
    let change = || {
        let changes = model.changes_of(model.selected_row()?.id);
        Some(changes.last()?.said())
    };
    let own = [answer(model), change()].into_iter().flatten();
    let own = own.filter(|said| within(said, ANSWERED));
    let own = own.max_by_key(|said| said.at);
    if own.as_ref().is_some_and(|said| within(said, HELD)) {
        return own;
    }
    let failure = failures(model).next().filter(|said| within(said, FAILED));
    let newest = own.into_iter().chain(failure).max_by_key(|said| said.at);
    let line = || {
        let mut lines = model.log.iter().rev().filter_map(|line| model.said(line));
        lines.find(|said| said.tone != Tone::Trouble || is_own(model, said))
    };
    newest.or_else(change).or_else(line)
}

/// The answer to what the user did; not what failed by itself.
fn answer(model: &Model) -> Option<Said<'_>> {
    let said = model.said(model.notice.as_ref()?)?;
    let failed = said.change.is_none() && failures(model).any(|line| line.at == said.at);
    (!failed).then_some(said)
}

/// The text of the line, with the mark that a change has in the charts.
fn text(said: &Said<'_>) -> String {
    let number = said.change.map(|change| format!("▲{} ", change.number));
    format!("{}{said}", number.unwrap_or_default())
}

/// The text, without words that can be spared where it is too long for so many columns.
fn fitting(text: String, columns: u16) -> String {
    if wanted(&text) > columns {
        text.replacen(", taken by ", ", ", 1)
    } else {
        text
    }
}

/// Columns of the whole line: the clock, the text, a blank.
fn wanted(text: &str) -> u16 {
    width(text).saturating_add(14)
}

/// The connections that failed of the proxy that is looked at, and whatever else went wrong, the newest first.
fn failures(model: &Model) -> impl Iterator<Item = Said<'_>> {
    let newest = model.log.iter().rev().take(LOOKED_AT);
    let said = newest.filter_map(|line| model.said(line));
    said.filter(|said| said.tone == Tone::Trouble && is_own(model, said))
}

/// Whether a line is of the proxy that is looked at, or of none, or was told as an error of the engine.
fn is_own(model: &Model, said: &Said<'_>) -> bool {
    let selected = model.selected_row().map(|row| row.name.as_str());
    let is_error = model
        .notice
        .as_ref()
        .is_some_and(|notice| notice.at == said.at);
    said.proxy.is_empty() || selected == Some(said.proxy) || is_error
}

/// The selected proxy's first gap. Where it is no trouble and there is room for it, of the others, connections that fail, or
/// that do not run what is set.
fn gap(model: &Model, busiest: &Busiest, room: u16) -> Option<(String, Role)> {
    let row = model.selected_row()?;
    let own = Proof::new(model, row, busiest).gap(model.directions);
    let differs = own.as_ref().is_some_and(|gap| gap.differs);
    let others = || {
        model
            .snapshot
            .proxies
            .iter()
            .filter(|other| other.id != row.id)
    };
    let behind = others().find(|other| other.up_to_date < other.open);
    let behind = behind.map(|other| format!("! {}: {}", other.name, waiting(other)));
    let texts = [failing(others()), behind];
    let mut texts = texts.into_iter().flatten().filter(|_| !differs);
    let text = texts.find(|text| width(text) <= room);
    text.map(|text| (text, Role::Trouble))
        .or_else(|| own.map(explained))
}

/// How many connections of these proxies failed in the last ten seconds, and the key that shows them, where there is one.
fn failing<'a>(others: impl Iterator<Item = &'a ProxyRow>) -> Option<String> {
    let failed = others.map(|row| {
        (
            row,
            lately(row, |point| point.failed - point.left.min(point.failed)),
        )
    });
    let failed: Vec<_> = failed.filter(|(_, count)| *count > 0).collect();
    let who = match &failed[..] {
        [] => return None,
        [(row, _)] => fit_name(&row.name, 16).into_owned(),
        many => format!("{} proxies", many.len()),
    };
    let count: u32 = failed.iter().map(|(_, count)| count).sum();
    let count = format::count(count.into());
    let shows = keymap::lookup(Mode::Mixer, KeyCode::Char('E').into());
    let key = match shows {
        Action::Unbound(_) => "",
        _ => " (E)",
    };
    Some(format!("{who}: {count} failed in 10 s{key}"))
}
