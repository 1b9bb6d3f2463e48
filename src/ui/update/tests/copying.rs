//! What goes to the clipboard.

use super::*;
use crate::command::{joined, parse_line};

fn copied(effects: &[Effect]) -> &str {
    match effects {
        [Effect::Copy(text)] => text,
        other => panic!("nothing copied: {other:?}"),
    }
}

#[test]
fn a_strip_is_copied_as_a_command_line_that_starts_it() {
    for (turns, command) in [
        (vec![], "faultboard 9001=db:80"),
        (vec![Turn::To(5)], "faultboard 9001=db:80 latency 250ms"),
        (
            vec![Turn::To(5), Turn::To(4)],
            "faultboard 9001=db:80 latency 250ms jitter=50ms",
        ),
    ] {
        let mut model = model();
        for (knob, turned) in turns.into_iter().enumerate() {
            does(&mut model, [Action::ChooseKnob(knob), turn(turned)]);
        }
        let effects = does(&mut model, [Action::Copy]);
        assert_eq!(copied(&effects), command);
        let said = format!("copied {command}, if the terminal allows it (OSC 52)");
        assert_eq!(notice(&model), said);
    }
}

#[test]
fn a_port_that_was_found_is_copied_as_it_is() {
    let mut desk = desk();
    desk.proxies[0].mapping.listen = 0;
    desk.proxies[0].listening = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 45_235))];
    let mut model = model();
    let effects = does(&mut model, [Action::Sampled(Arc::new(desk)), Action::Copy]);
    assert_eq!(copied(&effects), "faultboard 45235=db:80");
}

#[test]
fn a_connection_is_copied_as_its_row() {
    let mut model = model();
    let effects = does(&mut model, [Action::ToConnections, Action::Copy]);
    assert_eq!(
        copied(&effects),
        "db #2, peer 127.0.0.1:50000, age 1m38, ↑bytes 0 B, ↓bytes 30 B, ↑rate 0 B/s, ↓rate 30 B/s, held 0 B, set #0!, \
         state open"
    );
}

#[test]
fn a_connection_that_is_looked_at_is_copied_with_what_happened_to_it() {
    let mut model = model();
    does(&mut model, [Action::ToConnections, Action::LookCloser]);
    does(&mut model, [turn(Turn::To(5))]);
    let effects = does(&mut model, [Action::Copy]);
    let lines: Vec<&str> = copied(&effects).lines().collect();
    assert!(lines[0].starts_with("db #2, peer 127.0.0.1:50000, age"));
    assert_eq!(lines[1], "00:00:01.000 ▲1 db: LAT off → 250ms");
    assert!(
        lines[2].ends_with("#2 accepted from 127.0.0.1:50000"),
        "{lines:?}"
    );
}

#[test]
fn what_happened_is_copied_as_it_is_looked_for() {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(5)), Action::Down, turn(Turn::To(5))],
    );
    does(&mut model, [Action::Events, Action::Find]);
    let keys = "web".chars().map(InputRequest::InsertChar);
    does(&mut model, keys.map(Action::Edit).collect::<Vec<_>>());
    let effects = does(&mut model, [Action::Accept, Action::Copy]);
    assert_eq!(copied(&effects), "00:00:01.000 web: LAT off → 250ms");
}

#[test]
fn where_nothing_is_selected_nothing_is_copied() {
    for focus in [Focus::Mixer, Focus::Connections] {
        let mut model = empty();
        model.focus = focus;
        assert_eq!(does(&mut model, [Action::Copy]), []);
        assert!(!notice(&model).is_empty(), "{focus:?}");
    }
}

proptest! {
    #[test]
    fn whatever_is_set_the_copied_command_sets_it_again(changes in prop::collection::vec(random::changes(), 0..12)) {
        let mut model = model();
        does(&mut model, changes);
        let Some(selected) = model.selected else { return Ok(()) };
        let plan = model.plan(selected).cloned().unwrap_or_default();
        let effects = does(&mut model, [Action::Copy]);
        // No fault of a knob has a word that a shell would change.
        let words: Vec<String> = copied(&effects).split(' ').skip(1).map(str::to_owned).collect();
        let lines = joined(&words);
        prop_assert_eq!(lines.len(), 1);
        let (_, settings) = parse_line(&lines[0]).expect("the program takes it");
        prop_assert_eq!(settings, plan.settings());
    }
}
