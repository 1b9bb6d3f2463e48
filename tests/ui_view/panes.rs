//! Lists, pages, lines that are typed, and boxes over the desk.

use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Direction, PerDirection};
use faultboard::snapshot::{CloseReason, ConnId, ConnState, EndedConn, Note, Noted, Trip, Watched};
use faultboard::ui::action::Action;
use faultboard::ui::knob::Turn;
use faultboard::ui::model::{Line, Model, Passing};
use faultboard::ui::theme::Charset;
use faultboard::ui::update::update;
use faultboard::ui::view;
use ratatui::layout::Size;
use ratatui::style::Modifier;

use crate::support::{NOW, few, ms, rich, screen, text};
use crate::{assert_screen, assert_screens, change_conn_at, cursor, in_all, type_text};

#[test]
fn the_input_line_in_its_states() {
    for (name, typed) in [
        ("input_unfinished", "9091=ht"),
        ("input_wrong", "9091=htps://www.google.com lat 250ms"),
        ("input_right", "9091=https://www.google.com lat 250ms"),
        ("input_taken", "9090=other:80"),
    ] {
        let mut model = few(80, 24, 3);
        update(&mut model, Action::Add);
        type_text(&mut model, typed);
        assert_screen(name, &model);
    }
    in_all(|mut model, name| {
        update(&mut model, Action::Add);
        type_text(&mut model, "9091=https://www.google.com lat 25x");
        assert_screen(format!("input_wrong_{name}"), &model);
    });
}

/// One of the connections has just been reset by its user.
fn reset_one(model: &mut Model) {
    let snapshot = Arc::make_mut(&mut model.snapshot);
    let mut row = snapshot.conns.remove(3);
    row.state = ConnState::Ended;
    snapshot.ended.push(Arc::new(EndedConn {
        row,
        at: NOW,
        reason: CloseReason::Fault("reset"),
        truncated: false,
    }));
    update(model, Action::Resized(model.size));
}

#[test]
fn connections_that_are_looked_for_and_the_field_that_finds_them() {
    in_all(|mut model, name| {
        reset_one(&mut model);
        update(&mut model, Action::ToConnections);
        update(&mut model, Action::Find);
        type_text(&mut model, "added>250 or state:ended");
        assert_screen(format!("find_{name}"), &model);
        update(&mut model, Action::Accept);
        assert_screen(format!("found_{name}"), &model);
    });
    let mut model = few(80, 24, 4);
    update(&mut model, Action::Find);
    type_text(&mut model, "on not web");
    update(&mut model, Action::Accept);
    assert_screen("found_strips", &model);
    update(&mut model, Action::ToConnections);
    update(&mut model, Action::Find);
    type_text(&mut model, "state:hold");
    assert_screen("find_wrong", &model);
    let mut model = few(80, 24, 4);
    update(&mut model, Action::ToConnections);
    update(&mut model, Action::Find);
    type_text(&mut model, "added>250");
    update(&mut model, Action::Accept);
    update(&mut model, Action::Reset);
    assert_screen("ask_reset", &model);
}

#[test]
fn the_columns_that_sort_are_a_list() {
    in_all(|mut model, name| {
        update(&mut model, Action::ToConnections);
        update(&mut model, Action::Sort);
        assert_screen(format!("sort_{name}"), &model);
    });
}

#[test]
fn a_connection_that_ended_is_dim_with_its_reason() {
    let mut model = few(120, 35, 4);
    reset_one(&mut model);
    let shown = screen(&model);
    let row = text(&shown);
    let row = row.lines().position(|line| line.starts_with("  #41"));
    let row = u16::try_from(row.expect("a row")).expect("a small number");
    let line: String = (0..78)
        .map(|x| shown[(x, row)].symbol().to_owned())
        .collect();
    assert!(line.contains("cut by reset"), "{line}");
    assert!(shown[(2, row)].modifier.contains(Modifier::DIM));
}

