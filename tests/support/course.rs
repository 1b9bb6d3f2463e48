//! A link on a simulated clock, put through a course: bytes that come, time that passes, settings that change, writes
//! that take a part or nothing. What leaves is checked as it leaves.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultboard::fault::link::{Circumstances, Link, SLICES, Step};
use faultboard::fault::{Direction, InForce, Plan};

use crate::speech;

/// One thing that happens to a link.
#[derive(Clone, Debug)]
pub(crate) enum Leg {
    /// So many bytes come.
    Come(usize),
    /// Time passes, and what is due leaves, at most so many bytes at once.
    Pass(Duration, usize),
    /// The receiver refuses what is due, now or within this time, for so long.
    Refuse(Duration),
    /// Other settings.
    Set(Plan),
}

/// A link under way.
pub(crate) struct Course {
    pub(crate) link: Link,
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    /// How many writes a stretch of time makes at most; what is left then is late, as for a program that is busy.
    pub(crate) writes: usize,
    /// The link is also asked between due times.
    pub(crate) nosy: bool,
    /// Pieces leave one by one, not several in a write.
    pub(crate) single: bool,
    /// What the bytes are is nobody's concern: the plan alters them.
    pub(crate) careless: bool,
    /// What has left: when, and how much.
    pub(crate) left: Vec<(Duration, usize)>,
    pub(crate) came: u64,
    pub(crate) in_force: Arc<InForce>,
    circumstances: Circumstances,
    direction: Direction,
    passed: u64,
    /// Where each piece that came ends, and when it came.
    arrivals: VecDeque<(u64, Instant)>,
}

// === impl Course ===

impl Course {
    /// A link of the connection that `seed` makes, under `plan`.
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    pub(crate) fn new(direction: Direction, seed: u64, plan: &Plan) -> Self {
        let start = Instant::now();
        let circumstances = Circumstances {
            seed,
            opened: start,
            path: Duration::ZERO,
            handshakes: 1,
        };
        let mut course = Self {
            link: Link::new(direction, &circumstances),
            in_force: Arc::default(),
            now: start,
            start,
            writes: 200,
            nosy: false,
            single: false,
            careless: false,
            left: Vec::new(),
            came: 0,
            circumstances,
            direction,
            passed: 0,
            arrivals: VecDeque::new(),
        };
        course.set(plan);
        course
    }

    /// Another link of the same connection, which the plan in force since the start has done nothing to so far.
    pub(crate) fn twin(&self) -> Self {
        let mut twin = Self::new(self.direction, self.circumstances.seed, &Plan::default());
        (twin.start, twin.now) = (self.start, self.start);
        twin.circumstances = self.circumstances;
        // On shared links of its own.
        let plan = Plan::clone(self.in_force.plan());
        twin.in_force = Arc::new(InForce::succeed(&InForce::default(), plan, self.start));
        twin
    }

    /// Lets leave what has left `other` beyond it.
    pub(crate) fn follow(&mut self, other: &Self) {
        for (at, bytes) in &other.left[self.left.len()..] {
            self.now = self.start + *at;
            self.write(*bytes);
        }
        self.now = other.now;
    }

    /// Puts a plan in force in place of the one before.
    pub(crate) fn set(&mut self, plan: &Plan) {
        self.in_force = Arc::new(InForce::succeed(&self.in_force, plan.clone(), self.now));
        self.link
            .replan(&self.in_force, &self.circumstances, self.now);
    }

    /// When the settings next change by themselves.
    fn turn(&self) -> Option<Instant> {
        self.in_force.next_turn(self.now)
    }

    /// Time passes; what the settings change by themselves meanwhile is taken over then.
    pub(crate) fn wait_until(&mut self, then: Instant) {
        while let Some(turn) = self.turn().filter(|turn| *turn <= then) {
            self.now = self.now.max(turn);
            self.link
                .replan(&self.in_force, &self.circumstances, self.now);
        }
        self.now = self.now.max(then);
    }

    pub(crate) fn come(&mut self, bytes: usize) {
        let mut said = vec![0; bytes];
        speech::say(self.direction, self.came, &mut said);
        self.link.push(self.now, &said);
        self.came += bytes as u64;
        self.arrivals.push_back((self.came, self.now));
    }

