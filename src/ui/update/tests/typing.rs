//! What is typed into the line and the fields, and what is said to it.

use std::sync::Arc;

use proptest::prelude::*;
use tui_input::InputRequest as Text;

use super::*;
use crate::snapshot::Snapshot;
use crate::ui::input::Check;
use crate::ui::keymap::Mode;
use crate::ui::knob;
use crate::ui::model::Focus;

fn type_in(model: &mut Model, text: &str) -> Vec<Effect> {
    let keys = text
        .chars()
        .map(|letter| Action::Edit(Text::InsertChar(letter)));
    does(model, keys.collect::<Vec<_>>())
}

fn line(model: &Model) -> &str {
    model.input.field.text.value()
}

/// What the console says to a line.
fn says(model: &mut Model, text: &str) -> String {
    does(model, [Action::Add]);
    type_in(model, text);
    let said = match &model.input.check {
        Check::Empty => "nothing".to_owned(),
        Check::Unfinished(_) => "unfinished".to_owned(),
        Check::Wrong(error) => format!("wrong at {}: {}", error.column(), error.message),
        Check::Right(promise) => promise.clone(),
    };
    does(model, [Action::ClearText]);
    said
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, a row for each line")]
fn the_line_is_unfinished_wrong_or_says_what_enter_does() {
    for (text, said) in [
        ("", "nothing"),
        ("   ", "nothing"),
        ("9090", "unfinished"),
        ("9090=https://", "unfinished"),
        ("9090=host:80 lat", "unfinished"),
        (
            "9090=https://a.b",
            "listens on 127.0.0.1:9090, TLS to a.b:443",
        ),
        (
            "0=psqls://db",
            "listens on any free port of 127.0.0.1, PostgreSQL over TLS to db:5432",
        ),
        (
            "9090=host:80 latency 300ms",
            "listens on 127.0.0.1:9090, clear text to host:80, with latency 300ms",
        ),
        (
            "9090=host:80 lat 300ms, bw 1MB/s",
            "listens on 127.0.0.1:9090, clear text to host:80, with 2 faults",
        ),
        (
            "9090=host:80 loss 2% stalls=on",
            "stalls=on is tcp bbr now, listens on 127.0.0.1:9090, clear text to host:80, with loss 2% stalls=on",
        ),
        (
            "9002=host:80",
            "wrong at 1: port 9002 is taken by proxy 2 (web): give another port, or 0 for any free one",
        ),
        (
            "  9002=host:80",
            "wrong at 3: port 9002 is taken by proxy 2 (web): give another port, or 0 for any free one",
        ),
        (
            "9090=tls://host alpn=h2 as orders",
            "listens on 127.0.0.1:9090, TLS to host:443, called orders",
        ),
        ("9090=host:80 as", "unfinished"),
        ("9090=host:80 a", "unfinished"),
        (
            "9090=host:80 as web",
            "wrong at 17: the name web is taken by proxy 2 (web): give another one, as in web-2",
        ),
        (
            "7000=localhost:7000",
            "wrong at 1: 7000=localhost:7000 leads to the port on which it listens itself: give the port of a server",
        ),
        (
            "7000=localhost:9001",
            "listens on 127.0.0.1:7000, clear text to localhost:9001",
        ),
    ] {
        assert_eq!(says(&mut model(), text), said, "{text}");
    }
}

#[test]
fn a_wrong_word_is_named_with_its_column() {
    let said = says(&mut model(), "9090=htps://a.b");
    assert!(said.starts_with("wrong at 6: "), "{said}");
    assert!(said.contains("https"), "{said}");
}

#[test]
fn enter_adds_the_mapping_with_its_faults_and_clears_the_line() {
    let mut model = empty();
    type_in(&mut model, "9090=host:80 latency 300ms");
    let effects = does(&mut model, [Action::Accept]);
    let [Effect::Ask(_, Request::Add { mapping, plan, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (mapping.to_string(), plan.to_string()),
        ("9090=host:80".into(), "latency 300ms".into())
    );
    assert_eq!(line(&model), "");
    let answer = did(ticket(&effects), Outcome::Added(ProxyId(1)));
    does(&mut model, [answer]);
    assert_eq!(
        (model.focus, model.selected),
        (Focus::Mixer, Some(ProxyId(1)))
    );
    assert_eq!(model.undo.len(), 1);
    let effects = does(&mut model, [Action::Undo]);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Ask(_, Request::Remove(ProxyId(1)))]
    ));
}

