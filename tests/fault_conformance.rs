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

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use course::{Course, Leg};
use faultboard::fault::link::Step;
use faultboard::fault::{
    Direction, Directions, Fate, Fault, KINDS, Kind, ParamSpec, Plan, Setting, Stage, Terms, Value,
    language,
};
use faultboard::units::{ByteCount, ByteRate, Percent};
use proptest::prelude::*;

fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS
        .iter()
        .copied()
        .filter(|kind| settings::keeps_the_stream(kind))
}

/// The kinds that end connections.
fn ending_kinds() -> Vec<&'static Kind> {
    let kinds = KINDS.iter().copied();
    kinds.filter(|kind| kind.ends).collect()
}

fn example(kind: &Kind) -> Setting {
    let mut example = language::parse(kind.example).expect("an example is in the fault language");
    assert_eq!(example.len(), 1, "{} is one setting", kind.example);
    example.remove(0)
}

/// The setting as one that passes on what it held when it goes: else the connection ends.
fn released(setting: Setting) -> Setting {
    setting.with("lift", Value::Word("release"))
}

/// A setting of any kind that owes its bytes.
fn a_setting() -> impl Strategy<Value = Setting> {
    let kinds: Vec<_> = kinds().collect();
    let share = prop_oneof![2 => Just(Percent::ALL), 1 => (0..=100_u32).prop_map(Percent::new)];
    (prop::sample::select(kinds), any::<[u64; 4]>(), share).prop_map(|(kind, draws, share)| {
        let directions = settings::directions(draws[1]);
        released(settings::setting(kind, draws[0]))
            .hitting(share)
            .called(settings::name(draws[3]))
            .acting(directions)
            .at_times(settings::schedule(draws[2]))
    })
}

/// A setting of any kind that owes its bytes, which a connection of some kilobytes and seconds feels.
fn a_lively_setting() -> impl Strategy<Value = Setting> {
    let kinds: Vec<_> = kinds().collect();
    let schedule = prop_oneof![2 => Just(0), 1 => any::<u64>()];
    (prop::sample::select(kinds), any::<[u64; 3]>(), schedule).prop_map(
        |(kind, draws, schedule)| {
            released(settings::of_values(kind, draws[0], settings::lively))
                .called(settings::name(draws[2]))
                .acting(settings::directions(draws[1]))
                .at_times(settings::schedule(schedule))
        },
    )
}

/// What is done to one setting of a plan.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// One of its parameters takes another value.
    Param(usize, u64),
    Share(u32),
    Directions(u64),
    Schedule(u64),
    Off,
    Bypass,
}

fn a_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => any::<(usize, u64)>().prop_map(|(param, draw)| Change::Param(param, draw)),
        1 => (0..=100_u32).prop_map(Change::Share),
        1 => any::<u64>().prop_map(Change::Directions),
        1 => any::<u64>().prop_map(Change::Schedule),
        1 => Just(Change::Off),
        1 => Just(Change::Bypass),
    ]
}

/// The plan with `setting` changed so.
fn changed(plan: &Plan, setting: &Setting, change: Change) -> Plan {
    let mut plan = plan.clone();
    let params = setting.kind.params;
    let after = match change {
        Change::Param(_, _) if params.is_empty() => None,
        Change::Param(param, draw) => {
            let param = &params[param % params.len()];
            Some(
                setting
                    .clone()
                    .with(param.name, settings::lively(param, draw)),
            )
        }
        Change::Share(share) => Some(setting.clone().hitting(Percent::new(share))),
        Change::Directions(draw) => Some(setting.clone().acting(settings::directions(draw))),
        Change::Schedule(draw) => Some(setting.clone().at_times(settings::schedule(draw))),
        Change::Off | Change::Bypass => None,
    };
    plan.bypassed = matches!(change, Change::Bypass);
    if !plan.bypassed {
        plan.take_away(setting.kind, setting.name.as_ref(), Directions::Both);
    }
    if let Some(after) = after {
        plan.set(after);
    }
    plan
}

/// What `plan` says in `direction` where `setting` stood: the setting of its kind and name.
fn of_its_name(plan: &Plan, setting: &Setting, direction: Direction) -> Option<Setting> {
    let mut settings = plan.settings().iter();
    let found = settings
        .find(|it| it.is(setting.kind, setting.name.as_ref()) && it.directions.contain(direction));
    found.cloned()
}

