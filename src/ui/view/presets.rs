//! The list of presets, in the place of connections and of what happened, so that what it changes stays in sight: filtered by
//! what is typed, the figures of each in columns, and what the selected one would change. Space tries it out.
//!
//! ```text
//! ─ presets for db  1-6 of 24 ────────────────────────────────────────────────────
//!  > 3g           RTT    JITTER  ↓          ↑          LOSS  SOURCE
//!  ▸ 3g           300ms     off  200K/s     96K/s       off  WebPageTest 3G
//!    3g-slow      200ms     off  97.5K/s    41.2K/s     off  ATC 3G average = Apple Network Lin…
//!  LAT off → 300ms, BW off → 200K/96K/s, TCP off → cubic
//! ```

use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::hits::Target;
use super::pen::{Pen, Sheet, width};
use super::popup::{line_of_list, select};
use super::strips::position;
use crate::fault::knob::Metric;
use crate::fault::{Direction, Directions, Plan};
use crate::preset::{self, Preset};
use crate::ui::difference::{difference, value_of};
use crate::ui::format::RateUnit;
use crate::ui::knob;
use crate::ui::model::{Model, PresetList};
use crate::ui::theme::Role;

/// Rows that are no presets: the title, what is typed, what would change.
const FRAME: u16 = 3;
/// The columns of figures: what stands above them, how wide they are, and what is measured beside the knob that they are of.
const COLUMNS: [(&str, u16, Metric, Directions); 5] = [
    ("RTT", 8, Metric::AddedDelay, Directions::Both),
    ("JITTER", 8, Metric::AddedSpread, Directions::Both),
    ("↓", 9, Metric::Rate, Directions::Only(Direction::Down)),
    ("↑", 9, Metric::Rate, Directions::Only(Direction::Up)),
    ("LOSS", 6, Metric::Lost, Directions::Both),
];

/// How many presets there is room for in an area.
pub(super) fn room(area: Rect) -> u16 {
    area.height.saturating_sub(FRAME).max(1)
}

/// Draws the presets; returns where the terminal's cursor belongs.
pub(super) fn draw(model: &Model, list: &PresetList, mut sheet: Sheet<'_>) -> Option<Position> {
    let visible = room(sheet.area);
    let presets = list.shown();
    let part = position(list.first, visible.into(), presets.len());
    let name = model.proxy(list.proxy).map_or("", |(_, row)| &row.name);
    let who = match list.before.len() {
        0 | 1 => name.to_owned(),
        many => format!("{many} proxies"),
    };
    let title = [
        Span::styled(format!("presets for {who}"), Role::Title),
        Span::styled(format!("  {part}"), Role::Plain),
    ];
    sheet.holds(Target::Box);
    sheet.rule(Role::Title, &title, []);
    let names = preset::names().map(width).max().unwrap_or(0).max(14);
    draw_heads(list, names, sheet.row(1));
    let lines = presets.iter().enumerate().skip(list.first);
    for (at, (index, preset)) in (2..).zip(lines.take(visible.into())) {
        let (mark, [name, figures]) = line_of_list(index == list.line);
        let plan = Plan::of(preset.settings());
        let mut pen = sheet.row(at);
        pen.holds(u16::MAX, Target::Line(index));
        pen.skip(1).text(mark, Role::Title).to(3);
        pen.left(preset.name, names, name);
        for (_, columns, metric, directions) in COLUMNS {
            pen.right(
                figure(&plan, metric, directions, model.rates),
                columns,
                figures,
            );
        }
        pen.skip(2).text(about(preset, &plan), figures);
        if index == list.line {
            select(&mut sheet, at);
        }
    }
    draw_difference(model, list, sheet.row(visible + 2));
    let typed = u16::try_from(list.filter.text.visual_cursor()).unwrap_or(u16::MAX);
    let cursor = Position {
        x: sheet.area.x.saturating_add(3).saturating_add(typed),
        y: sheet.area.y.saturating_add(1),
    };
    let is_inside = sheet.area.contains(cursor) && typed <= names;
    is_inside.then_some(cursor)
}

/// What is typed, and what stands in the columns.
fn draw_heads(list: &PresetList, names: u16, mut pen: Pen<'_>) {
    pen.skip(1).text("> ", Role::Title);
    pen.holds(names, Target::Text(0));
    match list.filter.text.value() {
        "" => pen.left("a name", names, Role::Rest),
        typed => pen.left(typed, names, Role::Plain),
    };
    for (head, columns, ..) in COLUMNS {
        pen.right(head, columns, Role::Rest);
    }
    pen.skip(2).text("SOURCE", Role::Rest);
}

/// What a plan has in a column.
fn figure(plan: &Plan, metric: Metric, directions: Directions, rates: RateUnit) -> String {
    let mut dials = knob::all().iter();
    let dial = dials.find(|dial| dial.knob.metric == metric);
    let value = dial.and_then(|dial| value_of(dial, plan, directions, rates));
    value.unwrap_or_else(|| "-".to_owned())
}

/// What the selected preset would change.
fn draw_difference(model: &Model, list: &PresetList, mut pen: Pen<'_>) {
    let Some(preset) = list.selected() else {
        let text = "no preset has that in it: W keeps what is set under this name";
        pen.skip(1).text(text, Role::Rest);
        return;
    };
    let before = model.plan(list.proxy).cloned().unwrap_or_default();
    let text = difference(&before, &Plan::of(preset.settings()), model.rates);
    match text.as_str() {
        "" => pen.skip(1).text("this is what is set", Role::Rest),
        text => pen.skip(1).text(text, Role::Injected),
    };
}

/// What a preset does beside its columns, and where its figures come from.
fn about(preset: &Preset, plan: &Plan) -> String {
    let in_columns = |metric: Metric| COLUMNS.iter().any(|(_, _, known, _)| *known == metric);
    let more = knob::all().iter().filter(|dial| {
        let is_on = dial.value(plan, Directions::Both).is_some();
        is_on && !in_columns(dial.knob.metric) && dial.knob.metric != Metric::Sender
    });
    let more: Vec<String> = more.map(|dial| dial.knob.title.to_lowercase()).collect();
    match more.as_slice() {
        [] => preset.source.to_owned(),
        more => format!("{}; {}", more.join(", "), preset.source),
    }
}
