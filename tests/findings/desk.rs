//! A desk with an upstream behind it, as far as facts tell of them: a queue of events, and no clock but the time of the first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use faultboard::fault::random::{Random, unit};
use faultboard::fault::{Plan, Setting, language};
use faultboard::findings::{Finding, Findings, KnownConn};
use faultboard::snapshot::{Amid, By, ConnId, Fact, Leave, LegName, ProxyId, Seen, Stall};

/// A client of the desk: told when a timer of its own is due, when an answer begins, and when the desk ends a connection.
pub trait Client {
    fn wake(&mut self, desk: &mut Desk, me: usize, timer: u64);
    fn answered(&mut self, _desk: &mut Desk, _me: usize, _conn: u64) {}
    fn ended(&mut self, _desk: &mut Desk, _me: usize, _conn: u64) {}
    /// The upstream sent something unasked, or something that looks like the answer to what has none.
    fn pushed(&mut self, _desk: &mut Desk, _me: usize, _conn: u64) {}
    /// Where its connections come from.
    fn address(&self) -> IpAddr {
        HERE
    }
}

/// What a fault does to requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acts {
    Nothing,
    Hole,
    Delay(Duration),
    /// So many bytes a second pass in each connection; an answer has `ANSWER` of them.
    Rate(f64),
    /// This share of requests finds its connection reset.
    Reset(f64),
    /// The same by the upstream itself, without a fault of ours.
    Breaks(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Beat,
    Wake { client: usize, timer: u64 },
    Fault(usize),
    Lift,
    Hold,
    Act(usize),
    Answer { conn: u64 },
    Whole { client: usize, conn: u64 },
    Cut { conn: u64 },
    Over { conn: u64 },
    Push { conn: u64 },
}

#[derive(Debug)]
struct Conn {
    client: usize,
    address: IpAddr,
    opened: Duration,
    waits: Option<Duration>,
    last_up: Duration,
    last_down: Option<Duration>,
    answered: u32,
    asked: u64,
    /// Requests that a hole holds, by how long the upstream will take for each.
    held: Vec<Duration>,
    left: Option<Leave>,
    /// Whether the client still reads after its end.
    reads: bool,
    /// How many bytes were delivered.
    bytes: u64,
    /// Whether it asked again while it waits.
    more: bool,
}

