//! What the engine shows of itself, as plain data: a snapshot of all proxies and connections, which the collector makes on its
//! beat, ten times a second.
//!
//! Nothing here refers to sockets, tasks or screens; a snapshot can be made by hand in a test.

mod event;
mod fact;
mod finding;
mod watched;

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use self::event::{
    Author, CloseReason, Event, Found, Happening, LegName, Negotiated, Shut, TRUNCATED,
};
pub use self::fact::{Amid, By, Fact, Leave, Seen, Stall, Stalls};
pub use self::finding::{Confidence, Figure, Finding, Habit};
pub use self::watched::{Note, Noted, Trip, Watched};
use crate::fault::{Direction, Losses, PerDirection, Plan, Sending, Setting};
use crate::mapping::Mapping;

/// Numbers a proxy for as long as the process runs, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProxyId(pub u32);

/// Numbers a connection for as long as the process runs, counted from 1 over all proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// How a connection is ended by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kill {
    /// By a reset to both peers, as of a peer that crashed.
    #[default]
    Rst,
    /// By an orderly end to both peers, as of one that is done.
    Fin,
}

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Since the engine's start.
    pub at: Duration,
    /// The proxies, in the order in which they were added.
    pub proxies: Vec<ProxyRow>,
    /// The open connections, oldest first.
    pub conns: Vec<ConnRow>,
    /// Connections that ended in the last `EndedConn::SHOWN`, the last `EndedConn::MOST` of them, oldest first.
    pub ended: Vec<Arc<EndedConn>>,
    /// The connection that is looked at closely, where one is.
    pub watched: Option<Arc<Watched>>,
    /// Bytes per second over all proxies, up and down.
    pub rates: PerDirection<f64>,
}

/// One proxy.
#[derive(Clone, Debug)]
pub struct ProxyRow {
    /// Its number.
    pub id: ProxyId,
    /// Its name, unique among the proxies.
    pub name: String,
    /// The mapping, as parsed.
    pub mapping: Mapping,
    /// Where it listens, the real port where the mapping asked for any.
    pub listening: Vec<SocketAddr>,
    /// Whether it accepts clients.
    pub port: PortState,
    /// Whether the upstream's certificate is not verified.
    pub insecure: bool,
    /// What the last TLS handshake with the upstream agreed on.
    pub tls: Option<Arc<Negotiated>>,
    /// Its faults, and whether they are bypassed.
    pub plan: Arc<Plan>,
    /// Counts the changes of the plan.
    pub generation: u64,
    /// Open connections.
    pub open: u32,
    /// Of these, how many run the current plan; those that hold nothing do, because they look before their next byte.
    pub up_to_date: u32,
    /// For how long the oldest of the others has been waiting.
    pub waiting: Option<Duration>,
    /// Connections since the start.
    pub total: u64,
    /// Connections that ended in an error since the start: the upstream not reached, TLS refused, a reset.
    pub failed: u64,
    /// Bytes delivered since the start, up and down.
    pub bytes: PerDirection<u64>,
    /// Bytes delivered per second, up and down, over the last second.
    pub rates: PerDirection<f64>,
    /// Bytes that wait, up and down.
    pub held: PerDirection<u64>,
    /// How often a direction of a connection came to hold all that may wait, since the start.
    pub full: u64,
    /// What the virtual sender of the busiest connection is at, where there are such.
    pub sending: Option<Sending>,
    /// What has become of the packets of virtual senders since the start.
    pub losses: Losses,
    /// Writes per second over the last second, up and down.
    pub writes: PerDirection<f64>,
    /// The last waits that faults asked for, of new connections and of ends.
    pub waits: Waits,
    /// How long bytes were held, up and down, over the last second.
    pub added: PerDirection<Option<Spread>>,
    /// From a client's first byte after silence to the first byte back, over the last second; the last known one where
    /// there was none.
    pub feels: Option<Spread>,
    /// What waits for an answer.
    pub unanswered: Unanswered,
    /// What its clients met since its faults were last changed, once that has settled.
    pub met: Option<Arc<Met>>,
    /// What it did before faults acted on it, once that is known.
    pub clean: Option<Arc<Clean>>,
    /// What it is found to do about faults and failures, of what its facts have shown so far.
    pub findings: Arc<[Finding]>,
    /// When the desk itself did not run of late: what it saw then shows no times.
    pub stalls: Stalls,
    /// The faults as they act at this moment, where time moves them.
    pub present: Option<Arc<Plan>>,
    /// Where the faults are that follow a trace.
    pub traced: Vec<Traced>,
    /// The faults that act at certain times only.
    pub scheduled: Vec<Scheduled>,
    /// How many connections faults have ended since the start, by their kinds.
    pub ended: Vec<(&'static str, u64)>,
    /// The last minute.
    pub history: Arc<History>,
    /// Where a program runs it that tells neither connections nor bytes nor waits: what acts there and is no fault of ours. All of
    /// that is unknown then, and not 0.
    pub foreign: Option<Arc<[String]>>,
}

/// A fault that acts at certain times only. All times are since the engine's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    /// The fault.
    pub setting: Setting,
    /// When it begins to act, or began.
    pub begins: Duration,
    /// When it ends, or ended; absent where it goes on.
    pub ends: Option<Duration>,
}

