//! Open connections as rows: an array each, whose columns are named once.

use std::net::SocketAddr;
use std::time::Duration;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::figures::{Sender, whole};
use super::seconds::Seconds;
use crate::fault::{Direction, KINDS, PerDirection};
use crate::snapshot::{ConnId, ConnRow, ConnState, ProxyId};

/// The columns, in the order in which they are written. Moments and lengths of time are seconds, but for `added_us`.
pub(super) const COLUMNS: [&str; 20] = [
    "id",
    "proxy",
    "client",
    "upstream",
    "opened",
    "bytes_up",
    "bytes_down",
    "rate_up",
    "rate_down",
    "held_up",
    "held_down",
    "full",
    "sender_up",
    "sender_down",
    "added_us",
    "asked",
    "generation",
    "state",
    "idle",
    "hit",
];

/// A connection as it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: u64,
    proxy: u32,
    client: SocketAddr,
    upstream: Option<SocketAddr>,
    opened: Seconds,
    bytes: PerDirection<u64>,
    rates: PerDirection<u64>,
    held: PerDirection<u64>,
    full: u64,
    senders: PerDirection<Option<Sender>>,
    added_us: Option<u64>,
    /// Since when its oldest request has had no answer.
    asked: Option<Seconds>,
    generation: u64,
    state: &'static str,
    /// Since when nothing has moved.
    idle: Option<Seconds>,
    hit: u32,
}

/// Where each of our columns stands in a peer's rows, and where each of its kinds of fault stands in our table.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    places: Vec<Option<usize>>,
    kinds: Vec<Option<usize>>,
}

/// The words of a state, all but that of one half of which ended.
const STATES: [(&str, ConnState); 7] = [
    ("dialing", ConnState::Dialing),
    ("open", ConnState::Open),
    ("held", ConnState::Held),
    ("full", ConnState::Full),
    ("half_up", ConnState::Half(Direction::Up)),
    ("half_down", ConnState::Half(Direction::Down)),
    ("ended", ConnState::Ended),
];
const IDLE: &str = "idle";

// === impl Row ===

impl Row {
    pub(super) fn of(row: &ConnRow, at: Duration) -> Self {
        let (state, idle) = match row.state {
            ConnState::Idle(passed) => (IDLE, Some(Seconds::before(at, passed))),
            state => {
                let mut states = STATES.iter();
                let word = states.find(|(_, other)| *other == state);
                (word.map_or("open", |(word, _)| word), None)
            }
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            id: row.id.0,
            proxy: row.proxy.0,
            client: row.client,
            upstream: row.upstream,
            opened: Seconds::before(at, row.age),
            bytes: row.bytes,
            rates: row.rates.map(whole),
            held: row.held,
            full: row.full,
            senders: row.sending.map(|it| it.map(Sender::from)),
            added_us: row.added.map(micros),
            asked: row.waits.map(|waits| Seconds::before(at, waits)),
            generation: row.generation,
            state,
            idle,
            hit: row.hit,
        }
    }

    /// What is shown of it at a moment.
    pub(super) fn shown(&self, at: Duration) -> ConnRow {
        let mut states = STATES.iter();
        let state = match self.idle {
            Some(since) => ConnState::Idle(since.until(at)),
            None => states
                .find(|(word, _)| *word == self.state)
                .map_or(ConnState::Open, |(_, state)| *state),
        };
        ConnRow {
            id: ConnId(self.id),
            proxy: ProxyId(self.proxy),
            client: self.client,
            upstream: self.upstream,
            age: self.opened.until(at),
            bytes: self.bytes,
            rates: self.rates.map(|rate| rate as f64),
            held: self.held,
            full: self.full,
            sending: self.senders.map(|it| it.map(Into::into)),
            added: self.added_us.map(Duration::from_micros),
            waits: self.asked.map(|since| since.until(at)),
            generation: self.generation,
            state,
            hit: self.hit,
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cells = serializer.serialize_seq(Some(COLUMNS.len()))?;
        cells.serialize_element(&self.id)?;
        cells.serialize_element(&self.proxy)?;
        cells.serialize_element(&self.client)?;
        cells.serialize_element(&self.upstream)?;
        cells.serialize_element(&self.opened)?;
        for counts in [self.bytes, self.rates, self.held] {
            cells.serialize_element(&counts.up)?;
            cells.serialize_element(&counts.down)?;
        }
        cells.serialize_element(&self.full)?;
        cells.serialize_element(&self.senders.up)?;
        cells.serialize_element(&self.senders.down)?;
        cells.serialize_element(&self.added_us)?;
        cells.serialize_element(&self.asked)?;
        cells.serialize_element(&self.generation)?;
        cells.serialize_element(self.state)?;
        cells.serialize_element(&self.idle)?;
        cells.serialize_element(&self.hit)?;
        cells.end()
    }
}

// === impl Columns ===

impl Columns {
    /// The columns and the kinds of fault as a peer names them.
    pub(super) fn of(columns: &[String], kinds: &[String]) -> Self {
        let place = |name: &&str| columns.iter().position(|other| other == name);
        let ours = |name: &String| KINDS.iter().position(|kind| kind.name == name);
        Self {
            places: COLUMNS.iter().map(place).collect(),
            kinds: kinds.iter().map(ours).collect(),
        }
    }

    /// Reads a row; `None` where it has no number, proxy or client.
    pub(super) fn read(&self, row: &[Value]) -> Option<Row> {
        let mut cells = self
            .places
            .iter()
            .map(|place| place.and_then(|place| row.get(place)));
        let mut cell = || cells.next().flatten().filter(|cell| !cell.is_null());
        let id = count(cell())?;
        let proxy = u32::try_from(count(cell())?).ok()?;
        let client = address(cell())?;
        let upstream = address(cell());
        let opened = moment(cell()).unwrap_or_default();
        let mut both = || {
            let mut one = || count(cell()).unwrap_or_default();
            let up = one();
            PerDirection::of(up, one())
        };
        let [bytes, rates, held] = [both(), both(), both()];
        let full = count(cell()).unwrap_or_default();
        let mut sender = || cell().and_then(Sender::deserialized);
        let up = sender();
        let senders = PerDirection::of(up, sender());
        let added_us = count(cell());
        let asked = moment(cell());
        let generation = count(cell()).unwrap_or_default();
        let word = cell().and_then(Value::as_str).unwrap_or_default();
        let mut states = STATES.iter().map(|(word, _)| *word).chain([IDLE]);
        let state = states.find(|known| *known == word).unwrap_or("open");
        let idle = moment(cell()).filter(|_| state == IDLE);
        let hit = self.hit(count(cell()).unwrap_or_default());
        Some(Row {
            id,
            proxy,
            client,
            upstream,
            opened,
            bytes,
            rates,
            held,
            full,
            senders,
            added_us,
            asked,
            generation,
            state,
            idle,
            hit,
        })
    }

    /// A bit for each of our kinds, where a peer's are these.
    fn hit(&self, theirs: u64) -> u32 {
        let kinds = self.kinds.iter().enumerate();
        let hit = kinds.filter(|(bit, _)| theirs >> (*bit).min(63) & 1 == 1);
        let ours = hit.filter_map(|(_, place)| *place);
        ours.fold(0, |bits, place| bits | 1 << place)
    }
}

fn count(cell: Option<&Value>) -> Option<u64> {
    cell?.as_u64()
}

fn moment(cell: Option<&Value>) -> Option<Seconds> {
    Seconds::of(cell?.as_f64()?)
}

fn address(cell: Option<&Value>) -> Option<SocketAddr> {
    cell?.as_str()?.parse().ok()
}