    pub(crate) fn go(&mut self, leg: &Leg) {
        match leg {
            Leg::Come(bytes) => self.come(*bytes),
            Leg::Pass(time, most) => self.pass(*time, *most),
            Leg::Refuse(time) => {
                let end = self.now + *time;
                while let Step::Wait(_) = self.poll()
                    && let Some(next) = self.next().filter(|next| *next <= end)
                {
                    self.wait_until(next);
                }
                if self.poll() == Step::Write {
                    self.link.refused(self.now);
                    self.wait_until(self.now + *time);
                    self.link.resumed(self.now);
                }
            }
            Leg::Set(plan) => self.set(plan),
        }
    }

    /// Goes from one due time to the next.
    pub(crate) fn pass(&mut self, time: Duration, most: usize) {
        let end = self.now + time;
        for _ in 0..self.writes {
            if self.link.fate(self.now).is_err() {
                // The connection has ended.
                break;
            }
            match self.poll() {
                Step::Write => self.write(most),
                Step::Wait(_) => {
                    let next = self.next().filter(|next| *next <= end);
                    self.ask_before(next.unwrap_or(end));
                    let Some(next) = next else { break };
                    self.wait_until(next);
                }
                Step::Shutdown | Step::Reset => break,
            }
        }
        self.wait_until(end);
    }

    /// When something is next due, or the settings change by themselves.
    fn next(&mut self) -> Option<Instant> {
        let due = match self.poll() {
            Step::Wait(due) => due,
            Step::Write | Step::Shutdown | Step::Reset => None,
        };
        [due, self.turn()].into_iter().flatten().min()
    }

    /// Asks a few times in between: nothing has come of it yet.
    fn ask_before(&mut self, then: Instant) {
        while self.nosy && then - self.now > Duration::from_micros(10) {
            self.now += (then - self.now) / 3;
            assert!(
                matches!(self.poll(), Step::Wait(_)),
                "due ahead of what was told"
            );
        }
    }

    /// What the link says, twice: asking changes nothing, and nobody is to wait for a time that has come.
    pub(crate) fn poll(&mut self) -> Step {
        let step = self.link.poll(self.now);
        assert_eq!(
            step,
            self.link.poll(self.now),
            "asking twice changes the answer"
        );
        if let Step::Wait(Some(due)) = step {
            assert!(due > self.now, "a due time that has come");
        }
        step
    }

    /// Writes what is due, at most so many bytes.
    pub(crate) fn write(&mut self, most: usize) {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.link.slices(self.now, &mut slices);
        let piece = self
            .arrivals
            .front()
            .map_or(0, |(end, _)| *end - self.passed);
        let most = if self.single {
            most.min(usize::try_from(piece).unwrap_or(most))
        } else {
            most
        };
        let mut written = 0;
        for slice in &slices[..filled] {
            let part = &slice[..slice.len().min(most - written)];
            let at = self.passed + written as u64;
            assert!(
                self.careless || speech::understands(self.direction, at, part),
                "not the bytes from {at} on"
            );
            written += part.len();
        }
        assert!(written > 0, "a write of nothing");
        let mut held = Vec::new();
        self.link.wrote(written, self.now, |time| held.push(time));
        self.passed += written as u64;
        assert_eq!(held, self.release(), "how long the bytes were held");
        assert_eq!(self.link.held() as u64, self.came - self.passed);
        assert_eq!(self.link.passed(), self.passed);
        self.left.push((self.now - self.start, written));
    }

    /// How long each piece of the bytes that have just left was held.
    fn release(&mut self) -> Vec<Duration> {
        let mut held = Vec::new();
        while let Some((end, arrived)) = self.arrivals.front().copied() {
            held.push(self.now - arrived);
            if end <= self.passed {
                self.arrivals.pop_front();
            }
            if end >= self.passed {
                break;
            }
        }
        held
    }

    /// Lifts all faults: everything leaves at once, then what ends the stream.
    pub(crate) fn lift(&mut self, end: Step) {
        if end == Step::Reset {
            self.link.push_reset(self.now);
        } else {
            self.link.push_eof(self.now);
        }
        self.set(&Plan::default());
        while self.link.poll(self.now) == Step::Write {
            self.write(usize::MAX);
        }
        assert_eq!(self.passed, self.came, "what waited, all of it");
        assert_eq!(self.link.poll(self.now), end);
        self.link.ended();
        assert_eq!(self.link.poll(self.now), Step::Wait(None));
        assert!(self.link.is_clear());
    }
}
