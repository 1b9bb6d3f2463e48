//! Two settings of a proxy: what is kept, swapped, compared and taken back.

use super::turns::felt;
use super::*;
use crate::ui::model::Side;

/// `latency 250ms` as A and `latency 500ms` as B, which acts.
fn two() -> Model {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(5)), Action::SwapSettings, turn(Turn::To(6))],
    );
    model
}

/// The side that acts, what it sets, and what the other one does.
fn sides(model: &Model, proxy: u32) -> (Option<Side>, String, String) {
    let id = ProxyId(proxy);
    let other = model.settings.get(&id).map(|two| two.other.to_string());
    (
        model.side(id),
        shown(model, proxy),
        other.unwrap_or_default(),
    )
}

fn is(side: Side, acts: &str, other: &str) -> (Option<Side>, String, String) {
    (Some(side), acts.to_owned(), other.to_owned())
}

#[test]
fn the_first_key_keeps_a_and_begins_b_as_its_copy() {
    let mut model = model();
    does(&mut model, [turn(Turn::To(5))]);
    let effects = does(&mut model, [Action::SwapSettings]);
    assert_eq!(effects, [], "nothing else is set by it");
    assert_eq!(
        sides(&model, 1),
        is(Side::B, "latency 250ms", "latency 250ms")
    );
    assert_eq!(model.side(ProxyId(2)), None);
    assert_eq!(
        notice(&model),
        "db: A is kept as it is, keys turn B now, \\ swaps them, | ends it"
    );
}

#[test]
fn every_other_key_swaps_and_undo_and_redo_follow() {
    let mut model = two();
    let (a, b) = ("latency 250ms", "latency 500ms");
    assert_eq!(sides(&model, 1), is(Side::B, b, a));
    let effects = does(&mut model, [Action::SwapSettings]);
    assert_eq!(plans(&effects), ["1: latency 250ms"]);
    assert_eq!(sides(&model, 1), is(Side::A, a, b));
    assert_eq!(notice(&model), "db: to A, LAT 500ms → 250ms");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(plans(&effects), ["1: latency 500ms"]);
    assert_eq!(sides(&model, 1), is(Side::B, b, a));
    assert_eq!(notice(&model), "db: undo to B, LAT 250ms → 500ms");
    does(&mut model, [Action::Redo]);
    assert_eq!(sides(&model, 1), is(Side::A, a, b));
    does(&mut model, [Action::SwapSettings]);
    assert_eq!(sides(&model, 1), is(Side::B, b, a));
    assert_eq!(model.changes.len(), 6, "each has its mark in the charts");
}

#[test]
fn a_swap_leaves_the_bypass_as_it_is() {
    let mut model = two();
    does(&mut model, [Action::Bypass, Action::SwapSettings]);
    assert_eq!(shown(&model, 1), "latency 250ms (bypassed)");
    does(&mut model, [Action::Bypass, Action::SwapSettings]);
    assert_eq!(shown(&model, 1), "latency 500ms");
}

#[test]
fn two_settings_that_are_the_same_say_so() {
    let mut model = model();
    does(&mut model, [Action::SwapSettings, Action::SwapSettings]);
    assert_eq!(notice(&model), "db: to A, the same settings");
}

#[test]
fn a_swap_compares_what_was_felt_under_each_side() {
    for (swaps, says) in [(1, "… A 41 ms, B 291 ms"), (2, "… A 291 ms, B 41 ms")] {
        let mut model = two();
        for _ in 1..swaps {
            does(&mut model, [Action::SwapSettings]);
        }
        model.now = Duration::from_secs(5);
        does(&mut model, [felt(5_000, &[(5_000, 291)])]);
        let effects = does(&mut model, [Action::SwapSettings]);
        does(&mut model, [set(ticket(&effects), 1, 3)]);
        assert!(notice(&model).ends_with("in 3 ms …"), "{}", notice(&model));
        does(&mut model, [felt(6_500, &[(6_500, 41)])]);
        assert!(notice(&model).ends_with(says), "{}", notice(&model));
        assert!(notice(&model).len() < 60, "it fits the smallest screen");
    }
}