#[test]
fn enter_on_anything_else_does_nothing() {
    for text in ["", "9090", "9090=htps://a", "9002=host:80"] {
        let mut model = model();
        does(&mut model, [Action::Add]);
        type_in(&mut model, text);
        assert_eq!(does(&mut model, [Action::Accept]), [], "{text}");
        assert_eq!(line(&model), text);
    }
}

#[test]
fn a_port_that_another_program_has_brings_the_line_back() {
    let mut model = empty();
    type_in(&mut model, "9090=host:80 latency 300ms");
    let ticket = ticket(&does(&mut model, [Action::Accept]));
    does(&mut model, [refused(ticket, in_use("127.0.0.1:9090"))]);
    assert_eq!(line(&model), "9090=host:80 latency 300ms");
    assert_eq!(model.focus, Focus::Input);
    assert!(notice(&model).contains("address already in use"));
}

#[test]
fn escape_leaves_the_line_and_keeps_the_draft() {
    let mut model = model();
    does(&mut model, [Action::Add]);
    type_in(&mut model, "9090=ho");
    does(&mut model, [Action::Back]);
    assert_eq!(model.mode(), Mode::Mixer);
    does(&mut model, [Action::Add]);
    type_in(&mut model, "st:80");
    assert_eq!(line(&model), "9090=host:80");
}

#[test]
fn a_second_clear_brings_the_text_back() {
    let mut model = empty();
    type_in(&mut model, "9090=host:80");
    does(&mut model, [Action::ClearText]);
    assert_eq!((line(&model), &model.input.check), ("", &Check::Empty));
    does(&mut model, [Action::ClearText]);
    assert_eq!(line(&model), "9090=host:80");
    assert!(matches!(model.input.check, Check::Right(_)));
}

#[test]
fn the_history_is_walked_and_gives_back_what_was_typed() {
    let mut model = empty();
    for text in ["1=a:1", "2=b:2", "2=b:2"] {
        type_in(&mut model, text);
        does(&mut model, [Action::Accept]);
    }
    type_in(&mut model, "3=");
    let walked = [
        (Action::HistoryBack, "2=b:2"),
        (Action::HistoryBack, "1=a:1"),
        (Action::HistoryBack, "1=a:1"),
        (Action::HistoryForward, "2=b:2"),
        (Action::HistoryForward, "3="),
        (Action::HistoryForward, "3="),
    ];
    for (action, expected) in walked {
        does(&mut model, [action]);
        assert_eq!(line(&model), expected);
    }
}

#[test]
fn tab_goes_round_the_words_that_fit() {
    let mut model = empty();
    type_in(&mut model, "1=ps");
    for expected in ["1=psql://", "1=psqls://", "1=psql://"] {
        does(&mut model, [Action::Complete]);
        assert_eq!(line(&model), expected);
    }
    type_in(&mut model, "db la");
    does(&mut model, [Action::Complete]);
    assert_eq!(line(&model), "1=psql://db latency ");
}

#[test]
fn several_pasted_lines_that_are_right_are_added_by_one_enter() {
    let mut model = empty();
    does(&mut model, [Action::Pasted("1=a:1\n\n2=b:2\r\n".into())]);
    assert_eq!(model.input.pasted_summary(), "2 mappings, Enter adds them");
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(effects.len(), 2, "{effects:?}");
    assert_eq!((line(&model), model.input.pasted.len()), ("", 0));
}

#[test]
fn pasted_lines_end_as_terminals_and_programs_end_them_and_comments_are_left_out() {
    for pasted in [
        "1=a:1\n2=b:2",
        "1=a:1\r2=b:2\r",
        "1=a:1\r\n2=b:2\r\n",
        "# a scene\r1=a:1\r\r  # its second\r2=b:2\r",
        "#!faultboard\n1=a:1\n2=b:2 # b",
    ] {
        let mut model = empty();
        does(&mut model, [Action::Pasted(pasted.to_owned())]);
        let summary = model.input.pasted_summary();
        assert_eq!(summary, "2 mappings, Enter adds them", "{pasted:?}");
        let effects = does(&mut model, [Action::Accept]);
        let adds = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Ask(_, Request::Add { .. })));
        assert_eq!(adds.count(), 2, "{pasted:?}: {effects:?}");
    }
    let mut model = empty();
    does(
        &mut model,
        [Action::Pasted("# nothing\r# but words\r".to_owned())],
    );
    assert_eq!((line(&model), model.input.pasted.len()), ("", 0));
}

