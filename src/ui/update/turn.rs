//! Changing plans: knobs, bypass, solo. Every one is kept as a `Change` and as a step that can be undone, and none waits for the
//! engine.

use super::contact::may_set;
use super::{course, own};
use crate::fault::{Directions, Plan};
use crate::request::Request;
use crate::snapshot::{Author, ProxyId};
use crate::ui::changes::bypass_word;
use crate::ui::effect::Effect;
use crate::ui::knob::{self, Dial, Turn};
use crate::ui::model::undo::{Edit, Edited, Held, Solo, Swap};
use crate::ui::model::{Change, Draft, Felt, Line, Model, Side, Tone};
use crate::ui::named;

/// Plans that proxies are to get together, and what to call the change.
pub(super) struct Wish {
    /// Whom it concerns; where nothing is said, the proxies by their names.
    who: Option<String>,
    /// What was before and what is after.
    text: String,
    plans: Vec<(ProxyId, Plan)>,
    /// The side of two settings that no longer acts.
    left: Option<Side>,
}

impl Wish {
    /// One plan for one proxy.
    pub(super) fn one(proxy: ProxyId, plan: Plan, text: String) -> Self {
        Self::of(vec![(proxy, plan)], text)
    }

    /// Plans for several proxies.
    pub(super) fn of(plans: Vec<(ProxyId, Plan)>, text: String) -> Self {
        Self {
            who: None,
            text,
            plans,
            left: None,
        }
    }

    /// Says that this side of two settings acts no longer: the other one is compared with it.
    pub(super) fn leaving(self, side: Side) -> Self {
        let left = Some(side);
        Self { left, ..self }
    }

    /// Says whom these plans concern.
    fn concerning(self, who: String) -> Self {
        let who = Some(who);
        Self { who, ..self }
    }

