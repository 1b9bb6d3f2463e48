//! The console's screens: what they say at which size, and that nothing on them rests on colour alone.
#![cfg(feature = "tui")]

#[path = "support/ui.rs"]
mod support;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::desk::{Contact, Peer, Program, Reach, Why};
use faultboard::fault::{Direction, Directions, PerDirection, Plan, Sending};
use faultboard::snapshot::{
    Clean, CloseReason, Confidence, ConnId, ConnRow, ConnState, EndedConn, Event, Figure, Finding,
    Habit, Happening, History, Met, Note, Noted, Point, PortState, ProxyId, ProxyRow, Scheduled,
    Snapshot, Spread, Stalls, Traced, Trip, Unanswered, Watched,
};
use faultboard::sweep::{Curve, Ended, GivesUp, Step as SweepStep, Sweep};
use faultboard::tour;
use faultboard::ui::action::Action;
use faultboard::ui::keymap;
use faultboard::ui::knob::Turn;
use faultboard::ui::model::{
    Column, Focus, Frozen, Guide, Line, Model, Passing, Side, Solo, Sort, Tone, TwoSettings,
};
use faultboard::ui::theme::{Charset, Depth, Ground, Theme};
use faultboard::ui::update::update;
use faultboard::ui::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier};
use support::{NOW, empty, few, latency, ms, rich, screen, spread, text};
use tui_input::InputRequest;

// === Whole screens ===

macro_rules! assert_screen {
    ($name:expr, $model:expr) => {
        insta::assert_snapshot!($name, text(&screen(&$model)))
    };
}

#[test]
fn the_main_screen_at_every_size() {
    assert_screen!("main_80x24", few(80, 24, 3));
    assert_screen!("main_100x30", few(100, 30, 4));
    assert_screen!("main_120x35", few(120, 35, 4));
    assert_screen!("main_160x45", rich(160, 45));
    assert_screen!("main_200x50", rich(200, 50));
    assert_screen!("main_60x16", few(60, 16, 4));
    assert_screen!("main_40x10", rich(40, 10));
    assert_screen!("main_38x8", rich(38, 8));
}

#[test]
fn a_knob_whose_values_are_words_is_turned_like_any_other() {
    for (name, mut model) in [
        ("words_80x24", few(80, 24, 3)),
        ("words_120x35", few(120, 35, 4)),
    ] {
        let knobs = faultboard::ui::knob::all();
        let knob = knobs.iter().position(|dial| dial.knob.label == "TCP");
        update(&mut model, Action::ChooseKnob(knob.expect("a knob")));
        update(&mut model, Action::Turn(Turn::To(2)));
        let snapshot = Arc::make_mut(&mut model.snapshot);
        let row = &mut snapshot.proxies[0];
        row.sending = Some(Sending {
            window: 23,
            round_trip: ms(334),
        });
        let history = Arc::make_mut(&mut row.history);
        history.points[7].losses.down.lost = 12;
        assert_screen!(name, model);
    }
}

#[test]
fn the_main_screen_in_ascii() {
    for (name, mut model) in [
        ("ascii_80x24", few(80, 24, 4)),
        ("ascii_120x35", few(120, 35, 4)),
    ] {
        model.theme.charset = Charset::Ascii;
        assert_screen!(name, model);
    }
}

/// The same screen at three sizes and in both character sets.
fn assert_screens(name: &str, proxies: usize, does: impl Fn(&mut Model)) {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for charset in [Charset::Unicode, Charset::Ascii] {
            let mut model = if proxies > 6 {
                thirty(width, height)
            } else {
                few(width, height, proxies)
            };
            model.theme.charset = charset;
            does(&mut model);
            let set = if charset == Charset::Ascii {
                "_ascii"
            } else {
                ""
            };
            assert_screen!(format!("{name}_{width}x{height}{set}"), model);
        }
    }
}

/// Thirty proxies: the first six as ever, every other one of the rest idle.
fn thirty(width: u16, height: u16) -> Model {
    let mut model = few(width, height, 6);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    for number in 7..=30 {
        let of = &snapshot.proxies[usize::from(number % 2 == 0)];
        let row = ProxyRow {
            id: ProxyId(number),
            name: format!("orders-{number}"),
            open: number % 2 * 3,
            up_to_date: number % 2 * 3,
            plan: if number % 2 == 0 {
                Arc::default()
            } else {
                of.plan.clone()
            },
            ..of.clone()
        };
        snapshot.proxies.push(row);
    }
    model.snapshot = Arc::new(snapshot);
    model
}

/// An engine elsewhere that two others look at too.
fn elsewhere(model: &mut Model, reach: Reach) {
    let peer = Peer {
        place: 0,
        name: "shop-7d9f".to_owned(),
        address: "127.0.0.1:8474".to_owned(),
        program: Program::Faultboard,
        version: "0.2.0".to_owned(),
        seed: Some(7),
        others: 2,
        read_only: false,
        restarts: 0,
        reach,
    };
    model.contact = Contact::of(vec![peer]);
}

#[test]
fn an_engine_elsewhere_is_named_in_the_place_of_the_title() {
    assert_screens("elsewhere", 3, |model| elsewhere(model, Reach::Here));
}

#[test]
fn of_a_toxiproxy_server_what_it_does_not_tell_is_no_zero() {
    assert_screens("toxiproxy", 3, |model| {
        elsewhere(model, Reach::Here);
        let peer = &mut model.contact.peers[0];
        (peer.program, peer.seed, peer.others) = (Program::Toxiproxy, None, 0);
        "127.0.0.1:8474".clone_into(&mut peer.name);
        "2.12.0".clone_into(&mut peer.version);
        let rows = model.snapshot.proxies.iter().map(|row| ProxyRow {
            plan: Arc::clone(&row.plan),
            foreign: Some(["mine (noop)".to_owned()].into()),
            ..ProxyRow::quiet(row.id, row.mapping.clone())
        });
        model.snapshot = Arc::new(Snapshot {
            at: model.snapshot.at,
            proxies: rows.collect(),
            ..Snapshot::default()
        });
        (model.conns.rows, model.conns.all, model.conns.total) = (Vec::new(), 0, 0);
    });
}

fn out_of_contact() -> Reach {
    Reach::Lost {
        since: NOW.saturating_sub(ms(4_000)),
        next: Some(NOW + ms(2_000)),
        why: Why::Silent,
    }
}

#[test]
fn out_of_contact_the_last_picture_stays_and_the_head_says_for_how_long() {
    assert_screens("out_of_contact", 3, |model| {
        elsewhere(model, out_of_contact());
    });
}

#[test]
fn out_of_contact_nothing_has_a_colour_but_what_says_so() {
    let mut model = few(120, 35, 3);
    elsewhere(&mut model, out_of_contact());
    let screen = screen(&model);
    let coloured = screen.area.positions().filter(|at| {
        let cell = &screen[*at];
        cell.fg != Color::Reset && at.y != 0 && at.x < 78 && at.y < 24
    });
    let coloured: Vec<_> = coloured
        .map(|at| (at, screen[at].symbol().to_owned()))
        .collect();
    assert!(coloured.is_empty(), "{coloured:?}");
}

#[test]
fn the_list_of_knobs_lies_below_the_strip_that_they_turn() {
    assert_screens("knobs", 3, |model| {
        update(model, Action::Turn(Turn::To(5)));
        update(model, Action::PickKnob);
    });
}

#[test]
fn thirty_proxies_have_a_row_each() {
    assert_screens("thirty", 30, |model| {
        update(model, Action::Mark);
    });
}

