//! What any chain owes to any bytes, whatever is set.

use std::time::Duration;

use faultboard::fault::{Direction, KINDS, Kind, Plan, Setting, Value, language};
use faultboard::units::{ByteRate, Percent};
use proptest::prelude::*;

use crate::course::{Course, Leg};
use crate::draw_courses::{a_course, a_punctual_course, a_time, by_time, punctual, run};
use crate::draw_settings::{a_direction, a_plan, a_setting, example};
use crate::settings;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// The faults of the moment are in the fault language, whatever moves them.
    #[test]
    fn the_faults_of_any_moment_read_back(plans in prop::collection::vec((a_plan(), a_time()), 1..4), wait in a_time()) {
        let mut course = Course::new(Direction::Up, 1, &Plan::default());
        for (plan, time) in &plans {
            course.set(plan);
            course.pass(*time, usize::MAX);
        }
        course.pass(wait, usize::MAX);
        if let Some(present) = course.in_force.present(course.now)
            && !present.is_empty()
        {
            let printed = present.to_string();
            let read = language::parse(&printed);
            prop_assert_eq!(read.as_deref(), Ok(present.settings()), "{}", printed);
        }
    }

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
        let course = || Course::new(Direction::Up, seed, &plan);
        let mut single = course();
        single.single = true;
        let [together, single] = [course(), single].map(|course| by_time(&punctual(course, &legs, |_| {})));
        prop_assert_eq!(together, single);
    }

    #[test]
    fn saying_again_what_is_set_changes_nothing(seed: u64, plan in a_plan(), legs in a_punctual_course()) {
        let once = Course::new(Direction::Up, seed, &plan);
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
        let mut course = Course::new(Direction::Down, seed, &Plan::of([paced.clone()]));
        course.writes = usize::MAX;
        for leg in &legs {
            match leg {
                Leg::Come(bytes) => course.come((*bytes).min(5_000)),
                Leg::Pass(time, most) => course.pass(*time, *most),
                Leg::Refuse(_) => course.go(leg),
                Leg::Set(next) => {
                    let others = ["latency", "blackhole", "flap"];
                    let others = next.settings().iter().filter(|setting| others.contains(&setting.kind.name));
                    let mut next = Plan::of(others.cloned());
                    next.set(paced.clone());
                    course.set(&next);
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
            let (once, twice) = (run(&plan), run(&plan));
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
