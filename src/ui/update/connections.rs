//! The table of connections: its order, the rows that are visible, and ending one.
//!
//! With ten thousand connections, sorting all of them for every frame would cost more than the frame. So the selected
//! row's rank is counted, and only the rows down to the last visible one are picked and sorted.

use std::cmp::Ordering;

use super::{Step, first_visible};
use crate::request::Request;
use crate::snapshot::{ConnId, ConnRow, Kill, Snapshot};
use crate::ui::model::{Column, Focus, Model, Sort, Tone};

/// Sorts by the same column the other way round, then by the next column.
pub(super) fn next_sort(model: &mut Model) {
    let sort = &mut model.conns.sort;
    if sort.descending {
        sort.descending = false;
    } else {
        let place = Column::ALL.iter().position(|column| *column == sort.column);
        let next = place.map_or(0, |place| (place + 1) % Column::ALL.len());
        *sort = Sort {
            column: Column::ALL[next],
            descending: true,
        };
    }
    let way = if sort.descending { "greatest" } else { "least" };
    let text = format!("sorted by {}, {way} first", sort.column.label());
    model.say(Tone::Plain, text);
}

/// Ends the selected connection: by RST, or in an orderly way.
pub(super) fn cut(model: &mut Model, how: Kill) {
    match model.conns.selected {
        Some(conn) => {
            model.ask(Request::Kill(conn, how));
        }
        None => model.say(Tone::Plain, "no connection is selected"),
    }
}

/// Moves the selection.
pub(super) fn step(model: &mut Model, step: Step) {
    let mut order = Order::of(model);
    let here = model.conns.selected.and_then(|id| order.rank(id));
    let to = step.from(here.unwrap_or(0), order.rows.len());
    model.conns.selected = order.at(to);
}

/// Picks the rows that are visible, the selected one among them.
pub(super) fn settle(model: &mut Model, room: usize) {
    let mut order = Order::of(model);
    let total = order.rows.len();
    let mut selected = model.conns.selected;
    let mut rank = selected.and_then(|id| order.rank(id));
    if rank.is_none() && (selected.is_some() || model.focus == Focus::Connections) {
        // Its neighbour takes the place of a connection that ended.
        let place = model.private.conn_at.min(total.saturating_sub(1));
        selected = order.at(place);
        rank = selected.map(|_| place);
    }
    let mut first = model.conns.first.min(total.saturating_sub(room));
    if let Some(rank) = rank {
        first = first_visible(first, rank, room);
        model.private.conn_at = rank;
    }
    let rows = order.window(first, room);
    let conns = &mut model.conns;
    (conns.rows, conns.first, conns.total, conns.selected) = (rows, first, total, selected);
}

/// The connections of the selected proxy, and the order that they are to be in.
struct Order {
    snapshot: std::sync::Arc<Snapshot>,
    sort: Sort,
    rows: Vec<usize>,
}

impl Order {
    fn of(model: &Model) -> Self {
        let snapshot = model.snapshot.clone();
        let conns = snapshot.conns.iter().enumerate();
        let own = conns.filter(|(_, conn)| Some(conn.proxy) == model.selected);
        Self {
            rows: own.map(|(index, _)| index).collect(),
            sort: model.conns.sort,
            snapshot,
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let conns = &self.snapshot.conns;
        compare(self.sort, &conns[a], &conns[b])
    }

    /// How many rows come before a connection's.
    fn rank(&self, id: ConnId) -> Option<usize> {
        let conns = &self.snapshot.conns;
        let own = *self.rows.iter().find(|row| conns[**row].id == id)?;
        let before = |row: &&usize| self.compare(**row, own) == Ordering::Less;
        Some(self.rows.iter().filter(before).count())
    }

    /// The connection at a rank.
    fn at(&mut self, rank: usize) -> Option<ConnId> {
        let row = *self.window(rank, 1).first()?;
        Some(self.snapshot.conns[row].id)
    }

    /// `len` rows from `first` on, in their order.
    fn window(&mut self, first: usize, len: usize) -> Vec<usize> {
        let end = first.saturating_add(len).min(self.rows.len());
        let mut rows = std::mem::take(&mut self.rows);
        if end > 0 && end < rows.len() {
            rows.select_nth_unstable_by(end - 1, |a, b| self.compare(*a, *b));
        }
        rows[..end].sort_unstable_by(|a, b| self.compare(*a, *b));
        let picked = rows.get(first..end).unwrap_or_default().to_vec();
        self.rows = rows;
        picked
    }
}

/// Equal rows stand in the order of their numbers, so that none jumps about.
fn compare(sort: Sort, a: &ConnRow, b: &ConnRow) -> Ordering {
    let order = match sort.column {
        Column::Id => a.id.cmp(&b.id),
        Column::Age => a.age.cmp(&b.age),
        Column::BytesUp => a.bytes.up.cmp(&b.bytes.up),
        Column::BytesDown => a.bytes.down.cmp(&b.bytes.down),
        Column::RateUp => a.rates.up.total_cmp(&b.rates.up),
        Column::RateDown => a.rates.down.total_cmp(&b.rates.down),
        Column::Added => a.added.cmp(&b.added),
        Column::Held => held(a).cmp(&held(b)),
    };
    let order = if sort.descending {
        order.reverse()
    } else {
        order
    };
    order.then(a.id.cmp(&b.id))
}

fn held(conn: &ConnRow) -> u64 {
    conn.held.up.saturating_add(conn.held.down)
}
