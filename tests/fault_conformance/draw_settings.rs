//! Settings, plans and changes of them, as properties draw them.

use faultboard::fault::{Direction, Directions, KINDS, Kind, Plan, Setting, Value, language};
use faultboard::units::Percent;
use proptest::prelude::*;

use crate::settings;

pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS
        .iter()
        .copied()
        .filter(|kind| settings::keeps_the_stream(kind))
}

pub fn example(kind: &Kind) -> Setting {
    let mut example = language::parse(kind.example).expect("an example is in the fault language");
    assert_eq!(example.len(), 1, "{} is one setting", kind.example);
    example.remove(0)
}

/// The setting as one that passes on what it held when it goes: else the connection ends.
pub fn released(setting: Setting) -> Setting {
    setting.with("lift", Value::Word("release"))
}

/// A setting of any kind that owes its bytes.
pub fn a_setting() -> impl Strategy<Value = Setting> {
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
pub fn a_lively_setting() -> impl Strategy<Value = Setting> {
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
pub enum Change {
    /// One of its parameters takes another value.
    Param(usize, u64),
    Share(u32),
    Directions(u64),
    Schedule(u64),
    Off,
    Bypass,
}

pub fn a_change() -> impl Strategy<Value = Change> {
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
pub fn changed(plan: &Plan, setting: &Setting, change: Change) -> Plan {
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
pub fn of_its_name(plan: &Plan, setting: &Setting, direction: Direction) -> Option<Setting> {
    let mut settings = plan.settings().iter();
    let found = settings
        .find(|it| it.is(setting.kind, setting.name.as_ref()) && it.directions.contain(direction));
    found.cloned()
}

pub fn a_plan() -> impl Strategy<Value = Plan> {
    let bypassed = prop::bool::weighted(0.1);
    (prop::collection::vec(a_setting(), 0..4), bypassed).prop_map(|(settings, bypassed)| {
        let mut plan = Plan::of(settings);
        plan.bypassed = bypassed;
        plan
    })
}

pub fn a_direction() -> impl Strategy<Value = Direction> {
    prop::sample::select(Direction::BOTH.to_vec())
}
