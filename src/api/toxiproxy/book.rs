//! What toxiproxy's clients have said of proxies beside what the engine knows, and both together as they are told.
//!
//! A proxy and a toxic are told back as they were given: names that no proxy of the desk can have, addresses before they were
//! resolved, numbers that a fault cannot take. What somebody else has changed since counts more: a proxy that was renamed, a
//! toxic that was taken off or turned.

use std::collections::HashMap;
use std::net::SocketAddr;

use parking_lot::Mutex;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::listen::{Listen, Place};
use crate::api::Control;
use crate::fault::{Direction, Plan};
use crate::mapping::Mapping;
use crate::snapshot::{PortState, ProxyId};
use crate::toxic::Toxic;

/// Of so many proxies there is something said, those that are gone among them.
const MOST_SAID: usize = 1_024;

/// What was said of each proxy that its clients made or changed.
#[derive(Default)]
pub(in crate::api) struct Book {
    entries: Mutex<HashMap<ProxyId, Entry>>,
    /// Whoever changes anything has it meanwhile.
    pub(super) alone: tokio::sync::Mutex<()>,
}

/// What was said of one proxy.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name as it was given, and the one that the desk called it by instead.
    pub(super) name: String,
    pub(super) own: String,
    pub(super) place: Place,
    pub(super) upstream: String,
    /// What the proxy came to by that; another one where somebody else has moved it since.
    pub(super) mapping: Mapping,
    /// Whether it has been enabled since it was made.
    pub(super) opened: bool,
    /// In the order in which they were added.
    pub(super) toxics: Vec<Toxic>,
}

/// A proxy as it is told.
#[derive(Serialize)]
pub(super) struct Shown {
    pub(super) name: String,
    listen: String,
    upstream: String,
    enabled: bool,
    toxics: Vec<ShownToxic>,
}

/// A toxic as it is told.
#[derive(Serialize)]
pub(super) struct ShownToxic {
    attributes: Attributes,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    stream: String,
    #[serde(serialize_with = "shortest")]
    toxicity: f32,
}

/// Names and whole numbers, in their order.
struct Attributes(Vec<(&'static str, i64)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A whole number without a point, as Go prints it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn shortest<S: Serializer>(number: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    const WHOLE: f32 = 1e15;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole, and small enough"
    )]
    if number.fract() == 0.0 && number.abs() < WHOLE {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f32(*number)
    }
}

// === impl ShownToxic ===

impl ShownToxic {
    pub(super) fn of(toxic: &Toxic) -> Self {
        let names = toxic.kind.attributes.iter().map(|attribute| attribute.name);
        Self {
            attributes: Attributes(names.zip(toxic.values.iter().copied()).collect()),
            name: toxic.name.clone(),
            kind: toxic.kind.name,
            stream: toxic.stream.clone(),
            toxicity: toxic.toxicity,
        }
    }
}

// === impl Control ===

impl Control {
    /// The proxies by the names that clients know them by.
    pub(super) fn proxies(&self) -> Vec<(ProxyId, String)> {
        let proxies = self.engine.proxies();
        let mut entries = self.parts.toxiproxy.entries.lock();
        take_over(&mut entries, &proxies);
        let named = proxies.into_iter().map(|(id, own)| {
            let entry = entries.get(&id).filter(|entry| entry.own == own);
            (id, entry.map_or(own, |entry| entry.name.clone()))
        });
        named.collect()
    }

    /// What the desk calls a proxy.
    pub(super) fn own_name(&self, id: ProxyId) -> Option<String> {
        let mut proxies = self.engine.proxies().into_iter();
        let own = proxies.find(|(other, _)| *other == id);
        own.map(|(_, own)| own)
    }

