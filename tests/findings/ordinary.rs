//! Ordinary traffic of which nothing may be said that is not so.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use faultboard::snapshot::Leave;

use crate::application::millis;
use crate::desk::{Acts, Client, Desk};

/// What a client without habits worth telling does.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    /// Asks, and asks again as soon as it is answered; all ends at once, and begins again after a while.
    Benchmark { conns: usize, lasts: f64 },
    /// The same, each answered after exactly as long.
    Drill { conns: usize, lasts: f64 },
    /// Asks on many streams of one connection, whatever is answered.
    Streams { every: f64 },
    /// Opens a connection every so many seconds, whatever is answered, asks, and leaves with the answer.
    Paced { every: f64 },
    /// Opens a connection, asks, reads the answer and leaves; then sleeps.
    Loop { sleeps: f64 },
    /// Asks for what comes after up to so many seconds, for ever.
    LongPoll { most: f64 },
    /// Asks once and is told things for ever.
    Subscriber,
    /// Asks, then says goodbye and leaves.
    Goodbye,
    /// Sends its request with its end, and reads the answer.
    HalfCloses,
    /// Sends what has no answer, and leaves after this long.
    FireAndForget { lasts: f64 },
    /// Reads so many bytes a second of what it was sent; all of it is there after so many seconds.
    Reads { rate: f64, lasts: f64 },
    /// Asks now and then on one connection, and pings when it was silent for two seconds.
    Pings,
    /// Is pinged by its upstream when its connection was silent for twenty seconds.
    IsPinged,
    /// Asks what there is to do, does it where there is something, and sleeps a second.
    Polls,
    /// Opens a connection, sends so many bytes that have no answer, and leaves after this long; again and again.
    OneWay { bytes: u64, lasts: f64 },
    /// Every so many seconds does a job of three requests, each on a connection of its own.
    Cron { every: f64 },
    /// Asks, in three bytes, for what comes after eight seconds, for ever.
    Waits,
    /// Waits for news on one connection, asks for something else on another, and waits for other news once it has that.
    View,
    /// Does pieces of work of twenty requests, each piece on a connection of its own.
    Pieces,
    /// A person, who leaves when they have waited long enough, or have seen enough.
    Person,
}

#[derive(Debug)]
pub struct Ordinary {
    does: Does,
    conns: Vec<u64>,
    turns: u64,
    far: bool,
}

impl Ordinary {
    pub fn new(does: Does) -> Box<dyn Client> {
        Box::new(Self {
            does,
            conns: Vec::new(),
            turns: 0,
            far: false,
        })
    }

    /// The same from another address.
    pub fn far(does: Does) -> Box<dyn Client> {
        Box::new(Self {
            does,
            conns: Vec::new(),
            turns: 0,
            far: true,
        })
    }

    fn ask(&self, desk: &mut Desk, conn: u64) {
        let takes = match self.does {
            Does::LongPoll { most } => desk.between(0.0, most),
            Does::Benchmark { .. } => desk.between(0.03, 0.09),
            Does::Drill { .. } => millis(4),
            _ => desk.between(0.001, 0.02),
        };
        desk.ask(conn, 60, Some(takes));
    }

    /// What it does once it was answered, on one connection.
    fn goes_on(&self, desk: &mut Desk, me: usize) {
        let chance = desk.between(0.0, 1.0);
        let soon = desk.between(0.1, 1.9);
        let late = desk.between(0.0, 0.003);
        match self.does {
            Does::Pings if chance < millis(500) => desk.sleep(me, NEXT, soon),
            Does::Pings => desk.sleep(me, PING, millis(2_000) + late),
            Does::Polls if chance < millis(300) => desk.sleep(me, NEXT, late),
            Does::Polls => desk.sleep(me, 0, millis(1_000) + late),
            _ => desk.push_after(self.conns[0], millis(20_000)),
        }
    }

    fn leave_all(&mut self, desk: &mut Desk, how: Leave) {
        for conn in self.conns.drain(..) {
            desk.leave(conn, how);
        }
    }
}

const NEXT: u64 = 1;
const END: u64 = 2;
const PING: u64 = 3;

impl Client for Ordinary {
    fn address(&self) -> IpAddr {
        IpAddr::V4(if self.far {
            Ipv4Addr::new(10, 0, 0, 2)
        } else {
            Ipv4Addr::LOCALHOST
        })
    }

