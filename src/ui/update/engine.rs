//! What the engine tells: snapshots, which a frozen screen keeps aside, events, and what became of plans, ports and
//! connections.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{settings, sweeps, turn};
use crate::fault::{Plan, Schedule};
use crate::format::joined;
use crate::snapshot::{
    Author, CloseReason, ConnId, Event, Found, Happening, History, Kill, Negotiated, ProxyId,
    Snapshot, Taken,
};
use crate::ui::changes::{changes, touched};
use crate::ui::model::{Change, Content, Focus, Frozen, LOG_LEN, Line, Model, Passing, Tone};

/// Without a key or a byte for this long, the console is quiet.
const QUIET: Duration = Duration::from_secs(5);

/// The last second: what figures look back on.
const SECOND: Duration = Duration::from_secs(1);

/// For so long a change waits for somebody to feel it.
const FELT: Duration = Duration::from_secs(30);

/// Time went by.
pub(super) fn tick(model: &mut Model) {
    if model.contact.lost().next().is_some() {
        // It counts the seconds.
        model.wake();
    } else if model.now.saturating_sub(model.private.woken) >= QUIET {
        model.quiet = true;
    }
}

/// A new snapshot: shown, or kept aside where the screen is frozen.
pub(super) fn sampled(model: &mut Model, snapshot: Arc<Snapshot>) {
    if moved(model.newest(), &snapshot) {
        model.wake();
    }
    tell_turns(model, &snapshot);
    count_gone(model, &snapshot);
    if let Some(frozen) = &mut model.frozen {
        frozen.latest = snapshot;
        tick(model);
        return;
    }
    let old = std::mem::replace(&mut model.snapshot, snapshot);
    let now = model.snapshot.clone();
    let shows = |id: ProxyId| now.proxies.iter().any(|row| row.id == id);
    let awaited = &mut model.private.awaited;
    awaited.retain(|id| !shows(*id));
    let known = |id: ProxyId| awaited.contains(&id) || shows(id);
    model.drafts.retain(|id, draft| {
        let row = now.proxies.iter().find(|row| row.id == *id);
        let is_shown =
            |answered| now.at > answered || row.is_some_and(|row| *row.plan == draft.plan);
        known(*id) && !(row.is_some() && draft.answered.is_some_and(is_shown))
    });
    choose_pane(model, &old);
    feel(model);
    settings::learn(model);
    tick(model);
}

/// The newest change of each proxy learns what clients feel since: a second after it, the last second knows nothing else.
fn feel(model: &mut Model) {
    let snapshot = Arc::clone(&model.snapshot);
    let mut told = Vec::new();
    for change in model.changes.iter_mut().rev() {
        let Some(felt) = &mut change.felt else {
            continue;
        };
        let since = snapshot.at.saturating_sub(change.turned);
        let is_over = told.contains(&felt.proxy) || since > FELT;
        told.push(felt.proxy);
        if felt.after.is_some() {
            continue;
        }
        let row = snapshot.proxies.iter().find(|row| row.id == felt.proxy);
        let Some(row) = row.filter(|_| !is_over) else {
            change.felt = None;
            continue;
        };
        let mut points = row.history.points.iter().rev();
        let newest = points.find(|point| point.feels.is_some());
        let begun = newest.map(|point| point.at.saturating_sub(History::STEP));
        if since >= SECOND && begun.is_some_and(|begun| begun >= change.turned) {
            felt.after = row.feels.map(|spread| spread.p50);
        }
    }
}

/// Freezes the screen, or shows what came meanwhile.
pub(super) fn freeze(model: &mut Model) {
    match model.frozen.take() {
        None => {
            model.frozen = Some(Frozen {
                since: model.now,
                latest: model.snapshot.clone(),
                held: VecDeque::new(),
            });
            let text = "the screen is frozen, the proxies are not: f goes on";
            model.say(Tone::Plain, text);
        }
        Some(frozen) => {
            model.logged += frozen.held.len() as u64;
            model.log.extend(frozen.held);
            let over = model.log.len().saturating_sub(LOG_LEN);
            model.log.drain(..over);
            model.say(Tone::Plain, "the screen is live again");
            sampled(model, frozen.latest);
        }
    }
}

/// Tells of faults that began or ended by their own schedule since the last snapshot.
fn tell_turns(model: &mut Model, new: &Snapshot) {
    let since = model.newest().at;
    let mut told = Vec::new();
    for row in &new.proxies {
        for scheduled in &row.scheduled {
            let turns = scheduled.turns();
            for (at, begins) in turns.filter(|(at, _)| since < *at && *at <= new.at) {
                let setting = scheduled.setting.clone().at_times(Schedule::default());
                let what = if begins { "begins" } else { "is over" };
                told.push(Line::new(
                    at,
                    &row.name,
                    &format!("{setting} {what}"),
                    Tone::Injected,
                ));
            }
        }
    }
    for line in told {
        model.wake();
        model.log(line);
    }
}

