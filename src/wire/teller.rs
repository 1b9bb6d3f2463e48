//! Tells snapshots as frames: a key frame for whoever begins to listen, and of each snapshot what is new.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::columns::{COLUMNS, Row};
use super::event::{reason_of, reason_word};
use super::frame::{Delta, EndedRow, Entry, Frame, State, Watching};
use super::proxy::{self, POINTS, Proxy};
use super::seconds::Seconds;
use super::tail::Tail;
use super::watched::Watched;
use crate::fault::{KINDS, PerDirection};
use crate::snapshot::{ConnRow, EndedConn, History, ProxyId, Snapshot};

/// What was told last, to all who listen to the same.
#[derive(Debug, Default)]
pub struct Teller {
    /// So many connections are told, the busiest.
    most: usize,
    seq: u64,
    at: Duration,
    proxies: Vec<Known>,
    rows: HashMap<u64, Row>,
    more: usize,
    ended: VecDeque<Ended>,
    watched: Option<Watched>,
}

/// What was told of a proxy.
#[derive(Debug)]
struct Known {
    id: ProxyId,
    members: Map<String, Value>,
    history: Arc<History>,
}

/// One that has ended is never another one: the same handle is the same.
#[derive(Clone, Debug)]
struct Ended(Arc<EndedConn>);

impl PartialEq for Ended {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

// === impl Teller ===

impl Teller {
    /// One that tells of so many connections at most.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// The key frame of what was told last.
    #[must_use]
    pub fn state(&self) -> String {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let none = VecDeque::new();
        let entry = |known: &Known| Entry {
            members: known.members.clone(),
            history: Some(history(&none, &known.history)),
        };
        let mut conns: Vec<Row> = self.rows.values().cloned().collect();
        conns.sort_unstable_by_key(|row| row.id);
        Frame::state(&State {
            seq: self.seq,
            t: Seconds(self.at),
            proxies: self.proxies.iter().map(entry).collect(),
            columns: texts(&COLUMNS),
            kinds: KINDS.iter().map(|kind| kind.name.to_owned()).collect(),
            points: texts(&POINTS),
            conns,
            more: self.more,
            ended: self.ended.iter().map(|it| ended_row(&it.0)).collect(),
            watched: self
                .watched
                .as_ref()
                .and_then(|watched| watched.since(None)),
        })
    }

    /// Takes a snapshot, and returns the frame of what is new in it; `None` where nothing is.
    pub fn tell(&mut self, snapshot: &Snapshot) -> Option<String> {
        let at = snapshot.at;
        let order = self.order(snapshot);
        let proxies = self.changed_proxies(snapshot);
        let (conns, gone) = self.changed_rows(snapshot);
        let more = snapshot.conns.len() - self.rows.len();
        let more = (std::mem::replace(&mut self.more, more) != more).then_some(more);
        let skipped = snapshot.ended.len().saturating_sub(self.most);
        let ended = snapshot.ended.iter().skip(skipped);
        let ended: VecDeque<Ended> = ended.cloned().map(Ended).collect();
        let newly = Tail::between(&self.ended, &ended, |ended| ended_row(&ended.0));
        self.ended = ended;
        let newly = Some(newly).filter(Tail::changes);
        let watched = self.changed_watched(snapshot);
        self.at = at;
        let is_same = order.is_none()
            && proxies.is_empty()
            && conns.is_empty()
            && gone.is_empty()
            && more.is_none()
            && newly.is_none()
            && watched.is_none();
        if is_same {
            return None;
        }
        self.seq += 1;
        let rows = conns.iter().map(|id| &self.rows[id]);
        Some(Frame::delta(&Delta {
            seq: self.seq,
            t: Seconds(at),
            order,
            proxies,
            conns: rows.cloned().collect(),
            gone,
            more,
            ended: newly,
            watched,
        }))
    }

