//! Ports, and moving about in panes and lists.

use super::*;

#[test]
fn a_port_closes_and_opens_again() {
    let mut model = model();
    let effects = does(&mut model, [Action::TogglePort, Action::TogglePort]);
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Ask(_, Request::SetPort { open: false, .. })]
        ),
        "once"
    );
    let ticket = ticket(&effects);
    does(&mut model, [did(ticket, Outcome::PortSet(ProxyId(1)))]);
    let mut closed = desk();
    closed.proxies[0].port = PortState::Closed;
    does(&mut model, [Action::Sampled(Arc::new(closed))]);
    let effects = does(&mut model, [Action::TogglePort]);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(_, Request::SetPort { open: true, .. })]
    ));
}

#[test]
fn a_port_that_was_closed_opens_when_that_is_undone() {
    let closes = |request: &Request| {
        if let Request::SetPort { open, .. } = request {
            Some(if *open { "open" } else { "closed" })
        } else {
            matches!(request, Request::Close(_)).then_some("off")
        }
    };
    for (words, wish, said) in [
        (
            "port db closed",
            "closed",
            "db: port closed, its connections live on: o opens it",
        ),
        (
            "port db off",
            "off",
            "db: port closed, its connections end: o opens it",
        ),
    ] {
        let mut model = super::palette::typed(words);
        let asked = |model: &mut Model, action: Action| {
            let effects = does(model, [action]);
            let [Effect::Ask(ticket, request)] = effects.as_slice() else {
                panic!("{words}: {effects:?}");
            };
            let what = closes(request);
            does(model, [did(*ticket, Outcome::PortSet(ProxyId(1)))]);
            what
        };
        assert_eq!(asked(&mut model, Action::Accept), Some(wish));
        assert_eq!(notice(&model), said);
        assert_eq!(asked(&mut model, Action::Undo), Some("open"), "{words}");
        assert_eq!(asked(&mut model, Action::Redo), Some(wish), "{words}");
    }
}

fn rows(model: &Model) -> Vec<u64> {
    let rows = model.conns.rows.iter();
    rows.map(|row| model.snapshot.conn(*row).expect("a row").id.0)
        .collect()
}

