//! Proxies come and go: add, replace, delete; and their ports open and close.

use std::fmt::Write as _;
use std::sync::Arc;

use super::contact::may_change;
use super::{engine, line};
use crate::fault::Plan;
use crate::mapping::Mapping;
use crate::request::{Outcome, RequestError};
use crate::snapshot::{PortState, ProxyId};
use crate::ui::model::undo::{Edit, Edited, Gate, Setup, Swap};
use crate::ui::model::{Asked, Draft, Focus, Model, Origin, Overlay, Tone};

/// A mapping and its faults as the input line takes them.
pub(super) fn in_words(mapping: &Mapping, plan: &Plan) -> String {
    format!("{mapping} {plan}").trim_end().to_owned()
}

/// Deletes the selected proxy; asks first where connections are open.
pub(super) fn delete(model: &mut Model, id: ProxyId) {
    if model.proxy(id).is_some_and(|(_, row)| row.open > 0) {
        model.overlays.push(Overlay::Delete(id));
        return;
    }
    delete_now(model, id);
}

/// Deletes a proxy, as a step that can be undone.
pub(super) fn delete_now(model: &mut Model, id: ProxyId) {
    let Some((_, row)) = model.proxy(id) else {
        return;
    };
    let removed = Edited::Removed(Setup {
        mapping: row.bound(),
        plan: model.plan(id).cloned().unwrap_or_default(),
    });
    let edit = Edit {
        proxy: id,
        what: removed,
    };
    if ask(model, &edit, Origin::User) {
        let solo = model.solo.clone().filter(|solo| solo.proxy != id);
        model.keep_step(vec![edit], solo, None);
    }
}

/// Adds a proxy that its user asks for.
pub(super) fn add(model: &mut Model, setup: Setup) {
    let edit = Edit {
        // The engine will number it, and counts from 1.
        proxy: ProxyId(0),
        what: Edited::Added(setup),
    };
    ask(model, &edit, Origin::User);
}

/// Has the engine do an edit. Says whether it was asked: it is to remove a proxy only once.
pub(super) fn ask(model: &mut Model, edit: &Edit, origin: Origin) -> bool {
    let proxy = edit.proxy;
    let concerned: &[ProxyId] = if matches!(edit.what, Edited::Added(_)) {
        &[]
    } else {
        &[proxy]
    };
    if !may_change(model, concerned) {
        return false;
    }
    if matches!(edit.what, Edited::Removed(_)) {
        if is_asked(model, proxy, |what| matches!(what, Edited::Removed(_))) {
            return false;
        }
        if let Some(mapping) = model.proxy(proxy).map(|(_, row)| row.bound()) {
            model.undo.remember(proxy, &mapping);
        }
    }
    let name = model.name(proxy);
    let ticket = model.ask(edit.request());
    let asked = Asked {
        proxy,
        name,
        what: edit.what.clone(),
        origin,
    };
    model.private.asked.insert(ticket, asked);
    true
}

/// Closes the selected proxy's port, or opens it again.
pub(super) fn toggle_port(model: &mut Model, proxy: ProxyId) {
    let Some((_, row)) = model.proxy(proxy) else {
        return;
    };
    let gate = if row.port == PortState::Closed {
        Gate::Open
    } else {
        Gate::Closed
    };
    set_port(model, proxy, gate);
}

/// Opens a proxy's port, or closes it.
pub(super) fn set_port(model: &mut Model, proxy: ProxyId, after: Gate) {
    let is_asked = is_asked(model, proxy, |what| matches!(what, Edited::Port(_)));
    let Some((_, row)) = model.proxy(proxy).filter(|_| !is_asked) else {
        return;
    };
    let before = if row.port == PortState::Closed {
        Gate::Closed
    } else {
        Gate::Open
    };
    let what = Edited::Port(Swap { before, after });
    ask(model, &Edit { proxy, what }, Origin::User);
}

/// Leads a proxy elsewhere: its connections end, and all that is known of it stays.
pub(super) fn repoint(model: &mut Model, proxy: ProxyId, after: Mapping) {
    if let Some(before) = model.proxy(proxy).map(|(_, row)| row.mapping.clone()) {
        let what = Edited::Repointed(Swap { before, after });
        ask(model, &Edit { proxy, what }, Origin::User);
    }
}

/// Whether the engine was asked for such a thing and has not answered yet.
fn is_asked(model: &Model, proxy: ProxyId, such: impl Fn(&Edited) -> bool) -> bool {
    let mut asked = model.private.asked.values();
    asked.any(|asked| asked.proxy == proxy && such(&asked.what))
}

// === answers ===

