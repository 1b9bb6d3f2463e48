//! An application as its settings make it: callers, a pool, a time-out, retries, a breaker, hedges.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use faultboard::snapshot::Leave;

use crate::desk::{Client, Desk};

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Clone, Copy, Debug)]
pub enum Retry {
    None,
    /// So many milliseconds, one after another.
    Listed(&'static [u64]),
    Fixed {
        more: u32,
        pause: Duration,
    },
    /// Doubling pauses, drawn from nothing up to them where `jitter`.
    Doubling {
        more: u32,
        base: Duration,
        cap: Duration,
        jitter: bool,
    },
    /// Each pause `step` longer than the one before, up to `cap`, and less by chance by up to so large a share.
    Linear {
        more: u32,
        step: Duration,
        cap: Duration,
        jitter: f64,
    },
}

/// The settings of an application.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub callers: usize,
    /// What a caller does between two requests: nothing for so many seconds.
    pub think: (f64, f64),
    pub timeout: Option<Duration>,
    pub retry: Retry,
    /// Whether connections are kept and used again.
    pub pooled: bool,
    pub lifetime: Option<Duration>,
    /// Idle connections are closed after this, looked for every half second.
    pub idle: Option<Duration>,
    /// After so many failures in a row, none for so long.
    pub breaker: Option<(u32, Duration)>,
    pub hedge: Option<Duration>,
    /// Whether a time-out first sends a cancel on a connection of its own.
    pub cancels: bool,
    /// Whether it closes its idle connections after an error of one.
    pub distrusts: bool,
    /// How long the upstream takes, in seconds.
    pub takes: (f64, f64),
    /// So many connections are kept open, asked or not: what is lost is opened again at once.
    pub refills: usize,
    /// Time-outs are looked for so often only, all at once.
    pub clock: Option<Duration>,
}

/// What it did.
#[derive(Debug, Default)]
pub struct Deeds {
    pub gave_up: Vec<Duration>,
    pub hedged: Vec<Duration>,
    pub pauses: Vec<Duration>,
    /// From the start of each attempt that failed to that of the next one.
    pub apart: Vec<Duration>,
    /// How old connections were that it replaced, and how long idle those that it closed.
    pub ages: Vec<Duration>,
    pub idle: Vec<Duration>,
    pub most_open: usize,
    /// When each caller was answered.
    pub answered: Vec<(usize, Duration)>,
}

#[derive(Debug)]
pub struct Application {
    settings: Settings,
    pub deeds: Rc<RefCell<Deeds>>,
    callers: Vec<Caller>,
    idle: Vec<(u64, Duration)>,
    born: BTreeMap<u64, Duration>,
    failures: u32,
    shut_until: Option<Duration>,
    probing: bool,
    cancelling: Vec<u64>,
}

#[derive(Debug, Default)]
struct Caller {
    /// Its request's connections: the first one, and the hedge's.
    conns: Vec<u64>,
    asked: Duration,
    attempt: u32,
    /// Numbers its timers: those of earlier requests are stale.
    turn: u64,
}

const START: u64 = 0;
const TIMEOUT: u64 = 1;
const HEDGE: u64 = 2;
const SWEEP: u64 = 3;

impl Settings {
    pub const PLAIN: Self = Self {
        callers: 4,
        think: (0.1, 0.4),
        timeout: None,
        retry: Retry::None,
        pooled: true,
        lifetime: None,
        idle: None,
        breaker: None,
        hedge: None,
        cancels: false,
        distrusts: false,
        takes: (0.002, 0.012),
        refills: 0,
        clock: None,
    };
}

impl Application {
    pub fn new(settings: Settings) -> (Box<dyn Client>, Rc<RefCell<Deeds>>) {
        let deeds = Rc::new(RefCell::new(Deeds::default()));
        let application = Self {
            settings,
            deeds: Rc::clone(&deeds),
            callers: (0..settings.callers).map(|_| Caller::default()).collect(),
            idle: Vec::new(),
            born: BTreeMap::new(),
            failures: 0,
            shut_until: None,
            probing: false,
            cancelling: Vec::new(),
        };
        (Box::new(application), deeds)
    }

    fn timer(&self, caller: usize, what: u64) -> u64 {
        (caller as u64) << 40 | self.callers[caller].turn << 4 | what
    }

