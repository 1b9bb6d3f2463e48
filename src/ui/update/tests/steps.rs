//! Undo and redo, and the proxies that they take away and bring back.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::ui::model::undo::{Edit, Edited, Setup};

/// A proxy that was added without faults, as the last step.
fn add_as_a_step(model: &mut Model, proxy: ProxyId, mapping: Mapping) {
    let plan = Plan::default();
    let what = Edited::Added(Setup { mapping, plan });
    model.keep_step(vec![Edit { proxy, what }], None, None);
}

#[test]
fn undo_and_redo_walk_over_steps_of_every_sort() {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(5)), Action::Bypass, Action::BypassAll],
    );
    does(&mut model, [Action::Undo, Action::Undo, Action::Undo]);
    assert_eq!(shown(&model, 1), "");
    assert_eq!((model.undo.len(), model.undo.undone.len()), (0, 3));
    does(&mut model, [Action::Undo]);
    assert_eq!(notice(&model), "nothing to undo");
    does(&mut model, [Action::Redo, Action::Redo, Action::Redo]);
    assert_eq!(shown(&model, 1), "latency 250ms (bypassed)");
    assert_eq!(shown(&model, 2), " (bypassed)");
    does(&mut model, [Action::Redo]);
    assert_eq!(notice(&model), "nothing to do again");
}

#[test]
fn a_new_turn_forgets_what_was_undone() {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(5)), Action::Undo, turn(Turn::To(1))],
    );
    assert_eq!((model.undo.len(), model.undo.undone.len()), (1, 0));
}

#[test]
fn undo_says_what_it_did() {
    let mut model = model();
    does(&mut model, [turn(Turn::To(5)), Action::Undo]);
    assert_eq!(notice(&model), "db: undo LAT 250ms → off");
}

#[test]
fn a_deleted_proxy_comes_back_with_its_faults_and_its_steps() {
    let mut model = model();
    does(&mut model, [Action::Down, turn(Turn::To(5))]);
    let effects = does(&mut model, [Action::Delete]);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(_, Request::Remove(ProxyId(2)))]
    ));
    let mut gone = desk();
    gone.proxies.remove(1);
    does(&mut model, [Action::Sampled(Arc::new(gone.clone()))]);
    assert_eq!(model.selected, Some(ProxyId(3)), "its neighbour");

    let effects = does(&mut model, [Action::Undo]);
    let [Effect::Ask(ticket, Request::Add { mapping, plan })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (mapping, plan.to_string()),
        (&row(2, "web", 0).mapping, "latency 250ms".into())
    );
    does(&mut model, [did(*ticket, Outcome::Added(ProxyId(9)))]);
    assert_eq!(model.selected, Some(ProxyId(9)));
    assert_eq!(shown(&model, 9), "latency 250ms", "before any snapshot");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(
        plans(&effects),
        ["9: "],
        "the step before, under the new number"
    );
}

/// A desk whose second proxy was asked for on any port, and got port 9002.
fn any_port() -> Model {
    let mut model = model();
    let mut desk = desk();
    desk.proxies[1].mapping.listen = 0;
    does(&mut model, [Action::Sampled(Arc::new(desk)), Action::Down]);
    model
}

#[test]
fn a_proxy_on_a_port_of_any_number_comes_back_on_the_one_that_it_had() {
    let mut model = any_port();
    does(&mut model, [Action::Solo, Action::Delete]);
    assert_eq!(model.solo, None);
    let effects = does(&mut model, [Action::Sampled(Arc::default()), Action::Undo]);
    let [Effect::Ask(ticket, Request::Add { mapping, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(*mapping, row(2, "web", 0).mapping);
    does(&mut model, [did(*ticket, Outcome::Added(ProxyId(9)))]);
    assert_eq!(model.solo.as_ref().map(|solo| solo.proxy), Some(ProxyId(9)));
}

#[test]
fn an_addition_on_any_port_that_is_undone_and_done_again_keeps_its_port() {
    let mut model = any_port();
    add_as_a_step(&mut model, ProxyId(2), mapping(0, "web"));
    let ticket = ticket(&does(&mut model, [Action::Undo]));
    does(&mut model, [did(ticket, Outcome::Removed(ProxyId(1)))]);
    let effects = does(&mut model, [Action::Redo]);
    let [Effect::Ask(_, Request::Add { mapping, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(*mapping, row(2, "web", 0).mapping);
}

#[test]
fn a_proxy_that_is_edited_shows_the_port_that_it_has() {
    let mut model = any_port();
    does(&mut model, [Action::EditMapping]);
    assert_eq!(model.input.field.text.value(), "9002=web:80");
    assert_eq!(
        model.input.check,
        Check::Right("sets the faults of web".to_owned())
    );
}

#[test]
fn a_proxy_that_cannot_come_back_leaves_its_step_to_be_undone() {
    let mut model = model();
    does(&mut model, [Action::Down, Action::Delete]);
    let ticket = ticket(&does(&mut model, [Action::Undo]));
    does(&mut model, [refused(ticket, in_use("127.0.0.1:9002"))]);
    assert_eq!((model.undo.len(), model.undo.undone.len()), (1, 0));
    assert!(notice(&model).contains("already in use"));
}

#[test]
fn deleting_asks_only_with_live_connections() {
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Delete]), []);
    assert_eq!(model.mode(), Mode::Confirm);
    assert_eq!(does(&mut model, [Action::Back]), []);
    assert_eq!(model.mode(), Mode::Mixer);
    let effects = does(&mut model, [Action::Delete, Action::Accept, Action::Delete]);
    assert_eq!(effects.len(), 1, "once: {effects:?}");
}

#[test]
fn a_second_d_does_not_answer_the_question_whether_to_delete() {
    let mut model = model();
    for _ in 0..2 {
        let key = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        let action = keymap::lookup(model.mode(), key);
        assert_eq!(does(&mut model, [action]), []);
        assert_eq!(model.mode(), Mode::Confirm);
    }
}

#[test]
fn taking_back_an_addition_asks_where_it_would_cut_connections() {
    let mut model = model();
    add_as_a_step(&mut model, ProxyId(1), mapping(9_001, "db"));
    assert_eq!(does(&mut model, [Action::Undo]), []);
    assert!(matches!(
        model.overlays.last(),
        Some(Overlay::Delete(ProxyId(1)))
    ));
}

#[test]
fn an_answer_that_nobody_waits_for_is_told() {
    for outcome in [
        Outcome::Added(ProxyId(7)),
        Outcome::Removed(ProxyId(1)),
        Outcome::Renamed(ProxyId(1), "web".to_owned()),
    ] {
        let mut model = model();
        does(&mut model, [did(99, outcome)]);
        assert!(notice(&model).contains("what nobody asked for"));
    }
}

#[test]
fn an_answer_to_something_else_is_told() {
    let mut model = model();
    let ticket = ticket(&does(&mut model, [Action::TogglePort]));
    does(&mut model, [did(ticket, Outcome::Added(ProxyId(7)))]);
    assert!(notice(&model).contains("what nobody asked for"));
}
