//! Engines elsewhere: whether they are in contact, and what must not be done meanwhile.
//!
//! What would change one that is out of contact, or that is only to be looked at, is refused where it begins, before a draft
//! or a step is kept of it: nothing waits for contact, so nothing surprises whoever is there by then.

use crate::desk::{Contact, Peer, Reach, Why};
use crate::fault::Plan;
use crate::snapshot::{ConnId, ProxyId};
use crate::ui::model::{Line, Model, Tone};

/// Engines elsewhere were reached, or lost.
pub(super) fn changed(model: &mut Model, contact: &Contact) {
    let before = std::mem::replace(&mut model.contact, contact.clone());
    if let [only] = &contact.peers[..] {
        model.seed = only.seed.unwrap_or(model.seed);
    }
    for old in &before.peers {
        if contact
            .peer_at(old.place)
            .is_none_or(|new| new.name != old.name)
        {
            forget(model, old.place);
            let text = format!("{} is gone, and what could be undone with it", old.name);
            tell(model, Tone::Doubtful, text);
        }
    }
    for new in &contact.peers {
        let old = before.peer_at(new.place).filter(|old| old.name == new.name);
        match old.map(Peer::is_lost) {
            _ if old.is_some_and(|old| old.restarts != new.restarts) => {
                forget(model, new.place);
                let text = format!(
                    "{} was restarted: what could be undone there is gone",
                    new.name
                );
                tell(model, Tone::Doubtful, text);
            }
            Some(false) if new.is_lost() => tell(model, Tone::Trouble, lost(new)),
            // Of one that was never reached nothing is known, its version neither.
            None | Some(true) if !new.is_lost() => {
                let again = old.is_some_and(|old| !old.version.is_empty());
                let again = if again { " again" } else { "" };
                tell(
                    model,
                    Tone::Good,
                    format!("{} is in contact{again}", new.name),
                );
            }
            _ => {}
        }
    }
}

fn tell(model: &mut Model, tone: Tone, text: String) {
    model.wake();
    model.log(Line::new(model.now, "", &text, tone));
    model.say(tone, text);
}

/// Another run has taken the place of an engine: its proxies are others, whatever their numbers.
fn forget(model: &mut Model, place: usize) {
    let contact = model.contact.clone();
    let is_its = |id: ProxyId| contact.place_of(id) == Some(place);
    model.drafts.retain(|id, _| !is_its(*id));
    model.settings.retain(|id, _| !is_its(*id));
    model.private.awaited.retain(|id| !is_its(*id));
    model.private.asked.retain(|_, asked| !is_its(asked.proxy));
    let conns: Vec<ConnId> = model.owns.keys().copied().collect();
    for conn in conns {
        if contact.place_of_conn(conn) == Some(place) {
            model.owns.remove(&conn);
        }
    }
    model.undo = crate::ui::model::Undo::default();
    model.solo = None;
    for change in &mut model.changes {
        change.awaited.retain(|id| !is_its(*id));
    }
}

/// Whether these proxies may be changed, or a proxy may be added where none is named; says why not.
pub(super) fn may_change(model: &mut Model, proxies: &[ProxyId]) -> bool {
    let why = why_not(&model.contact, proxies);
    let may = why.is_none();
    if let Some(why) = why {
        model.say(Tone::Trouble, why);
    }
    may
}

/// Whether these proxies may have these plans; says why not.
pub(super) fn may_set(model: &mut Model, plans: &[(ProxyId, Plan)]) -> bool {
    let proxies: Vec<ProxyId> = plans.iter().map(|(id, _)| *id).collect();
    if !may_change(model, &proxies) {
        return false;
    }
    let mut plans = plans.iter();
    let refused = plans.find_map(|(id, plan)| model.contact.peer_of(*id)?.program.refuses(plan));
    let may = refused.is_none();
    if let Some(why) = refused {
        model.say(Tone::Trouble, format!("{why}: nothing was changed"));
    }
    may
}

/// Whether the proxies of these connections may be changed.
pub(super) fn may_end(model: &mut Model, conns: &[ConnId]) -> bool {
    let mut peers = conns.iter().filter_map(|conn| {
        let place = model.contact.place_of_conn(*conn)?;
        model.contact.peer_at(place)
    });
    let why = peers.find_map(why_not_of);
    let may = why.is_none();
    if let Some(why) = why {
        model.say(Tone::Trouble, why);
    }
    may
}

fn why_not(contact: &Contact, proxies: &[ProxyId]) -> Option<String> {
    if proxies.is_empty() {
        // A new proxy goes to one that takes it.
        let refuse: Option<Vec<String>> = contact.peers.iter().map(why_not_of).collect();
        return refuse?.into_iter().next();
    }
    let mut peers = proxies.iter().filter_map(|id| contact.peer_of(*id));
    peers.find_map(why_not_of)
}

fn why_not_of(peer: &Peer) -> Option<String> {
    let name = &peer.name;
    match peer.reach {
        Reach::Lost {
            why: Why::Ended, ..
        } => Some(format!("{name} has ended: nothing was changed")),
        Reach::Lost { .. } => Some(format!("{name} is out of contact: nothing was changed")),
        Reach::Here => {
            let why = "read-only: nothing was changed".to_owned();
            peer.read_only.then_some(why)
        }
    }
}

fn lost(peer: &Peer) -> String {
    let Peer { name, reach, .. } = peer;
    match reach {
        Reach::Lost {
            why: Why::Ended, ..
        } => format!("{name} has ended: this is its last picture"),
        Reach::Lost { why, .. } => format!("no contact with {name}: {why}"),
        Reach::Here => format!("{name} is in contact"),
    }
}
