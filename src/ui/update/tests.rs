use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::layout::Size;
use tui_input::InputRequest;

use super::*;
use crate::fault::{Directions, Plan};
use crate::mapping::{Host, Mapping};
use crate::snapshot::*;
use crate::ui::action::Answer;
use crate::ui::effect::Cut;
use crate::ui::input::Check;
use crate::ui::keymap::{self, Mode};
use crate::ui::knob::{self, Turn};
use crate::ui::model::{Column, Sort, TakenBy};

fn mapping(listen: u16, host: &str) -> Mapping {
    Mapping {
        listen,
        protocol: None,
        host: Host::Name(host.to_owned()),
        port: 80,
    }
}

fn row(id: u32, name: &str, open: u32) -> ProxyRow {
    let listen = 9_000 + u16::try_from(id).unwrap_or(0);
    ProxyRow {
        id: ProxyId(id),
        name: name.to_owned(),
        mapping: mapping(listen, name),
        listening: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, listen))],
        port: PortState::Open,
        insecure: false,
        plan: Arc::default(),
        generation: 0,
        open,
        taken: open,
        waiting: None,
        total: u64::from(open),
        failed: 0,
        bytes: [0; 2],
        rates: [0.0; 2],
        held: [0; 2],
        added: [None; 2],
        feels: None,
        history: Arc::default(),
    }
}

fn conn(id: u64, proxy: u32, down: u64) -> ConnRow {
    ConnRow {
        id: ConnId(id),
        proxy: ProxyId(proxy),
        client: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
        upstream: None,
        age: Duration::from_secs(100 - id.min(100)),
        bytes: [0, down],
        rates: [0.0, down as f64],
        held: [0; 2],
        added: None,
        generation: 0,
        state: ConnState::Open,
        hit: 0,
    }
}

/// Three proxies: `db` with 3 connections, `web` with none, `cache` with 1.
pub(super) fn desk() -> Snapshot {
    Snapshot {
        at: Duration::from_secs(1),
        proxies: vec![row(1, "db", 3), row(2, "web", 0), row(3, "cache", 1)],
        conns: vec![
            conn(1, 1, 10),
            conn(2, 1, 30),
            conn(3, 3, 5),
            conn(4, 1, 20),
        ],
        rates: [0.0; 2],
    }
}

pub(super) fn empty() -> Model {
    Model::new(7, vec![Ipv4Addr::LOCALHOST.into()], Size::new(80, 24))
}

pub(super) fn model() -> Model {
    let mut model = empty();
    model.now = Duration::from_secs(1);
    update(&mut model, Action::Sampled(Arc::new(desk())));
    model
}

pub(super) fn does(model: &mut Model, actions: impl IntoIterator<Item = Action>) -> Vec<Effect> {
    let effects = actions.into_iter().map(|action| update(model, action));
    effects.collect::<Vec<_>>().concat()
}

fn turn(turn: Turn) -> Action {
    Action::Turn(turn)
}

pub(super) fn notice(model: &Model) -> String {
    model
        .notice
        .as_ref()
        .map_or_else(String::new, ToString::to_string)
}

pub(super) fn shown(model: &Model, proxy: u32) -> String {
    let plan = model.plan(ProxyId(proxy)).expect("a proxy");
    let bypass = if plan.bypassed { " (bypassed)" } else { "" };
    format!("{plan}{bypass}")
}

pub(super) fn plans(effects: &[Effect]) -> Vec<String> {
    let sent = effects.iter().map(|effect| match effect {
        Effect::SetPlan { proxy, plan, .. } => format!("{}: {plan}", proxy.0),
        other => format!("{other:?}"),
    });
    sent.collect()
}

pub(super) fn ticket(effects: &[Effect]) -> u64 {
    match effects.first() {
        Some(
            Effect::SetPlan { ticket, .. }
            | Effect::Add { ticket, .. }
            | Effect::Remove { ticket, .. }
            | Effect::SetPort { ticket, .. }
            | Effect::Replace { ticket, .. },
        ) => *ticket,
        other => panic!("no command: {other:?}"),
    }
}