#[test]
fn all_knobs_that_are_on_are_on_the_strip() {
    let faults = "latency 250ms jitter=30ms, bandwidth 64kB/s, reset 10%, loss 2%, tcp cubic, flap off=2s, \
                  timeout 5s, corrupt 0.1%, slicer 64B, slow_close 2s, accept_delay 1s, dial_delay 2s";
    let faults = faultboard::fault::language::parse(faults).expect("faults");
    assert_screens("all_on", 3, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
        });
        change_row(model, 1, |row| {
            row.plan = Arc::new(Plan::of(faults[1..6].to_vec()));
        });
        change_row(model, 2, |row| {
            row.plan = Arc::new(Plan::of(faults[2..4].to_vec()));
        });
    });
}

#[test]
fn faults_with_names_stand_on_the_strip_in_the_list_of_knobs_and_on_the_page() {
    let faults = "latency 250ms, latency 100ms as=slow down, blackhole share=20% as=\"my toxic\", reset as=x";
    let faults = faultboard::fault::language::parse(faults).expect("faults");
    let pages: [(&str, &[Action]); 3] = [
        ("named", &[]),
        ("named_knobs", &[Action::PickKnob]),
        ("named_page", &[Action::LookCloser]),
    ];
    for (name, actions) in pages {
        assert_screens(name, 3, |model| {
            change_row(model, 0, |row| {
                row.plan = Arc::new(Plan::of(faults.clone()));
            });
            for action in actions {
                update(model, action.clone());
            }
        });
    }
}

#[test]
fn what_fails_of_others_is_counted_beside_what_the_user_did() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        update(&mut model, Action::Turn(Turn::To(6)));
        change_row(&mut model, 1, |row| {
            row.history = support::history(|_| None, |_| [0.0; 2], |at| 7 * u32::from(at > 117));
        });
        let line = Line::new(NOW, "web", "#44 connection reset", Tone::Trouble);
        model.log.push_back(line);
        let shown = text(&screen(&model));
        let said = shown
            .lines()
            .find(|line| line.contains("LAT 250ms → 500ms"));
        let said = said.expect("the user's own line");
        assert!(said.contains("web: 14 failed in 10 s"), "{shown}");
        model.now += Duration::from_secs(60);
        assert!(!words(&model).contains("! web: #44"), "{width}");
    }
}

#[test]
fn all_bypassed_stands_in_the_place_of_live() {
    let mut model = few(80, 24, 3);
    bypass(&mut model, |_| true);
    let header = row(&screen(&model), 0);
    assert!(
        header.contains("⊘ ALL BYPASSED") && !header.contains("LIVE"),
        "{header}"
    );
    frozen(&mut model);
    let header = row(&screen(&model), 0);
    assert!(header.contains("⊘ ALL BYPASSED  ‖ FROZEN"), "{header}");
}

#[test]
fn the_first_screen() {
    in_all(|model, name| {
        let mut first = empty(model.size.width, model.size.height);
        first.theme = model.theme;
        assert_screen!(format!("empty_{name}"), first);
    });
    let mut model = empty(80, 24);
    let why = "cannot listen on 127.0.0.1:5432: address already in use";
    model.notice = Some(Line::new(ms(1_900), "", why, Tone::Trouble));
    type_text(&mut model, "5432=psql://my-db");
    assert_screen!("empty_refused", model);
}

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
        assert_screen!(name, model);
    }
    in_all(|mut model, name| {
        update(&mut model, Action::Add);
        type_text(&mut model, "9091=https://www.google.com lat 25x");
        assert_screen!(format!("input_wrong_{name}"), model);
    });
}

/// A console of each size in both character sets, and what its screens are called.
fn in_all(mut each: impl FnMut(Model, &str)) {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for (charset, name) in [(Charset::Unicode, "unicode"), (Charset::Ascii, "ascii")] {
            let mut model = few(width, height, 4);
            model.theme.charset = charset;
            each(model, &format!("{width}x{height}_{name}"));
        }
    }
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
        assert_screen!(format!("find_{name}"), model);
        update(&mut model, Action::Accept);
        assert_screen!(format!("found_{name}"), model);
    });
    let mut model = few(80, 24, 4);
    update(&mut model, Action::Find);
    type_text(&mut model, "on not web");
    update(&mut model, Action::Accept);
    assert_screen!("found_strips", model);
    update(&mut model, Action::ToConnections);
    update(&mut model, Action::Find);
    type_text(&mut model, "state:hold");
    assert_screen!("find_wrong", model);
    let mut model = few(80, 24, 4);
    update(&mut model, Action::ToConnections);
    update(&mut model, Action::Find);
    type_text(&mut model, "added>250");
    update(&mut model, Action::Accept);
    update(&mut model, Action::Reset);
    assert_screen!("ask_reset", model);
}

#[test]
fn the_columns_that_sort_are_a_list() {
    in_all(|mut model, name| {
        update(&mut model, Action::ToConnections);
        update(&mut model, Action::Sort);
        assert_screen!(format!("sort_{name}"), model);
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
        assert_screen!(format!("detail_{name}"), model);
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
    assert_screen!("detail_alone", model);
    let mut model = few(80, 24, 4);
    reset_one(&mut model);
    for action in [Action::ToConnections, Action::Last, Action::LookCloser] {
        update(&mut model, action);
    }
    assert_screen!("detail_ended", model);
}

#[test]
fn a_proxy_on_the_whole_screen() {
    in_all(|mut model, name| {
        update(&mut model, Action::LookCloser);
        assert_screen!(format!("strip_{name}"), model);
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
        assert_screen!(format!("events_{name}"), model);
        update(&mut model, Action::Fold);
        update(&mut model, Action::Find);
        type_text(&mut model, "web or changes");
        assert_screen!(format!("events_found_{name}"), model);
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
        assert_screen!(name, model);
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
        assert_screen!(format!("palette_{name}"), model);
    });
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Palette("loss 2% burts=3".to_owned()));
    assert_screen!("palette_wrong", model);
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Help);
    type_text(&mut model, "loss");
    assert_screen!("help_filtered", model);
}

#[test]
fn rates_are_shown_in_bits_everywhere() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for (charset, name) in [(Charset::Unicode, "unicode"), (Charset::Ascii, "ascii")] {
            let mut model = rich(width, height);
            model.theme.charset = charset;
            update(&mut model, Action::NextRateUnit);
            assert_screen!(format!("bits_{width}x{height}_{name}"), model);
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
            assert_screen!(format!("{screen_of}_{name}"), model);
        });
    }
}

// === What a glance must not miss ===

#[test]
fn the_header_says_what_is_not_as_usual() {
    for (says, change) in [
        ("INSECURE", &insecure as &dyn Fn(&mut Model)),
        ("7 events lost", &|model| model.lost = 7),
        ("FROZEN 12s", &frozen),
        ("QUIET", &|model| model.quiet = true),
        ("DRAINING 8s", &|model| {
            model.draining = Some(NOW + ms(8_000));
        }),
        ("ALL BYPASSED", &|model| bypass(model, |_| true)),
        ("SOLO db", &|model| {
            model.solo = Some(Solo {
                proxy: ProxyId(1),
                before: Vec::new(),
            });
        }),
        ("bind 0.0.0.0", &|model| {
            model.bind = vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        }),
    ] {
        for (width, height) in [(80, 24), (120, 35), (200, 50)] {
            let mut model = few(width, height, 3);
            let usual = row(&screen(&model), 0);
            assert!(!usual.contains(says), "{usual}");
            change(&mut model);
            let header = row(&screen(&model), 0);
            assert!(header.contains(says), "{width}: {header}");
        }
    }
}

#[test]
fn a_frozen_screen_says_so_down_to_the_smallest_size() {
    for (width, height) in [(40, 10), (60, 16), (80, 24)] {
        let mut model = few(width, height, 3);
        frozen(&mut model);
        insecure(&mut model);
        let header = row(&screen(&model), 0);
        assert!(header.contains("FROZEN"), "{header}");
    }
}

#[test]
fn the_seed_is_on_every_full_screen() {
    for (width, height) in [(60, 16), (80, 24), (120, 35), (200, 50)] {
        assert!(text(&screen(&few(width, height, 3))).contains("seed 42"));
        assert!(text(&screen(&empty(width, height))).contains("seed 42"));
    }
}

