//! Many connections before one link, on a simulated clock.

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;
use std::time::{Duration, Instant};

use super::*;
use crate::fault::link::{Circumstances, Link, SLICES, Step};
use crate::fault::random::{Random, unit};
use crate::fault::{InForce, Plan, language};

/// Whether a connection's task was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection whose sender has so much more to send.
struct Conn {
    link: Link,
    flag: Arc<Flag>,
    left: usize,
    due: Option<Instant>,
    /// Its receiver takes nothing.
    stuck: bool,
    /// When bytes left last.
    passed_at: Instant,
    longest: Duration,
}

struct Bench {
    now: Instant,
    in_force: Arc<InForce>,
    conns: Vec<Conn>,
    /// The most that all held together.
    most: usize,
}

impl Bench {
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    fn new(faults: &str, conns: usize) -> Self {
        let mut bench = Self {
            now: Instant::now(),
            in_force: Arc::default(),
            conns: Vec::new(),
            most: 0,
        };
        bench.set(faults);
        (0..conns).for_each(|_| bench.open());
        bench
    }

    fn open(&mut self) {
        let circumstances = self.circumstances();
        let mut link = Link::new(Direction::Down, &circumstances);
        link.replan(&self.in_force, &circumstances, self.now);
        self.conns.push(Conn {
            link,
            flag: Arc::new(Flag(AtomicBool::new(true))),
            left: usize::MAX,
            due: None,
            stuck: false,
            passed_at: self.now,
            longest: Duration::ZERO,
        });
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            seed: 1,
            opened: self.now,
            path: Duration::ZERO,
            handshakes: 1,
        }
    }

    /// As in the engine, only those are woken that hold something, or wait to be admitted.
    fn set(&mut self, faults: &str) {
        let settings = match faults {
            "" => Vec::new(),
            faults => language::parse(faults).expect("faults"),
        };
        let (plan, circumstances) = (Plan::of(settings), self.circumstances());
        self.in_force = Arc::new(InForce::succeed(&self.in_force, plan, self.now));
        for conn in &mut self.conns {
            if !conn.link.is_empty() || conn.link.waits_for_room() {
                conn.link.replan(&self.in_force, &circumstances, self.now);
                conn.flag.0.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Something happens, to one connection or to them all.
    fn happens(&mut self, what: usize, conn: usize, bytes: usize) {
        match what {
            0 => self.open(),
            1 => drop(self.conns.swap_remove(conn)),
            // One at a time: those that are not stuck any more bring a queue each.
            2 if self.conns.iter().all(|conn| !conn.stuck) => self.conns[conn].stuck = true,
            2 | 3 => self
                .conns
                .iter_mut()
                .filter(|it| it.stuck)
                .for_each(|conn| {
                    conn.stuck = false;
                    conn.flag.0.store(true, Ordering::Relaxed);
                }),
            _ => {
                self.conns[conn].left = bytes;
                self.conns[conn].flag.0.store(true, Ordering::Relaxed);
            }
        }
    }

    fn held(&self) -> usize {
        let held = self.conns.iter().filter(|conn| !conn.stuck);
        held.map(|conn| conn.link.held()).sum()
    }

    /// Lets time pass; whoever is due or was woken goes on.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let mut again = true;
            while std::mem::take(&mut again) {
                for index in 0..self.conns.len() {
                    let now = self.now;
                    let conn = &mut self.conns[index];
                    let is_due = conn.due.is_some_and(|due| due <= now);
                    if conn.flag.0.swap(false, Ordering::Relaxed) || is_due {
                        conn.poll(now);
                        again = true;
                    }
                    self.most = self.most.max(self.held());
                }
            }
            let next = self.conns.iter().filter_map(|conn| conn.due).min();
            match next.filter(|next| *next <= end) {
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now = end;
    }
}

impl Conn {
    fn poll(&mut self, now: Instant) {
        self.due = None;
        loop {
            let mut moved = false;
            self.link.resumed(now);
            match self.link.poll(now) {
                Step::Write if self.stuck => self.link.refused(now),
                Step::Write => {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let filled = self.link.slices(now, &mut slices);
                    let n = slices[..filled].iter().map(|slice| slice.len()).sum();
                    self.link.wrote(n, now, |_| {});
                    self.longest = self.longest.max(now - self.passed_at);
                    self.passed_at = now;
                    moved = true;
                }
                Step::Wait(due) => self.due = due,
                step => panic!("{step:?}"),
            }
            if self.link.wants_input() && self.link.admits(&Waker::from(Arc::clone(&self.flag))) {
                let n = self.left.min(self.link.room()).min(64 << 10);
                if n > 0 {
                    self.link.push(now, &vec![0; n]);
                    self.left -= n;
                    moved = true;
                } else {
                    self.link.waive();
                }
            } else if !self.link.wants_input() {
                self.link.waive();
            }
            if !moved {
                return;
            }
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_connections_together_hold_no_more_than_the_queue() {
    for (queue, most) in [("200ms", 200_000), ("50ms", 50_000), ("300kB", 300_000)] {
        let mut bench = Bench::new(&format!("bandwidth 1MB/s queue={queue}"), 40);
        bench.run(20 * SECOND);
        // A grant or a read may go beyond it, and 4 KiB wait at any rate.
        let slack = (4 << 10) + ((most + (4 << 10)) / 16).max(4 << 10);
        assert!(bench.most <= most + slack, "{queue}: {}", bench.most);
        assert!(bench.most >= most, "{queue}: {}", bench.most);
        let passed: u64 = bench.conns.iter().map(|conn| conn.link.passed()).sum();
        assert!(
            (19_990_000..=20_000_000).contains(&passed),
            "{passed} bytes in 20 s"
        );
    }
}

#[test]
fn with_fair_each_connection_has_a_queue_of_its_own() {
    let mut bench = Bench::new("bandwidth 1MB/s queue=50kB fair=on", 10);
    bench.run(SECOND);
    assert!(bench.most >= 500_000, "{}", bench.most);
}

#[test]
fn however_many_send_none_waits_for_longer_than_its_turn() {
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let mut below = |most: usize| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small"
            )]
            let n = (unit(random.draw()) * most as f64) as usize;
            n
        };
        let (count, queue) = (2 + below(60), 20 + below(300));
        let mut bench = Bench::new(&format!("bandwidth 1MB/s queue={queue}ms"), count);
        for step in 0..60 {
            bench.run(Duration::from_millis(1 + below(400) as u64));
            let conn = below(bench.conns.len());
            bench.happens(below(6), conn, below(100_000));
            if bench.conns.is_empty() {
                break;
            }
            let (now, queue) = (bench.now, Duration::from_millis(queue as u64));
            // A grant to each before it, and the queue, with what one brings that was stuck; then a step's time.
            let grant = (queue / 16).max(Duration::from_micros(4_600));
            let most = grant * 80 + 3 * queue + Duration::from_millis(400);
            for conn in &mut bench.conns {
                let is_idle = conn.stuck || conn.left == 0;
                if is_idle {
                    conn.passed_at = now;
                }
                let waits = now - conn.passed_at;
                assert!(
                    waits <= most,
                    "seed {seed}, step {step}: {waits:?} of {count}"
                );
            }
        }
    }
}

#[test]
fn room_comes_at_once_where_its_holder_goes_or_is_stuck_or_the_link_is_lifted() {
    let full = || {
        let mut bench = Bench::new("bandwidth 1kB/s queue=20kB", 1);
        bench.run(SECOND / 10);
        bench.open();
        bench.run(SECOND / 10);
        assert!(bench.conns[1].link.waits_for_room());
        assert_eq!(bench.conns[1].link.held(), 0);
        bench
    };
    let woken = |bench: &Bench| {
        bench
            .conns
            .last()
            .expect("one")
            .flag
            .0
            .load(Ordering::Relaxed)
    };
    let mut dies = full();
    dies.conns.remove(0);
    assert!(woken(&dies), "its holder is gone");
    let mut stuck = full();
    stuck.conns[0].stuck = true;
    stuck.run(30 * SECOND);
    assert!(
        stuck.conns[1].link.passed() > 0,
        "its holder's receiver takes nothing"
    );
    for faults in ["", "bandwidth 1MB/s", "bandwidth 1kB/s queue=30kB"] {
        let mut bench = full();
        bench.set(faults);
        assert!(woken(&bench), "{faults}");
        bench.conns[1].left = 1_000;
        bench.conns[0].left = 0;
        bench.run(Duration::from_micros(1));
        assert_eq!(bench.conns[1].left, 0, "{faults}: it is read");
    }
    let mut gated = full();
    gated.set("bandwidth 1kB/s queue=20kB, blackhole");
    gated.run(30 * SECOND);
    assert!(
        gated.conns[1].link.held() > 0,
        "what a gate holds takes nobody's room"
    );
}
