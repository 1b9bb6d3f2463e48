//! The columns of the table of connections: which of them fit, and what stands in them.

use crate::fault::{Direction, KINDS};
use crate::snapshot::{ConnRow, ConnState, ProxyRow};
use crate::ui::format;
use crate::ui::model::{self, Model};
use crate::ui::theme::Role;
use crate::units::Percent;

use super::pen::width;

/// Columns between two columns.
pub(super) const BETWEEN: u16 = 2;

/// A column that the table can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Peer,
    Upstream,
    Age,
    BytesUp,
    BytesDown,
    RateUp,
    RateDown,
    Added,
    Held,
    Set,
    Hit,
    State,
}

/// The columns of a table, with their widths.
pub(super) struct Columns {
    pub(super) shown: Vec<(Column, u16)>,
}

/// From left to right.
const ORDER: [Column; 13] = [
    Column::Id,
    Column::Peer,
    Column::Upstream,
    Column::Age,
    Column::BytesUp,
    Column::BytesDown,
    Column::RateUp,
    Column::RateDown,
    Column::Added,
    Column::Held,
    Column::Set,
    Column::Hit,
    Column::State,
];

/// The most needed first.
const NEED: [Column; 13] = [
    Column::Id,
    Column::State,
    Column::Peer,
    Column::RateDown,
    Column::Added,
    Column::Age,
    Column::BytesDown,
    Column::BytesUp,
    Column::Hit,
    Column::Set,
    Column::RateUp,
    Column::Upstream,
    Column::Held,
];

// === impl Columns ===

impl Columns {
    /// The most needed columns that fit in this width, for these rows; the one that they are sorted by among them.
    pub(super) fn fitting(
        columns: u16,
        proxy: &ProxyRow,
        rows: &[&ConnRow],
        sorted: model::Column,
    ) -> Self {
        let mut shown = Vec::new();
        let mut room = columns;
        let mut need = NEED;
        need.sort_by_key(|column| (*column != Column::Id, !column.sorts(sorted)));
        for column in need {
            if column == Column::Hit && !has_shares(proxy) {
                continue;
            }
            let wide = column.width(rows);
            let Some(left) = room.checked_sub(wide + BETWEEN) else {
                break;
            };
            room = left;
            shown.push((column, wide));
        }
        shown.sort_by_key(|(column, _)| ORDER.iter().position(|ordered| ordered == column));
        // What is left belongs to the last column: states have something to add.
        if let Some((_, wide)) = shown.last_mut() {
            *wide += room;
        }
        Self { shown }
    }
}

/// Whether a fault of the proxy hits some connections only.
fn has_shares(proxy: &ProxyRow) -> bool {
    let mut settings = proxy.plan.settings().iter();
    settings.any(|setting| setting.share != Percent::ALL)
}

// === impl Column ===