#[test]
fn the_reason_of_a_failed_connection_is_on_the_screen() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        let why = "#44 my-db:5432: connection refused";
        let line = Line::new(ago(300), "db", why, Tone::Trouble);
        model.log.push_back(line);
        model.changes.clear();
        let shown = text(&screen(&model));
        assert!(shown.contains(&format!("! db: {why}")), "{shown}");
    }
}

/// Two habits of the first proxy's clients, one of another's.
fn found(model: &mut Model) {
    let finding = |kind, text: &str, n, of, conns: &[u64]| Finding {
        kind,
        which: "request",
        text: text.to_owned(),
        under: "blackhole".into(),
        n,
        of,
        confidence: Confidence::of(n, of),
        values: vec![("after", Figure::Time(ms(2_000)))],
        conns: conns.iter().copied().map(ConnId).collect(),
        since: ms(612_000),
    };
    let gives_up = "gives up on a request after 2.0 s (14 of 14, 1.98–2.03 s)";
    let tries = "tries again: 3 more attempts for each failed request, 1.0 s apart (4 of 5)";
    let herd = "comes back all at once after the upstream broke off: 18 to 29 attempts within 100 ms of each other (4 times)";
    change_row(model, 0, |row| {
        row.findings = [
            finding(Habit::GivesUp, gives_up, 14, 14, &[44, 43, 41, 40, 31]),
            finding(Habit::TriesAgain, tries, 4, 5, &[44, 41]),
        ]
        .into();
    });
    change_row(model, 2, |row| {
        let gives_up = finding(Habit::GivesUp, gives_up, 6, 7, &[51]);
        row.findings = [gives_up, finding(Habit::TriesAgain, herd, 4, 4, &[49])].into();
    });
    update(model, Action::Findings);
}

#[test]
fn what_applications_do_about_it_is_a_page() {
    assert_screens("findings", 4, found);
}

