//! Waves and ramps, at chosen moments.

use super::*;
use crate::fault::kinds::latency;
use crate::fault::pace::Pace;
use crate::fault::{Direction, InForce, Plan, language, trace};

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
    Motion::of(&one_way, None, since).expect("it has a number")
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
    assert_eq!(whole(motion.most(since)), 60_000_000);
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
    let set = |before: &InForce, text: &str, s| {
        InForce::succeed(before, Plan::of([setting(text)]), at(s))
    };
    let first = set(&InForce::default(), "latency 100ms down", 0);
    let second = set(&first, "latency 300ms ramp=10s down", 5);
    let value = |in_force: &InForce, s| {
        let it = in_force.acting(&latency::KIND, None, Direction::Down, at(s));
        let it = it.expect("it is set");
        let motion = Motion::of(&it.setting, it.from, it.since).expect("it has a number");
        whole(motion.at(at(s)))
    };
    assert_eq!(
        [5, 10, 15, 20].map(|s| value(&second, s)),
        [100, 200, 300, 300]
    );
    // A change in mid-ramp goes on from where it is.
    let third = set(&second, "latency 0s ramp=10s down", 10);
    assert_eq!([10, 15, 20].map(|s| value(&third, s)), [200, 100, 0]);
}

#[test]
fn a_ramp_begins_at_nothing_where_nothing_was_set() {
    let start = clock();
    let plan = Plan::of([setting("latency 100ms ramp=1s down")]);
    let in_force = InForce::succeed(&InForce::default(), plan, start);
    let it = in_force.acting(&latency::KIND, None, Direction::Down, start);
    let it = it.expect("it is set");
    let motion = Motion::of(&it.setting, it.from, it.since).expect("it has a number");
    assert_eq!(whole(motion.at(start + Duration::from_millis(250))), 25);
}

/// The area under a motion by many small steps.
fn by_steps(motion: &Motion, from: Instant, time: Duration) -> f64 {
    let steps = 100_000;
    let step = time / steps;
    let middle = |number| motion.at(from + step * number + step / 2);
    (0..steps).map(middle).sum::<f64>() * step.as_secs_f64()
}

/// A rate that moves, with a ramp that begins at 300 kB/s.
fn moving(faults: &str, since: Instant) -> (Motion, Pace) {
    trace::keep("moving.csv", TRACE.as_bytes()).expect("a trace");
    let setting = setting(faults).one_way(Direction::Down).expect("it acts");
    let motion = Motion::of(&setting, Some(300_000.0), since).expect("it has a number");
    let rate = match setting.value("rate") {
        Some(Value::Rate(rate)) => rate,
        _ => ByteRate::new(0),
    };
    (motion, Pace::new(rate, Some(motion), since))
}

const MOVING: [&str; 15] = [
    "bandwidth 100kB/s wave=sine period=1s depth=50kB/s",
    "bandwidth 100kB/s wave=sine period=700ms depth=150kB/s",
    "bandwidth 100kB/s wave=square period=1s depth=100kB/s",
    "bandwidth 100kB/s wave=square period=3s depth=130kB/s",
    "bandwidth 100kB/s wave=saw period=300ms depth=200kB/s",
    "bandwidth 100kB/s wave=triangle period=1100ms depth=170kB/s",
    "bandwidth 100kB/s ramp=2s",
    "bandwidth 0B/s ramp=3s",
    "bandwidth 100kB/s ramp=2s wave=triangle period=900ms depth=170kB/s",
    "bandwidth 10kB/s ramp=5s wave=square period=20ms depth=50kB/s",
    "bandwidth 0B/s ramp=3s wave=sine period=1s depth=20kB/s",
    "bandwidth trace=@lte-moving",
    "bandwidth trace=@train loop=off",
    "bandwidth trace=moving.csv",
    "bandwidth trace=moving.csv loop=off",
];

/// A round of 2 seconds, of which one and a half are without any rate.
const TRACE: &str = "time,rate\n0,0\n0.9,80kB/s\n1.4,0\n1.7,0\n";

