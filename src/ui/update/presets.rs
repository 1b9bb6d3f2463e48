//! The list of presets: one is tried out, taken, or left again.

use super::Step;
use super::turn::{self, Wish};
use crate::fault::Plan;
use crate::preset::Preset;
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::model::{Model, Overlay, PresetList, Tone};

/// Opens the list for the selected proxy.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if let Some(proxy) = model.selected_or_say() {
        model.overlays.push(Overlay::Presets(PresetList {
            proxy,
            before: model.plan(proxy).cloned().unwrap_or_default(),
            filter: Field::default(),
            line: 0,
            first: 0,
        }));
    }
    vec![]
}

/// Moves in the list.
pub(super) fn step(model: &mut Model, step: Step) {
    if let Some(Overlay::Presets(list)) = model.overlays.last_mut() {
        list.line = step.from(list.line, list.shown().len());
    }
}

/// The selected line exists and is visible.
pub(super) fn settle(model: &mut Model, room: usize) {
    if let Some(Overlay::Presets(list)) = model.overlays.last_mut() {
        list.line = list.line.min(list.shown().len().saturating_sub(1));
        let least = (list.line + 1).saturating_sub(room).min(list.line);
        list.first = list.first.clamp(least, list.line);
    }
}

/// Puts the selected preset in force; the list stays open.
pub(super) fn audition(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Presets(list)) = model.overlays.last() else {
        return vec![];
    };
    let (proxy, preset) = (list.proxy, list.selected());
    preset.map_or_else(Vec::new, |preset| put(model, proxy, preset))
}

/// Enter: the selected preset is put in force, and the list closes. It stays open where the filter leaves none.
pub(super) fn accept(model: &mut Model, list: PresetList) -> Vec<Effect> {
    if let Some(preset) = list.selected() {
        return put(model, list.proxy, preset);
    }
    let text = format!("no preset has \"{}\" in it", list.filter.text.value());
    model.say(Tone::Trouble, text);
    model.overlays.push(Overlay::Presets(list));
    vec![]
}

/// Puts a preset in the place of all faults of a proxy.
fn put(model: &mut Model, proxy: ProxyId, preset: &Preset) -> Vec<Effect> {
    let mut plan = model.plan(proxy).cloned().unwrap_or_default();
    plan.clear_all();
    for setting in preset.settings() {
        plan.set(setting);
    }
    change(model, proxy, plan, format!("preset {}", preset.name))
}

/// Leaves the list: what was set before it was opened is set again.
pub(super) fn leave(model: &mut Model, list: PresetList) -> Vec<Effect> {
    let text = "preset left: as it was before".to_owned();
    change(model, list.proxy, list.before, text)
}

fn change(model: &mut Model, proxy: ProxyId, plan: Plan, text: String) -> Vec<Effect> {
    if model.plan(proxy) == Some(&plan) {
        return vec![];
    }
    turn::set(model, Wish::one(proxy, plan, text), None)
}
