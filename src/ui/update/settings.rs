//! Two settings of a proxy, A and B: the first key keeps A and begins B as a copy of it, every other one swaps them.

use std::sync::Arc;

use super::contact::may_change;
use super::turn::{self, Wish};
use crate::snapshot::ProxyId;
use crate::ui::changes::changes;
use crate::ui::model::undo::{Edit, Edited, Swap};
use crate::ui::model::{Model, Side, Tone, TwoSettings};

/// Keeps a proxy's settings, or swaps them with those that are kept; where it is marked, of all marked ones that stand where it
/// does.
pub(super) fn swap(model: &mut Model, proxy: ProxyId) {
    let side = model.side(proxy);
    let mut group = model.group(proxy);
    group.retain(|id| model.knows(*id) && model.side(*id) == side);
    let Some(side) = side else {
        return begin(model, group);
    };
    if !may_change(model, &group) {
        return;
    }
    let edits: Vec<Edit> = group.iter().map(|id| edit(model, *id)).collect();
    let plans: Vec<_> = edits.iter().filter_map(Edit::plan).collect();
    let texts = edits.iter().map(|edit| swapped(model, edit));
    let mut texts: Vec<String> = texts.collect();
    texts.dedup();
    let text = match &texts[..] {
        [text] => text.clone(),
        _ => format!("to {}, each with its own settings", side.other()),
    };
    model.keep_step(edits, model.solo.clone(), None);
    for id in group {
        flip(model, id);
    }
    turn::carry_out(model, Wish::of(plans, text).leaving(side));
}

/// Keeps what is set as A; what is turned from now on is B.
fn begin(model: &mut Model, group: Vec<ProxyId>) {
    for id in &group {
        let plan = model.plan(*id).cloned().unwrap_or_default();
        let met = model.proxy(*id).and_then(|(_, row)| row.met.clone());
        model.settings.insert(*id, TwoSettings::begin(plan, met));
    }
    let who = turn::names(model, group);
    let text = format!("{who}: A is kept as it is, keys turn B now, \\ swaps them, | ends it");
    model.say(Tone::Plain, text);
}

/// A proxy has one setting again, the one that acts; where it is marked, so have all marked ones.
pub(super) fn end(model: &mut Model, proxy: ProxyId) {
    let mut group = model.group(proxy);
    group.retain(|id| model.settings.remove(id).is_some());
    let text = if group.is_empty() {
        "no A/B goes on here: \\ keeps what is set as A and begins B".to_owned()
    } else {
        let who = turn::names(model, group);
        format!("{who}: A/B is over, what acts stays; \\ begins another one")
    };
    model.say(Tone::Plain, text);
}

/// What clients met under the settings that act is learned from a snapshot that shows them.
pub(super) fn learn(model: &mut Model) {
    let snapshot = Arc::clone(&model.snapshot);
    for (id, two) in &mut model.settings {
        let row = snapshot.proxies.iter().find(|row| row.id == *id);
        if let Some(row) = row.filter(|_| !model.drafts.contains_key(id)) {
            two.learn(&row.plan, row.met.as_ref());
        }
    }
}

/// What a swap makes of a proxy: its other settings act. The bypass stays as it is.
fn edit(model: &Model, proxy: ProxyId) -> Edit {
    let before = model.plan(proxy).cloned().unwrap_or_default();
    let other = model.settings.get(&proxy).map(|two| two.other.clone());
    let mut after = other.unwrap_or_default();
    after.bypassed = before.bypassed;
    let what = Edited::Settings(Swap { before, after });
    Edit { proxy, what }
}

/// What an edit that swaps comes to, said before it is done: `to A, LAT 500ms → 250ms`.
pub(super) fn swapped(model: &Model, edit: &Edit) -> String {
    let to = model.side(edit.proxy).map_or(Side::A, Side::other);
    let changed = edit
        .plan()
        .map(|(proxy, plan)| changes(model.plan(proxy), &plan));
    match changed.filter(|text| !text.is_empty()) {
        Some(text) => format!("to {to}, {text}"),
        None => format!("to {to}, the same settings"),
    }
}

/// The other side of a proxy acts from now on.
pub(super) fn flip(model: &mut Model, proxy: ProxyId) {
    let until_now = model.plan(proxy).cloned().unwrap_or_default();
    if let Some(two) = model.settings.get_mut(&proxy) {
        two.swap(until_now);
    }
}
