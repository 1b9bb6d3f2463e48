//! Sweeps: begun and stopped by a key or a line, followed as the engine tells of them, and written to files.

use std::path::PathBuf;
use std::sync::Arc;

use super::contact::may_change;
use crate::command::{self, Command, Sweeping};
use crate::fault::Plan;
use crate::format::shown_path;
use crate::request::Request;
use crate::snapshot::{Event, ProxyId};
use crate::sweep::{Curve, Form, Sweep};
use crate::ui::action::Action;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::knob;
use crate::ui::model::{Holds, Line, Model, Overlay, PathField, SweepPage, Swept, Tone};

/// So many sweeps are laid over another one at most: more cannot be told apart.
const MOST_OVER: usize = 3;

/// Does what a line says about the sweep of a proxy.
pub(super) fn say(model: &mut Model, proxy: ProxyId, what: Sweeping) {
    match what {
        Sweeping::Begin(sweep) => ask(model, proxy, Request::Sweep(proxy, sweep)),
        Sweeping::Stop => ask(model, proxy, Request::StopSweep(proxy)),
        Sweeping::Save(file) => {
            let last = model.sweeps.last(proxy);
            if let Some(curve) = last.map(|swept| swept.curve.clone()) {
                save(model, &curve, file);
            } else {
                let text = format!("{} was not swept yet: R sweeps a knob", model.name(proxy));
                model.say(Tone::Plain, text);
            }
        }
    }
}

fn ask(model: &mut Model, proxy: ProxyId, request: Request) {
    if may_change(model, &[proxy]) {
        model.ask(request);
    }
}

/// Writes a curve to a file, in the form that its name asks for.
pub(super) fn save(model: &mut Model, curve: &Curve, file: PathBuf) {
    if let Some(form) = Form::of(&file) {
        let text = curve.export(form);
        // Another one of that name is somebody's.
        let replaces = model.private.written.contains(&file);
        model.cause(Effect::WriteSweep {
            file,
            text,
            replaces,
        });
    } else {
        let text = format!("a file that ends in {} is wanted: curve.svg", Form::ENDINGS);
        model.say(Tone::Trouble, text);
    }
}

/// A curve was written, or could not be.
pub(super) fn saved(model: &mut Model, file: PathBuf, result: Result<(), String>) {
    match result {
        Ok(()) => {
            model.say(Tone::Good, format!("{} has the sweep", shown_path(&file)));
            model.private.written.insert(file);
        }
        Err(why) => model.say(Tone::Trouble, why),
    }
}

/// A sweep has come one step further.
pub(super) fn heard(model: &mut Model, event: &Event, curve: &Arc<Curve>, before: &Arc<Plan>) {
    let mut rows = model.newest().proxies.iter();
    let Some(proxy) = rows.find(|row| row.name == event.proxy).map(|row| row.id) else {
        return;
    };
    model.sweeps.hear(Swept {
        proxy,
        curve: Arc::clone(curve),
        before: Some(Arc::clone(before)),
    });
    let text = curve.news().unwrap_or_else(|| curve.begins());
    model.log(Line::new(event.at, &event.proxy, &text, Tone::Injected));
}

/// The engine has begun a sweep that was asked for: it is looked at.
pub(super) fn begun(model: &mut Model, proxy: ProxyId, curve: Arc<Curve>) {
    let (number, before) = (curve.number, None);
    model.sweeps.hear(Swept {
        proxy,
        curve,
        before,
    });
    look_at(model, number);
}

/// Climbs the selected knob over its stops; where the proxy is climbed already, shows that.
pub(super) fn start(model: &mut Model, proxy: ProxyId) {
    if let Some(swept) = model.sweeps.running(proxy) {
        return look_at(model, swept.curve.number);
    }
    if let Some(Overlay::Sweep(page)) = model.overlays.last() {
        return again(model, *page);
    }
    let Some(dial) = knob::all().get(model.knob) else {
        return;
    };
    if Sweep::can_climb(dial) {
        let sweep = Sweep::of(*dial, model.directions);
        ask(model, proxy, Request::Sweep(proxy, Box::new(sweep)));
    } else {
        let label = dial.knob.label;
        let text = format!("{label} has no value to climb: choose another knob, as LAT");
        model.say(Tone::Plain, text);
    }
}

