//! Moving about: strips, knobs, panes; which directions the keys turn.

use super::{Step, first_visible};
use crate::fault::{Direction, Directions};
use crate::snapshot::ProxyId;
use crate::ui::format::RateUnit;
use crate::ui::knob;
use crate::ui::model::{Focus, Model, Overlay, Tone};
use crate::ui::view;

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
    model.knob = (model.knob + by) % len;
}

/// To a proxy.
pub(super) fn to_proxy(model: &mut Model, proxy: ProxyId) {
    model.selected = Some(proxy);
    model.focus = Focus::Mixer;
}

/// To a knob, by its letter.
pub(super) fn choose_knob(model: &mut Model, knob: usize) {
    if knob < knob::all().len() {
        model.knob = knob;
    }
    if let Some(Overlay::Knobs) = model.overlays.last() {
        model.overlays.pop();
    }
}

/// Marks a proxy, or takes its mark away.
pub(super) fn mark(model: &mut Model, proxy: ProxyId) {
    let is_new = model.marked.insert(proxy);
    if !is_new {
        model.marked.remove(&proxy);
    }
    let text = match (is_new, model.marked.len()) {
        (_, 0) => "no proxy is marked any more".to_owned(),
        (_, 1) => "1 marked: mark others with M, and keys turn them together".to_owned(),
        (_, many) => format!("{many} marked: keys turn them together, Esc takes the marks away"),
    };
    model.say(Tone::Plain, text);
}

/// Each strip in one row, or whole; the other than it is now.
pub(super) fn compact(model: &mut Model) {
    let wanted = !view::is_compact(model.size, model);
    // Where the room would decide the same, it decides.
    model.compact = None;
    if view::is_compact(model.size, model) != wanted {
        model.compact = Some(wanted);
    }
    let text = if wanted {
        "each strip has one row: m shows them whole"
    } else {
        "strips are whole: m gives each one row"
    };
    model.say(Tone::Plain, text);
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

/// Rates in bits, or in bytes again.
pub(super) fn next_rate_unit(model: &mut Model) {
    model.rates = model.rates.other();
    let words = match model.rates {
        RateUnit::Bytes => "bytes per second, as in 64kB/s",
        RateUnit::Bits => "bits per second, as in 512kbit/s",
    };
    model.say(Tone::Plain, format!("rates are shown in {words}"));
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
    let snapshot = &model.snapshot;
    let is_there = |id: &ProxyId| snapshot.proxies.iter().any(|row| row.id == *id);
    model.marked.retain(is_there);
    let place = model.private.selected_at.min(rows.len().saturating_sub(1));
    let last_first = rows.len().saturating_sub(strips);
    model.first_strip = first_visible(model.first_strip, place, strips).min(last_first);
}
