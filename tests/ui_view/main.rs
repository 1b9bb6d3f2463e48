//! The console's screens: what they say at which size, and that nothing on them rests on colour alone.
#![cfg(feature = "tui")]

#[path = "../support/ui.rs"]
mod support;

mod application;
mod colour;
mod distance;
mod keys;
mod panes;
mod screens;
mod sizes;
mod strips;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use faultboard::fault::{Directions, Plan};
use faultboard::snapshot::{ConnId, ConnRow, ConnState, ProxyId, ProxyRow, Snapshot, Spread};
use faultboard::ui::action::Action;
use faultboard::ui::model::{Frozen, Model};
use faultboard::ui::theme::Charset;
use faultboard::ui::update::update;
use faultboard::ui::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use support::{NOW, few, latency, ms, screen, text};
use tui_input::InputRequest;

/// A screen is as it was when somebody looked at it.
fn assert_screen(name: impl Into<String>, model: &Model) {
    assert_text(name, &text(&screen(model)));
}

fn assert_text(name: impl Into<String>, text: &str) {
    insta::assert_snapshot!(name.into(), text);
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
            assert_screen(format!("{name}_{width}x{height}{set}"), &model);
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

fn cursor(model: &Model) -> Option<Position> {
    let area = Rect::from(model.size);
    view::render(model, area, &mut Buffer::empty(area))
}
