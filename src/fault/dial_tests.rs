//! What turns of a knob make of plans.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::fault::Stage;
use crate::fault::knob::{Fine, Metric};
use crate::units::ByteRate;

fn dial(label: &str) -> &'static Dial {
    let mut dials = all().iter();
    dials.find(|dial| dial.knob.label == label).expect("a knob")
}

fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

fn rate(bytes: u64) -> Value {
    Value::Rate(ByteRate::new(bytes))
}

const BOTH: Directions = Directions::Both;
const UP: Directions = Directions::Only(Direction::Up);
const DOWN: Directions = Directions::Only(Direction::Down);

/// Turns one knob of an empty plan and prints the plan after each turn.
fn plans(label: &str, directions: Directions, turns: &[Turn]) -> Vec<String> {
    let mut plan = Plan::default();
    let mut printed = Vec::new();
    for turn in turns {
        plan = dial(label).turn(&plan, directions, *turn);
        printed.push(plan.to_string());
    }
    printed
}

#[test]
fn a_number_sets_its_stop_and_nought_takes_the_setting_out() {
    assert_eq!(
        plans("LAT", BOTH, &[Turn::To(5), Turn::To(9), Turn::Off]),
        ["latency 250ms", "latency 10s", ""]
    );
    assert_eq!(
        plans("BW", BOTH, &[Turn::To(1), Turn::To(6), Turn::Off]),
        ["bandwidth 10MB/s", "bandwidth 64kB/s", ""]
    );
}

#[test]
fn the_first_fine_step_is_the_first_stop_and_some_to_the_left_of_it_is_off() {
    let left = [Turn::Fine(-1); 7];
    let mut turns = vec![Turn::Fine(1)];
    turns.extend(left);
    assert_eq!(
        plans("LAT", BOTH, &turns),
        [
            "latency 10ms",
            "latency 8ms",
            "latency 6ms",
            "latency 5ms",
            "latency 4ms",
            "latency 3.5ms",
            "latency 3ms",
            ""
        ]
    );
}

#[test]
fn fine_steps_meet_every_stop_on_the_way() {
    for dial in all() {
        let mut value = None;
        let mut seen = Vec::new();
        for _ in 0..400 {
            value = dial.turned(value, Turn::Fine(1));
            seen.extend(value);
        }
        for stop in dial.knob.stops {
            assert!(seen.contains(&stop), "{} misses {stop}", dial.knob.label);
        }
    }
}

#[test]
fn a_decade_of_latency_is_twelve_steps_wide() {
    let mut value = Some(ms(100));
    for _ in 0..12 {
        value = dial("LAT").turned(value, Turn::Fine(1));
    }
    assert_eq!(value, Some(ms(1000)));
}

#[test]
fn to_the_right_is_worse_for_a_rate_too() {
    let bw = dial("BW");
    assert_eq!(
        bw.turned(Some(rate(64_000)), Turn::Fine(1)),
        Some(rate(60_000))
    );
    assert_eq!(
        bw.turned(Some(rate(60_000)), Turn::Fine(-1)),
        Some(rate(64_000))
    );
    assert_eq!(
        bw.turned(Some(rate(64_000)), Turn::Stop(1)),
        Some(rate(16_000))
    );
    assert_eq!(
        bw.turned(Some(rate(64_000)), Turn::Stop(-1)),
        Some(rate(256_000))
    );
}

#[test]
fn stops_are_reached_from_between_them_and_left_to_off() {
    let lat = dial("LAT");
    assert_eq!(lat.turned(Some(ms(300)), Turn::Stop(1)), Some(ms(500)));
    assert_eq!(lat.turned(Some(ms(300)), Turn::Stop(-1)), Some(ms(250)));
    assert_eq!(lat.turned(Some(ms(10)), Turn::Stop(-1)), None);
    assert_eq!(lat.turned(None, Turn::Stop(-1)), None);
    assert_eq!(
        lat.turned(Some(ms(20_000)), Turn::Stop(1)),
        Some(ms(20_000))
    );
}