/// What is seen of a connection that is looked at closely: round trips of 256 ms, a minute of traffic.
fn watch(model: &mut Model) {
    let at = |number: u64| NOW.saturating_sub(ms(500) * u32::try_from(number).expect("a point"));
    let trip = Trip {
        held: PerDirection::of(ms(125), ms(125)),
        upstream: Duration::from_micros(4_800),
        ours: Duration::from_micros(120),
    };
    let added = (0..40_u64).map(|number| ms(125 + number % 7 * u64::from(number % 3 == 0)));
    let added: Vec<Duration> = added.collect();
    let delivered = |number, direction, bytes| Note {
        at: at(number),
        what: Noted::Delivered {
            direction,
            bytes,
            held: ms(125),
            late: Duration::from_micros(90),
        },
    };
    let took = Note {
        at: at(42),
        what: Noted::Took(17),
    };
    let snapshot = Arc::make_mut(&mut model.snapshot);
    snapshot.watched = Some(Arc::new(Watched {
        id: ConnId(31),
        reached: Some(Duration::from_micros(800)),
        trip: Some((trip, 41)),
        added: PerDirection::of(added.clone(), added),
        rates: (0..100)
            .rev()
            .map(|number| {
                (
                    at(number),
                    PerDirection::of(12_000.0, 210_000.0 + 900.0 * number as f64),
                )
            })
            .collect(),
        notes: vec![
            took,
            delivered(2, Direction::Up, 412),
            delivered(1, Direction::Down, 16_000),
        ],
    }));
}

#[test]
fn a_connection_on_the_whole_screen() {
    in_all(|mut model, name| {
        watch(&mut model);
        update(&mut model, Action::ToConnections);
        update(&mut model, Action::LookCloser);
        assert_screen(format!("detail_{name}"), &model);
    });
    let mut model = few(120, 35, 4);
    watch(&mut model);
    for action in [
        Action::ToConnections,
        Action::LookCloser,
        Action::FreezeConnection,
        Action::Alone,
        Action::Turn(Turn::To(9)),
    ] {
        update(&mut model, action);
    }
    assert_screen("detail_alone", &model);
    let mut model = few(80, 24, 4);
    reset_one(&mut model);
    for action in [Action::ToConnections, Action::Last, Action::LookCloser] {
        update(&mut model, action);
    }
    assert_screen("detail_ended", &model);
}

#[test]
fn a_proxy_on_the_whole_screen() {
    in_all(|mut model, name| {
        update(&mut model, Action::LookCloser);
        assert_screen(format!("strip_{name}"), &model);
    });
}

#[test]
fn all_that_happened_on_the_whole_screen() {
    in_all(|mut model, name| {
        for (at, what) in [
            (750_000, Passing::Opened),
            (751_000, Passing::Done),
            (752_000, Passing::Failed),
            (753_000, Passing::Failed),
        ] {
            let line = Line::passing(ms(at), "web", "#77 upstream: connection reset", what);
            model.log.insert(7, line);
            model.logged += 1;
        }
        update(&mut model, Action::Events);
        assert_screen(format!("events_{name}"), &model);
        update(&mut model, Action::Fold);
        update(&mut model, Action::Find);
        type_text(&mut model, "web or changes");
        assert_screen(format!("events_found_{name}"), &model);
    });
}

#[test]
fn pasted_lines_say_what_enter_does_and_what_is_wrong() {
    for (name, pasted) in [
        ("pasted_right", "1=a:1\n2=b:2"),
        ("pasted_wrong", "1=a:1\n2=htps://b lat 250ms\n3=c:3"),
    ] {
        let mut model = few(80, 24, 3);
        update(&mut model, Action::Add);
        update(&mut model, Action::Pasted(pasted.to_owned()));
        assert_screen(name, &model);
    }
}

#[test]
fn the_field_of_a_value_says_what_nought_and_off_mean() {
    for (typed, says) in [
        ("0", "ok  BW off → 0B/s: nothing passes any more"),
        ("off", "ok  BW stays at off"),
        ("1mbps", "ok  BW off → 125kB/s, on 4 open connections"),
        ("64 queue=50", "… next: ns, us, ms, s, m, h, B, kB"),
    ] {
        let mut model = few(80, 24, 3);
        update(&mut model, Action::ChooseKnob(2));
        update(&mut model, Action::TypeValue);
        type_text(&mut model, typed);
        let shown = text(&screen(&model));
        assert!(shown.contains(says), "{shown}");
    }
}

