//! Changing plans: knobs, bypass, solo. Every one is kept as a `Change` and as a step that can be undone, and none waits for the
//! engine.

use crate::fault::Plan;
use crate::request::Request;
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::knob::{self, Turn};
use crate::ui::model::undo::{Edit, Held, Solo, Step};
use crate::ui::model::{Change, Draft, Line, Model, Tone};

/// Plans that proxies are to get together, and what to call the change.
#[derive(Default)]
pub(super) struct Wish {
    /// Whom it concerns; where nothing is said, the proxies by their names.
    pub(super) who: Option<String>,
    /// What was before and what is after.
    pub(super) text: String,
    pub(super) plans: Vec<(ProxyId, Plan)>,
}

impl Wish {
    /// One plan for one proxy.
    pub(super) fn one(proxy: ProxyId, plan: Plan, text: String) -> Self {
        Self {
            text,
            ..Self::of(vec![(proxy, plan)])
        }
    }

    /// Plans for several proxies, which nobody has named yet.
    pub(super) fn of(plans: Vec<(ProxyId, Plan)>) -> Self {
        Self {
            plans,
            ..Self::default()
        }
    }
}

/// Turns the selected knob of the selected proxy.
pub(super) fn turn(model: &mut Model, turn: Turn) -> Vec<Effect> {
    let (Some(dial), Some(proxy)) = (knob::all().get(model.knob), model.selected_or_say()) else {
        return vec![];
    };
    let directions = model.directions;
    let before = model.plan(proxy).cloned().unwrap_or_default();
    let plan = dial.turn(&before, directions, turn);
    if plan == before {
        let value = knob::Dial::print(dial.value(&before, directions));
        let stays = format!(
            "{}: {} stays at {value}",
            model.name(proxy),
            dial.knob.label
        );
        model.say(Tone::Plain, stays);
        return vec![];
    }
    let held = match turn {
        Turn::Fine(_) | Turn::Stop(_) => Some(Held {
            proxy,
            knob: model.knob,
            directions,
            stops: matches!(turn, Turn::Stop(_)),
        }),
        Turn::To(_) | Turn::Off | Turn::Exact(_) => None,
    };
    if let Some(effect) = held.and_then(|held| go_on(model, held, &plan)) {
        return vec![effect];
    }
    let text = dial.change(&before, &plan, directions);
    set(model, Wish::one(proxy, plan, text), held)
}

/// A held key: the last step and the last change are this turn's too.
fn go_on(model: &mut Model, held: Held, plan: &Plan) -> Option<Effect> {
    let before = model.undo.extend(held, plan, model.now)?;
    let text = knob::all()[held.knob].change(&before, plan, held.directions);
    let ticket = model.ticket();
    let mut changes = model.changes.iter_mut().rev();
    let change = changes.find(|change| change.proxies == [held.proxy])?;
    change.text = text;
    change.taken = None;
    change.ticket = ticket;
    model.notice = Some(Line::of_change(model.now, change.number));
    Some(send(model, ticket, held.proxy, plan.clone()))
}

/// All knobs of the selected proxy off, and what else is in its plan.
pub(super) fn all_off(model: &mut Model) -> Vec<Effect> {
    let Some(proxy) = model.selected_or_say() else {
        return vec![];
    };
    let before = model.plan(proxy).cloned().unwrap_or_default();
    if before.is_empty() {
        let who = model.name(proxy);
        model.say(Tone::Plain, format!("{who}: no fault is set"));
        return vec![];
    }
    let mut plan = before.clone();
    plan.clear_all();
    let text = format!("{before} → all off");
    set(model, Wish::one(proxy, plan, text), None)
}

/// The selected proxy with or without its faults.
pub(super) fn bypass(model: &mut Model) -> Vec<Effect> {
    let Some(proxy) = model.selected_or_say() else {
        return vec![];
    };
    let bypassed = !model.plan(proxy).is_some_and(|plan| plan.bypassed);
    let plans = bypassing(model, |id, was| if id == proxy { bypassed } else { was });
    let text = bypass_word(bypassed).to_owned();
    set(
        model,
        Wish {
            text,
            ..Wish::of(plans)
        },
        None,
    )
}

/// All proxies without their faults; where all are so already, with them.
pub(super) fn bypass_all(model: &mut Model) -> Vec<Effect> {
    let all = model.snapshot.proxies.iter();
    let bypassed = !all
        .filter_map(|row| model.plan(row.id))
        .all(|plan| plan.bypassed);
    if model.selected_or_say().is_none() {
        return vec![];
    }
    let wish = Wish {
        who: Some("all".to_owned()),
        text: bypass_word(bypassed).to_owned(),
        plans: bypassing(model, |_, _| bypassed),
    };
    set_alone(model, wish, None)
}

