//! The list of all knobs, a letter each, below the strip that they turn; what is on is in the injected colour.
//!
//! ```text
//! ┌─ choose a knob of db ────────────────────────────────────────────────────────┐
//! │ t latency  i jitter  b rate cap  r resets  v blackhole  o loss 2%  p tcp  …   │
//! └─ a letter chooses  ←→ another  Esc closes ────────────────────────────────────┘
//! ```

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::layout::Mixer;
use super::pen::{Sheet, widths};
use super::popup::boxed;
use crate::fault::Directions;
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// Columns between two knobs.
const GAP: u16 = 2;

/// Draws the knobs in a box below the selected strip; above it, where there is no room below.
pub(super) fn draw(model: &Model, mixer: &Mixer, sheet: &mut Sheet<'_>) {
    let Some((index, row)) = model.selected.and_then(|id| model.proxy(id)) else {
        return;
    };
    let room = sheet.area.width.saturating_sub(4);
    let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    for (at, dial) in knob::all().iter().enumerate() {
        let entry = entry(model, dial, at == model.knob);
        let line = lines.last().map_or(0, |line| widths(line));
        if line > 0 && line + GAP + widths(&entry) > room {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(Span::raw(" ".repeat(GAP.into())));
            }
            line.extend(entry);
        }
    }
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let mut places = mixer.places(model).into_iter();
    let strip = places.find(|place| place.index == index);
    let strip = strip.map_or(mixer.strips, |place| place.area);
    let below = strip.bottom();
    let y = if below.saturating_add(height) <= sheet.area.bottom() {
        below
    } else {
        strip.y.saturating_sub(height)
    };
    let place = Rect::new(sheet.area.x, y, sheet.area.width, height);
    let title = format!("choose a knob of {}", row.name);
    let footer = "a letter chooses  ←→ another  Esc closes";
    let mut inner = boxed(sheet, place, [&title, footer]);
    for (at, line) in (0..).zip(&lines) {
        inner.row(at).skip(1).spans(line);
    }
}

/// A letter, the knob's name, and what it is set to.
fn entry(model: &Model, dial: &Dial, selected: bool) -> Vec<Span<'static>> {
    let plan = model.selected.and_then(|id| model.plan(id));
    let set = plan.and_then(|plan| dial.value(plan, Directions::Both));
    let mut name = dial.knob.title.to_lowercase();
    if let Some(set) = set {
        name = format!("{name} {}", format::value(set, model.rates));
    }
    let role = if set.is_some() {
        Role::Injected
    } else {
        Role::Plain
    };
    let style = if selected {
        role.selected()
    } else {
        Style::from(role)
    };
    vec![
        Span::styled(format!("{} ", dial.knob.letter), Role::Title),
        Span::styled(name, style),
    ]
}