#[test]
fn what_stalls_of_the_desk_leave_out_is_said_on_the_page() {
    let mut model = few(80, 24, 3);
    change_row(&mut model, 0, |row| {
        row.stalls = Stalls {
            count: 8,
            longest: ms(312),
        };
    });
    update(&mut model, Action::Findings);
    let shown = text(&screen(&model));
    for line in [
        "in the last minute: 8, the longest of 312 ms;",
        "shows no times",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

/// What the demo's shop answered as its latency was climbed: answers, waits, what failed, who left.
const SHOP: [(u64, f64, f64, u64, u64); 9] = [
    (78, 68.6, 104.4, 0, 0),
    (73, 90.6, 149.5, 0, 0),
    (67, 124.9, 184.3, 0, 0),
    (57, 180.2, 248.8, 0, 0),
    (49, 311.3, 372.7, 0, 0),
    (32, 569.3, 602.1, 0, 0),
    (22, 1_065.0, 1_105.9, 0, 0),
    (1, 0.0, 0.0, 6, 9),
    (0, 0.0, 0.0, 3, 9),
];

/// A sweep of the first proxy, as the demo's shop answered one: the first steps of it, and how it ended.
fn swept(model: &mut Model, number: u32, steps: usize, ended: Option<Ended>) {
    let dial = faultboard::ui::knob::all()[0];
    let sweep = Sweep::of(dial, Directions::Both);
    let proxy = model.snapshot.proxies[0].name.clone();
    let slower = f64::from(number);
    let steps = SHOP[..steps].iter().zip(0_u32..);
    let steps = steps.map(|((answers, p50, p99, failed, left), at)| SweepStep {
        at_s: 700.0 + f64::from(at) * 5.0,
        lasted_s: 5.0,
        asked: *answers,
        answers: *answers,
        p50_ms: (*p50 > 0.0).then_some(p50 * slower),
        p99_ms: (*p99 > 0.0).then_some(p99 * slower),
        mean_ms: (*p50 > 0.0).then_some(p50 * slower),
        pause_ms: Some(300.0),
        oldest_ms: 2_020.0,
        failed: *failed,
        left: *left,
        gives_up: (*left > 0).then_some(GivesUp {
            after_ms: 2_003.0,
            n: 6,
            of: 6,
        }),
        ..SweepStep::default()
    });
    let curve = Curve {
        steps: steps.collect(),
        since_s: NOW.as_secs_f64() - 1.6,
        ended,
        ..Curve::new(number, proxy.clone(), &sweep)
    };
    let what = Happening::Swept {
        curve: Arc::new(curve),
        before: Arc::default(),
    };
    let event = Event {
        at: NOW,
        proxy,
        by: None,
        what,
    };
    update(model, Action::Happened(Arc::new(event)));
}

#[test]
fn a_fault_that_is_climbed_is_drawn_as_it_climbs() {
    assert_screens("sweep_climbs", 4, |model| {
        swept(model, 1, 5, None);
        update(model, Action::Sweeps);
    });
}

#[test]
fn a_sweep_that_has_ended_shows_the_cliff_beside_an_earlier_one() {
    assert_screens("sweep", 4, |model| {
        swept(model, 2, 7, Some(Ended::Stopped));
        swept(model, 1, 9, Some(Ended::Done));
        update(model, Action::Sweeps);
        update(model, Action::LayOver);
    });
}

#[test]
fn a_sweep_that_has_just_begun_says_what_comes_and_what_ends_it() {
    let mut model = few(80, 24, 4);
    swept(&mut model, 1, 0, None);
    update(&mut model, Action::Sweeps);
    assert_screen!("sweep_begins", model);
}

/// A latency of 250 ms where clients waited 41 ms before, and one thing is known of them.
fn slower(model: &mut Model) {
    change_row(model, 0, |row| {
        row.clean = Some(Arc::new(Clean {
            feels: spread(41, 4, 200),
            answers: 20.0,
            rates: PerDirection::default(),
            failed: 0,
            span: ms(10_000),
            until: ms(600_000),
        }));
    });
}

#[test]
fn the_presenters_view_is_read_from_afar() {
    assert_screens("presenter", 4, |model| {
        slower(model);
        update(model, Action::Presenter);
    });
    assert_screens("presenter_waits", 4, |model| {
        slower(model);
        found(model);
        in_a_hole(model);
        update(model, Action::Back);
        update(model, Action::Presenter);
    });
    for (width, height) in [(60, 16), (40, 10)] {
        for (name, charset) in [("", Charset::Unicode), ("_ascii", Charset::Ascii)] {
            let mut model = few(width, height, 4);
            model.theme.charset = charset;
            slower(&mut model);
            update(&mut model, Action::Presenter);
            assert_screen!(format!("presenter_{width}x{height}{name}"), model);
        }
    }
}

/// The demo's tour in an act, counted from 0, of whose keys so many were pressed.
fn led(model: &mut Model, act: usize, pressed: usize) {
    let is_key = |word: &str| keymap::Key::named(word).is_some();
    let tour = tour::parse(include_str!("../assets/demo.tour"), is_key);
    assert_eq!(tour.problems("demo.tour").collect::<Vec<_>>(), [""; 0]);
    assert_eq!(tour.acts.len(), 6);
    let guide = Guide::new(Arc::new(tour), false);
    model.guide = Some(Guide {
        at: Some(act),
        pressed,
        ..guide
    });
    update(model, Action::Presenter);
}

#[test]
fn a_tour_says_what_to_press_and_then_what_to_look_at() {
    assert_screens("tour", 4, |model| led(model, 2, 1));
    for (width, height) in [(60, 16), (40, 10)] {
        let mut model = few(width, height, 4);
        slower(&mut model);
        led(&mut model, 1, 1);
        assert_screen!(format!("tour_{width}x{height}"), model);
    }
}

#[test]
fn clients_that_hung_up_are_told_apart_from_what_failed() {
    let mut model = few(80, 24, 3);
    change_row(&mut model, 0, |row| {
        row.history = support::history(|_| Some(256), |_| [0.0; 2], |at| u32::from(at == 118) * 3);
    });
    assert!(text(&screen(&model)).contains("failed 3"));
    change_row(&mut model, 0, |row| {
        for point in &mut Arc::make_mut(&mut row.history).points {
            point.left = point.failed;
        }
    });
    let shown = text(&screen(&model));
    assert!(
        shown.contains("left 3") && !shown.contains("failed 3"),
        "{shown}"
    );
    update(&mut model, Action::Presenter);
    let shown = text(&screen(&model));
    let told = "3 connections hung up by the client in the last 10 s";
    assert!(shown.contains(told), "{shown}");
}

/// Every strip has two settings; of the first one and the one below it, A acts.
fn two_settings(model: &mut Model) {
    for at in 0..model.snapshot.proxies.len() {
        let id = model.snapshot.proxies[at].id;
        let side = if at < 2 { Side::A } else { Side::B };
        let other = Plan::default();
        let met = [(41, 24.1, 0), (291, 6.9, 2)].map(|(p50, answers, failed)| {
            let spread = Spread {
                count: 240,
                p1: ms(p50 - 2),
                p50: ms(p50),
                p99: ms(p50 + 22),
            };
            let met = Met {
                feels: Some(spread),
                answers,
                failed,
                cut: 0,
                span: ms(10_000),
            };
            Some((Plan::default(), Arc::new(met)))
        });
        let two = TwoSettings { side, other, met };
        model.settings.insert(id, two);
    }
}

#[test]
fn two_settings_stand_beside_each_other_once_nothing_else_is_new() {
    assert_screens("two_settings_met", 4, |model| {
        two_settings(model);
        model.now += Duration::from_secs(30);
    });
}

#[test]
fn a_strip_with_two_settings_says_which_one_acts() {
    assert_screens("two_settings", 4, |model| {
        two_settings(model);
        update(model, Action::SwapSettings);
    });
    assert_screens("two_settings_of_thirty", 30, two_settings);
    for (name, opens) in [
        ("strip", Action::LookCloser),
        ("presenter", Action::Presenter),
    ] {
        let mut model = few(80, 24, 4);
        two_settings(&mut model);
        update(&mut model, opens);
        assert_screen!(format!("two_settings_{name}"), model);
    }
}

/// The first proxy is in a hole for ten seconds: four of its clients wait for an answer, each twice as long as the next.
fn in_a_hole(model: &mut Model) {
    change_row(model, 0, |row| {
        let hole = faultboard::fault::language::parse("blackhole");
        row.plan = Arc::new(Plan::of(hole.expect("faults")));
        row.unanswered = Unanswered {
            count: 4,
            oldest: ms(10_200),
            overdue: 4,
        };
        let history = Arc::make_mut(&mut row.history);
        for (ago, point) in (0..20).zip(history.points.iter_mut().rev()) {
            point.feels = None;
            point.waits = Some(ms(10_200 - 500 * ago));
        }
    });
    let mut snapshot = Snapshot::clone(&model.snapshot);
    let conns = snapshot.conns.iter_mut().filter(|conn| conn.proxy.0 == 1);
    for (conn, wait) in conns.zip([10_200, 5_100, 2_550, 1_270]) {
        conn.waits = Some(ms(wait));
        conn.state = ConnState::Idle(ms(wait));
    }
    model.snapshot = Arc::new(snapshot);
}

#[test]
fn an_application_that_gets_no_answer_does_not_look_calm() {
    assert_screens("waits", 4, in_a_hole);
}

#[test]
fn a_proxy_without_connections_says_what_became_of_them() {
    let mut model = few(80, 24, 1);
    model.conns = faultboard::ui::model::ConnList::default();
    let line = Line::new(ago(60_000), "db", "#44 connection refused", Tone::Trouble);
    model.log.push_back(line);
    model.changes.clear();
    for (total, failed, ended, says) in [
        (0, 0, &[][..], "none yet: point a client at 127.0.0.1:35432"),
        (12, 3, &[], "none open: 12 so far, 3 of them failed"),
        (
            68,
            0,
            &[("reset", 68)],
            "none open: 68 so far, 68 cut by reset",
        ),
        (
            80,
            9,
            &[("reset", 40), ("timeout", 28)],
            "none open: 80 so far, 40 cut by reset, 28 by timeout, 9 failed",
        ),
    ] {
        change_row(&mut model, 0, |row| {
            (row.open, row.up_to_date, row.total, row.failed) = (0, 0, total, failed);
            row.ended = ended.to_vec();
        });
        let shown = text(&screen(&model));
        assert!(shown.contains(says), "{shown}");
        assert!(
            shown.contains("00:11:41 ! #44 connection refused"),
            "{shown}"
        );
    }
}

/// The longest reason that a handshake is refused for, with what helps at its end.
const UNTRUSTED: &str = "#44 upstream: certificate of my-db.example is signed by an unknown authority: \
                         give --ca-file, or --insecure to try without";

/// The words of a screen, whatever lines they are on.
fn words(model: &Model) -> String {
    let screen = text(&screen(model));
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Connections of a proxy were ended by a fault that is set, at this point of its history.
fn cut(row: &mut ProxyRow, at: usize) {
    Arc::make_mut(&mut row.history).points[at].cut = 3;
    row.ended = vec![("reset", 68)];
    let reset = faultboard::fault::language::parse("latency 250ms, reset");
    row.plan = Arc::new(Plan::of(reset.expect("faults")));
}

#[test]
fn a_proxy_whose_connections_faults_end_is_no_calm_green_dot() {
    let strip = |change: &dyn Fn(&mut ProxyRow)| {
        let mut model = few(80, 24, 1);
        change_row(&mut model, 0, |row| {
            (row.open, row.up_to_date) = (0, 0);
            change(row);
        });
        row(&screen(&model), 2)
    };
    let lately = strip(&|row| cut(row, 118));
    assert!(lately.contains("✕ 0 conn  cut 3"), "{lately}");
    let since = strip(&|row| cut(row, 3));
    assert!(since.contains("✕ 0 conn  cut 68"), "{since}");
    let lifted = strip(&|row| {
        cut(row, 118);
        row.plan = Arc::default();
    });
    assert!(lifted.contains("● 0 conn"), "{lifted}");
}

#[test]
fn the_name_of_a_proxy_in_trouble_comes_before_its_connections() {
    let strip = |name: &str, failures: u32| {
        let mut model = few(120, 35, 1);
        change_row(&mut model, 0, |row| {
            name.clone_into(&mut row.name);
            let failed = |at| failures * u32::from(at == 118);
            row.history = support::history(|_| Some(256), |_| [0.0; 2], failed);
        });
        row(&screen(&model), 3)
    };
    for (name, failures, says) in [
        ("flaky", 3, "1 flaky ! 4 conn failed 3 "),
        ("flaky", 16, "1 flaky ! failed 16 "),
        // Not even so it would be whole.
        ("reporting-db", 16, "1 re…b ! 4 conn failed 16 "),
    ] {
        let strip = strip(name, failures);
        assert!(strip.contains(says), "{strip}");
    }
}

#[test]
fn a_fault_that_hits_some_connections_says_how_many_on_its_strip() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        change_row(&mut model, 0, |row| {
            let faults = "latency 250ms share=50%, loss 2% share=10%";
            let faults = faultboard::fault::language::parse(faults).expect("faults");
            row.plan = Arc::new(Plan::of(faults));
        });
        let shown = text(&screen(&model));
        assert!(shown.contains("LAT on 50%"), "{shown}");
        assert!(width > 80 || shown.contains("LOS 2% on 10%"), "{shown}");
    }
}

#[test]
fn a_schedule_is_counted_down_and_draws_no_line_of_what_is_not_injected() {
    let faults = faultboard::fault::language::parse("latency 400ms start=2s for=4s");
    let faults = faults.expect("a fault");
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        for (before, says, line) in [
            (2_000, "in 2s", false),
            (0, "LAT 4s left", true),
            (-3_000, "LAT 1s left", true),
            (-4_000, "over", false),
        ] {
            let mut model = few(width, height, 1);
            let begins = i64::try_from(NOW.as_millis()).expect("a small number") + before;
            let begins = ms(u64::try_from(begins).expect("after the start"));
            change_row(&mut model, 0, |row| {
                row.plan = Arc::new(Plan::of(faults.clone()));
                row.present = (!line).then(Arc::default);
                let setting = faults[0].clone();
                row.scheduled = vec![Scheduled {
                    setting,
                    begins,
                    ends: Some(begins + ms(4_000)),
                }];
            });
            let shown = text(&screen(&model));
            assert!(shown.contains(says), "{says}: {shown}");
            assert_eq!(shown.contains("set 400ms"), line, "{shown}");
            assert!(!shown.contains("~off"), "{shown}");
        }
    }
}