    /// The proxies in their order, where those are others than before; what is gone is forgotten.
    fn order(&mut self, snapshot: &Snapshot) -> Option<Vec<u32>> {
        let now = || snapshot.proxies.iter().map(|row| row.id);
        if now().eq(self.proxies.iter().map(|known| known.id)) {
            return None;
        }
        let mut before = std::mem::take(&mut self.proxies);
        for id in now() {
            let place = before.iter().position(|known| known.id == id);
            let known = place.map(|place| before.swap_remove(place));
            self.proxies.push(known.unwrap_or_else(|| Known {
                id,
                members: Map::new(),
                history: Arc::default(),
            }));
        }
        Some(now().map(|id| id.0).collect())
    }

    fn changed_proxies(&mut self, snapshot: &Snapshot) -> Vec<Entry> {
        let mut changed = Vec::new();
        for (known, row) in self.proxies.iter_mut().zip(&snapshot.proxies) {
            let told = serde_json::to_value(Proxy::of(row, snapshot.at));
            let Ok(Value::Object(members)) = told else {
                continue;
            };
            let differs =
                |(name, value): &(&String, &Value)| known.members.get(*name) != Some(*value);
            let news = members.iter().filter(differs);
            let mut news: Map<String, Value> = news
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let is_same = Arc::ptr_eq(&known.history, &row.history);
            let points = (!is_same).then(|| history(&known.history.points, &row.history));
            let points = points.filter(Tail::changes);
            known.history = Arc::clone(&row.history);
            known.members = members;
            if !news.is_empty() || points.is_some() {
                news.insert("id".to_owned(), row.id.0.into());
                changed.push(Entry {
                    members: news,
                    history: points,
                });
            }
        }
        changed
    }

    /// The numbers of the connections whose rows are new, and of those that are told no longer.
    fn changed_rows(&mut self, snapshot: &Snapshot) -> (Vec<u64>, Vec<u64>) {
        let mut changed = Vec::new();
        let mut before = std::mem::take(&mut self.rows);
        self.rows.reserve(snapshot.conns.len().min(self.most));
        for row in self.busiest(&snapshot.conns) {
            let row = Row::of(row, snapshot.at);
            if before.remove(&row.id).as_ref() != Some(&row) {
                changed.push(row.id);
            }
            self.rows.insert(row.id, row);
        }
        let mut gone: Vec<u64> = before.into_keys().collect();
        changed.sort_unstable();
        gone.sort_unstable();
        (changed, gone)
    }

    /// The connections that are told: those with the most bytes a second, then those that hold the most, then the oldest.
    fn busiest<'a>(&self, conns: &'a [ConnRow]) -> Vec<&'a ConnRow> {
        let mut rows: Vec<&ConnRow> = conns.iter().collect();
        if rows.len() > self.most {
            let idle = |row: &ConnRow| {
                let PerDirection { up, down } = row.rates.map(proxy::whole);
                let held = row.held.up.saturating_add(row.held.down);
                (u64::MAX - up.saturating_add(down), u64::MAX - held, row.id)
            };
            if self.most > 0 {
                rows.select_nth_unstable_by_key(self.most - 1, |row| idle(row));
            }
            rows.truncate(self.most);
        }
        rows
    }

    fn changed_watched(&mut self, snapshot: &Snapshot) -> Option<Watching> {
        let watched = snapshot.watched.as_deref().map(Watched::of);
        let change = match &watched {
            Some(watched) => watched
                .since(self.watched.as_ref())
                .map(Box::new)
                .map(Watching::Change),
            None => self.watched.is_some().then_some(Watching::Nothing),
        };
        self.watched = watched;
        change
    }
}

/// What is new of a proxy's last minute.
fn history(before: &VecDeque<crate::snapshot::Point>, after: &History) -> Tail<proxy::Moment> {
    Tail::between(before, &after.points, proxy::moment)
}

fn ended_row(ended: &EndedConn) -> EndedRow<Row> {
    let (fault, error) = reason_of(&ended.reason);
    EndedRow {
        row: Row::of(&ended.row, ended.at),
        at: Seconds(ended.at),
        reason: reason_word(&ended.reason).to_owned(),
        fault: fault.map(str::to_owned),
        error,
        truncated: ended.truncated,
    }
}
