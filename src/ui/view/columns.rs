//! The columns of the table of connections: which of them fit, and what stands in them.

use std::time::Duration;

use crate::fault::{Direction, KINDS};
use crate::snapshot::{CloseReason, ConnRow, ConnState, EndedConn, ProxyRow};
use crate::ui::format;
use crate::ui::model::{Column as By, Model};
use crate::ui::theme::Role;
use crate::units::Percent;

use super::pen::{Pen, width};

/// A request that has had no answer for so long says so in the row of its connection.
const WAIT: Duration = Duration::from_secs(1);

/// Columns between two columns.
pub(super) const BETWEEN: u16 = 2;

/// The widths of a column of addresses: of most of IPv4, with its port, of common and of all of IPv6.
const ADDRS: [u16; 4] = [15, 21, 30, 47];

/// A connection in the table, with what its row is made of.
pub(super) struct Cell<'a> {
    pub(super) model: &'a Model,
    pub(super) proxy: &'a ProxyRow,
    pub(super) conn: &'a ConnRow,
    /// How it ended, where it has.
    pub(super) ended: Option<&'a EndedConn>,
}

impl<'a> Cell<'a> {
    /// The connection at a place of the snapshot.
    pub(super) fn of(model: &'a Model, proxy: &'a ProxyRow, place: usize) -> Option<Self> {
        let snapshot = &model.snapshot;
        Some(Self {
            model,
            proxy,
            conn: snapshot.conn(place)?,
            ended: snapshot.ended(place),
        })
    }
}

