//! Changing plans: knobs, bypass, solo. Every change leaves a mark, a line of what happened, an answer and an undo
//! step, and none of them waits for the engine.

use crate::fault::Plan;
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::knob::{self, Turn};
use crate::ui::model::{Draft, LogLine, MARKS_LEN, Mark, Model, Notice, Tone};
use crate::ui::undo::{Change, Held, Step};

/// A plan that a proxy is to get, and what to call the change.
pub(super) struct Wish {
    pub(super) proxy: ProxyId,
    pub(super) plan: Plan,
    pub(super) text: String,
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
    set(model, vec![Wish { proxy, plan, text }], held)
}

/// A held key: the last step, mark and line are this turn's too.
fn go_on(model: &mut Model, held: Held, plan: &Plan) -> Option<Effect> {
    let before = model.undo.extend(held, plan, model.now)?;
    let text = knob::all()[held.knob].change(&before, plan, held.directions);
    let ticket = model.ticket();
    let mark = model.marks.get_mut(&held.proxy)?.back_mut()?;
    let old = std::mem::replace(&mut mark.ticket, ticket);
    mark.text.clone_from(&text);
    mark.taken = None;
    if let Some(line) = model.log.iter_mut().rfind(|line| line.ticket == old) {
        line.text.clone_from(&text);
        line.taken = None;
        line.ticket = ticket;
    }
    let who = model.name(held.proxy);
    answer(model, ticket, &who, &text, plan.bypassed);
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
    set(model, vec![Wish { proxy, plan, text }], None)
}

/// The selected proxy with or without its faults.
pub(super) fn bypass(model: &mut Model) -> Vec<Effect> {
    let Some(proxy) = model.selected_or_say() else {
        return vec![];
    };
    let bypassed = model.plan(proxy).is_some_and(|plan| plan.bypassed);
    let wishes = bypassing(model, |id, was| if id == proxy { !bypassed } else { was });
    set(model, wishes, None)
}

/// All proxies without their faults; where all are so already, with them.
pub(super) fn bypass_all(model: &mut Model) -> Vec<Effect> {
    let all = model.snapshot.proxies.iter();
    let bypassed = all
        .filter_map(|row| model.plan(row.id))
        .all(|plan| plan.bypassed);
    if model.selected_or_say().is_none() {
        return vec![];
    }
    model.solo = None;
    let wishes = bypassing(model, |_, _| !bypassed);
    set(model, wishes, None)
}

/// The selected proxy alone with its faults; again: as it was before.
pub(super) fn solo(model: &mut Model) -> Vec<Effect> {
    let Some(proxy) = model.selected_or_say() else {
        return vec![];
    };
    let ends = model.solo == Some(proxy);
    let wishes = if ends {
        model.solo = None;
        let before = std::mem::take(&mut model.private.before_solo);
        bypassing(model, |id, was| {
            let known = before.iter().find(|(proxy, _)| *proxy == id);
            known.map_or(was, |(_, bypassed)| *bypassed)
        })
    } else {
        if model.solo.is_none() {
            let rows = model.snapshot.proxies.iter();
            let before = rows.filter_map(|row| Some((row.id, model.plan(row.id)?.bypassed)));
            model.private.before_solo = before.collect();
        }
        model.solo = Some(proxy);
        bypassing(model, |id, _| id != proxy)
    };
    if wishes.is_empty() {
        let who = model.name(proxy);
        let text = if ends {
            "solo is off: no other one was bypassed for it".to_owned()
        } else {
            format!("{who} is the only one with its faults")
        };
        model.say(Tone::Plain, text);
    }
    set(model, wishes, None)
}

/// The plans of the proxies whose bypass changes to what `wanted` says of their number and their bypass until now.
fn bypassing(model: &Model, wanted: impl Fn(ProxyId, bool) -> bool) -> Vec<Wish> {
    let rows = model.snapshot.proxies.iter();
    rows.filter_map(|row| {
        let mut plan = model.plan(row.id)?.clone();
        let bypassed = wanted(row.id, plan.bypassed);
        if bypassed == plan.bypassed {
            return None;
        }
        plan.bypassed = bypassed;
        let text = if bypassed { "bypass on" } else { "bypass off" };
        Some(Wish {
            proxy: row.id,
            plan,
            text: text.to_owned(),
        })
    })
    .collect()
}

/// Gives proxies other plans, as one step that can be undone.
pub(super) fn set(model: &mut Model, wishes: Vec<Wish>, held: Option<Held>) -> Vec<Effect> {
    if wishes.is_empty() {
        return vec![];
    }
    let changes = wishes.iter().map(|wish| Change::Plan {
        proxy: wish.proxy,
        before: model.plan(wish.proxy).cloned().unwrap_or_default(),
        after: wish.plan.clone(),
    });
    let step = Step {
        changes: changes.collect(),
        held,
        at: model.now,
    };
    model.undo.push(step);
    carry_out(model, wishes)
}

/// Gives proxies other plans: drafts, marks, one line and one answer for all of them.
pub(super) fn carry_out(model: &mut Model, wishes: Vec<Wish>) -> Vec<Effect> {
    let Some(first) = wishes.first() else {
        return vec![];
    };
    let ticket = model.ticket();
    let who = match wishes.as_slice() {
        [one] => model.name(one.proxy),
        _ => "all".to_owned(),
    };
    let text = first.text.clone();
    answer(
        model,
        ticket,
        &who,
        &text,
        wishes.len() == 1 && first.plan.bypassed,
    );
    model.log(LogLine {
        at: model.now,
        proxy: who,
        text,
        tone: Tone::Injected,
        taken: None,
        ticket,
    });
    let mut effects = Vec::with_capacity(wishes.len());
    for wish in wishes {
        mark(model, wish.proxy, wish.text, ticket);
        effects.push(send(model, ticket, wish.proxy, wish.plan));
    }
    effects
}

fn answer(model: &mut Model, ticket: u64, who: &str, text: &str, bypassed: bool) {
    let unheard = bypassed && !text.contains("bypass");
    let note = if unheard {
        " (bypassed: Space lets it act)"
    } else {
        ""
    };
    model.notice = Some(Notice {
        at: model.now,
        text: format!("{who}: {text}{note}"),
        tone: Tone::Injected,
        taken: None,
        ticket,
    });
}

fn mark(model: &mut Model, proxy: ProxyId, text: String, ticket: u64) {
    model.private.marks += 1;
    let marks = model.marks.entry(proxy).or_default();
    marks.push_back(Mark {
        number: model.private.marks,
        at: model.now,
        text,
        taken: None,
        ticket,
    });
    if marks.len() > MARKS_LEN {
        marks.pop_front();
    }
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
    Effect::SetPlan {
        ticket,
        proxy,
        plan,
    }
}
