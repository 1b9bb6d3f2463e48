//! Injected beside measured, in figures, for the selected proxy.
//!
//! ```text
//! ─ injected vs measured  db ──────────────────────── last second ─
//!             SET        MEASURED                    GAP      n
//!  latency    250ms      p50 251 ms  p99 275 ms    +0.4%    412
//!  bandwidth  off        340K/s
//!  app feels             p50 256 ms  p99 281 ms             412
//!  not ours              about 5 ms: the upstream and the way there
//! ```

use std::time::Duration;

use ratatui::text::Span;

use super::pen::{Pen, Sheet, width};
use super::two;
use crate::fault::knob::Metric;
use crate::fault::{Directions, PerDirection, Value};
use crate::snapshot::{ProxyRow, Spread};
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Model, Side};
use crate::ui::proof::{Busiest, Proof, Reading, Verdict};
use crate::ui::theme::Role;

/// Columns: the name, what is set, the gap, the number of samples.
const NAME: u16 = 11;
const SET: u16 = 8;
const GAP: u16 = 7;
const COUNT: u16 = 6;

/// One line of the table.
#[derive(Default)]
struct Entry {
    name: String,
    set: String,
    /// All of it, and the part that matters most.
    measured: [String; 2],
    gap: String,
    count: Option<u64>,
    differs: bool,
}

/// Draws what is injected beside what is measured.
pub(super) fn draw(model: &Model, row: &ProxyRow, busiest: &Busiest, mut sheet: Sheet<'_>) {
    let title = [
        Span::styled("injected vs measured", Role::Plain),
        Span::styled(format!("  {}", row.name), Role::Title),
    ];
    sheet.title(&title, [vec![Span::styled("last second", Role::Rest)]]);
    let room = sheet
        .area
        .width
        .saturating_sub(2 + NAME + SET + GAP + COUNT);
    let mut pen = sheet.row(1);
    pen.skip(1 + NAME).left("SET", SET, Role::Rest);
    pen.left("MEASURED", room, Role::Rest);
    pen.right("GAP", GAP, Role::Rest);
    pen.right("n", COUNT, Role::Rest);
    let proof = Proof::new(model, row, busiest);
    // The knobs that have room, those that are set first; what clients feel stands below them.
    let two: Vec<Entry> = two_settings(model, row);
    let others = 4 + u16::try_from(two.len()).unwrap_or(u16::MAX);
    let knobs = usize::from(sheet.area.height.saturating_sub(others));
    let mut dials: Vec<_> = knob::all().iter().collect();
    if dials.len() > knobs {
        dials.sort_by_key(|dial| dial.value(proof.measured.plan, Directions::Both).is_none());
    }
    let dials = dials.into_iter().take(knobs);
    let entries = dials.map(|dial| Entry::of(dial, &proof, model.directions));
    for (at, entry) in (2..).zip(entries.chain(felt(&proof)).chain(two)) {
        entry.draw(room, sheet.row(at));
    }
}

/// What clients met under each of two settings.
fn two_settings(model: &Model, row: &ProxyRow) -> Vec<Entry> {
    let Some((settings, [acts, _])) = two::of(model, row) else {
        return Vec::new();
    };
    let each = [Side::A, Side::B].into_iter().map(|side| {
        let met = settings.met(side);
        let is_acting = side == acts;
        Entry {
            name: format!("{side}{}", if is_acting { " acts" } else { "" }),
            measured: two::met(met),
            gap: two::factor(settings)
                .filter(|_| is_acting)
                .unwrap_or_default(),
            count: met.and_then(|met| met.feels).map(|feels| feels.count),
            ..Entry::default()
        }
    });
    each.collect()
}

/// What clients feel, and how much of it is not ours.
fn felt(proof: &Proof<'_>) -> impl Iterator<Item = Entry> {
    let row = proof.measured.row;
    let felt = row.felt_now();
    let not_ours = felt.zip(row.added.up.and(proof.measured.added(Directions::Both)));
    let not_ours = not_ours.map(|(felt, added)| {
        let rest = felt.p50.saturating_sub(added.p50);
        let text = format!("about {}", format::time(rest));
        Entry {
            name: "not ours".to_owned(),
            measured: [format!("{text}: the upstream's"), text],
            ..Entry::default()
        }
    });
    let felt = felt.map(|felt| Entry {
        name: "app feels".to_owned(),
        measured: quantiles(&felt),
        count: Some(felt.count),
        ..Entry::default()
    });
    felt.into_iter().chain(not_ours)
}