fn set(ticket: u64, proxy: u32, taken: u32) -> Action {
    Action::Answered(Answer::Set {
        ticket,
        proxy: ProxyId(proxy),
        taken: Some(TakenBy {
            taken,
            of: taken,
            micros: 3_000,
        }),
    })
}

// === knobs ===

#[test]
fn one_key_sets_a_value_and_shows_it_before_any_snapshot() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    assert_eq!(plans(&effects), ["1: latency 250ms"]);
    assert_eq!(shown(&model, 1), "latency 250ms");
    assert_eq!(notice(&model), "db: LAT off → 250ms");
    assert_eq!(model.undo.len(), 1);
}

#[test]
fn an_answer_completes_notice_mark_and_line() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    does(&mut model, [set(ticket(&effects), 1, 3)]);
    assert_eq!(
        notice(&model),
        "db: LAT off → 250ms, taken by 3 of 3 in 3 ms"
    );
    let mark = &model.marks[&ProxyId(1)][0];
    assert_eq!((mark.number, mark.text.as_str()), (1, "LAT off → 250ms"));
    assert_eq!(mark.taken, model.log[0].taken);
    assert_eq!(mark.taken.map(|taken| taken.taken), Some(3));
}

#[test]
fn an_answer_speaks_for_the_commands_that_it_overtook() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5)), turn(Turn::Off)]);
    does(&mut model, [set(ticket(&effects[1..]), 1, 3)]);
    let marks = &model.marks[&ProxyId(1)];
    assert!(marks.iter().all(|mark| mark.taken.is_some()));
    assert!(model.private.setting.is_empty());
}

#[test]
fn a_draft_is_shown_until_a_snapshot_after_the_answer() {
    let mut model = model();
    let effects = does(&mut model, [turn(Turn::To(5))]);
    let sample = |model: &mut Model, at: u64| {
        let snapshot = Snapshot {
            at: Duration::from_millis(at),
            ..desk()
        };
        update(model, Action::Sampled(Arc::new(snapshot)));
    };
    sample(&mut model, 1_050);
    assert_eq!(shown(&model, 1), "latency 250ms", "not answered yet");
    model.now = Duration::from_millis(1_100);
    does(&mut model, [set(ticket(&effects), 1, 3)]);
    sample(&mut model, 1_090);
    assert_eq!(shown(&model, 1), "latency 250ms", "an older snapshot");
    sample(&mut model, 1_150);
    assert_eq!(shown(&model, 1), "", "what the engine says");
}

#[test]
fn a_turn_that_changes_nothing_sends_nothing_and_says_so() {
    let mut model = model();
    assert_eq!(does(&mut model, [turn(Turn::Off)]), []);
    assert_eq!(notice(&model), "db: LAT stays at off");
    assert_eq!(model.undo.len(), 0);
}

#[test]
fn a_held_key_is_one_step_one_mark_and_one_line() {
    let mut model = model();
    for _ in 0..10 {
        model.now += Duration::from_millis(33);
        does(&mut model, [turn(Turn::Fine(1))]);
    }
    assert_eq!(shown(&model, 1), "latency 50ms");
    assert_eq!(model.undo.len(), 1);
    assert_eq!(model.marks[&ProxyId(1)].len(), 1);
    assert_eq!(model.log.len(), 1);
    assert_eq!(model.log[0].text, "LAT off → 50ms");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(plans(&effects), ["1: "]);
}