/// The selected proxy alone with its faults; again: as it was before.
pub(super) fn solo(model: &mut Model) -> Vec<Effect> {
    let Some(proxy) = model.selected_or_say() else {
        return vec![];
    };
    let who = model.name(proxy);
    let rows = model.snapshot.proxies.iter();
    let now = rows.filter_map(|row| Some((row.id, model.plan(row.id)?.bypassed)));
    let before = model.solo.as_ref().map(|solo| solo.before.clone());
    let before = before.unwrap_or_else(|| now.collect());
    let ends = model.solo.as_ref().is_some_and(|solo| solo.proxy == proxy);
    let (plans, text, nothing) = if ends {
        let plans = bypassing(model, |id, was| {
            let known = before.iter().find(|(proxy, _)| *proxy == id);
            known.map_or(was, |(_, bypassed)| *bypassed)
        });
        let text = format!("solo is off, {} again", act(&names(model, &plans)));
        (
            plans,
            text,
            "solo is off: no other one was bypassed for it".to_owned(),
        )
    } else {
        let plans = bypassing(model, |id, _| id != proxy);
        let others: Vec<_> = plans
            .iter()
            .filter(|(id, _)| *id != proxy)
            .cloned()
            .collect();
        let text = match others.len() {
            0 => "acts again, alone as before".to_owned(),
            _ => format!("solo, {} bypassed", names(model, &others)),
        };
        (
            plans,
            text,
            format!("{who} is the only one with its faults"),
        )
    };
    if plans.is_empty() {
        model.say(Tone::Plain, nothing);
    }
    let wish = Wish {
        who: Some(who),
        text,
        plans,
    };
    set_alone(model, wish, (!ends).then_some(Solo { proxy, before }))
}

/// `web acts`, `web and db act`.
fn act(names: &str) -> String {
    let many = names.contains(" and ") || names.ends_with("proxies");
    format!("{names} {}", if many { "act" } else { "acts" })
}

/// The proxies of a change by their names, or how many they are: `web`, `db, shop and web`, `7 proxies`.
fn names(model: &Model, plans: &[(ProxyId, Plan)]) -> String {
    const NAMED: usize = 3;
    let mut ids: Vec<ProxyId> = plans.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    let names: Vec<String> = ids.into_iter().map(|id| model.name(id)).collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) if others.len() < NAMED => {
            format!("{} and {last}", others.join(", "))
        }
        Some(_) => format!("{} proxies", names.len()),
    }
}

/// The plans of the proxies whose bypass changes to what `wanted` says of their number and their bypass until now.
fn bypassing(model: &Model, wanted: impl Fn(ProxyId, bool) -> bool) -> Vec<(ProxyId, Plan)> {
    let rows = model.snapshot.proxies.iter();
    rows.filter_map(|row| {
        let mut plan = model.plan(row.id)?.clone();
        let bypassed = wanted(row.id, plan.bypassed);
        if bypassed == plan.bypassed {
            return None;
        }
        plan.bypassed = bypassed;
        Some((row.id, plan))
    })
    .collect()
}

/// Gives proxies other plans, as one step that can be undone.
pub(super) fn set(model: &mut Model, wish: Wish, held: Option<Held>) -> Vec<Effect> {
    let solo = model.solo.clone();
    push(model, &wish, held, [solo.clone(), solo]);
    carry_out(model, wish)
}

/// Gives proxies other plans, as one step that can be undone, after which this proxy acts alone, or none does.
fn set_alone(model: &mut Model, wish: Wish, solo: Option<Solo>) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.solo, solo.clone());
    push(model, &wish, None, [before, solo]);
    carry_out(model, wish)
}

fn push(model: &mut Model, wish: &Wish, held: Option<Held>, solo: [Option<Solo>; 2]) {
    if wish.plans.is_empty() {
        return;
    }
    let edits = wish.plans.iter().map(|(proxy, plan)| Edit::Plan {
        proxy: *proxy,
        before: model.plan(*proxy).cloned().unwrap_or_default(),
        after: plan.clone(),
    });
    let step = Step {
        edits: edits.collect(),
        solo,
        held,
        at: model.now,
    };
    model.undo.push(step);
}

/// Gives proxies other plans: a draft of each, and one change for all of them.
pub(super) fn carry_out(model: &mut Model, wish: Wish) -> Vec<Effect> {
    let Wish { who, text, plans } = wish;
    let Some((_, first)) = plans.first() else {
        return vec![];
    };
    let everyone = plans.len() > 1 && plans.len() == model.snapshot.proxies.len();
    let who = who.unwrap_or_else(|| {
        if everyone {
            "all".to_owned()
        } else {
            names(model, &plans)
        }
    });
    let ticket = model.ticket();
    model.private.changes += 1;
    model.keep(Change {
        number: model.private.changes,
        at: model.now,
        proxies: plans.iter().map(|(proxy, _)| *proxy).collect(),
        who,
        unheard: plans.len() == 1 && first.bypassed && !text.contains("bypass"),
        text,
        taken: None,
        ticket,
    });
    let plans = plans.into_iter();
    plans
        .map(|(proxy, plan)| send(model, ticket, proxy, plan))
        .collect()
}

/// The draft, and the command that carries it.
fn send(model: &mut Model, ticket: u64, proxy: ProxyId, plan: Plan) -> Effect {
    model.private.setting.insert((ticket, proxy));
    let draft = Draft {
        plan: plan.clone(),
        ticket,
        answered: None,
    };
    model.drafts.insert(proxy, draft);
    Effect::Ask(ticket, Request::SetPlan { proxy, plan })
}

/// What a change of the bypass is called.
pub(super) const fn bypass_word(bypassed: bool) -> &'static str {
    if bypassed { "bypass on" } else { "bypass off" }
}
