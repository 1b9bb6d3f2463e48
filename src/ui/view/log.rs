//! Draws the pane of what happened, the newest line first.

use std::time::Duration;

use ratatui::text::Span;

use super::pen::{Pen, Sheet, fit, fit_name, width};
use crate::snapshot::Taken;
use crate::ui::format;
use crate::ui::model::{Model, Said, Tone};
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
    sheet.title(&[Span::styled("what happened", Role::Plain)], held);
    let visible = usize::from(sheet.area.height.saturating_sub(1));
    let lines = model.log.iter().rev().take(visible);
    let lines: Vec<Said<'_>> = lines.filter_map(|line| model.said(line)).collect();
    let names = lines.iter().map(|line| width(line.proxy)).max();
    let names = names.unwrap_or(0).min((sheet.area.width / 4).max(8));
    for (at, line) in (1..).zip(lines) {
        draw_line(line, names, sheet.area.width >= EXACT_FROM, sheet.row(at));
    }
}

fn draw_line(line: Said<'_>, names: u16, is_exact: bool, mut pen: Pen<'_>) {
    let time = if is_exact {
        format::clock_exact(line.at)
    } else {
        format::clock_narrow(line.at)
    };
    pen.skip(1).text(time, Role::Rest).skip(1);
    let name = fit_name(line.proxy, names);
    pen.left(name, names, Role::Plain).skip(1);
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
