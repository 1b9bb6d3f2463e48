//! Proxies come and go: add, replace, delete; and their ports open and close.

use super::{engine, line};
use crate::fault::Plan;
use crate::mapping::{Mapping, Name};
use crate::request::{Request, RequestError};
use crate::snapshot::{PortState, ProxyId, ProxyRow};
use crate::ui::effect::Effect;
use crate::ui::model::undo::{Edit, Proxy, Step};
use crate::ui::model::{Asked, Focus, Model, Origin, Overlay, Tone};

/// A mapping and its faults as the input line takes them.
pub(super) fn in_words(mapping: &Mapping, plan: &Plan) -> String {
    if plan.is_empty() {
        return mapping.to_string();
    }
    format!("{mapping} {plan}")
}

/// Deletes the selected proxy; asks first where connections are open.
pub(super) fn delete(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.selected_or_say() else {
        return vec![];
    };
    if model.proxy(id).is_some_and(|(_, row)| row.open > 0) {
        model.overlays.push(Overlay::Delete(id));
        return vec![];
    }
    delete_now(model, id)
}

/// Deletes a proxy, as a step that can be undone.
pub(super) fn delete_now(model: &mut Model, id: ProxyId) -> Vec<Effect> {
    let Some((_, row)) = model.proxy(id) else {
        return vec![];
    };
    let proxy = Proxy {
        id,
        mapping: row.bound(),
        plan: model.plan(id).cloned().unwrap_or_default(),
    };
    let effects = remove(model, id);
    if !effects.is_empty() {
        let solo = model.solo.clone();
        model.solo = solo.clone().filter(|solo| solo.proxy != id);
        model.undo.push(Step {
            edits: vec![Edit::Removed(proxy)],
            solo: [solo, model.solo.clone()],
            held: None,
            at: model.now,
        });
    }
    effects
}

/// Removes a proxy, once.
pub(super) fn remove(model: &mut Model, id: ProxyId) -> Vec<Effect> {
    let mut asked = model.private.asked.values();
    if asked.any(|asked| matches!(asked, Asked::Remove { proxy, .. } if *proxy == id)) {
        return vec![];
    }
    let ticket = model.ticket();
    let name = model.name(id);
    let row = model.snapshot.proxies.iter().find(|row| row.id == id);
    if let Some(mapping) = row.map(ProxyRow::bound) {
        model.undo.remember(id, &mapping);
    }
    let asked = Asked::Remove { proxy: id, name };
    model.private.asked.insert(ticket, asked);
    vec![Effect::Ask(ticket, Request::Remove(id))]
}

/// Adds a proxy with its faults.
pub(super) fn add(model: &mut Model, proxy: Proxy, origin: Origin) -> Effect {
    let ticket = model.ticket();
    let Proxy { mapping, plan, .. } = proxy;
    let asked = Asked::Add {
        mapping: mapping.clone(),
        plan: plan.clone(),
        origin,
    };
    model.private.asked.insert(ticket, asked);
    let request = Request::Add { mapping, plan };
    Effect::Ask(ticket, request)
}

/// Adds a proxy that its user asks for.
pub(super) fn add_new(model: &mut Model, mapping: Mapping, plan: Plan) -> Effect {
    let proxy = Proxy {
        id: ProxyId(0),
        mapping,
        plan,
    };
    add(model, proxy, Origin::User)
}

/// Puts a proxy in another's place.
pub(super) fn replace(
    model: &mut Model,
    proxy: ProxyId,
    old: (Mapping, Plan),
    new: (Mapping, Plan),
    origin: Origin,
) -> Effect {
    let ticket = model.ticket();
    let asked = Asked::Replace {
        proxy,
        old,
        new: new.clone(),
        origin,
    };
    model.private.asked.insert(ticket, asked);
    let (mapping, plan) = new;
    let request = Request::Replace {
        proxy,
        mapping,
        plan,
    };
    Effect::Ask(ticket, request)
}

/// Gives a proxy another name, or takes the given one away: `names` are the given ones before and after.
pub(super) fn rename(
    model: &mut Model,
    proxy: ProxyId,
    names: (Option<Name>, Option<Name>),
    origin: Origin,
) -> Effect {
    let ticket = model.ticket();
    let name = names.1.clone();
    let asked = Asked::Rename {
        proxy,
        names,
        origin,
    };
    model.private.asked.insert(ticket, asked);
    Effect::Ask(ticket, Request::Rename { proxy, name })
}

/// Closes the selected proxy's port, or opens it again.
pub(super) fn toggle_port(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.selected_or_say() else {
        return vec![];
    };
    let Some((_, row)) = model.proxy(id) else {
        return vec![];
    };
    let (open, name) = (row.port == PortState::Closed, row.name.clone());
    let mut asked = model.private.asked.values();
    if asked.any(|asked| matches!(asked, Asked::Port { proxy, .. } if *proxy == id)) {
        return vec![];
    }
    let ticket = model.ticket();
    let asked = Asked::Port {
        proxy: id,
        name,
        open,
    };
    model.private.asked.insert(ticket, asked);
    let request = Request::SetPort { proxy: id, open };
    vec![Effect::Ask(ticket, request)]
}