#[test]
fn of_pasted_lines_a_second_enter_adds_the_right_ones_and_leaves_the_wrong_one_in_the_line() {
    let mut model = empty();
    let pasted = "1=a:1 latency 5ms\n\n2=htps://c\r\n3=b:2\n4=\n";
    does(&mut model, [Action::Pasted(pasted.to_owned())]);
    let summary = model.input.pasted_summary();
    assert!(
        summary.starts_with("4 mappings, 2 right, line 2: unknown"),
        "{summary}"
    );
    assert_eq!(does(&mut model, [Action::Accept]), []);
    assert!(
        model
            .input
            .pasted_summary()
            .starts_with("Enter again adds 2")
    );
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(effects.len(), 2, "{effects:?}");
    assert!(model.input.pasted.is_empty());
    assert_eq!(line(&model), "2=htps://c");
    assert!(matches!(model.input.check, Check::Wrong(_)));
    does(&mut model, [Action::HistoryBack]);
    assert_eq!(line(&model), "4=");
}

#[test]
fn pasted_lines_are_left_by_escape_or_by_typing() {
    for action in [Action::Back, Action::Edit(Text::InsertChar('x'))] {
        let mut model = empty();
        does(
            &mut model,
            [Action::Pasted("1=a:1\n2=b:2".to_owned()), action],
        );
        assert!(model.input.pasted.is_empty());
        assert_eq!(model.focus, Focus::Input);
    }
}

#[test]
fn one_pasted_line_goes_to_the_cursor() {
    let mut model = empty();
    type_in(&mut model, "9090=");
    does(&mut model, [Action::Pasted("ho\tst:80\n".to_owned())]);
    assert_eq!(line(&model), "9090=ho st:80");
}

#[test]
fn a_paste_outside_a_field_is_refused_with_a_word() {
    let mut model = model();
    does(&mut model, [Action::Pasted("q!d".to_owned())]);
    assert!(notice(&model).starts_with("not pasted"));
    assert_eq!(line(&model), "");
}

// === editing ===

#[test]
fn editing_fills_the_line_with_mapping_and_faults() {
    let mut model = model();
    does(
        &mut model,
        [Action::Turn(knob::Turn::To(5)), Action::EditMapping],
    );
    assert_eq!(line(&model), "9001=db:80 latency 250ms");
    assert_eq!(
        model.input.check,
        Check::Right("sets the faults of db, with latency 250ms".into())
    );
    type_in(&mut model, " down");
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(plans(&effects), ["1: latency 250ms down"]);
    assert_eq!(model.focus, Focus::Mixer);
    does(&mut model, [Action::Undo]);
    assert_eq!(shown(&model, 1), "latency 250ms");
}

#[test]
fn editing_the_name_renames_the_proxy_and_undo_takes_it_back() {
    let mut model = model();
    does(&mut model, [Action::EditMapping]);
    assert_eq!(line(&model), "9001=db:80");
    type_in(&mut model, " as orders");
    let promise = Check::Right("renames db to orders".into());
    assert_eq!(model.input.check, promise);
    let names = |effects: &[Effect]| match effects {
        [Effect::Ask(_, Request::Rename { proxy, name })] => {
            (proxy.0, name.as_ref().map(ToString::to_string))
        }
        other => panic!("{other:?}"),
    };
    let renamed = |ticket, name: &str| did(ticket, Outcome::Renamed(ProxyId(1), name.to_owned()));
    let effects = does(&mut model, [Action::Accept]);
    assert_eq!(names(&effects), (1, Some("orders".to_owned())));
    does(&mut model, [renamed(ticket(&effects), "orders")]);
    assert_eq!(notice(&model), "db is called orders now");
    let effects = does(&mut model, [Action::Undo]);
    assert_eq!(names(&effects), (1, None), "the name that it has by itself");
    does(&mut model, [renamed(ticket(&effects), "db")]);
    let effects = does(&mut model, [Action::Redo]);
    assert_eq!(names(&effects), (1, Some("orders".to_owned())));
    does(
        &mut model,
        [refused(ticket(&effects), RequestError::NoProxy(ProxyId(1)))],
    );
    assert_eq!((model.undo.len(), model.undo.undone.len()), (0, 1));
}