    fn wake(&mut self, desk: &mut Desk, me: usize, timer: u64) {
        self.turns += 1;
        match (self.does, timer) {
            (
                Does::Benchmark { .. }
                | Does::Drill { .. }
                | Does::FireAndForget { .. }
                | Does::Person,
                END,
            ) => {
                self.leave_all(desk, Leave::Fin);
                let pause = desk.between(1.0, 3.0);
                desk.sleep(me, 0, pause);
            }
            (Does::Benchmark { conns, lasts } | Does::Drill { conns, lasts }, _) => {
                for _ in 0..conns {
                    let conn = desk.open(me);
                    self.conns.push(conn);
                    self.ask(desk, conn);
                }
                desk.sleep(me, END, Duration::from_secs_f64(lasts));
            }
            (Does::Streams { every }, _) => {
                if self.conns.is_empty() {
                    self.conns = vec![desk.open(me)];
                }
                self.ask(desk, self.conns[0]);
                desk.sleep(me, NEXT, Duration::from_secs_f64(every));
            }
            (Does::Paced { every }, _) => {
                let conn = desk.open(me);
                self.conns.push(conn);
                self.ask(desk, conn);
                desk.sleep(me, NEXT, Duration::from_secs_f64(every));
            }
            (Does::LongPoll { .. } | Does::Subscriber, _) => {
                if self.conns.is_empty() {
                    self.conns = vec![desk.open(me)];
                    self.ask(desk, self.conns[0]);
                } else {
                    desk.push_after(self.conns[0], millis(1));
                    let pause = desk.between(0.1, 4.0);
                    desk.sleep(me, NEXT, pause);
                }
            }
            (Does::Goodbye, END) => {
                for conn in &self.conns {
                    desk.ask(*conn, 5, None);
                }
                desk.sleep(me, NEXT, millis(1));
            }
            (Does::Goodbye, NEXT) => {
                self.leave_all(desk, Leave::Fin);
                desk.sleep(me, 0, millis(1_500));
            }
            (Does::Goodbye | Does::Loop { .. }, _) => {
                self.conns = vec![desk.open(me)];
                self.ask(desk, self.conns[0]);
            }
            (Does::HalfCloses, _) => {
                self.conns = vec![desk.open(me)];
                self.ask(desk, self.conns[0]);
                desk.half_close(self.conns[0]);
            }
            (Does::FireAndForget { .. }, NEXT) => {
                for conn in &self.conns {
                    desk.ask(*conn, 40, None);
                }
                desk.sleep(me, NEXT, millis(200));
            }
            (Does::FireAndForget { lasts }, _) => {
                self.conns = vec![desk.open(me)];
                desk.ask(self.conns[0], 40, None);
                if self.turns == 1 {
                    desk.sleep(me, NEXT, millis(200));
                }
                desk.sleep(me, END, Duration::from_secs_f64(lasts));
            }
            (Does::Reads { rate, lasts }, NEXT) => {
                let link = match desk.acts {
                    Acts::Rate(link) => link,
                    _ => 100e6,
                };
                let over = desk.between(1.0, 1.2);
                let share = if rate < link {
                    desk.between(0.8, 0.99).as_secs_f64()
                } else {
                    desk.between(0.0, 0.4).as_secs_f64()
                };
                let bytes = rate.min(link) as u64;
                desk.let_in(self.conns[0], over, share, bytes);
                if self.turns as f64 > lasts {
                    self.turns = 0;
                    self.leave_all(desk, Leave::Fin);
                    desk.sleep(me, 0, over);
                } else {
                    desk.sleep(me, NEXT, over);
                }
            }
            (Does::Reads { .. }, _) => {
                self.conns = vec![desk.open(me)];
                self.ask(desk, self.conns[0]);
                desk.sleep(me, NEXT, millis(1_100));
            }
            (Does::Pings, NEXT) => desk.ask(self.conns[0], 300, Some(millis(3))),
            (Does::Pings, PING) => desk.ask(self.conns[0], 14, Some(millis(1))),
            (Does::Polls, NEXT) => desk.ask(self.conns[0], 90, Some(millis(5))),
            (Does::Pings | Does::Polls | Does::IsPinged, _) => {
                if self.conns.is_empty() {
                    self.conns = vec![desk.open(me)];
                }
                self.ask(desk, self.conns[0]);
            }
            (Does::OneWay { .. }, END) => {
                self.leave_all(desk, Leave::Fin);
                desk.sleep(me, 0, millis(900));
            }
            (Does::OneWay { bytes, lasts }, _) => {
                self.conns = vec![desk.open(me)];
                desk.ask(self.conns[0], bytes, None);
                desk.sleep(me, END, Duration::from_secs_f64(lasts));
            }
            (Does::Cron { every }, _) => {
                let conn = desk.open(me);
                self.ask(desk, conn);
                let rests = if self.turns.is_multiple_of(3) {
                    every
                } else {
                    0.2
                };
                desk.sleep(me, 0, Duration::from_secs_f64(rests));
            }
            (Does::Waits, _) => {
                self.conns = vec![desk.open(me)];
                desk.ask(self.conns[0], 3, Some(millis(8_000)));
            }
            (Does::View, NEXT) => {
                if let Some(conn) = self.conns.first() {
                    self.ask(desk, *conn);
                }
            }
            (Does::View, _) => {
                if self.conns.len() != 1 {
                    self.leave_all(desk, Leave::Fin);
                    self.conns = vec![desk.open(me)];
                }
                let news = desk.open(me);
                desk.ask(news, 120, Some(millis(30_000)));
                self.conns.push(news);
                desk.sleep(me, NEXT, millis(300));
            }
            (Does::Pieces, _) => {
                self.turns = 0;
                self.conns = vec![desk.open(me)];
                self.ask(desk, self.conns[0]);
            }
            (Does::Person, _) => {
                self.leave_all(desk, Leave::Fin);
                self.conns = vec![desk.open(me)];
                self.ask(desk, self.conns[0]);
                let patience = desk.between(0.3, 20.0);
                desk.sleep(me, END, patience);
            }
        }
    }

