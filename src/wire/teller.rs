//! Tells snapshots as frames: a key frame for whoever begins to listen, and of each snapshot what is new.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::columns::{COLUMNS, Row};
use super::event::{reason_of, reason_word};
use super::figures::whole;
use super::frame::{Delta, EndedRow, Entry, Frame, State, Watching};
use super::minute::{self, POINTS};
use super::proxy::Proxy;
use super::seconds::Seconds;
use super::tail::Tail;
use super::turns::{AT_ONCE, Turns};
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
    /// In the order of their numbers.
    rows: Vec<Row>,
    /// Of those, where they are very many.
    turns: Turns,
    /// The last frame told of some connections only.
    leaves_out: bool,
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
        Frame::state(&State {
            seq: self.seq,
            t: Seconds(self.at),
            proxies: self.proxies.iter().map(entry).collect(),
            columns: texts(&COLUMNS),
            kinds: KINDS.iter().map(|kind| kind.name.to_owned()).collect(),
            points: texts(&POINTS),
            conns: self.rows.iter().collect::<Vec<_>>(),
            more: self.more,
            ended: self.ended.iter().map(|it| ended_row(&it.0)).collect(),
            watched: self
                .watched
                .as_ref()
                .and_then(|watched| watched.since(None)),
        })
    }

    /// Takes a snapshot, and returns the frame of what is new in it; `None` where nothing is. Where very many connections are
    /// told, those whose turn it is.
    pub fn tell(&mut self, snapshot: &Snapshot) -> Option<String> {
        self.turns.go_on(snapshot.at);
        self.take(snapshot)
    }

    /// Whether the last frame told of some connections only: where no other snapshot follows soon, the others are to be caught up
    /// with.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        self.leaves_out
    }

    /// Takes a snapshot, and leaves out none of its connections.
    pub fn catch_up(&mut self, snapshot: &Snapshot) -> Option<String> {
        self.turns.all();
        self.take(snapshot)
    }

    fn take(&mut self, snapshot: &Snapshot) -> Option<String> {
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
        Some(Frame::delta(&Delta {
            seq: self.seq,
            t: Seconds(at),
            order,
            proxies,
            conns: conns.into_iter().map(|place| &self.rows[place]).collect(),
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

    /// The places of the rows that are new, and the numbers of the connections that are told no longer.
    fn changed_rows(&mut self, snapshot: &Snapshot) -> (Vec<usize>, Vec<u64>) {
        let at = snapshot.at;
        let mut told = self.busiest(&snapshot.conns);
        told.sort_unstable_by_key(|row| row.id);
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        let are_same = told.len() == self.rows.len()
            && told
                .iter()
                .zip(&self.rows)
                .all(|(row, known)| row.id.0 == known.id);
        if !are_same {
            let mut before = std::mem::take(&mut self.rows).into_iter().peekable();
            let rows = told.iter().enumerate().map(|(place, row)| {
                while let Some(other) = before.next_if(|other| other.id < row.id.0) {
                    gone.push(other.id);
                }
                let known = before.next_if(|other| other.id == row.id.0);
                known.unwrap_or_else(|| {
                    changed.push(place);
                    Row::of(row, at)
                })
            });
            self.rows = rows.collect();
            gone.extend(before.map(|other| other.id));
        }
        let take_turns = told.len() > AT_ONCE;
        self.leaves_out = take_turns && self.turns.leave_out();
        for (place, (row, known)) in told.iter().zip(&mut self.rows).enumerate() {
            if take_turns && !self.turns.are_of(row.id.0) {
                continue;
            }
            let row = Row::of(row, at);
            if *known != row {
                *known = row;
                changed.push(place);
            }
        }
        changed.sort_unstable();
        (changed, gone)
    }

    /// The connections that are told: those with the most bytes a second, then those that hold the most, then the oldest.
    fn busiest<'a>(&self, conns: &'a [ConnRow]) -> Vec<&'a ConnRow> {
        if conns.len() <= self.most {
            return conns.iter().collect();
        }
        let idle = |row: &'a ConnRow| {
            let PerDirection { up, down } = row.rates.map(whole);
            let held = row.held.up.saturating_add(row.held.down);
            (!up.saturating_add(down), !held, row.id)
        };
        let keyed = conns.iter().map(|row| (idle(row), row));
        let mut rows: Vec<_> = keyed.collect();
        if let Some(last) = self.most.checked_sub(1) {
            rows.select_nth_unstable_by_key(last, |(idle, _)| *idle);
        }
        rows.truncate(self.most);
        rows.into_iter().map(|(_, row)| row).collect()
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
fn history(before: &VecDeque<crate::snapshot::Point>, after: &History) -> Tail<minute::Moment> {
    Tail::between(before, &after.points, minute::moment)
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