/// Where a scheduled fault stands in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It begins after this long.
    Coming(Duration),
    /// It acts, and ends after this long; absent where it goes on.
    Acting(Option<Duration>),
    /// It has ended.
    Over,
}

/// Whether a proxy accepts clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    /// It listens.
    Open,
    /// Closed by its user: connections are refused.
    Closed,
    /// Closed by a fault, or lost to another program: connections are refused.
    Refusing,
    /// Clients wait in the kernel's backlog, and why.
    Waiting(String),
}

/// A distribution in three figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many were counted.
    pub count: u64,
    /// The 1st percentile: one in a hundred is less.
    pub p1: Duration,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile: one in a hundred is more.
    pub p99: Duration,
}

/// The requests of a proxy's clients that have had no answer for a tenth of a second or more: the first bytes after silence
/// that are no goodbye, behind which no byte has come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unanswered {
    /// How many connections have one.
    pub count: u32,
    /// For how long the oldest has waited; of those that are overdue, where any is.
    pub oldest: Duration,
    /// How many wait longer than is their habit: more than a second, and more than three times as long as any request of
    /// the same connection and 99 of 100 requests of the proxy without faults. Such a request counts where the desk holds
    /// anything of its connection, or where others wait as well and nobody is answered meanwhile.
    pub overdue: u32,
}

/// What a proxy's clients met in the last ten seconds in which its faults were not changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// What they waited for a first byte back; `None` where there was no answer.
    pub feels: Option<Spread>,
    /// Answers a second.
    pub answers: f64,
    /// Connections that failed.
    pub failed: u64,
    /// Connections that a fault ended.
    pub cut: u64,
    /// How long the time was that this is taken from.
    pub span: Duration,
}

/// What a proxy's clients met while no fault acted, in the last ten seconds of such a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Clean {
    /// What they waited for a first byte back.
    pub feels: Spread,
    /// Answers a second.
    pub answers: f64,
    /// Bytes a second, up and down.
    pub rates: PerDirection<f64>,
    /// Connections that failed.
    pub failed: u64,
    /// How long the time was that this is taken from.
    pub span: Duration,
    /// When it ended, since the engine's start.
    pub until: Duration,
}

/// Where a fault is that follows a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The kind of fault.
    pub kind: &'static str,
    /// How far into the trace it is.
    pub place: Duration,
    /// How long the trace is.
    pub length: Duration,
}

/// A wait that a fault asks for, as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it was over, since the engine's start.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
}

/// The waits at the beginning and the end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits<T = Option<Wait>> {
    /// From a client's arrival until it is served.
    pub accept: T,
    /// From then until its upstream is dialed.
    pub dial: T,
    /// From the end of a stream until it is passed on.
    pub close: T,
}

/// The last minute of a proxy and a little more, a point every half second, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The points; at most `History::LEN`.
    pub points: VecDeque<Point>,
}

/// Half a second of a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// When it ended, since the engine's start.
    pub at: Duration,
    /// Median of what clients felt, `None` without a round trip.
    pub feels: Option<Duration>,
    /// For how long the oldest request that was overdue had waited without an answer as it ended.
    pub waits: Option<Duration>,
    /// Bytes delivered per second, up and down.
    pub rates: PerDirection<f64>,
    /// Connections that failed in it, and those whose clients left while they waited.
    pub failed: u32,
    /// Those of them that the client itself had reset or left.
    pub left: u32,
    /// Connections that a fault ended in it.
    pub cut: u32,
    /// What became of the packets of virtual senders in it.
    pub losses: PerDirection<Losses>,
    /// Bytes that faults changed in it.
    pub changed: PerDirection<u32>,
}