#[test]
fn a_long_reason_is_whole_where_no_connection_is_open() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        model.conns = faultboard::ui::model::ConnList::default();
        model.log.clear();
        let line = Line::new(ago(60_000), "db", UNTRUSTED, Tone::Trouble);
        model.log.push_back(line);
        let shown = text(&screen(&model));
        let pane: Vec<&str> = shown
            .lines()
            .skip_while(|line| !line.contains("last failure"))
            .collect();
        let pane: Vec<&str> = pane
            .iter()
            .map(|line| line.split('│').next().unwrap_or(""))
            .collect();
        let pane = pane.join(" ");
        let pane = pane.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            pane.starts_with(&format!("last failure 00:11:41 ! {UNTRUSTED}")),
            "{shown}"
        );
    }
}

#[test]
fn a_long_reason_takes_a_second_row_over_open_connections() {
    for (width, height) in [(80, 24), (100, 30), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        model
            .log
            .push_back(Line::new(ago(300), "db", UNTRUSTED, Tone::Trouble));
        model.changes.clear();
        let shown = words(&model);
        assert!(shown.contains(&format!("! db: {UNTRUSTED}")), "{shown}");
    }
}

#[test]
fn an_answer_outlasts_the_failures_that_come_after_it() {
    let mut model = few(120, 35, 3);
    let answer = Line::new(ago(900), "", "nothing to undo", Tone::Plain);
    model.notice = Some(answer);
    let line = Line::new(ago(300), "db", "#44 refused", Tone::Trouble);
    model.log.push_back(line);
    assert!(text(&screen(&model)).contains("00:12:40 nothing to undo"));
    model.now = NOW + Duration::from_secs(9);
    let later = text(&screen(&model));
    assert!(!later.contains("nothing to undo"));
    assert!(later.contains("! db: #44 refused"));
}

#[test]
fn what_was_felt_long_ago_is_not_said_to_be_felt_now() {
    let mut model = few(80, 24, 1);
    change_row(&mut model, 0, |row| {
        row.history = support::history(|at| (at < 60).then_some(250), |_| [0.0; 2], |_| 0);
    });
    let shown = text(&screen(&model));
    assert!(shown.contains("felt 256 ms"), "{shown}");
    assert!(!shown.contains("feels 256 ms"));
}

#[test]
fn a_quiet_screen_has_no_seconds() {
    let mut model = few(80, 24, 3);
    model.quiet = true;
    let before = text(&screen(&model));
    model.now += ms(10_000);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    for conn in &mut snapshot.conns {
        conn.age += ms(4_000);
        if let ConnState::Idle(time) = &mut conn.state {
            *time += ms(4_000);
        }
    }
    model.snapshot = Arc::new(snapshot);
    assert_eq!(text(&screen(&model)), before);
    assert!(before.contains(" 12 min\n"), "{before}");
}

// === Without colour ===

#[test]
fn every_two_states_of_a_proxy_differ_without_colour() {
    let states: [State<'_>; 7] = [
        ("live", &|_| {}),
        ("bypassed", &|row| {
            Arc::make_mut(&mut row.plan).bypassed = true;
        }),
        ("closed", &|row| row.port = PortState::Closed),
        ("full", &|row| {
            row.port = PortState::Waiting("10000 connections".to_owned());
        }),
        ("behind", &|row| row.up_to_date = 3),
        ("failing", &|row| {
            let failed = |at| u32::from(at == 118);
            row.history = support::history(|_| Some(256), |_| [0.0; 2], failed);
        }),
        ("cut", &|row| cut(row, 118)),
    ];
    for (width, height, rows) in [
        (40, 10, 2),
        (60, 16, 2),
        (80, 24, 2),
        (120, 35, 5),
        (200, 50, 5),
    ] {
        all_differ(&states.map(|(name, change)| {
            let mut model = few(width, height, 1);
            change_row(&mut model, 0, change);
            (
                name,
                look(&screen(&model), Rect::new(0, 1, width.min(100), rows)),
            )
        }));
    }
}

#[test]
fn every_two_states_of_a_connection_differ_without_colour() {
    let states = [
        ConnState::Dialing,
        ConnState::Open,
        ConnState::Held,
        ConnState::Full,
        ConnState::Idle(ms(8_000)),
        ConnState::Half(Direction::Up),
        ConnState::Half(Direction::Down),
    ];
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        all_differ(&states.map(|state| {
            let mut model = few(width, height, 1);
            change_conn(&mut model, |conn| conn.state = state);
            (format!("{state:?}"), all(&screen(&model)))
        }));
    }
}

#[test]
fn which_direction_has_ended_is_said_whole() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        change_conn(&mut model, |conn| {
            conn.state = ConnState::Half(Direction::Down);
        });
        let shown = text(&screen(&model));
        assert!(shown.contains("↓ ended"), "{shown}");
    }
}

#[test]
fn every_two_verdicts_differ_without_colour() {
    let measured: [State<'_>; 4] = [
        ("agrees", &|_| {}),
        ("differs", &|row| {
            row.added = PerDirection::both(Some(spread(60, 1, 90)));
        }),
        ("idle", &|row| row.added = PerDirection::default()),
        ("off", &|row| row.plan = Arc::default()),
    ];
    for (width, height) in [(40, 10), (80, 24), (120, 35), (200, 50)] {
        all_differ(&measured.map(|(name, change)| {
            let mut model = few(width, height, 1);
            change_row(&mut model, 0, change);
            (name, all(&screen(&model)))
        }));
    }
}

#[test]
fn focus_and_selection_differ_without_colour() {
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let focused = |focus| {
            let mut model = few(width, height, 3);
            model.focus = focus;
            model
        };
        let strips = look(
            &screen(&focused(Focus::Mixer)),
            Rect::new(0, 1, 1, height / 2),
        );
        let unfocused = look(
            &screen(&focused(Focus::Connections)),
            Rect::new(0, 1, 1, height / 2),
        );
        assert!(strips.contains('▌'));
        assert!(!unfocused.contains('▌'));
        let conns = text(&screen(&focused(Focus::Connections)));
        assert!(conns.contains("▌ #31"), "{conns}");
        let knobs = [0, 1, 2].map(|knob| {
            let mut model = few(width, height, 3);
            model.knob = knob;
            (knob, all(&screen(&model)))
        });
        all_differ(&knobs);
    }
}

#[test]
fn set_is_bold_measured_is_plain_and_what_rests_is_dim() {
    let drawn = screen(&few(120, 35, 3));
    let styled = |wanted: &dyn Fn(&str) -> bool| {
        let mut cells = drawn.content.iter().filter(|cell| wanted(cell.symbol()));
        let first = cells.next().expect("drawn").modifier;
        assert!(cells.all(|cell| cell.modifier == first));
        first
    };
    assert_eq!(styled(&|it| it == "━"), Modifier::BOLD);
    assert_eq!(styled(&|it| ["▀", "█"].contains(&it)), Modifier::empty());
    assert_eq!(styled(&|it| ("⠁".."⣿").contains(&it)), Modifier::empty());
    assert_eq!(styled(&|it| ["┤", "│"].contains(&it)), Modifier::DIM);
}

