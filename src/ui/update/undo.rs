//! Undo and redo: steps backwards and forwards, carried out like any other change.

use super::turn::{self, Wish};
use super::{own, proxies, settings};
use crate::ui::changes::changes;
use crate::ui::model::undo::{Edit, Edited, Step, Swap};
use crate::ui::model::{Ask, Model, Origin, Overlay, Tone};

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
    let Some(step) = model.undo.back() else {
        model.say(Tone::Plain, "nothing to undo");
        return;
    };
    take(model, &step.reversed(), Origin::Undo);
}

/// The last step that was undone, again.
pub(super) fn redo(model: &mut Model) {
    if is_busy(model) {
        return;
    }
    let Some(step) = model.undo.forward() else {
        model.say(Tone::Plain, "nothing to do again");
        return;
    };
    take(model, &step, Origin::Redo);
}

/// While a proxy comes back, the steps name it by a number that is about to change.
fn is_busy(model: &mut Model) -> bool {
    let mut asked = model.private.asked.values();
    let busy = asked.any(|asked| match &asked.what {
        Ask::Edit(Edited::Added(_) | Edited::Replaced(_) | Edited::Renamed(_), _) => true,
        Ask::Edit(
            Edited::Plan(_) | Edited::Settings(_) | Edited::Removed(_) | Edited::Own(..),
            _,
        )
        | Ask::Port { .. } => false,
    });
    if busy {
        model.say(Tone::Plain, "a proxy is being changed: once more, please");
    }
    busy
}

/// Takes a step: `origin` is which way.
fn take(model: &mut Model, step: &Step, origin: Origin) {
    let word = if origin == Origin::Undo {
        "undo"
    } else {
        "redo"
    };
    let mut plans = Vec::new();
    let mut texts = Vec::new();
    let mut left = None;
    for edit in &step.edits {
        let proxy = edit.proxy;
        match &edit.what {
            Edited::Plan(_) | Edited::Settings(_) | Edited::Renamed(_) if !model.knows(proxy) => {
                model.say(Tone::Plain, "that proxy is gone");
            }
            Edited::Own(conn, Swap { after, .. }) => {
                let text = match after.to_string() {
                    none if none.is_empty() => format!("{word}: as its proxy again"),
                    text => format!("{word}: {text}"),
                };
                own::carry_out(model, (proxy, *conn), after.clone(), &text);
            }
            Edited::Plan(Swap { after, .. }) => {
                texts.push(changes(model.plan(proxy), after));
                plans.push((proxy, after.clone()));
            }
            Edited::Settings(Swap { after, .. }) => {
                texts.push(settings::swapped(model, edit));
                left = model.side(proxy);
                settings::flip(model, proxy);
                plans.push((proxy, after.clone()));
            }
            Edited::Added(_) | Edited::Removed(_) | Edited::Replaced(_) | Edited::Renamed(_) => {
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