/// One open connection.
#[derive(Clone, Debug)]
pub struct ConnRow {
    /// Its number.
    pub id: ConnId,
    /// The proxy that accepted it.
    pub proxy: ProxyId,
    /// The client's address.
    pub client: SocketAddr,
    /// The upstream's address, once dialed.
    pub upstream: Option<SocketAddr>,
    /// For how long it has been open.
    pub age: Duration,
    /// Bytes delivered, up and down.
    pub bytes: PerDirection<u64>,
    /// Bytes delivered per second, up and down.
    pub rates: PerDirection<f64>,
    /// Bytes that wait, up and down.
    pub held: PerDirection<u64>,
    /// How often one of its directions came to hold all that may wait.
    pub full: u64,
    /// What its virtual senders are at, up and down, where a fault asks for such.
    pub sending: PerDirection<Option<Sending>>,
    /// The last delay that it was given, up and down together; `None` before the first byte.
    pub added: Option<Duration>,
    /// For how long its oldest request has had no answer; `None` where none waits for a tenth of a second or more.
    pub waits: Option<Duration>,
    /// The generation of the plan that it runs.
    pub generation: u64,
    /// What it is doing.
    pub state: ConnState,
    /// The kinds of fault that act on it, a bit for each place in the table of kinds.
    pub hit: u32,
}

/// A connection that has ended, as it was at its end.
#[derive(Clone, Debug)]
pub struct EndedConn {
    /// Its figures; its age is how long it was open.
    pub row: ConnRow,
    /// When it ended, since the engine's start.
    pub at: Duration,
    /// Why it ended.
    pub reason: CloseReason,
    /// Whether the upstream's TLS ended without saying so.
    pub truncated: bool,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnState {
    /// The name is looked up, the upstream dialed, TLS negotiated.
    Dialing,
    /// Bytes flow.
    Open,
    /// Bytes are held by a fault.
    Held,
    /// More bytes wait than may, so its sender is not read: the one moment in which a delay distorts.
    Full,
    /// Nothing has moved for a second or more.
    Idle(Duration),
    /// One direction has ended: this one.
    Half(Direction),
    /// Both have, or it was cut.
    Ended,
}

/// How a change of settings reached a proxy's open connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Connections that run the new settings, those that the new settings ended among them.
    pub taken: u32,
    /// Of these, connections that a fault ended as soon as they ran the new settings.
    pub cut: u32,
    /// Connections that the change concerned: those that are open, and those that it ended.
    pub of: u32,
    /// Microseconds from the change until the last of them ran it.
    pub micros: u64,
}

// === impl Snapshot ===

impl Snapshot {
    /// The connection at a place of the list of those that are open, behind which stand those that have ended.
    #[must_use]
    pub fn conn(&self, place: usize) -> Option<&ConnRow> {
        self.conns
            .get(place)
            .or_else(|| Some(&self.ended(place)?.row))
    }

    /// The connection at such a place, where it has ended.
    #[must_use]
    pub fn ended(&self, place: usize) -> Option<&EndedConn> {
        let behind = place.checked_sub(self.conns.len())?;
        self.ended.get(behind).map(|ended| &**ended)
    }

    /// The place of the connection of this number.
    #[must_use]
    pub fn place(&self, id: ConnId) -> Option<usize> {
        let ended = self.ended.iter().map(|ended| ended.row.id);
        let mut all = self.conns.iter().map(|row| row.id).chain(ended);
        all.position(|other| other == id)
    }
}

// === impl ConnRow ===

impl ConnRow {
    /// A connection that has just been opened.
    #[must_use]
    pub fn opened(id: ConnId, proxy: ProxyId, client: SocketAddr) -> Self {
        Self {
            id,
            proxy,
            client,
            upstream: None,
            age: Duration::ZERO,
            bytes: PerDirection::default(),
            rates: PerDirection::default(),
            held: PerDirection::default(),
            full: 0,
            sending: PerDirection::default(),
            added: None,
            waits: None,
            generation: 0,
            state: ConnState::Open,
            hit: 0,
        }
    }
}

// === impl EndedConn ===

impl EndedConn {
    /// For how long it is shown.
    pub const SHOWN: Duration = Duration::from_secs(10);
    /// How many are kept at most.
    pub const MOST: usize = 1_000;
}

// === impl ProxyRow ===

impl ProxyRow {
    /// A proxy that listens on loopback, has no faults, and has seen no client yet.
    #[must_use]
    pub fn quiet(id: ProxyId, mapping: Mapping) -> Self {
        Self {
            id,
            name: mapping.name_beside(mapping.listen, |_| false),
            listening: vec![(Ipv4Addr::LOCALHOST, mapping.listen).into()],
            mapping,
            port: PortState::Open,
            insecure: false,
            tls: None,
            plan: Arc::default(),
            generation: 1,
            open: 0,
            up_to_date: 0,
            waiting: None,
            total: 0,
            failed: 0,
            bytes: PerDirection::default(),
            rates: PerDirection::default(),
            held: PerDirection::default(),
            full: 0,
            sending: None,
            losses: Losses::default(),
            writes: PerDirection::default(),
            waits: Waits::default(),
            added: PerDirection::default(),
            feels: None,
            unanswered: Unanswered::default(),
            met: None,
            clean: None,
            findings: Arc::default(),
            stalls: Stalls::default(),
            present: None,
            traced: Vec::new(),
            scheduled: Vec::new(),
            ended: Vec::new(),
            history: Arc::default(),
            foreign: None,
        }
    }

