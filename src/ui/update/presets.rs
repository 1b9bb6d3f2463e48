//! The list of presets: one is tried out, taken, or left again.

use super::turn::{self, Wish};
use crate::fault::Plan;
use crate::preset::Preset;
use crate::snapshot::ProxyId;
use crate::ui::input::Field;
use crate::ui::model::{Model, Overlay, PresetList, Tone};

/// Opens the list for the selected proxy.
pub(super) fn open(model: &mut Model, proxy: ProxyId) {
    model.overlays.push(Overlay::Presets(PresetList {
        proxy,
        before: model.plan(proxy).cloned().unwrap_or_default(),
        filter: Field::default(),
        line: 0,
        first: 0,
    }));
}

/// Puts the selected preset in force; the list stays open.
pub(super) fn audition(model: &mut Model) {
    let Some(Overlay::Presets(list)) = model.overlays.last() else {
        return;
    };
    if let (proxy, Some(preset)) = (list.proxy, list.selected()) {
        put(model, proxy, preset);
    }
}

/// Enter: the selected preset is put in force, and the list closes. It stays open where the filter leaves none.
pub(super) fn accept(model: &mut Model, list: PresetList) {
    if let Some(preset) = list.selected() {
        return put(model, list.proxy, preset);
    }
    let text = format!("no preset has \"{}\" in it", list.filter.text.value());
    model.say(Tone::Trouble, text);
    model.overlays.push(Overlay::Presets(list));
}

/// Puts a preset in the place of all faults of a proxy.
fn put(model: &mut Model, proxy: ProxyId, preset: &Preset) {
    let mut plan = model.plan(proxy).cloned().unwrap_or_default();
    plan.clear_all();
    for setting in preset.settings() {
        plan.set(setting);
    }
    change(model, proxy, plan, format!("preset {}", preset.name));
}

/// Leaves the list: what was set before it was opened is set again.
pub(super) fn leave(model: &mut Model, list: PresetList) {
    let text = "preset left: as it was before".to_owned();
    change(model, list.proxy, list.before, text);
}

fn change(model: &mut Model, proxy: ProxyId, plan: Plan, text: String) {
    if model.plan(proxy) == Some(&plan) {
        return;
    }
    turn::set(model, Wish::one(proxy, plan, text), None);
}
