//! Undo and redo: steps backwards and forwards, carried out like any other change.

use super::proxies;
use super::turn::{self, Wish};
use crate::fault::{Directions, Plan};
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::knob;
use crate::ui::model::{Asked, Model, Origin, Overlay, Tone};
use crate::ui::undo::{Change, Step};

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
    if let Some(Change::Added(proxy)) = model.undo.last().and_then(|step| step.changes.first()) {
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
    let busy = asked.any(|asked| matches!(asked, Asked::Add { .. } | Asked::Replace { .. }));
    if busy {
        model.say(Tone::Plain, "a proxy is being added: once more, please");
    }
    busy
}

fn take(model: &mut Model, step: &Step, way: Way) -> Vec<Effect> {
    model.solo = None;
    let mut effects = Vec::new();
    let mut wishes = Vec::new();
    let word = if way == Way::Back { "undo" } else { "redo" };
    let origin = |id: ProxyId| match way {
        Way::Back => Origin::Undo(id),
        Way::Forward => Origin::Redo(id),
    };
    for change in &step.changes {
        let id = change.proxy();
        match change {
            Change::Plan { after, .. } if model.knows(id) => wishes.push(Wish {
                proxy: id,
                text: format!("{word} {}", difference(model.plan(id), after)),
                plan: after.clone(),
            }),
            Change::Plan { .. } => model.say(Tone::Plain, "that proxy is gone"),
            Change::Added(proxy) => effects.push(proxies::add(
                model,
                proxy.mapping.clone(),
                proxy.plan.clone(),
                origin(id),
            )),
            Change::Removed(_) => effects.extend(proxies::remove(model, id)),
            Change::Replaced { before, after, .. } => effects.push(proxies::replace(
                model,
                id,
                before.clone(),
                after.clone(),
                origin(id),
            )),
        }
    }
    effects.extend(turn::carry_out(model, wishes));
    effects
}

/// What differs between two plans, for people: the knobs, else the whole of them.
pub(super) fn difference(before: Option<&Plan>, after: &Plan) -> String {
    let none = Plan::default();
    let before = before.unwrap_or(&none);
    let both = Directions::Both;
    let dials = knob::all().iter();
    let mut parts: Vec<String> = dials
        .filter(|dial| dial.value(before, both) != dial.value(after, both))
        .map(|dial| dial.change(before, after, both))
        .collect();
    if before.bypassed != after.bypassed {
        let text = if after.bypassed {
            "bypass on"
        } else {
            "bypass off"
        };
        parts.push(text.to_owned());
    }
    if parts.is_empty() {
        return format!("{} → {}", words(before), words(after));
    }
    parts.join(", ")
}

fn words(plan: &Plan) -> String {
    if plan.is_empty() {
        return "off".to_owned();
    }
    plan.to_string()
}
