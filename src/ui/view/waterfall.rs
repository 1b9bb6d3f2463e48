//! Draws where the time of one round trip goes: each part a bar that begins where the one before ended.

use std::time::Duration;

use ratatui::text::Span;

use super::pen::{Pen, Sheet, width};
use crate::fault::{Direction, Directions, Plan};
use crate::snapshot::Trip;
use crate::ui::format::{self, RateUnit};
use crate::ui::knob;
use crate::ui::model::Detail;
use crate::ui::theme::Role;

/// Columns of the names and of the times of the parts.
const NAME: u16 = 13;
const TIME: u16 = 8;

/// Draws the round trip in the middle of the last ones; `plan` is what acts on the connection.
pub(super) fn draw(detail: &Detail, plan: &Plan, rates: RateUnit, sheet: &mut Sheet<'_>) {
    let trip = detail.watched.as_ref().and_then(|watched| watched.trip);
    let left = [Span::styled(
        "one round trip, where the time goes",
        Role::Plain,
    )];
    let Some((trip, count)) = trip else {
        sheet.title(&left, None);
        let text = match detail.ended {
            Some(_) if detail.watched.is_none() => {
                "it ended before it was looked at: its totals are all that is known"
            }
            Some(_) => "no round trip in its last seconds",
            None => "no round trip in the last 10 s",
        };
        sheet.row(1).skip(2).text(text, Role::Rest);
        return;
    };
    let whole = format::time(trip.whole());
    let long = format!("median of the last 10 s, n {count}   whole {whole}");
    let right = [long, format!("n {count}  whole {whole}")];
    let right = right.map(|text| vec![Span::styled(text, Role::Measured)]);
    sheet.title(&left, right);
    bars(&trip, plan, rates, sheet);
}

fn bars(trip: &Trip, plan: &Plan, rates: RateUnit, sheet: &mut Sheet<'_>) {
    let [up, down] = Direction::BOTH.map(|way| faults(plan, way, rates));
    let own = |text: &str| text.to_owned();
    let rows = [
        ("held up", trip.held.up, Role::Injected, up),
        ("upstream", trip.upstream, Role::Second, own("not ours")),
        ("held down", trip.held.down, Role::Injected, down),
        ("faultboard", trip.ours, Role::Measured, own("overhead")),
    ];
    let notes = rows.iter().map(|(.., note)| width(note)).max();
    let notes = notes.unwrap_or(0).min(sheet.area.width / 4);
    let taken = NAME + TIME + notes + 6;
    let columns = sheet.area.width.saturating_sub(taken);
    let mut begin = Duration::ZERO;
    for (at, (name, time, role, note)) in (1..).zip(&rows) {
        let mut pen = sheet.row(at);
        pen.skip(1).left(name, NAME, Role::Plain);
        pen.right(format::time(*time), TIME, *role).skip(2);
        let end = begin.saturating_add(*time);
        bar(trip.whole(), (begin, end), columns, *role, &mut pen);
        pen.to(NAME + TIME + 5 + columns);
        pen.left(note, notes, Role::Rest);
        begin = end;
    }
}

/// Draws a part of the whole in so many columns: dots up to its begin, then its bar. What took time is never nothing.
fn bar(
    whole: Duration,
    (begin, end): (Duration, Duration),
    columns: u16,
    role: Role,
    pen: &mut Pen<'_>,
) {
    let place = |time: Duration| {
        let part = time.as_nanos() * u128::from(columns) / whole.as_nanos().max(1);
        u16::try_from(part).unwrap_or(u16::MAX)
    };
    let (from, to) = (place(begin), place(end));
    let least = u16::from(end > begin);
    let from = from.min(columns.saturating_sub(least));
    let long = to.saturating_sub(from).max(least);
    pen.text("·".repeat(from.into()), Role::Rest);
    pen.text("█".repeat(long.into()), role);
}

/// The knobs that are set in one direction.
fn faults(plan: &Plan, way: Direction, rates: RateUnit) -> String {
    if plan.bypassed {
        return "bypassed".to_owned();
    }
    let set = knob::all().iter().filter_map(|dial| {
        let value = dial.value(plan, Directions::Only(way))?;
        dial.kind
            .directed
            .then(|| format!("{} {}", dial.knob.label, format::value(value, rates)))
    });
    let set: Vec<String> = set.collect();
    if set.is_empty() {
        return "off".to_owned();
    }
    set.join(" ")
}