#[test]
fn a_turn_ends_a_decade_beyond_the_last_stop() {
    let end = |label, turn| (0..500).fold(None, |value, _| dial(label).turned(value, turn));
    assert_eq!(end("LAT", Turn::Fine(1)), Some(ms(100_000)));
    assert_eq!(end("BW", Turn::Fine(1)), Some(rate(100)));
    assert_eq!(end("LAT", Turn::Stop(1)), Some(ms(10_000)));
}

#[test]
fn what_was_typed_beyond_the_end_is_not_made_milder_by_a_turn_to_the_right() {
    let typed = Some(ms(3_000_000));
    assert_eq!(dial("LAT").turned(typed, Turn::Fine(1)), typed);
    assert_eq!(
        dial("BW").turned(Some(rate(0)), Turn::Fine(1)),
        Some(rate(0))
    );
}

#[test]
fn jitter_without_latency_is_a_latency_of_nought_and_goes_with_it() {
    let mut plan = dial("JIT").turn(&Plan::default(), BOTH, Turn::To(3));
    assert_eq!(plan.to_string(), "latency 0ms jitter=25ms");
    assert_eq!(dial("LAT").value(&plan, BOTH), None);
    plan = dial("LAT").turn(&plan, BOTH, Turn::To(5));
    assert_eq!(plan.to_string(), "latency 250ms jitter=25ms");
    plan = dial("LAT").turn(&plan, BOTH, Turn::Off);
    assert_eq!(plan.to_string(), "latency 0ms jitter=25ms");
    plan = dial("JIT").turn(&plan, BOTH, Turn::Off);
    assert!(plan.is_empty());
}

#[test]
fn turning_one_direction_leaves_the_other_with_its_half() {
    let plan = dial("LAT").turn(&Plan::default(), BOTH, Turn::To(5));
    let plan = dial("LAT").turn(&plan, DOWN, Turn::To(9));
    assert_eq!(plan.to_string(), "latency 125ms up, latency 10s down");
    assert_eq!(dial("LAT").value(&plan, UP), Some(ms(125)));
    assert_eq!(dial("LAT").value(&plan, BOTH), Some(ms(10_125)));
    let plan = dial("LAT").turn(&plan, DOWN, Turn::Off);
    assert_eq!(plan.to_string(), "latency 125ms up");
}

#[test]
fn turning_both_directions_joins_what_was_set_apart() {
    let plan = dial("LAT").turn(&Plan::default(), UP, Turn::To(1));
    let plan = dial("LAT").turn(&plan, DOWN, Turn::To(4));
    let plan = dial("JIT").turn(&plan, BOTH, Turn::To(1));
    assert_eq!(plan.to_string(), "latency 110ms jitter=5ms");
}

#[test]
fn of_two_rates_the_lower_is_shown() {
    let plan = dial("BW").turn(&Plan::default(), UP, Turn::To(7));
    let plan = dial("BW").turn(&plan, DOWN, Turn::To(2));
    assert_eq!(dial("BW").value(&plan, BOTH), Some(rate(16_000)));
}

#[test]
fn other_parameters_survive_a_turn() {
    let plan = Plan::of([Setting::new(dial("BW").kind)
        .with("rate", rate(1_000))
        .with("scope", Value::Word("connection"))
        .hitting(Percent::new(20))]);
    let plan = dial("BW").turn(&plan, BOTH, Turn::To(1));
    assert_eq!(
        plan.to_string(),
        "bandwidth 10MB/s scope=connection share=20%"
    );
}

#[test]
fn a_typed_nought_is_off_for_a_time_and_nothing_for_a_rate() {
    assert_eq!(
        plans("LAT", BOTH, &[Turn::To(5), Turn::Exact(ms(0))])[1],
        ""
    );
    assert_eq!(
        plans("BW", BOTH, &[Turn::Exact(rate(0))])[0],
        "bandwidth 0B/s"
    );
}

#[test]
fn a_change_says_before_and_after() {
    let plan = dial("LAT").turn(&Plan::default(), DOWN, Turn::To(5));
    assert_eq!(
        dial("LAT").change(&Plan::default(), &plan, DOWN),
        "LAT down off → 250ms"
    );
}