    /// The proxies that it concerns.
    fn proxies(&self) -> Vec<ProxyId> {
        self.plans.iter().map(|(proxy, _)| *proxy).collect()
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

/// Turns the selected knob of a proxy; where that one is marked, of all marked ones.
pub(super) fn turn(model: &mut Model, proxy: ProxyId, turn: Turn) {
    let Some(dial) = knob::all().get(model.knob) else {
        return;
    };
    if let Some(conn) = own::turned(model) {
        return own::turn(model, conn, turn);
    }
    let directions = model.directions;
    let before = plans_of(model, proxy);
    let turned = before
        .iter()
        .map(|(id, plan)| (*id, dial.turn(plan, directions, turn)));
    let plans: Vec<_> = turned.collect();
    if plans == before {
        if matches!(turn, Turn::At { .. }) {
            return;
        }
        let value = Dial::print(dial.value(&before[0].1, directions));
        let who = names(model, before.into_iter().map(|(id, _)| id).collect());
        let stays = format!("{who}: {} stays at {value}", dial.knob.label);
        model.say(Tone::Plain, stays);
        return;
    }
    let held = match turn {
        Turn::Fine(_) | Turn::Stop(_) | Turn::At { .. } => Some(Held {
            proxy,
            knob: model.knob,
            directions,
            by: std::mem::discriminant(&turn),
        }),
        Turn::To(_) | Turn::Off | Turn::Exact(_) => None,
    };
    if held.is_some_and(|held| go_on(model, held, &plans)) {
        return;
    }
    let text = turned_text(dial, directions, &before, &plans);
    set(model, Wish::of(plans, text), held);
}

/// The plans of a proxy, or of all marked ones where it is marked.
pub(super) fn plans_of(model: &Model, proxy: ProxyId) -> Vec<(ProxyId, Plan)> {
    let plan = |id| (id, model.plan(id).cloned().unwrap_or_default());
    model.group(proxy).into_iter().map(plan).collect()
}

/// What a turn changed: of several proxies what is the same for all of them.
fn turned_text(
    dial: &Dial,
    directions: Directions,
    before: &[(ProxyId, Plan)],
    after: &[(ProxyId, Plan)],
) -> String {
    let pairs = before.iter().zip(after);
    let mut changes = pairs.map(|((_, before), (_, after))| dial.change(before, after, directions));
    let first = changes.next().unwrap_or_default();
    if changes.all(|change| change == first) {
        return first;
    }
    let mut values = after.iter().map(|(_, plan)| dial.value(plan, directions));
    let value = values.next().flatten();
    let label = dial.knob.label;
    if values.all(|other| other == value) {
        format!("{label} → {}", Dial::print(value))
    } else {
        format!("{label} turned, each from where it was")
    }
}

/// A held key: the last step and the last change are this turn's too. Says whether there are such.
fn go_on(model: &mut Model, held: Held, plans: &[(ProxyId, Plan)]) -> bool {
    let ids: Vec<ProxyId> = plans.iter().map(|(id, _)| *id).collect();
    if !may_set(model, plans) {
        return true;
    }
    let Some(before) = model.undo.extend(held, plans, model.now) else {
        return false;
    };
    let ticket = model.ticket();
    let mut changes = model.changes.iter_mut().rev();
    let is_it = |change: &&mut Change| change.by.is_own() && change.proxies == ids;
    let Some(change) = changes.find(is_it) else {
        return false;
    };
    change.text = turned_text(&knob::all()[held.knob], held.directions, &before, plans);
    change.taken = None;
    change.ticket = ticket;
    change.awaited = ids;
    change.turned = model.now;
    model.notice = Some(Line::of_change(model.now, change.number));
    for (proxy, plan) in plans {
        send(model, ticket, *proxy, plan.clone());
    }
    true
}

/// All knobs of a proxy off, and what else is in its plan; where it is marked, of all marked ones.
pub(super) fn all_off(model: &mut Model, proxy: ProxyId) {
    if let Some(conn) = own::turned(model) {
        return own::clear(model, conn);
    }
    let before = plans_of(model, proxy);
    if before.iter().all(|(_, plan)| plan.is_empty()) {
        let who = names(model, before.into_iter().map(|(id, _)| id).collect());
        model.say(Tone::Plain, format!("{who}: no fault is set"));
        return;
    }
    let text = match &before[..] {
        [(_, plan)] => format!("{plan} → all off"),
        _ => "all off".to_owned(),
    };
    let mut plans = before;
    for (_, plan) in &mut plans {
        plan.clear_all();
    }
    set(model, Wish::of(plans, text), None);
}

/// A proxy with or without its faults; where it is marked, all marked ones alike.
pub(super) fn bypass(model: &mut Model, proxy: ProxyId) {
    let bypassed = !model.plan(proxy).is_some_and(|plan| plan.bypassed);
    let group = model.group(proxy);
    let plans = bypassing(
        model,
        |id, was| {
            if group.contains(&id) { bypassed } else { was }
        },
    );
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
pub(super) fn names(model: &Model, mut ids: Vec<ProxyId>) -> String {
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

/// Takes a fault with a name off, by its place among them, from 1.
pub(super) fn take_off(model: &mut Model, proxy: ProxyId, place: u8) {
    let Some(mut plan) = model.plan(proxy).cloned() else {
        return;
    };
    let all = named::of(&plan, model.rates);
    let Some(one) = all.get(usize::from(place.saturating_sub(1))) else {
        let name = model.name(proxy);
        let text = match all.len() {
            0 => format!("no fault of {name} has a name: : sets one, as in latency 100ms as=slow"),
            count => format!("{count} of the faults of {name} have names"),
        };
        return model.say(Tone::Plain, text);
    };
    plan.clear_named(Some(one.kind), &one.name);
    set(
        model,
        Wish::one(proxy, plan, format!("{} → off", one.text())),
        None,
    );
}

/// Gives proxies other plans, as one step that can be undone.
pub(super) fn set(model: &mut Model, wish: Wish, held: Option<Held>) {
    if !may_set(model, &wish.plans) {
        return;
    }
    model.keep_step(wish.edits(model), model.solo.clone(), held);
    carry_out(model, wish);
}

/// Gives proxies other plans, as one step that can be undone, after which this proxy acts alone, or none does.
fn set_alone(model: &mut Model, wish: Wish, solo: Option<Solo>) {
    if !wish.plans.is_empty() && !may_set(model, &wish.plans) {
        return;
    }
    model.keep_step(wish.edits(model), solo, None);
    carry_out(model, wish);
}

/// Gives proxies other plans: a draft of each, and one change for all of them.
pub(super) fn carry_out(model: &mut Model, wish: Wish) {
    let proxies = wish.proxies();
    let Wish {
        who,
        text,
        plans,
        left,
    } = wish;
    if plans.is_empty() {
        return;
    }
    let who = who.unwrap_or_else(|| match plans.len() {
        2.. if plans.len() == model.snapshot.proxies.len() => "all".to_owned(),
        _ => names(model, proxies.clone()),
    });
    let ticket = model.ticket();
    model.private.changes += 1;
    model.keep(Change {
        number: model.private.changes,
        by: Author::CONSOLE,
        at: model.now,
        who,
        unheard: plans.iter().all(|(_, plan)| plan.bypassed) && !text.contains("bypass"),
        felt: felt_before(model, &proxies, left),
        turned: model.now,
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

/// What the clients of the one proxy that is looked at, or of the only one that is changed, feel until now.
pub(super) fn felt_before(model: &Model, proxies: &[ProxyId], left: Option<Side>) -> Option<Felt> {
    let selected = model.selected.filter(|id| proxies.contains(id));
    let proxy = selected.or_else(|| (proxies.len() == 1).then(|| proxies[0]))?;
    let (_, row) = model.proxy(proxy)?;
    let before = row.felt_now()?.p50;
    Some(Felt {
        proxy,
        before,
        after: None,
        left,
    })
}

/// The draft, and the command that carries it.
fn send(model: &mut Model, ticket: u64, proxy: ProxyId, plan: Plan) {
    let draft = Draft {
        plan: plan.clone(),
        ticket,
        answered: None,
    };
    let before = model.plan(proxy).cloned();
    if let Some(before) = &before {
        course::remember(model, proxy, before.clone(), plan.clone());
    }
    model.drafts.insert(proxy, draft);
    let request = Request::SetPlan {
        proxy,
        before,
        plan,
    };
    model.cause(Effect::Ask(ticket, request));
}
