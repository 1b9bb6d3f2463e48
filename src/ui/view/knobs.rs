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

use super::hits::Target;
use super::layout::Mixer;
use super::pen::{Sheet, widths};
use super::popup::boxed;
use crate::fault::Directions;
use crate::ui::ability;
use crate::ui::action::Action;
use crate::ui::format;
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;
use crate::ui::named;
use crate::ui::theme::Role;

/// Columns between two knobs.
const GAP: u16 = 2;

/// What a click does, where it stands (line, column), and its text.
type Entry = (Action, u16, u16, Vec<Span<'static>>);

/// Each knob with its place in so many columns, then the settings with names on lines of their own; and how many lines.
fn laid_out(model: &Model, room: u16) -> (Vec<Entry>, u16) {
    // Each knob with its line and its column.
    let mut entries = Vec::new();
    let (mut line, mut column): (u16, u16) = (0, 0);
    for (knob, dial) in knob::all().iter().enumerate() {
        let entry = entry(model, dial, knob == model.knob);
        let columns = widths(&entry);
        if column > 0 && column + columns > room {
            (line, column) = (line + 1, 0);
        }
        entries.push((Action::ChooseKnob(knob), line, column, entry));
        column += columns + GAP;
    }
    let named = named(model);
    // They begin a line of their own.
    if !named.is_empty() {
        (line, column) = (line + 1, 0);
    }
    for (place, entry) in (1..).zip(named) {
        let columns = widths(&entry);
        if column > 0 && column + columns > room {
            (line, column) = (line + 1, 0);
        }
        entries.push((Action::TakeOff(place), line, column, entry));
        column += columns + GAP;
    }
    (entries, line.saturating_add(1))
}

/// Draws the knobs in a box below the selected strip; above it, where there is no room below.
pub(super) fn draw(model: &Model, mixer: &Mixer, sheet: &mut Sheet<'_>) {
    let Some((index, row)) = model.selected.and_then(|id| model.proxy(id)) else {
        return;
    };
    let room = sheet.area.width.saturating_sub(4);
    let (entries, lines) = laid_out(model, room);
    let height = lines.saturating_add(2);
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
    let has_named = matches!(entries.last(), Some((Action::TakeOff(_), ..)));
    let footer = if has_named {
        "a letter chooses  a digit takes off  ←→ another  Esc closes"
    } else {
        "a letter chooses  ←→ another  Esc closes"
    };
    let mut inner = boxed(sheet, place, [&title, footer]);
    for (action, line, column, entry) in entries {
        let mut pen = inner.row(line);
        pen.skip(1 + column);
        pen.holds(widths(&entry), Target::Key(action));
        pen.spans(&entry);
    }
}

/// The faults with names, each with the digit that takes it off; those beyond the last digit without one.
fn named(model: &Model) -> Vec<Vec<Span<'static>>> {
    let plan = model.selected.and_then(|id| model.plan(id));
    let named = plan.map(|plan| named::of(plan, model.rates));
    let entry = |(place, it): (usize, named::Named)| {
        let digit = if place > 9 {
            " ".to_owned()
        } else {
            place.to_string()
        };
        vec![
            Span::styled(format!("{digit} "), Role::Title),
            Span::styled(it.text(), Role::Injected),
        ]
    };
    (1..).zip(named.into_iter().flatten()).map(entry).collect()
}

/// A letter, the knob's name, and what it is set to.
fn entry(model: &Model, dial: &Dial, selected: bool) -> Vec<Span<'static>> {
    let plan = model.selected.and_then(|id| model.plan(id));
    let set = plan.and_then(|plan| dial.value(plan, Directions::Both));
    let mut name = dial.knob.title.to_lowercase();
    if let Some(set) = set {
        name = format!("{name} {}", format::value(set, model.rates));
    }
    let lacks = ability::program(model).lacks_kind(dial.kind).is_some();
    let role = match set {
        Some(_) => Role::Injected,
        None if lacks => Role::Rest,
        None => Role::Plain,
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
