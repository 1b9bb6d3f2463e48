//! What every kind of fault in the table owes to the bytes, alone and in any chain: present kinds and later ones.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of a test"
)]

#[path = "support/course.rs"]
mod course;
#[path = "support/settings.rs"]
mod settings;
#[path = "support/simulation/speech.rs"]
mod speech;

use std::collections::BTreeMap;
use std::time::Duration;

use course::{Course, Leg};
use faultboard::fault::link::Step;
use faultboard::fault::{Direction, KINDS, Kind, Plan, Setting, Value, language};
use faultboard::units::{ByteRate, Percent};
use proptest::prelude::*;

fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS
        .iter()
        .copied()
        .filter(|kind| settings::keeps_the_stream(kind))
}

fn example(kind: &Kind) -> Setting {
    let mut example = language::parse(kind.example).expect("an example is in the fault language");
    assert_eq!(example.len(), 1, "{} is one setting", kind.example);
    example.remove(0)
}

/// A setting of any kind that owes its bytes.
fn a_setting() -> impl Strategy<Value = Setting> {
    let kinds: Vec<_> = kinds().collect();
    let share = prop_oneof![2 => Just(Percent::ALL), 1 => (0..=100_u32).prop_map(Percent::new)];
    (prop::sample::select(kinds), any::<[u64; 2]>(), share).prop_map(|(kind, draws, share)| {
        let directions = settings::directions(draws[1]);
        settings::setting(kind, draws[0])
            .hitting(share)
            .acting(directions)
    })
}

fn a_plan() -> impl Strategy<Value = Plan> {
    let bypassed = prop::bool::weighted(0.1);
    (prop::collection::vec(a_setting(), 0..4), bypassed).prop_map(|(settings, bypassed)| {
        let mut plan = Plan::of(settings);
        plan.bypassed = bypassed;
        plan
    })
}

/// One byte, a mebibyte, and what lies between.
fn a_size() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(1), 12 => 1..3_000_usize, 4 => 1..100_000_usize, 1 => Just(1 << 20)]
}

/// From a nanosecond to ten seconds, evenly by order of magnitude.
fn a_time() -> impl Strategy<Value = Duration> {
    (0.0..10.0_f64).prop_map(|magnitude| Duration::from_nanos(10_f64.powf(magnitude) as u64))
}

fn a_course() -> impl Strategy<Value = Vec<Leg>> {
    let most = prop_oneof![Just(usize::MAX), 1..100_000_usize];
    let leg = prop_oneof![
        4 => a_size().prop_map(Leg::Come),
        4 => (a_time(), most).prop_map(|(time, most)| Leg::Pass(time, most)),
        1 => a_time().prop_map(Leg::Refuse),
        2 => a_plan().prop_map(Leg::Set),
    ];
    prop::collection::vec(leg, 1..24)
}

fn a_direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(Direction::BOTH.to_vec())
}

/// Runs a course to its end; what has left, and when.
fn run(mut course: Course, legs: &[Leg]) -> Vec<(Duration, usize)> {
    let mut plan = Plan::default();
    for leg in legs {
        if let Leg::Set(next) = leg {
            plan = next.clone().succeeding(&plan);
            course.set(&plan);
        } else {
            course.go(leg);
        }
    }
    let ends = [Step::Shutdown, Step::Reset];
    course.lift(ends[legs.len() % 2]);
    course.left
}

/// Bytes and time alone: whoever writes is there whenever something is due.
fn a_punctual_course() -> impl Strategy<Value = Vec<Leg>> {
    let leg = prop_oneof![
        (1..3_000_usize).prop_map(Leg::Come),
        a_time().prop_map(|time| Leg::Pass(time, usize::MAX)),
    ];
    prop::collection::vec(leg, 1..32)
}

/// The same settings on shared links of their own.
fn apart(plan: &Plan) -> Plan {
    let mut own = Plan::of(plan.settings().to_vec());
    own.bypassed = plan.bypassed;
    own
}

