//! Proxies come and go: add, replace, delete; and their ports open and close.

use std::fmt::Write as _;
use std::sync::Arc;

use super::contact::may_change;
use super::{engine, line};
use crate::fault::Plan;
use crate::mapping::Mapping;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{PortState, ProxyId};
use crate::ui::model::undo::{Edit, Edited, Setup, Swap};
use crate::ui::model::{Ask, Asked, Draft, Focus, Model, Origin, Overlay, Tone};

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
        if is_asked(model, proxy, |what| {
            matches!(what, Ask::Edit(Edited::Removed(_), _))
        }) {
            return false;
        }
        if let Some(mapping) = model.proxy(proxy).map(|(_, row)| row.bound()) {
            model.undo.remember(proxy, &mapping);
        }
    }
    let what = Ask::Edit(edit.what.clone(), origin);
    wait_for(model, proxy, what, edit.request());
    true
}

/// Closes the selected proxy's port, or opens it again.
pub(super) fn toggle_port(model: &mut Model, proxy: ProxyId) {
    let Some((_, row)) = model.proxy(proxy) else {
        return;
    };
    set_port(model, proxy, row.port == PortState::Closed);
}

/// Opens a proxy's port, or closes it to new clients.
pub(super) fn set_port(model: &mut Model, proxy: ProxyId, open: bool) {
    let is_asked = is_asked(model, proxy, |what| matches!(what, Ask::Port { .. }));
    if !is_asked && may_change(model, &[proxy]) {
        let request = Request::SetPort { proxy, open };
        wait_for(model, proxy, Ask::Port { open }, request);
    }
}

/// Whether the engine was asked for such a thing and has not answered yet.
fn is_asked(model: &Model, proxy: ProxyId, such: impl Fn(&Ask) -> bool) -> bool {
    let mut asked = model.private.asked.values();
    asked.any(|asked| asked.proxy == proxy && such(&asked.what))
}

/// Asks the engine for something whose answer will concern a proxy.
fn wait_for(model: &mut Model, proxy: ProxyId, what: Ask, request: Request) {
    let name = model.name(proxy);
    let ticket = model.ask(request);
    let asked = Asked { proxy, name, what };
    model.private.asked.insert(ticket, asked);
}

// === answers ===

/// The engine did, or refused, what it was asked about a proxy.
pub(super) fn answered(
    model: &mut Model,
    asked: Asked,
    result: Result<Outcome, Arc<RequestError>>,
) {
    let Asked { proxy, name, what } = asked;
    match (what, result) {
        (Ask::Edit(what, origin), Ok(outcome)) => {
            done(model, Edit { proxy, what }, &name, origin, outcome);
        }
        (Ask::Edit(what, origin), Err(why)) => {
            refused(model, Edit { proxy, what }, &name, origin, &why);
        }
        (Ask::Port { open: true }, Ok(Outcome::PortSet(_))) => {
            model.say(Tone::Good, format!("{name}: port open"));
        }
        (Ask::Port { open: false }, Ok(Outcome::PortSet(_))) => {
            let what = match model.proxy(proxy) {
                // Its connections end with it there.
                Some((_, row)) if row.foreign.is_some() => "end",
                _ => "live on",
            };
            let text = format!("{name}: port closed, its connections {what}: o opens it");
            model.say(Tone::Plain, text);
        }
        (Ask::Port { .. }, Ok(_)) => model.unasked(),
        (Ask::Port { .. }, Err(why)) => model.say(Tone::Trouble, format!("{name}: {why}")),
    }
}

/// The engine did an edit of the proxy that was called `name` when it was asked.
fn done(model: &mut Model, mut edit: Edit, name: &str, origin: Origin, outcome: Outcome) {
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
        (Edited::Removed(_), Outcome::Removed(_)) => {
            // The step was kept when the engine was asked.
            model.private.awaited.retain(|id| *id != edit.proxy);
            return model.say(Tone::Plain, format!("{name} deleted: u brings it back"));
        }
        _ => return model.unasked(),
    };
    model.say(Tone::Good, text);
    if origin == Origin::User {
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