impl Column {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::Peer => "PEER",
            Self::Upstream => "UPSTREAM",
            Self::Age => "AGE",
            Self::BytesUp => "↑BYTES",
            Self::BytesDown => "↓BYTES",
            Self::RateUp => "↑RATE",
            Self::RateDown => "↓RATE",
            Self::Added => "ADDED",
            Self::Held => "HELD",
            Self::Set => "SET",
            Self::Hit => "HIT BY",
            Self::State => "STATE",
        }
    }

    /// Whether figures stand under each other by their last digit.
    pub(super) const fn is_figure(self) -> bool {
        !matches!(
            self,
            Self::Id | Self::Peer | Self::Upstream | Self::Hit | Self::State
        )
    }

    /// Whether this is the column by which the rows are sorted.
    pub(super) const fn sorts(self, by: model::Column) -> bool {
        matches!(
            (self, by),
            (Self::Id, model::Column::Id)
                | (Self::Age, model::Column::Age)
                | (Self::BytesUp, model::Column::BytesUp)
                | (Self::BytesDown, model::Column::BytesDown)
                | (Self::RateUp, model::Column::RateUp)
                | (Self::RateDown, model::Column::RateDown)
                | (Self::Added, model::Column::Added)
                | (Self::Held, model::Column::Held)
        )
    }

    fn width(self, rows: &[&ConnRow]) -> u16 {
        let widest = |texts: &dyn Fn(&ConnRow) -> String, steps: [u16; 4]| {
            let widest = rows.iter().map(|row| width(&texts(row))).max().unwrap_or(0);
            steps
                .into_iter()
                .find(|step| *step >= widest)
                .unwrap_or(steps[3])
        };
        match self {
            Self::Id => widest(&|row| id(row), [4, 6, 8, 12]),
            Self::Peer => widest(&|row| row.client.to_string(), [15, 21, 30, 47]),
            Self::Upstream => widest(&upstream, [15, 21, 30, 47]),
            Self::Age | Self::Set => 5,
            Self::BytesUp | Self::BytesDown | Self::Added | Self::Held => 6,
            Self::RateUp | Self::RateDown | Self::Hit => 8,
            Self::State => 11,
        }
    }

    /// What stands in the column.
    pub(super) fn text(self, model: &Model, proxy: &ProxyRow, row: &ConnRow) -> String {
        match self {
            Self::Id => id(row),
            Self::Peer => row.client.to_string(),
            Self::Upstream => upstream(row),
            Self::Age if model.quiet => format::age_in_minutes(row.age),
            Self::Age => format::age(row.age),
            Self::BytesUp => format::bytes(row.bytes.up),
            Self::BytesDown => format::bytes(row.bytes.down),
            Self::RateUp => format::rate(row.rates.up),
            Self::RateDown => format::rate(row.rates.down),
            Self::Added => row.added.map_or_else(|| "-".to_owned(), format::time),
            Self::Held => format::bytes(row.held.up + row.held.down),
            Self::Set if row.generation == proxy.generation => format!("#{}", row.generation),
            Self::Set => format!("#{}!", row.generation),
            Self::Hit => hit(row),
            Self::State => state(model, row),
        }
    }

    /// The role of what stands in the column.
    pub(super) fn role(self, proxy: &ProxyRow, row: &ConnRow) -> Role {
        match (self, row.state) {
            (Self::Added, _) => Role::Measured,
            (Self::Set, _) if row.generation != proxy.generation => Role::Trouble,
            (Self::State, ConnState::Full) => Role::Trouble,
            (Self::State, ConnState::Held) | (Self::Hit, _) => Role::Injected,
            (Self::State, ConnState::Open) => Role::Good,
            (Self::State, ConnState::Dialing | ConnState::Idle(_)) => Role::Rest,
            _ => Role::Plain,
        }
    }
}

fn id(row: &ConnRow) -> String {
    format!("#{}", row.id.0)
}

fn upstream(row: &ConnRow) -> String {
    row.upstream
        .map_or_else(|| "-".to_owned(), |addr| addr.to_string())
}

/// What a connection is doing, in words.
fn state(model: &Model, row: &ConnRow) -> String {
    match row.state {
        ConnState::Dialing => "dialing".to_owned(),
        ConnState::Open => "open".to_owned(),
        ConnState::Held => match row.held.up + row.held.down {
            0 => "held".to_owned(),
            bytes => format!("held {}", format::bytes(bytes)),
        },
        ConnState::Full => format!("full {}x", row.full),
        ConnState::Idle(_) if model.quiet => "idle".to_owned(),
        ConnState::Idle(time) => format!("idle {}", format::age(time)),
        ConnState::Half(Direction::Up) => "↑ half-closed".to_owned(),
        ConnState::Half(Direction::Down) => "↓ half-closed".to_owned(),
    }
}

/// The kinds with a share that hit a connection.
fn hit(row: &ConnRow) -> String {
    let kinds = (0..).zip(KINDS);
    let hitting =
        kinds.filter(|(bit, _): &(u32, _)| row.hit.checked_shr(*bit).unwrap_or(0) & 1 == 1);
    let names: Vec<&str> = hitting
        .map(|(_, kind)| kind.short.unwrap_or(kind.name))
        .collect();
    if names.is_empty() {
        "-".to_owned()
    } else {
        names.join(" ")
    }
}