#[test]
fn stops_stand_at_their_numbers_on_the_track() {
    let tracks = all().iter().filter(|dial| dial.spec().unit != Unit::Switch);
    for dial in tracks {
        // Words may be fewer than nine: the last one stands for the keys behind it too.
        let mut stops = dial.knob.stops.to_vec();
        stops.dedup();
        for (index, stop) in stops.into_iter().enumerate() {
            let place = dial.position(stop);
            assert!(
                (place - (index + 1) as f64).abs() < 1e-9,
                "{stop} at {place}"
            );
        }
    }
    assert!((dial("LAT").position(ms(5)) - 0.5).abs() < 1e-9);
    assert!((dial("BW").position(rate(20_000_000)) - 0.5).abs() < 1e-9);
    assert!((dial("BW").position(rate(0)) - 9.0).abs() < 1e-9);
}

const fn percent(percent: u32) -> Value {
    Value::Percent(Percent::new(percent))
}

const fn knob(label: &'static str, param: &'static str, stops: [Value; 9], step: Value) -> Knob {
    Knob {
        letter: ' ',
        label,
        title: label,
        key: Some('r'),
        param,
        stops,
        fine: Fine::Step(step),
        metric: Metric::Rate,
        beyond_proof: None,
    }
}

const fn kind(name: &'static str, knobs: &'static [Knob]) -> Kind {
    Kind {
        name,
        short: None,
        summary: "",
        params: &[],
        knobs,
        example: name,
        ..Kind::at(Stage::Gate)
    }
}

/// A kind that is turned by the share of connections that it hits.
static RESET: Kind = kind(
    "reset",
    &[knob(
        "RST",
        "share",
        [
            percent(1),
            percent(2),
            percent(5),
            percent(10),
            percent(20),
            percent(33),
            percent(50),
            percent(75),
            percent(100),
        ],
        percent(1),
    )],
);

/// A kind that is on or off.
static HOLE: Kind = kind(
    "blackhole",
    &[knob(
        "HOLE",
        "",
        [Value::Switch(true); 9],
        Value::Switch(true),
    )],
);

fn only(kind: &'static Kind) -> Dial {
    let knob = &kind.knobs[0];
    Dial { kind, knob }
}

#[test]
fn a_share_is_turned_by_points_between_its_stops() {
    let dial = only(&RESET);
    let mut plan = dial.turn(&Plan::default(), BOTH, Turn::Fine(1));
    assert_eq!(plan.to_string(), "reset share=1%");
    for (turn, expected) in [
        (Turn::To(6), "reset share=33%"),
        (Turn::Fine(1), "reset share=34%"),
        (Turn::Stop(1), "reset share=50%"),
        (Turn::To(9), "reset"),
        (Turn::Fine(1), "reset"),
        (Turn::Fine(-1), "reset share=99%"),
        (Turn::To(1), "reset share=1%"),
        (Turn::Fine(-1), ""),
    ] {
        plan = dial.turn(&plan, BOTH, turn);
        assert_eq!(plan.to_string(), expected, "{turn:?}");
    }
}

#[test]
fn a_switch_is_on_at_every_stop_and_off_to_the_left_of_it() {
    let dial = only(&HOLE);
    for on in [Turn::Fine(1), Turn::Stop(1), Turn::To(1), Turn::To(9)] {
        let plan = dial.turn(&Plan::default(), BOTH, on);
        assert_eq!(plan.to_string(), "blackhole", "{on:?}");
        for off in [Turn::Fine(-1), Turn::Stop(-1), Turn::Off] {
            assert!(dial.turn(&plan, BOTH, off).is_empty(), "{off:?}");
        }
        let plan = dial.turn(&plan, UP, Turn::Off);
        assert_eq!(plan.to_string(), "blackhole down");
    }
}

