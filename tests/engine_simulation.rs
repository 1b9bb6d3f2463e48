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

use std::io::ErrorKind;

use faultboard::fault::{Kind, Plan, Setting, Value, language};
use faultboard::proxy::budget::Budget;
use faultboard::proxy::pump::{End, TakeDown};
use faultboard::snapshot::{CloseReason, LegName};
use faultboard::units::ByteRate;

use simulation::{Bench, Leg, Tally, simulate};

/// How many connections a test run simulates.
const SEEDS: u64 = 12_000;
/// The two legs, by number.
const CLIENT: usize = 0;
const UPSTREAM: usize = 1;

fn leg(sending_room: u64) -> Leg {
    Leg {
        sending_room,
        ..Leg::default()
    }
}

fn bandwidth(rate: u64) -> Setting {
    let kind = Kind::named("bandwidth").expect("a kind of the table");
    Setting::new(kind).with("rate", Value::Rate(ByteRate::new(rate)))
}

/// A leg with a layer of its own above the system's, as TLS is.
fn layered(sending_room: u64, layer_room: u64) -> Leg {
    Leg {
        layer_room,
        ..leg(sending_room)
    }
}

fn broken(leg: LegName, error: &str) -> End {
    End {
        reason: CloseReason::Io {
            leg,
            error: error.to_owned(),
        },
        how: TakeDown::Reset,
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
    let how = TakeDown::Done;
    assert_eq!(over, Some(End { reason, how }));
}

#[test]
fn the_first_error_is_the_reason() {
    let mut bench = Bench::calm([leg(1 << 10), layered(10, 100)], Plan::default());
    // 110 bytes fill the upstream's socket and its layer; the rest waits.
    bench.at(1, |world| world.legs[CLIENT].said = 200);
    let over = bench.at(2, |world| {
        world.legs[UPSTREAM].sticky = true;
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(over, Some(broken(LegName::Upstream, "connection reset")));
}

#[test]
fn a_reset_waits_behind_bytes_that_are_not_flushed() {
    let mut bench = Bench::calm([leg(1 << 10), layered(10, 100)], Plan::default());
    bench.at(1, |world| world.legs[CLIENT].said = 110);
    let over = bench.at(2, |world| {
        world.legs[CLIENT].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(over, None, "100 bytes are still in the upstream's layer");
    let mut over = None;
    for ms in 3..13 {
        over = bench.at(ms, |world| world.legs[UPSTREAM].sending = 0);
    }
    assert_eq!(over, Some(broken(LegName::Client, "connection reset")));
}

#[test]
fn bytes_that_cannot_be_flushed_at_the_end_of_a_stream_are_an_error() {
    let mut bench = Bench::calm([leg(1 << 10), layered(10, 100)], Plan::default());
    bench.at(1, |world| {
        world.legs[UPSTREAM].fin = true;
        world.legs[CLIENT].said = 110;
        world.legs[CLIENT].fin = true;
    });
    let over = bench.at(2, |world| {
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    let why = "connection closed while bytes were on their way";
    assert_eq!(over, Some(broken(LegName::Upstream, why)));
}

#[test]
fn a_stream_that_broke_off_has_no_end() {
    let mut bench = Bench::calm([leg(1 << 10), leg(1 << 10)], Plan::default());
    bench.at(1, |world| world.legs[UPSTREAM].said = 10);
    // Writing is told the reset, and reading then what was received before it, and an end that was never sent.
    let over = bench.at(2, |world| {
        world.legs[CLIENT].said = 1;
        world.legs[UPSTREAM].said = 20;
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(over, Some(broken(LegName::Upstream, "connection reset")));
    let world = bench.world.borrow();
    let down = &world.ledger.lanes.down;
    assert_eq!((down.delivered, down.end_passed), (20, false));
}

#[test]
fn a_peer_that_closed_is_read_to_its_end_although_it_refuses_bytes() {
    let mut bench = Bench::calm([leg(10), leg(1 << 10)], Plan::default());
    // The upstream says more than the client takes, and closes; then the client says something.
    bench.at(1, |world| {
        world.legs[UPSTREAM].said = 200 << 10;
        world.legs[UPSTREAM].fin = true;
    });
    bench.at(2, |world| world.legs[CLIENT].said = 1);
    let over = bench.at(3, |world| {
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(over, None);
    let over = bench.at(4, |world| world.legs[CLIENT].sending_room = 1 << 20);
    let why = "connection closed while bytes were on their way";
    assert_eq!(over, Some(broken(LegName::Upstream, why)));
    let world = bench.world.borrow();
    let down = &world.ledger.lanes.down;
    assert_eq!((down.delivered, down.end_passed), (200 << 10, true));
}

#[test]
fn what_a_broken_leg_was_to_get_is_held_no_longer() {
    let mut bench = Bench::calm([leg(0), leg(10)], Plan::default());
    bench.at(1, |world| {
        world.legs[CLIENT].said = 100;
        world.legs[UPSTREAM].said = 100;
    });
    let held = |bench: &Bench| {
        let lanes = &bench.world.borrow().ledger.lanes;
        [lanes.up.gauge.held, lanes.down.gauge.held]
    };
    assert_eq!(held(&bench), [90, 100]);
    bench.at(2, |world| {
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(held(&bench), [0, 100]);
}

/// A bench in which each peer has said more than the other takes.
fn full_both_ways(plan: Plan) -> Bench {
    let mut bench = Bench::calm([leg(10), leg(10)], plan);
    bench.at(1, |world| {
        world.legs[CLIENT].said = 300 << 10;
        world.legs[UPSTREAM].said = 300 << 10;
    });
    bench
}

#[test]
fn a_peer_hears_within_a_second_that_the_other_has_gone_whatever_holds_its_bytes() {
    for faults in [
        "",
        "blackhole",
        "timeout 1h",
        "flap on=10ms off=1h",
        "bandwidth 0B/s",
        "blackhole up",
        "loss 100%, slicer 1B gap=1m",
    ] {
        for (number, name) in [(CLIENT, LegName::Client), (UPSTREAM, LegName::Upstream)] {
            let settings = faults.split(", ").filter(|text| !text.is_empty());
            let settings = settings.flat_map(|text| language::parse(text).expect("a fault"));
            let mut bench = full_both_ways(Plan::of(settings));
            let over = bench.at(100, |world| {
                world.legs[number].break_off(ErrorKind::ConnectionReset, false);
            });
            assert_eq!(over, None, "[{faults}] its last words are passed on");
            let mut over = None;
            while over.is_none() {
                let alarm = bench.alarm.expect("an alarm rings");
                bench.world.borrow_mut().now = alarm;
                over = bench.poll().end;
            }
            let world = bench.world.borrow();
            let heard = (world.now - world.start).as_millis();
            assert!(
                heard <= 1_000,
                "[{faults}] {name} it hears after {heard} ms"
            );
            assert_eq!(over, Some(broken(name, "connection reset")), "[{faults}]");
        }
    }
}

#[test]
fn a_reset_takes_as_long_as_the_bytes_ahead_of_it_are_delayed() {
    let settings = language::parse("latency 8s").expect("a fault");
    let mut bench = Bench::calm([leg(1 << 10), leg(1 << 10)], Plan::of(settings));
    bench.at(1, |world| world.legs[CLIENT].said = 100);
    let over = bench.at(2, |world| {
        world.legs[CLIENT].break_off(ErrorKind::ConnectionReset, false);
    });
    assert_eq!(over, None);
    assert_eq!(bench.at(4_000, |_| {}), None);
    assert_eq!(bench.at(4_001, |_| {}), None);
    let delivered = bench.world.borrow().ledger.lanes.up.delivered;
    assert_eq!(delivered, 100);
    let over = bench.at(4_002, |_| {});
    assert_eq!(over, Some(broken(LegName::Client, "connection reset")));
}

#[test]
fn the_last_words_of_a_peer_that_closed_have_the_time_that_they_take() {
    let mut bench = Bench::calm([leg(10), leg(1 << 10)], Plan::default());
    bench.at(1, |world| {
        world.legs[UPSTREAM].said = 1_000;
        world.legs[UPSTREAM].fin = true;
    });
    bench.at(2, |world| world.legs[CLIENT].said = 1);
    bench.at(3, |world| {
        world.legs[UPSTREAM].break_off(ErrorKind::ConnectionReset, false);
    });
    // The client takes ten bytes every 0.8 s, then no more.
    for ms in [800, 1_600, 2_400] {
        assert_eq!(bench.at(ms, |world| world.legs[CLIENT].sending = 0), None);
    }
    assert_eq!(bench.at(3_299, |_| {}), None);
    let over = bench.at(3_300, |_| {});
    let why = "connection closed while bytes were on their way";
    assert_eq!(over, Some(broken(LegName::Upstream, why)));
    let delivered = bench.world.borrow().ledger.lanes.down.delivered;
    assert_eq!(delivered, 40);
}

#[test]
fn a_change_of_settings_shows_on_the_gauge() {
    let mut bench = Bench::calm([leg(1 << 10), leg(0)], Plan::default());
    bench.at(1, |world| world.legs[CLIENT].said = 100);
    bench.set(Plan::of([bandwidth(0)]));
    bench.at(2, |world| world.legs[CLIENT].said = 100 << 10);
    assert!(bench.world.borrow().ledger.lanes.up.gauge.full);
    bench.set(Plan::default());
    bench.poll();
    assert!(!bench.world.borrow().ledger.lanes.up.gauge.full);
}

#[test]
fn two_receivers_that_refuse_keep_nobody_busy() {
    let mut bench = Bench::calm([leg(0), leg(0)], Plan::of([bandwidth(1_000_000)]));
    bench.at(1, |world| {
        world.legs[CLIENT].said = 1_000;
        world.legs[UPSTREAM].said = 500;
    });
    // Each alarm is that of one direction; both have bytes that are due then, and nobody to take them.
    for _ in 0..2 {
        let alarm = bench.alarm.expect("a pace runs");
        bench.world.borrow_mut().now = alarm;
        bench.poll();
    }
    assert_eq!(bench.alarm, None);
}

#[test]
fn a_receiver_that_refused_for_long_gets_no_burst() {
    let mut bench = Bench::calm([leg(0), leg(1 << 20)], Plan::of([bandwidth(100_000)]));
    bench.at(0, |world| world.legs[UPSTREAM].said = 20_000);
    // The first piece is due after 5 ms, and refused.
    bench.at(10, |_| {});
    bench.at(10_000, |world| world.legs[CLIENT].sending_room = 1 << 20);
    let delivered = bench.world.borrow().ledger.lanes.down.delivered;
    assert!(
        (1..=1_000).contains(&delivered),
        "{delivered} bytes at once at 100 kB/s"
    );
}

#[test]
fn a_direction_is_read_again_once_it_holds_little() {
    let legs = [leg(1 << 10), leg(10)];
    let mut bench = Bench::frugal(legs, Budget::new(1, 100));
    bench.at(1, |world| world.legs[CLIENT].said = 1_000);
    bench.at(2, |world| {
        world.legs[CLIENT].said = 1_500;
        world.legs[UPSTREAM].sending_room = 1 << 20;
    });
    let delivered = bench.world.borrow().ledger.lanes.up.delivered;
    assert_eq!(delivered, 1_500);
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
    let delivered = world.ledger.lanes.map_ref(|lane| lane.delivered);
    assert!(delivered.up > 0);
    assert_eq!(delivered.up, delivered.down);
}

#[test]
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