impl Entry {
    fn of(dial: &Dial, proof: &Proof<'_>, directions: Directions) -> Self {
        let reading = proof.reading(dial, directions);
        let text = &reading.measured_text;
        let measured = match (dial.knob.metric, proof.measured.added(directions)) {
            _ if proof.measured.row.foreign.is_some() => both(text.clone()),
            (Metric::AddedDelay, Some(spread)) => quantiles(&spread),
            (Metric::AddedSpread, Some(_)) => both(format!("±{text}")),
            (Metric::Rate, _) => {
                let PerDirection { up, down } = proof
                    .measured
                    .rates(dial)
                    .map(|rate| proof.measured.rates_in.long(rate));
                [format!("↑{up} ↓{down}"), text.clone()]
            }
            (Metric::Sender | Metric::Lost | Metric::Writes | Metric::Flips, _) => {
                match &reading.more {
                    Some(more) => [format!("{text}  {more}"), text.clone()],
                    None => both(text.clone()),
                }
            }
            (Metric::Ended | Metric::Held | Metric::Waited(_) | Metric::None, _) => {
                both(text.clone())
            }
            (_, None) => both("-".to_owned()),
        };
        Self {
            name: dial.knob.title.to_lowercase(),
            gap: gap(&reading),
            differs: matches!(reading.verdict, Verdict::Differs(_)),
            set: reading.set_text,
            measured,
            count: reading.count.filter(|count| *count > 0),
        }
    }

    fn draw(&self, room: u16, mut pen: Pen<'_>) {
        let set = if self.set == "off" {
            Role::Rest
        } else {
            Role::Injected
        };
        let role = if self.differs {
            Role::Trouble
        } else {
            Role::Measured
        };
        let count = self.count.map(format::count).unwrap_or_default();
        let [all, brief] = &self.measured;
        let measured = if width(all) <= room { all } else { brief };
        pen.skip(1).left(&self.name, NAME, Role::Plain);
        pen.left(&self.set, SET, set).left(measured, room, role);
        pen.right(&self.gap, GAP, role);
        pen.right(count, COUNT, Role::Rest);
    }
}

/// The direction that a figure is of, where it is of one alone.
fn arrow(text: &str) -> Option<char> {
    text.chars().next().filter(|first| "↑↓".contains(*first))
}

fn quantiles(spread: &Spread) -> [String; 2] {
    let p50 = format!("p50 {}", format::time(spread.p50));
    [format!("{p50}  p99 {}", format::time(spread.p99)), p50]
}

fn both(text: String) -> [String; 2] {
    [text.clone(), text]
}

/// How far the measured value is from the set one, in per cent, with a mark that says whether it may be; nothing where
/// nobody can judge: a figure would.
fn gap(reading: &Reading) -> String {
    let figure = |value: Value| match value {
        Value::Time(time) if time > Duration::ZERO => Some(time.as_secs_f64()),
        Value::Rate(rate) if rate.bytes_per_second() > 0 => Some(rate.bytes_per_second() as f64),
        _ => None,
    };
    let set = reading.set.and_then(figure);
    let measured = reading.measured.and_then(figure);
    // One direction's measure is no part of what is set for both.
    let is_whole = arrow(&reading.set_text) == arrow(&reading.measured_text);
    let is_judged = is_whole && matches!(reading.verdict, Verdict::Agrees | Verdict::Differs(_));
    let Some((set, measured)) = set.zip(measured).filter(|_| is_judged) else {
        return String::new();
    };
    let percent = (measured / set - 1.0) * 100.0;
    let mark = reading.verdict.mark();
    match percent.abs() {
        0.0..99.5 => format!("{percent:+.1}%{mark}"),
        99.5..999.5 => format!("{percent:+.0}%{mark}"),
        _ => format!(">999%{mark}"),
    }
}
