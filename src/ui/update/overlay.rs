//! Overlays: help, a typed value, questions; and leaving.

use std::time::Duration;

use super::Step;
use super::{input, presets, proxies, scenes};
use crate::request::Request;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::keymap;
use crate::ui::model::{Focus, Help, Model, Overlay, Tone, ValueField};

/// A second Ctrl-C within this ends the program at once.
const TWICE: Duration = Duration::from_secs(2);

/// For how long a drain waits for connections to end by themselves.
const DRAIN: Duration = Duration::from_secs(10);

/// Opens help for what has the keys.
pub(super) fn help(model: &mut Model) -> Vec<Effect> {
    let mode = model.mode();
    model.overlays.push(Overlay::Help(Help {
        mode,
        filter: Field::default(),
        line: 0,
        first: 0,
    }));
    vec![]
}

/// Moves in help.
pub(super) fn step(model: &mut Model, step: Step) {
    if let Some(Overlay::Help(help)) = model.overlays.last_mut() {
        let len = keymap::help(help.mode, help.filter.text.value()).len();
        help.line = step.from(help.line, len);
    }
}

/// The selected line of help exists and is visible.
pub(super) fn settle(model: &mut Model, room: usize) {
    if let Some(Overlay::Help(help)) = model.overlays.last_mut() {
        let len = keymap::help(help.mode, help.filter.text.value()).len();
        help.line = help.line.min(len.saturating_sub(1));
        let least = (help.line + 1).saturating_sub(room).min(help.line);
        help.first = help.first.clamp(least, help.line);
    }
}

/// Opens the field for a value of the selected knob.
pub(super) fn type_value(model: &mut Model) -> Vec<Effect> {
    if let Some(proxy) = model.selected_or_say() {
        model.overlays.push(Overlay::Value(ValueField {
            proxy,
            knob: model.knob,
            field: Field::default(),
            value: None,
            error: input::check_value(model.knob, "").err(),
        }));
    }
    vec![]
}

/// Enter, or yes.
pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    match model.overlays.pop() {
        Some(Overlay::Help(help)) => {
            let hints = keymap::help(help.mode, help.filter.text.value());
            match hints.into_iter().nth(help.line) {
                Some(hint) => super::apply(model, hint.action),
                None => vec![],
            }
        }
        Some(Overlay::Value(field)) => input::accept_value(model, field),
        Some(Overlay::Path(path)) => scenes::accept(model, path),
        Some(Overlay::Presets(list)) => presets::accept(model, list),
        Some(Overlay::Delete(id)) => proxies::delete_now(model, id),
        Some(Overlay::Suspend) => vec![Effect::Suspend],
        None if model.focus == Focus::Input => input::accept(model),
        // Nothing ends by a careless Enter.
        Some(Overlay::Quit) | None => vec![],
    }
}

/// One step back. It never quits.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    match model.overlays.pop() {
        Some(Overlay::Presets(list)) => return presets::leave(model, list),
        Some(_) => return vec![],
        None => {}
    }
    match model.focus {
        Focus::Input => input::leave(model),
        Focus::Connections => model.focus = Focus::Mixer,
        Focus::Mixer if model.input.editing.is_some() => input::forget_edit(model),
        Focus::Mixer => model.notice = None,
    }
    vec![]
}

/// Ends the program; asks where connections are open.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if model.open() == 0 || model.draining.is_some() {
        return vec![Effect::Quit];
    }
    if !matches!(model.overlays.last(), Some(Overlay::Quit)) {
        model.overlays.push(Overlay::Quit);
    }
    vec![]
}

/// Ctrl-C: as `q`, and at once the second time.
pub(super) fn interrupt(model: &mut Model) -> Vec<Effect> {
    let last = model.private.interrupted.replace(model.now);
    if last.is_some_and(|last| model.now.saturating_sub(last) <= TWICE) {
        return vec![Effect::Quit];
    }
    quit(model)
}

/// Accepts no more clients, waits for the connections that there are, then ends the program.
pub(super) fn drain(model: &mut Model) -> Vec<Effect> {
    model.overlays.clear();
    if model.draining.is_some() {
        return vec![];
    }
    model.draining = Some(model.now + DRAIN);
    let open = model.open();
    let open = match open {
        1 => "1 connection".to_owned(),
        open => format!("{open} connections"),
    };
    let text = format!("draining: {open} may end, at most 10 s; q closes now");
    model.say(Tone::Plain, text);
    vec![Effect::Ask(model.ticket(), Request::Stop(DRAIN))]
}

/// Stops the process; asks where connections are open, since they stall meanwhile.
pub(super) fn suspend(model: &mut Model) -> Vec<Effect> {
    if matches!(model.overlays.last(), Some(Overlay::Suspend)) {
        model.overlays.pop();
        return vec![Effect::Suspend];
    }
    if model.open() == 0 {
        return vec![Effect::Suspend];
    }
    model.overlays.push(Overlay::Suspend);
    vec![]
}