#[test]
fn what_was_told_of_a_proxy_goes_with_its_new_name() {
    let mut model = model();
    let tell = |proxy: &str, what| {
        Action::Happened(Arc::new(Event {
            at: Duration::from_secs(1),
            proxy: proxy.to_owned(),
            by: None,
            what,
        }))
    };
    let before = "db".to_owned();
    does(
        &mut model,
        [
            tell("db", Happening::PortClosed(Shut::Closed)),
            tell("orders", Happening::Renamed { before }),
        ],
    );
    let told: Vec<String> = model
        .log
        .iter()
        .filter_map(|line| model.said(line))
        .map(|line| format!("{} {}", line.proxy, line.text))
        .collect();
    assert_eq!(told, ["orders port closed", "orders renamed, was db"]);
}

#[test]
fn a_mapping_of_another_port_takes_the_proxys_place_and_undo_gives_it_back() {
    let mut model = model();
    does(&mut model, [Action::EditMapping, Action::ClearText]);
    type_in(&mut model, "9010=db:80");
    let Check::Right(promise) = &model.input.check else {
        panic!("{:?}", model.input.check);
    };
    assert!(
        promise.contains("replaces db, whose 3 connections end"),
        "{promise}"
    );
    let effects = does(&mut model, [Action::Accept]);
    let [Effect::Ask(ticket, Request::Replace { proxy, mapping, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (*proxy, mapping.to_string()),
        (ProxyId(1), "9010=db:80".into())
    );
    let answer = did(*ticket, Outcome::Added(ProxyId(4)));
    does(&mut model, [answer]);
    assert_eq!(model.selected, Some(ProxyId(4)));
    let effects = does(&mut model, [Action::Undo]);
    let [Effect::Ask(_, Request::Replace { proxy, mapping, .. })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (*proxy, mapping.to_string()),
        (ProxyId(4), "9001=db:80".into())
    );
}

#[test]
fn another_upstream_leaves_the_proxy_as_it_is_and_undo_leads_it_back() {
    for (line, promise, requests) in [
        (
            "9001=other:80",
            "repoints db, whose 3 connections end, clear text to other:80",
            1,
        ),
        (
            "9001=other:80 as shop latency 5ms",
            "repoints db, whose 3 connections end, clear text to other:80, called shop",
            3,
        ),
    ] {
        let mut model = model();
        does(&mut model, [Action::EditMapping, Action::ClearText]);
        type_in(&mut model, line);
        let Check::Right(said) = &model.input.check else {
            panic!("{:?}", model.input.check);
        };
        assert!(said.contains(promise), "{said}");
        let effects = does(&mut model, [Action::Accept]);
        assert_eq!(effects.len(), requests, "{effects:?}");
        let leads = |effects: &[Effect], to: &str| match effects {
            [Effect::Ask(ticket, Request::Repoint { proxy, mapping }), ..] => {
                assert_eq!((*proxy, mapping.upstream().as_str()), (ProxyId(1), to));
                *ticket
            }
            effects => panic!("{effects:?}"),
        };
        let ticket = leads(&effects, "other:80");
        let before = model.undo.len();
        does(&mut model, [did(ticket, Outcome::Repointed(ProxyId(1)))]);
        assert_eq!(model.undo.len(), before + 1);
        if requests == 1 {
            leads(&does(&mut model, [Action::Undo]), "db:80");
        }
    }
}

#[test]
fn adding_while_a_line_edits_a_proxy_begins_anew_and_keeps_the_line_in_the_history() {
    let mut model = model();
    does(&mut model, [Action::EditMapping, Action::Back, Action::Add]);
    assert_eq!((line(&model), model.input.editing), ("", None));
    does(&mut model, [Action::HistoryBack]);
    assert_eq!(line(&model), "9001=db:80");
}

#[test]
fn an_edit_that_was_left_goes_on_where_it_was() {
    let mut model = model();
    does(&mut model, [Action::EditMapping]);
    type_in(&mut model, " latency 5ms");
    does(&mut model, [Action::Back, Action::EditMapping]);
    assert_eq!(line(&model), "9001=db:80 latency 5ms");
    does(
        &mut model,
        [Action::Back, Action::Down, Action::EditMapping],
    );
    assert_eq!(line(&model), "9002=web:80", "another proxy's line");
}

#[test]
fn a_second_escape_forgets_the_edit() {
    let mut model = model();
    does(&mut model, [Action::EditMapping, Action::Back]);
    assert_eq!(line(&model), "9001=db:80");
    does(&mut model, [Action::Back]);
    assert_eq!((line(&model), model.input.editing), ("", None));
    assert_eq!(notice(&model), "the edit of db is forgotten");
}

#[test]
fn a_line_that_edits_a_proxy_goes_with_it() {
    let mut model = model();
    does(&mut model, [Action::EditMapping]);
    let mut fewer = desk();
    fewer.proxies.remove(0);
    let snapshot: Arc<Snapshot> = Arc::new(fewer);
    let effects = does(&mut model, [Action::Sampled(snapshot), Action::Accept]);
    assert_eq!(effects, []);
    assert_eq!((line(&model), model.input.editing), ("", None));
    assert_eq!(model.focus, Focus::Mixer);
}

#[test]
fn a_second_clear_does_not_bring_another_lines_text_back() {
    let mut model = model();
    does(&mut model, [Action::EditMapping, Action::ClearText]);
    does(&mut model, [Action::Add, Action::ClearText]);
    assert_eq!((line(&model), model.input.editing), ("", None));
}

// === values ===

fn value(text: &str, knob: usize) -> (Vec<Effect>, Model) {
    let mut model = model();
    does(&mut model, [Action::ChooseKnob(knob), Action::TypeValue]);
    type_in(&mut model, text);
    let effects = does(&mut model, [Action::Accept]);
    (effects, model)
}

fn knob_of(label: &str) -> usize {
    let mut dials = knob::all().iter();
    dials
        .position(|dial| dial.knob.label == label)
        .expect("a knob")
}

#[test]
fn a_value_is_typed_for_the_selected_knob() {
    for (knob, text, plan) in [
        (0, "300ms", "1: latency 300ms"),
        (0, " 1.2s ", "1: latency 1.2s"),
        (0, "300", "1: latency 300ms"),
        (0, "300 jitter=30 down", "1: latency 300ms jitter=30ms down"),
        (2, "64", "1: bandwidth 64kB/s"),
        (1, "20ms", "1: latency 0ms jitter=20ms"),
        (2, "1Mbit/s", "1: bandwidth 125kB/s"),
        (2, "0B/s", "1: bandwidth 0B/s"),
        (knob_of("TCP"), "bbr", "1: tcp bbr"),
    ] {
        let (effects, model) = value(text, knob);
        assert_eq!(plans(&effects), [plan], "{text}");
        assert_eq!(model.mode(), Mode::Mixer);
    }
}

#[test]
fn off_and_a_nought_that_asks_for_nothing_are_off() {
    for text in ["off", "0ms"] {
        let mut model = model();
        does(
            &mut model,
            [Action::Turn(knob::Turn::To(5)), Action::TypeValue],
        );
        type_in(&mut model, text);
        let effects = does(&mut model, [Action::Accept]);
        assert_eq!(plans(&effects), ["1: "], "{text}");
    }
}

#[test]
fn a_wrong_value_stays_with_its_error_under_the_column() {
    for (text, column, unfinished) in [
        ("", 1, true),
        ("o", 1, true),
        ("  300q", 6, false),
        ("300ms jitter=5q", 15, false),
        ("300 ji", 5, true),
        ("99999h", 1, false),
    ] {
        let (effects, model) = value(text, 0);
        assert_eq!(effects, [], "{text}");
        let Some(Overlay::Value(field)) = model.overlays.last() else {
            panic!("{text}: {:?}", model.overlays);
        };
        let error = field.says.as_ref().expect_err("an error");
        assert_eq!(
            (error.column(), error.unfinished),
            (column, unfinished),
            "{text}: {}",
            error.message
        );
        assert_eq!(error.input, text);
    }
}

#[test]
fn tab_goes_on_with_units_words_and_names_of_a_value() {
    for (label, text, ways) in [
        ("LAT", "300", ["300ms", "300ns"]),
        ("LAT", "300m", ["300ms", "300ms"]),
        ("BW", "64", ["64kbit/s", "64kB/s"]),
        ("LAT", "300 dist=", ["300 dist=uniform", "300 dist=normal"]),
        ("LAT", "300 dist=n", ["300 dist=normal", "300 dist=normal"]),
        ("LAT", "300 ji", ["300 jitter=", "300 jitter="]),
        ("TCP", "b", ["bbr", "both"]),
        ("LAT", "o", ["off", "off"]),
        ("LAT", "300x", ["300x", "300x"]),
    ] {
        let mut model = model();
        does(
            &mut model,
            [Action::ChooseKnob(knob_of(label)), Action::TypeValue],
        );
        type_in(&mut model, text);
        for way in ways {
            does(&mut model, [Action::Complete]);
            let Some(Overlay::Value(value)) = model.overlays.last() else {
                panic!("{text}");
            };
            assert_eq!(value.field.text.value(), way, "{text}");
        }
    }
}

#[test]
fn the_field_of_a_value_says_what_enter_does() {
    for (text, says) in [
        ("300", "LAT off → 300ms, on 3 open connections"),
        ("off", "LAT stays at off"),
        (
            "300 jitter=5",
            "LAT off → 300ms, JIT off → 5ms, on 3 open connections",
        ),
    ] {
        let mut model = model();
        does(&mut model, [Action::TypeValue]);
        type_in(&mut model, text);
        let Some(Overlay::Value(value)) = model.overlays.last() else {
            panic!("{text}");
        };
        assert_eq!(value.says.as_deref(), Ok(says), "{text}");
    }
}

#[test]
fn enter_without_a_value_says_what_is_wanted() {
    let (effects, model) = value("", 0);
    assert_eq!(effects, []);
    let said = notice(&model);
    assert!(
        said.starts_with("LAT is not set yet: a value such as "),
        "{said}"
    );
}

proptest! {
    #[test]
    fn no_text_panics_and_the_caret_is_in_the_line(text in "[ -~é🦀]{0,40}|9[0-9]=[a-z:/]{0,9} [a-z0-9 =,%]{0,20}") {
        let mut model = model();
        does(&mut model, [Action::Add]);
        type_in(&mut model, &text);
        if let Check::Wrong(error) | Check::Unfinished(error) = &model.input.check {
            prop_assert!(error.span.start <= error.span.end);
            prop_assert!(error.span.end <= text.chars().count());
        }
        does(&mut model, [Action::Complete, Action::Complete, Action::Accept]);
    }

}

#[test]
fn what_cannot_be_seen_is_a_blank_however_it_comes_into_a_text() {
    let mut model = empty();
    does(
        &mut model,
        [
            Action::Pasted("9090=a\u{202e}b\u{200b}c".to_owned()),
            Action::Edit(InputRequest::InsertChar('\u{2066}')),
            Action::Edit(InputRequest::InsertChar('d')),
        ],
    );
    assert_eq!(model.input.field.text.value(), "9090=a b c d");
    does(
        &mut model,
        [Action::Pasted("\u{feff}1=a\u{200f}:1\n2=b:2".to_owned())],
    );
    let pasted: Vec<&str> = model.input.pasted.iter().map(|line| &*line.text).collect();
    assert_eq!(pasted, ["1=a :1", "2=b:2"]);
}

#[test]
fn what_others_wrote_cannot_turn_a_line_round() {
    let mut model = model();
    let event = Event {
        at: model.now,
        proxy: "db".to_owned(),
        by: None,
        what: Happening::Error("certificate of \u{202e}moc.live\u{2069}\n".to_owned()),
    };
    does(&mut model, [Action::Happened(Arc::new(event))]);
    let shown = "certificate of \\u{202e}moc.live\\u{2069} ";
    assert_eq!(told(&model, 0), shown);
    assert_eq!(notice(&model), format!("db: {shown}"));
}

#[test]
fn tab_takes_the_mapping_of_a_pasted_url_and_copies_the_one_for_the_application() {
    let mut model = model();
    does(&mut model, [Action::Add]);
    type_in(&mut model, "postgres://me:secret@db/app");
    let effects = does(&mut model, [Action::Complete]);
    assert_eq!(line(&model), "35432=psql://db");
    let url = "postgres://me:secret@localhost:35432/app".to_owned();
    assert!(effects.contains(&Effect::Copy(url)), "{effects:?}");
    let said = notice(&model);
    assert!(
        said.contains("postgres://me:******@localhost:35432/app (copied"),
        "{said}"
    );
    for nothing_to_copy in ["9091=htps://h", "9091:443"] {
        does(&mut model, [Action::ClearText]);
        type_in(&mut model, nothing_to_copy);
        let effects = does(&mut model, [Action::Complete]);
        assert!(
            !effects.iter().any(|it| matches!(it, Effect::Copy(_))),
            "{effects:?}"
        );
    }
}