// === answers ===

/// A proxy was added, or could not be.
pub(super) fn added(
    model: &mut Model,
    (mapping, plan, origin): (Mapping, Plan, Origin),
    result: Result<ProxyId, &RequestError>,
) {
    match (result, origin) {
        (Ok(id), Origin::User) => {
            let proxy = Proxy {
                id,
                mapping: mapping.clone(),
                plan: plan.clone(),
            };
            push(model, Edit::Added(proxy));
            if model.overlays.is_empty() && model.input.field.text.value().is_empty() {
                model.focus = Focus::Mixer;
            }
            welcome(model, id, plan);
            let text = format!("added {mapping}: point the application at it, then → turns");
            model.say(Tone::Good, text);
        }
        (Ok(id), Origin::Undo(old) | Origin::Redo(old)) => {
            renumber(model, old, id);
            welcome(model, id, plan);
            model.say(Tone::Good, format!("{mapping} is back"));
        }
        (Err(why), origin) => {
            give_back(model, origin);
            model.say(Tone::Trouble, why.to_string());
            let input = &model.input.field.text;
            if origin == Origin::User && input.value().is_empty() {
                line::refill(model, in_words(&mapping, &plan), None);
                model.focus = Focus::Input;
            }
        }
    }
}

/// A proxy took another's place, or could not.
pub(super) fn replaced(
    model: &mut Model,
    proxy: ProxyId,
    (before, after): ((Mapping, Plan), (Mapping, Plan)),
    origin: Origin,
    result: Result<ProxyId, &RequestError>,
) {
    match result {
        Ok(id) => {
            renumber(model, proxy, id);
            welcome(model, id, after.1.clone());
            model.say(Tone::Good, format!("{} → {}", before.0, after.0));
            if origin == Origin::User {
                let edit = Edit::Replaced {
                    proxy: id,
                    before,
                    after,
                };
                push(model, edit);
            }
        }
        Err(why) => {
            give_back(model, origin);
            model.say(Tone::Trouble, format!("{why}; {} is as it was", before.0));
        }
    }
}

/// A proxy has another name, or could not get it.
pub(super) fn renamed(
    model: &mut Model,
    proxy: ProxyId,
    (before, after): (Option<Name>, Option<Name>),
    origin: Origin,
    result: Result<String, &RequestError>,
) {
    match result {
        Ok(name) => {
            let text = format!("{} is called {name} now", model.name(proxy));
            model.say(Tone::Good, text);
            if origin == Origin::User {
                let edit = Edit::Renamed {
                    proxy,
                    before,
                    after,
                };
                push(model, edit);
            }
        }
        Err(why) => {
            give_back(model, origin);
            model.say(Tone::Trouble, why.to_string());
        }
    }
}

/// Keeps an edit as a step that can be undone.
fn push(model: &mut Model, edit: Edit) {
    model.undo.push(Step {
        edits: vec![edit],
        solo: [model.solo.clone(), model.solo.clone()],
        held: None,
        at: model.now,
    });
}

/// A step that could not be taken stands where it stood.
fn give_back(model: &mut Model, origin: Origin) {
    match origin {
        Origin::User => {}
        Origin::Undo(_) => {
            if let Some(step) = model.undo.forward() {
                model.solo.clone_from(&step.solo[1]);
            }
        }
        Origin::Redo(_) => {
            if let Some(step) = model.undo.back() {
                model.solo.clone_from(&step.solo[0]);
            }
        }
    }
}

/// The new proxy is selected and shows its plan at once, before a snapshot has it.
fn welcome(model: &mut Model, id: ProxyId, plan: Plan) {
    if model.frozen.is_some() {
        // A frozen screen would never show it.
        engine::freeze(model);
    }
    if model.proxy(id).is_none() {
        model.private.awaited.push(id);
    }
    model.selected = Some(id);
    let draft = crate::ui::model::Draft {
        plan,
        ticket: 0,
        answered: Some(model.now),
    };
    model.drafts.insert(id, draft);
}

/// A proxy that came back has another number.
fn renumber(model: &mut Model, old: ProxyId, new: ProxyId) {
    model.undo.renumber(old, new);
    model.drafts.remove(&old);
    if model.input.editing == Some(old) {
        model.input.editing = Some(new);
    }
    if let Some(solo) = &mut model.solo {
        solo.renumber(old, new);
    }
    let changed = model
        .changes
        .iter_mut()
        .flat_map(|change| &mut change.proxies);
    for id in changed.filter(|id| **id == old) {
        *id = new;
    }
}
