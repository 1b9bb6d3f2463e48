//! The poll loop against a simulation: fake sockets, peers, settings and a clock that do what real ones do at their
//! worst. First what the loop owes to its peers, case by case; then thousands of connections that only a seed describes.
//!
//! `FAULTBOARD_SIM_SEEDS=1000000` runs so many instead of the usual number; `FAULTBOARD_SIM_SEED=17` runs that one alone
//! and prints what led there if it fails.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of a simulation"
)]

#[path = "support/settings.rs"]
mod settings;
#[path = "support/simulation/mod.rs"]
mod simulation;

use faultboard::fault::Plan;
use faultboard::proxy::pump::End;
use faultboard::snapshot::CloseReason;

use simulation::{Bench, Leg, Tally, simulate};

/// How many connections a test run simulates.
const SEEDS: u64 = 4_000;
/// The two legs, by number.
const CLIENT: usize = 0;
const UPSTREAM: usize = 1;

fn leg(sending_room: u64) -> Leg {
    Leg {
        sending_room,
        ..Leg::default()
    }
}

#[test]
fn the_end_of_a_stream_ends_its_direction_only() {
    let mut bench = Bench::calm([leg(1 << 10), leg(1 << 10)], Plan::default());
    let over = bench.at(1, |world| {
        world.legs[CLIENT].said = 100;
        world.legs[CLIENT].fin = true;
    });
    assert_eq!(over, None);
    assert!(bench.world.borrow().legs[UPSTREAM].shut);
    bench.at(2, |world| world.legs[UPSTREAM].said = 200);
    let over = bench.at(3, |world| world.legs[UPSTREAM].fin = true);
    let reason = CloseReason::ClientDone;
    let reset = false;
    assert_eq!(over, Some(End { reason, reset }));
}

#[test]
fn two_busy_directions_share_a_turn_evenly() {
    let mut bench = Bench::calm([leg(1 << 30), leg(1 << 30)], Plan::default());
    for leg in [CLIENT, UPSTREAM] {
        bench.world.borrow_mut().legs[leg].said = 1 << 30;
    }
    let polled = bench.poll();
    assert!(
        polled.yielded,
        "a busy connection gives the others of its worker their turn"
    );
    let world = bench.world.borrow();
    let delivered = world.ledger.lanes.each_ref().map(|lane| lane.delivered);
    assert!(delivered[0] > 0);
    assert_eq!(delivered[0], delivered[1]);
}

#[test]
#[ignore = "shows the bugs that come next"]
fn no_byte_and_no_wake_up_is_lost() {
    if let Some(seed) = number("FAULTBOARD_SIM_SEED") {
        simulate(seed, true);
        return;
    }
    let seeds = number("FAULTBOARD_SIM_SEEDS").unwrap_or(SEEDS);
    let halves = std::thread::scope(|scope| {
        let half = |first| {
            scope.spawn(move || {
                (first..seeds)
                    .step_by(2)
                    .map(|seed| simulate(seed, false))
                    .sum::<Tally>()
            })
        };
        [half(0), half(1)].map(|half| half.join().expect("a simulation failed: its seed is above"))
    });
    let tally: Tally = halves.into_iter().sum();
    println!("{tally:#?}");
    for (met, what) in tally.met() {
        assert!(met >= seeds / 100, "{met} {what} in {seeds} simulations");
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}
