//! Draws the pane of what happened, the newest line first.

use std::time::Duration;

use ratatui::text::Span;

use super::hits::Target;
use super::pen::{Pen, Sheet, fit, fit_name, width};
use crate::snapshot::Taken;
use crate::ui::action::Action;
use crate::ui::fold::{Folded, Row, folded};
use crate::ui::format;
use crate::ui::model::{Model, Passing, Said, Tone};
use crate::ui::theme::Role;

/// From this width on, times have milliseconds.
const EXACT_FROM: u16 = 56;

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

/// Draws what happened.
pub(super) fn draw(model: &Model, mut sheet: Sheet<'_>) {
    let held = model.frozen.iter().map(|frozen| frozen.held.len());
    let held = held.filter(|held| *held > 0).map(|held| {
        let text = format!("{held} more since frozen");
        vec![Span::styled(text, Role::Trouble)]
    });
    sheet.holds(Target::Key(Action::Events));
    sheet.title(&[Span::styled("what happened", Role::Plain)], held);
    let visible = usize::from(sheet.area.height.saturating_sub(1));
    let lines = model.log.iter().rev();
    let lines = lines.filter_map(|line| model.said(line));
    draw_rows(&folded(lines, visible), &mut sheet);
}

/// Draws rows of what happened below a title.
pub(super) fn draw_rows(rows: &[Row<'_>], sheet: &mut Sheet<'_>) {
    let names = rows.iter().map(|row| width(row.proxy())).max();
    let names = names.unwrap_or(0).min((sheet.area.width / 4).max(8));
    let is_exact = sheet.area.width >= EXACT_FROM;
    for (at, row) in (1..).zip(rows) {
        let mut pen = sheet.row(at);
        pen.holds_line(|| Target::Told(in_words(row)));
        match row {
            Row::Said(said) => draw_line(*said, names, is_exact, pen),
            Row::Folded(folded) => draw_folded(folded, names, is_exact, pen),
        }
    }
}

/// A row as it is copied.
fn in_words(row: &Row<'_>) -> String {
    match row {
        Row::Said(said) => format!("{} {said}", format::clock_exact(said.at)),
        Row::Folded(folded) => {
            let counts = Passing::ALL.iter().zip(folded.counts);
            let counts = counts.filter(|(_, count)| *count > 0);
            let counts: Vec<String> = counts
                .map(|(what, count)| format!("{} {}", format::count(count), what.word()))
                .collect();
            let why = folded
                .why
                .map_or_else(String::new, |why| format!(": {why}"));
            let at = format::clock_exact(folded.at());
            format!("{at} {}: {}{why}", folded.proxy(), counts.join(", "))
        }
    }
}

/// `12:41 shop  6 opened, 6 done`, `12:41 flaky ! 3 failed, 4 opened  upstream: connection reset`.
fn draw_folded(folded: &Folded<'_>, names: u16, is_exact: bool, mut pen: Pen<'_>) {
    begin(folded.at(), folded.proxy(), names, is_exact, &mut pen);
    let counts = Passing::ALL.iter().zip(folded.counts);
    let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
    if counts.iter().any(|(what, _)| **what == Passing::Failed) {
        pen.text("! ", Role::Trouble);
    }
    for (at, (what, count)) in counts.iter().enumerate() {
        let role = match what.tone() {
            Tone::Plain => Role::Rest,
            tone => role(tone),
        };
        let comma = if at > 0 { ", " } else { "" };
        let text = format!("{comma}{} {}", format::count(*count), what.word());
        pen.text(text, role);
    }
    if let Some(why) = folded.why {
        pen.skip(2).text(why, Role::Rest);
    }
}

/// The time and the name, in so many columns.
fn begin(at: Duration, proxy: &str, names: u16, is_exact: bool, pen: &mut Pen<'_>) {
    let time = if is_exact {
        format::clock_exact(at)
    } else {
        format::clock_narrow(at)
    };
    pen.skip(1).text(time, Role::Rest).skip(1);
    pen.left(fit_name(proxy, names), names, Role::Plain).skip(1);
}

fn draw_line(line: Said<'_>, names: u16, is_exact: bool, mut pen: Pen<'_>) {
    begin(line.at, line.proxy, names, is_exact, &mut pen);
    if line.tone == Tone::Trouble {
        pen.text("! ", Role::Trouble);
    }
    // Which connections took it is worth more than the end of a long text.
    let taken = line.change.and_then(|change| change.taken).map(taken);
    let reserved = taken.as_ref().map_or(0, |taken| width(taken) + 2);
    let room = pen.room().saturating_sub(reserved);
    pen.text(fit(line.text, room), role(line.tone));
    pen.at_end(&[Span::styled(taken.unwrap_or_default(), Role::Rest)]);
}

/// `4/4 3ms`, `4 cut 1ms`.
fn taken(taken: Taken) -> String {
    let time = format::time_tight(Duration::from_micros(taken.micros));
    match taken.cut {
        0 => format!("{}/{} {time}", taken.taken, taken.of),
        cut => format!("{cut} cut {time}"),
    }
}
