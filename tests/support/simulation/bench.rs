//! The real poll loop over fake sockets, with its waker, its alarm and its settings.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use faultboard::fault::{Direction, InForce, Plan};
use faultboard::proxy::budget::Budget;
use faultboard::proxy::pump::{End, Pump};

use super::leg::Leg;
use super::socket::FakeSocket;
use super::watch::Watch;
use super::world::{Shared, World};

/// A poll makes at most so many calls: 64 rounds of two directions, each a write, a flush and a read.
const CALLS: u32 = 64 * 2 * 3;

/// One connection's loop, driven by hand.
pub(crate) struct Bench {
    pub(crate) world: Shared,
    pump: Pump<FakeSocket>,
    in_force: Arc<InForce>,
    /// The settings have changed since the loop took them over.
    pub(crate) changed: bool,
    flag: Arc<Flag>,
    buffer: Vec<u8>,
    /// When the loop wants to be polled again.
    pub(crate) alarm: Option<Instant>,
}

/// What one poll came to.
pub(crate) struct Polled {
    pub(crate) end: Option<End>,
    /// How much was achieved.
    pub(crate) achieved: u64,
    /// The loop has woken itself, because its turn was over.
    pub(crate) yielded: bool,
}

/// Whether the loop was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

// === impl Bench ===

impl Bench {
    /// The loop in a world; it is to be polled for the first time. It reads at most `buffer` bytes at once, and holds
    /// what the budget allows.
    pub(crate) fn new(world: World, buffer: usize, budget: Budget) -> Self {
        let circumstances = world.ledger.circumstances;
        let world = Rc::new(RefCell::new(world));
        let socket = |leg| FakeSocket {
            world: Rc::clone(&world),
            leg,
        };
        Self {
            pump: Pump::new([socket(0), socket(1)], circumstances, &Arc::new(budget)),
            world,
            in_force: Arc::default(),
            changed: false,
            flag: Arc::new(Flag(AtomicBool::new(true))),
            buffer: vec![0; buffer],
            alarm: None,
        }
    }

    /// A loop in a world where nothing is left to chance, with these settings.
    pub(crate) fn calm(legs: [Leg; 2], plan: Plan) -> Self {
        let mut bench = Self::new(World::calm(legs), 64 << 10, Budget::default());
        bench.set(plan);
        bench
    }

    /// The same without faults, within a budget.
    pub(crate) fn frugal(legs: [Leg; 2], budget: Budget) -> Self {
        let mut world = World::calm(legs);
        world.weather.frugal = true;
        Self::new(world, 64 << 10, budget)
    }

    /// The settings change: as in the engine, the loop is woken only if it holds something, or may be ended by them. True if it
    /// is.
    pub(crate) fn set(&mut self, plan: Plan) -> bool {
        let now = self.world.borrow().now;
        let ends = self.in_force.ends_when_it_goes();
        self.in_force = Arc::new(InForce::succeed(&self.in_force, plan, now));
        self.changed = true;
        let concerned = !self.pump.is_idle() || ends || self.in_force.concerns_idle();
        if concerned {
            self.flag.0.store(true, Ordering::Relaxed);
        }
        concerned
    }

    pub(crate) fn plan(&self) -> &Plan {
        self.in_force.plan()
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.flag.0.load(Ordering::Relaxed)
    }

    /// Queues bytes that were read before the loop began.
    pub(crate) fn push(&mut self, direction: Direction, bytes: u64) {
        let world = &mut *self.world.borrow_mut();
        let mut pushed = vec![0; bytes as usize];
        world.ledger.pushed(direction, &mut pushed, world.now);
        let leg = &mut world.legs[direction.index()];
        leg.said += bytes;
        leg.read += bytes;
        self.pump.push(direction, &pushed, world.now);
    }

    /// So many milliseconds after the start, something happens in the world; then the loop is polled.
    pub(crate) fn at(&mut self, ms: u64, what: impl FnOnce(&mut World)) -> Option<End> {
        {
            let world = &mut *self.world.borrow_mut();
            world.now = world.now.max(world.start + Duration::from_millis(ms));
            what(world);
        }
        self.poll().end
    }

    /// Polls the loop once, and checks all that must hold after it.
    pub(crate) fn poll(&mut self) -> Polled {
        if std::mem::take(&mut self.changed) {
            let world = &mut *self.world.borrow_mut();
            self.pump.replan(&self.in_force, world.now);
            world.ledger.replan(&self.in_force, world.now);
        } else {
            let world = &mut *self.world.borrow_mut();
            world.ledger.look(world.now);
        }
        self.flag.0.store(false, Ordering::Relaxed);
        let before = self.world.borrow_mut().begin_poll();
        let waker = Waker::from(Arc::clone(&self.flag));
        let world = &self.world;
        let clock = || world.borrow_mut().look_at_clock();
        let mut gauge = Watch(Rc::clone(world));
        let polled = self.pump.poll(
            &mut Context::from_waker(&waker),
            &mut self.buffer,
            clock,
            &mut gauge,
        );
        self.alarm = self.pump.next_due();
        let world = &mut *self.world.borrow_mut();
        assert!(world.calls <= CALLS, "one poll makes {} calls", world.calls);
        let end = match polled {
            Poll::Pending => {
                world.check_parked(self.pump.is_idle(), self.flag.0.load(Ordering::Relaxed));
                None
            }
            Poll::Ready(end) => {
                world.note(|| format!("over: {end:?}"));
                world.check_end(&end);
                Some(end)
            }
        };
        Polled {
            end,
            achieved: world.progress - before,
            yielded: self.is_woken() && world.refusals == 0,
        }
    }
}

// === impl World ===

impl World {
    fn begin_poll(&mut self) -> u64 {
        self.calls = 0;
        self.refusals = 0;
        if self.weather.strict {
            self.forget_waits();
        }
        self.progress
    }
}
