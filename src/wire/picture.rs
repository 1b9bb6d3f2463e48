//! What frames come to: the snapshot that they tell of.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use super::columns::{Columns, Row};
use super::frame::{Delta, EndedRow, Entry, Frame, State, Watching};
use super::minute;
use super::proxy::{Proxy, Since};
use super::told::reason;
use super::watched::Watched;
use crate::fault::PerDirection;
use crate::snapshot::{ConnRow, ConnState, EndedConn, ProxyId, ProxyRow, Snapshot};

/// What is known of an engine by its frames.
#[derive(Debug, Default)]
pub struct Picture {
    /// The last frame that was taken; `None` before the first key frame, and after a gap until the next one.
    seq: Option<u64>,
    at: Duration,
    proxies: Vec<Known>,
    columns: Columns,
    conns: BTreeMap<u64, Row>,
    more: usize,
    ended: VecDeque<Arc<EndedConn>>,
    watched: Option<Watched>,
}

/// Why a frame was not taken. Prints as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Gap {
    /// It follows on another one than the last: what is known stands still until the next key frame.
    #[error("a frame is missing: waiting for the next whole one")]
    Missing,
}

#[derive(Debug)]
struct Known {
    members: Map<String, Value>,
    row: ProxyRow,
    since: Since,
    unread: Vec<String>,
}

// === impl Picture ===

impl Picture {
    /// Takes a frame, and says whether it changes what is shown.
    ///
    /// # Errors
    /// Others are missing before it.
    pub fn take(&mut self, frame: Frame) -> Result<bool, Gap> {
        match frame {
            Frame::State(state) => self.begin(*state),
            Frame::Delta(delta) => {
                if self.seq.is_none_or(|seq| delta.seq != seq + 1) {
                    self.seq = None;
                    return Err(Gap::Missing);
                }
                self.change(*delta);
            }
            Frame::Beat(at) => self.at = at,
            Frame::Lost { frames: 1.., .. } => {
                self.seq = None;
                return Ok(false);
            }
            Frame::Hello(_)
            | Frame::Event(_)
            | Frame::Lost { .. }
            | Frame::Others(_)
            | Frame::Bye(_)
            | Frame::Unknown(_) => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a key frame has come, and no frame is missing since.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.seq.is_some()
    }

    /// How many connections are open beside those that were told.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }

    /// What a proxy's texts say that this program cannot read: faults, or its whole mapping.
    #[must_use]
    pub fn unread(&self, id: ProxyId) -> &[String] {
        let mut proxies = self.proxies.iter();
        let known = proxies.find(|known| known.row.id == id);
        known.map_or(&[], |known| &known.unread)
    }

    /// Everything at the time of the last frame.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let at = self.at;
        let proxies: Vec<ProxyRow> = self
            .proxies
            .iter()
            .map(|known| {
                let mut row = known.row.clone();
                known.since.at(at, &mut row);
                row
            })
            .collect();
        let rates = proxies.iter().map(|row| row.rates);
        Snapshot {
            at,
            rates: rates.fold(PerDirection::default(), PerDirection::plus),
            proxies,
            conns: self.conns.values().map(|row| row.shown(at)).collect(),
            ended: self.ended.iter().cloned().collect(),
            watched: self.watched.as_ref().map(|it| Arc::new(it.shown())),
        }
    }

    fn begin(&mut self, state: State) {
        *self = Self {
            seq: Some(state.seq),
            at: state.t.0,
            proxies: state.proxies.into_iter().map(Known::new).collect(),
            columns: Columns::of(&state.columns, &state.kinds),
            more: state.more,
            watched: state.watched.map(|watched| Watched::after(None, watched)),
            ..Self::default()
        };
        self.take_rows(&state.conns);
        let ended = state.ended.into_iter();
        self.ended = ended.map(|ended| self.ended(&ended)).collect();
    }

    fn change(&mut self, delta: Delta) {
        (self.seq, self.at) = (Some(delta.seq), delta.t.0);
        let mut changed: HashMap<u32, Entry> = delta
            .proxies
            .into_iter()
            .map(|entry| (entry.id(), entry))
            .collect();
        for known in &mut self.proxies {
            if let Some(entry) = changed.remove(&known.row.id.0) {
                known.change(entry);
            }
        }
        if let Some(order) = delta.order {
            let mut before = std::mem::take(&mut self.proxies);
            for id in order {
                let place = before.iter().position(|known| known.row.id.0 == id);
                let known = place.map(|place| before.swap_remove(place));
                let known = known.or_else(|| changed.remove(&id).map(Known::new));
                self.proxies.extend(known);
            }
        }
        self.take_rows(&delta.conns);
        for id in delta.gone {
            self.conns.remove(&id);
        }
        self.more = delta.more.unwrap_or(self.more);
        if let Some(ended) = delta.ended {
            let mut list = std::mem::take(&mut self.ended);
            ended.apply(&mut list, |ended| self.ended(&ended));
            self.ended = list;
        }
        if let Some(watched) = delta.watched {
            let before = self.watched.take();
            self.watched = match watched {
                Watching::Change(change) => Some(Watched::after(before, *change)),
                Watching::Nothing => None,
            };
        }
    }

    /// Takes rows; one that cannot be read tells nothing.
    fn take_rows(&mut self, rows: &[Vec<Value>]) {
        let rows = rows.iter().filter_map(|row| self.columns.read(row));
        self.conns.extend(rows.map(|row| (row.id, row)));
    }

    fn ended(&self, ended: &EndedRow<Vec<Value>>) -> Arc<EndedConn> {
        let at = ended.at.0;
        let row = self.columns.read(&ended.row);
        let row = row.map_or_else(unreadable, |row| row.shown(at));
        let (fault, error) = (ended.fault.as_deref(), ended.error.as_deref());
        Arc::new(EndedConn {
            row,
            at,
            reason: reason(&ended.reason, fault, error),
            truncated: ended.truncated,
        })
    }
}

/// What stands in the place of a row that has no number.
fn unreadable() -> ConnRow {
    let nowhere = (std::net::Ipv4Addr::UNSPECIFIED, 0).into();
    ConnRow {
        state: ConnState::Ended,
        ..ConnRow::opened(crate::snapshot::ConnId(0), ProxyId(0), nowhere)
    }
}

// === impl Known ===

impl Known {
    fn new(entry: Entry) -> Self {
        let (row, since, unread) = Proxy::default().row();
        let mut known = Self {
            members: Map::new(),
            row,
            since,
            unread,
        };
        known.change(entry);
        known
    }

    fn change(&mut self, entry: Entry) {
        if !entry.members.is_empty() {
            self.members.extend(entry.members);
            let history = std::mem::take(&mut self.row.history);
            (self.row, self.since, self.unread) = Proxy::read(&self.members).row();
            self.row.history = history;
        }
        if let Some(points) = entry.history {
            let history = Arc::make_mut(&mut self.row.history);
            points.apply(&mut history.points, minute::point);
        }
    }
}

// === impl Entry ===

impl Entry {
    fn id(&self) -> u32 {
        let id = self.members.get("id").and_then(Value::as_u64);
        id.and_then(|id| u32::try_from(id).ok()).unwrap_or_default()
    }
}
