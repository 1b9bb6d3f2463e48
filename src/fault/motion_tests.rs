//! Waves and ramps, at chosen moments.

use super::*;
use crate::fault::{Plan, language};

/// In thousandths.
#[expect(clippy::cast_possible_truncation, reason = "small numbers, rounded")]
fn whole(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

/// Any time to begin at.
#[expect(
    clippy::disallowed_methods,
    reason = "an origin for simulated times, never read again"
)]
fn clock() -> Instant {
    Instant::now()
}

fn setting(text: &str) -> Setting {
    language::parse(text).expect("a fault").remove(0)
}

fn motion(text: &str, since: Instant) -> Motion {
    let one_way = setting(text).one_way(Direction::Down).expect("it acts");
    Motion::of(&one_way, Direction::Down, since).expect("it has a number")
}

#[test]
fn every_wave_swings_around_what_is_set() {
    let since = clock();
    let at = |wave: &str, ms: u64| {
        let text = format!("latency 100ms wave={wave} period=8s depth=40ms down");
        let value = motion(&text, since).at(since + Duration::from_millis(ms));
        whole(value)
    };
    let eighths = |wave: &str| [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|eighth| at(wave, eighth * 1_000));
    assert_eq!(eighths("sine"), [100, 128, 140, 128, 100, 72, 60, 72, 100]);
    assert_eq!(
        eighths("triangle"),
        [100, 120, 140, 120, 100, 80, 60, 80, 100]
    );
    assert_eq!(eighths("saw"), [100, 110, 120, 130, 60, 70, 80, 90, 100]);
    assert_eq!(eighths("square"), [140, 140, 140, 140, 60, 60, 60, 60, 140]);
}

#[test]
fn a_wave_never_goes_below_nothing() {
    let since = clock();
    let motion = motion("bandwidth 10kB/s wave=square period=2s depth=50kB/s", since);
    assert_eq!(whole(motion.at(since + Duration::from_millis(1_500))), 0);
    assert_eq!(whole(motion.most()), 60_000_000);
}

#[test]
fn without_a_depth_a_wave_swings_by_half() {
    let since = clock();
    let motion = motion("latency 100ms wave=square period=2s", since);
    // Half of the round trip is spent in this direction.
    assert!((motion.at(since) - 0.075).abs() < 1e-9);
}

#[test]
fn a_ramp_leads_from_the_value_at_the_change_to_the_new_one() {
    let start = clock();
    let at = |s: u64| start + Duration::from_secs(s);
    let first = Plan::of([setting("latency 100ms down")]).set_at(&Plan::default(), start, start);
    let second = Plan::of([setting("latency 300ms ramp=10s down")]).set_at(&first, at(5), start);
    let value = |plan: &Plan, s| {
        let setting = plan.one_way(&crate::fault::latency::KIND, Direction::Down);
        let setting = setting.expect("it is set");
        let since = setting.since(start);
        let motion = Motion::of(&setting, Direction::Down, since).expect("it has a number");
        whole(motion.at(at(s)))
    };
    assert_eq!(
        [5, 10, 15, 20].map(|s| value(&second, s)),
        [100, 200, 300, 300]
    );
    // A change in mid-ramp goes on from where it is.
    let third = Plan::of([setting("latency 0s ramp=10s down")]).set_at(&second, at(10), start);
    assert_eq!([10, 15, 20].map(|s| value(&third, s)), [200, 100, 0]);
}

#[test]
fn a_ramp_begins_at_nothing_where_nothing_was_set() {
    let start = clock();
    let plan = Plan::of([setting("latency 100ms ramp=1s down")]);
    let plan = plan.set_at(&Plan::default(), start, start);
    let setting = plan.settings()[0].clone();
    let motion = Motion::of(&setting, Direction::Down, start).expect("it has a number");
    assert_eq!(whole(motion.at(start + Duration::from_millis(250))), 25);
}