#[test]
fn a_pause_another_knob_or_another_proxy_ends_a_held_key() {
    let mut model = model();
    does(&mut model, [turn(Turn::Fine(1))]);
    model.now += Duration::from_millis(501);
    does(&mut model, [turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 2);
    does(&mut model, [Action::NextKnob, turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 3);
    does(&mut model, [Action::Down, turn(Turn::Fine(1))]);
    assert_eq!(model.undo.len(), 4);
}

#[test]
fn the_direction_chosen_is_the_one_turned() {
    let mut model = model();
    let effects = does(&mut model, [Action::NextDirections, turn(Turn::To(1))]);
    assert_eq!(plans(&effects), ["1: latency 10ms down"]);
    let effects = does(&mut model, [Action::NextDirections, turn(Turn::To(1))]);
    assert_eq!(plans(&effects), ["1: latency 10ms up, latency 10ms down"]);
    does(&mut model, [Action::NextDirections]);
    assert_eq!(model.directions, Directions::Both);
}

#[test]
fn all_off_takes_every_fault_of_the_proxy_and_undo_gives_them_back() {
    let mut model = model();
    does(
        &mut model,
        [
            turn(Turn::To(5)),
            Action::NextKnob,
            turn(Turn::To(1)),
            Action::AllOff,
        ],
    );
    assert_eq!(shown(&model, 1), "");
    does(&mut model, [Action::Undo]);
    assert_eq!(shown(&model, 1), "latency 250ms jitter=5ms");
}

#[test]
fn turning_a_bypassed_proxy_says_that_it_is() {
    let mut model = model();
    does(&mut model, [Action::Bypass, turn(Turn::To(5))]);
    assert!(notice(&model).contains("bypassed"), "{}", notice(&model));
    assert_eq!(shown(&model, 1), "latency 250ms (bypassed)");
}

#[test]
fn bypassing_all_is_one_step_and_one_line_for_all() {
    let mut model = model();
    let effects = does(&mut model, [Action::BypassAll]);
    assert_eq!(effects.len(), 3);
    let one = ticket(&effects);
    does(&mut model, [set(one, 1, 3), set(one, 2, 0), set(one, 3, 1)]);
    assert_eq!(notice(&model), "all: bypass on, taken by 4 of 4 in 3 ms");
    assert_eq!(model.log.len(), 1);
    does(&mut model, [Action::BypassAll]);
    assert!((1..=3).all(|id| shown(&model, id).is_empty()));
    does(&mut model, [Action::Undo, Action::Undo]);
    assert!((1..=3).all(|id| shown(&model, id).is_empty()));
    assert_eq!(model.undo.len(), 0);
}

#[test]
fn bypassing_all_bypasses_the_rest_where_one_is() {
    let mut model = model();
    let effects = does(&mut model, [Action::Bypass, Action::BypassAll]);
    assert_eq!(effects.len(), 3);
    assert!((1..=3).all(|id| shown(&model, id) == " (bypassed)"));
}

#[test]
fn solo_bypasses_the_others_and_gives_back_what_was() {
    let mut model = model();
    does(
        &mut model,
        [Action::Down, Action::Bypass, Action::Up, Action::Solo],
    );
    let bypassed = |model: &Model| {
        (1..=3)
            .map(|id| !shown(model, id).is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(bypassed(&model), [false, true, true]);
    assert_eq!(model.solo, Some(ProxyId(1)));
    does(&mut model, [Action::Solo]);
    assert_eq!(bypassed(&model), [false, true, false]);
    assert_eq!(model.solo, None);
}

#[test]
fn without_a_proxy_turning_says_what_would_help() {
    let mut model = empty();
    let keys = [
        turn(Turn::To(5)),
        Action::Bypass,
        Action::BypassAll,
        Action::AllOff,
        Action::Delete,
    ];
    assert_eq!(does(&mut model, keys), []);
    assert_eq!(notice(&model), "no proxy yet: a adds one");
}

// === undo ===

#[test]
fn undo_and_redo_walk_over_steps_of_every_sort() {
    let mut model = model();
    does(
        &mut model,
        [turn(Turn::To(5)), Action::Bypass, Action::BypassAll],
    );
    does(&mut model, [Action::Undo, Action::Undo, Action::Undo]);
    assert_eq!(shown(&model, 1), "");
    assert_eq!((model.undo.len(), model.undo.redo_len()), (0, 3));
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
    assert_eq!((model.undo.len(), model.undo.redo_len()), (1, 0));
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
        [Effect::Remove {
            proxy: ProxyId(2),
            ..
        }]
    ));
    let mut gone = desk();
    gone.proxies.remove(1);
    does(&mut model, [Action::Sampled(Arc::new(gone.clone()))]);
    assert_eq!(model.selected, Some(ProxyId(3)), "its neighbour");

    let effects = does(&mut model, [Action::Undo]);
    let [
        Effect::Add {
            ticket,
            mapping,
            plan,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (mapping, plan.to_string()),
        (&row(2, "web", 0).mapping, "latency 250ms".into())
    );
    let result = Ok(ProxyId(9));
    let ticket = *ticket;
    does(
        &mut model,
        [Action::Answered(Answer::Added { ticket, result })],
    );
    assert_eq!(model.selected, Some(ProxyId(9)));
    assert_eq!(shown(&model, 9), "latency 250ms", "before any snapshot");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(
        plans(&effects),
        ["9: "],
        "the step before, under the new number"
    );
}

#[test]
fn a_proxy_that_cannot_come_back_leaves_its_step_to_be_undone() {
    let mut model = model();
    does(&mut model, [Action::Down, Action::Delete]);
    let ticket = ticket(&does(&mut model, [Action::Undo]));
    let result = Err("cannot listen on 127.0.0.1:9002: address already in use".to_owned());
    does(
        &mut model,
        [Action::Answered(Answer::Added { ticket, result })],
    );
    assert_eq!((model.undo.len(), model.undo.redo_len()), (1, 0));
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
fn taking_back_an_addition_asks_where_it_would_cut_connections() {
    let mut model = model();
    let proxy = crate::ui::undo::Proxy {
        id: ProxyId(1),
        mapping: mapping(9_001, "db"),
        plan: Plan::default(),
    };
    model.undo.push(crate::ui::undo::Step {
        changes: vec![crate::ui::undo::Change::Added(proxy)],
        held: None,
        at: model.now,
    });
    assert_eq!(does(&mut model, [Action::Undo]), []);
    assert!(matches!(
        model.overlays.last(),
        Some(Overlay::Delete(ProxyId(1)))
    ));
}

// === ports, connections ===

#[test]
fn a_port_closes_and_opens_again() {
    let mut model = model();
    let effects = does(&mut model, [Action::TogglePort, Action::TogglePort]);
    assert!(
        matches!(effects.as_slice(), [Effect::SetPort { open: false, .. }]),
        "once"
    );
    let ticket = ticket(&effects);
    let result = Ok(());
    does(
        &mut model,
        [Action::Answered(Answer::Port { ticket, result })],
    );
    let mut closed = desk();
    closed.proxies[0].port = PortState::Closed;
    does(&mut model, [Action::Sampled(Arc::new(closed))]);
    let effects = does(&mut model, [Action::TogglePort]);
    assert!(matches!(
        effects.as_slice(),
        [Effect::SetPort { open: true, .. }]
    ));
}

fn rows(model: &Model) -> Vec<u64> {
    let rows = model.conns.rows.iter();
    rows.map(|row| model.snapshot.conns[*row].id.0).collect()
}

#[test]
fn only_the_selected_proxys_connections_are_listed_in_their_order() {
    let mut model = model();
    assert_eq!(rows(&model), [2, 4, 1], "by rate down");
    assert_eq!(model.conns.total, 3);
    does(&mut model, [Action::NextSort]);
    assert_eq!(rows(&model), [1, 4, 2]);
    does(&mut model, [Action::Last]);
    assert_eq!(rows(&model), [3]);
}

#[test]
fn a_connection_is_selected_by_its_number_and_keeps_it_when_rows_move() {
    let mut model = model();
    does(&mut model, [Action::ToConnections]);
    assert_eq!(model.conns.selected, Some(ConnId(2)), "the first row");
    does(&mut model, [Action::Down]);
    assert_eq!(model.conns.selected, Some(ConnId(4)));
    does(&mut model, [Action::NextSort]);
    assert_eq!(model.conns.selected, Some(ConnId(4)));
    let mut less = desk();
    less.conns.retain(|conn| conn.id != ConnId(4));
    does(&mut model, [Action::Sampled(Arc::new(less))]);
    assert_eq!(model.conns.selected, Some(ConnId(2)), "its neighbour");
}

#[test]
fn of_ten_thousand_connections_those_around_the_selected_one_are_picked() {
    let mut model = model();
    let mut many = desk();
    many.conns = (1..=10_000).map(|id| conn(id, 1, id)).collect();
    does(
        &mut model,
        [
            Action::Sampled(Arc::new(many)),
            Action::ToConnections,
            Action::Last,
        ],
    );
    let room = crate::ui::view::room(model.size, &model).conns as u64;
    let expected: Vec<u64> = (1..=room).rev().collect();
    assert_eq!(rows(&model), expected);
    assert_eq!(model.conns.first as u64, 10_000 - room);
    does(&mut model, [Action::First]);
    assert_eq!(model.conns.first, 0);
    assert_eq!(rows(&model)[0], 10_000);
}

#[test]
fn a_connection_is_cut_at_once_and_the_answer_says_so() {
    let mut model = model();
    let effects = does(
        &mut model,
        [Action::ToConnections, Action::Reset, Action::HalfClose],
    );
    let cut = |how| Effect::Cut {
        conn: ConnId(2),
        how,
    };
    assert_eq!(effects, [cut(Cut::Reset), cut(Cut::Fin)]);
    let answer = Answer::Cut {
        conn: ConnId(2),
        how: Cut::Reset,
        found: true,
    };
    does(&mut model, [Action::Answered(answer)]);
    assert_eq!(notice(&model), "#2 reset by you");
}

// === moving ===

#[test]
fn the_first_proxy_takes_the_keys_from_an_empty_line_but_not_from_a_draft() {
    assert_eq!(empty().focus, Focus::Input);
    assert_eq!(model().focus, Focus::Mixer);
    let mut typing = empty();
    does(&mut typing, [Action::Edit(InputRequest::InsertChar('9'))]);
    does(&mut typing, [Action::Sampled(Arc::new(desk()))]);
    assert_eq!(typing.focus, Focus::Input);
}

#[test]
fn without_proxies_the_input_line_has_the_keys() {
    let mut model = model();
    does(&mut model, [Action::Sampled(Arc::default())]);
    assert_eq!((model.focus, model.selected), (Focus::Input, None));
}

#[test]
fn panes_follow_each_other_round() {
    let mut model = model();
    let mut seen = Vec::new();
    for _ in 0..3 {
        does(&mut model, [Action::NextPane]);
        seen.push(model.focus);
    }
    assert_eq!(seen, [Focus::Connections, Focus::Input, Focus::Mixer]);
    does(&mut model, [Action::PreviousPane]);
    assert_eq!(model.focus, Focus::Input);
    does(&mut model, [Action::Back]);
    assert_eq!(model.focus, Focus::Mixer);
}

#[test]
fn strips_are_walked_and_scrolled() {
    let mut model = model();
    does(&mut model, [Action::Resized(Size::new(80, 8))]);
    let room = crate::ui::view::room(model.size, &model).strips;
    does(&mut model, [Action::Last]);
    assert_eq!(model.selected, Some(ProxyId(3)));
    assert_eq!(model.first_strip, 3 - room);
    does(&mut model, [Action::Down, Action::Up]);
    assert_eq!(model.selected, Some(ProxyId(2)));
    does(&mut model, [Action::First]);
    assert_eq!((model.selected, model.first_strip), (Some(ProxyId(1)), 0));
}

#[test]
fn knobs_are_walked_round() {
    let mut model = model();
    let last = knob::all().len() - 1;
    does(&mut model, [Action::PreviousKnob]);
    assert_eq!(model.knob, last);
    does(&mut model, [Action::NextKnob]);
    assert_eq!(model.knob, 0);
    does(&mut model, [Action::ChooseKnob(1), Action::ChooseKnob(99)]);
    assert_eq!(model.knob, 1);
}

#[test]
fn the_next_order_is_the_same_column_backwards_then_the_next_one() {
    let mut model = model();
    let sort = |column, descending| Sort { column, descending };
    for expected in [
        sort(Column::RateDown, false),
        sort(Column::RateUp, true),
        sort(Column::RateUp, false),
    ] {
        does(&mut model, [Action::NextSort]);
        assert_eq!(model.conns.sort, expected);
    }
}

// === the screen ===

#[test]
fn a_frozen_screen_keeps_its_snapshot_and_shows_the_newest_when_it_goes_on() {
    let mut model = model();
    does(&mut model, [Action::Freeze]);
    let newer = Snapshot {
        proxies: vec![row(1, "db", 8)],
        ..desk()
    };
    let event = Event {
        at: Duration::from_secs(2),
        proxy: "db".to_owned(),
        what: Happening::Removed,
    };
    does(
        &mut model,
        [
            Action::Sampled(Arc::new(newer)),
            Action::Happened(Arc::new(event)),
        ],
    );
    assert_eq!((model.snapshot.proxies.len(), model.open()), (3, 8));
    assert!(model.log.is_empty());
    does(&mut model, [Action::Freeze]);
    assert_eq!(model.snapshot.proxies.len(), 1);
    assert_eq!(model.log.len(), 1);
}

#[test]
fn a_knob_turned_on_a_frozen_screen_moves() {
    let mut model = model();
    does(&mut model, [Action::Freeze, turn(Turn::To(5))]);
    assert_eq!(shown(&model, 1), "latency 250ms");
    assert_eq!(model.log.len(), 1);
}

#[test]
fn five_seconds_without_traffic_or_keys_are_quiet_and_a_byte_ends_it() {
    let mut model = model();
    let mut snapshot = desk();
    for (at, expected) in [(5_999, false), (6_000, true)] {
        model.now = Duration::from_millis(at);
        snapshot.at = model.now;
        snapshot.conns[0].age += Duration::from_secs(1);
        does(
            &mut model,
            [Action::Sampled(Arc::new(snapshot.clone())), Action::Tick],
        );
        assert_eq!(model.quiet, expected, "at {at} ms");
    }
    snapshot.proxies[2].bytes[1] += 1;
    does(&mut model, [Action::Sampled(Arc::new(snapshot))]);
    assert!(!model.quiet);
    model.now = Duration::from_secs(60);
    does(&mut model, [Action::Tick]);
    assert!(model.quiet);
    does(&mut model, [Action::Unbound]);
    assert!(!model.quiet, "a key wakes it");
}

#[test]
fn the_log_is_bounded_and_counts_what_was_lost() {
    let mut model = model();
    for conn in 0..600 {
        let event = Event {
            at: model.now,
            proxy: "db".to_owned(),
            what: Happening::Closed {
                conn: ConnId(conn),
                bytes: [0; 2],
                lasted: Duration::ZERO,
                reason: CloseReason::Dial("refused".to_owned()),
            },
        };
        does(&mut model, [Action::Happened(Arc::new(event))]);
    }
    assert_eq!(model.log.len(), LOG_LEN);
    assert_eq!(model.log[LOG_LEN - 1].text, "#599 refused");
    assert_eq!(model.log[0].tone, Tone::Trouble);
    does(&mut model, [Action::Lost(5), Action::Lost(2)]);
    assert_eq!(model.lost, 7);
}

// === leaving ===

#[test]
fn quitting_asks_only_with_live_connections() {
    assert_eq!(does(&mut empty(), [Action::Quit]), [Effect::Quit]);
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Quit]), []);
    assert_eq!(model.mode(), Mode::Quit);
    assert_eq!(does(&mut model, [Action::Accept]), [], "Enter stays");
    assert_eq!(model.mode(), Mode::Mixer);
    assert_eq!(
        does(&mut model, [Action::Quit, Action::QuitNow]),
        [Effect::Quit]
    );
}

#[test]
fn draining_waits_and_a_second_quit_does_not() {
    let mut model = model();
    let effects = does(&mut model, [Action::Quit, Action::Drain]);
    assert_eq!(effects, [Effect::Drain(Duration::from_secs(10))]);
    assert_eq!(model.draining, Some(Duration::from_secs(11)));
    assert_eq!(does(&mut model, [Action::Quit]), [Effect::Quit]);
    assert_eq!(
        does(&mut model, [Action::Answered(Answer::Stopped)]),
        [Effect::Quit]
    );
}

#[test]
fn a_second_interrupt_within_two_seconds_ends_it_at_once() {
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Interrupt]), []);
    model.now += Duration::from_millis(2_001);
    assert_eq!(does(&mut model, [Action::Interrupt]), []);
    model.now += Duration::from_secs(2);
    assert_eq!(does(&mut model, [Action::Interrupt]), [Effect::Quit]);
}