/// Does once more what is shown.
fn again(model: &mut Model, page: SweepPage) {
    let Some(swept) = model.sweeps.of(page.number) else {
        return;
    };
    let line = format!("sweep {} {}", swept.curve.proxy, swept.curve.sweep);
    let proxy = swept.proxy;
    if let Ok(Command::Sweep(_, what)) = command::parse(&line) {
        say(model, proxy, what);
    }
}

/// Shows the last sweep of the selected proxy, else the last of all; where one is shown, closes it.
pub(super) fn show(model: &mut Model) {
    if let Some(Overlay::Sweep(_)) = model.overlays.last() {
        model.overlays.pop();
        return;
    }
    let of_selected = model.selected.and_then(|proxy| model.sweeps.last(proxy));
    match of_selected.or(model.sweeps.newest()) {
        Some(swept) => look_at(model, swept.curve.number),
        None => model.say(Tone::Plain, "no sweep yet: R climbs the selected knob"),
    }
}

fn look_at(model: &mut Model, number: u32) {
    let page = SweepPage { number, over: 0 };
    if let Some(Overlay::Sweep(shown)) = model.overlays.last_mut() {
        *shown = page;
    } else {
        model.overlays.push(Overlay::Sweep(page));
    }
}

/// One more earlier sweep is laid over the one that is shown; after the last one, none.
pub(super) fn lay_over(model: &mut Model) {
    let Some(Overlay::Sweep(page)) = model.overlays.last() else {
        return;
    };
    let swept = model.sweeps.of(page.number);
    let all = swept.map_or(0, |swept| model.sweeps.beside(&swept.curve).count());
    let over = if page.over < all.min(MOST_OVER) {
        page.over + 1
    } else {
        0
    };
    if all == 0 {
        model.say(
            Tone::Plain,
            "no earlier sweep of this fault has ended: R makes one more",
        );
    }
    if let Some(Overlay::Sweep(page)) = model.overlays.last_mut() {
        page.over = over;
    }
}

/// Whether somebody pressed a key: any ends the sweep that is looked at.
pub(super) fn is_key(action: &Action) -> bool {
    let is_told = !super::by_the_user(action);
    let is_other = matches!(
        action,
        Action::Answered(_)
            | Action::Terminated
            | Action::Resized(_)
            | Action::Mouse(_)
            | Action::Redraw
            | Action::Suspend
    );
    !is_told && !is_other
}

/// Ends the sweep that is looked at; events tell how.
pub(super) fn stop(model: &mut Model) {
    let climbing = model.climbing().map(|swept| swept.proxy);
    if let Some(proxy) = climbing
        && may_change(model, &[proxy])
    {
        model.ask(Request::StopSweep(proxy));
        model.say(
            Tone::Plain,
            "the sweep is stopped: what was set before it is set again",
        );
    }
}

/// Asks for a file to write the curve to.
pub(super) fn ask_file(model: &mut Model, page: SweepPage) {
    let Some(swept) = model.sweeps.of(page.number) else {
        return;
    };
    let fault = swept.curve.fault.replace(' ', "-");
    let name = format!("{}-{fault}.svg", swept.curve.proxy.replace([':', '/'], "-"));
    model.overlays.push(Overlay::Path(PathField {
        writes: true,
        holds: Holds::Sweep(page.number),
        changes: None,
        times: false,
        field: Field::proposing(&name),
    }));
}

/// Enter in the field of its name.
pub(super) fn accept(model: &mut Model, number: u32, path: &PathField) {
    let swept = model.sweeps.of(number);
    if let Some(curve) = swept.map(|swept| swept.curve.clone()) {
        save(model, &curve, PathBuf::from(path.field.text.value().trim()));
    }
}
