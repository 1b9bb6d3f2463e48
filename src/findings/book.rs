//! The book: what facts have told of the open connections of one proxy, and of its ordinary time.
//!
//! Habits look things up here and write nothing. What is kept of a connection has a fixed size, and of those that are over only
//! the last answers stay.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::faults::Faults;
use super::group::Last;
use super::stalls::Stalls;
use crate::snapshot::{By, ConnId, Fact, Leave, LegName, Seen};

/// What is known of one proxy's connections.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) faults: Faults,
    /// When the desk did not run.
    pub(super) stalls: Stalls,
    /// The last answers of all connections.
    pub(super) answers: Last<Answer, 256>,
    /// How long the last answers took while no fault acted.
    pub(super) clean_waits: Last<Duration, 256>,
    /// How many bytes the first reads of the requests had brought that were answered: the first so many different ones.
    sizes: BTreeSet<u64>,
    /// How many answers there were at all, and how many while no fault acted.
    pub(super) answered: u64,
    pub(super) answered_clean: u64,
    /// How many open connections there are whose facts were missed in part.
    pub(super) strangers: usize,
    conns: HashMap<ConnId, Conn>,
}

/// What is known of an open connection whose facts were missed in part.
#[derive(Clone, Copy, Debug)]
pub struct KnownConn {
    /// The connection.
    pub id: ConnId,
    /// Its client's address.
    pub client: IpAddr,
    /// When it was opened, since the engine's start.
    pub opened: Duration,
    /// Since when a request waits, where one does.
    pub asked: Option<Duration>,
    /// Whether any was answered.
    pub answered: bool,
}

/// One open connection.
#[derive(Clone, Debug)]
pub(super) struct Conn {
    pub(super) id: ConnId,
    /// The client's address, without its port: who is behind one address cannot be told apart.
    pub(super) client: IpAddr,
    pub(super) opened: Duration,
    /// When its client was first read.
    pub(super) reached: Option<Duration>,
    /// When its last request began, as far as can be seen.
    pub(super) began: Duration,
    /// Whether that waits for its answer.
    pub(super) waits: bool,
    /// How many bytes the first read of that request brought, and that of the one before.
    pub(super) bytes: u64,
    pub(super) bytes_before: u64,
    pub(super) requests: u32,
    pub(super) answered: u32,
    /// When the last answer began.
    pub(super) last_answer: Option<Duration>,
    /// The client's end, once it was read.
    pub(super) left: Option<Left>,
    /// Which peer ended its stream first.
    pub(super) first_left: Option<LegName>,
    /// Whether its facts were missed in part.
    pub(super) is_stranger: bool,
}

/// A client's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) at: Duration,
    /// For how long its request had waited, where one did.
    pub(super) waited: Option<Duration>,
    /// Whether an answer came after it all the same.
    pub(super) answered_after: bool,
    /// Whether its connection broke, then or after an answer that nobody took: it did not read any more.
    pub(super) broke: bool,
}

/// An answer: the first byte back of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) at: Duration,
    pub(super) conn: ConnId,
    pub(super) client: IpAddr,
    /// When its request began, and how many bytes its first read brought.
    pub(super) began: Duration,
    pub(super) bytes: u64,
}

/// What a fact means for a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// A request began.
    Began,
    /// It was answered.
    Answered {
        /// For how long it waited.
        waited: Duration,
    },
    /// Its client left it.
    GivenUp {
        /// After how long.
        waited: Duration,
    },
    /// It was cut off: a fault or the upstream ended its connection, in its middle or before it could begin.
    CutOff {
        /// Under which failure.
        under: Arc<str>,
    },
}

/// A first request that is read so soon after its upstream was reached has waited since the opening.
const AT_ONCE: Duration = Duration::from_millis(5);

/// A client that ends so soon after its request has not given up: it says goodbye, or it has nothing more to say.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// Among so many connections others of one client are looked for.
const FEW: usize = 64;

/// So many sizes of requests are told apart.
const SIZES: usize = 128;

/// Among so many others are looked for that wait.
const MANY: usize = 1024;

/// What was done so long ago is lately.
const LATELY: Duration = Duration::from_secs(5);

/// Who waits for longer waits for what comes.
const HEALTHY_WAIT: Duration = Duration::from_secs(1);

// === impl Book ===

