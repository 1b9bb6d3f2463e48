//! Which proxies' figures are worth a line: those that differ, as they are printed, from what was printed last.

use std::collections::HashMap;

use super::json;
use crate::snapshot::{PortState, ProxyId, ProxyRow, Snapshot};
use crate::wire::Object;

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
            let stats = json::stats(Object::default(), row).to_string();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Report, plain};
    use super::*;
    use crate::fault::PerDirection;
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
        let json = json::lines(Duration::ZERO, &Report::Stats(&full));
        assert!(json.contains("\"full\":2,"), "{json}");
        let said = |row: &ProxyRow| plain::lines(Duration::ZERO, &Report::Stats(row));
        assert!(said(&full).ends_with(", queue full 2x\n"));
        assert!(!said(&row(1)).contains("full"));
    }
}