#[test]
fn only_the_selected_proxys_connections_are_listed_in_their_order() {
    let mut model = model();
    assert_eq!(rows(&model), [2, 4, 1], "by rate down");
    assert_eq!(model.conns.total, 3);
    does(&mut model, [Action::Sort, Action::Accept]);
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
    does(&mut model, [Action::Sort, Action::Accept]);
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
    let cut = |ticket, how| Effect::Ask(ticket, Request::Kill(ConnId(2), how));
    assert_eq!(effects, [cut(1, Kill::Rst), cut(2, Kill::Fin)]);
    let answer = did(1, Outcome::Killed(ConnId(2), Kill::Rst));
    does(&mut model, [answer]);
    assert_eq!(notice(&model), "#2 reset by you");
}

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
fn the_last_proxy_leaves_the_keys_to_the_mixer_where_undo_brings_it_back() {
    for pane in [Focus::Mixer, Focus::Connections] {
        let mut model = model();
        model.focus = pane;
        does(&mut model, [Action::Sampled(Arc::default())]);
        assert_eq!((model.focus, model.selected), (Focus::Mixer, None));
    }
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
fn a_column_is_chosen_from_the_list_and_turned_round_when_it_is_chosen_again() {
    let mut model = model();
    let sort = |column, descending| Sort { column, descending };
    for (moves, expected) in [
        (&[][..], sort(Column::RateDown, false)),
        (&[], sort(Column::RateDown, true)),
        (&[Action::Down], sort(Column::Added, true)),
        (&[Action::First, Action::Down], sort(Column::Peer, false)),
        (&[], sort(Column::Peer, true)),
    ] {
        does(&mut model, [Action::Sort]);
        does(&mut model, moves.to_vec());
        does(&mut model, [Action::Accept]);
        assert_eq!(model.conns.sort, expected);
    }
    does(&mut model, [Action::Sort, Action::Down, Action::Back]);
    assert_eq!(model.conns.sort, sort(Column::Peer, true), "left as it was");
}

fn types(model: &mut Model, text: &str) {
    let keys = text.chars().map(InputRequest::InsertChar);
    does(model, keys.map(Action::Edit).collect::<Vec<_>>());
}

#[test]
fn rows_keep_their_places_while_the_list_has_the_keys() {
    let mut model = model();
    does(&mut model, [Action::ToConnections]);
    assert_eq!(rows(&model), [2, 4, 1]);
    let mut other = desk();
    other.conns[0].rates.down = 99.0;
    other.conns.push(conn(9, 1, 500));
    does(&mut model, [Action::Sampled(Arc::new(other.clone()))]);
    assert_eq!(rows(&model), [2, 4, 1, 9], "a new one stands behind them");
    let last = other.conns.remove(1);
    other.ended.push(ended(last));
    does(&mut model, [Action::Sampled(Arc::new(other.clone()))]);
    assert_eq!(rows(&model), [2, 4, 1, 9], "one that has ended stays");
    assert_eq!((model.conns.total, model.conns.ended), (4, 1));
    does(&mut model, [Action::First]);
    assert_eq!(rows(&model), [9, 1, 2, 4], "the first is the first again");
    does(&mut model, [Action::Back]);
    other.conns[0].rates.down = 0.0;
    does(&mut model, [Action::Sampled(Arc::new(other))]);
    assert_eq!(
        rows(&model),
        [9, 2, 4, 1],
        "they move again without the keys"
    );
}

#[test]
fn what_is_looked_for_stays_until_it_is_forgotten() {
    let mut model = model();
    does(&mut model, [Action::ToConnections, Action::Find]);
    types(&mut model, "down>15");
    assert_eq!(rows(&model), [2, 4], "while it is typed");
    assert_eq!((model.conns.total, model.conns.all), (2, 3));
    types(&mut model, " stat:x");
    does(&mut model, [Action::Accept]);
    assert_eq!(model.mode(), Mode::Find, "it is not right");
    assert!(notice(&model).starts_with("not kept: unknown word"));
    assert_eq!(rows(&model), [2, 4], "as it was last right");
    let delete = Action::Edit(InputRequest::DeletePrevChar);
    does(&mut model, vec![delete; " stat:x".len()]);
    does(&mut model, [Action::Accept]);
    assert_eq!(model.mode(), Mode::Connections);
    assert_eq!(rows(&model), [2, 4]);
    does(&mut model, [Action::Back]);
    assert_eq!((rows(&model).len(), model.focus), (3, Focus::Connections));
    does(&mut model, [Action::Find]);
    types(&mut model, "id:1");
    does(&mut model, [Action::Back]);
    assert_eq!(rows(&model).len(), 3, "Esc in the field");
}

#[test]
fn strips_that_are_looked_for_are_walked_alone() {
    let mut model = model();
    does(&mut model, [Action::Find]);
    types(&mut model, "web or cache");
    does(&mut model, [Action::Accept]);
    assert_eq!(model.selected, Some(ProxyId(2)), "the first that matches");
    does(&mut model, [Action::Down, Action::Down]);
    assert_eq!(model.selected, Some(ProxyId(3)));
    does(&mut model, [Action::Find]);
    types(&mut model, " and nothing");
    assert_eq!(model.selected, Some(ProxyId(2)));
    does(&mut model, [Action::ClearText]);
    types(&mut model, "no such proxy");
    assert_eq!(model.selected, Some(ProxyId(2)), "somebody stays selected");
    does(&mut model, [Action::Back]);
    assert_eq!(model.strips().count(), 3);
}

#[test]
fn a_reset_of_all_that_are_looked_for_asks() {
    let mut model = model();
    does(&mut model, [Action::ToConnections, Action::Find]);
    types(&mut model, "down>15");
    let effects = does(&mut model, [Action::Accept, Action::Reset]);
    assert_eq!((effects, model.mode()), (vec![], Mode::Confirm));
    let effects = does(&mut model, [Action::Accept]);
    let all = Request::KillAll(vec![ConnId(2), ConnId(4)], Kill::Rst);
    assert_eq!(effects, [Effect::Ask(1, all)]);
    does(&mut model, [did(1, Outcome::KilledAll(2, Kill::Rst))]);
    assert_eq!(notice(&model), "2 connections reset by you");
    does(&mut model, [Action::Find, Action::ClearText]);
    types(&mut model, "id:2");
    let effects = does(&mut model, [Action::Accept, Action::Reset]);
    let one = Request::Kill(ConnId(2), Kill::Rst);
    assert_eq!(
        effects,
        [Effect::Ask(2, one)],
        "a single one needs no question"
    );
}

#[test]
fn a_connection_that_is_looked_at_is_watched_and_stays_when_it_has_ended() {
    let mut model = model();
    let effects = does(&mut model, [Action::ToConnections, Action::LookCloser]);
    let watch = |ticket, conn: Option<u64>| Effect::Ask(ticket, Request::Watch(conn.map(ConnId)));
    assert_eq!(
        (effects, model.mode()),
        (vec![watch(1, Some(2))], Mode::Detail)
    );
    let mut over = desk();
    let conn = over.conns.remove(1);
    over.ended.push(ended(conn));
    does(&mut model, [Action::Sampled(Arc::new(over.clone()))]);
    over.ended.clear();
    does(&mut model, [Action::Sampled(Arc::new(over))]);
    let detail = model.detail().expect("it is looked at");
    assert_eq!(
        (detail.row.id, detail.row.state),
        (ConnId(2), ConnState::Ended)
    );
    assert_eq!(
        detail.ended.as_ref().map(|it| &it.reason),
        Some(&CloseReason::Killed)
    );
    let effects = does(&mut model, [Action::NextOne]);
    assert_eq!(effects, [watch(2, Some(4))], "its neighbour in the list");
    let effects = does(&mut model, [Action::NextOne, Action::PreviousOne]);
    assert_eq!(effects, [watch(3, Some(1)), watch(4, Some(4))]);
    assert_eq!(does(&mut model, [Action::Back]), [watch(5, None)]);
    assert_eq!(model.mode(), Mode::Connections);
    does(
        &mut model,
        [Action::Back, Action::LookCloser, Action::NextOne],
    );
    assert_eq!(
        (model.mode(), model.selected),
        (Mode::Strip, Some(ProxyId(2)))
    );
}

/// What is asked for connections alone.
fn owns(effects: &[Effect]) -> Vec<(u64, String)> {
    let own = |effect: &Effect| {
        if let Effect::Ask(_, Request::SetOwn(conn, own)) = effect {
            return Some((conn.0, own.to_string()));
        }
        None
    };
    effects.iter().filter_map(own).collect()
}

#[test]
fn what_is_set_for_one_connection_alone_is_a_change_that_can_be_undone() {
    let mut model = model();
    let mut all = Vec::new();
    let mut press = |model: &mut Model, actions: &[Action]| {
        all.extend(owns(&does(model, actions.to_vec())));
        std::mem::take(&mut all)
    };
    let said = |of: &[(u64, &str)]| -> Vec<(u64, String)> {
        of.iter()
            .map(|(conn, own)| (*conn, (*own).to_owned()))
            .collect()
    };
    let effects = does(&mut model, [Action::ToConnections, Action::Exempt]);
    assert_eq!(owns(&effects), said(&[(2, "exempt")]));
    assert!(notice(&model).starts_with("db #2: exempt from faults"));
    let taken = Taken {
        taken: 1,
        of: 1,
        cut: 0,
        micros: 9,
    };
    let done = Outcome::Owned(ProxyId(1), ConnId(2), taken);
    does(&mut model, [did(ticket(&effects), done)]);
    assert!(
        notice(&model).ends_with("taken by 1 of 1 in 9 µs"),
        "{}",
        notice(&model)
    );
    assert_eq!(
        press(&mut model, &[Action::FreezeConnection]),
        said(&[(2, "exempt, frozen")])
    );
    assert_eq!(
        press(&mut model, &[Action::Undo, Action::Undo, Action::Redo]),
        said(&[(2, "exempt"), (2, ""), (2, "exempt")])
    );
}

#[test]
fn the_keys_of_a_detail_turn_its_connection_alone_or_its_proxy() {
    let mut model = model();
    let press = |model: &mut Model, actions: &[Action]| owns(&does(model, actions.to_vec()));
    let said = |of: &[(u64, &str)]| -> Vec<(u64, String)> {
        of.iter()
            .map(|(conn, own)| (*conn, (*own).to_owned()))
            .collect()
    };
    does(&mut model, [Action::ToConnections, Action::Exempt]);
    press(&mut model, &[Action::LookCloser, Action::Alone]);
    assert_eq!(
        press(&mut model, &[turn(Turn::To(7))]),
        said(&[(2, "latency 1s")]),
        "and it is no longer exempt"
    );
    assert_eq!(shown(&model, 1), "", "its proxy is as it was");
    assert_eq!(
        press(&mut model, &[turn(Turn::Off)]),
        said(&[(2, "latency off")])
    );
    assert_eq!(press(&mut model, &[Action::AllOff]), said(&[(2, "")]));
    let refuse = knob::all()
        .iter()
        .position(|dial| dial.kind.stage == crate::fault::Stage::Opening);
    let refuse = Action::ChooseKnob(refuse.expect("a knob"));
    assert_eq!(press(&mut model, &[refuse, turn(Turn::To(5))]), said(&[]));
    assert!(notice(&model).contains("a matter of all connections"));
    press(
        &mut model,
        &[Action::ChooseKnob(0), Action::Alone, turn(Turn::To(5))],
    );
    assert_eq!(shown(&model, 1), "latency 250ms", "its proxy again");
    let mut over = desk();
    let conn = over.conns.remove(1);
    over.ended.push(ended(conn));
    does(&mut model, [Action::Sampled(Arc::new(over))]);
    assert_eq!(press(&mut model, &[Action::Exempt]), said(&[]));
    assert_eq!(notice(&model), "#2 has ended");
}

#[test]
fn all_that_happened_follows_until_it_is_scrolled() {
    let mut model = model();
    let note = |number: u64| {
        let what = Happening::Note(format!("note {number}"));
        Action::Happened(Arc::new(Event {
            at: Duration::from_secs(number),
            proxy: "db".to_owned(),
            by: None,
            what,
        }))
    };
    does(&mut model, (0..100).map(note).collect::<Vec<_>>());
    does(&mut model, [Action::Events]);
    let list = |model: &Model| match model.overlays.last() {
        Some(Overlay::Events(list)) => (list.from, list.first),
        other => panic!("{other:?}"),
    };
    assert_eq!(list(&model), (None, 0));
    does(&mut model, [Action::Down, Action::Down, Action::Up]);
    assert_eq!(list(&model), (Some(100), 1), "it stands still");
    does(&mut model, [note(100)]);
    let first = model
        .found_lines(Some(100))
        .next()
        .map(|said| said.text.to_owned());
    assert_eq!(first.as_deref(), Some("note 99"));
    does(&mut model, [Action::Last]);
    let room = crate::ui::view::room(model.size, &model).told;
    assert_eq!(
        list(&model),
        (Some(100), 100 - room),
        "as far as there is something"
    );
    does(&mut model, [Action::First]);
    assert_eq!(list(&model), (None, 0));
    does(&mut model, [Action::Find]);
    types(&mut model, "note 1");
    assert_eq!(model.found_lines(None).count(), 20, "both words");
    does(&mut model, [Action::Accept, Action::Back]);
    assert_eq!(model.mode(), Mode::Events, "first, all are shown again");
    does(&mut model, [Action::Events]);
    assert_eq!(model.mode(), Mode::Mixer);
}

#[test]
fn the_desk_is_written_to_a_file_and_read_from_one() {
    let mut model = model();
    does(&mut model, [turn(Turn::To(5)), Action::WriteScene]);
    assert_eq!(model.mode(), Mode::Path);
    let effects = does(&mut model, [Action::Accept]);
    let [
        Effect::WriteScene {
            file,
            text,
            replaces: false,
        },
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert!(text.contains("9001=db:80 latency 250ms\n"), "{text}");
    let (file, result) = (file.clone(), Ok(()));
    does(
        &mut model,
        [Action::Answered(Answer::SceneWritten { file, result })],
    );
    assert!(notice(&model).starts_with("desk.scene has the scene"));
    // Its own file is written again.
    let effects = does(&mut model, [Action::WriteScene, Action::Accept]);
    assert!(matches!(
        &effects[..],
        [Effect::WriteScene { replaces: true, .. }]
    ));
    let effects = does(&mut model, [Action::OpenScene, Action::Accept]);
    let [Effect::ReadScene(file)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let (file, text) = (
        file.clone(),
        Ok("7=x:1 latency 5ms\n8=htps://y\n".to_owned()),
    );
    let effects = does(
        &mut model,
        [Action::Answered(Answer::SceneRead { file, text })],
    );
    assert!(
        matches!(&effects[..], [Effect::Ask(_, Request::Add { .. })]),
        "{effects:?}"
    );
    assert!(notice(&model).starts_with("desk.scene:2:3: unknown protocol"));
}

#[test]
fn a_scene_keeps_the_times_of_changes_where_that_is_asked_for_and_makes_them_again() {
    let mut model = model();
    model.now = Duration::from_secs(10);
    does(&mut model, [turn(Turn::To(5))]);
    model.now = Duration::from_secs(12);
    does(&mut model, [turn(Turn::To(6)), Action::Bypass]);
    model.now = Duration::from_secs(15);
    does(&mut model, [Action::AllOff]);
    let effects = does(
        &mut model,
        [Action::WriteScene, Action::Complete, Action::Accept],
    );
    let [Effect::WriteScene { text, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let changes = "9001=db:80\n9002=web:80\n9003=cache:80\n\
        at 1s set db latency 250ms\nat 3s set db latency 500ms\nat 3s bypass db on\n\
        at 6s clear db\n";
    assert!(text.ends_with(changes), "{text}");
    let mut model = self::model();
    let (file, text) = ("x.scene".into(), Ok("at 2s set db lat 1s\n".to_owned()));
    does(
        &mut model,
        [Action::Answered(Answer::SceneRead { file, text })],
    );
    assert_eq!(model.due(), Some(Duration::from_secs(3)));
    assert_eq!(does(&mut model, [Action::PlayOn]), []);
    model.now = Duration::from_secs(3);
    let effects = does(&mut model, [Action::PlayOn]);
    assert_eq!(plans(&effects), ["1: latency 1s"]);
    assert_eq!(model.due(), None);
}

#[test]
fn a_file_name_that_is_proposed_is_replaced_by_typing_and_kept_by_moving() {
    use InputRequest::{DeletePrevChar, GoToEnd, InsertChar};
    for (keys, name) in [
        (vec![InsertChar('x')], "x"),
        (vec![DeletePrevChar], ""),
        (vec![DeletePrevChar, InsertChar('x')], "x"),
        (vec![GoToEnd, InsertChar('x')], "desk.scenex"),
        (vec![InsertChar('x'), InsertChar('y')], "xy"),
    ] {
        let mut model = model();
        let keys = keys.into_iter().map(Action::Edit);
        does(&mut model, [Action::WriteScene].into_iter().chain(keys));
        let Some(Overlay::Path(path)) = model.overlays.last() else {
            panic!("{:?}", model.overlays);
        };
        assert_eq!(path.field.text.value(), name);
    }
    let mut model = model();
    does(
        &mut model,
        [Action::WriteScene, Action::Pasted("other.scene".to_owned())],
    );
    let effects = does(&mut model, [Action::Accept]);
    assert!(
        matches!(&effects[..], [Effect::WriteScene { file, .. }] if file.as_os_str() == "other.scene"),
        "{effects:?}"
    );
}

#[test]
fn a_fault_that_begins_and_ends_by_itself_is_told_once_each() {
    let mut model = model();
    let faults = crate::fault::language::parse("latency 400ms start=2s for=4s").expect("a fault");
    for at in [1_500, 2_900, 3_100, 3_200, 6_900, 7_100, 9_000] {
        let mut snapshot = desk();
        snapshot.at = Duration::from_millis(at);
        snapshot.proxies[0].scheduled = faults
            .iter()
            .map(|setting| Scheduled {
                setting: setting.clone(),
                begins: Duration::from_secs(3),
                ends: Some(Duration::from_secs(7)),
            })
            .collect();
        does(&mut model, [Action::Sampled(Arc::new(snapshot))]);
    }
    let told: Vec<String> = model
        .log
        .iter()
        .filter_map(|line| model.said(line))
        .map(|line| format!("{:?} {line}", line.at))
        .collect();
    assert_eq!(
        told,
        [
            "3s db: latency 400ms begins",
            "7s db: latency 400ms is over"
        ]
    );
}

#[test]
fn the_tape_is_saved_by_a_key_and_by_its_words_over_no_file_but_its_own() {
    let mut model = model();
    does(&mut model, [Action::SaveTape]);
    assert_eq!(model.mode(), Mode::Path);
    let effects = does(&mut model, [Action::Accept]);
    let saves = |replaces| Effect::SaveTape {
        file: "desk.tape".into(),
        replaces,
    };
    assert_eq!(effects, [saves(false)]);
    let answer = |result: Result<(), String>| {
        let file = "desk.tape".into();
        Action::Answered(Answer::TapeSaved { file, result })
    };
    let why = "desk.tape is there already: give another name";
    does(&mut model, [answer(Err(why.to_owned()))]);
    assert_eq!(notice(&model), why);
    let by_words = |model: &mut Model| {
        does(
            model,
            [
                Action::Palette("save tape desk.tape".to_owned()),
                Action::Accept,
            ],
        )
    };
    assert_eq!(by_words(&mut model), [saves(false)], "it is somebody's");
    does(&mut model, [answer(Ok(()))]);
    assert!(notice(&model).starts_with("desk.tape has the tape"));
    assert_eq!(by_words(&mut model), [saves(true)]);
}