/// What leaves of a punctual course, and when; `watch` is told after each part of it.
fn punctual(
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
fn by_time(left: &[(Duration, usize)]) -> BTreeMap<Duration, usize> {
    let mut sums = BTreeMap::new();
    for (at, bytes) in left {
        *sums.entry(*at).or_default() += bytes;
    }
    sums
}

#[test]
fn each_example_is_a_setting_of_its_kind_that_prints_back() {
    for kind in KINDS.iter().copied() {
        let setting = example(kind);
        assert_eq!(setting.kind.name, kind.name);
        assert_eq!(setting.missing(), None, "{}", kind.example);
        assert_eq!(
            language::parse(&setting.to_string()).as_deref(),
            Ok(&[setting][..])
        );
    }
}

#[test]
fn each_example_lets_go_of_every_byte_when_it_is_lifted() {
    for kind in kinds() {
        for direction in Direction::BOTH {
            for pieces in [&[1][..], &[1 << 20], &[1, 1 << 20, 1, 7, 1_448, 65_536, 1]] {
                let mut course = Course::new(direction, 1, &Plan::of([example(kind)]));
                for bytes in pieces {
                    course.come(*bytes);
                    course.pass(Duration::from_millis(3), usize::MAX);
                }
                course.lift(Step::Shutdown);
            }
        }
    }
}

#[test]
fn each_kind_with_its_defaults_prints_and_parses_back() {
    for kind in KINDS.iter().copied() {
        for draw in 0..200 {
            let setting = settings::setting(kind, draw).acting(settings::directions(draw));
            let printed = setting.to_string();
            assert_eq!(
                language::parse(&printed).as_deref(),
                Ok(&[setting][..]),
                "{printed}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// In order, complete, none before it came, held for as long as is told; lifting releases all at once.
    #[test]
    fn any_chain_owes_every_byte(direction in a_direction(), seed: u64, legs in a_course()) {
        run(Course::new(direction, seed, &Plan::default()), &legs);
    }

    #[test]
    fn the_same_seed_and_arrivals_give_the_same_schedule(seed: u64, legs in a_course()) {
        let course = || Course::new(Direction::Down, seed, &Plan::default());
        prop_assert_eq!(run(course(), &legs), run(course(), &legs));
    }

    /// A due time that was told stands until something comes, leaves or is set.
    #[test]
    fn asking_more_often_changes_no_due_time(seed: u64, legs in a_course()) {
        let seldom = run(Course::new(Direction::Up, seed, &Plan::default()), &legs);
        let mut often = Course::new(Direction::Up, seed, &Plan::default());
        often.nosy = true;
        prop_assert_eq!(seldom, run(often, &legs));
    }

    /// Several pieces in one write are those that one after the other could leave at that time too.
    #[test]
    fn a_write_of_several_pieces_takes_none_ahead_of_its_time(seed: u64, plan in a_plan(), legs in a_punctual_course()) {
        let course = || Course::new(Direction::Up, seed, &apart(&plan));
        let mut single = course();
        single.single = true;
        let [together, single] = [course(), single].map(|course| by_time(&punctual(course, &legs, |_| {})));
        prop_assert_eq!(together, single);
    }

    #[test]
    fn saying_again_what_is_set_changes_nothing(seed: u64, plan in a_plan(), legs in a_punctual_course()) {
        let once = Course::new(Direction::Up, seed, &apart(&plan));
        let often = Course::new(Direction::Up, seed, &plan);
        let once = punctual(once, &legs, |_| {});
        prop_assert_eq!(once, punctual(often, &legs, |course| course.set(&plan)));
    }

    #[test]
    fn a_bypass_leaves_nothing_that_acts(seed: u64, mut plan in a_plan(), direction in a_direction()) {
        plan.bypassed = true;
        prop_assert!(Course::new(direction, seed, &plan).link.is_clear());
    }

    /// Who is hit stays hit, whatever else is set and taken away; a greater share hits all that a smaller one hit.
    #[test]
    fn no_other_setting_redraws_a_share(seed: u64, hit in a_setting(), others in a_plan(), more in 0..=100_u32) {
        let alone = Plan::of([hit.clone()]);
        let with = |share| {
            let others = others.settings().iter().filter(|other| other.kind.name != hit.kind.name);
            let others = others.map(|other| other.clone().hitting(share));
            Plan::of(others.chain([hit.clone()]))
        };
        let wider = hit.share.ppm() + more * (1_000_000 - hit.share.ppm()) / 100;
        let wider = Plan::of([hit.clone().hitting(Percent::from_ppm(wider))]);
        for direction in Direction::BOTH {
            let mut course = Course::new(direction, seed, &alone);
            let is_hit = !course.link.is_clear();
            for plan in [&with(Percent::NONE), &with(Percent::ALL), &alone, &with(Percent::NONE)] {
                course.set(plan);
                let acts = !course.link.is_clear();
                prop_assert!(acts == is_hit || *plan == with(Percent::ALL), "{}", plan);
            }
            course.set(&wider);
            prop_assert!(!is_hit || !course.link.is_clear(), "{} hits less than {}", wider, hit);
        }
    }

    /// However the other settings change, and whoever refuses bytes meanwhile, a paced link passes no more than its rate.
    #[test]
    fn no_change_of_other_settings_bursts_past_a_rate(seed: u64, rate in 1_000..10_000_000_u64, legs in a_course()) {
        let paced = Setting::new(Kind::named("bandwidth").expect("a kind of the table"))
            .with("rate", Value::Rate(ByteRate::new(rate)));
        let mut plan = Plan::of([paced.clone()]);
        let mut course = Course::new(Direction::Down, seed, &plan);
        course.writes = usize::MAX;
        for leg in &legs {
            match leg {
                Leg::Come(bytes) => course.come((*bytes).min(5_000)),
                Leg::Pass(time, most) => course.pass(*time, *most),
                Leg::Refuse(_) => course.go(leg),
                Leg::Set(next) => {
                    let delay = next.settings().iter().filter(|setting| setting.kind.name == "latency");
                    let mut next = Plan::of(delay.cloned());
                    next.set(paced.clone());
                    plan = next.succeeding(&plan);
                    course.set(&plan);
                }
            }
        }
        let piece = (rate / 1_000).max(1_448.min(rate / 200)).max(1) as f64;
        let mut level = 0.0;
        let mut last = Duration::ZERO;
        for (at, bytes) in course.left {
            level = f64::max(level - at.saturating_sub(last).as_secs_f64() * rate as f64, 0.0) + bytes as f64;
            last = at;
            prop_assert!(level <= 2.0 * piece + 2.0, "{} bytes ahead of {} B/s at {:?}", level, rate, at);
        }
    }
}

/// Every kind in both directions, whatever it does to streams: what leaves, and when, is a function of seed and arrivals.
#[test]
fn the_same_seed_and_the_same_arrivals_give_the_same_schedule_for_every_kind() {
    let everything = |seed: u64| {
        KINDS.iter().map(move |kind| {
            let plan = Plan::of([settings::setting(kind, seed)]);
            let arrivals = [Leg::Come(3_000), Leg::Pass(Duration::from_millis(7), 900)];
            let legs: Vec<_> = arrivals.into_iter().cycle().take(12).collect();
            let run = |plan: &Plan| {
                let mut course = Course::new(Direction::Down, seed, plan);
                course.careless = kind.alters;
                punctual(course, &legs, |_| {})
            };
            let (once, twice) = (run(&plan), run(&apart(&plan)));
            assert_eq!(once, twice, "{plan}");
            once
        })
    };
    for seed in 0..50 {
        everything(seed).for_each(drop);
    }
    // Another seed is another schedule where chance decides.
    let jitter = example(Kind::named("latency").expect("a kind"));
    let of = |seed| {
        let course = Course::new(Direction::Down, seed, &Plan::of([jitter.clone()]));
        punctual(
            course,
            &[Leg::Come(10), Leg::Pass(Duration::from_secs(1), 9)],
            |_| {},
        )
    };
    assert_ne!(of(1), of(2));
}

/// What a range excludes is refused with the range, for every parameter of every kind.
#[test]
fn a_number_out_of_its_range_is_refused_with_the_range() {
    let mut checked = 0;
    for kind in KINDS {
        for param in kind.params {
            let Some((_, most)) = param.range else {
                continue;
            };
            let most = most.to_string();
            let end = most
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(most.len());
            let (digits, unit) = most.split_at(end);
            if digits.is_empty() {
                continue;
            }
            let error = language::parse_value(param, &format!("{digits}9{unit}"));
            let error = error.expect_err("more than the most").to_string();
            assert!(error.contains(&most), "{}: {error}", param.name);
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked} ranges");
}