impl Book {
    /// A book that begins at `at`, when these connections are open.
    pub(super) fn of(
        faults: Faults,
        stalls: Stalls,
        at: Duration,
        open: impl IntoIterator<Item = KnownConn>,
    ) -> Self {
        let conns: HashMap<ConnId, Conn> = open
            .into_iter()
            .map(|known| (known.id, Conn::known(&known, at)))
            .collect();
        Self {
            faults,
            stalls,
            strangers: conns.len(),
            conns,
            ..Self::default()
        }
    }

    /// Takes a fact in; says what it means for a request. The connection stays in the book until `forget`.
    pub(super) fn take_in(&mut self, fact: &Fact) -> Option<Step> {
        if let Seen::Opened { client } = fact.seen {
            let conn = Conn::new(fact.conn, client.ip(), fact.at);
            let before = self.conns.insert(fact.conn, conn);
            self.strangers -= usize::from(before.is_some_and(|before| before.is_stranger));
            return None;
        }
        let conn = self.conns.get_mut(&fact.conn)?;
        let step = conn.take_in(fact, &self.faults);
        if let Some(Step::Answered { waited }) = step {
            let answer = Answer {
                at: fact.at,
                conn: fact.conn,
                client: conn.client,
                began: conn.began,
                bytes: conn.bytes,
            };
            self.answers.push(answer);
            if self.sizes.len() < SIZES {
                self.sizes.insert(conn.bytes);
            }
            self.answered += 1;
            if self.faults.clean(conn.began, fact.at) {
                self.answered_clean += 1;
                self.clean_waits.push(waited);
            }
        }
        step
    }

    /// When any request was answered last.
    pub(super) fn last_answer(&self) -> Duration {
        let last = self.answers.iter().next_back();
        last.map_or(Duration::ZERO, |answer| answer.at)
    }

    /// Whether a request of about so many bytes was answered, as far as was seen.
    pub(super) fn answers_to(&self, bytes: u64) -> bool {
        let about = bytes / 8;
        let alike = bytes.saturating_sub(about)..=bytes.saturating_add(about);
        self.sizes.len() == SIZES || self.sizes.range(alike).next().is_some()
    }

    /// Drops a connection that is over.
    pub(super) fn forget(&mut self, fact: &Fact) {
        if matches!(fact.seen, Seen::Closed { .. })
            && let Some(conn) = self.conns.remove(&fact.conn)
        {
            self.strangers -= usize::from(conn.is_stranger);
        }
    }

    /// A connection that is open, or ends with this fact.
    pub(super) fn conn(&self, id: ConnId) -> Option<&Conn> {
        self.conns.get(&id)
    }

    /// Whether a connection's client had nothing else going on at `at`: no other connection on which it asked or was answered
    /// lately. Where there are many connections, nobody looks.
    pub(super) fn is_alone(&self, conn: &Conn, at: Duration) -> bool {
        let lately = |other: &Conn| {
            let asked_long_ago = other.waits && other.began + HEALTHY_WAIT < at;
            let active = other.began.max(other.last_answer.unwrap_or_default()) + LATELY > at;
            other.left.is_none() && active && !asked_long_ago
        };
        let others = |other: &&Conn| other.id != conn.id && other.client == conn.client;
        self.conns.len() <= FEW && !self.conns.values().filter(others).any(lately)
    }

    /// For how long the other requests of a connection's client have waited, those that have for `least`, the longest first.
    /// Where there are many connections, nobody looks.
    pub(super) fn waits_beside(&self, conn: &Conn, at: Duration, least: Duration) -> Vec<Duration> {
        let few = (self.conns.len() <= MANY).then(|| self.conns.values());
        let others = few.into_iter().flatten().filter(|other| {
            other.id != conn.id && other.client == conn.client && other.left.is_none()
        });
        let waits = others
            .filter(|other| other.waits)
            .map(|other| at.saturating_sub(other.began));
        let mut waits: Vec<Duration> = waits.filter(|waited| *waited >= least).collect();
        waits.sort_unstable_by_key(|waited| std::cmp::Reverse(*waited));
        waits
    }

    /// The answers to this client that began on other connections in the time `within` before `at`, the last one first.
    pub(super) fn answers_beside(
        &self,
        conn: &Conn,
        at: Duration,
        within: Duration,
    ) -> impl Iterator<Item = &Answer> {
        let last = self.answers.iter().rev();
        let last = last.skip_while(move |answer| answer.at > at);
        let last = last.take_while(move |answer| answer.at + within >= at);
        let (id, client) = (conn.id, conn.client);
        last.filter(move |answer| answer.conn != id && answer.client == client)
    }

