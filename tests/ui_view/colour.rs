//! Nothing rests on colour alone, and the terminal's ground is its own.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Direction, PerDirection};
use faultboard::snapshot::{ConnState, PortState, ProxyRow};
use faultboard::ui::action::Action;
use faultboard::ui::model::{Focus, Line, Tone};
use faultboard::ui::theme::{Depth, Ground, Theme};
use faultboard::ui::update::update;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::support;
use crate::support::{NOW, few, ms, rich, screen, spread, text};
use crate::{assert_text, change_conn, change_row, cut, look, row};

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
            assert_text(name, &styled(&screen(&model)));
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

/// What makes a proxy one of several states.
type State<'a> = (&'a str, &'a dyn Fn(&mut ProxyRow));

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
