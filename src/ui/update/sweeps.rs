//! Sweeps: begun and stopped by a key or a line, followed as the engine tells of them, and written to files.

use std::path::PathBuf;
use std::sync::Arc;

use crate::command::Sweeping;
use crate::fault::Plan;
use crate::format::shown_path;
use crate::request::Request;
use crate::snapshot::{Event, ProxyId};
use crate::sweep::{Curve, Form};
use crate::ui::effect::Effect;
use crate::ui::model::{Line, Model, Swept, Tone};

/// Does what a line says about the sweep of a proxy.
pub(super) fn say(model: &mut Model, proxy: ProxyId, what: Sweeping) {
    match what {
        Sweeping::Begin(sweep) => {
            model.ask(Request::Sweep(proxy, sweep));
        }
        Sweeping::Stop => {
            model.ask(Request::StopSweep(proxy));
        }
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

/// Writes a curve to a file, in the form that its name asks for.
pub(super) fn save(model: &mut Model, curve: &Curve, file: PathBuf) {
    if let Some(form) = Form::of(&file) {
        let text = curve.export(form);
        model.cause(Effect::WriteSweep { file, text });
    } else {
        let text = format!("a file that ends in {} is wanted: curve.svg", Form::ENDINGS);
        model.say(Tone::Trouble, text);
    }
}

/// A curve was written, or could not be.
pub(super) fn saved(model: &mut Model, file: &std::path::Path, result: Result<(), String>) {
    match result {
        Ok(()) => model.say(Tone::Good, format!("{} has the sweep", shown_path(file))),
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

/// The engine has begun a sweep that was asked for.
pub(super) fn begun(model: &mut Model, proxy: ProxyId, curve: Arc<Curve>) {
    let before = None;
    model.sweeps.hear(Swept {
        proxy,
        curve,
        before,
    });
}