/// What removed proxies carried is not forgotten.
fn count_gone(model: &mut Model, new: &Snapshot) {
    let (mut total, mut bytes) = model.private.gone;
    let stays = |id: ProxyId| new.proxies.iter().any(|row| row.id == id);
    for row in model.newest().proxies.iter().filter(|row| !stays(row.id)) {
        total += row.total;
        bytes = bytes.plus(row.bytes);
    }
    model.private.gone = (total, bytes);
}

/// Whether bytes moved, connections came or went, or something was set: what wakes a quiet console. Ages are not.
fn moved(old: &Snapshot, new: &Snapshot) -> bool {
    if old.proxies.len() != new.proxies.len() {
        return true;
    }
    let mut pairs = old.proxies.iter().zip(&new.proxies);
    pairs.any(|(old, new)| {
        (old.id, old.bytes, old.total, old.open) != (new.id, new.bytes, new.total, new.open)
            || (old.failed, old.generation, old.up_to_date)
                != (new.failed, new.generation, new.up_to_date)
            || old.port != new.port
            // A wait that grows is news, although nothing moves, and so is a delay.
            || new.unanswered.overdue > 0
            || new.held.sum() > 0
            || old.name != new.name
    })
}

/// The first proxy takes the keys from an empty input line. The last one leaves them where `u` brings it back.
fn choose_pane(model: &mut Model, old: &Snapshot) {
    let (had, has) = (!old.proxies.is_empty(), !model.snapshot.proxies.is_empty());
    let is_typing = !model.input.field.text.value().is_empty();
    if !had && has && model.focus == Focus::Input && !is_typing {
        model.focus = Focus::Mixer;
    }
    if had && !has && model.focus == Focus::Connections {
        model.focus = Focus::Mixer;
    }
}

/// Something happened: a line of it. What the user did has its line already.
pub(super) fn happened(model: &mut Model, event: &Event) {
    if let Happening::Renamed { before } = &event.what {
        rename_lines(model, before, &event.proxy);
    }
    if let Happening::Faults { before, plan } = &event.what {
        let names = plan.settings().iter().map(|setting| setting.kind.name);
        model.private.used.extend(names);
        let another = event.by.as_ref().filter(|by| !by.is_own());
        if let (Some(by), Some(before)) = (another, before) {
            changed(model, event, by, [before, plan]);
        }
    }
    if let Happening::Swept { curve, before } = &event.what {
        return sweeps::heard(model, event, curve, before);
    }
    let seen =
        matches!(&event.what, Happening::Secured { tls, .. } if !is_news(model, &event.proxy, tls));
    let Some((tone, text)) = told(&event.what).filter(|_| !seen) else {
        return;
    };
    let text = text + &event.by_another();
    if matches!(event.what, Happening::Error(_)) {
        model.notice = Some(Line::new(model.now, &event.proxy, &text, tone));
    }
    model.log(match passing(&event.what, tone) {
        Some(what) => Line::passing(event.at, &event.proxy, &text, what),
        None => Line::new(event.at, &event.proxy, &text, tone),
    });
}

/// Who is not the user has changed faults: a change as any other, but for what the engine answers to its user.
fn changed(model: &mut Model, event: &Event, by: &Author, plans: [&Plan; 2]) {
    let [before, plan] = plans;
    let text = changes(Some(before), plan);
    let mut rows = model.newest().proxies.iter();
    let Some(row) = rows
        .find(|row| row.name == event.proxy)
        .filter(|_| !text.is_empty())
    else {
        return;
    };
    let proxy = row.id;
    if *by != Author::SWEEP {
        for kind in touched(before, plan) {
            let others = &mut model.private.others;
            others.insert((proxy, kind), (by.clone(), event.at));
        }
    }
    let swept = model
        .sweeps
        .running(proxy)
        .and_then(|it| it.before.as_deref());
    let ends = *by == Author::SWEEP && swept == Some(plan);
    let text = format!("{by}{} {text}", if ends { " ends," } else { "" });
    model.private.changes += 1;
    let number = model.private.changes;
    let felt = turn::felt_before(model, &[proxy], None);
    model.wake();
    model.mark(Change {
        by: by.clone(),
        felt,
        unheard: plan.bypassed && !text.contains("bypass"),
        ..Change::new(number, event.at, proxy, &event.proxy, &text)
    });
}

/// How a connection came or went, where an event tells of that and of nothing else.
fn passing(what: &Happening, tone: Tone) -> Option<Passing> {
    if matches!(what, Happening::Opened { .. }) {
        return Some(Passing::Opened);
    }
    let ends = [Passing::Done, Passing::Cut, Passing::Failed];
    let how = ends.into_iter().find(|how| how.tone() == tone);
    how.filter(|_| matches!(what, Happening::Closed { .. }))
}

