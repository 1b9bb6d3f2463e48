//! What is released, and what ends, as settings change under way.

use std::cmp::Ordering;
use std::time::Duration;

use faultboard::fault::{Direction, Directions, Kind, ParamSpec, Plan, Setting, Value};
use faultboard::units::{ByteCount, Percent};
use proptest::prelude::*;

use crate::course::{Course, Leg};
use crate::draw_courses::{a_punctual_course, a_time, on_its_own_link, remembers, unevenness};
use crate::draw_settings::{
    Change, a_change, a_direction, a_lively_setting, changed, kinds, of_its_name, released,
};
use crate::kinds::ending_kinds;
use crate::settings;

/// A setting without what comes out otherwise for a stage that has a past than for one that has none: delays that follow
/// from one another, and slices whose sizes are drawn from where they begin.
fn without_memory(setting: Setting) -> Setting {
    setting
        .with("corr", Value::Percent(Percent::NONE))
        .with("vary", Value::Size(ByteCount::new(0)))
}

/// Whether a virtual sender that lost packets as `before` says begins anew with what waits where `after` is set: less is lost,
/// or otherwise. One that loses more goes on with what is under way.
fn begins_anew(before: &Setting, after: &Setting) -> bool {
    let falls = |name| {
        let values = before.value(name).zip(after.value(name));
        values.is_some_and(|(before, after)| after.partial_order(&before) == Some(Ordering::Less))
    };
    let differs = |name| before.value(name) != after.value(name);
    let others = ["burst", "stalls", "trace", "loop"];
    falls("packets") || falls("rtt") || others.into_iter().any(differs)
}

/// The parameters whose values have an order, of the kinds that owe their bytes.
fn ordered_params() -> Vec<(&'static Kind, &'static ParamSpec)> {
    let params = kinds().flat_map(|kind| kind.params.iter().map(move |param| (kind, param)));
    let is_ordered = |param: &ParamSpec| {
        let value = settings::value(param, 0);
        value.partial_order(&value).is_some()
    };
    params.filter(|(_, param)| is_ordered(param)).collect()
}

