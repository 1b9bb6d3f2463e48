//! The executor: polls the loop only when it was woken, when its alarm goes off, or to see that a poll for no reason
//! achieves nothing.
//!
//! That last one is how a lost wake-up is found, whatever was lost: when nothing has happened since the loop parked, and
//! its alarm is still to go off, a poll must not move a byte. If it does, something could have gone on and nobody was
//! registered for it.

use std::time::{Duration, Instant};

use faultboard::fault::{Direction, Plan};
use faultboard::proxy::budget::Budget;

use super::bench::Bench;
use super::plans;
use super::tally::Tally;
use super::world::{Event, World};

/// After so many polls whatever delays is lifted, so that slow settings do not make a simulation long.
const ENOUGH: u64 = 300;
/// After so many steps a connection is taken to go on for ever.
const ENDLESS: u64 = 100_000;
/// So many polls may follow one another without an event and without achieving anything: a virtual sender repairs what was
/// lost in as many steps.
const IDLE_POLLS: u32 = 200;

/// One simulation under way.
pub(crate) struct Run {
    pub(crate) bench: Bench,
    /// How many more times the settings change.
    changes: u64,
    idle_polls: u32,
    tally: Tally,
}

// === impl Run ===

impl Run {
    pub(crate) fn new(mut world: World) -> Self {
        let buffer = world.dice.scaled(1 << 10, 64 << 10) as usize;
        let changes = world.dice.draw() % 8;
        let pushed = if world.dice.chance(20) {
            world.dice.scaled(1, 1 << 10)
        } else {
            0
        };
        for event in [Event::Act(0), Event::Act(1), Event::Replan] {
            world.plan_soon(event);
        }
        let budget = if world.weather.frugal {
            let most = world.dice.scaled(1, 64 << 10) as usize;
            Budget::new(most, world.dice.scaled(1, 8 << 10) as usize)
        } else {
            Budget::default()
        };
        let mut bench = Bench::new(world, buffer, budget);
        bench.push(Direction::Up, pushed);
        Self {
            bench,
            changes,
            idle_polls: 0,
            tally: Tally::default(),
        }
    }

    /// Runs until both directions have ended.
    pub(crate) fn run(mut self) -> Tally {
        for _ in 0..ENDLESS {
            if self.step() {
                return self.tally;
            }
            if self.tally.polls > ENOUGH && !self.bench.world.borrow().winding_up {
                self.wind_up();
            }
        }
        panic!("the connection does not end");
    }

    /// Does what is next: a poll, or something that happens. True at the connection's end.
    fn step(&mut self) -> bool {
        let event = self.bench.world.borrow().next_time();
        if self.bench.is_woken() {
            if event.is_none() || !self.is_late() {
                return self.poll();
            }
        } else if self.probe(event) {
            return false;
        }
        match (event, self.bench.alarm) {
            (event, Some(alarm)) if event.is_none_or(|event| alarm <= event) => {
                if self.bench.world.borrow().ledger.turns_by(alarm) {
                    // Something happens: the settings change by themselves.
                    self.idle_polls = 0;
                }
                self.go_off(alarm);
                return self.poll();
            }
            (Some(_), _) => self.happen(),
            (None, _) => self.wind_up(),
        }
        false
    }

    fn is_late(&self) -> bool {
        let world = &mut *self.bench.world.borrow_mut();
        let late = world.weather.late;
        world.dice.chance(late)
    }

    /// The alarm goes off, at its time or some time later.
    fn go_off(&self, alarm: Instant) {
        let late = self.is_late();
        let world = &mut *self.bench.world.borrow_mut();
        let lateness = if late {
            world.dice.time(Duration::from_micros(100))
        } else {
            Duration::ZERO
        };
        world.now = world.now.max(alarm + lateness);
        world.note(|| "alarm".to_owned());
    }

    fn happen(&mut self) {
        self.tally.events += 1;
        self.idle_polls = 0;
        let mut world = self.bench.world.borrow_mut();
        match world.next_event().expect("an event was seen") {
            Event::Act(leg) => world.act(leg),
            Event::Drain(leg) => world.drain(leg),
            Event::Refuse(leg) => world.refuse(leg),
            Event::Nudge(waker) => {
                world.nudges -= 1;
                waker.wake();
            }
            Event::Replan if self.changes > 0 && !world.winding_up => {
                self.changes -= 1;
                let plan = plans::random(&mut world.dice, self.bench.plan());
                world.plan_soon(Event::Replan);
                drop(world);
                self.change(plan);
            }
            Event::Replan => {}
        }
    }

    fn change(&mut self, plan: Plan) {
        let bypassed = if plan.bypassed { ", bypassed" } else { "" };
        self.bench
            .world
            .borrow_mut()
            .note(|| format!("set [{plan}]{bypassed}"));
        self.tally.replans += 1;
        self.tally.woken_by_settings += u64::from(self.bench.set(plan));
    }

    /// Lifts all faults and lets the peers end. Where all that was done already, the loop hangs.
    fn wind_up(&mut self) {
        {
            let world = &mut *self.bench.world.borrow_mut();
            assert!(
                !world.winding_up,
                "nothing is left to happen, and the connection has not ended"
            );
            world.wind_up();
        }
        self.change(Plan::default());
    }

    /// Now and then polls although nothing has happened and the alarm has not gone off.
    fn probe(&mut self, event: Option<Instant>) -> bool {
        let next = [event, self.bench.alarm].into_iter().flatten().min();
        {
            let world = &mut *self.bench.world.borrow_mut();
            if world.nudges > 0 || self.bench.changed || !world.dice.chance(25) {
                return false;
            }
            let until = next.unwrap_or(world.now + Duration::from_secs(1));
            let room = until.saturating_duration_since(world.now).as_nanos() as u64;
            if room < 2 {
                return false;
            }
            world.now += Duration::from_nanos(world.dice.draw() % (room - 1));
            world.note(|| "probe".to_owned());
            world.calm = true;
        }
        self.tally.probes += 1;
        let polled = self.bench.poll();
        let nothing = polled.end.is_none() && polled.achieved == 0;
        assert!(
            nothing,
            "a wake-up was lost: a poll for no reason achieves something"
        );
        self.bench.world.borrow_mut().calm = false;
        true
    }

    /// Polls the loop: none of its polls is for nothing, and none follows another for ever. True at the connection's end.
    fn poll(&mut self) -> bool {
        let polled = self.bench.poll();
        let world = self.bench.world.borrow();
        self.tally.polls += 1;
        self.tally.refusals += u64::from(world.refusals);
        self.tally.yields += u64::from(polled.yielded);
        if polled.achieved > 0 || world.refusals > 0 {
            self.idle_polls = 0;
        } else {
            self.idle_polls += 1;
            assert!(!polled.yielded, "a poll that achieves nothing wakes itself");
            assert!(
                self.idle_polls <= IDLE_POLLS,
                "polls follow one another for nothing"
            );
        }
        if let Some(end) = &polled.end {
            self.tally.ended(&world, end);
        }
        polled.end.is_some()
    }
}
