//! Moving about: strips, knobs, panes; which directions the keys turn.

use super::Step;
use crate::fault::{Direction, Directions};
use crate::ui::effect::Effect;
use crate::ui::keymap::Mode;
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Tone};

/// How far a page goes in the list that has the keys.
pub(super) fn page(model: &Model) -> usize {
    let room = crate::ui::view::room(model.size, model);
    let page = match model.mode() {
        Mode::Connections => room.conns,
        Mode::Help => room.help,
        Mode::Presets => room.presets,
        Mode::Mixer | Mode::Input | Mode::Value | Mode::Path | Mode::Quit | Mode::Confirm => {
            room.strips
        }
    };
    page.saturating_sub(1).max(1)
}

/// Moves the selection among the strips.
pub(super) fn strip(model: &mut Model, step: Step) {
    let place = model.selected.and_then(|id| model.proxy(id));
    let place = place.map_or(model.private.selected_at, |(place, _)| place);
    let rows = &model.snapshot.proxies;
    model.selected = rows.get(step.from(place, rows.len())).map(|row| row.id);
}

/// The pane `by` places further on.
pub(super) fn pane(model: &mut Model, by: usize) -> Vec<Effect> {
    const PANES: [Focus; 3] = [Focus::Mixer, Focus::Connections, Focus::Input];
    let place = PANES.iter().position(|pane| *pane == model.focus);
    focus(model, PANES[(place.unwrap_or(0) + by) % PANES.len()])
}

/// Gives a pane the keys.
pub(super) fn focus(model: &mut Model, pane: Focus) -> Vec<Effect> {
    model.focus = pane;
    vec![]
}

/// To the knob on the right, or on the left; after the last comes the first.
pub(super) fn next_knob(model: &mut Model, right: bool) -> Vec<Effect> {
    let len = knob::all().len();
    let by = if right { 1 } else { len - 1 };
    choose_knob(model, (model.knob + by) % len)
}

/// To a knob.
pub(super) fn choose_knob(model: &mut Model, knob: usize) -> Vec<Effect> {
    if knob < knob::all().len() {
        model.knob = knob;
    }
    vec![]
}

/// Both directions, down, up, both.
pub(super) fn next_directions(model: &mut Model) -> Vec<Effect> {
    let (next, words) = match model.directions {
        Directions::Both => (Directions::Only(Direction::Down), "down only"),
        Directions::Only(Direction::Down) => (Directions::Only(Direction::Up), "up only"),
        Directions::Only(Direction::Up) => (Directions::Both, "both directions"),
    };
    model.directions = next;
    model.say(Tone::Plain, format!("the keys turn {words}"));
    vec![]
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
    let least = (place + 1).saturating_sub(strips);
    model.first_strip = model
        .first_strip
        .clamp(least.min(place), place)
        .min(last_first);
}
