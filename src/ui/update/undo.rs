//! Undo and redo: steps backwards and forwards, carried out like any other change.

use super::proxies;
use super::turn::{self, Wish};
use crate::fault::{Directions, KINDS, Kind, Plan};
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::knob;
use crate::ui::model::undo::{Edit, Step};
use crate::ui::model::{Asked, Model, Origin, Overlay, Tone};

/// Which way through the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Back,
    Forward,
}

/// The last step back.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    if is_busy(model) {
        return vec![];
    }
    // Taking back an addition cuts connections: that is a deletion, and it asks.
    if let Some(Edit::Added(proxy)) = model.undo.last().and_then(|step| step.edits.first()) {
        let id = proxy.id;
        if model.proxy(id).is_some_and(|(_, row)| row.open > 0) {
            model.overlays.push(Overlay::Delete(id));
            return vec![];
        }
    }
    let Some(step) = model.undo.back() else {
        model.say(Tone::Plain, "nothing to undo");
        return vec![];
    };
    take(model, &step.reversed(), Way::Back)
}

/// The last step that was undone, again.
pub(super) fn redo(model: &mut Model) -> Vec<Effect> {
    if is_busy(model) {
        return vec![];
    }
    let Some(step) = model.undo.forward() else {
        model.say(Tone::Plain, "nothing to do again");
        return vec![];
    };
    take(model, &step, Way::Forward)
}

/// While a proxy comes back, the steps name it by a number that is about to change.
fn is_busy(model: &mut Model) -> bool {
    let mut asked = model.private.asked.values();
    let busy = asked.any(|asked| {
        matches!(
            asked,
            Asked::Add { .. } | Asked::Replace { .. } | Asked::Rename { .. }
        )
    });
    if busy {
        model.say(Tone::Plain, "a proxy is being changed: once more, please");
    }
    busy
}

fn take(model: &mut Model, step: &Step, way: Way) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut plans = Vec::new();
    let mut texts = Vec::new();
    let word = if way == Way::Back { "undo" } else { "redo" };
    let origin = |id: ProxyId| match way {
        Way::Back => Origin::Undo(id),
        Way::Forward => Origin::Redo(id),
    };
    for edit in &step.edits {
        let id = edit.proxy();
        match edit {
            Edit::Plan { after, .. } if model.knows(id) => {
                texts.push(difference(model.plan(id), after));
                plans.push((id, after.clone()));
            }
            Edit::Plan { .. } => model.say(Tone::Plain, "that proxy is gone"),
            Edit::Added(proxy) => effects.push(proxies::add(model, proxy.clone(), origin(id))),
            Edit::Removed(_) => effects.extend(proxies::remove(model, id)),
            Edit::Renamed { .. } if !model.knows(id) => {
                model.say(Tone::Plain, "that proxy is gone");
            }
            Edit::Renamed { before, after, .. } => {
                let names = (before.clone(), after.clone());
                effects.push(proxies::rename(model, id, names, origin(id)));
            }
            Edit::Replaced { before, after, .. } => effects.push(proxies::replace(
                model,
                id,
                before.clone(),
                after.clone(),
                origin(id),
            )),
        }
    }
    texts.dedup();
    let text = match texts.as_slice() {
        [text] => format!("{word} {text}"),
        _ => format!("{word}, each with its own faults again"),
    };
    effects.extend(turn::carry_out(
        model,
        Wish {
            text,
            ..Wish::of(plans)
        },
    ));
    model.solo.clone_from(&step.solo[1]);
    effects
}

/// What differs between two plans, for people: the knobs where they say all of it, else the settings.
pub(super) fn difference(before: Option<&Plan>, after: &Plan) -> String {
    let none = Plan::default();
    let before = before.unwrap_or(&none);
    let kinds = KINDS.iter().copied();
    let mut parts: Vec<String> = kinds
        .flat_map(|kind| difference_of(kind, before, after))
        .collect();
    if before.bypassed != after.bypassed {
        parts.push(turn::bypass_word(after.bypassed).to_owned());
    }
    parts.join(", ")
}

/// The knobs that a kind's difference is made of; where turning them does not make all of it, its settings.
fn difference_of(kind: &'static Kind, before: &Plan, after: &Plan) -> Vec<String> {
    let settings = |plan: &Plan| {
        let mut only = plan.clone();
        let others = KINDS.iter().filter(|other| other.name != kind.name);
        others.for_each(|other| only.clear(other));
        only.bypassed = false;
        only
    };
    let (old, new) = (settings(before), settings(after));
    if old == new {
        return Vec::new();
    }
    let both = Directions::Both;
    let dials = knob::all().iter();
    let turned = dials.filter(|dial| {
        dial.kind.name == kind.name && dial.value(&old, both) != dial.value(&new, both)
    });
    let turned: Vec<_> = turned.collect();
    let by_knobs = turned.iter().fold(old.clone(), |plan, dial| {
        dial.set(&plan, both, dial.value(&new, both))
    });
    if by_knobs == new {
        let texts = turned.iter().map(|dial| dial.change(&old, &new, both));
        return texts.collect();
    }
    let words = |plan: &Plan| {
        if plan.is_empty() {
            format!("no {}", kind.name)
        } else {
            plan.to_string()
        }
    };
    vec![format!("{} → {}", words(&old), words(&new))]
}