/// A screen with the style of every cell: under each row a row of letters, and below all what each letter stands for.
fn styled(drawn: &Buffer) -> String {
    let mut styles: Vec<(Color, Modifier)> = Vec::new();
    let mut all = String::new();
    for line in drawn.content.chunks(drawn.area.width.into()) {
        let mut letters = String::new();
        for cell in line {
            let style = (cell.fg, cell.modifier);
            let place = styles.iter().position(|known| *known == style);
            let place = place.unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            letters.push(
                ".abcdefghijklmnopqrstuvwxyz"
                    .chars()
                    .nth(place)
                    .expect("few styles"),
            );
        }
        let text: String = line.iter().map(ratatui::buffer::Cell::symbol).collect();
        let letters = letters.trim_end_matches('.');
        let _ = writeln!(all, "{}\n{letters}", text.trim_end());
    }
    for ((colour, modifier), letter) in styles.iter().zip(".abcdefghijklmnopqrstuvwxyz".chars()) {
        let _ = writeln!(all, "{letter} {colour} {modifier:?}");
    }
    all
}

#[test]
fn the_main_screen_in_the_colours_of_light_and_of_none() {
    for (name, ground, depth) in [
        ("light", Ground::Light, Depth::True),
        ("mono", Ground::Dark, Depth::Mono),
    ] {
        for (columns, rows) in [(80, 24), (120, 35)] {
            let mut model = few(columns, rows, 4);
            model.theme = Theme {
                ground,
                depth,
                ..Theme::default()
            };
            let name = format!("colours_{columns}x{rows}_{name}");
            insta::assert_snapshot!(name, styled(&screen(&model)));
        }
    }
}

#[test]
fn the_rule_over_the_pane_that_has_the_keys_is_bright() {
    for size in [(80, 24), (120, 35), (200, 50)] {
        let mut model = few(size.0, size.1, 3);
        let mut bright = |action| {
            update(&mut model, action);
            let drawn = screen(&model);
            let rules = (0..size.1).filter(|y| drawn[(0, *y)].symbol() == "─");
            let bright = rules.filter(|y| drawn[(0, *y)].modifier == Modifier::BOLD);
            bright
                .map(|y| {
                    row(&drawn, usize::from(y))
                        .chars()
                        .skip(2)
                        .take(6)
                        .collect::<String>()
                })
                .collect::<Vec<_>>()
        };
        let mixer = if size.0 < 100 { "3 ──12" } else { "mixer " };
        assert_eq!(bright(Action::Redraw), [mixer]);
        assert_eq!(bright(Action::ToConnections), ["connec"]);
        assert_eq!(bright(Action::Add), ["add pr"]);
        assert_eq!(bright(Action::Help), Vec::<String>::new());
    }
}

#[test]
fn the_mark_of_the_last_change_stands_out_for_three_seconds() {
    let mut model = few(120, 35, 3);
    let mut mark_of = |ago: Duration| {
        model.changes.back_mut().expect("a change").at = NOW.saturating_sub(ago);
        let drawn = screen(&model);
        let mut marks = drawn.content.iter().filter(|cell| cell.symbol() == "▲");
        marks.next().expect("on the axis").modifier
    };
    assert_eq!(mark_of(Duration::from_millis(2_900)), Modifier::BOLD);
    assert_eq!(mark_of(Duration::from_secs(3)), Modifier::empty());
}

#[test]
fn lines_of_trouble_are_marked() {
    let mut model = rich(200, 50);
    model.log.clear();
    let mut looks = Vec::new();
    for tone in [Tone::Plain, Tone::Injected, Tone::Trouble] {
        model.log.clear();
        model
            .log
            .push_back(Line::new(NOW, "db", "the same words", tone));
        looks.push((format!("{tone:?}"), all(&screen(&model))));
    }
    let looks: [(String, String); 3] = looks.try_into().expect("three");
    all_differ(&looks);
}

#[test]
fn the_background_is_never_painted() {
    for ground in [Ground::Dark, Ground::Light] {
        for depth in [Depth::Mono, Depth::Ansi, Depth::Indexed, Depth::True] {
            let mut model = rich(200, 50);
            model.theme = Theme {
                ground,
                depth,
                ..Theme::default()
            };
            for action in [Action::Redraw, Action::Help, Action::Quit] {
                update(&mut model, action);
                let drawn = screen(&model);
                assert!(drawn.content.iter().all(|cell| cell.bg == Color::Reset));
                let coloured = drawn.content.iter().any(|cell| cell.fg != Color::Reset);
                assert_eq!(coloured, depth != Depth::Mono);
            }
        }
    }
}

// === Any size ===

#[test]
fn no_size_is_too_small_or_too_large() {
    let tall = (1..=60).flat_map(|height| [1, 39, 60, 100, 160].map(|width| (width, height)));
    let wide = (1..=200).flat_map(|width| [1, 7, 10, 16, 24, 35, 50].map(|height| (width, height)));
    for (at, (width, height)) in tall.chain(wide).chain([(500, 200)]).enumerate() {
        let mut model = rich(width, height);
        model.theme.charset = if at % 2 == 0 {
            Charset::Unicode
        } else {
            Charset::Ascii
        };
        match at % 9 {
            0 => drop(update(&mut model, Action::Help)),
            1 => drop(update(&mut model, Action::Quit)),
            2 => drop(update(&mut model, Action::TypeValue)),
            3 => drop(update(&mut model, Action::Delete)),
            4 => {
                update(&mut model, Action::Add);
                type_text(&mut model, "9091=名前です://www.google.com lat 250ms");
            }
            5 => model.focus = Focus::Connections,
            6 => model = empty(width, height),
            _ => {}
        }
        let drawn = screen(&model);
        assert_eq!(drawn.area.as_size(), Size::new(width, height));
        if model.theme.charset == Charset::Ascii {
            assert!(text(&drawn).is_ascii(), "{width}x{height}");
        }
    }
}

#[test]
fn wide_characters_do_not_shift_what_stands_beside_them() {
    let wide = |model: &mut Model| {
        change_row(model, 0, |row| row.name = "名前です".to_owned());
        change_row(model, 1, |row| row.name = "데이터베이스".to_owned());
        let line = Line::new(
            NOW,
            "名前です",
            "接続が拒否されました、接続が拒否されました、接続",
            Tone::Trouble,
        );
        model.log.push_back(line);
    };
    for (width, height) in [(80, 24), (120, 35), (200, 50)] {
        let narrow = screen(&few(width, height, 3));
        let mut model = few(width, height, 3);
        wide(&mut model);
        let drawn = screen(&model);
        for (at, (cell, before)) in drawn.content.iter().zip(&narrow.content).enumerate() {
            if ["│", "┤", "┬", "├"].contains(&before.symbol()) {
                assert_eq!(cell.symbol(), before.symbol(), "{:?}", drawn.pos_of(at));
            }
        }
        update(&mut model, Action::Quit);
        for line in text(&screen(&model))
            .lines()
            .filter(|line| line.contains("  Esc "))
        {
            assert_eq!(line.matches('│').count() % 2, 0, "{line}");
        }
    }
}

#[test]
fn the_room_that_update_scrolls_by_is_what_is_drawn() {
    for (width, height) in [
        (40, 10),
        (60, 16),
        (80, 24),
        (120, 35),
        (160, 45),
        (200, 50),
    ] {
        for focus in [Focus::Mixer, Focus::Connections, Focus::Input] {
            let mut model = many(width, height);
            model.focus = focus;
            let room = view::room(model.size, &model);
            model.conns.rows = (0..room.conns).collect();
            let shown = text(&screen(&model));
            let strips = (1..=40).filter(|number| shown.contains(&format!("proxy{number:02} ")));
            assert_eq!(
                strips.count(),
                room.strips.min(40),
                "{width}x{height} {focus:?}"
            );
            let conns = (1_001..=1_200).filter(|number| shown.contains(&format!("#{number} ")));
            let conns = conns.count();
            if conns > 0 {
                assert_eq!(conns, room.conns, "{width}x{height} {focus:?}");
            }
        }
    }
}

