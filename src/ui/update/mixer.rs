//! Moving about: strips, knobs, panes; which directions the keys turn.

use super::{Step, first_visible};
use crate::fault::{Direction, Directions};
use crate::snapshot::ProxyId;
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Tone};

/// Moves the selection among the strips.
pub(super) fn strip(model: &mut Model, step: Step) {
    let rows: Vec<ProxyId> = model.strips().map(|(_, row)| row.id).collect();
    let place = rows.iter().position(|id| Some(*id) == model.selected);
    let place = place.unwrap_or(model.private.selected_at);
    let to = rows.get(step.from(place, rows.len()));
    model.selected = to.copied().or(model.selected);
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
    let rows: Vec<ProxyId> = model.strips().map(|(_, row)| row.id).collect();
    let is_there = |id: ProxyId| model.proxy(id).is_some();
    let is_awaited = |id| model.knows(id) && !is_there(id);
    if let Some(place) = rows.iter().position(|id| Some(*id) == model.selected) {
        model.private.selected_at = place;
    } else if !model.selected.is_some_and(is_awaited) {
        // Where none is looked for, or found, it stays with the one that there is.
        let neighbour = model.private.selected_at.min(rows.len().saturating_sub(1));
        let stays = model.selected.filter(|id| is_there(*id));
        model.selected = rows.get(neighbour).copied().or(stays);
    }
    let place = model.private.selected_at.min(rows.len().saturating_sub(1));
    let last_first = rows.len().saturating_sub(strips);
    model.first_strip = first_visible(model.first_strip, place, strips).min(last_first);
}