/// The plan with a link for each connection, where a sender sends: one that is shared remembers what has left, and a queue
/// that drops makes much of it.
fn on_its_own_link(plan: &Plan) -> Plan {
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
fn remembers(kind: &Kind) -> bool {
    ["loss", "tcp"].contains(&kind.name)
}

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

/// What of a plan lets two links of one connection leave with different pieces: for how long, and how many bytes in a time.
fn unevenness(plan: &Plan, time: Duration) -> (Duration, u64) {
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
    for leg in legs {
        course.go(leg);
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

/// The stages of a kind, in both directions, for its example and for other settings, all of them set at `set`.
fn stages(kind: &'static Kind, set: Instant) -> impl Iterator<Item = Box<dyn Fault>> {
    let others = (0..64).map(move |draw| settings::of_values(kind, draw, settings::lively));
    let settings = std::iter::once(example(kind)).chain(others);
    settings.flat_map(move |setting| {
        Direction::BOTH
            .into_iter()
            .filter_map(move |direction| {
                (kind.build)(&Terms {
                    direction,
                    here: setting.directions.contain(direction).then_some(&setting),
                    back: None,
                    shared: None,
                    desk: None,
                    handshakes: 1,
                    now: set,
                    since: set,
                    motion: None,
                    back_motion: None,
                    opened: set,
                    passed: 0,
                    round_trip: Duration::ZERO,
                    seed: 1,
                })
            })
            .collect::<Vec<_>>()
    })
}

/// The chain asks a stage only for what its kind's row says of it: what the row forgets would never happen.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "an origin for simulated times, never read again"
)]
fn the_row_of_each_kind_says_where_it_stands_and_what_its_stages_do() {
    let set = Instant::now();
    let much_later = set + Duration::from_secs(1_000_000);
    for kind in KINDS {
        let mut has_stages = false;
        let (mut ends, mut alters) = (false, false);
        for mut stage in stages(kind, set) {
            has_stages = true;
            ends |= matches!(stage.fate(u64::MAX, much_later), Fate::Ends(_));
            let mut bytes = vec![0; 100_000];
            stage.alter(0, &mut bytes);
            alters |= bytes.iter().any(|byte| *byte != 0);
        }
        let stands = kind.stage != Stage::Opening;
        // A virtual sender is the stage of a kind that only says what its line is.
        let acts = has_stages || kind.line.is_some();
        assert_eq!(acts, stands, "{}: stage, build, line", kind.name);
        assert_eq!(ends, kind.ends, "{}: ends, fate", kind.name);
        assert_eq!(alters, kind.alters, "{}: alters, alter", kind.name);
        assert!(stands || kind.open.is_some(), "{}: open", kind.name);
    }
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

fn plan(faults: &str) -> Plan {
    Plan::of(language::parse(faults).expect("faults"))
}

#[test]
fn a_rate_that_has_come_down_by_a_ramp_goes_on_passing() {
    for scope in ["connection", "proxy"] {
        let mut course = Course::new(
            Direction::Down,
            1,
            &plan(&format!("bandwidth 1GB/s scope={scope}")),
        );
        course.writes = usize::MAX;
        course.come(4 << 20);
        course.pass(Duration::from_micros(1_234), usize::MAX);
        course.set(&plan(&format!("bandwidth 1kB/s ramp=2ms scope={scope}")));
        course.pass(Duration::from_secs(60), usize::MAX);
        let before = course.link.passed();
        course.pass(Duration::from_secs(15), usize::MAX);
        let late = course.link.passed() - before;
        assert!(
            (14_990..=15_010).contains(&late),
            "{late} bytes in 15 s at 1 kB/s for each {scope}"
        );
        assert!(
            !course.link.wants_input(),
            "the queue is as long as the rate now asks for"
        );
    }
}

#[test]
fn a_rate_that_comes_down_to_nothing_passes_nothing_more() {
    for scope in ["connection", "proxy"] {
        let mut course = Course::new(
            Direction::Down,
            1,
            &plan(&format!("bandwidth 1MB/s scope={scope}")),
        );
        course.writes = usize::MAX;
        course.come(4 << 20);
        course.pass(Duration::from_millis(10), usize::MAX);
        course.set(&plan(&format!("bandwidth 0B/s ramp=500ms scope={scope}")));
        course.pass(Duration::from_secs(2), usize::MAX);
        let passed = course.link.passed();
        // 10 ms at 1 MB/s, then half of it for half a second.
        assert!((255_000..=260_100).contains(&passed), "{passed} bytes");
        course.come(1);
        course.pass(Duration::from_secs(3_600), usize::MAX);
        assert_eq!(course.link.passed(), passed);
    }
}

#[test]
fn what_waits_leaves_as_a_latency_ramps_down() {
    let mut course = Course::new(Direction::Up, 1, &plan("latency 60s up"));
    course.come(100);
    course.pass(Duration::from_secs(1), usize::MAX);
    course.set(&plan("latency 10ms ramp=1s up"));
    course.pass(Duration::from_secs(5), usize::MAX);
    // When it has waited for the latency of the moment: 1 s and 966 ms of 60 s that fall by 59.99 s in a second.
    let left = course.left.first().map(|(at, _)| at.as_millis());
    assert_eq!(left, Some(1_967));
}

#[test]
fn a_partition_that_is_lifted_sends_no_burst_past_a_rate() {
    for gate in ["blackhole", "flap on=10ms off=1h"] {
        let mut course = Course::new(Direction::Down, 1, &plan("bandwidth 100kB/s"));
        course.come(400_000);
        course.pass(Duration::from_millis(100), usize::MAX);
        course.set(&plan(&format!("bandwidth 100kB/s, {gate}")));
        course.pass(Duration::from_secs(10), usize::MAX);
        let held = course.link.passed();
        course.set(&plan("bandwidth 100kB/s"));
        course.pass(Duration::from_millis(100), usize::MAX);
        let sent = course.link.passed() - held;
        assert!(
            (9_000..=11_000).contains(&sent),
            "{sent} bytes in 100 ms behind {gate}"
        );
    }
}

const MS: Duration = Duration::from_millis(1);

/// Bytes that come at once, under these faults of one direction after the other, each for so long: when how many have left.
fn left(steps: &[(&str, Duration)]) -> Vec<(Duration, usize)> {
    let mut course = Course::new(Direction::Up, 1, &Plan::default());
    course.writes = usize::MAX;
    for (index, (faults, time)) in steps.iter().enumerate() {
        course.set(&if faults.is_empty() {
            Plan::default()
        } else {
            plan(faults)
        });
        if index == 0 {
            course.come(100_000);
        }
        course.pass(*time, usize::MAX);
    }
    by_time(&course.left).into_iter().collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of courses")]
fn several_settings_of_a_kind_act_each_by_its_own() {
    let at = |ms: u32| MS * ms;
    for (steps, last) in [
        (
            &[("latency 100ms up, latency 30ms as=x up", at(500))][..],
            at(130),
        ),
        (
            &[(
                "latency 100ms as=x up, latency 30ms as=y up, latency 7ms up",
                at(500),
            )],
            at(137),
        ),
        (
            &[
                ("latency 100ms up, latency 300ms as=x up", at(50)),
                ("latency 100ms up", at(500)),
            ],
            at(100),
        ),
        (
            &[
                ("latency 100ms up, latency 300ms as=x up", at(50)),
                ("latency 300ms as=x up", at(500)),
            ],
            at(300),
        ),
        // As slow as the slowest of them, whichever has a name.
        (
            &[("bandwidth 1MB/s as=x up, bandwidth 500kB/s up", at(900))],
            at(200),
        ),
        (
            &[("bandwidth 500kB/s as=x up, bandwidth 1MB/s up", at(900))],
            at(200),
        ),
        (
            &[(
                "bandwidth 1MB/s as=x up, bandwidth 500kB/s as=y up scope=connection",
                at(900),
            )],
            at(200),
        ),
        // Over a sender's line too, where they add up before the first byte and behind the last.
        (
            &[
                (
                    "blackhole as=x up, blackhole as=y up, latency 10ms up",
                    at(50),
                ),
                ("blackhole as=y up, latency 10ms up", at(50)),
                ("latency 10ms up", at(50)),
            ],
            at(100),
        ),
    ] {
        let left = left(steps);
        let (end, _) = left.last().copied().unwrap_or_default();
        let sum: usize = left.iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(sum, 100_000, "{steps:?}");
        let off = end.abs_diff(last);
        // A piece more or less of a rate.
        assert!(off < 2 * MS, "{steps:?}: {end:?} and not {last:?}");
    }
}

#[test]
fn a_virtual_sender_meets_all_that_is_set_on_its_line() {
    let last = |faults: &str| {
        let left = left(&[(faults, Duration::from_secs(60))]);
        assert_eq!(
            left.iter().map(|(_, bytes)| bytes).sum::<usize>(),
            100_000,
            "{faults}"
        );
        left.last().map(|(at, _)| *at).unwrap_or_default()
    };
    // What two add up to is what one comes to.
    assert_eq!(
        last("tcp cubic, latency 40ms, latency 60ms as=x"),
        last("tcp cubic, latency 100ms")
    );
    let slow = last("tcp cubic, bandwidth 50kB/s scope=connection");
    let both =
        "tcp cubic, bandwidth 50kB/s scope=connection, bandwidth 5MB/s scope=connection as=x";
    assert!(
        last(both) >= slow && last(both) < slow + 5 * MS,
        "{:?} {slow:?}",
        last(both)
    );
    // Each loses packets of its own.
    let [one, two] = ["loss 5% rtt=50ms", "loss 5% rtt=50ms, loss 5% as=x"].map(last);
    assert!(two > one, "{two:?} is no later than {one:?}");
}

#[test]
fn settings_of_one_share_hit_each_its_own_connections() {
    let hits = |faults: &str| -> Vec<bool> {
        let acts = |seed| {
            !Course::new(Direction::Up, seed, &plan(faults))
                .link
                .is_clear()
        };
        (0..400).map(acts).collect()
    };
    let [plain, x, y] =
        ["", " as=x", " as=y"].map(|name| hits(&format!("latency 1ms share=50%{name}")));
    for (one, other) in [(&plain, &x), (&x, &y), (&plain, &y)] {
        let both = one.iter().zip(other).filter(|(a, b)| **a && **b).count();
        assert!((60..140).contains(&both), "{both} of 400 are hit by both");
    }
    assert_eq!(hits("latency 1ms share=50% as=x, loss 2% share=0%"), x);
}

/// How a connection ends on which bytes come at each of these times under these faults, and how many have left by then.
fn ends(steps: &[(&str, Duration, usize)]) -> (Option<(Duration, faultboard::fault::Cut)>, u64) {
    let mut course = Course::new(Direction::Up, 1, &Plan::default());
    for (faults, time, bytes) in steps {
        course.set(&if faults.is_empty() {
            Plan::default()
        } else {
            plan(faults)
        });
        if *bytes > 0 {
            course.come(*bytes);
        }
        let end = course.now + *time;
        loop {
            course.pass(Duration::ZERO, usize::MAX);
            match course.link.fate(course.now) {
                Err(severed) => {
                    return (
                        Some((course.now - course.start, severed.cut)),
                        course.link.passed(),
                    );
                }
                Ok(_) if course.now >= end => break,
                Ok(_) => course.wait_until(course.now + MS),
            }
        }
    }
    (None, course.link.passed())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of courses")]
fn a_connection_ends_after_its_data_with_a_limit_or_when_what_held_it_goes() {
    use faultboard::fault::Cut::{Close, Reset};
    let ms = |ms: u32| MS * ms;
    let after = |at, cut| Some((ms(at), cut));
    for (steps, expected) in [
        // The bytes and all behind them pass no more, and the time counts from them.
        (
            &[("reset on=data", ms(50), 0), ("reset on=data", ms(50), 9)][..],
            (after(50, Reset), 0),
        ),
        (
            &[
                ("reset on=data after=30ms", ms(50), 0),
                ("reset on=data after=30ms", ms(90), 9),
            ],
            (after(80, Reset), 0),
        ),
        (
            &[("", ms(9), 9), ("close on=data after=30ms", ms(50), 0)],
            (None, 9),
        ),
        (
            &[
                ("", ms(10), 9),
                ("close on=data after=30ms", ms(5), 0),
                ("close on=data after=30ms", ms(90), 1),
            ],
            (after(45, Close), 9),
        ),
        // Behind a delay they come when they have been delayed.
        (
            &[("latency 20ms up, reset on=data after=10ms", ms(99), 9)],
            (after(30, Reset), 0),
        ),
        // Another time counts from the same bytes' successors: nothing has passed.
        (
            &[
                ("reset on=data after=1s", ms(10), 9),
                ("reset on=data after=20ms", ms(99), 0),
            ],
            (after(30, Reset), 0),
        ),
        // A size in the place of a size counts on; in the place of nothing it counts from then.
        (
            &[
                ("close after=10B", ms(5), 4),
                ("close after=12B", ms(5), 20),
            ],
            (after(5, Close), 12),
        ),
        (
            &[("", ms(5), 4), ("close after=12B", ms(5), 20)],
            (after(5, Close), 16),
        ),
        (
            &[("close after=10B", ms(5), 6), ("close after=5B", ms(5), 0)],
            (after(5, Close), 6),
        ),
        // What holds everything and goes: as is said.
        (&[("blackhole", ms(5), 9), ("", ms(5), 0)], (None, 9)),
        (
            &[("blackhole lift=close", ms(5), 9), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (
            &[("blackhole lift=close", ms(5), 0), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (
            &[
                ("blackhole lift=close", ms(5), 9),
                ("blackhole", ms(5), 0),
                ("", ms(5), 0),
            ],
            (None, 9),
        ),
        (
            &[("blackhole lift=close down", ms(5), 9), ("", ms(5), 0)],
            (None, 9),
        ),
        (
            &[("blackhole lift=close share=0%", ms(5), 9), ("", ms(5), 0)],
            (None, 9),
        ),
        (
            &[
                ("blackhole lift=close as=x, blackhole", ms(5), 9),
                ("blackhole", ms(5), 0),
            ],
            (after(5, Close), 0),
        ),
        (
            &[("blackhole lift=close for=7ms", ms(20), 9)],
            (after(7, Close), 0),
        ),
        (
            &[("timeout 1s lift=close", ms(5), 9), ("", ms(5), 0)],
            (after(5, Close), 0),
        ),
        (&[("timeout 1s", ms(5), 9), ("", ms(5), 0)], (None, 9)),
    ] {
        assert_eq!(ends(steps), expected, "{steps:?}");
    }
}
