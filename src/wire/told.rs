//! Events of frames as they were before they were told.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::finding;
use super::proxy::read_faults;
use super::seconds::Seconds;
use super::words::kept;
use crate::fault::{PerDirection, Plan};
use crate::snapshot::{
    Author, CloseReason, ConnId, Event, Found, Happening, LegName, Negotiated, Shut, TRUNCATED,
};
use crate::sweep::Curve;

/// The members of an event.
struct Members<'a>(&'a Map<String, Value>);

/// The event of a frame. One that a later version tells is a note of its name and members.
pub(super) fn read(members: &Map<String, Value>) -> Event {
    let told = Members(members);
    let what = told.what();
    Event {
        at: told.time("t"),
        proxy: told.text("proxy"),
        what: what.unwrap_or_else(|| Happening::Note(told.unknown())),
        by: Author::named(&told.text("by")),
    }
}

/// Why a connection ended, of its word, its fault and its error.
pub(super) fn reason(word: &str, fault: Option<&str>, error: Option<&str>) -> CloseReason {
    let error = || error.unwrap_or("failed").to_owned();
    match word {
        "client_done" => CloseReason::ClientDone,
        "upstream_done" => CloseReason::UpstreamDone,
        "fault" => CloseReason::Fault(kept(fault.unwrap_or("fault"))),
        "dial" => CloseReason::Dial(error()),
        "tls" => CloseReason::Tls(error()),
        "io" => {
            let error = error();
            let legs = [LegName::Client, LegName::Upstream];
            let of_leg = legs.into_iter().find_map(|leg| {
                let rest = error.strip_prefix(&leg.to_string())?.strip_prefix(": ")?;
                Some((leg, rest.to_owned()))
            });
            let (leg, error) = of_leg.unwrap_or((LegName::Upstream, error));
            CloseReason::Io { leg, error }
        }
        "killed" => CloseReason::Killed,
        "stopped" => CloseReason::Stopped,
        "internal" => CloseReason::Internal,
        // A later version's.
        other => CloseReason::Fault(kept(other)),
    }
}

// === impl Members ===

impl Members<'_> {
    fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_value(self.0.get(name)?.clone()).ok()
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default()
    }

    fn time(&self, name: &str) -> std::time::Duration {
        self.get::<Seconds>(name).unwrap_or_default().0
    }

    fn plan(&self, faults: &str, bypassed: &str) -> Arc<Plan> {
        let (mut plan, _) = read_faults(&self.text(faults));
        plan.bypassed = self.get(bypassed).unwrap_or_default();
        Arc::new(plan)
    }

    fn unknown(&self) -> String {
        let shown = self
            .0
            .iter()
            .filter(|(name, _)| *name != "frame" && *name != "t");
        let shown: Map<String, Value> = shown
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Value::Object(shown).to_string()
    }

    #[expect(clippy::too_many_lines, reason = "a row for each event")]
    fn what(&self) -> Option<Happening> {
        let conn = || self.get("connection").map(ConnId);
        Some(match self.text("event").as_str() {
            "listening" => Happening::Listening {
                mapping: self.text("mapping"),
                addrs: self.get("addresses").unwrap_or_default(),
            },
            "removed" => Happening::Removed,
            "renamed" => Happening::Renamed {
                before: self.text("before"),
            },
            "repointed" => Happening::Repointed {
                before: self.text("before"),
                mapping: self.text("mapping"),
            },
            "port_closed" => Happening::PortClosed(Shut::Closed),
            "opened" => Happening::Opened {
                conn: conn()?,
                client: self.get::<SocketAddr>("client")?,
                upstream: self.text("upstream"),
            },
            "reached" => Happening::Reached {
                conn: conn()?,
                addr: self.get::<SocketAddr>("address")?,
                tried: self.text("tried"),
            },
            "secured" => Happening::Secured {
                conn: conn()?,
                tls: Arc::new(Negotiated {
                    version: kept(&self.text("version")),
                    alpn: self.get("alpn"),
                    offered: self.get("offered").unwrap_or_default(),
                    resumed: self.get("resumed").unwrap_or_default(),
                    round_trips: self.get("round_trips").unwrap_or_default(),
                    took: self.time("duration"),
                }),
            },
            "closed" => Happening::Closed {
                conn: conn()?,
                bytes: self.get::<PerDirection<u64>>("bytes").unwrap_or_default(),
                lasted: self.time("duration"),
                reason: reason(
                    &self.text("reason"),
                    self.get::<String>("fault").as_deref(),
                    self.get::<String>("error").as_deref(),
                ),
                truncated: self.text("note") == TRUNCATED,
            },
            "faults" => Happening::Faults {
                before: (self.0.contains_key("before"))
                    .then(|| self.plan("before", "before_bypassed")),
                plan: self.plan("faults", "bypassed"),
            },
            "sweep" => Happening::Swept {
                curve: Arc::new(self.get::<Curve>("curve")?),
                before: self.plan("before", "before_bypassed"),
            },
            "finding" => Happening::Found {
                what: match self.text("state").as_str() {
                    "new" => Found::New,
                    "withdrawn" => Found::Withdrawn,
                    _ => Found::Changed,
                },
                finding: self.finding(),
            },
            "note" => Happening::Note(self.text("note")),
            "error" => Happening::Error(self.text("error")),
            _ => return None,
        })
    }

    /// The finding; its figures stand apart, in their order and with their units.
    fn finding(&self) -> crate::snapshot::Finding {
        let mut members = self.0.clone();
        let figures = members.remove("figures");
        members.insert(
            "values".to_owned(),
            figures.unwrap_or_else(|| Value::Array(Vec::new())),
        );
        let told: Option<finding::Finding> = serde_json::from_value(Value::Object(members)).ok();
        told.unwrap_or_default().into()
    }
}
