//! Each of the screens drawn in memory, over a desk made by hand that has thirty proxies and ten thousand connections.

use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseEvent, MouseEventKind};
use faultboard::snapshot::{ConnId, ConnRow, ConnState, PortState, ProxyId, Snapshot};
use faultboard::ui::action::Action;
use faultboard::ui::model::{Line, Model, Tone};
use faultboard::ui::update::update;
use faultboard::ui::view;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::by_hand::{NOW, conn, ms as of, rich};
use super::traffic::now;
use super::{Effort, Row, Times, ms};

const CONNS: u64 = 10_000;
const PROXIES: u32 = 30;
const LINES: u64 = 5_000;

/// The screens, each with what leads there.
fn screens() -> [(&'static str, Vec<Action>); 12] {
    use Action::{
        Compact, Events, Find, Help, LookCloser, Palette, PickKnob, Presets, Quit, Sort,
        ToConnections,
    };
    let find = || Action::Pasted("127.0.0.1 state:open".to_owned());
    [
        ("mixer", vec![]),
        ("rows of one proxy each", vec![Compact]),
        ("connections", vec![ToConnections]),
        ("find", vec![ToConnections, Find, find()]),
        ("sort", vec![ToConnections, Sort]),
        ("connection", vec![ToConnections, LookCloser]),
        ("strip", vec![LookCloser]),
        ("events", vec![Events]),
        ("help", vec![Help]),
        ("presets", vec![Presets]),
        ("palette", vec![Palette(String::new())]),
        ("knobs", vec![PickKnob, Quit]),
    ]
}

/// What a screen takes: to be drawn, for a snapshot before it, and to know what the mouse is at.
#[derive(Default)]
struct Measured {
    drawn: Times,
    sampled: Times,
    wheeled: Times,
}

/// The screen that takes the longest to draw.
pub(crate) fn worst(effort: Effort) -> Row {
    let desks = [desk(0), desk(1)];
    let measured = screens().map(|(name, actions)| (name, draw(&desks, actions, effort.draws)));
    let most = |of: fn(&Measured) -> &Times| {
        let worst = measured.iter().max_by(|(_, a), (_, b)| {
            let [a, b] = [a, b].map(|times| of(times).p(99));
            a.total_cmp(&b)
        });
        let (name, times) = worst.expect("there are screens");
        (format!("{} ({name})", of(times)), of(times).p(99))
    };
    let (drawn, p99) = most(|times| &times.drawn);
    let (sampled, _) = most(|times| &times.sampled);
    let (wheeled, _) = most(|times| &times.wheeled);
    Row::new(
        "one draw at 200x50 in memory, 10,000 connections, worst screen",
        "p99 <= 2 ms",
        format!("{drawn}; before it a snapshot {sampled}, a turn of the wheel {wheeled}"),
        p99 <= 2.0,
    )
}

/// How long draws take of the screen where these actions lead, and taking the snapshots that change what is drawn.
fn draw(desks: &[Arc<Snapshot>; 2], actions: Vec<Action>, count: usize) -> Measured {
    let mut model = model(&desks[0]);
    for action in actions {
        update(&mut model, action);
    }
    let backend = CrosstermBackend::new(std::io::sink());
    let size = ratatui::layout::Rect::new(0, 0, 200, 50);
    let options = ratatui::TerminalOptions {
        viewport: ratatui::Viewport::Fixed(size),
    };
    let mut terminal = Terminal::with_options(backend, options).expect("in memory");
    let mut times = Measured::default();
    for turn in 0..count {
        let began = now();
        model.now += of(100);
        update(&mut model, Action::Sampled(Arc::clone(&desks[turn % 2])));
        times.sampled.0.push(ms(now() - began));
        let began = now();
        let done = terminal.draw(|frame| view::draw(&model, frame));
        done.expect("in memory");
        times.drawn.0.push(ms(now() - began));
        let began = now();
        update(&mut model, wheel(turn));
        times.wheeled.0.push(ms(now() - began));
    }
    times
}

/// The wheel, over the table of connections where there is one. What stands there is asked of a screen drawn for it.
fn wheel(turn: usize) -> Action {
    let [down, up] = [MouseEventKind::ScrollDown, MouseEventKind::ScrollUp];
    Action::Mouse(MouseEvent {
        kind: if turn.is_multiple_of(2) { down } else { up },
        column: 20,
        row: 45,
        modifiers: KeyModifiers::NONE,
    })
}

fn model(desk: &Arc<Snapshot>) -> Model {
    let mut model = rich(200, 50);
    model.theme = faultboard::ui::theme::Theme::default();
    for number in 0..LINES {
        let text = format!("#{number} closed: upstream: connection reset by peer");
        model
            .log
            .push_back(Line::new(NOW, "web", &text, Tone::Trouble));
    }
    update(&mut model, Action::Sampled(Arc::clone(desk)));
    model
}

/// Proxies and connections, whose figures differ from one desk to the other.
fn desk(step: u64) -> Arc<Snapshot> {
    let mut desk = Snapshot::clone(&rich(200, 50).snapshot);
    for number in (1..=PROXIES).skip(desk.proxies.len()) {
        let mut row = desk.proxies[number as usize % 6].clone();
        row.id = ProxyId(number);
        row.name = format!("{}-{number}", row.name);
        desk.proxies.push(row);
    }
    for row in &mut desk.proxies {
        row.rates.down += step as f64 * 1e5;
        row.bytes.down += step * 1_000_000;
        row.port = PortState::Open;
    }
    desk.conns = (0..CONNS).map(|number| busy(number, step)).collect();
    desk.at += of(step * 100);
    Arc::new(desk)
}

fn busy(number: u64, step: u64) -> ConnRow {
    let mut row = conn(number + 1, 1, number % 600, ConnState::Open);
    row.id = ConnId(number + 1);
    row.rates.down = ((number * 7919 + step * 13) % 100_000) as f64;
    row.bytes.down = number * 1_000 + step;
    row.added = Some(of(number % 250));
    row
}