#[test]
fn suspending_asks_once_more_with_live_connections() {
    assert_eq!(does(&mut empty(), [Action::Suspend]), [Effect::Suspend]);
    let mut model = model();
    assert_eq!(does(&mut model, [Action::Suspend]), []);
    assert_eq!(model.mode(), Mode::Confirm);
    assert_eq!(does(&mut model, [Action::Suspend]), [Effect::Suspend]);
    assert_eq!(model.mode(), Mode::Mixer);
}

#[test]
fn escape_closes_the_top_overlay_alone() {
    let mut model = model();
    does(&mut model, [Action::Quit, Action::Help, Action::Back]);
    assert_eq!(model.mode(), Mode::Quit);
}

#[test]
fn help_is_filtered_by_typing_and_enter_does_the_line() {
    let mut model = model();
    let typed = "bypass this".chars();
    let typed = typed.map(|letter| Action::Edit(InputRequest::InsertChar(letter)));
    does(&mut model, [Action::Help]);
    does(&mut model, typed);
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(effects.len(), 1);
    assert_eq!(shown(&model, 1), " (bypassed)");
    assert!(model.overlays.is_empty());
}

#[test]
fn a_question_about_a_proxy_goes_when_the_proxy_does() {
    let mut model = model();
    does(
        &mut model,
        [Action::Delete, Action::Sampled(Arc::default())],
    );
    assert!(model.overlays.is_empty());
}

