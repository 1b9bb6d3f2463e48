//! Moving about: strips, knobs, panes; which directions the keys turn.

use super::{Step, first_visible};
use crate::fault::{Direction, Directions};
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Tone};

/// Moves the selection among the strips.
pub(super) fn strip(model: &mut Model, step: Step) {
    let place = model.selected.and_then(|id| model.proxy(id));
    let place = place.map_or(model.private.selected_at, |(place, _)| place);
    let rows = &model.snapshot.proxies;
    model.selected = rows.get(step.from(place, rows.len())).map(|row| row.id);
}

/// The pane `by` places further on.
pub(super) fn pane(model: &mut Model, by: usize) {
    const PANES: [Focus; 3] = [Focus::Mixer, Focus::Connections, Focus::Input];
    let place = PANES.iter().position(|pane| *pane == model.focus);
    model.focus = PANES[(place.unwrap_or(0) + by) % PANES.len()];
}

/// To the knob on the right, or on the left; after the last comes the first.
pub(super) fn next_knob(model: &mut Model, right: bool) {
    let len = knob::all().len();
    let by = if right { 1 } else { len - 1 };
    choose_knob(model, (model.knob + by) % len);
}

/// To a knob.
pub(super) fn choose_knob(model: &mut Model, knob: usize) {
    if knob < knob::all().len() {
        model.knob = knob;
    }
}

/// Both directions, down, up, both.
pub(super) fn next_directions(model: &mut Model) {
    let (next, words) = match model.directions {
        Directions::Both => (Directions::Only(Direction::Down), "down only"),
        Directions::Only(Direction::Down) => (Directions::Only(Direction::Up), "up only"),
        Directions::Only(Direction::Up) => (Directions::Both, "both directions"),
    };
    model.directions = next;
    model.say(Tone::Plain, format!("the keys turn {words}"));
}

/// The selected strip exists where there is one, and is visible.
pub(super) fn settle(model: &mut Model, strips: usize) {
    let rows = &model.snapshot.proxies;
    if let Some((place, _)) = model.selected.and_then(|id| model.proxy(id)) {
        model.private.selected_at = place;
    } else if !model.selected.is_some_and(|id| model.knows(id)) {
        let neighbour = model.private.selected_at.min(rows.len().saturating_sub(1));
        model.selected = rows.get(neighbour).map(|row| row.id);
    }
    let place = model.private.selected_at;
    let last_first = model.snapshot.proxies.len().saturating_sub(strips);
    model.first_strip = first_visible(model.first_strip, place, strips).min(last_first);
}