    /// By how much what clients feel now differs from what they felt before faults acted: 7.1 where they wait 7.1 times as long.
    /// `None` where no fault acts, or either is unknown.
    #[must_use]
    pub fn factor(&self) -> Option<f64> {
        let acts = !self.plan.bypassed && !self.plan.is_empty();
        let (now, clean) = (self.felt_now()?, self.clean.as_ref()?);
        let before = clean.feels.p50.as_secs_f64();
        (acts && before > 0.0).then(|| now.p50.as_secs_f64() / before)
    }

    /// What clients feel, where there was a round trip in the last moments: else it is what they felt once.
    #[must_use]
    pub fn felt_now(&self) -> Option<Spread> {
        let mut newest = self.history.points.iter().rev().take(History::NOW);
        let is_now = newest.any(|point| point.feels.is_some());
        self.feels.filter(|_| is_now)
    }

    /// What became of the virtual senders' packets in the last minute, in both directions.
    #[must_use]
    pub fn losses(&self) -> Losses {
        let points = self.history.minute();
        let ways = points.flat_map(|point| [point.losses.up, point.losses.down]);
        ways.fold(Losses::default(), Losses::plus)
    }

    /// The mapping with the port that is really listened on, where it asks for any.
    #[must_use]
    pub fn bound(&self) -> Mapping {
        let mut mapping = self.mapping.clone();
        if let Some(addr) = self.listening.first() {
            mapping.listen = addr.port();
        }
        mapping
    }
}

// === impl PortState ===

impl PortState {
    /// The state in one word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Refusing => "refusing",
            Self::Waiting(_) => "waiting",
        }
    }
}

// === impl Scheduled ===

impl Scheduled {
    /// Where it stands at a time since the engine's start.
    #[must_use]
    pub fn phase(&self, at: Duration) -> Phase {
        if let Some(wait) = self.begins.checked_sub(at).filter(|wait| !wait.is_zero()) {
            return Phase::Coming(wait);
        }
        let left = self.ends.map(|ends| ends.saturating_sub(at));
        match left {
            Some(Duration::ZERO) => Phase::Over,
            left => Phase::Acting(left),
        }
    }

    /// The times at which it begins or ends by itself: not its beginning where it began as it was set.
    pub fn turns(&self) -> impl Iterator<Item = (Duration, bool)> {
        let begins = !self.setting.schedule.start.is_zero();
        let begins = begins.then_some((self.begins, true));
        begins
            .into_iter()
            .chain(self.ends.map(|ends| (ends, false)))
    }
}

// === impl History ===

impl History {
    /// How many points there are at most: a minute's, and those of ten seconds more, by which a chart's scale stays where it is
    /// for a while after its highest value has left.
    pub const LEN: usize = 140;
    /// How far apart they are.
    pub const STEP: Duration = Duration::from_millis(500);
    /// How many of the newest reach back as far as "now" does.
    const NOW: usize = 3;
    /// How far back a chart reaches.
    pub const SPAN: Duration = Duration::from_secs(60);
    /// How far back the points reach.
    pub const KEPT: Duration = Duration::from_secs(70);

    /// The points of the last minute.
    #[must_use]
    pub fn minute(&self) -> impl DoubleEndedIterator<Item = &Point> {
        let last = self.points.back().map_or(Duration::ZERO, |last| last.at);
        let points = self.points.iter();
        points.filter(move |point| last.saturating_sub(point.at) < Self::SPAN)
    }
}

// === impl Taken ===

impl Taken {
    /// The connections of two proxies together; the time is that of the slower one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            taken: self.taken + other.taken,
            cut: self.cut + other.cut,
            of: self.of + other.of,
            micros: self.micros.max(other.micros),
        }
    }
}

/// How a change reached the connections: `taken by 4 of 4 in 3 ms`, `taken by 4 of 4 in 3 ms, 1 cut`, and where it cut all of
/// them `4 of 4 cut in 3 ms`.
impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, cut, of, .. } = self;
        if *cut > 0 && cut == of {
            write!(f, "{cut} of {of} cut in ")?;
        } else {
            write!(f, "taken by {taken} of {of} in ")?;
        }
        match self.micros {
            micros @ 0..1_000 => write!(f, "{micros} µs")?,
            micros => write!(f, "{} ms", (micros + 500) / 1_000)?,
        }
        if *cut > 0 && cut < of {
            write!(f, ", {cut} cut")?;
        }
        Ok(())
    }
}
