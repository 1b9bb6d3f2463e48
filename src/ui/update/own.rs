//! What is set for one connection alone: exempt from faults, frozen, knobs of its own. Each is a change that can be undone.

use super::contact::may_change;
use crate::fault::{Own, Plan, Stage};
use crate::request::Request;
use crate::snapshot::{ConnId, ProxyId, Taken};
use crate::ui::knob::{self, Dial, Turn};
use crate::ui::model::undo::{Edit, Edited, Swap};
use crate::ui::model::{Change, Detail, Model, Overlay, Tone};

/// What of a connection is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// Whether faults spare it.
    Exempt,
    /// Whether all its bytes are held.
    Frozen,
}

/// The connection that is looked at, or selected, where it is open: its number and its proxy's.
fn selected(model: &mut Model) -> Option<(ProxyId, ConnId)> {
    let looked_at = model.detail().map(|detail| detail.row.id);
    let id = looked_at.or(model.conns.selected);
    let mut open = model.newest().conns.iter();
    let row = id.and_then(|id| open.find(|row| row.id == id));
    let found = row.map(|row| (row.proxy, row.id));
    if found.is_none() {
        let text = id.map_or("no connection is selected".to_owned(), |id| {
            format!("#{} has ended", id.0)
        });
        model.say(Tone::Plain, text);
    }
    found
}

/// Switches something of the selected connection on or off.
pub(super) fn switch(model: &mut Model, what: Switch) {
    let Some((proxy, conn)) = selected(model) else {
        return;
    };
    let mut own = model.own(conn);
    let text = match what {
        Switch::Exempt => {
            own.exempt = !own.exempt;
            if own.exempt {
                "exempt from faults"
            } else {
                "obeys its proxy's faults again"
            }
        }
        Switch::Frozen => {
            own.frozen = !own.frozen;
            if own.frozen {
                "frozen: all its bytes wait, ~ lets them go"
            } else {
                "goes on"
            }
        }
    };
    set(model, (proxy, conn), own, text);
}

/// Has the keys of a detail turn the knobs of its connection alone, or its proxy's again.
pub(super) fn alone(model: &mut Model) {
    let Some(Overlay::Conn(detail)) = model.overlays.last_mut() else {
        return;
    };
    detail.alone = !detail.alone;
    let text = if detail.alone {
        format!(
            "the keys turn #{} alone: Tab turns its proxy again",
            detail.row.id.0
        )
    } else {
        "the keys turn the proxy, and so all of its connections".to_owned()
    };
    model.say(Tone::Plain, text);
}

/// The connection whose knobs the keys turn, where they turn one alone.
pub(super) fn turned(model: &Model) -> Option<(ProxyId, ConnId)> {
    let detail = model.detail().filter(|detail| detail.alone)?;
    let Detail { row, .. } = detail;
    Some((row.proxy, row.id))
}

/// Turns the selected knob for one connection alone.
pub(super) fn turn(model: &mut Model, (proxy, conn): (ProxyId, ConnId), turn: Turn) {
    let Some(dial) = knob::all().get(model.knob) else {
        return;
    };
    let before = plan(model, (proxy, conn));
    let after = dial.turn(&before, model.directions, turn);
    let text = if after == before {
        let value = knob::Dial::print(dial.value(&before, model.directions));
        format!("{} stays at {value}", dial.knob.label)
    } else {
        dial.change(&before, &after, model.directions)
    };
    give(model, (proxy, conn), dial, &after, text);
}

/// The plan that acts on one connection: its own knobs over its proxy's.
pub(super) fn plan(model: &Model, (proxy, conn): (ProxyId, ConnId)) -> Plan {
    let of_proxy = model.plan(proxy).cloned().unwrap_or_default();
    model.own(conn).over(&of_proxy)
}

