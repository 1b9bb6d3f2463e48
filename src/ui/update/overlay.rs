//! Overlays: help, a typed value, questions; and leaving.

use std::time::Duration;

use super::{
    Step, connections, find, first_visible, input, palette, presets, proxies, scenes, sweeps,
    tapes, value,
};
use crate::request::Request;
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::find::Place;
use crate::ui::input::Field;
use crate::ui::keymap::{self, Key};
use crate::ui::model::{Column, Focus, Help, Holds, Model, Overlay, Tone};

/// A second Ctrl-C within this ends the program at once.
const TWICE: Duration = Duration::from_secs(2);

/// For how long a drain waits for connections to end by themselves.
const DRAIN: Duration = Duration::from_secs(10);

/// Opens help for what has the keys.
pub(super) fn help(model: &mut Model) {
    let mode = model.mode();
    model.overlays.push(Overlay::Help(Help {
        mode,
        filter: Field::default(),
        line: 0,
        first: 0,
    }));
}

/// Moves in the list that has the keys.
pub(super) fn step(model: &mut Model, step: Step) {
    if let Some((len, line, _)) = model.overlays.last_mut().and_then(Overlay::lines) {
        *line = step.from(*line, len);
    }
}

/// The selected line of the list that has the keys exists and is visible.
pub(super) fn settle(model: &mut Model, room: usize) {
    if let Some((len, line, first)) = model.overlays.last_mut().and_then(Overlay::lines) {
        *line = (*line).min(len.saturating_sub(1));
        *first = first_visible(*first, *line, room);
    }
}

/// Enter, or yes.
pub(super) fn accept(model: &mut Model) {
    match model.overlays.pop() {
        Some(Overlay::Help(help)) => {
            if let Some(hint) = help.shown().into_iter().nth(help.line) {
                super::apply(model, hint.action);
            }
        }
        Some(Overlay::Value(field)) => value::accept(model, field),
        Some(Overlay::Path(path)) => match path.holds {
            Holds::Desk => scenes::accept(model, path),
            Holds::Sweep(number) => sweeps::accept(model, number, &path),
            Holds::Tape => tapes::accept(model, &path),
        },
        Some(Overlay::Palette(line)) => palette::accept(model, line),
        Some(Overlay::Presets(list)) => presets::accept(model, list),
        Some(Overlay::Find(place)) => find::accept(model, place),
        Some(Overlay::Sort(list)) => {
            if let Some(column) = Column::ALL.get(list.line) {
                connections::sort_by(model, *column);
            }
        }
        Some(Overlay::Delete(id)) => proxies::delete_now(model, id),
        Some(Overlay::ResetAll(conns)) => connections::reset(model, conns),
        Some(Overlay::Suspend) => model.cause(Effect::Suspend),
        None if model.focus == Focus::Input => input::accept(model),
        // Nothing ends by a careless Enter.
        Some(
            Overlay::Conn(_)
            | Overlay::Strip
            | Overlay::Events(_)
            | Overlay::Findings(_)
            | Overlay::Sweep(_)
            | Overlay::Presenter
            | Overlay::Knobs
            | Overlay::Quit,
        )
        | None => {}
    }
}

/// One step back. It never quits.
pub(super) fn back(model: &mut Model) {
    if matches!(model.overlays.last(), Some(Overlay::Events(_)))
        && find::forget_in(model, Place::Events)
    {
        return;
    }
    match (model.overlays.pop(), model.focus) {
        (Some(Overlay::Presets(list)), _) => presets::leave(model, list),
        (Some(Overlay::Find(place)), _) => model.finds.of_mut(place).forget(),
        (Some(_), _) => {}
        (None, Focus::Mixer) if find::forget_in(model, Place::Strips) => {}
        (None, Focus::Connections) if find::forget_in(model, Place::Conns) => {}
        (None, Focus::Input) => input::leave(model),
        (None, Focus::Connections) => model.focus = Focus::Mixer,
        (None, Focus::Mixer) if model.input.editing.is_some() => input::forget_edit(model),
        (None, Focus::Mixer) if !model.marked.is_empty() => {
            model.marked.clear();
            model.say(Tone::Plain, "no proxy is marked any more");
        }
        (None, Focus::Mixer) => model.notice = None,
    }
}

/// A key that means nothing here says so, and what lists those that do.
pub(super) fn unbound(model: &mut Model, key: Key) {
    let help = keymap::key_of(model.mode(), |action| matches!(action, Action::Help));
    let instead = help.map_or("Esc goes back".to_owned(), |help| {
        format!("{help} lists the keys")
    });
    model.say(Tone::Plain, format!("{key} does nothing here: {instead}"));
}

/// Ends the program; asks where that ends connections. An engine elsewhere goes on.
pub(super) fn quit(model: &mut Model) {
    if model.contact.is_remote() || model.open() == 0 || model.draining.is_some() {
        model.cause(Effect::Quit);
    } else if !matches!(model.overlays.last(), Some(Overlay::Quit)) {
        model.overlays.push(Overlay::Quit);
    }
}

/// Ctrl-C: as `q`, and at once the second time.
pub(super) fn interrupt(model: &mut Model) {
    let last = model.private.interrupted.replace(model.now);
    if last.is_some_and(|last| model.now.saturating_sub(last) <= TWICE) {
        model.cause(Effect::Quit);
    } else {
        quit(model);
    }
}

/// Accepts no more clients, waits for the connections that there are, then ends the program.
pub(super) fn drain(model: &mut Model) {
    model.overlays.clear();
    if model.draining.is_some() {
        return;
    }
    model.draining = Some(model.now + DRAIN);
    let open = model.open();
    let open = match open {
        1 => "1 connection".to_owned(),
        open => format!("{open} connections"),
    };
    let text = format!("draining: {open} may end, at most 10 s; q closes now");
    model.say(Tone::Plain, text);
    model.ask(Request::Stop(DRAIN));
}

/// Stops the process; asks where connections are open, since they stall meanwhile.
pub(super) fn suspend(model: &mut Model) {
    let is_asked = matches!(model.overlays.last(), Some(Overlay::Suspend));
    if is_asked {
        model.overlays.pop();
    }
    if is_asked || model.contact.is_remote() || model.open() == 0 {
        model.cause(Effect::Suspend);
    } else {
        model.overlays.push(Overlay::Suspend);
    }
}