#[test]
fn words_are_stops_and_turns_step_through_them() {
    let turns = [
        Turn::Fine(1),
        Turn::Fine(1),
        Turn::Stop(1),
        Turn::Fine(1),
        Turn::Stop(1),
        Turn::Stop(-1),
        Turn::Fine(-1),
        Turn::Fine(-1),
    ];
    assert_eq!(
        plans("TCP", BOTH, &turns),
        [
            "tcp cubic",
            "tcp reno",
            "tcp bbr",
            "tcp bbr",
            "tcp bbr",
            "tcp reno",
            "tcp cubic",
            "",
        ]
    );
    let keys = [1, 2, 3, 9].map(Turn::To);
    let words = ["tcp cubic", "tcp reno", "tcp bbr", "tcp bbr"];
    assert_eq!(plans("TCP", BOTH, &keys), words);
}

#[test]
fn every_knob_asks_for_the_steps_that_the_track_has() {
    for dial in all() {
        if let Fine::PerDecade(steps) = dial.knob.fine {
            assert_eq!(steps, 12, "{}", dial.knob.label);
        }
    }
}

#[test]
fn a_kind_of_the_whole_connection_is_off_whatever_direction_is_turned() {
    for dial in all().iter().filter(|dial| !dial.kind.directed) {
        for directions in [BOTH, UP, DOWN] {
            let whole = dial.turn(&Plan::default(), BOTH, Turn::To(9));
            let again = dial.turn(&whole, directions, Turn::To(9));
            assert_eq!(again, whole, "turned twice, {directions:?}");
            let off = dial.turn(&whole, directions, Turn::Off);
            assert!(off.is_empty(), "{off} is left, {directions:?}");
        }
    }
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (-3i8..=3).prop_map(Turn::Fine),
        (-3i8..=3).prop_map(Turn::Stop),
        (0u8..=255).prop_map(Turn::To),
        Just(Turn::Off),
        (0u64..4_000_000).prop_map(|ms| Turn::Exact(Value::Time(Duration::from_millis(ms)))),
    ]
}

proptest! {
    #[test]
    fn a_fine_step_right_and_one_left_end_where_they_began(knob in 0..all().len(), steps in 1usize..60) {
        let dial = &all()[knob];
        let start = (0..steps).fold(None, |value, _| dial.turned(value, Turn::Fine(1)));
        let next = dial.turned(start, Turn::Fine(1));
        prop_assume!(next != start);
        prop_assert_eq!(dial.turned(next, Turn::Fine(-1)), start);
    }

    #[test]
    fn a_turn_to_the_right_never_makes_it_milder(knob in 0..all().len(), turns in prop::collection::vec(turns(), 0..9)) {
        let dial = &all()[knob];
        let place = |value: Option<Value>| value.map_or(0.0, |value| dial.position(value));
        let mut now = None;
        for turn in turns {
            if matches!(turn, Turn::Exact(_)) && dial.param().is_none_or(|param| param.unit != Unit::Time) {
                continue;
            }
            now = dial.turned(now, turn);
            for right in [Turn::Fine(1), Turn::Stop(1)] {
                prop_assert!(place(dial.turned(now, right)) >= place(now));
            }
            for left in [Turn::Fine(-1), Turn::Stop(-1)] {
                prop_assert!(place(dial.turned(now, left)) <= place(now));
            }
        }
    }

    #[test]
    fn what_any_turns_leave_is_a_plan_that_reads_back(
        turned in prop::collection::vec((0..all().len(), prop_oneof![Just(BOTH), Just(UP), Just(DOWN)], turns()), 0..12)
    ) {
        let mut plan = Plan::default();
        for (knob, directions, turn) in turned {
            let dial = &all()[knob];
            if matches!(turn, Turn::Exact(_)) && dial.param().is_none_or(|param| param.unit != Unit::Time) {
                continue;
            }
            plan = dial.turn(&plan, directions, turn);
            let shown = dial.value(&plan, directions);
            prop_assert_eq!(dial.value(&dial.set(&plan, directions, shown), directions), shown);
            if turn == Turn::Off {
                prop_assert_eq!(shown, None, "off is off: {}", plan);
            }
            for setting in plan.settings() {
                prop_assert_eq!(setting.missing(), None);
            }
            if !plan.is_empty() {
                let printed = plan.to_string();
                let read = crate::fault::language::parse(&printed);
                prop_assert_eq!(read.as_deref(), Ok(plan.settings()), "{}", printed);
            }
        }
    }
}
