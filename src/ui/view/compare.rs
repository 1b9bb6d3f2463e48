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

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::pen::{Pen, Rule, row, width};
use super::state::is_felt_now;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, PerDirection, Value};
use crate::snapshot::{ProxyId, ProxyRow, Spread};
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;
use crate::ui::proof::{Proof, Reading, Verdict, arrow};
use crate::ui::theme::{Role, Theme};

/// Columns: the name, what is set, the gap, the number of samples.
const NAME: u16 = 11;
const SET: u16 = 8;
const GAP: u16 = 7;
const COUNT: u16 = 6;

/// Injected beside measured.
pub(super) struct Compare<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a ProxyRow,
    pub(super) busiest: &'a [(ProxyId, PerDirection<f64>)],
}

/// One line of the table.
struct Entry {
    name: String,
    set: String,
    /// All of it, and the part that matters most.
    measured: [String; 2],
    gap: String,
    count: Option<u64>,
    role: Role,
}

impl Widget for &Compare<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let theme = self.model.theme;
        let left = vec![
            Span::styled("injected vs measured", theme.style(Role::Plain)),
            Span::styled(format!("  {}", self.row.name), theme.style(Role::Title)),
        ];
        let right = vec![vec![Span::styled("last second", theme.style(Role::Rest))]];
        Rule { left, right }.draw(row(area, 0), buf, theme);
        let rest = theme.style(Role::Rest);
        let mut pen = Pen::new(buf, row(area, 1));
        pen.skip(1 + NAME).left("SET", SET, rest);
        pen.left("MEASURED", measured_columns(area), rest);
        pen.right("GAP", GAP, rest).right("n", COUNT, rest);
        let proof = Proof::new(self.model, self.row, self.busiest);
        // The knobs that have room, those that are set first; what clients feel stands below them.
        let room = usize::from(area.height.saturating_sub(4));
        let mut dials: Vec<_> = knob::all().iter().collect();
        if dials.len() > room {
            dials.sort_by_key(|dial| dial.value(proof.plan, Directions::Both).is_none());
        }
        let mut entries: Vec<Entry> = dials
            .into_iter()
            .take(room)
            .map(|dial| self.entry(dial, &proof))
            .collect();
        entries.extend(self.felt());
        for (at, entry) in (2..).zip(&entries) {
            entry.draw(row(area, at), buf, theme);
        }
    }
}

impl Compare<'_> {
    fn entry(&self, dial: &Dial, proof: &Proof<'_>) -> Entry {
        let directions = self.model.directions;
        let reading = proof.reading(dial, directions);
        let spread = self.spread(directions);
        let measured = match (dial.knob.metric, spread) {
            (Metric::AddedDelay, Some(spread)) => quantiles(&spread),
            (Metric::AddedSpread, Some(_)) => both(format!("±{}", reading.measured_text)),
            (Metric::Rate, _) => {
                let ways = Direction::BOTH.map(arrow);
                let PerDirection { up, down } = proof.rates(dial).map(format::rate);
                let all = format!("{}{up} {}{down}", ways[0], ways[1]);
                [all, reading.measured_text.clone()]
            }
            (Metric::Ended | Metric::Held | Metric::None, _) => both(reading.measured_text.clone()),
            (_, None) => both("-".to_owned()),
        };
        Entry {
            name: dial.knob.title.to_lowercase(),
            gap: gap(&reading),
            role: match reading.verdict {
                Verdict::Differs(_) => Role::Trouble,
                _ => Role::Measured,
            },
            set: reading.set_text,
            measured,
            count: reading.count.filter(|count| *count > 0),
        }
    }

    /// The added delay over these directions: the sum of both, where both were measured.
    fn spread(&self, directions: Directions) -> Option<Spread> {
        let ways = Direction::BOTH
            .into_iter()
            .filter(|way| directions.contain(*way));
        ways.filter_map(|way| self.row.added[way])
            .reduce(|up, down| Spread {
                count: up.count + down.count,
                p1: up.p1 + down.p1,
                p50: up.p50 + down.p50,
                p99: up.p99 + down.p99,
            })
    }

    /// What clients feel, and how much of it is not ours.
    fn felt(&self) -> Vec<Entry> {
        let Some(felt) = self.row.feels.filter(|_| is_felt_now(self.row)) else {
            return Vec::new();
        };
        let entry = |name: &str, measured, count| Entry {
            name: name.to_owned(),
            set: String::new(),
            measured,
            gap: String::new(),
            count,
            role: Role::Measured,
        };
        let mut entries = vec![entry("app feels", quantiles(&felt), Some(felt.count))];
        if let (Some(_), Some(added)) = (self.row.added.up, self.spread(Directions::Both)) {
            let rest = felt.p50.saturating_sub(added.p50);
            let text = format!("about {}", format::time(rest));
            let measured = [format!("{text}: the upstream's"), text];
            entries.push(entry("not ours", measured, None));
        }
        entries
    }
}

impl Entry {
    fn draw(&self, area: Rect, buf: &mut Buffer, theme: Theme) {
        let set = if self.set == "off" {
            Role::Rest
        } else {
            Role::Injected
        };
        let count = self.count.map(format::count).unwrap_or_default();
        let room = measured_columns(area);
        let [all, brief] = &self.measured;
        let measured = if width(all) <= room { all } else { brief };
        Pen::new(buf, area)
            .skip(1)
            .left(&self.name, NAME, theme.style(Role::Plain))
            .left(&self.set, SET, theme.style(set))
            .left(measured, room, theme.style(self.role))
            .right(&self.gap, GAP, theme.style(self.role))
            .right(&count, COUNT, theme.style(Role::Rest));
    }
}

fn measured_columns(area: Rect) -> u16 {
    area.width.saturating_sub(2 + NAME + SET + GAP + COUNT)
}

fn quantiles(spread: &Spread) -> [String; 2] {
    let p50 = format!("p50 {}", format::time(spread.p50));
    [format!("{p50}  p99 {}", format::time(spread.p99)), p50]
}

fn both(text: String) -> [String; 2] {
    [text.clone(), text]
}

/// How far the measured value is from the set one, in per cent; with a mark where it should not be.
fn gap(reading: &Reading) -> String {
    let figure = |value: Value| match value {
        Value::Time(time) if time > Duration::ZERO => Some(time.as_secs_f64()),
        Value::Rate(rate) if rate.bytes_per_second() > 0 => Some(rate.bytes_per_second() as f64),
        _ => None,
    };
    let set = reading.set.and_then(figure);
    let measured = reading.measured.and_then(figure);
    let mark = match reading.verdict {
        Verdict::Agrees => "=",
        Verdict::Differs(_) => "!",
        // Where nobody can judge, a figure would.
        Verdict::Off | Verdict::Settling | Verdict::Unjudged | Verdict::Unknown(_) => {
            return String::new();
        }
    };
    match (set, measured) {
        (Some(set), Some(measured)) => {
            let percent = (measured / set - 1.0) * 100.0;
            if percent.abs() < 1_000.0 {
                format!("{percent:+.1}%{mark}")
            } else {
                format!(">999%{mark}")
            }
        }
        _ => String::new(),
    }
}