/// The engine did, or refused, what it was asked about a proxy.
pub(super) fn answered(
    model: &mut Model,
    asked: Asked,
    result: Result<Outcome, Arc<RequestError>>,
) {
    let Asked {
        proxy,
        name,
        what,
        origin,
    } = asked;
    let edit = Edit { proxy, what };
    match result {
        Ok(outcome) => done(model, edit, &name, origin, outcome),
        Err(why) => refused(model, edit, &name, origin, &why),
    }
}

/// The engine did an edit of the proxy that was called `name` when it was asked.
fn done(model: &mut Model, mut edit: Edit, name: &str, origin: Origin, outcome: Outcome) {
    let mut tone = Tone::Good;
    let text = match (&edit.what, outcome) {
        (Edited::Added(Setup { mapping, plan }), Outcome::Added(id)) => {
            let text = if origin == Origin::User {
                if model.overlays.is_empty() && model.input.field.text.value().is_empty() {
                    model.focus = Focus::Mixer;
                }
                format!("added {mapping}: point the application at it, then → turns")
            } else {
                format!("{mapping} is back")
            };
            welcome(model, edit.proxy, id, plan.clone());
            edit.proxy = id;
            text
        }
        (Edited::Replaced(Swap { before, after }), Outcome::Added(id)) => {
            let text = format!("{} → {}", before.mapping, after.mapping);
            welcome(model, edit.proxy, id, after.plan.clone());
            edit.proxy = id;
            text
        }
        (Edited::Renamed(_), Outcome::Renamed(_, after)) => {
            format!("{name} is called {after} now")
        }
        (Edited::Port(Swap { after, .. }), Outcome::PortSet(_)) => match after {
            Gate::Open => format!("{name}: port open"),
            Gate::Closed | Gate::Off => {
                tone = Tone::Plain;
                // Elsewhere than on a desk of ours they end with either.
                let row = model.proxy(edit.proxy).map(|(_, row)| row);
                let is_foreign = row.is_some_and(|row| row.foreign.is_some());
                let ends = *after == Gate::Off || is_foreign;
                let end = if ends { "end" } else { "live on" };
                format!("{name}: port closed, its connections {end}: o opens it")
            }
        },
        // An event tells of it.
        (Edited::Repointed(_), Outcome::Repointed(_)) => String::new(),
        (Edited::Removed(_), Outcome::Removed(_)) => {
            // The step was kept when the engine was asked.
            model.private.awaited.retain(|id| *id != edit.proxy);
            return model.say(Tone::Plain, format!("{name} deleted: u brings it back"));
        }
        _ => return model.unasked(),
    };
    if !text.is_empty() {
        model.say(tone, text);
    }
    if origin == Origin::User && !edit.is_none() {
        model.keep_step(vec![edit], model.solo.clone(), None);
    }
}

/// The engine refused an edit: a step that could not be taken stands where it stood.
fn refused(model: &mut Model, edit: Edit, name: &str, origin: Origin, why: &RequestError) {
    if let Edited::Removed(_) = edit.what {
        if matches!(why, RequestError::NoProxy(_)) {
            model.private.awaited.retain(|id| *id != edit.proxy);
            return model.say(Tone::Plain, format!("{name} is gone already"));
        }
        // It stands as it stood, so there is nothing to bring back.
        model.undo.forget(&edit);
        return model.say(Tone::Trouble, format!("{name}: {why}"));
    }
    let solo = match origin {
        Origin::User => None,
        Origin::Undo => model.undo.forward().map(|step| step.solo.after),
        Origin::Redo => model.undo.back().map(|step| step.solo.before),
    };
    if let Some(solo) = solo {
        model.solo = solo;
    }
    let mut text = why.to_string();
    match edit.what {
        Edited::Replaced(setups) => {
            let _ = write!(text, "; {} is as it was", setups.before.mapping);
        }
        Edited::Added(setup)
            if origin == Origin::User && model.input.field.text.value().is_empty() =>
        {
            line::refill(model, in_words(&setup.mapping, &setup.plan), None);
            model.focus = Focus::Input;
        }
        Edited::Port(_) | Edited::Repointed(_) => text = format!("{name}: {why}"),
        Edited::Added(_)
        | Edited::Plan(_)
        | Edited::Settings(_)
        | Edited::Removed(_)
        | Edited::Renamed(_)
        | Edited::Own(..) => {}
    }
    model.say(Tone::Trouble, text);
}

/// The new proxy is selected and shows its plan at once, before a snapshot has it. What was known of it as `old` is known
/// of it now.
fn welcome(model: &mut Model, old: ProxyId, id: ProxyId, plan: Plan) {
    renumber(model, old, id);
    if model.frozen.is_some() {
        // A frozen screen would never show it.
        engine::freeze(model);
    }
    if model.proxy(id).is_none() {
        model.private.awaited.push(id);
    }
    model.selected = Some(id);
    let draft = Draft {
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
    if let Some(two) = model.settings.remove(&old) {
        model.settings.insert(new, two);
    }
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
