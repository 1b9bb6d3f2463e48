//! Undo and redo: steps backwards and forwards, carried out like any other change.

use super::contact::may_change;
use super::turn::{self, Wish};
use super::{own, proxies, settings};
use crate::command;
use crate::fault::Own;
use crate::snapshot::ProxyId;
use crate::ui::changes::{changes, touched};
use crate::ui::format::age;
use crate::ui::model::undo::{Edit, Edited, Step, Swap};
use crate::ui::model::{Model, Origin, Overlay, Tone};

/// The last step back.
pub(super) fn undo(model: &mut Model) {
    if is_busy(model) {
        return;
    }
    // Taking back an addition cuts connections: that is a deletion, and it asks.
    let first = model.undo.last().and_then(|step| step.edits.first());
    if let Some(Edit {
        proxy,
        what: Edited::Added(_),
    }) = first
        && model.proxy(*proxy).is_some_and(|(_, row)| row.open > 0)
    {
        model.overlays.push(Overlay::Delete(*proxy));
        return;
    }
    let Some(step) = model.undo.last().cloned() else {
        model.say(Tone::Plain, "nothing to undo");
        return;
    };
    if !may_take(model, &step) || is_doubtful(model, &step) {
        return;
    }
    model.undo.back();
    take(model, &step.reversed(), Origin::Undo);
}

/// The last step that was undone, again.
pub(super) fn redo(model: &mut Model) {
    if is_busy(model) {
        return;
    }
    let Some(step) = model.undo.undone.last().cloned() else {
        model.say(Tone::Plain, "nothing to do again");
        return;
    };
    if !may_take(model, &step) {
        return;
    }
    model.undo.forward();
    take(model, &step, Origin::Redo);
}

/// Whether the proxies of a step may be changed.
fn may_take(model: &mut Model, step: &Step) -> bool {
    let is_new = |edit: &&Edit| matches!(edit.what, Edited::Removed(_));
    if step.edits.iter().any(|edit| is_new(&edit)) {
        return may_change(model, &[]);
    }
    let proxies: Vec<ProxyId> = step.edits.iter().map(|edit| edit.proxy).collect();
    may_change(model, &proxies)
}

/// Whether somebody else has changed since what this step would take back: then it is said whose work that would undo, and
/// done the second time.
fn is_doubtful(model: &mut Model, step: &Step) -> bool {
    let since = model.undo.len();
    if model.private.doubted.take() == Some(since) {
        return false;
    }
    let plans = step.edits.iter().filter_map(|edit| match &edit.what {
        Edited::Plan(plans) | Edited::Settings(plans) => Some((edit.proxy, plans)),
        Edited::Added(_)
        | Edited::Removed(_)
        | Edited::Replaced(_)
        | Edited::Renamed(_)
        | Edited::Port(_)
        | Edited::Repointed(_)
        | Edited::Own(..) => None,
    });
    let mut touched = plans.flat_map(|(proxy, plans)| {
        let kinds = touched(&plans.before, &plans.after);
        kinds.into_iter().map(move |kind| (proxy, kind))
    });
    let others = &model.private.others;
    let other = touched.find_map(|what| {
        let by = others.get(&what).filter(|(_, at)| *at > step.at)?;
        Some((what.1, by.clone()))
    });
    let Some((kind, (by, at))) = other else {
        return false;
    };
    let ago = age(model.now.saturating_sub(at));
    model.private.doubted = Some(since);
    let text = format!("{by} changed {kind} {ago} ago: once more to undo all the same");
    model.say(Tone::Doubtful, text);
    true
}

/// While a proxy comes back, the steps name it by a number that is about to change; and what is not answered yet is no step.
fn is_busy(model: &mut Model) -> bool {
    let mut asked = model.private.asked.values();
    let busy = asked.any(|asked| match &asked.what {
        Edited::Added(_)
        | Edited::Replaced(_)
        | Edited::Renamed(_)
        | Edited::Port(_)
        | Edited::Repointed(_) => true,
        Edited::Plan(_) | Edited::Settings(_) | Edited::Removed(_) | Edited::Own(..) => false,
    });
    if busy {
        model.say(Tone::Plain, "a proxy is being changed: once more, please");
    }
    busy
}

/// Whether an edit is one of a proxy that is there, and stays the one that it is.
fn needs_its_proxy(what: &Edited) -> bool {
    match what {
        Edited::Plan(_)
        | Edited::Settings(_)
        | Edited::Renamed(_)
        | Edited::Port(_)
        | Edited::Repointed(_) => true,
        Edited::Added(_) | Edited::Removed(_) | Edited::Replaced(_) | Edited::Own(..) => false,
    }
}

/// What is said of a step about one connection alone.
fn own_text(word: &str, after: &Own) -> String {
    match after.to_string() {
        none if none.is_empty() => format!("{word}: as its proxy again"),
        text => format!("{word}: {text}"),
    }
}

/// Takes a step: `origin` is which way.
fn take(model: &mut Model, step: &Step, origin: Origin) {
    let word = if origin == Origin::Undo {
        "undo"
    } else {
        "redo"
    };
    let (mut plans, mut texts) = (Vec::new(), Vec::new());
    let mut left = None;
    for edit in &step.edits {
        let proxy = edit.proxy;
        match &edit.what {
            what if needs_its_proxy(what) && !model.knows(proxy) => {
                model.say(Tone::Plain, "that proxy is gone");
            }
            Edited::Own(conn, Swap { after, .. }) => {
                own::carry_out(model, (proxy, *conn), after.clone(), &own_text(word, after));
            }
            Edited::Plan(Swap { before, after }) => {
                // What others have set of other kinds stays.
                let now = model.plan(proxy).unwrap_or(before);
                let after = command::merged(now, before, after);
                texts.push(changes(Some(now), &after));
                plans.push((proxy, after));
            }
            Edited::Settings(Swap { after, .. }) => {
                texts.push(settings::swapped(model, edit));
                left = model.side(proxy);
                settings::flip(model, proxy);
                plans.push((proxy, after.clone()));
            }
            Edited::Added(_)
            | Edited::Removed(_)
            | Edited::Replaced(_)
            | Edited::Renamed(_)
            | Edited::Port(_)
            | Edited::Repointed(_) => {
                proxies::ask(model, edit, origin);
            }
        }
    }
    texts.dedup();
    let text = match texts.as_slice() {
        [text] => format!("{word} {text}"),
        _ => format!("{word}, each with its own faults again"),
    };
    let wish = Wish::of(plans, text);
    let wish = match left {
        Some(side) => wish.leaving(side),
        None => wish,
    };
    turn::carry_out(model, wish);
    model.solo.clone_from(&step.solo.after);
}