    fn think(&mut self, desk: &mut Desk, me: usize, caller: usize) {
        let (least, most) = self.settings.think;
        let pause = desk.between(least, most);
        self.callers[caller].attempt = 0;
        self.callers[caller].turn += 1;
        desk.sleep(me, self.timer(caller, START), pause);
    }

    fn checked_out(&mut self, desk: &mut Desk, me: usize) -> u64 {
        while let Some((conn, _)) = self.idle.pop() {
            if !desk.is_open(conn) {
                continue;
            }
            if self.is_old(desk, conn) {
                self.retire(desk, conn);
                continue;
            }
            return conn;
        }
        let conn = desk.open(me);
        self.born.insert(conn, desk.now);
        let open = self.born.keys().filter(|conn| desk.is_open(**conn)).count();
        let mut deeds = self.deeds.borrow_mut();
        deeds.most_open = deeds.most_open.max(open);
        conn
    }

    fn is_old(&self, desk: &Desk, conn: u64) -> bool {
        let age = desk.now - self.born[&conn];
        self.settings
            .lifetime
            .is_some_and(|lifetime| age >= lifetime)
    }

    fn give_back(&mut self, desk: &mut Desk, conn: u64) {
        if self.settings.pooled && !self.is_old(desk, conn) {
            self.idle.push((conn, desk.now));
        } else if self.settings.pooled {
            self.retire(desk, conn);
        } else {
            desk.leave(conn, Leave::Fin);
        }
    }

    fn retire(&mut self, desk: &mut Desk, conn: u64) {
        self.deeds
            .borrow_mut()
            .ages
            .push(desk.now - self.born[&conn]);
        desk.leave(conn, Leave::Fin);
    }

    fn attempt(&mut self, desk: &mut Desk, me: usize, caller: usize) {
        if let Some(until) = self.shut_until {
            if desk.now < until || self.probing {
                return self.think(desk, me, caller);
            }
            self.probing = true;
        }
        let conn = self.checked_out(desk, me);
        self.callers[caller].conns = vec![conn];
        let before = std::mem::replace(&mut self.callers[caller].asked, desk.now);
        if self.callers[caller].attempt > 0 {
            self.deeds.borrow_mut().apart.push(desk.now - before);
        }
        let (least, most) = self.settings.takes;
        let takes = desk.between(least, most);
        desk.ask(conn, 120, Some(takes));
        if let Some(timeout) = self.settings.timeout {
            let late = desk.between(0.0, 0.004);
            let due = match self.settings.clock {
                Some(clock) => {
                    let ticks = (desk.now + timeout).div_duration_f64(clock).ceil();
                    clock.mul_f64(ticks) - desk.now
                }
                None => timeout,
            };
            desk.sleep(me, self.timer(caller, TIMEOUT), due + late);
        }
        if let Some(hedge) = self.settings.hedge {
            let late = desk.between(0.0, 0.003);
            desk.sleep(me, self.timer(caller, HEDGE), hedge + late);
        }
    }

    fn failed(&mut self, desk: &mut Desk, me: usize, caller: usize) {
        self.callers[caller].turn += 1;
        self.failures += 1;
        if self.settings.distrusts {
            for (conn, _) in std::mem::take(&mut self.idle) {
                desk.leave(conn, Leave::Fin);
            }
        }
        let breaker = self.settings.breaker;
        let breaker = breaker.filter(|(most, _)| self.probing || self.failures >= *most);
        if let Some((_, shut)) = breaker {
            self.shut_until = Some(desk.now + shut);
            self.probing = false;
            self.failures = 0;
        }
        let attempt = self.callers[caller].attempt;
        let pause = match self.settings.retry {
            Retry::Fixed { more, pause } if attempt < more => {
                Some(pause + desk.between(0.0, 0.003))
            }
            Retry::Listed(pauses) => pauses.get(attempt as usize).copied().map(millis),
            Retry::Doubling {
                more,
                base,
                cap,
                jitter,
            } if attempt < more => {
                let most = (base * 2_u32.pow(attempt.min(20))).min(cap);
                Some(if jitter {
                    desk.between(0.0, most.as_secs_f64())
                } else {
                    most
                })
            }
            Retry::Linear {
                more,
                step,
                cap,
                jitter,
            } if attempt < more => {
                let whole = (step * (attempt + 1)).min(cap);
                Some(whole.mul_f64(1.0 - jitter) + desk.between(0.0, whole.as_secs_f64() * jitter))
            }
            _ => None,
        };
        let Some(pause) = pause else {
            return self.think(desk, me, caller);
        };
        self.deeds.borrow_mut().pauses.push(pause);
        self.callers[caller].attempt += 1;
        desk.sleep(me, self.timer(caller, START), pause);
    }

