//! Engines elsewhere: what is refused while one is out of contact, and what others do to the same proxies.

use super::random::{moves, play_and_hear};
use super::*;
use crate::desk::{Contact, Peer, Program, Reach, Why};
use crate::fault::language;

fn peer(name: &str) -> Peer {
    Peer {
        place: 0,
        name: name.to_owned(),
        address: "127.0.0.1:8474".to_owned(),
        program: Program::Faultboard,
        version: "0.2.0".to_owned(),
        seed: Some(7),
        others: 0,
        read_only: false,
        restarts: 0,
        reach: Reach::Here,
    }
}

fn lost(name: &str) -> Peer {
    let reach = Reach::Lost {
        since: Duration::from_secs(1),
        next: Some(Duration::from_secs(3)),
        why: Why::Silent,
    };
    Peer {
        reach,
        ..peer(name)
    }
}

fn over(peers: Vec<Peer>) -> Model {
    let mut model = model();
    update(&mut model, Action::Contact(Contact::of(peers)));
    model
}

/// What an engine elsewhere is asked for that changes it.
fn changes(effects: &[Effect]) -> Vec<&Request> {
    let asked = effects.iter().filter_map(|effect| {
        if let Effect::Ask(_, request) = effect {
            Some(request)
        } else {
            None
        }
    });
    let changes = |it: &&Request| !matches!(it, Request::Watch(_) | Request::Probe(_));
    asked.filter(changes).collect()
}

#[test]
fn a_key_out_of_contact_is_refused_with_a_line_and_kept_nowhere() {
    for (peer, says) in [
        (lost("shop"), "shop is out of contact: nothing was changed"),
        (
            Peer {
                read_only: true,
                ..peer("shop")
            },
            "read-only: nothing was changed",
        ),
    ] {
        for action in [
            turn(Turn::To(5)),
            Action::Bypass,
            Action::Solo,
            Action::BypassAll,
            Action::TogglePort,
            Action::Sweep,
        ] {
            let mut model = over(vec![peer.clone()]);
            let effects = update(&mut model, action.clone());
            assert!(changes(&effects).is_empty(), "{action:?}: {effects:?}");
            assert_eq!(notice(&model), says, "{action:?}");
            assert!(model.drafts.is_empty() && model.undo.is_empty());
        }
    }
}

#[test]
fn what_was_undone_stays_to_be_undone_where_it_cannot_be() {
    let mut model = over(vec![peer("shop")]);
    update(&mut model, turn(Turn::To(5)));
    update(&mut model, Action::Contact(Contact::of(vec![lost("shop")])));
    let effects = update(&mut model, Action::Undo);
    assert!(changes(&effects).is_empty());
    assert_eq!(model.undo.len(), 1);
    let again = Contact::of(vec![peer("shop")]);
    update(&mut model, Action::Contact(again));
    assert_eq!(notice(&model), "shop is in contact again");
    assert_eq!(plans(&update(&mut model, Action::Undo)), ["1: "]);
}

#[test]
fn another_run_of_the_engine_drops_what_could_be_undone() {
    let mut model = over(vec![peer("shop")]);
    update(&mut model, turn(Turn::To(5)));
    let restarted = Peer {
        restarts: 1,
        ..peer("shop")
    };
    let again = Contact::of(vec![restarted]);
    update(&mut model, Action::Contact(again));
    assert_eq!(
        notice(&model),
        "shop was restarted: what could be undone there is gone"
    );
    assert!(model.undo.is_empty() && model.drafts.is_empty());
}

#[test]
fn of_several_engines_only_those_out_of_contact_refuse() {
    // Proxies 1 and 3 are of the second one, 2 of the first.
    let mut model = over(vec![lost("one"), peer("two")]);
    assert_eq!(
        plans(&update(&mut model, turn(Turn::To(5)))),
        ["1: latency 250ms"]
    );
    let effects = does(&mut model, [Action::Down, turn(Turn::To(5))]);
    assert!(changes(&effects).is_empty(), "{effects:?}");
    assert!(!model.is_out_of_contact());
}