/// Whether the proxy's upstream speaks TLS in another way than the last time: a line for every connection would drown the
/// others.
fn is_news(model: &mut Model, proxy: &str, tls: &Negotiated) -> bool {
    let agreed = (tls.version, tls.alpn.clone());
    let before = model
        .private
        .agreed
        .insert(proxy.to_owned(), agreed.clone());
    before != Some(agreed)
}

/// What is told of a proxy is found by its name.
fn rename_lines(model: &mut Model, before: &str, after: &str) {
    let changes = model.changes.iter_mut().map(|change| &mut change.who);
    let held = model.frozen.iter_mut().flat_map(|frozen| &mut frozen.held);
    let lines = model.log.iter_mut().chain(held);
    let lines = lines.filter_map(|line| match &mut line.content {
        Content::Text { proxy, .. } | Content::Passing { proxy, .. } => Some(proxy),
        Content::Change(_) => None,
    });
    for name in changes.chain(lines).filter(|name| *name == before) {
        after.clone_into(name);
    }
    if let Some(agreed) = model.private.agreed.remove(before) {
        model.private.agreed.insert(after.to_owned(), agreed);
    }
}

fn told(what: &Happening) -> Option<(Tone, String)> {
    let told = match what {
        Happening::Listening { mapping, addrs } => {
            let text = format!("{mapping} listens on {}", joined(addrs));
            (Tone::Good, text)
        }
        Happening::Removed => (Tone::Plain, "removed".to_owned()),
        Happening::Renamed { before } => (Tone::Plain, format!("renamed, was {before}")),
        Happening::Repointed { before, mapping } => {
            let text = format!("{before} → {mapping}, its connections end");
            (Tone::Plain, text)
        }
        Happening::PortClosed(_) => (Tone::Plain, "port closed".to_owned()),
        Happening::Opened { conn, client, .. } => {
            (Tone::Plain, format!("#{} open {client}", conn.0))
        }
        Happening::Reached { conn, addr, tried } => {
            let text = format!("#{} reached {addr} after {tried}", conn.0);
            (Tone::Doubtful, text)
        }
        Happening::Secured { tls, .. } => (Tone::Good, format!("upstream {tls}")),
        Happening::Closed {
            conn,
            reason,
            truncated,
            ..
        } => {
            let tone = if matches!(reason, CloseReason::Fault(_)) {
                Tone::Injected
            } else if reason.failed() {
                Tone::Trouble
            } else if *truncated {
                Tone::Doubtful
            } else {
                Tone::Plain
            };
            (tone, format!("#{} {}", conn.0, reason.noted(*truncated)))
        }
        Happening::Found { what, finding } => match what {
            Found::New => (Tone::Good, format!("{} (I: all)", finding.text)),
            Found::Withdrawn => (Tone::Plain, format!("not so any more: {}", finding.text)),
            Found::Changed => return None,
        },
        Happening::Note(text) => (Tone::Plain, text.clone()),
        Happening::Error(text) => (Tone::Trouble, text.clone()),
        Happening::Faults { .. } | Happening::Swept { .. } => return None,
    };
    Some(told)
}

/// A plan reached its connections. Changes that this one overtook share its answer.
pub(super) fn set(model: &mut Model, ticket: u64, proxy: ProxyId, taken: Taken) {
    if let Some(draft) = model.drafts.get_mut(&proxy)
        && draft.ticket <= ticket
    {
        draft.answered = Some(model.now);
    }
    let is_told = model
        .proxy(proxy)
        .is_none_or(|(_, row)| row.foreign.is_none());
    let taken = is_told.then_some(taken);
    let changes = model.changes.iter_mut();
    for change in changes.filter(|change| change.ticket <= ticket) {
        change.take(proxy, taken);
    }
}

/// What was set under this number is not so: what is shown is what the engine shows.
pub(super) fn forget_drafts(model: &mut Model, ticket: u64) {
    model.drafts.retain(|_, draft| draft.ticket != ticket);
    for change in model
        .changes
        .iter_mut()
        .filter(|change| change.ticket == ticket)
    {
        change.awaited.clear();
    }
}

/// A plan reached nobody.
pub(super) fn gone(model: &mut Model, proxy: ProxyId) {
    model.drafts.remove(&proxy);
    model.say(Tone::Trouble, "that proxy is gone");
}

/// A connection was ended.
pub(super) fn killed(model: &mut Model, conn: ConnId, how: Kill) {
    let text = match how {
        Kill::Rst => format!("#{} reset by you", conn.0),
        Kill::Fin => format!("#{} ended by you", conn.0),
    };
    model.say(Tone::Plain, text);
}
