//! A proxy as it is told: an object, of which later frames tell only the members that have changed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::figures::{
    AfterChange, Before, Lost, Quantiles, Sender, Tls, both, losses, lost, pair, quantiles,
    spread_of, thousandth, whole,
};
use super::finding::Finding;
use super::seconds::Seconds;
use super::words::kept;
use crate::fault::language;
use crate::fault::name::outside_quotes;
use crate::fault::{Plan, Sending};
use crate::mapping::{self, Host, Mapping};
use crate::snapshot::{
    PortState, ProxyId, ProxyRow, Scheduled, Stalls, Traced, Unanswered, Wait, Waits,
};

/// A proxy, but for its last minute. Pairs are up and down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Proxy {
    pub(super) id: u32,
    name: String,
    mapping: String,
    listening: Vec<SocketAddr>,
    port: String,
    port_why: Option<String>,
    insecure: bool,
    tls: Option<Tls>,
    faults: String,
    bypassed: bool,
    generation: u64,
    open: u32,
    taken: u32,
    /// Since when the slowest connection has not run the plan.
    waiting: Option<Seconds>,
    total: u64,
    failed: u64,
    bytes: (u64, u64),
    rates: (u64, u64),
    held: (u64, u64),
    full: u64,
    sender: Option<Sender>,
    losses: Lost,
    writes: (f64, f64),
    waits: [Option<(Seconds, Seconds)>; 3],
    added: (Option<Quantiles>, Option<Quantiles>),
    feels: Option<Quantiles>,
    unanswered: Waiting,
    met: Option<AfterChange>,
    clean: Option<Before>,
    findings: Vec<Finding>,
    /// How many stalls the desk had in the last minute, and how long the longest was.
    stalls: (u32, Seconds),
    /// The faults as they act now, where time moves them.
    present: Option<String>,
    traced: Vec<(String, Seconds, Seconds)>,
    scheduled: Vec<(String, Seconds, Option<Seconds>)>,
    ended: Vec<(String, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Waiting {
    count: u32,
    /// Since when the oldest has waited.
    since: Option<Seconds>,
    overdue: u32,
}

/// What a row leaves open until it is known when it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Since {
    waiting: Option<Seconds>,
    oldest: Option<Seconds>,
}

// === impl Proxy ===

impl Proxy {
    #[expect(clippy::too_many_lines, reason = "a line for each member")]
    pub(super) fn of(row: &ProxyRow, at: Duration) -> Self {
        let why = match &row.port {
            PortState::Waiting(why) => Some(why.clone()),
            PortState::Open | PortState::Closed | PortState::Refusing => None,
        };
        let wait = |wait: Option<Wait>| wait.map(|it| (Seconds(it.at), Seconds(it.took)));
        let Unanswered {
            count,
            oldest,
            overdue,
        } = row.unanswered;
        let scheduled = row.scheduled.iter().map(|it| {
            let (begins, ends) = (Seconds(it.begins), it.ends.map(Seconds));
            (it.setting.to_string(), begins, ends)
        });
        let traced = row.traced.iter();
        let traced = traced.map(|it| (it.kind.to_owned(), Seconds(it.place), Seconds(it.length)));
        let ended = row.ended.iter();
        Self {
            id: row.id.0,
            name: row.name.clone(),
            mapping: row.mapping.to_string(),
            listening: row.listening.clone(),
            port: row.port.word().to_owned(),
            port_why: why,
            insecure: row.insecure,
            tls: row.tls.as_deref().map(Tls::of),
            faults: row.plan.to_string(),
            bypassed: row.plan.bypassed,
            generation: row.generation,
            open: row.open,
            taken: row.up_to_date,
            waiting: row.waiting.map(|passed| Seconds::before(at, passed)),
            total: row.total,
            failed: row.failed,
            bytes: pair(row.bytes),
            rates: pair(row.rates.map(whole)),
            held: pair(row.held),
            full: row.full,
            sender: row.sending.map(Sender::from),
            losses: lost(row.losses),
            writes: pair(row.writes.map(thousandth)),
            waits: [row.waits.accept, row.waits.dial, row.waits.close].map(wait),
            added: pair(row.added.map(|spread| spread.map(quantiles))),
            feels: row.feels.map(quantiles),
            unanswered: Waiting {
                count,
                since: (count > 0).then(|| Seconds::before(at, oldest)),
                overdue,
            },
            met: row.met.as_deref().map(AfterChange::of),
            clean: row.clean.as_deref().map(Before::of),
            findings: row.findings.iter().map(Finding::from).collect(),
            stalls: (row.stalls.count, Seconds(row.stalls.longest)),
            present: row.present.as_ref().map(ToString::to_string),
            traced: traced.collect(),
            scheduled: scheduled.collect(),
            ended: ended.map(|(kind, n)| ((*kind).to_owned(), *n)).collect(),
        }
    }

