//! What engines elsewhere show, in the numbers, names and times of the one desk that they are shown on.

use std::sync::Arc;
use std::time::Duration;

use crate::mapping::{Mapping, Name};
use crate::request::Request;
use crate::snapshot::{ConnId, Event, Finding, Happening, ProxyId, Snapshot, Wait};

/// An engine among those of a desk. Of several, each has every so manieth number, and its name stands before those of its
/// proxies; one alone keeps its numbers and names.
#[derive(Clone, Debug)]
pub(super) struct Among {
    place: u32,
    count: u32,
    /// What stands before the names of its proxies.
    prefix: String,
}

/// By how much the desk's clock is before an engine's, or behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    ahead: Duration,
    behind: Duration,
}

// === impl Shift ===

impl Shift {
    /// The one that makes `desk` of `engine`.
    pub(super) fn between(engine: Duration, desk: Duration) -> Self {
        Self {
            ahead: desk.saturating_sub(engine),
            behind: engine.saturating_sub(desk),
        }
    }

    fn apply(self, at: &mut Duration) {
        *at = at.saturating_add(self.ahead).saturating_sub(self.behind);
    }
}

// === impl Among ===

impl Among {
    pub(super) fn new(place: usize, count: usize, name: &str) -> Self {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let prefix = if count > 1 {
            format!("{name}.")
        } else {
            String::new()
        };
        Self {
            place: number(place),
            count: number(count).max(1),
            prefix,
        }
    }

    /// The desk's number of an engine's proxy.
    pub(super) fn proxy(&self, ProxyId(id): ProxyId) -> ProxyId {
        ProxyId(id.wrapping_mul(self.count).wrapping_add(self.place))
    }

    fn conn(&self, ConnId(id): ConnId) -> ConnId {
        ConnId(
            id.wrapping_mul(self.count.into())
                .wrapping_add(self.place.into()),
        )
    }

    /// The engine's own number of a connection of the desk.
    fn own_conn(&self, ConnId(id): ConnId) -> ConnId {
        ConnId(id / u64::from(self.count))
    }

    fn name(&self, name: &mut String) {
        if !name.is_empty() {
            name.insert_str(0, &self.prefix);
        }
    }

    /// A mapping with the name that an engine has for its proxy.
    fn own_mapping(&self, mapping: &Mapping) -> Mapping {
        let name = mapping.name.as_ref().map(ToString::to_string);
        let name = name.and_then(|name| Name::parse(self.own_name(&name)).ok());
        mapping.clone().called(name)
    }

    /// The name that an engine has for a proxy that the desk calls so.
    pub(super) fn own_name<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(&*self.prefix).unwrap_or(name)
    }

    /// Makes a snapshot of an engine one of the desk.
    pub(super) fn show(&self, shift: Shift, snapshot: &mut Snapshot) {
        if self.count == 1 && shift == Shift::default() {
            return;
        }
        shift.apply(&mut snapshot.at);
        for row in &mut snapshot.proxies {
            row.id = self.proxy(row.id);
            self.name(&mut row.name);
            if !self.prefix.is_empty() {
                // One that is deleted comes back where it was.
                let name = Name::parse(&row.name).ok();
                row.mapping = row.mapping.clone().called(name);
            }
            for point in &mut Arc::make_mut(&mut row.history).points {
                shift.apply(&mut point.at);
            }
            let waits = &mut row.waits;
            let waits = [&mut waits.accept, &mut waits.dial, &mut waits.close];
            for Wait { at, .. } in waits.into_iter().flatten() {
                shift.apply(at);
            }
            if let Some(clean) = &mut row.clean {
                shift.apply(&mut Arc::make_mut(clean).until);
            }
            for scheduled in &mut row.scheduled {
                shift.apply(&mut scheduled.begins);
                scheduled.ends.iter_mut().for_each(|ends| shift.apply(ends));
            }
            let mut findings = row.findings.to_vec();
            for finding in &mut findings {
                self.find(shift, finding);
            }
            row.findings = findings.into();
        }
        for conn in &mut snapshot.conns {
            (conn.id, conn.proxy) = (self.conn(conn.id), self.proxy(conn.proxy));
        }
        for ended in &mut snapshot.ended {
            let ended = Arc::make_mut(ended);
            let row = &mut ended.row;
            (row.id, row.proxy) = (self.conn(row.id), self.proxy(row.proxy));
            shift.apply(&mut ended.at);
        }
        if let Some(watched) = &mut snapshot.watched {
            let watched = Arc::make_mut(watched);
            watched.id = self.conn(watched.id);
            watched.rates.iter_mut().for_each(|(at, _)| shift.apply(at));
            watched
                .notes
                .iter_mut()
                .for_each(|note| shift.apply(&mut note.at));
        }
    }

    fn find(&self, shift: Shift, finding: &mut Finding) {
        shift.apply(&mut finding.since);
        for conn in &mut finding.conns {
            *conn = self.conn(*conn);
        }
    }

    /// A request of the desk with the numbers and names that an engine has. Proxies are named, not numbered.
    pub(super) fn own_request(&self, request: &Request) -> Request {
        let mut own = request.clone();
        match &mut own {
            Request::Kill(conn, _) | Request::SetOwn(conn, _) | Request::Watch(Some(conn)) => {
                *conn = self.own_conn(*conn);
            }
            Request::KillAll(conns, _) => {
                for conn in conns {
                    *conn = self.own_conn(*conn);
                }
            }
            Request::Add { mapping, .. } | Request::Replace { mapping, .. } => {
                *mapping = self.own_mapping(mapping);
            }
            Request::Rename {
                name: Some(name), ..
            } => {
                if let Ok(plain) = Name::parse(self.own_name(&name.to_string())) {
                    *name = plain;
                }
            }
            _ => {}
        }
        own
    }

    /// Makes an event of an engine one of the desk.
    pub(super) fn tell(&self, shift: Shift, event: &mut Event) {
        shift.apply(&mut event.at);
        self.name(&mut event.proxy);
        match &mut event.what {
            Happening::Renamed { before } => self.name(before),
            Happening::Opened { conn, .. }
            | Happening::Reached { conn, .. }
            | Happening::Secured { conn, .. }
            | Happening::Closed { conn, .. } => *conn = self.conn(*conn),
            Happening::Found { finding, .. } => self.find(shift, finding),
            Happening::Listening { .. }
            | Happening::Removed
            | Happening::Repointed { .. }
            | Happening::PortClosed(_)
            | Happening::Faults { .. }
            | Happening::Swept { .. }
            | Happening::Note(_)
            | Happening::Error(_) => {}
        }
    }
}
