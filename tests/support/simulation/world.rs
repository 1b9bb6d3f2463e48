//! The world around a connection: its clock, its weather, what happens next, and the two sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use faultboard::fault::link::Circumstances;

use super::dice::Dice;
use super::ledger::Ledger;
use super::leg::{Leg, Waits};
use super::peer::{Leaves, Peer};

/// The world, shared by both sockets, the gauge and the executor of one simulation.
pub(crate) type Shared = Rc<RefCell<World>>;

/// What happens at some time; the number is a leg's.
pub(crate) enum Event {
    /// The peer does the next thing.
    Act(usize),
    /// The peer takes bytes that were sent to it.
    Drain(usize),
    /// The peer, which had closed, refuses what it was sent.
    Refuse(usize),
    /// Someone who was told `Pending` for no reason is woken.
    Nudge(Waker),
    /// The settings change.
    Replan,
}

/// What a simulation is like, drawn from its seed once.
pub(crate) struct Weather {
    /// How often, in per cent, a call answers `Pending` although it could do something.
    pub(crate) spurious: u64,
    /// How often a call does a part of what it could do.
    pub(crate) partial: u64,
    /// How often a task that was woken runs after other things have happened.
    pub(crate) late: u64,
    /// How far the clock moves at most between two looks at it within a poll, in nanoseconds.
    pub(crate) creep: u64,
    /// Whether connections may hold little.
    pub(crate) frugal: bool,
    /// Whether a poll forgets who was registered before it.
    pub(crate) strict: bool,
    /// How far events lie apart.
    pub(crate) gap: Duration,
    /// How much a peer says at once at most.
    pub(crate) most: u64,
}

pub(crate) struct World {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) legs: [Leg; 2],
    pub(crate) peers: [Peer; 2],
    pub(crate) ledger: Ledger,
    /// Grows with everything that a poll achieves.
    pub(crate) progress: u64,
    /// Calls to the sockets in this poll.
    pub(crate) calls: u32,
    /// Answers in this poll that were `Pending` for no reason.
    pub(crate) refusals: u32,
    /// Nudges under way.
    pub(crate) nudges: u32,
    /// Whatever stood in the way of an end is taken away: all must end.
    pub(crate) winding_up: bool,
    /// Nothing random happens: the loop is only watched.
    pub(crate) calm: bool,
    /// What happened, kept for a replay of one seed.
    pub(crate) trace: Option<Vec<String>>,
    agenda: BTreeMap<(Instant, u64), Event>,
    noted: u64,
}

// === impl World ===

impl World {
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for simulated times, never read again"
    )]
    pub(crate) fn new(
        seed: u64,
        weather: Weather,
        dice: Dice,
        legs: [Leg; 2],
        peers: [Peer; 2],
    ) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            dice,
            weather,
            legs,
            peers,
            winding_up: false,
            ledger: Ledger::new(Circumstances {
                seed,
                opened: start,
                path: Duration::ZERO,
                handshakes: 1,
            }),
            progress: 0,
            calls: 0,
            refusals: 0,
            nudges: 0,
            calm: false,
            trace: None,
            agenda: BTreeMap::new(),
            noted: 0,
        }
    }

    /// A world where nothing is left to chance and nothing happens by itself.
    pub(crate) fn calm(legs: [Leg; 2]) -> Self {
        let weather = Weather {
            spurious: 0,
            partial: 0,
            late: 0,
            creep: 0,
            frugal: false,
            strict: true,
            gap: Duration::from_millis(1),
            most: 1,
        };
        let peer = || Peer {
            speeches: 0,
            leaves: Leaves::Not,
        };
        let mut world = Self::new(1, weather, Dice::new(1), legs, [peer(), peer()]);
        world.calm = true;
        world
    }

    /// What the loop's clock shows; time passes while the loop works.
    pub(crate) fn look_at_clock(&mut self) -> Instant {
        if !self.calm && self.weather.creep > 0 && self.dice.chance(20) {
            self.now += Duration::from_nanos(self.dice.up_to(self.weather.creep));
        }
        self.now
    }

    /// Notes what is to happen so much later.
    pub(crate) fn plan(&mut self, later: Duration, event: Event) {
        self.noted += 1;
        self.agenda.insert((self.now + later, self.noted), event);
    }

    /// Notes what is to happen after a gap of the weather's.
    pub(crate) fn plan_soon(&mut self, event: Event) {
        let gap = self.dice.time(self.weather.gap);
        self.plan(gap, event);
    }

    /// When something happens next.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Goes to what happens next.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        let ((at, _), event) = self.agenda.pop_first()?;
        self.now = self.now.max(at);
        Some(event)
    }

    /// Whether a call is to answer `Pending` for no reason; the task is then woken, at once or in a while.
    pub(crate) fn refuses(&mut self, cx: &Context<'_>) -> bool {
        if self.calm || !self.dice.chance(self.weather.spurious) {
            return false;
        }
        self.refusals += 1;
        if self.dice.chance(50) {
            cx.waker().wake_by_ref();
        } else {
            self.nudges += 1;
            self.plan_soon(Event::Nudge(cx.waker().clone()));
        }
        true
    }

    /// A part of `most`, or all of it, as the weather is.
    pub(crate) fn part(&mut self, most: u64) -> u64 {
        if self.calm || most < 2 || !self.dice.chance(self.weather.partial) {
            return most;
        }
        self.dice.up_to(most)
    }

    /// Bytes were sent to a peer: it takes them in a while, or breaks where it has gone.
    pub(crate) fn sent_to(&mut self, leg: usize) {
        let it = &mut self.legs[leg];
        if it.sending == 0 || it.broken || it.draining {
            return;
        }
        it.draining = true;
        let event = if it.closed {
            Event::Refuse(leg)
        } else {
            Event::Drain(leg)
        };
        self.plan_soon(event);
    }

    /// Forgets who waits for what: only what the poll that comes registers counts.
    pub(crate) fn forget_waits(&mut self) {
        for leg in &mut self.legs {
            leg.waits = Waits::default();
        }
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:?} {}", self.now - self.start, what()));
        }
    }
}