#[test]
fn an_engine_that_goes_takes_its_drafts_along_and_another_in_its_place_is_a_new_one() {
    let mut model = over(vec![peer("one"), peer("two")]);
    update(&mut model, turn(Turn::To(5)));
    assert!(!model.undo.is_empty());
    let only = |peers: Vec<Peer>| Contact { peers, places: 2 };
    update(&mut model, Action::Contact(only(vec![peer("one")])));
    let gone = "two is gone, and what could be undone with it";
    assert_eq!(notice(&model), gone);
    assert!(model.undo.is_empty() && model.drafts.is_empty());
    assert!(!model.is_out_of_contact());
    let new = Peer {
        place: 1,
        version: String::new(),
        ..lost("three")
    };
    update(&mut model, Action::Contact(only(vec![peer("one"), new])));
    assert_eq!(notice(&model), gone);
    let reached = Peer {
        place: 1,
        ..peer("three")
    };
    let both = only(vec![peer("one"), reached]);
    update(&mut model, Action::Contact(both));
    assert_eq!(notice(&model), "three is in contact");
    update(&mut model, Action::Contact(only(Vec::new())));
    assert!(model.is_out_of_contact() && model.contact.is_remote());
}

#[test]
fn leaving_an_engine_elsewhere_asks_nothing_and_ends_nothing() {
    let mut model = over(vec![peer("shop")]);
    assert_eq!(update(&mut model, Action::Quit), [Effect::Quit]);
}

/// Somebody else gives `db` this plan after what it had.
fn by_another(model: &mut Model, before: &str, after: &str) {
    let [before, plan] = [before, after].map(|faults| Arc::new(language::plan(faults)));
    let mut snapshot = desk();
    snapshot.at = model.now;
    snapshot.proxies[0].plan = Arc::clone(&plan);
    let event = Event {
        at: model.now,
        proxy: "db".to_owned(),
        what: Happening::Faults {
            before: Some(before),
            plan,
        },
        by: Author::named("ana@laptop"),
    };
    update(model, Action::Happened(Arc::new(event)));
    update(model, Action::Sampled(Arc::new(snapshot)));
}

/// The user has set latency, and the engine has it.
fn with_latency() -> Model {
    let mut model = over(vec![peer("shop")]);
    let asked = ticket(&update(&mut model, turn(Turn::To(5))));
    update(&mut model, set(asked, 1, 3));
    model.now += Duration::from_secs(1);
    model
}

#[test]
fn undo_takes_back_ones_own_kind_and_leaves_what_others_have_set() {
    let mut model = with_latency();
    by_another(&mut model, "latency 250ms", "latency 250ms, loss 2%");
    assert_eq!(shown(&model, 1), "latency 250ms, loss 2%");
    assert_eq!(plans(&update(&mut model, Action::Undo)), ["1: loss 2%"]);
}

#[test]
fn undoing_what_somebody_changed_since_wants_to_be_asked_twice() {
    let mut model = with_latency();
    by_another(&mut model, "latency 250ms", "latency 1s");
    model.now += Duration::from_secs(12);
    let effects = update(&mut model, Action::Undo);
    assert!(changes(&effects).is_empty(), "{effects:?}");
    assert_eq!(
        notice(&model),
        "ana@laptop changed latency 12s ago: once more to undo all the same"
    );
    assert_eq!(plans(&update(&mut model, Action::Undo)), ["1: "]);
}

#[test]
fn a_change_says_what_the_plan_was_that_it_was_made_of() {
    let mut model = with_latency();
    by_another(&mut model, "latency 250ms", "latency 250ms, loss 2%");
    let effects = does(&mut model, [Action::NextKnob, turn(Turn::To(5))]);
    let [
        Request::SetPlan {
            before: Some(before),
            plan,
            ..
        },
    ] = changes(&effects)[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(before.to_string(), "latency 250ms, loss 2%");
    assert!(plan.to_string().starts_with("latency 250ms"), "{plan}");
}

proptest! {
    #[test]
    fn whatever_is_pressed_out_of_contact_asks_for_no_change(moves in prop::collection::vec(moves(), 0..120)) {
        let mut model = over(vec![lost("shop")]);
        play_and_hear(&mut model, moves, |model, effects| {
            prop_assert!(changes(effects).is_empty(), "{effects:?}");
            prop_assert!(model.undo.is_empty(), "{:?}", model.undo);
            prop_assert!(model.private.asked.is_empty());
            Ok(())
        })?;
    }
}
