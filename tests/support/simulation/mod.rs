//! A seeded simulation of one connection: fake sockets, fake peers and a simulated clock around the real poll loop.
//!
//! ```text
//!          peer ── said ──► leg ──► Pump ──► leg ── sending ──► peer      and the same back
//!   script ─┘                └─── ledger ────┘                   └─ drains, pauses, breaks
//!            run: wakes, alarms, probes               every call is checked as it is made
//! ```

mod bench;
mod dice;
mod lane;
mod ledger;
mod leg;
mod peer;
mod plans;
mod run;
mod socket;
mod speech;
mod tally;
mod verdict;
mod watch;
mod world;

use std::rc::Rc;
use std::time::Duration;

pub(crate) use self::bench::Bench;
use self::dice::Dice;
pub(crate) use self::leg::Leg;
use self::peer::Peer;
use self::run::Run;
pub(crate) use self::tally::Tally;
use self::world::{Shared, Weather, World};

/// Says which seed it was when a simulation fails, and what happened where that was recorded.
struct Announce {
    seed: u64,
    world: Shared,
}

/// Simulates the connection that `seed` describes; panics where anything is not as it must be. `traced`: with what led there.
pub(crate) fn simulate(seed: u64, traced: bool) -> Tally {
    let mut dice = Dice::new(seed);
    let weather = Weather::new(&mut dice);
    let legs = [leg(&mut dice), leg(&mut dice)];
    let peers = [Peer::new(&mut dice), Peer::new(&mut dice)];
    let mut world = World::new(seed, weather, dice, legs, peers);
    world.trace = traced.then(Vec::new);
    let run = Run::new(world);
    let _announce = Announce {
        seed,
        world: Rc::clone(&run.bench.world),
    };
    run.run()
}

/// A socket: half of them with a layer of their own, as TLS has.
fn leg(dice: &mut Dice) -> Leg {
    Leg {
        layer_room: if dice.chance(50) {
            dice.scaled(64, 64 << 10)
        } else {
            0
        },
        sending_room: dice.scaled(64, 256 << 10),
        sticky: dice.chance(20),
        ..Leg::default()
    }
}

// === impl Weather ===

impl Weather {
    fn new(dice: &mut Dice) -> Self {
        Self {
            spurious: [0, 2, 10, 30][(dice.draw() % 4) as usize],
            partial: [0, 20, 80][(dice.draw() % 3) as usize],
            late: [0, 10, 50][(dice.draw() % 3) as usize],
            creep: [0, 100, 100_000][(dice.draw() % 3) as usize],
            frugal: dice.chance(25),
            strict: dice.chance(50),
            gap: Duration::from_nanos(dice.scaled(10_000, 1_000_000_000)),
            most: dice.scaled(1, 256 << 10),
        }
    }
}

// === impl Announce ===

impl Drop for Announce {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!(
            "seed {}: FAULTBOARD_SIM_SEED={} shows what led there",
            self.seed, self.seed
        );
        if let Ok(mut world) = self.world.try_borrow_mut() {
            for line in world.trace.take().unwrap_or_default() {
                eprintln!("  {line}");
            }
        }
    }
}