    fn answered(&mut self, desk: &mut Desk, me: usize, conn: u64) {
        match self.does {
            Does::Benchmark { .. } | Does::Drill { .. } | Does::LongPoll { .. }
                if self.conns.contains(&conn) =>
            {
                self.ask(desk, conn);
            }
            Does::Paced { .. } => {
                desk.leave(conn, Leave::Fin);
                self.conns.retain(|other| *other != conn);
            }
            Does::Loop { sleeps } => {
                desk.leave(conn, Leave::Fin);
                desk.sleep(me, NEXT, Duration::from_secs_f64(sleeps));
            }
            Does::Cron { .. } => desk.leave(conn, Leave::Fin),
            Does::Waits => desk.ask(conn, 3, Some(millis(8_000))),
            Does::View if self.conns.first() == Some(&conn) => {
                self.conns
                    .drain(1..)
                    .for_each(|news| desk.leave(news, Leave::Fin));
                desk.sleep(me, 0, millis(500));
            }
            Does::Pieces => {
                self.turns += 1;
                if self.turns < 20 {
                    self.ask(desk, conn);
                } else {
                    self.leave_all(desk, Leave::Fin);
                    desk.sleep(me, 0, millis(50));
                }
            }
            Does::Subscriber => desk.sleep(me, NEXT, millis(700)),
            Does::Goodbye => desk.sleep(me, END, millis(3)),
            Does::Pings | Does::Polls | Does::IsPinged => self.goes_on(desk, me),
            Does::HalfCloses => desk.sleep(me, NEXT, millis(400)),
            _ => {}
        }
    }

    fn pushed(&mut self, desk: &mut Desk, _me: usize, conn: u64) {
        if let Does::IsPinged = self.does {
            desk.ask(conn, 6, None);
            desk.push_after(conn, millis(20_000));
        }
    }

    fn ended(&mut self, desk: &mut Desk, me: usize, conn: u64) {
        self.conns.retain(|other| *other != conn);
        match self.does {
            Does::Loop { sleeps } => desk.sleep(me, NEXT, Duration::from_secs_f64(sleeps)),
            Does::LongPoll { .. }
            | Does::Subscriber
            | Does::HalfCloses
            | Does::Pings
            | Does::Polls
            | Does::IsPinged => {
                let pause = desk.between(0.5, 3.0);
                desk.sleep(me, NEXT, pause);
            }
            Does::Goodbye => desk.sleep(me, 0, millis(1_500)),
            Does::Waits | Does::View | Does::Pieces => {
                let pause = desk.between(0.5, 3.0);
                desk.sleep(me, 0, pause);
            }
            _ => {}
        }
    }
}
