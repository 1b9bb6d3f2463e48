//! What a toxiproxy server tells of its proxies: as rows of a snapshot, and what became of them as events.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Direction, Plan};
use crate::mapping::{self, Host, Mapping, Name};
use crate::snapshot::{Author, Event, Happening, PortState, ProxyId, ProxyRow, Shut};
use crate::toxic::{self, Toxic, ToxicType};

/// A proxy as it is told.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Proxy {
    pub(super) listen: String,
    pub(super) upstream: String,
    pub(super) enabled: bool,
    pub(super) toxics: Vec<Told>,
}

/// A toxic as it is told, and as it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) stream: String,
    pub(super) toxicity: f32,
    pub(super) attributes: Map<String, Value>,
}

/// What has been seen of a server.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By its name, each with its number. None before it has told for the first time.
    proxies: Option<BTreeMap<String, (ProxyRow, Proxy)>>,
    last: u32,
    /// The proxies without toxics that are bypassed: that cannot stand in their toxics.
    pub(super) bypassed: BTreeSet<String>,
}

// === impl Told ===

impl Told {
    /// The toxic; `None` where its type is none of ours.
    pub(super) fn toxic(&self) -> Option<Toxic> {
        let kind = ToxicType::named(&self.kind)?;
        let value = |name| {
            let value = self.attributes.get(name)?;
            value.as_i64()
        };
        let values = kind.attributes.iter();
        let values = values.map(|attribute| value(attribute.name).unwrap_or(0));
        Some(Toxic {
            name: self.name.clone(),
            kind,
            direction: match self.stream.to_lowercase().as_str() {
                "upstream" => Direction::Up,
                _ => Direction::Down,
            },
            stream: self.stream.clone(),
            toxicity: self.toxicity,
            values: values.collect(),
        })
    }

    /// As it is asked for.
    pub(super) fn of(toxic: &Toxic) -> Self {
        let attributes = toxic.kind.attributes.iter().zip(&toxic.values);
        let attributes = attributes.map(|(it, value)| (it.name.to_owned(), (*value).into()));
        Self {
            name: toxic.name.clone(),
            kind: toxic.kind.name.to_owned(),
            stream: toxic.stream.clone(),
            toxicity: toxic.toxicity,
            attributes: attributes.collect(),
        }
    }

    /// A toxic that is no fault of ours, in words: its name, and its type where that says more.
    fn in_words(&self) -> String {
        if self.name.starts_with(&self.kind) {
            self.name.clone()
        } else {
            format!("{} ({})", self.name, self.kind)
        }
    }
}

// === impl Proxy ===

impl Proxy {
    /// Its toxics that are faults of ours.
    pub(super) fn toxics(&self) -> Vec<Toxic> {
        let toxics = self.toxics.iter().filter_map(Told::toxic);
        toxics.filter(|toxic| toxic.setting().is_some()).collect()
    }

    /// Its toxics that are none.
    fn others(&self) -> Arc<[String]> {
        let is_other = |told: &&Told| told.toxic().and_then(|toxic| toxic.setting()).is_none();
        let others = self.toxics.iter().filter(is_other);
        others.map(Told::in_words).collect()
    }

    /// Where it listens, where that is an address, and the port that its text ends with.
    fn listens(&self) -> (Option<SocketAddr>, u16) {
        let addr: Option<SocketAddr> = self.listen.parse().ok();
        let port = addr.map(|addr| addr.port()).or_else(|| {
            let (_, port) = self.listen.rsplit_once(':')?;
            port.parse().ok()
        });
        (addr, port.unwrap_or(0))
    }

    fn mapping(&self, name: &str) -> Mapping {
        let (addr, listen) = self.listens();
        let nonsense = || Mapping::new(0, None, Host::Name(self.upstream.clone()), 0);
        let upstream = mapping::parse_upstream(&self.upstream);
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let bind = addr.map(|addr| addr.ip()).filter(|ip| *ip != local);
        Mapping {
            listen,
            bind: bind.into_iter().collect(),
            name: Name::parse(name).ok(),
            ..upstream.unwrap_or_else(|_| nonsense())
        }
    }