// === all of it ===

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (-3i8..=3).prop_map(Turn::Fine),
        (-2i8..=2).prop_map(Turn::Stop),
        (0u8..=9).prop_map(Turn::To),
        Just(Turn::Off),
    ]
}

/// Actions that change plans, and those that choose what is changed.
fn changes() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => turns().prop_map(Action::Turn),
        1 => Just(Action::NextKnob),
        1 => Just(Action::Down),
        1 => Just(Action::Up),
        1 => Just(Action::NextDirections),
        1 => Just(Action::AllOff),
        1 => Just(Action::Bypass),
        1 => Just(Action::BypassAll),
        1 => Just(Action::Solo),
    ]
}

fn key() -> impl Strategy<Value = crossterm::event::KeyEvent> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
    ]);
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    let code = prop_oneof![
        2 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => named,
        1 => prop::sample::select("9=:h,tlé🦀 ".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

#[derive(Clone, Debug)]
enum Move {
    Key(crossterm::event::KeyEvent),
    Other(Action),
    Answer(bool),
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    let sampled = (0usize..4, 0u32..3).prop_map(|(proxies, open)| {
        let mut snapshot = desk();
        snapshot.proxies.truncate(proxies);
        for row in &mut snapshot.proxies {
            row.open = open;
        }
        Action::Sampled(Arc::new(snapshot))
    });
    let sizes = (0u16..200, 0u16..60);
    let other = prop_oneof![
        sampled,
        sizes.prop_map(|(width, height)| Action::Resized(Size::new(width, height))),
        ".{0,20}|9=a:1\n8=b:2 lat 5ms\nx".prop_map(Action::Pasted),
        changes(),
        Just(Action::Tick),
        Just(Action::Lost(1)),
    ];
    prop_oneof![
        20 => key().prop_map(Move::Key),
        4 => other.prop_map(Move::Other),
        4 => any::<bool>().prop_map(Move::Answer),
        2 => (0u64..3_000).prop_map(Move::Wait),
    ]
}

/// What a desk would answer, well or badly.
fn answer(effect: &Effect, well: bool) -> Option<Answer> {
    let id = ProxyId(50);
    Some(match *effect {
        Effect::SetPlan { ticket, proxy, .. } => Answer::Set {
            ticket,
            proxy,
            taken: well.then_some(TakenBy {
                taken: 1,
                of: 1,
                micros: 9,
            }),
        },
        Effect::Add { ticket, .. } => Answer::Added {
            ticket,
            result: well.then_some(id).ok_or_else(|| "no".to_owned()),
        },
        Effect::Replace { ticket, .. } => Answer::Replaced {
            ticket,
            result: well.then_some(id).ok_or_else(|| ("no".to_owned(), None)),
        },
        Effect::Remove { ticket, .. } => Answer::Removed {
            ticket,
            found: well,
        },
        Effect::SetPort { ticket, .. } => Answer::Port {
            ticket,
            result: well.then_some(()).ok_or_else(|| "no".to_owned()),
        },
        Effect::Cut { conn, how } => Answer::Cut {
            conn,
            how,
            found: well,
        },
        Effect::Drain(_) | Effect::Quit | Effect::Suspend | Effect::Repaint => return None,
    })
}

proptest! {
    #[test]
    fn as_many_undos_as_changes_end_at_the_start(changes in prop::collection::vec(changes(), 0..40), pause in 0u64..900) {
        let mut model = model();
        for change in &changes {
            model.now += Duration::from_millis(pause);
            update(&mut model, change.clone());
        }
        let end: Vec<String> = (1..=3).map(|id| shown(&model, id)).collect();
        let steps = model.undo.len();
        for _ in 0..steps {
            update(&mut model, Action::Undo);
        }
        prop_assert_eq!(model.undo.len(), 0);
        for id in 1..=3 {
            prop_assert_eq!(shown(&model, id), "");
        }
        for _ in 0..steps {
            update(&mut model, Action::Redo);
        }
        let again: Vec<String> = (1..=3).map(|id| shown(&model, id)).collect();
        prop_assert_eq!(again, end);
    }

    #[test]
    fn no_key_in_any_mode_panics_or_leaves_the_lists_astray(moves in prop::collection::vec(moves(), 0..120)) {
        let mut model = model();
        let mut asked = std::collections::VecDeque::new();
        for step in moves {
            let action = match step {
                Move::Key(key) => keymap::lookup(model.mode(), key),
                Move::Other(action) => action,
                Move::Wait(millis) => {
                    model.now += Duration::from_millis(millis);
                    Action::Tick
                }
                Move::Answer(well) => match asked.pop_front().and_then(|effect| answer(&effect, well)) {
                    Some(answer) => Action::Answered(answer),
                    None => continue,
                },
            };
            asked.extend(update(&mut model, action));
            prop_assert!(model.conns.rows.iter().all(|row| *row < model.snapshot.conns.len()));
            prop_assert!(model.first_strip <= model.snapshot.proxies.len());
            prop_assert!(model.selected.is_none_or(|id| model.knows(id)));
            prop_assert!(model.knob < knob::all().len());
            prop_assert!(model.log.len() <= LOG_LEN);
            if let Check::Wrong(error) | Check::Unfinished(error) = &model.input.check {
                prop_assert!(error.span.end <= error.input.chars().count());
            }
        }
    }
}
