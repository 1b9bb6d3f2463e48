//! Changing plans: knobs, bypass, solo. Every one is kept as a `Change` and as a step that can be undone, and none waits for the
//! engine.

use super::own;
use crate::fault::Plan;
use crate::request::Request;
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::knob::{self, Turn};
use crate::ui::model::undo::{Edit, Edited, Held, Solo, Swap};
use crate::ui::model::{Change, Draft, Line, Model, Tone};

/// Plans that proxies are to get together, and what to call the change.
pub(super) struct Wish {
    /// Whom it concerns; where nothing is said, the proxies by their names.
    who: Option<String>,
    /// What was before and what is after.
    text: String,
    plans: Vec<(ProxyId, Plan)>,
}

impl Wish {
    /// One plan for one proxy.
    pub(super) fn one(proxy: ProxyId, plan: Plan, text: String) -> Self {
        Self::of(vec![(proxy, plan)], text)
    }

    /// Plans for several proxies.
    pub(super) fn of(plans: Vec<(ProxyId, Plan)>, text: String) -> Self {
        let who = None;
        Self { who, text, plans }
    }

    /// Says whom these plans concern.
    fn concerning(self, who: String) -> Self {
        let who = Some(who);
        Self { who, ..self }
    }

    /// What becomes of the proxies when they get these plans.
    fn edits(&self, model: &Model) -> Vec<Edit> {
        let edits = self.plans.iter().map(|(proxy, plan)| Edit {
            proxy: *proxy,
            what: Edited::Plan(Swap {
                before: model.plan(*proxy).cloned().unwrap_or_default(),
                after: plan.clone(),
            }),
        });
        edits.collect()
    }
}

/// Turns the selected knob of the selected proxy.
pub(super) fn turn(model: &mut Model, proxy: ProxyId, turn: Turn) {
    let Some(dial) = knob::all().get(model.knob) else {
        return;
    };
    if let Some(conn) = own::turned(model) {
        return own::turn(model, conn, turn);
    }
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
        return;
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
    if held.is_some_and(|held| go_on(model, held, &plan)) {
        return;
    }
    let text = dial.change(&before, &plan, directions);
    set(model, Wish::one(proxy, plan, text), held);
}

/// A held key: the last step and the last change are this turn's too. Says whether there are such.
fn go_on(model: &mut Model, held: Held, plan: &Plan) -> bool {
    let Some(before) = model.undo.extend(held, plan, model.now) else {
        return false;
    };
    let ticket = model.ticket();
    let mut changes = model.changes.iter_mut().rev();
    let Some(change) = changes.find(|change| change.proxies == [held.proxy]) else {
        return false;
    };
    change.text = knob::all()[held.knob].change(&before, plan, held.directions);
    change.taken = None;
    change.ticket = ticket;
    change.awaited.clone_from(&change.proxies);
    model.notice = Some(Line::of_change(model.now, change.number));
    send(model, ticket, held.proxy, plan.clone());
    true
}

/// All knobs of the selected proxy off, and what else is in its plan.
pub(super) fn all_off(model: &mut Model, proxy: ProxyId) {
    if let Some(conn) = own::turned(model) {
        return own::clear(model, conn);
    }
    let before = model.plan(proxy).cloned().unwrap_or_default();
    if before.is_empty() {
        let who = model.name(proxy);
        model.say(Tone::Plain, format!("{who}: no fault is set"));
        return;
    }
    let mut plan = before.clone();
    plan.clear_all();
    let text = format!("{before} → all off");
    set(model, Wish::one(proxy, plan, text), None);
}

/// The selected proxy with or without its faults.
pub(super) fn bypass(model: &mut Model, proxy: ProxyId) {
    let bypassed = !model.plan(proxy).is_some_and(|plan| plan.bypassed);
    let plans = bypassing(model, |id, was| if id == proxy { bypassed } else { was });
    let text = bypass_word(bypassed).to_owned();
    set(model, Wish::of(plans, text), None);
}

/// All proxies without their faults; where all are so already, with them.
pub(super) fn bypass_all(model: &mut Model) {
    let all = model.snapshot.proxies.iter();
    let bypassed = !all
        .filter_map(|row| model.plan(row.id))
        .all(|plan| plan.bypassed);
    let plans = bypassing(model, |_, _| bypassed);
    let wish = Wish::of(plans, bypass_word(bypassed).to_owned());
    set_alone(model, wish.concerning("all".to_owned()), None);
}