#[test]
fn lists_say_which_part_of_them_is_visible() {
    let mut model = many(120, 35);
    let room = view::room(model.size, &model);
    model.first_strip = 3;
    model.conns.first = 20;
    model.conns.rows = (20..20 + room.conns).collect();
    let shown = text(&screen(&model));
    let strips = format!("mixer  4-{} of 40", 3 + room.strips);
    assert!(shown.contains(&strips), "{shown}");
    let conns = format!("21-{} of 10 000", 20 + room.conns);
    assert!(shown.contains(&conns), "{shown}");
    update(&mut model, Action::Help);
    let help = view::room(model.size, &model).help;
    let lines = keymap::help(keymap::Mode::Mixer, "").len();
    let keys = format!("keys here: mixer  1-{help} of {lines}");
    assert!(
        text(&screen(&model)).contains(&keys),
        "{}",
        text(&screen(&model))
    );
}

// === Where the cursor is, what the keys are ===

#[test]
fn the_caret_stands_under_the_wrong_column() {
    for typed in [
        "9091=htps://h",
        "9091=名前://h:80 lat 250ms",
        "9091=h:80 lat 25x",
    ] {
        let mut model = few(120, 35, 3);
        update(&mut model, Action::Add);
        type_text(&mut model, typed);
        let faultboard::ui::input::Check::Wrong(error) = &model.input.check else {
            panic!("{typed} is not wrong: {:?}", model.input.check);
        };
        let wrong: String = typed.chars().take(error.span.start).collect();
        let column = 3 + unicode_width::UnicodeWidthStr::width(wrong.as_str());
        let drawn = screen(&model);
        let rows = 0..drawn.area.height;
        let carets: Vec<(u16, u16)> = rows
            .flat_map(|y| (0..drawn.area.width).map(move |x| (x, y)))
            .filter(|at| drawn[*at].symbol() == "^")
            .collect();
        let [(x, _)] = carets[..] else {
            panic!("{carets:?}");
        };
        assert_eq!(usize::from(x), column, "{typed}");
        assert!(text(&drawn).contains(&error.message), "{}", text(&drawn));
    }
}

#[test]
fn the_cursor_stands_where_text_goes() {
    let mut model = few(80, 24, 3);
    assert_eq!(cursor(&model), None);
    update(&mut model, Action::Add);
    type_text(&mut model, "9091=h");
    assert_eq!(cursor(&model), Some(Position::new(9, 19)));
    type_text(&mut model, "名");
    assert_eq!(cursor(&model), Some(Position::new(11, 19)));
    type_text(&mut model, &"x".repeat(200));
    assert_eq!(cursor(&model).map(|at| at.x < 80), Some(true));
    update(&mut model, Action::Edit(InputRequest::GoToStart));
    assert_eq!(cursor(&model), Some(Position::new(3, 19)));
}

#[test]
fn the_footer_is_the_key_table() {
    for (mode, action) in [
        (keymap::Mode::Mixer, Action::Redraw),
        (keymap::Mode::Input, Action::Add),
        (keymap::Mode::Value, Action::TypeValue),
        (keymap::Mode::Quit, Action::Quit),
        (keymap::Mode::Help, Action::Help),
    ] {
        let mut model = few(200, 50, 3);
        update(&mut model, action);
        let footer = row(&screen(&model), 49);
        let hints = keymap::footer(mode);
        assert!(!hints.is_empty());
        for hint in hints {
            let shown = format!("{} {}", hint.keys, hint.words);
            assert!(footer.contains(&shown), "{shown} in {footer}");
        }
    }
}

#[test]
fn hints_that_do_not_fit_are_dropped_whole() {
    for width in 60..200 {
        let footer = row(&screen(&few(width, 24, 3)), 23);
        let hints = keymap::footer(keymap::Mode::Mixer);
        let whole = hints
            .iter()
            .map(|hint| format!("{} {}", hint.keys, hint.words));
        let mut line = String::new();
        let lines: Vec<String> = whole
            .map(|hint| {
                line = format!("{line}{}{hint}", if line.is_empty() { " " } else { "  " });
                line.clone()
            })
            .collect();
        assert!(lines.contains(&footer), "{footer}");
    }
}

#[test]
fn turning_a_knob_is_in_the_next_frame() {
    for (width, height) in [(40, 10), (80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 1);
        update(&mut model, Action::Turn(Turn::To(6)));
        assert!(text(&screen(&model)).contains("500ms"), "{width}");
    }
}

#[test]
fn a_direction_that_is_not_both_is_said() {
    for (width, height) in [(60, 16), (80, 24), (120, 35), (200, 50)] {
        let mut model = few(width, height, 3);
        model.directions = Directions::Only(Direction::Down);
        assert!(text(&screen(&model)).contains("down only"), "{width}");
    }
}

#[test]
fn what_is_set_on_knobs_that_have_no_room_is_said() {
    let mut model = few(60, 16, 2);
    change_row(&mut model, 0, |row| {
        Arc::make_mut(&mut row.plan).set(support::bandwidth(64_000));
    });
    let drawn = screen(&model);
    assert!(row(&drawn, 2).contains("BW 64K/s"), "{}", text(&drawn));
}

#[test]
fn a_line_divides_charts_from_strips_with_and_without_a_table_of_figures() {
    for height in [30, 45] {
        let drawn = screen(&rich(160, height));
        let lines = drawn.area.rows().skip(1).take(10);
        let has_line = lines.flat_map(Rect::columns).filter(|cell| {
            let at = Position::new(cell.x, cell.y);
            cell.x > 100 && cell.x < 110 && "┬│├┤┼".contains(drawn[at].symbol())
        });
        assert!(has_line.count() >= 10, "{}", text(&drawn));
    }
}

#[test]
fn a_chart_has_gaps_where_nothing_was_measured() {
    let line = |feels: &dyn Fn(u32) -> Option<u64>| {
        let mut model = few(200, 50, 1);
        change_row(&mut model, 0, |row| {
            row.history = support::history(feels, |_| [0.0; 2], |_| 0);
        });
        let drawn = text(&screen(&model));
        let braille = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
        drawn.chars().filter(|letter| braille(*letter)).count()
    };
    let whole = line(&|_| Some(250));
    let half = line(&|at| (at % 40 < 20).then_some(250));
    assert!(half.abs_diff(whole / 2) <= 3, "{half} of {whole}");
    assert_eq!(line(&|_| None), 0);
}

#[test]
fn a_failure_is_a_cross_in_the_chart() {
    let mut model = few(120, 35, 1);
    let crosses = |model: &Model| text(&screen(model)).matches('✕').count();
    assert_eq!(crosses(&model), 0);
    change_row(&mut model, 0, |row| {
        let failed = |at| u32::from(at == 40);
        row.history = support::history(|_| Some(256), |_| [0.0; 2], failed);
    });
    assert_eq!(crosses(&model), 1);
    change_row(&mut model, 0, |row| cut(row, 60));
    assert_eq!(crosses(&model), 2, "one that was cut");
}

#[test]
fn the_column_that_rows_are_sorted_by_is_always_drawn() {
    for width in 60..=200 {
        for column in Column::ALL {
            let mut model = few(width, 24, 3);
            for at in 0..model.conns.rows.len() {
                change_conn_at(&mut model, at, |conn| conn.id = ConnId(1_000 + at as u64));
            }
            model.conns.sort = Sort {
                column,
                descending: false,
            };
            let shown = text(&screen(&model));
            let heads = shown.lines().find(|line| line.contains("  ID"));
            let heads = heads.expect("a table");
            let title = column.label().to_uppercase();
            assert!(heads.contains(&title), "{title} at {width}: {heads}");
        }
    }
}