#[test]
fn marked_proxies_begin_and_swap_together() {
    let mut model = model();
    let marks = [
        Action::Mark,
        Action::Down,
        Action::Mark,
        Action::SwapSettings,
    ];
    does(&mut model, marks);
    does(&mut model, [turn(Turn::To(5)), Action::SwapSettings]);
    for id in [1, 2] {
        assert_eq!(sides(&model, id), is(Side::A, "", "latency 250ms"));
    }
    assert_eq!(model.side(ProxyId(3)), None);
    does(&mut model, [Action::Undo]);
    for id in [1, 2] {
        assert_eq!(sides(&model, id), is(Side::B, "latency 250ms", ""));
    }
}

#[test]
fn a_proxy_that_comes_back_has_its_two_settings() {
    let mut model = model();
    does(
        &mut model,
        [
            Action::Down,
            Action::SwapSettings,
            turn(Turn::To(5)),
            Action::Delete,
        ],
    );
    let mut gone = desk();
    gone.proxies.remove(1);
    does(&mut model, [Action::Sampled(Arc::new(gone))]);
    let effects = does(&mut model, [Action::Undo]);
    let added = did(ticket(&effects), Outcome::Added(ProxyId(9)));
    does(&mut model, [added, Action::SwapSettings]);
    assert_eq!(sides(&model, 9), is(Side::A, "", "latency 250ms"));
}

/// A snapshot that shows this plan of `db`, under which clients waited so long.
fn met(at: u64, plan: &Plan, waited: Option<u64>) -> Action {
    let mut snapshot = desk();
    snapshot.at = Duration::from_millis(at);
    let row = &mut snapshot.proxies[0];
    row.plan = Arc::new(plan.clone());
    row.met = waited.map(|ms| {
        let time = Duration::from_millis(ms);
        let feels = Some(Spread {
            count: 9,
            p1: time,
            p50: time,
            p99: time,
        });
        Arc::new(Met {
            feels,
            answers: 9.0,
            failed: 0,
            cut: 0,
            span: Duration::from_secs(1),
        })
    });
    Action::Sampled(Arc::new(snapshot))
}

/// What is known of each side, in milliseconds.
fn medians(model: &Model) -> [Option<u128>; 2] {
    let two = &model.settings[&ProxyId(1)];
    let median = |side| Some(two.met(side)?.feels?.p50.as_millis());
    [Side::A, Side::B].map(median)
}

#[test]
fn each_side_keeps_what_clients_met_under_it_until_its_settings_change() {
    let mut model = model();
    let plan = |model: &Model| model.plan(ProxyId(1)).cloned().unwrap_or_default();
    let none = plan(&model);
    does(
        &mut model,
        [met(1_100, &none, Some(41)), Action::SwapSettings],
    );
    assert_eq!(medians(&model), [Some(41), None]);
    let effects = does(&mut model, [turn(Turn::To(5))]);
    // As long as the engine has not answered, what is shown is of the other settings.
    does(&mut model, [met(1_200, &none, Some(41))]);
    assert_eq!(medians(&model), [Some(41), None]);
    model.now = Duration::from_millis(1_250);
    let b = plan(&model);
    does(
        &mut model,
        [set(ticket(&effects), 1, 3), met(1_300, &b, None)],
    );
    assert_eq!(medians(&model), [Some(41), None]);
    does(&mut model, [met(4_400, &b, Some(291))]);
    assert_eq!(medians(&model), [Some(41), Some(291)]);
    model.now = Duration::from_millis(4_500);
    let effects = does(&mut model, [Action::SwapSettings]);
    does(
        &mut model,
        [set(ticket(&effects), 1, 3), met(4_600, &none, None)],
    );
    assert_eq!(medians(&model), [Some(41), Some(291)], "both are kept");
    model.now = Duration::from_millis(4_700);
    let effects = does(&mut model, [turn(Turn::To(3))]);
    let other = plan(&model);
    does(
        &mut model,
        [set(ticket(&effects), 1, 3), met(4_800, &other, None)],
    );
    assert_eq!(
        medians(&model),
        [None, Some(291)],
        "A has other settings now"
    );
}

#[test]
fn a_key_ends_two_settings_and_what_acts_stays() {
    let mut model = two();
    let effects = does(&mut model, [Action::EndSettings]);
    assert_eq!(effects, []);
    assert_eq!(
        (model.side(ProxyId(1)), shown(&model, 1)),
        (None, "latency 500ms".to_owned())
    );
    assert_eq!(
        notice(&model),
        "db: A/B is over, what acts stays; \\ begins another one"
    );
    does(&mut model, [Action::EndSettings]);
    assert!(notice(&model).starts_with("no A/B goes on here"));
}
