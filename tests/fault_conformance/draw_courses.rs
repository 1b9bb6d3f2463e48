//! Courses: bytes and time that a chain sees, and when which bytes have left.

use std::collections::BTreeMap;
use std::time::Duration;

use faultboard::fault::link::Step;
use faultboard::fault::{Kind, Plan, Setting, Value};
use proptest::prelude::*;

use crate::course::{Course, Leg};
use crate::draw_settings::a_plan;

/// The plan with a link for each connection, where a sender sends: one that is shared remembers what has left, and a queue
/// that drops makes much of it.
pub fn on_its_own_link(plan: &Plan) -> Plan {
    let sends = plan.settings().iter().any(|it| remembers(it.kind));
    let own = |setting: Setting| match setting.value("scope") {
        Some(_) if sends => setting.with("scope", Value::Word("connection")),
        _ => setting,
    };
    let mut own = Plan::of(plan.settings().iter().cloned().map(own));
    own.bypassed = plan.bypassed;
    own
}

/// Whether a stage of this kind, left as it is beside another one that is changed, has a past that shows: a sender's window.
pub fn remembers(kind: &Kind) -> bool {
    ["loss", "tcp"].contains(&kind.name)
}

/// What of a plan lets two links of one connection leave with different pieces: for how long, and how many bytes in a time.
pub fn unevenness(plan: &Plan, time: Duration) -> (Duration, u64) {
    let mut uneven = (Duration::from_nanos(20), 0);
    let of = |name: &str| {
        plan.settings()
            .iter()
            .find_map(|setting| setting.value(name))
    };
    let is = |kind: &str| plan.settings().iter().any(|it| it.kind.name == kind);
    if let Some(Value::Size(slice)) = of("size")
        && (is("flap") || is("blackhole"))
    {
        // Before a gate that closes, a slice more or less is a turn of the gate more or less.
        let turn = match (of("on"), of("off")) {
            (Some(Value::Time(on)), Some(Value::Time(off))) => on + off,
            _ => time,
        };
        uneven.0 += turn;
        uneven.1 += slice.bytes() * (2 + time.as_nanos() / turn.as_nanos()) as u64;
    }
    for setting in plan.settings() {
        if let Some(Value::Time(gap)) = setting.value("gap") {
            uneven.0 += gap;
            // Slices of another phase: one of them is under way.
            if let Some(Value::Size(slice)) = setting.value("size") {
                uneven.1 += slice.bytes();
            }
        }
        if let Some(Value::Rate(rate)) = setting.value("rate") {
            let depth = match setting.value("depth") {
                Some(Value::Rate(depth)) => depth.bytes_per_second(),
                _ => rate.bytes_per_second() / 2,
            };
            uneven.0 += Duration::from_millis(6);
            // A piece of the greatest rate: of either plan's, as a ramp may come down from it.
            uneven.1 += 1_448 + (rate.bytes_per_second() + depth) / 1_000;
        }
        if setting.value("trace").is_some() {
            // What a piece later is a piece less may be so until a time without any rate ends: at the greatest rate of a
            // trace of these tests, for as long as above.
            uneven.0 += Duration::from_millis(6);
            uneven.1 += 1_448 + 3_750_000 * 7 / 1_000;
        }
    }
    uneven
}

/// One byte, a mebibyte, and what lies between.
fn a_size() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(1), 12 => 1..3_000_usize, 4 => 1..100_000_usize, 1 => Just(1 << 20)]
}

/// From a nanosecond to ten seconds, evenly by order of magnitude.
pub fn a_time() -> impl Strategy<Value = Duration> {
    (0.0..10.0_f64).prop_map(|magnitude| Duration::from_nanos(10_f64.powf(magnitude) as u64))
}

pub fn a_course() -> impl Strategy<Value = Vec<Leg>> {
    let most = prop_oneof![Just(usize::MAX), 1..100_000_usize];
    let leg = prop_oneof![
        4 => a_size().prop_map(Leg::Come),
        4 => (a_time(), most).prop_map(|(time, most)| Leg::Pass(time, most)),
        1 => a_time().prop_map(Leg::Refuse),
        2 => a_plan().prop_map(Leg::Set),
    ];
    prop::collection::vec(leg, 1..24)
}

/// Runs a course to its end; what has left, and when.
pub fn run(mut course: Course, legs: &[Leg]) -> Vec<(Duration, usize)> {
    for leg in legs {
        course.go(leg);
    }
    let ends = [Step::Shutdown, Step::Reset];
    course.lift(ends[legs.len() % 2]);
    course.left
}

/// Bytes and time alone: whoever writes is there whenever something is due.
pub fn a_punctual_course() -> impl Strategy<Value = Vec<Leg>> {
    let leg = prop_oneof![
        (1..3_000_usize).prop_map(Leg::Come),
        a_time().prop_map(|time| Leg::Pass(time, usize::MAX)),
    ];
    prop::collection::vec(leg, 1..32)
}

/// What leaves of a punctual course, and when; `watch` is told after each part of it.
pub fn punctual(
    mut course: Course,
    legs: &[Leg],
    watch: impl Fn(&mut Course),
) -> Vec<(Duration, usize)> {
    course.writes = usize::MAX;
    for leg in legs {
        course.go(leg);
        watch(&mut course);
    }
    course.left
}

/// How much has left by each time.
pub fn by_time(left: &[(Duration, usize)]) -> BTreeMap<Duration, usize> {
    let mut sums = BTreeMap::new();
    for (at, bytes) in left {
        *sums.entry(*at).or_default() += bytes;
    }
    sums
}