    /// Whether there was one in that time.
    pub(super) fn answered_just_before(
        &self,
        conn: &Conn,
        at: Duration,
        within: Duration,
    ) -> Option<&Answer> {
        self.answers_beside(conn, at, within).next()
    }
}

// === impl Conn ===

impl Conn {
    fn new(id: ConnId, client: IpAddr, at: Duration) -> Self {
        Self {
            id,
            client,
            opened: at,
            reached: None,
            began: at,
            waits: false,
            bytes: 0,
            bytes_before: 0,
            requests: 0,
            answered: 0,
            last_answer: None,
            left: None,
            first_left: None,
            is_stranger: false,
        }
    }

    /// One of which only that is known at `at`. It has asked before, as far as anybody knows.
    fn known(known: &KnownConn, at: Duration) -> Self {
        Self {
            reached: Some(known.opened),
            began: known.asked.unwrap_or(known.opened),
            waits: known.asked.is_some(),
            requests: 2,
            answered: u32::from(known.answered) * 2,
            last_answer: known.answered.then_some(at),
            is_stranger: true,
            ..Self::new(known.id, known.client, known.opened)
        }
    }

    fn take_in(&mut self, fact: &Fact, faults: &Faults) -> Option<Step> {
        match fact.seen {
            Seen::Opened { .. } | Seen::Pushed { .. } | Seen::Blocked { .. } => None,
            Seen::Reached => {
                self.reached = Some(fact.at);
                None
            }
            Seen::Asked { bytes, .. } => {
                let reached = self.reached.unwrap_or(self.opened);
                let at_once = self.requests == 0 && fact.at <= reached + AT_ONCE;
                self.began = if at_once { self.opened } else { fact.at };
                self.bytes_before = std::mem::replace(&mut self.bytes, bytes);
                self.waits = true;
                self.requests += 1;
                Some(Step::Began)
            }
            Seen::Answered { .. } => {
                let waited = fact.at.saturating_sub(self.began);
                self.waits = false;
                self.answered += 1;
                self.last_answer = Some(fact.at);
                match &mut self.left {
                    Some(left) => {
                        left.answered_after = true;
                        None
                    }
                    None => Some(Step::Answered { waited }),
                }
            }
            Seen::Left { leg, how, amid } => {
                self.first_left = self.first_left.or(Some(leg));
                match (leg, &mut self.left) {
                    (LegName::Upstream, _) => None,
                    (LegName::Client, Some(left)) => {
                        left.broke |= how == Leave::Rst;
                        None
                    }
                    (LegName::Client, None) => self.client_left(fact.at, how, amid.waiting),
                }
            }
            Seen::Closed { by, .. } => self.closed(fact.at, by, faults),
        }
    }

    fn client_left(&mut self, at: Duration, how: Leave, waiting: Option<Duration>) -> Option<Step> {
        let waited = waiting.map(|_| at.saturating_sub(self.began));
        self.left = Some(Left {
            at,
            waited,
            answered_after: false,
            broke: how == Leave::Rst,
        });
        // Nobody knows how long it had waited when it was first read.
        let seen_waiting = waiting.filter(|waiting| *waiting >= PATIENCE).and(waited);
        seen_waiting.map(|waited| Step::GivenUp { waited })
    }

    fn closed(&mut self, at: Duration, by: By, faults: &Faults) -> Option<Step> {
        // What is open for long and asks nothing is kept for later: no attempt fails with it.
        let soon = at <= self.reached.unwrap_or(at) + HEALTHY_WAIT;
        let unasked = self.requests == 0 && self.left.is_none() && soon;
        if self.left.is_some() || !(self.waits || unasked) {
            return None;
        }
        let under = match by {
            By::Fault(kind) => kind.into(),
            By::Upstream | By::UpstreamBroke | By::Unreached => Arc::clone(faults.upstream()),
            By::Client | By::ClientBroke | By::Desk => return None,
        };
        if unasked {
            self.began = self.opened;
        }
        Some(Step::CutOff { under })
    }

    /// For how long it has been open.
    pub(super) fn age(&self, at: Duration) -> Duration {
        at.saturating_sub(self.opened)
    }
}
