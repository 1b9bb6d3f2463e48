//! The list of presets: one is tried out, taken, kept, or left again.

use super::turn::{self, Wish, plans_of};
use crate::fault::Plan;
use crate::preset::{Preset, own};
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::model::{Model, Overlay, PresetList, Tone};

/// Opens the list for the selected proxy; where that one is marked, for all marked ones.
pub(super) fn open(model: &mut Model, proxy: ProxyId) {
    model.overlays.push(Overlay::Presets(PresetList {
        proxy,
        before: plans_of(model, proxy),
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
    if let Some(preset) = list.selected() {
        put(model, list.proxies(), preset);
    }
}

/// Puts the selected preset in force on every proxy; the list closes.
pub(super) fn take_for_all(model: &mut Model) {
    let Some(Overlay::Presets(list)) = model.overlays.last() else {
        return;
    };
    if let Some(preset) = list.selected() {
        model.overlays.pop();
        let all = model.snapshot.proxies.iter().map(|row| row.id);
        put(model, all.collect(), preset);
    }
}

/// Enter: the selected preset is put in force, and the list closes. It stays open where the filter leaves none.
pub(super) fn accept(model: &mut Model, list: PresetList) {
    if let Some(preset) = list.selected() {
        return put(model, list.proxies(), preset);
    }
    let text = format!("no preset has \"{}\" in it", list.filter.text.value());
    model.say(Tone::Trouble, text);
    model.overlays.push(Overlay::Presets(list));
}

/// Keeps what is set on the proxy as a preset of the name that is typed.
pub(super) fn keep(model: &mut Model) {
    let Some(Overlay::Presets(list)) = model.overlays.last() else {
        return;
    };
    let name = list.filter.text.value().trim().to_owned();
    let plan = model.plan(list.proxy).cloned().unwrap_or_default();
    let who = model.name(list.proxy);
    if name.is_empty() {
        let text = format!("type a name first: W keeps what is set on {who} under it");
        return model.say(Tone::Plain, text);
    }
    if plan.is_empty() {
        return model.say(Tone::Plain, format!("{who}: no fault is set"));
    }
    match own::check_name(&name) {
        Ok(()) => model.cause(Effect::KeepPreset {
            name,
            faults: plan.to_string(),
        }),
        Err(why) => model.say(Tone::Trouble, why),
    }
}

/// A preset was kept, or could not be.
pub(super) fn kept(model: &mut Model, name: &str, result: Result<String, String>) {
    match result {
        Ok(file) => model.say(Tone::Good, format!("preset {name} is kept in {file}")),
        Err(why) => model.say(Tone::Trouble, why),
    }
}

/// Puts a preset in the place of all faults of these proxies.
fn put(model: &mut Model, proxies: Vec<ProxyId>, preset: &Preset) {
    let plans = proxies.into_iter().map(|proxy| {
        let mut plan = model.plan(proxy).cloned().unwrap_or_default();
        plan.clear_all();
        for setting in preset.settings() {
            plan.set(setting);
        }
        (proxy, plan)
    });
    let plans = plans.collect();
    change(model, plans, format!("preset {}", preset.name));
}

/// Leaves the list: what was set before it was opened is set again.
pub(super) fn leave(model: &mut Model, list: PresetList) {
    let text = "preset left: as it was before".to_owned();
    change(model, list.before, text);
}

fn change(model: &mut Model, mut plans: Vec<(ProxyId, Plan)>, text: String) {
    plans.retain(|(proxy, plan)| model.knows(*proxy) && model.plan(*proxy) != Some(plan));
    if !plans.is_empty() {
        turn::set(model, Wish::of(plans, text), None);
    }
}
