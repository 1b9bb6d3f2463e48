//! Typing: the text that has the keys, and the input line.

use tui_input::InputRequest;

use super::turn::{self, Wish};
use super::{find, line, palette, paste, proxies, value};
use crate::command::parse_line;
use crate::fault::Plan;
use crate::mapping::{Mapping, application_url};
use crate::snapshot::ProxyId;
use crate::ui::changes::changes;
use crate::ui::complete;
use crate::ui::effect::Effect;
use crate::ui::input::{Check, Field};
use crate::ui::keymap::Mode;
use crate::ui::model::undo::{Edit, Edited, Setup, Swap};
use crate::ui::model::{Focus, Model, Origin, Overlay, Tone};

/// The field that has the keys.
pub(super) fn field(model: &mut Model) -> Option<&mut Field> {
    match (model.overlays.last_mut(), model.focus) {
        (Some(Overlay::Value(value)), _) => Some(&mut value.field),
        (Some(Overlay::Path(path)), _) => Some(&mut path.field),
        (Some(Overlay::Help(help)), _) => Some(&mut help.filter),
        (Some(Overlay::Presets(list)), _) => Some(&mut list.filter),
        (Some(Overlay::Palette(line)), _) => Some(&mut line.field),
        (Some(Overlay::Find(place)), _) => Some(&mut model.finds.of_mut(*place).field),
        (None, Focus::Input) => Some(&mut model.input.field),
        (
            Some(
                Overlay::Sort(_)
                | Overlay::Conn(_)
                | Overlay::Strip
                | Overlay::Events(_)
                | Overlay::Findings(_)
                | Overlay::Sweep(_)
                | Overlay::Presenter
                | Overlay::Knobs
                | Overlay::ResetAll(_)
                | Overlay::Quit
                | Overlay::Delete(_)
                | Overlay::Suspend,
            ),
            _,
        )
        | (None, Focus::Mixer | Focus::Connections) => None,
    }
}

/// A key of the text that has the keys.
pub(super) fn edit(model: &mut Model, request: InputRequest) {
    if let Some(field) = field(model) {
        field.edit(request);
        changed(model);
    }
}

/// Puts the cursor of the text that has the keys on a column of it.
pub(super) fn go_to(model: &mut Model, column: usize) {
    if let Some(field) = field(model) {
        field.go_to(column);
    }
}

/// Clears the text; the second time, it comes back.
pub(super) fn clear(model: &mut Model) {
    if let Some(field) = field(model) {
        field.clear();
        changed(model);
    }
}

/// The text is another one: what was said of it is said anew.
pub(super) fn changed(model: &mut Model) {
    match model.mode() {
        Mode::Input => {
            model.input.recalled = None;
            line::forget(model);
            line::check(model);
        }
        Mode::Value => {
            if let Some(Overlay::Value(mut value)) = model.overlays.pop() {
                value::check(model, &mut value);
                model.overlays.push(Overlay::Value(value));
            }
        }
        Mode::Palette => palette::changed(model),
        Mode::Help | Mode::Presets => {
            if let Some((_, line, first)) = model.overlays.last_mut().and_then(Overlay::lines) {
                (*line, *first) = (0, 0);
            }
        }
        Mode::Find => find::changed(model),
        Mode::Mixer
        | Mode::Connections
        | Mode::Knobs
        | Mode::Path
        | Mode::Sort
        | Mode::Detail
        | Mode::Strip
        | Mode::Events
        | Mode::Findings
        | Mode::Sweep
        | Mode::Presenter
        | Mode::Quit
        | Mode::Confirm => {}
    }
}

/// Completes what is typed, the cursor at its end; again: to the next way to go on. A line that is no mapping gives way to the
/// one that was meant, where that is known, and what it was meant for is said.
pub(super) fn complete(model: &mut Model) {
    if model.mode() == Mode::Input
        && let Check::Wrong(error) = &model.input.check
        && let Some(line) = error.instead.clone()
    {
        let mut message = error.message.clone();
        if let Some(url) = application_url(model.input.field.text.value()) {
            message.push_str(" (copied, if the terminal allows it)");
            model.cause(Effect::Copy(url));
        }
        model.input.field.set(line);
        model.say(Tone::Plain, message);
        return line::check(model);
    }
    let went_on = match (model.mode(), model.overlays.pop()) {
        (Mode::Value, Some(Overlay::Value(mut value))) => {
            let went_on = value.field.go_on(|text, turn| {
                let error = value::read(model, value.proxy, value.knob, text, true).err()?;
                complete::follow(text, &error, turn)
            });
            model.overlays.push(Overlay::Value(value));
            went_on
        }
        (Mode::Palette, Some(Overlay::Palette(mut line))) => {
            let went_on = palette::complete(model, &mut line);
            model.overlays.push(Overlay::Palette(line));
            went_on
        }
        (Mode::Path, Some(Overlay::Path(mut path))) => {
            path.times = !path.times && path.changes.is_some();
            model.overlays.push(Overlay::Path(path));
            false
        }
        (mode, overlay) => {
            model.overlays.extend(overlay);
            mode == Mode::Input && model.input.field.go_on(complete::complete)
        }
    };
    if went_on {
        changed(model);
    }
}