/// Sets `after` in place of `plan` at the end of a course. What it would not hold, had it found those bytes waiting, leaves as if
/// `plan` had never been.
fn releases_what_the_new_settings_would_not_hold(
    direction: Direction,
    seed: u64,
    plan: &Plan,
    after: &Plan,
    legs: &[Leg],
) -> Result<(), TestCaseError> {
    let (plan, after) = (&on_its_own_link(plan), &on_its_own_link(after));
    let mut course = Course::new(direction, seed, plan);
    let mut twin = course.twin();
    (course.writes, twin.writes) = (usize::MAX, usize::MAX);
    for leg in legs {
        if let Leg::Come(bytes) = leg {
            twin.come(*bytes);
        }
        course.go(leg);
        twin.follow(&course);
    }
    course.set(after);
    twin.set(after);
    let horizon = Duration::from_secs(3);
    let (slack, bytes) = unevenness(after, horizon);
    let from = course.now - course.start;
    twin.pass(horizon, usize::MAX);
    course.pass(horizon.saturating_add(slack), usize::MAX);
    let left = |course: &Course, until: Duration| -> u64 {
        let left = course.left.iter().filter(|(at, _)| *at <= until);
        left.map(|(_, bytes)| *bytes as u64).sum()
    };
    for (at, _) in twin.left.iter().filter(|(at, _)| *at >= from) {
        let (own, others) = (left(&course, *at + slack), left(&twin, *at));
        prop_assert!(
            own + bytes >= others,
            "at {:?} after the change at {:?} from [{}] to [{}], {} of {} bytes have left that would have",
            at,
            from,
            plan,
            after,
            own,
            others
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is changed at whatever moment: what the new settings would not hold, had they found those bytes waiting, is
    /// released as if the old ones had never been. So no fate that was drawn or dated by old settings survives them.
    #[test]
    fn a_change_releases_what_the_new_settings_would_not_hold(
        direction in a_direction(),
        seed: u64,
        setting in a_lively_setting(),
        others in prop::collection::vec(a_lively_setting(), 0..3),
        change in a_change(),
        mut legs in a_punctual_course(),
        wait in a_time(),
    ) {
        let name = setting.kind.name;
        let others = others.into_iter().filter(|other| other.kind.name != name && !remembers(other.kind));
        let plan = Plan::of(others.chain([setting.clone()]));
        let mut after = changed(&plan, &setting, change);
        if name == "loss"
            && let Some(changed) = of_its_name(&after, &setting, direction)
            && !begins_anew(&setting, &changed)
        {
            // Whoever loses more keeps what is under way: less is lost here.
            let fewer = match setting.value("packets") {
                Some(Value::Percent(packets)) => Percent::from_ppm(packets.ppm() / 7),
                // One that follows a trace loses otherwise where it does not.
                _ => Percent::new(1),
            };
            after.take_away(setting.kind, setting.name.as_ref(), Directions::Both);
            after.set(changed.with("packets", Value::Percent(fewer)));
        }
        // A sender that is left as it is keeps its window.
        prop_assume!(!remembers(setting.kind) || after.settings() != plan.settings());
        let after = after.settings().iter().cloned().map(without_memory);
        let mut after = Plan::of(after);
        after.bypassed = matches!(change, Change::Bypass);
        legs.push(Leg::Pass(wait, usize::MAX));
        releases_what_the_new_settings_would_not_hold(direction, seed, &plan, &after, &legs)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Each parameter that has an order, from one value to another one.
    #[test]
    fn a_weaker_value_releases_what_it_would_not_hold(
        direction in a_direction(),
        seed: u64,
        (kind, param) in prop::sample::select(ordered_params()),
        draws: [u64; 3],
        others in prop::collection::vec(a_lively_setting(), 0..2),
        mut legs in a_punctual_course(),
        wait in a_time(),
    ) {
        let setting = settings::of_values(kind, draws[0], settings::lively);
        let [mut before, mut after] =
            [1, 2].map(|it| setting.clone().with(param.name, settings::lively(param, draws[it])));
        if kind.name == "loss" && !begins_anew(&before, &after) {
            std::mem::swap(&mut before, &mut after);
            prop_assume!(begins_anew(&before, &after));
        }
        prop_assume!(!remembers(kind) || before != after);
        let others: Vec<_> = others
            .into_iter()
            .filter(|other| other.kind.name != kind.name && !remembers(other.kind))
            .collect();
        let plan = Plan::of(others.iter().cloned().chain([before]));
        let after = Plan::of(others.into_iter().chain([after]).map(without_memory));
        legs.push(Leg::Pass(wait, usize::MAX));
        releases_what_the_new_settings_would_not_hold(direction, seed, &plan, &after, &legs)?;
    }

    /// Whatever is changed at whatever moment: a connection ends when the new settings end it, and never as the old ones would have.
    #[test]
    fn a_change_takes_away_the_end_that_the_old_settings_had_in_mind(
        direction in a_direction(),
        seed: u64,
        (kind, draws) in (prop::sample::select(ending_kinds()), any::<[u64; 2]>()),
        change in a_change(),
        legs in a_punctual_course(),
    ) {
        let setting = released(settings::of_values(kind, draws[0], settings::lively))
            .acting(settings::directions(draws[1]));
        let plan = Plan::of([setting.clone()]);
        let after = changed(&plan, &setting, change);
        // What stays as it is goes on: its end is counted from when it was set.
        let values = |plan: &Plan| {
            let setting = plan.find(kind, direction)?;
            let params = kind.params.iter().filter(|param| param.name != "lift");
            Some(params.map(|param| setting.value(param.name)).collect::<Vec<_>>())
        };
        prop_assume!(after.bypassed || values(&plan) != values(&after));
        // What has come to an end that waits for bytes stays so, and what has been counted.
        let keeps = |plan: &Plan| {
            let setting = plan.find(kind, direction);
            let value = |name| setting.and_then(|it| it.value(name));
            matches!(value("after"), Some(Value::Size(_))) || value("on") == Some(Value::Word("data"))
        };
        prop_assume!(after.bypassed || !(keeps(&plan) && keeps(&after)));
        let mut course = Course::new(direction, seed, &plan);
        let mut twin = course.twin();
        for leg in &legs {
            if let Leg::Come(bytes) = leg {
                twin.come(*bytes);
            }
            course.go(leg);
            twin.follow(&course);
        }
        course.set(&after);
        twin.set(&after);
        let fate = |course: &mut Course| {
            let fate = course.link.fate(course.now);
            fate.map_err(|severed| (severed.kind.name, severed.cut))
        };
        prop_assert_eq!(fate(&mut course), fate(&mut twin), "from [{}] to [{}]", plan, after);
        course.pass(Duration::from_secs(3), usize::MAX);
        twin.pass(Duration::from_secs(3), usize::MAX);
        prop_assert_eq!(fate(&mut course), fate(&mut twin), "from [{}] to [{}]", plan, after);
    }
}