#[test]
fn the_header_drops_the_seed_before_the_steps_that_can_be_undone() {
    for width in 40..=200 {
        let mut model = rich(width, 30);
        update(&mut model, Action::Turn(Turn::To(6)));
        update(&mut model, Action::Turn(Turn::To(7)));
        let header = row(&screen(&model), 0);
        assert!(
            !header.contains("seed") || header.contains("undo 2"),
            "{header}"
        );
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
fn a_screen_that_is_too_small_says_what_a_key_did() {
    let mut model = few(38, 8, 3);
    update(&mut model, Action::BypassAll);
    assert!(text(&screen(&model)).contains("all: bypass on"));
    model.now += ms(4_000);
    assert!(text(&screen(&model)).contains("all bypassed: no fault acts"));
    update(&mut model, Action::BypassAll);
    model.now += ms(4_000);
    assert!(text(&screen(&model)).contains("proxies keep running"));
}

#[test]
fn a_line_that_edits_a_proxy_looks_like_no_addition() {
    let mut model = few(80, 24, 3);
    update(&mut model, Action::EditMapping);
    assert_screen!("input_edit", model);
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
fn a_trace_says_on_the_strip_how_far_it_is() {
    let faults = faultboard::fault::language::parse("bandwidth trace=@train down");
    let faults = faults.expect("a fault");
    let second = Duration::from_secs(1);
    assert_screens("traced", 1, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
            row.present = Some(Arc::new(Plan::of([support::bandwidth(97_000)])));
            row.traced = vec![Traced {
                kind: "bandwidth",
                place: 12 * second,
                length: 60 * second,
            }];
        });
        let shown = text(&screen(model));
        assert!(shown.contains("12s of 1m00"), "{shown}");
    });
}

#[test]
fn a_stream_that_asks_for_nothing_says_on_its_strip_how_often_it_stalls() {
    let faults = faultboard::fault::language::parse("loss 3%").expect("a fault");
    assert_screens("stalls", 1, |model| {
        change_row(model, 0, |row| {
            row.plan = Arc::new(Plan::of(faults.clone()));
            row.feels = None;
            let points = row.history.points.iter().map(|point| Point {
                feels: None,
                ..*point
            });
            let mut points: VecDeque<Point> = points.collect();
            if let Some(last) = points.back_mut() {
                last.losses.down.stalls = 3;
                last.losses.down.stalled = Duration::from_millis(720);
            }
            row.history = Arc::new(History { points });
        });
        let shown = text(&screen(model));
        assert!(shown.contains("3/m"), "{shown}");
    });
}

#[test]
fn presets_stand_beside_what_they_change() {
    assert_screens("presets", 4, |model| {
        update(model, Action::Presets);
        type_text(model, "3g");
    });
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Presets);
    assert_screen!("presets_whole_80x24", model);
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

#[test]
fn help_says_where_a_key_of_another_pane_works() {
    let mut model = few(80, 24, 3);
    update(&mut model, Action::Help);
    type_text(&mut model, "X");
    let shown = text(&screen(&model));
    assert!(
        shown.contains("X  connections: reset the connection (RST)"),
        "{shown}"
    );
}

#[test]
fn what_is_measured_where_nothing_is_set_is_dim() {
    let modifier = |plan: Plan| {
        let mut model = few(80, 24, 1);
        change_row(&mut model, 0, |row| {
            row.plan = Arc::new(plan);
            row.added = PerDirection::both(Some(spread(40, 40, 90)));
        });
        let drawn = screen(&model);
        let line = row(&drawn, 3);
        let at = line.find("JIT").expect("the knob");
        let column = line[..at].chars().count() + 20;
        drawn[(u16::try_from(column).expect("on the screen"), 3)].modifier
    };
    assert!(modifier(Plan::of([latency(80, 0, Directions::Both)])).contains(Modifier::DIM));
    assert!(!modifier(Plan::of([latency(80, 40, Directions::Both)])).contains(Modifier::DIM));
}

// === Helpers ===

/// What makes a proxy one of several states.
type State<'a> = (&'a str, &'a dyn Fn(&mut ProxyRow));

/// So many milliseconds before the moment at which models are looked at.
fn ago(time: u64) -> Duration {
    NOW.saturating_sub(ms(time))
}

fn type_text(model: &mut Model, text: &str) {
    for letter in text.chars() {
        update(model, Action::Edit(InputRequest::InsertChar(letter)));
    }
}

fn change_row(model: &mut Model, at: usize, change: impl FnOnce(&mut ProxyRow)) {
    let mut snapshot = Snapshot::clone(&model.snapshot);
    change(&mut snapshot.proxies[at]);
    model.snapshot = Arc::new(snapshot);
}

fn change_conn(model: &mut Model, change: impl FnOnce(&mut ConnRow)) {
    change_conn_at(model, 0, change);
}

fn change_conn_at(model: &mut Model, at: usize, change: impl FnOnce(&mut ConnRow)) {
    let mut snapshot = Snapshot::clone(&model.snapshot);
    change(&mut snapshot.conns[at]);
    model.snapshot = Arc::new(snapshot);
}

fn insecure(model: &mut Model) {
    change_row(model, 1, |row| row.insecure = true);
}

fn frozen(model: &mut Model) {
    model.frozen = Some(Frozen {
        since: ago(12_000),
        latest: Arc::clone(&model.snapshot),
        held: [].into(),
    });
}

fn bypass(model: &mut Model, of: impl Fn(usize) -> bool) {
    for at in 0..model.snapshot.proxies.len() {
        change_row(model, at, |row| {
            Arc::make_mut(&mut row.plan).bypassed = of(at);
        });
    }
}

/// Forty proxies, the first with ten thousand connections.
fn many(width: u16, height: u16) -> Model {
    let mut model = few(width, height, 1);
    let mut snapshot = Snapshot::clone(&model.snapshot);
    let first = snapshot.proxies[0].clone();
    snapshot.proxies = (1..=40)
        .map(|number| ProxyRow {
            id: ProxyId(number),
            name: format!("proxy{number:02}"),
            feels: Some(Spread {
                count: 1,
                p1: ms(1),
                p50: ms(1),
                p99: ms(1),
            }),
            plan: Arc::new(Plan::of([latency(u64::from(number), 0, Directions::Both)])),
            ..first.clone()
        })
        .collect();
    snapshot.conns = (1_001..=11_000)
        .map(|number| support::conn(number, 1, 60, ConnState::Open))
        .collect();
    model.snapshot = Arc::new(snapshot);
    model.conns.total = 10_000;
    model.conns.selected = Some(ConnId(1_001));
    model.log.clear();
    model.changes.clear();
    model
}

/// A row of a screen, without blanks at its end.
fn row(buffer: &Buffer, y: usize) -> String {
    text(buffer).lines().nth(y).unwrap_or_default().to_owned()
}

/// What a part of a screen looks like on a terminal without colours: its text and its attributes.
fn look(buffer: &Buffer, area: Rect) -> String {
    let cell = |cell: &Cell| format!("{}{:x}", cell.symbol(), cell.modifier.bits());
    let places = area.intersection(buffer.area).positions();
    places.map(|at| cell(&buffer[at])).collect()
}

fn all(buffer: &Buffer) -> String {
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset));
    assert!(Modifier::all().contains(buffer.content[0].modifier));
    look(buffer, buffer.area)
}

fn all_differ<T: std::fmt::Debug, const N: usize>(looks: &[(T, String); N]) {
    for (at, (one, seen)) in looks.iter().enumerate() {
        for (other, beside) in &looks[at + 1..] {
            assert!(seen != beside, "{one:?} and {other:?} look the same");
        }
    }
}

fn cursor(model: &Model) -> Option<Position> {
    let area = Rect::from(model.size);
    view::render(model, area, &mut Buffer::empty(area))
}
