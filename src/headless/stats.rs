//! What a proxy measured in the last second, in the form in which it is printed.
//!
//! Figures are compared as they are printed, so that a proxy on which nothing changed says nothing.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use crate::fault::PerDirection;
use crate::snapshot::{PortState, ProxyId, ProxyRow, Snapshot, Spread};

/// The figures of a proxy's row as they are printed.
#[derive(Serialize)]
pub(super) struct Stats<'a> {
    proxy: &'a str,
    /// Open connections.
    connections: u32,
    /// Connections since the start.
    total: u64,
    /// Of these, those that ended in an error.
    failed: u64,
    /// Bytes delivered since the start.
    bytes: PerDirection<u64>,
    /// Whole bytes per second, over the last second.
    rates: PerDirection<u64>,
    /// Bytes that wait.
    held: PerDirection<u64>,
    /// How often a direction of a connection came to hold all that may wait, since the start.
    full: u64,
    /// How long bytes were held, over the last second; `None` where none passed.
    added: PerDirection<Option<Quantiles>>,
    /// From a client's first byte after silence to the first byte back.
    feels: Option<Quantiles>,
    /// Whether clients are accepted: `open`, `closed`, `refusing` or `waiting`.
    port: &'static str,
    /// Why clients wait, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<&'a str>,
    /// The faults as they act at this moment, where time moves them.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
}

/// Two figures of a distribution, in milliseconds.
#[derive(Serialize)]
struct Quantiles {
    p50_ms: f64,
    p99_ms: f64,
}

/// What was printed last, proxy by proxy, as JSON.
#[derive(Default)]
pub(super) struct Printed(HashMap<ProxyId, String>);

// === impl Printed ===

impl Printed {
    /// The rows of every proxy whose figures differ from those printed last, which they become. A proxy that has never had
    /// a client has nothing to say.
    pub(super) fn changed<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a ProxyRow> {
        let rows = &snapshot.proxies;
        self.0.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let news = rows.iter().filter(|row| {
            let stats = serde_json::to_string(&Stats::of(row));
            let stats = stats.expect("no map here has keys that are not text");
            let same = match self.0.get(&row.id) {
                Some(last) => *last == stats,
                None => row.total == 0 && row.port == PortState::Open,
            };
            if !same {
                self.0.insert(row.id, stats);
            }
            !same
        });
        news.collect()
    }
}

// === impl Stats ===

impl<'a> Stats<'a> {
    pub(super) fn of(row: &'a ProxyRow) -> Self {
        Self {
            proxy: &row.name,
            connections: row.open,
            total: row.total,
            failed: row.failed,
            bytes: row.bytes,
            rates: row.rates.map(whole),
            held: row.held,
            full: row.full,
            added: row.added.map(|spread| spread.map(Quantiles::of)),
            feels: row.feels.map(Quantiles::of),
            port: port_word(&row.port),
            waiting: match &row.port {
                PortState::Waiting(why) => Some(why),
                PortState::Open | PortState::Closed | PortState::Refusing => None,
            },
            now: row.present.as_ref().map(ToString::to_string),
        }
    }
}

/// A port's state as a word.
pub(super) fn port_word(port: &PortState) -> &'static str {
    match port {
        PortState::Open => "open",
        PortState::Closed => "closed",
        PortState::Refusing => "refusing",
        PortState::Waiting(_) => "waiting",
    }
}

/// A rate in whole bytes per second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is out of range becomes the nearest whole number, and a rate is not negative"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

// === impl Quantiles ===

impl Quantiles {
    fn of(spread: Spread) -> Self {
        // To the microsecond.
        let millis = |time: Duration| time.as_micros() as f64 / 1e3;
        Self {
            p50_ms: millis(spread.p50),
            p99_ms: millis(spread.p99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Report, plain};
    use super::*;
    use crate::mapping;

    fn row(id: u32) -> ProxyRow {
        let mapping = mapping::parse("80=db:81").expect("valid");
        ProxyRow {
            name: format!("proxy-{id}"),
            ..ProxyRow::quiet(ProxyId(id), mapping)
        }
    }

    fn names(printed: &mut Printed, proxies: Vec<ProxyRow>) -> Vec<String> {
        let snapshot = Snapshot {
            proxies,
            ..Snapshot::default()
        };
        let changed = printed.changed(&snapshot).into_iter();
        changed.map(|row| row.name.clone()).collect()
    }

    #[test]
    fn only_what_changed_is_printed() {
        let mut printed = Printed::default();
        let busy = |bytes| ProxyRow {
            total: 1,
            bytes: PerDirection::of(bytes, 0),
            ..row(2)
        };
        assert_eq!(names(&mut printed, vec![row(1), busy(5)]), ["proxy-2"]);
        assert!(names(&mut printed, vec![row(1), busy(5)]).is_empty());
        assert_eq!(names(&mut printed, vec![row(1), busy(6)]), ["proxy-2"]);
    }

    #[test]
    fn a_change_that_is_not_shown_is_none() {
        let mut printed = Printed::default();
        let at_rate = |rate| ProxyRow {
            total: 1,
            rates: PerDirection::of(rate, 0.0),
            ..row(1)
        };
        assert_eq!(names(&mut printed, vec![at_rate(100.2)]), ["proxy-1"]);
        assert!(names(&mut printed, vec![at_rate(99.8)]).is_empty());
    }

    #[test]
    fn a_port_that_closes_is_printed_without_any_client() {
        let mut printed = Printed::default();
        let port = PortState::Waiting("too many connections".to_owned());
        let waiting = ProxyRow { port, ..row(1) };
        assert_eq!(names(&mut printed, vec![waiting]), ["proxy-1"]);
    }

    #[test]
    fn how_often_queues_were_full_is_said_in_json_and_in_words() {
        let full = ProxyRow { full: 2, ..row(1) };
        let json = serde_json::to_value(Stats::of(&full)).expect("it is plain data");
        assert_eq!(json["full"], 2);
        let said = |row: &ProxyRow| plain::lines(Duration::ZERO, &Report::Stats(row));
        assert!(said(&full).ends_with(", queue full 2x\n"));
        assert!(!said(&row(1)).contains("full"));
    }
}