    /// What was said of a proxy, or what would have been where the desk made or moved it by itself.
    pub(super) fn entry(&self, id: ProxyId) -> Option<Entry> {
        let mapping = self.engine.mapping(id)?;
        let said = self.parts.toxiproxy.entries.lock().get(&id).cloned();
        let said = match said {
            Some(entry) if entry.mapping.serves_like(&mapping) => return Some(entry),
            said => said,
        };
        let own = self.own_name(id)?;
        let (name, own, toxics) = match said {
            Some(entry) => (entry.name, entry.own, entry.toxics),
            None => (own.clone(), own, Vec::new()),
        };
        let meant = Listen {
            ip: mapping.bind.first().copied(),
            port: self.bound(id).map_or(mapping.listen, |at| at.port()),
        };
        let written = meant.to_string();
        Some(Entry {
            name,
            own,
            place: Place { written, meant },
            upstream: mapping.right(),
            mapping,
            opened: true,
            toxics,
        })
    }

    /// Forgets what was said of a proxy that its clients have removed.
    pub(super) fn forget(&self, id: ProxyId) {
        self.parts.toxiproxy.entries.lock().remove(&id);
    }

    /// Keeps what was said of a proxy.
    pub(super) fn keep(&self, id: ProxyId, entry: Entry) {
        self.parts.toxiproxy.entries.lock().insert(id, entry);
    }

    pub(super) fn is_enabled(&self, id: ProxyId) -> bool {
        let port = self.engine.port(id);
        port.is_some_and(|(state, _)| state != PortState::Closed)
    }

    /// Where a proxy listens, or would.
    pub(super) fn bound(&self, id: ProxyId) -> Option<SocketAddr> {
        self.engine.port(id)?.1.first().copied()
    }

    /// The toxics of a proxy as they are now: those up in the order in which they were added, then those down.
    pub(super) fn toxics(&self, id: ProxyId) -> Vec<Toxic> {
        let entry = self.entry(id);
        let plan = self.engine.plan(id).unwrap_or_default();
        let toxics = entry.map_or_else(Vec::new, |entry| entry.toxics);
        let mut toxics: Vec<Toxic> = toxics
            .iter()
            .filter_map(|toxic| as_now(toxic, &plan))
            .collect();
        toxics.sort_by_key(|toxic| toxic.direction == Direction::Down);
        toxics
    }

    pub(super) fn shown(&self, id: ProxyId) -> Option<Shown> {
        let (_, name) = self.proxies().into_iter().find(|(other, _)| *other == id)?;
        let entry = self.entry(id)?;
        let bound = self.bound(id).filter(|_| entry.opened);
        let place = entry.place;
        let listen = bound.map(|bound| place.meant.shown(bound).to_string());
        Some(Shown {
            name,
            listen: listen.unwrap_or(place.written),
            upstream: entry.upstream,
            enabled: self.is_enabled(id),
            toxics: self.toxics(id).iter().map(ShownToxic::of).collect(),
        })
    }
}

/// Has a proxy that came in the place of another one, or back after it was removed, by a person's hand, have what was said of the
/// one of its name. Of those that are gone so much is kept, and no more.
fn take_over(entries: &mut HashMap<ProxyId, Entry>, proxies: &[(ProxyId, String)]) {
    let is_there = |id: &ProxyId| proxies.iter().any(|(other, _)| other == id);
    for (id, own) in proxies {
        if entries.contains_key(id) {
            continue;
        }
        let mut before = entries.iter().filter(|(id, _)| !is_there(id));
        let before = before.find(|(_, entry)| entry.own == *own);
        if let Some(entry) = before.map(|(id, _)| *id).and_then(|id| entries.remove(&id)) {
            entries.insert(*id, entry);
        }
    }
    if entries.len() > MOST_SAID {
        entries.retain(|id, _| is_there(id));
    }
}

/// A toxic with what was done to it since; `None` where it was taken off.
fn as_now(toxic: &Toxic, plan: &Plan) -> Option<Toxic> {
    let Some(own) = toxic.setting() else {
        return Some(toxic.clone());
    };
    let mut named = plan.named();
    let (_, setting) = named.find(|(name, setting)| {
        name.as_str() == toxic.name && setting.directions == own.directions
    })?;
    Some(toxic.turned(setting))
}