pub struct Desk {
    pub now: Duration,
    pub random: Random,
    pub acts: Acts,
    pub findings: Findings,
    /// Each statement that was made, as it was first made with its figures.
    pub stated: Vec<Finding>,
    /// How many facts there were.
    pub facts: u64,
    address: IpAddr,
    conns: BTreeMap<u64, Conn>,
    queue: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    numbers: u64,
    scenes: Vec<(Duration, &'static str)>,
    /// From when to when facts are dropped, in the order of their times; and whether one was.
    gaps: Vec<Range<Duration>>,
    lost: bool,
    /// How late timers of clients are on a busy machine, in the mean of those that are; and when the desk does not run on it, in the
    /// order of their times, with how many of these it has noticed.
    late: Duration,
    stalls: Vec<Range<Duration>>,
    noticed: usize,
    /// Whether it notices that.
    pub notices: bool,
}

/// How many bytes an answer has.
const ANSWER: f64 = 10_000.0;

/// Where clients come from by default.
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Desk {
    /// A desk whose faults change at these times.
    pub fn new(seed: u64, scenes: &[(u64, &'static str)]) -> Self {
        let mut desk = Self {
            now: Duration::ZERO,
            random: Random::new(seed),
            acts: Acts::Nothing,
            findings: Findings::default(),
            stated: Vec::new(),
            facts: 0,
            address: HERE,
            conns: BTreeMap::new(),
            queue: BinaryHeap::new(),
            numbers: 0,
            scenes: Vec::new(),
            gaps: Vec::new(),
            lost: false,
            late: Duration::ZERO,
            stalls: Vec::new(),
            noticed: 0,
            notices: true,
        };
        desk.findings.faults(Duration::ZERO, &Plan::default());
        desk.scenes = scenes
            .iter()
            .map(|(at, text)| (Duration::from_secs(*at), *text))
            .collect();
        for index in 0..scenes.len() {
            desk.at(desk.scenes[index].0, Event::Fault(index));
        }
        desk.at(Duration::ZERO, Event::Beat);
        desk
    }

    /// Runs until `end`, with each client woken once at its start.
    pub fn run(&mut self, clients: &mut [Box<dyn Client>], end: Duration) {
        for client in 0..clients.len() {
            let start = self.between(0.0, 0.5);
            self.at(start, Event::Wake { client, timer: 0 });
        }
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            if at > end {
                break;
            }
            self.now = at;
            match event {
                Event::Beat => self.beat(),
                Event::Fault(index) => self.change(index),
                Event::Lift => self.act(Acts::Nothing),
                Event::Wake { client, timer } => {
                    self.address = clients[client].address();
                    clients[client].wake(self, client, timer);
                }
                Event::Hold => self.act(Acts::Hole),
                Event::Act(index) => self.act_of(index),
                Event::Answer { conn } => match (self.answer(conn), self.acts) {
                    (Some(client), Acts::Rate(rate)) => {
                        let takes = Duration::from_secs_f64(ANSWER / rate);
                        self.at(at + takes, Event::Whole { client, conn });
                    }
                    (Some(client), _) => self.whole(clients, client, conn),
                    (None, _) => {}
                },
                Event::Whole { client, conn } if self.is_open(conn) => {
                    self.whole(clients, client, conn);
                }
                Event::Whole { .. } => {}
                Event::Cut { conn } => {
                    if let Some(client) = self.cut(conn) {
                        self.address = clients[client].address();
                        clients[client].ended(self, client, conn);
                    }
                }
                Event::Over { conn } => self.over(conn, By::Client),
                Event::Push { conn } => {
                    if let Some(client) = self.push(conn) {
                        self.address = clients[client].address();
                        clients[client].pushed(self, client, conn);
                    }
                }
            }
        }
    }

    // === what clients do ===

    /// Wakes `me` after a while.
    pub fn sleep(&mut self, me: usize, timer: u64, after: Duration) {
        let is_late = !self.late.is_zero() && unit(self.random.draw()) < 0.3;
        let late = if is_late {
            // As arrivals that have nothing to do with one another are apart.
            self.late.mul_f64(-(1.0 - unit(self.random.draw())).ln())
        } else {
            Duration::ZERO
        };
        self.at(self.now + after + late, Event::Wake { client: me, timer });
    }

    pub fn open(&mut self, me: usize) -> u64 {
        self.numbers += 1;
        let conn = self.numbers;
        let seen = self.sees();
        let port = 1024 + u16::try_from(conn % 60_000).expect("a port");
        let client = SocketAddr::new(self.address, port);
        self.conns.insert(
            conn,
            Conn {
                client: me,
                address: self.address,
                opened: seen,
                waits: None,
                last_up: seen,
                last_down: None,
                answered: 0,
                asked: 0,
                held: Vec::new(),
                left: None,
                reads: false,
                bytes: 100,
                more: false,
            },
        );
        self.tell(conn, Seen::Opened { client });
        self.tell(conn, Seen::Reached);
        conn
    }

    /// Sends a request that the upstream answers after `takes`; never where absent.
    pub fn ask(&mut self, conn: u64, bytes: u64, takes: Option<Duration>) {
        let (now, seen) = (self.now, self.sees());
        let acts = self.acts;
        let share = unit(self.random.draw());
        let soon = self.between(0.0005, 0.003);
        let Some(row) = self.conns.get_mut(&conn) else {
            return;
        };
        let silent = seen - row.last_up.max(row.last_down.unwrap_or_default());
        let first = row.waits.is_none();
        row.more |= !first;
        row.last_up = seen;
        row.asked = bytes;
        if first {
            row.waits = Some(seen);
            self.tell(conn, Seen::Asked { bytes, silent });
        }
        let row = self.conns.get_mut(&conn).expect("a connection");
        match (acts, takes) {
            (Acts::Reset(of) | Acts::Breaks(of), _) if share < of => {
                self.at(now + soon, Event::Cut { conn });
            }
            (_, None) => {}
            (Acts::Hole, Some(takes)) => row.held.push(takes),
            (Acts::Delay(delay), Some(takes)) => {
                self.at(now + delay + takes, Event::Answer { conn });
            }
            (_, Some(takes)) => self.at(now + takes, Event::Answer { conn }),
        }
    }

    /// Ends the client's side for good.
    pub fn leave(&mut self, conn: u64, how: Leave) {
        self.end(conn, how, false);
    }

    /// Ends the client's stream, and goes on reading.
    pub fn half_close(&mut self, conn: u64) {
        self.end(conn, Leave::Fin, true);
    }

    /// For so long the client was given bytes, this share of it less than was due to it since its window was full.
    pub fn let_in(&mut self, conn: u64, over: Duration, share: f64, bytes: u64) {
        let seen = self.sees();
        let row = self.conns.get_mut(&conn);
        let Some(row) = row.filter(|row| row.left.is_none()) else {
            return;
        };
        row.bytes += bytes;
        row.last_down = Some(seen);
        let blocked = over.mul_f64(share);
        if !blocked.is_zero() {
            self.tell(
                conn,
                Seen::Blocked {
                    over,
                    blocked,
                    bytes,
                },
            );
        }
    }

    /// Has the upstream send something after a while without being asked.
    pub fn push_after(&mut self, conn: u64, after: Duration) {
        self.at(self.now + after, Event::Push { conn });
    }

    pub fn is_open(&self, conn: u64) -> bool {
        self.conns.contains_key(&conn)
    }

    /// A time between two numbers of seconds.
    pub fn between(&mut self, least: f64, most: f64) -> Duration {
        Duration::from_secs_f64(least + (most - least) * unit(self.random.draw()))
    }

    // === what happens ===

    /// A client has the whole answer.
    fn whole(&mut self, clients: &mut [Box<dyn Client>], client: usize, conn: u64) {
        self.address = clients[client].address();
        clients[client].answered(self, client, conn);
    }

    fn at(&mut self, at: Duration, event: Event) {
        self.numbers += 1;
        self.queue.push(Reverse((at, self.numbers, event)));
    }

    /// When it sees what happens now.
    fn sees(&self) -> Duration {
        let stall = self.stalls.iter().find(|stall| stall.contains(&self.now));
        stall.map_or(self.now, |stall| stall.end)
    }

    /// Notices stalls that are over when it sees what happens now.
    fn notice(&mut self) {
        let seen = self.sees();
        while let Some(stall) = self.stalls.get(self.noticed).filter(|it| it.end <= seen) {
            let (from, to) = (stall.start, stall.end);
            self.noticed += 1;
            // It looks every 20 ms whether it runs, and whether that was 35 ms ago.
            let from = from.saturating_sub(self.between(0.0, 0.02));
            if self.notices && to - from > Duration::from_millis(35) {
                self.findings.stalled(Stall { from, to });
            }
        }
    }

    fn tell(&mut self, conn: u64, seen: Seen) {
        self.notice();
        let fact = Fact {
            at: self.sees(),
            proxy: ProxyId(1),
            conn: ConnId(conn),
            seen,
        };
        if self.gaps.iter().any(|gap| gap.contains(&self.now)) {
            self.lost = true;
            return;
        }
        self.facts += 1;
        self.findings.see(&fact);
    }

    fn end(&mut self, conn: u64, how: Leave, reads: bool) {
        let (now, seen) = (self.now, self.sees());
        let delay = match self.acts {
            Acts::Delay(delay) => delay,
            _ => Duration::from_millis(1),
        };
        let Some(row) = self.conns.get_mut(&conn).filter(|row| row.left.is_none()) else {
            return;
        };
        (row.left, row.reads) = (Some(how), reads);
        let amid = Amid {
            waiting: row.waits.map(|since| seen - since),
            silent_up: seen - row.last_up,
            silent_down: row.last_down.map(|at| seen - at),
            asked: row.asked,
            answered: row.answered,
            held: false,
        };
        let waits = row.waits.is_some();
        self.tell(
            conn,
            Seen::Left {
                leg: LegName::Client,
                how,
                amid,
            },
        );
        let holds = self.acts == Acts::Hole;
        // What waits in a hole ends when the hole does; what is answered first ends with its answer.
        if !holds && (how == Leave::Rst || !waits) {
            self.at(now + delay, Event::Over { conn });
        } else if !holds && !reads {
            self.at(now + delay + Duration::from_secs(1), Event::Over { conn });
        }
    }

    fn answer(&mut self, conn: u64) -> Option<usize> {
        let seen = self.sees();
        let by_chance = unit(self.random.draw()) < 0.5;
        let row = self.conns.get_mut(&conn)?;
        let waited = row.waits.take().map(|since| seen - since);
        row.last_down = Some(seen);
        row.answered += 1;
        let more = std::mem::take(&mut row.more);
        let (client, left, reads) = (row.client, row.left, row.reads);
        if let Some(waited) = waited {
            self.tell(
                conn,
                Seen::Answered {
                    waited,
                    upstream: waited,
                    more,
                    gone: false,
                },
            );
        }
        match left {
            None => return Some(client),
            Some(_) if reads => {
                self.over(conn, By::Client);
                return Some(client);
            }
            Some(_) if by_chance => {
                let amid = Amid::default();
                self.tell(
                    conn,
                    Seen::Left {
                        leg: LegName::Client,
                        how: Leave::Rst,
                        amid,
                    },
                );
                self.over(conn, By::ClientBroke);
            }
            Some(_) => self.over(conn, By::Client),
        }
        None
    }

    fn cut(&mut self, conn: u64) -> Option<usize> {
        let row = self.conns.get(&conn)?;
        let (client, left) = (row.client, row.left);
        let by = match self.acts {
            Acts::Breaks(_) => {
                let leg = LegName::Upstream;
                let amid = Amid {
                    waiting: row.waits.map(|since| self.sees() - since),
                    ..Amid::default()
                };
                self.tell(
                    conn,
                    Seen::Left {
                        leg,
                        how: Leave::Rst,
                        amid,
                    },
                );
                By::UpstreamBroke
            }
            _ => By::Fault("reset"),
        };
        self.over(conn, by);
        left.is_none().then_some(client)
    }

    fn over(&mut self, conn: u64, by: By) {
        if self.conns.contains_key(&conn) {
            let bytes = self.conns[&conn].bytes;
            self.tell(conn, Seen::Closed { by, bytes });
            self.conns.remove(&conn);
        }
    }

    fn push(&mut self, conn: u64) -> Option<usize> {
        let seen = self.sees();
        let holds = self.acts == Acts::Hole;
        let row = self.conns.get_mut(&conn);
        let row = row.filter(|row| row.left.is_none() && !holds)?;
        let silent = seen - row.last_up.max(row.last_down.unwrap_or_default());
        let waited = row.waits.take().map(|since| seen - since);
        row.last_down = Some(seen);
        row.answered += u32::from(waited.is_some());
        let client = row.client;
        if let Some(waited) = waited {
            let upstream = waited;
            self.tell(
                conn,
                Seen::Answered {
                    waited,
                    upstream,
                    more: false,
                    gone: false,
                },
            );
        } else if silent >= Fact::SILENCE {
            self.tell(conn, Seen::Pushed { bytes: 80, silent });
        }
        Some(client)
    }

    fn change(&mut self, index: usize) {
        let text = self.scenes[index].1;
        if text == "restart" {
            for conn in self.conns.keys().copied().collect::<Vec<_>>() {
                let soon = self.between(0.0, 0.004);
                self.at(self.now + soon, Event::Cut { conn });
            }
        }
        let (plan, acts) = acts(text);
        self.notice();
        self.findings.faults(self.sees(), &plan);
        let lasts = plan.settings().iter().find_map(|it| it.schedule.lasts);
        if let Some(lasts) = lasts {
            self.at(self.now + lasts, Event::Lift);
        }
        self.act(acts);
        self.act_of(index);
    }

    /// A turn of what acts and rests in turn begins.
    fn act_of(&mut self, index: usize) {
        let (plan, acts) = acts(self.scenes[index].1);
        let rests = |it: &Setting| it.kind.rests.and_then(|rests| rests(it));
        let Some((turn, rest)) = plan.settings().iter().find_map(rests) else {
            return;
        };
        if rest.start.is_zero() {
            self.act(Acts::Nothing);
            self.at(self.now + rest.end, Event::Hold);
        } else {
            self.act(acts);
            self.at(self.now + rest.start, Event::Lift);
        }
        self.at(self.now + turn, Event::Act(index));
    }

    fn act(&mut self, acts: Acts) {
        self.acts = acts;
        if acts == Acts::Hole {
            return;
        }
        let mut released = Vec::new();
        for (conn, row) in &mut self.conns {
            released.extend(row.held.drain(..).map(|takes| (*conn, takes)));
            if row.left.is_some() && row.waits.is_none() {
                released.push((*conn, Duration::MAX));
            }
        }
        for (conn, takes) in released {
            if takes == Duration::MAX {
                self.at(self.now, Event::Over { conn });
            } else {
                self.at(self.now + takes, Event::Answer { conn });
            }
        }
    }

    /// Drops facts in some moments, as a desk does that has too many.
    pub fn drop_some(&mut self, lasts: Duration) {
        let mut from = self.between(1.0, 30.0);
        while from < lasts {
            let to = from + self.between(0.01, 0.5);
            self.gaps.push(from..to);
            from = to + self.between(5.0, 80.0);
        }
    }

    /// Makes the machine busy: timers of clients are late now and then, by so much in the mean, and the desk does not run for up to
    /// `longest` every second or two.
    pub fn busy(&mut self, late: Duration, longest: Duration, lasts: Duration) {
        self.late = late;
        let mut from = self.between(0.0, 2.0);
        while from < lasts && !longest.is_zero() {
            let to = from + self.between(0.02, longest.as_secs_f64());
            self.stalls.push(from..to);
            from = to + self.between(0.2, 3.0);
        }
    }

    fn beat(&mut self) {
        self.notice();
        let in_gap = self.gaps.iter().any(|gap| gap.contains(&self.now));
        if !in_gap && std::mem::take(&mut self.lost) {
            let open = self.conns.iter().map(|(id, row)| KnownConn {
                id: ConnId(*id),
                client: row.address,
                opened: row.opened,
                asked: row.waits.filter(|_| row.left.is_none()),
                answered: row.answered > 0,
            });
            self.findings.begin_anew(self.now, open);
        }
        let stated = self.findings.state(self.sees());
        for finding in stated.iter() {
            if !self.stated.iter().any(|before| before.text == finding.text) {
                self.stated.push(finding.clone());
            }
        }
        self.at(self.now + Duration::from_millis(100), Event::Beat);
    }
}

/// What faults in the language do here. `upstream PERCENT` is no fault but an upstream that fails, and `restart` one that breaks every
/// connection and fails from then on.
fn acts(text: &str) -> (Plan, Acts) {
    if text == "restart" {
        return (Plan::default(), Acts::Breaks(1.0));
    }
    if let Some(percent) = text.strip_prefix("upstream ") {
        let percent: f64 = percent.parse().expect("a share");
        return (Plan::default(), Acts::Breaks(percent / 100.0));
    }
    if text.is_empty() {
        return (Plan::default(), Acts::Nothing);
    }
    let plan = Plan::of(language::parse(text).expect("faults"));
    let mut words = text.split_whitespace();
    let acts = match (words.next(), words.next()) {
        (Some("blackhole" | "flap"), _) => Acts::Hole,
        (Some("bandwidth"), Some(rate)) => {
            let kilobytes: f64 = rate.trim_end_matches("kB/s").parse().expect("kB/s");
            Acts::Rate(kilobytes * 1e3)
        }
        (Some("latency"), Some(delay)) => {
            let millis = delay.trim_end_matches("ms").parse().expect("milliseconds");
            let swings = if text.contains("wave=square") { 2 } else { 1 };
            Acts::Delay(Duration::from_millis(millis) * swings)
        }
        (Some("reset"), _) => {
            let share = text.split("share=").nth(1).map_or(100.0, |share| {
                share.trim_end_matches('%').parse().expect("a share")
            });
            Acts::Reset(share / 100.0)
        }
        (other, _) => panic!("{other:?} is not simulated"),
    };
    (plan, acts)
}
