//! The field of `=`: a value for a knob as people type it, and what Enter makes of it.

use super::own;
use super::turn::{self, Wish};
use crate::fault::{Plan, Value};
use crate::snapshot::ProxyId;
use crate::syntax::ParseError;
use crate::ui::changes::changes;
use crate::ui::input::Field;
use crate::ui::knob::{self, Dial};
use crate::ui::model::{Model, Overlay, Tone, ValueField};
use crate::ui::typed::{self, Beside, Wanted};
use crate::units::ByteRate;

/// Opens the field for a value of the selected knob.
pub(super) fn open(model: &mut Model, proxy: ProxyId) {
    let mut value = ValueField {
        proxy,
        knob: model.knob,
        field: Field::default(),
        says: Ok(String::new()),
    };
    check(model, &mut value);
    model.overlays.push(Overlay::Value(value));
}

/// Says anew what Enter does with the text, or what is wrong with it.
pub(super) fn check(model: &Model, value: &mut ValueField) {
    let text = value.field.text.value();
    let wanted = read(model, value.proxy, value.knob, text, false);
    value.says = wanted.map(|wanted| promise(model, value, &wanted));
}

/// Enter: the value is set, or what is wrong is said.
pub(super) fn accept(model: &mut Model, mut value: ValueField) {
    let Some(dial) = knob::all().get(value.knob) else {
        return;
    };
    let text = value.field.text.value();
    match read(model, value.proxy, value.knob, text, false) {
        Ok(wanted) => {
            model.selected = Some(value.proxy);
            model.knob = value.knob;
            let before = plan(model, value.proxy);
            let text = change(dial, &before, &wanted);
            if let Some(conn) = own::turned(model) {
                return own::give(model, conn, dial, &wanted.plan, text);
            }
            set(model, dial, &value, text);
        }
        Err(error) => {
            if error.unfinished {
                let text = format!("{} is not set yet: {}", dial.knob.label, error.message);
                model.say(Tone::Trouble, text);
            }
            value.says = Err(error);
            model.overlays.push(Overlay::Value(value));
        }
    }
}

/// Sets it on the proxy; where that one is marked, on all marked ones, counted from what each has.
fn set(model: &mut Model, dial: &Dial, value: &ValueField, mut text: String) {
    let typed = value.field.text.value();
    let before = turn::plans_of(model, value.proxy);
    let mut plans = Vec::new();
    for (proxy, plan) in &before {
        let Ok(wanted) = typed::field(dial, typed, beside(model, plan, false)) else {
            continue;
        };
        if change(dial, plan, &wanted) != text {
            text = format!("{} {}", dial.knob.label, typed.trim());
        }
        plans.push((*proxy, wanted.plan));
    }
    if plans == before {
        let who = turn::names(model, before.into_iter().map(|(id, _)| id).collect());
        return model.say(Tone::Plain, format!("{who}: {text}"));
    }
    turn::set(model, Wish::of(plans, text), None);
}

/// What a text is read beside.
fn beside<'a>(model: &Model, plan: &'a Plan, to_the_letter: bool) -> Beside<'a> {
    Beside {
        plan,
        directions: model.directions,
        rates: model.rates,
        to_the_letter,
    }
}

/// What a text makes of a proxy's plan; read to the letter of the language, what may follow it.
pub(super) fn read(
    model: &Model,
    proxy: ProxyId,
    knob: usize,
    text: &str,
    to_the_letter: bool,
) -> Result<Wanted, ParseError> {
    // A knob is chosen from the table, so there is one.
    let dial = &knob::all()[knob.min(knob::all().len() - 1)];
    typed::field(
        dial,
        text,
        beside(model, &plan(model, proxy), to_the_letter),
    )
}

/// The plan that the keys turn: a proxy's, or that of one connection alone.
fn plan(model: &Model, proxy: ProxyId) -> Plan {
    match own::turned(model) {
        Some(conn) => own::plan(model, conn),
        None => model.plan(proxy).cloned().unwrap_or_default(),
    }
}

/// What Enter does.
fn promise(model: &Model, value: &ValueField, wanted: &Wanted) -> String {
    let before = &plan(model, value.proxy);
    let dial = &knob::all()[value.knob];
    let text = change(dial, before, wanted);
    let zero = Value::Rate(ByteRate::new(0));
    let stops = dial.value(&wanted.plan, wanted.directions) == Some(zero);
    match model.proxy(value.proxy).map_or(0, |(_, row)| row.open) {
        _ if wanted.plan == *before => text,
        _ if own::turned(model).is_some() => text,
        _ if stops => format!("{text}: nothing passes any more; off takes the limit away"),
        0 => text,
        1 => format!("{text}, on 1 open connection"),
        open => format!("{text}, on {open} open connections"),
    }
}

/// What changes: the knob where that is all of it, else the settings.
fn change(dial: &Dial, before: &Plan, wanted: &Wanted) -> String {
    let Wanted { plan, directions } = wanted;
    let value = dial.value(plan, *directions);
    if plan == before {
        return format!("{} stays at {}", dial.knob.label, Dial::print(value));
    }
    if dial.set(before, *directions, value) == *plan {
        return dial.change(before, plan, *directions);
    }
    changes(Some(before), plan)
}