/// A column that the table can show.
pub(super) struct Column {
    pub(super) title: &'static str,
    /// The most needed column has 0, and those with more give way to it.
    need: u8,
    /// Whether figures stand under each other by their last digit.
    is_figure: bool,
    /// The order of the rows that this column shows.
    pub(super) sorts: Option<By>,
    /// How wide it may be: the least of these that is enough.
    widths: &'static [u16],
    text: Text,
    role: fn(&Cell<'_>) -> Role,
}

/// What stands in a column for a connection.
type Text = fn(&Cell<'_>) -> String;

/// From left to right.
const COLUMNS: [Column; 13] = [
    words("ID", 0, &[4, 6, 8, 12], |at| format!("#{}", at.conn.id.0)).sorted(By::Id),
    words("PEER", 2, &ADDRS, |at| at.conn.client.to_string()).sorted(By::Peer),
    words("UPSTREAM", 11, &ADDRS, upstream),
    figure("AGE", 5, &[5], age).sorted(By::Age),
    figure("↑BYTES", 7, &[6], |at| format::bytes(at.conn.bytes.up)).sorted(By::BytesUp),
    figure("↓BYTES", 6, &[6], |at| format::bytes(at.conn.bytes.down)).sorted(By::BytesDown),
    figure("↑RATE", 10, &[8], |at| {
        at.model.rates.long(at.conn.rates.up)
    })
    .sorted(By::RateUp),
    figure("↓RATE", 3, &[8], |at| {
        at.model.rates.long(at.conn.rates.down)
    })
    .sorted(By::RateDown),
    figure("ADDED", 4, &[6], added)
        .sorted(By::Added)
        .with_role(|_| Role::Measured),
    figure("HELD", 12, &[6], |at| format::bytes(at.conn.held.sum())).sorted(By::Held),
    figure("SET", 9, &[5], set).with_role(set_role),
    words(HIT, 8, &[8], hit).with_role(|_| Role::Injected),
    words("STATE", 1, &[11], state)
        .sorted(By::State)
        .with_role(state_role),
];

/// The title of the column that is shown only where a fault hits some connections and others not.
const HIT: &str = "HIT BY";

/// The most needed columns that fit in this width, with theirs; the one that they are sorted by among them.
pub(super) fn fitting(columns: u16, rows: &[Cell<'_>]) -> Vec<(&'static Column, u16)> {
    let by = rows.first().map(|row| row.model.conns.sort.column);
    let sorts = |column: &Column| column.sorts.is_some() && column.sorts == by;
    let settings = rows.first().map(|row| row.proxy.plan.settings());
    let mut shares = settings.into_iter().flatten().map(|setting| setting.share);
    let has_shares = shares.any(|share| share != Percent::ALL);
    let all = COLUMNS.iter().enumerate();
    let needed = all.filter(|(_, column)| column.title != HIT || has_shares);
    let mut needed: Vec<_> = needed.collect();
    needed.sort_by_key(|(_, column)| (column.need > 0, !sorts(column), column.need));
    let wanted = rows.first().map(|row| &row.model.columns);
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        let wanted = wanted.iter().enumerate().filter_map(|(place, name)| {
            let column = COLUMNS.iter().find(|column| column.name() == *name)?;
            Some((place, column))
        });
        needed = wanted.collect();
    }
    let mut shown = Vec::new();
    let mut room = columns;
    for (place, column) in needed {
        let wide = column.width(rows);
        let Some(left) = room.checked_sub(wide + BETWEEN) else {
            break;
        };
        room = left;
        shown.push((place, column, wide));
    }
    shown.sort_by_key(|(place, ..)| *place);
    // What is left belongs to the last column: states have something to add.
    if let Some((.., wide)) = shown.last_mut() {
        *wide += room;
    }
    let shown = shown.into_iter();
    shown.map(|(_, column, wide)| (column, wide)).collect()
}

/// What the configuration calls the columns.
pub(super) fn names() -> impl Iterator<Item = String> {
    COLUMNS.iter().map(Column::name)
}

/// A connection's row in words, whatever fits on the screen: `#31, peer 127.0.0.1:50122, age 4m12, …, state open`.
pub(super) fn in_words(cell: &Cell<'_>) -> String {
    let parts = COLUMNS.iter().filter_map(|column| {
        let text = (column.text)(cell);
        match column.title {
            "ID" => Some(text),
            title => (text != "-").then(|| format!("{} {text}", title.to_lowercase())),
        }
    });
    parts.collect::<Vec<_>>().join(", ")
}

// === impl Column ===

const fn words(title: &'static str, need: u8, widths: &'static [u16], text: Text) -> Column {
    Column {
        title,
        need,
        is_figure: false,
        sorts: None,
        widths,
        text,
        role: |_| Role::Plain,
    }
}

const fn figure(title: &'static str, need: u8, widths: &'static [u16], text: Text) -> Column {
    Column {
        is_figure: true,
        ..words(title, need, widths, text)
    }
}

impl Column {
    const fn sorted(self, by: By) -> Self {
        Self {
            sorts: Some(by),
            ..self
        }
    }

    const fn with_role(self, role: fn(&Cell<'_>) -> Role) -> Self {
        Self { role, ..self }
    }

    /// What the configuration calls it: `peer`, `down-rate`.
    fn name(&self) -> String {
        let name = self.title.to_lowercase().replace(' ', "-");
        name.replace('↑', "up-").replace('↓', "down-")
    }

    fn width(&self, rows: &[Cell<'_>]) -> u16 {
        let Some((most, fewer)) = self.widths.split_last() else {
            return 0;
        };
        let widest = rows.iter().map(|row| width(&(self.text)(row))).max();
        let enough = fewer.iter().find(|step| Some(**step) >= widest);
        *enough.unwrap_or(most)
    }

    /// Whether it shows how fast bytes move.
    pub(super) fn is_rate(&self) -> bool {
        matches!(self.sorts, Some(By::RateUp | By::RateDown))
    }

    /// Writes what stands in the column for a connection.
    pub(super) fn draw(&self, row: &Cell<'_>, wide: u16, pen: &mut Pen<'_>) {
        let role = match row.ended {
            // What is over is dim, whatever it was.
            Some(_) if self.sorts != Some(By::State) => Role::Rest,
            _ => (self.role)(row),
        };
        self.draw_text(&(self.text)(row), wide, role, pen);
    }

    /// Writes a text as it stands in the column.
    pub(super) fn draw_text(&self, text: &str, wide: u16, role: Role, pen: &mut Pen<'_>) {
        if self.is_figure {
            pen.right(text, wide, role);
        } else {
            pen.left(text, wide, role);
        }
    }
}

fn upstream(at: &Cell<'_>) -> String {
    let upstream = at.conn.upstream;
    upstream.map_or_else(|| "-".to_owned(), |addr| addr.to_string())
}

fn age(at: &Cell<'_>) -> String {
    if at.model.quiet {
        format::age_in_minutes(at.conn.age)
    } else {
        format::age(at.conn.age)
    }
}

fn added(at: &Cell<'_>) -> String {
    at.conn.added.map_or_else(|| "-".to_owned(), format::time)
}

/// Which plan a connection runs, marked where it is not the newest.
fn set(at: &Cell<'_>) -> String {
    let mark = if at.conn.generation == at.proxy.generation {
        ""
    } else {
        "!"
    };
    format!("#{}{mark}", at.conn.generation)
}

fn set_role(at: &Cell<'_>) -> Role {
    if at.conn.generation == at.proxy.generation {
        Role::Plain
    } else {
        Role::Trouble
    }
}

/// What a connection is doing, in words.
pub(super) fn state(at: &Cell<'_>) -> String {
    let own = at.model.owns.get(&at.conn.id);
    if own.is_some_and(|own| own.frozen) && at.conn.state != ConnState::Ended {
        return match at.conn.held.sum() {
            0 => "frozen".to_owned(),
            bytes => format!("frozen {}", format::bytes(bytes)),
        };
    }
    let waits = at.conn.waits.filter(|waits| *waits >= WAIT);
    match (at.conn.state, waits) {
        (ConnState::Open | ConnState::Idle(_), Some(_)) if at.model.quiet => "waits".to_owned(),
        (ConnState::Open | ConnState::Idle(_), Some(waits)) => {
            format!("waits {}", format::age(waits))
        }
        (state, _) => doing(state, at),
    }
}

/// What a connection is doing, but for what it waits for.
fn doing(state: ConnState, at: &Cell<'_>) -> String {
    let own = at.model.owns.get(&at.conn.id);
    match state {
        ConnState::Open if own.is_some_and(|own| own.exempt) => "exempt".to_owned(),
        ConnState::Open if own.is_some() => "open, alone".to_owned(),
        ConnState::Dialing => "dialing".to_owned(),
        ConnState::Open => "open".to_owned(),
        ConnState::Held => match at.conn.held.sum() {
            0 => "held".to_owned(),
            bytes => format!("held {}", format::bytes(bytes)),
        },
        ConnState::Full => format!("full {}x", at.conn.full),
        ConnState::Idle(_) if at.model.quiet => "idle".to_owned(),
        ConnState::Idle(time) => format!("idle {}", format::age(time)),
        ConnState::Half(Direction::Up) => "↑ ended".to_owned(),
        ConnState::Half(Direction::Down) => "↓ ended".to_owned(),
        ConnState::Ended => ending(at).0,
    }
}

pub(super) fn state_role(at: &Cell<'_>) -> Role {
    match at.conn.state {
        ConnState::Full => Role::Trouble,
        ConnState::Open if at.model.owns.contains_key(&at.conn.id) => Role::Injected,
        ConnState::Held => Role::Injected,
        ConnState::Open => Role::Good,
        ConnState::Dialing | ConnState::Idle(_) => Role::Rest,
        ConnState::Ended => ending(at).1,
        ConnState::Half(_) => Role::Plain,
    }
}

/// Why a connection ended, and how that is meant.
pub(super) fn ending(at: &Cell<'_>) -> (String, Role) {
    let Some(ended) = at.ended else {
        return ("ended".to_owned(), Role::Rest);
    };
    let role = match &ended.reason {
        CloseReason::Fault(_) => Role::Injected,
        reason if reason.failed() => Role::Trouble,
        _ => Role::Rest,
    };
    (ended.reason.noted(ended.truncated), role)
}

/// The kinds with a share that hit a connection.
fn hit(at: &Cell<'_>) -> String {
    let is_set = |bit| at.conn.hit.checked_shr(bit).unwrap_or(0) & 1 == 1;
    let hitting = (0..).zip(KINDS).filter(|(bit, _)| is_set(*bit));
    let names = hitting.map(|(_, kind)| kind.short.unwrap_or(kind.name));
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "-".to_owned();
    }
    names.join(" ")
}