/// The line before or after in the history.
pub(super) fn recall(model: &mut Model, back: bool) {
    if model.mode() == Mode::Input {
        line::forget(model);
        model.input.recall(back);
        line::check(model);
    }
}

/// To the input line, for another proxy: a line that edits one goes to the history.
pub(super) fn start(model: &mut Model) {
    if model.input.editing.take().is_some() {
        let left = model.input.field.text.value().to_owned();
        if !left.is_empty() {
            model.input.remember(&left);
        }
        line::refill(model, String::new(), None);
    }
    model.focus = Focus::Input;
}

/// To the input line, with the selected proxy's mapping and faults in it; a line that was left while it edits this proxy
/// goes on.
pub(super) fn start_edit(model: &mut Model, id: ProxyId) {
    let Some((_, row)) = model.proxy(id) else {
        return;
    };
    let is_left = model.input.editing == Some(id) && !model.input.field.text.value().is_empty();
    if !is_left {
        let text = proxies::in_words(&row.bound(), model.plan(id).unwrap_or(&row.plan));
        line::refill(model, text, Some(id));
    }
    model.focus = Focus::Input;
}

/// Leaves the input line and keeps what is typed; leaves pasted lines first.
pub(super) fn leave(model: &mut Model) {
    if model.input.pasted.is_empty() {
        model.focus = Focus::Mixer;
    }
    line::forget(model);
}

/// Forgets the line that edits a proxy.
pub(super) fn forget_edit(model: &mut Model) {
    if let Some(id) = model.input.editing {
        line::refill(model, String::new(), None);
        let text = format!("the edit of {} is forgotten", model.name(id));
        model.say(Tone::Plain, text);
    }
}

/// A line that edits a proxy goes with it.
pub(super) fn settle(model: &mut Model) {
    if model.input.editing.is_some_and(|id| !model.knows(id)) {
        line::refill(model, String::new(), None);
        if model.focus == Focus::Input {
            model.focus = Focus::Mixer;
        }
    }
}

/// Enter in the input line.
pub(super) fn accept(model: &mut Model) {
    if !model.input.pasted.is_empty() {
        return paste::accept(model);
    }
    // Proxies may have come or gone since the last key, and ports too: the engine has the last word.
    model.input.refused.clear();
    line::recheck(model);
    if !matches!(model.input.check, Check::Right(_)) {
        return;
    }
    let typed = model.input.field.text.value().to_owned();
    let Ok((mapping, settings)) = parse_line(&typed) else {
        return;
    };
    let plan = Plan::of(settings);
    let setup = Setup { mapping, plan };
    model.input.remember(typed.trim());
    let editing = model.input.editing.take();
    line::refill(model, String::new(), None);
    let edited = editing.and_then(|id| model.proxy(id));
    match edited.map(|(_, row)| (row.id, row.bound())) {
        Some((id, old)) => change(model, id, old, setup),
        None => proxies::add(model, setup),
    }
}

/// What an edited line changes of its proxy: its name and its faults, or all of it.
fn change(model: &mut Model, proxy: ProxyId, old: Mapping, mut new: Setup) {
    let before = model.plan(proxy).cloned().unwrap_or_default();
    new.plan.bypassed = before.bypassed;
    model.focus = Focus::Mixer;
    let ask = |model: &mut Model, what| {
        proxies::ask(model, &Edit { proxy, what }, Origin::User);
    };
    let is_renamed = old.name != new.mapping.name;
    let is_led_elsewhere = new.mapping.repoints(&old);
    if !is_led_elsewhere && !old.serves_like(&new.mapping) {
        let before = Setup {
            mapping: old,
            plan: before,
        };
        return ask(model, Edited::Replaced(Swap { before, after: new }));
    }
    if is_led_elsewhere {
        proxies::repoint(model, proxy, old.towards(&new.mapping));
    }
    if is_renamed {
        let names = Swap {
            before: old.name,
            after: new.mapping.name,
        };
        ask(model, Edited::Renamed(names));
    }
    if new.plan != before {
        let text = changes(Some(&before), &new.plan);
        turn::set(model, Wish::one(proxy, new.plan, text), None);
    } else if !is_renamed && !is_led_elsewhere {
        model.say(Tone::Plain, "nothing changed");
    }
}