#[test]
fn what_passes_at_a_moving_rate_is_the_area_under_it() {
    let since = clock();
    for faults in MOVING {
        let (motion, pace) = moving(faults, since);
        for (begin, time) in [
            (0, 1_000),
            (0, 7_000),
            (333, 10),
            (1_999, 2_345),
            (2_500, 4_000),
        ] {
            let from = since + Duration::from_millis(begin);
            let time = Duration::from_millis(time);
            let (passed, area) = (
                pace.passed(from, from + time),
                by_steps(&motion, from, time),
            );
            let off = (passed as f64 - area).abs();
            assert!(
                off <= 2.0 + area * 0.01,
                "{faults}: {passed} bytes in {time:?} from {begin} ms, not {area}"
            );
        }
    }
}

#[test]
fn bytes_have_passed_when_it_is_said_and_not_before() {
    let since = clock();
    for faults in MOVING {
        let (_, pace) = moving(faults, since);
        for begin in [0, 17, 500, 1_990, 3_001] {
            let from = since + Duration::from_millis(begin);
            for bytes in [1, 100, 4_321, 250_000] {
                let Some(end) = pace.passes(from, bytes) else {
                    let forever = from + Duration::from_secs(86_400);
                    assert!(pace.passed(from, forever) < bytes, "{faults}");
                    continue;
                };
                let passed = pace.passed(from, end);
                assert!(
                    passed.abs_diff(bytes) <= 1,
                    "{faults}: {passed} of {bytes} bytes from {begin} ms have passed after {:?}",
                    end - from
                );
            }
        }
    }
}

#[test]
fn a_rate_that_ends_at_nothing_passes_nothing_more() {
    let since = clock();
    let (_, pace) = moving("bandwidth 0B/s ramp=500ms", since);
    // Half of 300 kB/s for half a second.
    assert!(pace.passes(since, 74_999).is_some());
    assert_eq!(pace.passes(since, 75_001), None);
    assert_eq!(pace.passes(since + Duration::from_secs(1), 1), None);
}

#[test]
fn years_of_a_short_wave_are_summed_in_few_steps() {
    let since = clock();
    let (_, pace) = moving(
        "bandwidth 1B/s ramp=24h wave=sine period=1ms depth=1B/s",
        since,
    );
    let most = pace.passed(since, since + Duration::from_secs(100 * 365 * 86_400));
    assert!(pace.passes(since, most / 2).is_some());
}

#[test]
fn a_delay_that_falls_takes_with_it_what_waits() {
    let start = clock();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let setting = setting("latency 10ms ramp=1s down");
    let motion = Motion::of(&setting, Some(60.0), at(0)).expect("it has a number");
    let leaves = |came: u64| came + u64::try_from(whole(motion.wait(at(came), 0.0))).unwrap_or(0);
    // All leave on the way down, in order, and none before it has waited for the delay of that moment.
    for came in [0, 100, 500, 990] {
        let left = leaves(came);
        assert!(
            (984..=1_000).contains(&left),
            "{came} ms: left at {left} ms"
        );
        let waited = Duration::from_millis(left - came).as_secs_f64();
        assert!(waited + 0.07 >= motion.at(at(left)), "{came} ms");
    }
    assert_eq!(leaves(2_000), 2_010);
}

#[test]
fn in_what_pieces_bytes_pass_along_a_trace_changes_nothing() {
    let since = clock();
    for faults in ["bandwidth trace=@train", "bandwidth trace=moving.csv"] {
        let (_, pace) = moving(faults, since);
        for begin in [0, 250, 31_200, 119_900] {
            let from = since + Duration::from_millis(begin);
            let whole = pace.passes(from, 190_000).expect("a rate");
            for piece in [1_000, 10_000, 38_000] {
                let pieces = (0..190_000 / piece)
                    .try_fold(from, |at, _| pace.passes(at, piece))
                    .expect("a rate");
                let off = whole.max(pieces) - whole.min(pieces);
                assert!(off < Duration::from_micros(1), "{faults}: {off:?}");
            }
        }
    }
}

#[test]
fn a_trace_stands_for_the_rate_of_the_moment() {
    let start = clock();
    let at = |ms: u64| start + Duration::from_millis(ms);
    trace::keep("moving.csv", TRACE.as_bytes()).expect("a trace");
    let plan = Plan::of([setting("bandwidth trace=moving.csv down")]);
    let in_force = InForce::succeed(&InForce::default(), plan, start);
    let present = |ms| in_force.present(at(ms)).map(|plan| plan.to_string());
    assert_eq!(present(500).as_deref(), Some("bandwidth 0B/s down"));
    assert_eq!(present(3_000).as_deref(), Some("bandwidth 80kB/s down"));
}