    fn timed_out(&mut self, desk: &mut Desk, me: usize, caller: usize) {
        let waited = desk.now - self.callers[caller].asked;
        self.deeds.borrow_mut().gave_up.push(waited);
        if self.settings.cancels {
            let conn = desk.open(me);
            desk.ask(conn, 16, None);
            self.cancelling.push(conn);
        }
        for conn in std::mem::take(&mut self.callers[caller].conns) {
            desk.leave(conn, Leave::Fin);
        }
        for conn in std::mem::take(&mut self.cancelling) {
            desk.leave(conn, Leave::Fin);
        }
        self.failed(desk, me, caller);
    }

    fn hedge(&mut self, desk: &mut Desk, me: usize, caller: usize) {
        let waited = desk.now - self.callers[caller].asked;
        self.deeds.borrow_mut().hedged.push(waited);
        let conn = self.checked_out(desk, me);
        self.callers[caller].conns.push(conn);
        let (least, most) = self.settings.takes;
        let takes = desk.between(least, most);
        desk.ask(conn, 120, Some(takes));
    }

    fn sweep(&mut self, desk: &mut Desk, me: usize) {
        if let Some(most) = self.settings.idle {
            let (old, young) = self
                .idle
                .drain(..)
                .partition::<Vec<_>, _>(|(_, since)| desk.now - *since >= most);
            self.idle = young;
            for (conn, since) in old {
                self.deeds.borrow_mut().idle.push(desk.now - since);
                desk.leave(conn, Leave::Fin);
            }
            desk.sleep(me, SWEEP, millis(500));
        }
    }

    /// Opens as many connections as are kept at least.
    fn refill(&mut self, desk: &mut Desk, me: usize) {
        let open = self.born.keys().filter(|conn| desk.is_open(**conn)).count();
        for _ in open..self.settings.refills {
            let conn = desk.open(me);
            self.born.insert(conn, desk.now);
            self.idle.push((conn, desk.now));
        }
    }

    fn whose(&self, conn: u64) -> Option<usize> {
        self.callers
            .iter()
            .position(|caller| caller.conns.contains(&conn))
    }
}

impl Client for Application {
    fn wake(&mut self, desk: &mut Desk, me: usize, timer: u64) {
        let caller = usize::try_from(timer >> 40).expect("a caller");
        match timer & 15 {
            SWEEP => self.sweep(desk, me),
            START if timer == 0 && self.callers[0].turn == 0 => {
                for caller in 0..self.callers.len() {
                    self.think(desk, me, caller);
                }
                self.sweep(desk, me);
            }
            _ if timer >> 4 & 0xf_ffff_ffff != self.callers[caller].turn => {}
            START => self.attempt(desk, me, caller),
            TIMEOUT => self.timed_out(desk, me, caller),
            _ => self.hedge(desk, me, caller),
        }
    }

    fn answered(&mut self, desk: &mut Desk, me: usize, conn: u64) {
        let Some(caller) = self.whose(conn) else {
            return;
        };
        for other in std::mem::take(&mut self.callers[caller].conns) {
            if other == conn {
                self.give_back(desk, conn);
            } else {
                desk.leave(other, Leave::Rst);
            }
        }
        self.deeds.borrow_mut().answered.push((caller, desk.now));
        self.failures = 0;
        (self.shut_until, self.probing) = (None, false);
        self.think(desk, me, caller);
    }

    fn ended(&mut self, desk: &mut Desk, me: usize, conn: u64) {
        self.refill(desk, me);
        let Some(caller) = self.whose(conn) else {
            return;
        };
        self.callers[caller].conns.retain(|other| *other != conn);
        if self.callers[caller].conns.is_empty() {
            self.failed(desk, me, caller);
        }
    }
}