/// The selected proxy alone with its faults; again: as it was before.
pub(super) fn solo(model: &mut Model, proxy: ProxyId) {
    let who = model.name(proxy);
    let rows = model.snapshot.proxies.iter();
    let now = rows.filter_map(|row| Some((row.id, model.plan(row.id)?.bypassed)));
    let before = model.solo.as_ref().map(|solo| solo.before.clone());
    let before = before.unwrap_or_else(|| now.collect());
    let ends = model.solo.as_ref().is_some_and(|solo| solo.proxy == proxy);
    let known = |id| before.iter().find(|(proxy, _)| *proxy == id);
    let plans = bypassing(model, |id, was| {
        if ends {
            known(id).map_or(was, |(_, bypassed)| *bypassed)
        } else {
            id != proxy
        }
    });
    let others = plans.iter().map(|(id, _)| *id);
    let others: Vec<ProxyId> = others.filter(|id| ends || *id != proxy).collect();
    let text = if ends {
        format!("solo is off, {} again", act(&names(model, others)))
    } else if others.is_empty() {
        "acts again, alone as before".to_owned()
    } else {
        format!("solo, {} bypassed", names(model, others))
    };
    if plans.is_empty() {
        let nothing = if ends {
            "solo is off: no other one was bypassed for it".to_owned()
        } else {
            format!("{who} is the only one with its faults")
        };
        model.say(Tone::Plain, nothing);
    }
    let wish = Wish::of(plans, text).concerning(who);
    set_alone(model, wish, (!ends).then_some(Solo { proxy, before }));
}

/// `web acts`, `web and db act`.
fn act(names: &str) -> String {
    let many = names.contains(" and ") || names.ends_with("proxies");
    format!("{names} {}", if many { "act" } else { "acts" })
}

/// The proxies of a change by their names, or how many they are: `web`, `db, shop and web`, `7 proxies`.
fn names(model: &Model, mut ids: Vec<ProxyId>) -> String {
    const NAMED: usize = 3;
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
pub(super) fn set(model: &mut Model, wish: Wish, held: Option<Held>) {
    model.keep_step(wish.edits(model), model.solo.clone(), held);
    carry_out(model, wish);
}

/// Gives proxies other plans, as one step that can be undone, after which this proxy acts alone, or none does.
fn set_alone(model: &mut Model, wish: Wish, solo: Option<Solo>) {
    model.keep_step(wish.edits(model), solo, None);
    carry_out(model, wish);
}

/// Gives proxies other plans: a draft of each, and one change for all of them.
pub(super) fn carry_out(model: &mut Model, wish: Wish) {
    let Wish { who, text, plans } = wish;
    let Some((_, first)) = plans.first() else {
        return;
    };
    let proxies: Vec<ProxyId> = plans.iter().map(|(proxy, _)| *proxy).collect();
    let who = who.unwrap_or_else(|| match plans.len() {
        2.. if plans.len() == model.snapshot.proxies.len() => "all".to_owned(),
        _ => names(model, proxies.clone()),
    });
    let ticket = model.ticket();
    model.private.changes += 1;
    model.keep(Change {
        number: model.private.changes,
        at: model.now,
        who,
        unheard: plans.len() == 1 && first.bypassed && !text.contains("bypass"),
        text,
        taken: None,
        ticket,
        awaited: proxies.clone(),
        proxies,
    });
    for (proxy, plan) in plans {
        send(model, ticket, proxy, plan);
    }
}

/// The draft, and the command that carries it.
fn send(model: &mut Model, ticket: u64, proxy: ProxyId, plan: Plan) {
    let draft = Draft {
        plan: plan.clone(),
        ticket,
        answered: None,
    };
    model.drafts.insert(proxy, draft);
    model.cause(Effect::Ask(ticket, Request::SetPlan { proxy, plan }));
}

/// What a change of the bypass is called.
pub(super) const fn bypass_word(bypassed: bool) -> &'static str {
    if bypassed { "bypass on" } else { "bypass off" }
}