    fn row(&self, id: ProxyId, name: &str, plan: Plan) -> ProxyRow {
        ProxyRow {
            name: name.to_owned(),
            listening: self.listens().0.into_iter().collect(),
            port: if self.enabled {
                PortState::Open
            } else {
                PortState::Closed
            },
            plan: Arc::new(plan),
            foreign: Some(self.others()),
            ..ProxyRow::quiet(id, self.mapping(name))
        }
    }
}

// === impl Seen ===

impl Seen {
    /// The rows, the proxies that were seen first before the others.
    pub(super) fn rows(&self) -> Vec<ProxyRow> {
        let all = self.proxies.iter().flat_map(BTreeMap::values);
        let mut rows: Vec<ProxyRow> = all.map(|(row, _)| row.clone()).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// A proxy, and its row.
    pub(super) fn proxy(&self, name: &str) -> Option<&(ProxyRow, Proxy)> {
        self.proxies.as_ref()?.get(name)
    }

    /// The proxy of this name is another one than before: it gets a number of its own.
    pub(super) fn renumber(&mut self, name: &str) {
        self.last += 1;
        let mut proxies = self.proxies.iter_mut();
        if let Some((row, _)) = proxies.find_map(|all| all.get_mut(name)) {
            row.id = ProxyId(self.last);
        }
    }

    /// The plan of a proxy, as its toxics have it.
    pub(super) fn plan(&self, name: &str, proxy: &Proxy) -> Plan {
        let mut plan = toxic::plan_of(&proxy.toxics());
        plan.bypassed |= plan.is_empty() && self.bypassed.contains(name);
        plan
    }

    /// Takes what it tells now; returns what became of its proxies since, which this author has done.
    pub(super) fn take(
        &mut self,
        told: BTreeMap<String, Proxy>,
        at: Duration,
        by: &Author,
    ) -> Vec<Event> {
        let before = self.proxies.take();
        let mut events = Vec::new();
        let mut tell = |proxy: &str, what| {
            let (proxy, by) = (proxy.to_owned(), Some(by.clone()));
            let event = Event {
                at,
                proxy,
                what,
                by,
            };
            // What was there from the first look on is no news.
            events.extend(before.is_some().then_some(event));
        };
        for name in before.iter().flat_map(BTreeMap::keys) {
            if !told.contains_key(name) {
                tell(name, Happening::Removed);
            }
        }
        let mut now = BTreeMap::new();
        for (name, proxy) in told {
            let plan = self.plan(&name, &proxy);
            let old = before.as_ref().and_then(|all| all.get(&name));
            let id = old.map_or_else(
                || {
                    self.last += 1;
                    ProxyId(self.last)
                },
                |(row, _)| row.id,
            );
            let mut row = proxy.row(id, &name, plan);
            if let Some((old, _)) = old {
                row.generation = old.generation + u64::from(old.plan != row.plan);
            }
            for what in became(old.map(|(row, _)| row), &row) {
                tell(&name, what);
            }
            now.insert(name, (row, proxy));
        }
        self.bypassed.retain(|name| now.contains_key(name));
        self.proxies = Some(now);
        events
    }
}

/// What became of a proxy between two looks at it.
fn became(old: Option<&ProxyRow>, row: &ProxyRow) -> Vec<Happening> {
    let mut events = Vec::new();
    let is_open = row.port == PortState::Open;
    let was_open = old.map(|old| old.port == PortState::Open);
    if let Some(old) = old.filter(|old| !old.mapping.serves_like(&row.mapping)) {
        events.push(Happening::Repointed {
            before: old.mapping.to_string(),
            mapping: row.mapping.to_string(),
        });
    }
    if is_open && was_open != Some(true) {
        events.push(Happening::Listening {
            mapping: row.mapping.to_string(),
            addrs: row.listening.clone(),
        });
    }
    if !is_open && was_open != Some(false) {
        events.push(Happening::PortClosed(Shut::Off));
    }
    let before = old.map_or_else(Arc::default, |old| Arc::clone(&old.plan));
    if before != row.plan {
        events.push(Happening::Faults {
            before: Some(before),
            plan: Arc::clone(&row.plan),
        });
    }
    events
}