#[test]
fn the_palette_says_what_a_line_does_before_enter() {
    in_all(|mut model, name| {
        update(&mut model, Action::Palette(String::new()));
        type_text(&mut model, "los 2");
        assert_screen(format!("palette_{name}"), &model);
    });
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Palette("loss 2% burts=3".to_owned()));
    assert_screen("palette_wrong", &model);
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Help);
    type_text(&mut model, "loss");
    assert_screen("help_filtered", &model);
}

#[test]
fn rates_are_shown_in_bits_everywhere() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for (charset, name) in [(Charset::Unicode, "unicode"), (Charset::Ascii, "ascii")] {
            let mut model = rich(width, height);
            model.theme.charset = charset;
            update(&mut model, Action::NextRateUnit);
            assert_screen(format!("bits_{width}x{height}_{name}"), &model);
            let shown = text(&screen(&model));
            // What was told of a change is in the fault language: 64kB/s.
            for bytes in ["K/s", "M/s", " kB/s", " MB/s", "bytes per second"] {
                assert!(!shown.contains(bytes), "{width}: {bytes}: {shown}");
            }
        }
    }
}

#[test]
fn questions_help_and_the_field_of_a_value() {
    for (screen_of, action) in [
        ("quit", Action::Quit),
        ("delete", Action::Delete),
        ("suspend", Action::Suspend),
        ("help", Action::Help),
        ("value", Action::TypeValue),
        ("path", Action::WriteScene),
    ] {
        in_all(|mut model, name| {
            update(&mut model, action.clone());
            assert_screen(format!("{screen_of}_{name}"), &model);
        });
    }
}

#[test]
fn the_question_whether_to_quit_stands_still_while_bytes_come_and_go() {
    let places = [0, 1, 2].map(|holding| {
        let mut model = few(80, 24, 3);
        for at in 0..model.conns.rows.len() {
            let state = if at < holding {
                ConnState::Held
            } else {
                ConnState::Open
            };
            change_conn_at(&mut model, at, |conn| conn.state = state);
        }
        update(&mut model, Action::Quit);
        let drawn = text(&screen(&model));
        let lines = drawn.lines().enumerate();
        let frame = lines.filter(|(_, line)| line.contains("quit?") || line.contains("└──"));
        let frame: Vec<_> = frame
            .map(|(at, line)| (at, line.find(['┌', '└'])))
            .collect();
        assert!(drawn.contains("of them hold") || drawn.contains("None of them holds bytes."));
        frame
    });
    assert_eq!(places[0], places[1]);
    assert_eq!(places[1], places[2]);
}

#[test]
fn a_line_that_edits_a_proxy_looks_like_no_addition() {
    let mut model = few(80, 24, 3);
    update(&mut model, Action::EditMapping);
    assert_screen("input_edit", &model);
    update(&mut model, Action::Back);
    let shown = text(&screen(&model));
    assert!(
        shown.contains("edit of db not entered: Esc forgets it"),
        "{shown}"
    );
    assert!(!shown.contains("sets the faults of db"), "{shown}");
}

#[test]
fn a_line_that_was_left_takes_no_rows_from_the_connections() {
    let usual = view::room(Size::new(80, 24), &few(80, 24, 3));
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Add);
    type_text(&mut model, "9091=h:80");
    update(&mut model, Action::Back);
    assert_eq!(view::room(model.size, &model), usual);
    let shown = text(&screen(&model));
    assert!(
        shown.contains("a line is not entered: a goes on with it"),
        "{shown}"
    );
}

#[test]
fn presets_stand_beside_what_they_change() {
    assert_screens("presets", 4, |model| {
        update(model, Action::Presets);
        type_text(model, "3g");
    });
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Presets);
    assert_screen("presets_whole_80x24", &model);
    update(&mut model, Action::Audition);
    assert!(text(&screen(&model)).contains("this is what is set"));
}

#[test]
fn presets_are_filtered_in_their_box() {
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Presets);
    let whole = cursor(&model);
    type_text(&mut model, "3g");
    assert_eq!(cursor(&model).map(|at| at.x), whole.map(|at| at.x + 2));
    type_text(&mut model, "xyz");
    assert!(text(&screen(&model)).contains("no preset has that in it"));
}
