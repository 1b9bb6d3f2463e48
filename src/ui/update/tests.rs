//! What the tests of `update` share: a desk of three proxies by hand, and short names for what they ask.

mod contact;
mod copying;
mod jobs;
mod leaving;
mod lists;
mod looks;
mod mouse;
mod palette;
mod random;
mod settings;
mod steps;
mod sweeps;
mod tour;
mod turns;
mod typing;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::layout::Size;
use tui_input::InputRequest;

use super::*;
use crate::fault::{Directions, PerDirection, Plan};
use crate::mapping::{Host, Mapping};
use crate::proxy::{AddError, BindError};
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::Kill;
use crate::snapshot::*;
use crate::ui::action::Answer;
use crate::ui::input::Check;
use crate::ui::keymap::{self, Mode};
use crate::ui::knob::{self, Turn};
use crate::ui::model::{Column, LOG_LEN, Sort, Tone};

fn mapping(listen: u16, host: &str) -> Mapping {
    Mapping::new(listen, None, Host::Name(host.to_owned()), 80)
}

fn row(id: u32, name: &str, open: u32) -> ProxyRow {
    let listen = 9_000 + u16::try_from(id).unwrap_or(0);
    ProxyRow {
        name: name.to_owned(),
        open,
        up_to_date: open,
        total: u64::from(open),
        ..ProxyRow::quiet(ProxyId(id), mapping(listen, name))
    }
}

fn conn(id: u64, proxy: u32, down: u64) -> ConnRow {
    ConnRow {
        age: Duration::from_secs(100 - id.min(100)),
        bytes: PerDirection::of(0, down),
        rates: PerDirection::of(0.0, down as f64),
        ..ConnRow::opened(
            ConnId(id),
            ProxyId(proxy),
            SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
        )
    }
}

/// A connection that was reset by its user a moment ago.
fn ended(mut conn: ConnRow) -> Arc<EndedConn> {
    conn.state = ConnState::Ended;
    Arc::new(EndedConn {
        row: conn,
        at: Duration::from_secs(1),
        reason: CloseReason::Killed,
        truncated: false,
    })
}

/// Three proxies: `db` with 3 connections, `web` with none, `cache` with 1.
fn desk() -> Snapshot {
    Snapshot {
        at: Duration::from_secs(1),
        proxies: vec![row(1, "db", 3), row(2, "web", 0), row(3, "cache", 1)],
        conns: vec![
            conn(1, 1, 10),
            conn(2, 1, 30),
            conn(3, 3, 5),
            conn(4, 1, 20),
        ],
        ..Snapshot::default()
    }
}

fn empty() -> Model {
    Model::new(7, vec![Ipv4Addr::LOCALHOST.into()], Size::new(80, 24))
}

fn model() -> Model {
    let mut model = empty();
    model.now = Duration::from_secs(1);
    update(&mut model, Action::Sampled(Arc::new(desk())));
    model
}

fn does(model: &mut Model, actions: impl IntoIterator<Item = Action>) -> Vec<Effect> {
    let effects = actions.into_iter().map(|action| update(model, action));
    effects.collect::<Vec<_>>().concat()
}

fn turn(turn: Turn) -> Action {
    Action::Turn(turn)
}

fn notice(model: &Model) -> String {
    let line = model.notice.as_ref();
    let said = line.and_then(|line| model.said(line));
    said.map_or_else(String::new, |said| said.to_string())
}

/// The text of the line of what happened at a place.
fn told(model: &Model, at: usize) -> &str {
    model.said(&model.log[at]).expect("a line").text
}

fn shown(model: &Model, proxy: u32) -> String {
    let plan = model.plan(ProxyId(proxy)).expect("a proxy");
    let bypass = if plan.bypassed { " (bypassed)" } else { "" };
    format!("{plan}{bypass}")
}

fn plans(effects: &[Effect]) -> Vec<String> {
    let sent = effects.iter().map(|effect| {
        if let Effect::Ask(_, Request::SetPlan { proxy, plan, .. }) = effect {
            format!("{}: {plan}", proxy.0)
        } else {
            format!("{effect:?}")
        }
    });
    sent.collect()
}

fn ticket(effects: &[Effect]) -> u64 {
    match effects.first() {
        Some(Effect::Ask(ticket, _)) => *ticket,
        other => panic!("no command: {other:?}"),
    }
}

fn set(ticket: u64, proxy: u32, taken: u32) -> Action {
    let taken = Taken {
        taken,
        of: taken,
        cut: 0,
        micros: 3_000,
    };
    did(ticket, Outcome::Planned(ProxyId(proxy), taken))
}

/// The engine did what it was asked under this number.
fn did(ticket: u64, outcome: Outcome) -> Action {
    Action::Answered(Answer::Engine(ticket, Ok(outcome)))
}

/// The engine could not do what it was asked under this number.
fn refused(ticket: u64, why: RequestError) -> Action {
    Action::Answered(Answer::Engine(ticket, Err(Arc::new(why))))
}

/// A port that another program has.
fn in_use(addr: &str) -> RequestError {
    let error = BindError {
        addr: addr.parse().expect("an address"),
        source: std::io::Error::new(std::io::ErrorKind::AddrInUse, "address already in use"),
    };
    AddError::Bind(error).into()
}
