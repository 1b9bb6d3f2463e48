//! What a change of a plan comes to, for people: the knobs that turn, where they say all of it, else the settings.

use super::knob;
use crate::fault::{Directions, KINDS, Kind, Plan, Setting};

/// What a change of a plan comes to, the bypass too; nothing where nothing changes.
pub(in crate::ui) fn changes(before: Option<&Plan>, after: &Plan) -> String {
    let none = Plan::default();
    let before = before.unwrap_or(&none);
    let kinds = KINDS.iter().copied();
    let mut parts: Vec<String> = kinds
        .flat_map(|kind| changes_of(kind, before, after))
        .collect();
    if before.bypassed != after.bypassed {
        parts.push(bypass_word(after.bypassed).to_owned());
    }
    parts.join(", ")
}

/// The kinds that differ between two plans, and the bypass where it does, by their names.
pub(in crate::ui) fn touched(before: &Plan, after: &Plan) -> Vec<&'static str> {
    let differs = |kind: &&Kind| {
        let [old, new] = [before, after].map(|plan| of_kind(plan, kind));
        old.ne(new)
    };
    let kinds = KINDS.iter().copied().filter(differs);
    let bypass = (before.bypassed != after.bypassed).then_some("the bypass");
    kinds.map(|kind| kind.name).chain(bypass).collect()
}

fn of_kind<'a>(plan: &'a Plan, kind: &Kind) -> impl Iterator<Item = &'a Setting> {
    plan.settings().iter().filter(move |it| it.kind == kind)
}

/// The knobs that a kind's change is made of; where turning them does not make all of it, its settings.
fn changes_of(kind: &'static Kind, before: &Plan, after: &Plan) -> Vec<String> {
    let settings = |plan: &Plan| Plan::of(of_kind(plan, kind).cloned());
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

/// What a change of the bypass is called.
pub(in crate::ui) const fn bypass_word(bypassed: bool) -> &'static str {
    if bypassed { "bypass on" } else { "bypass off" }
}