/// Gives one connection alone a knob's kind as a plan has it; `text` says what that changes.
pub(super) fn give(
    model: &mut Model,
    (proxy, conn): (ProxyId, ConnId),
    dial: &Dial,
    after: &Plan,
    mut text: String,
) {
    if dial.kind.stage == Stage::Opening || dial.kind.ends {
        let text = format!(
            "{} is a matter of all connections: Tab turns them",
            dial.knob.label
        );
        model.say(Tone::Plain, text);
        return;
    }
    if *after == plan(model, (proxy, conn)) {
        return model.say(Tone::Plain, format!("#{}: {text}", conn.0));
    }
    let mut own = model.own(conn);
    own.set(dial.kind, after);
    if std::mem::take(&mut own.exempt) {
        text.push_str(", no longer exempt");
    }
    set(model, (proxy, conn), own, &text);
}

/// Has something hold for an open connection, as a command says.
pub(super) fn say(model: &mut Model, conn: ConnId, edit: impl FnOnce(&mut Own)) {
    let mut open = model.newest().conns.iter();
    let Some(proxy) = open.find(|row| row.id == conn).map(|row| row.proxy) else {
        return model.say(Tone::Plain, format!("no open connection {}", conn.0));
    };
    let mut own = model.own(conn);
    edit(&mut own);
    let text = match (own.exempt, own.frozen) {
        (_, true) => "frozen: all its bytes wait, ~ lets them go",
        (true, false) => "exempt from faults",
        (false, false) => "obeys its proxy's faults",
    };
    set(model, (proxy, conn), own, text);
}

/// Takes back all knobs of one connection's own.
pub(super) fn clear(model: &mut Model, (proxy, conn): (ProxyId, ConnId)) {
    let mut own = model.own(conn);
    own.clear();
    set(model, (proxy, conn), own, "its proxy's knobs again");
}

/// Has something hold for one connection alone, as a step that can be undone.
fn set(model: &mut Model, of: (ProxyId, ConnId), own: Own, text: &str) {
    let (proxy, conn) = of;
    let before = model.own(conn);
    if before == own {
        model.say(
            Tone::Plain,
            format!("#{}: nothing is set for it alone", conn.0),
        );
        return;
    }
    if !may_change(model, &[proxy]) {
        return;
    }
    let what = Edited::Own(
        conn,
        Swap {
            before,
            after: own.clone(),
        },
    );
    model.keep_step(vec![Edit { proxy, what }], model.solo.clone(), None);
    carry_out(model, of, own, text);
}

/// Has it so: the command, and the change that tells of it.
pub(super) fn carry_out(model: &mut Model, (proxy, conn): (ProxyId, ConnId), own: Own, text: &str) {
    // A step back may be about one that is long gone.
    if !model.newest().conns.iter().any(|row| row.id == conn) {
        return model.say(Tone::Plain, format!("#{} has ended", conn.0));
    }
    let ticket = model.ask(Request::SetOwn(conn, own.clone()));
    model.private.changes += 1;
    let number = model.private.changes;
    let who = format!("{} #{}", model.name(proxy), conn.0);
    let mut change = Change::new(number, model.now, proxy, &who, text);
    (change.ticket, change.awaited) = (ticket, vec![proxy]);
    change.unheard = model.plan(proxy).is_some_and(|plan| plan.bypassed);
    model.keep(change);
    if own.is_empty() {
        model.owns.remove(&conn);
    } else {
        model.owns.insert(conn, own);
    }
}

/// The connection has taken it.
pub(super) fn taken(model: &mut Model, ticket: u64, proxy: ProxyId, taken: Taken) {
    let mut changes = model.changes.iter_mut();
    if let Some(change) = changes.find(|change| change.ticket == ticket) {
        change.take(proxy, Some(taken));
    }
}

/// What was set for connections that are gone is forgotten.
pub(super) fn settle(model: &mut Model) {
    let newest = std::sync::Arc::clone(&model.snapshot);
    let ended = |conn: ConnId| newest.ended.iter().any(|ended| ended.row.id == conn);
    model.owns.retain(|conn, _| !ended(*conn));
}