    /// Reads the members of a proxy. Where one has another form than it should, it is known by its number and name alone.
    pub(super) fn read(members: &Map<String, Value>) -> Self {
        let read = serde_json::from_value(Value::Object(members.clone()));
        read.unwrap_or_else(|_| {
            let number = members.get("id").and_then(Value::as_u64);
            let name = members.get("name").and_then(Value::as_str);
            Self {
                id: number
                    .and_then(|id| u32::try_from(id).ok())
                    .unwrap_or_default(),
                name: name.unwrap_or_default().to_owned(),
                ..Self::default()
            }
        })
    }

    /// The row that it is told of, what of it depends on the moment, and what this program cannot read of its texts.
    #[expect(clippy::too_many_lines, reason = "a line for each member")]
    pub(super) fn row(self) -> (ProxyRow, Since, Vec<String>) {
        let mut unread = Vec::new();
        let plan = |text: &str, unread: &mut Vec<String>| {
            let (mut plan, unknown) = read_faults(text);
            plan.bypassed = self.bypassed;
            unread.extend(unknown);
            Arc::new(plan)
        };
        let mapping = mapping::parse(&self.mapping).unwrap_or_else(|_| {
            unread.push(self.mapping.clone());
            stand_in(&self.mapping)
        });
        let since = Since {
            waiting: self.waiting,
            oldest: self.unanswered.since,
        };
        let wait = |wait: Option<(Seconds, Seconds)>| {
            wait.map(|(at, took)| Wait {
                at: at.0,
                took: took.0,
            })
        };
        let [accept, dial, close] = self.waits.map(wait);
        let scheduled = self
            .scheduled
            .into_iter()
            .filter_map(|(text, begins, ends)| {
                Some(Scheduled {
                    setting: read_faults(&text).0.settings().first()?.clone(),
                    begins: begins.0,
                    ends: ends.map(|ends| ends.0),
                })
            });
        let traced = self.traced.into_iter().map(|(kind, place, length)| Traced {
            kind: kept(&kind),
            place: place.0,
            length: length.0,
        });
        let why = || self.port_why.unwrap_or_default();
        let row = ProxyRow {
            name: self.name,
            listening: self.listening,
            port: match self.port.as_str() {
                "closed" => PortState::Closed,
                "refusing" => PortState::Refusing,
                "waiting" => PortState::Waiting(why()),
                _ => PortState::Open,
            },
            insecure: self.insecure,
            tls: self.tls.map(|tls| Arc::new(tls.into())),
            plan: plan(&self.faults, &mut unread),
            // What it cannot read of these it cannot read of the plan either.
            present: self.present.map(|text| plan(&text, &mut Vec::new())),
            generation: self.generation,
            open: self.open,
            up_to_date: self.taken,
            total: self.total,
            failed: self.failed,
            bytes: both(self.bytes),
            rates: both(self.rates).map(|rate| rate as f64),
            held: both(self.held),
            full: self.full,
            sending: self.sender.map(Sending::from),
            losses: losses(self.losses),
            writes: both(self.writes),
            waits: Waits {
                accept,
                dial,
                close,
            },
            added: both(self.added).map(|spread| spread.map(spread_of)),
            feels: self.feels.map(spread_of),
            unanswered: Unanswered {
                count: self.unanswered.count,
                oldest: Duration::ZERO,
                overdue: self.unanswered.overdue,
            },
            met: self.met.map(|met| Arc::new(met.into())),
            clean: self.clean.map(|clean| Arc::new(clean.into())),
            findings: self.findings.into_iter().map(Into::into).collect(),
            stalls: Stalls {
                count: self.stalls.0,
                longest: self.stalls.1.0,
            },
            traced: traced.collect(),
            scheduled: scheduled.collect(),
            ended: (self.ended.into_iter())
                .map(|(kind, n)| (kept(&kind), n))
                .collect(),
            ..ProxyRow::quiet(ProxyId(self.id), mapping)
        };
        (row, since, unread)
    }
}

impl Since {
    /// Completes a row for a moment.
    pub(super) fn at(self, at: Duration, row: &mut ProxyRow) {
        row.waiting = self.waiting.map(|since| since.until(at));
        row.unanswered.oldest = self.oldest.map_or(Duration::ZERO, |since| since.until(at));
    }
}

/// Reads faults one by one, and returns those that cannot be read as they are written.
pub(super) fn read_faults(text: &str) -> (Plan, Vec<String>) {
    if let Ok(settings) = language::parse(text) {
        return (Plan::of(settings), Vec::new());
    }
    let commas = outside_quotes(text).filter(|(_, c)| *c == ',');
    let ends = commas.map(|(at, _)| at).chain([text.len()]);
    let (mut settings, mut unknown, mut from) = (Vec::new(), Vec::new(), 0);
    for end in ends {
        let fault = text[from..end].trim();
        from = end + 1;
        match language::parse(fault) {
            Ok(read) => settings.extend(read),
            Err(_) if fault.is_empty() => {}
            Err(_) => unknown.push(fault.to_owned()),
        }
    }
    (Plan::of(settings), unknown)
}

/// A mapping to show where the real one cannot be read.
fn stand_in(text: &str) -> Mapping {
    let (listen, host) = text.split_once('=').unwrap_or(("", text));
    let host = Host::Name(host.to_owned());
    Mapping::new(listen.parse().unwrap_or(0), None, host, 0)
}
