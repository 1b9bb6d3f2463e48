//! The table of connections: its order, the rows that are visible, and ending one.
//!
//! With ten thousand connections, sorting all of them for every frame would cost more than the frame. So the selected
//! row's rank is counted, and only the rows down to the last visible one are picked and sorted. Rows keep their places
//! while the list has the keys: each then has a rank, and those that come later stand behind it.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Step, first_visible};
use crate::request::Request;
use crate::snapshot::{ConnId, ConnRow, ConnState, Kill, Snapshot};
use crate::ui::find::Place;
use crate::ui::model::{Column, Focus, Kept, Listed, Model, Overlay, Picked, Sort, SortList, Tone};

/// The rank of a connection that the order which is kept does not know.
const UNRANKED: u32 = u32::MAX;

/// Opens the list of columns, the one that sorts now selected.
pub(super) fn choose_sort(model: &mut Model) {
    let now = model.conns.sort.column;
    let line = Column::ALL.iter().position(|column| *column == now);
    let line = line.unwrap_or(0);
    model
        .overlays
        .push(Overlay::Sort(SortList { line, first: 0 }));
}

/// Sorts by a column; where it sorts already, the other way round.
pub(super) fn sort_by(model: &mut Model, column: Column) {
    let now = model.conns.sort;
    let descending = if now.column == column {
        !now.descending
    } else {
        column.is_figure()
    };
    model.conns.sort = Sort { column, descending };
    let way = if descending { "greatest" } else { "least" };
    let text = format!("sorted by {}, {way} first", column.label());
    model.say(Tone::Plain, text);
}

/// Ends the selected connection: by RST, or in an orderly way. Where several are looked for, a reset means all of them, and
/// asks.
pub(super) fn cut(model: &mut Model, how: Kill) {
    if let Some(detail) = model.detail() {
        let conn = detail.row.id;
        model.ask(Request::Kill(conn, how));
        return;
    }
    if how == Kill::Rst && !model.finds.of(Place::Conns).is_empty() {
        let list = listed(model);
        let snapshot = Arc::clone(&model.snapshot);
        let rows = picked(model, &list).rows.iter();
        let rows = rows.filter_map(|row| snapshot.conn(*row));
        let open = rows.filter(|row| row.state != ConnState::Ended);
        let open: Vec<ConnId> = open.map(|row| row.id).collect();
        if open.len() > 1 {
            model.overlays.push(Overlay::ResetAll(open));
            return;
        }
    }
    match model.conns.selected {
        Some(conn) => {
            model.ask(Request::Kill(conn, how));
        }
        None => model.say(Tone::Plain, "no connection is selected"),
    }
}

/// Moves the selection. To the first or the last, the rows are sorted anew.
pub(super) fn step(model: &mut Model, step: Step) {
    if matches!(step, Step::First | Step::Last) {
        model.private.kept = None;
    }
    let mut order = Order::of(model);
    let here = model.conns.selected.and_then(|id| order.rank(id));
    let to = step.from(here.unwrap_or(0), order.rows.len());
    model.conns.selected = order.at(to);
}

/// Picks the rows that are visible, the selected one among them.
pub(super) fn settle(model: &mut Model, room: usize) {
    let mut order = Order::of(model);
    model.conns.keeps = model.focus == Focus::Connections;
    if model.conns.keeps {
        order.keep(model);
    } else {
        model.private.kept = None;
    }
    let total = order.rows.len();
    let mut selected = model.conns.selected;
    let mut rank = selected.and_then(|id| order.rank(id));
    if rank.is_none() && (selected.is_some() || model.focus == Focus::Connections) {
        // Its neighbour takes the place of a connection that is gone.
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
    let open = order.snapshot.conns.len();
    let conns = &mut model.conns;
    conns.ended = order.rows.iter().filter(|(_, row)| *row >= open).count();
    conns.all = model.private.picked.as_ref().map_or(0, |picked| picked.all);
    (conns.rows, conns.first, conns.total, conns.selected) = (rows, first, total, selected);
}

/// What the list is made of now.
fn listed(model: &Model) -> Listed {
    Listed {
        proxy: model.selected,
        query: model.finds.of(Place::Conns).query().clone(),
    }
}

/// The places of the connections that are in the list; looked for once for each snapshot.
fn picked<'a>(model: &'a mut Model, list: &Listed) -> &'a Picked {
    let snapshot = Arc::clone(&model.snapshot);
    let is_same =
        |picked: &Picked| Arc::ptr_eq(&picked.snapshot, &snapshot) && picked.list == *list;
    let known = model.private.picked.take().filter(is_same);
    let find = model.finds.of(Place::Conns);
    let picked = known.unwrap_or_else(|| {
        let ended = snapshot.ended.iter().map(|ended| &ended.row);
        let all = snapshot.conns.iter().chain(ended).enumerate();
        let own = all.filter(|(_, conn)| Some(conn.proxy) == list.proxy);
        let mut all = 0;
        let own = own.inspect(|_| all += 1);
        let wanted = own.filter(|(_, conn)| {
            find.is_empty() || find.takes_conn(conn, model.owns.contains_key(&conn.id))
        });
        let rows = wanted.map(|(place, _)| place).collect();
        Picked {
            rows,
            all,
            list: list.clone(),
            snapshot: Arc::clone(&snapshot),
        }
    });
    model.private.picked.insert(picked)
}

/// The connections in the list, and the order that they are to be in.
struct Order {
    snapshot: Arc<Snapshot>,
    list: Listed,
    sort: Sort,
    /// The rank that each is to keep, and its place in the snapshot.
    rows: Vec<(u32, usize)>,
}

impl Order {
    fn of(model: &mut Model) -> Self {
        let list = listed(model);
        let rows = picked(model, &list).rows.clone();
        let (snapshot, sort) = (Arc::clone(&model.snapshot), model.conns.sort);
        let is_kept = |kept: &&Kept| kept.list == list && kept.sort == sort;
        let kept = model.private.kept.as_ref().filter(is_kept);
        let ranks = kept.map(|kept| kept.ranks.as_slice());
        let mut next = 0;
        let ranked = rows.into_iter().map(|row| {
            let rank = ranks.map_or(0, |ranks| rank_of(ranks, &mut next, id_at(&snapshot, row)));
            (rank, row)
        });
        Self {
            rows: ranked.collect(),
            snapshot: Arc::clone(&snapshot),
            list,
            sort,
        }
    }

    /// Has every row keep its place from now on; those without one come behind the others.
    fn keep(&mut self, model: &mut Model) {
        let kept = model.private.kept.take();
        let is_same = |kept: &Kept| kept.list == self.list && kept.sort == self.sort;
        let ranks = kept.filter(is_same).map(|kept| kept.ranks);
        if let Some(ranks) = ranks
            && self.rows.iter().all(|(rank, _)| *rank != UNRANKED)
            && ranks.len() <= 2 * self.rows.len() + 64
        {
            model.private.kept = Some(self.kept(ranks));
            return;
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by(|a, b| self.compare(*a, *b));
        self.rows = (0..)
            .zip(rows)
            .map(|(rank, (_, row))| (rank, row))
            .collect();
        let id = |row| id_at(&self.snapshot, row);
        let ranks = self
            .rows
            .iter()
            .filter_map(|(rank, row)| Some((id(*row)?, *rank)));
        let mut ranks: Vec<(ConnId, u32)> = ranks.collect();
        ranks.sort_unstable();
        model.private.kept = Some(self.kept(ranks));
    }

    fn kept(&self, ranks: Vec<(ConnId, u32)>) -> Kept {
        let list = self.list.clone();
        let sort = self.sort;
        Kept { list, sort, ranks }
    }

    fn compare(&self, a: (u32, usize), b: (u32, usize)) -> Ordering {
        let rows = || (self.snapshot.conn(a.1), self.snapshot.conn(b.1));
        a.0.cmp(&b.0).then_with(|| match rows() {
            (Some(a), Some(b)) => compare(self.sort, a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }

    /// How many rows come before a connection's.
    fn rank(&self, id: ConnId) -> Option<usize> {
        let is_it = |row: &&(u32, usize)| id_at(&self.snapshot, row.1) == Some(id);
        let own = *self.rows.iter().find(is_it)?;
        let before = |row: &&(u32, usize)| self.compare(**row, own) == Ordering::Less;
        Some(self.rows.iter().filter(before).count())
    }

    /// The connection at a rank.
    fn at(&mut self, rank: usize) -> Option<ConnId> {
        let place = *self.window(rank, 1).first()?;
        id_at(&self.snapshot, place)
    }

    /// The places of `len` rows from `first` on, in their order.
    fn window(&mut self, first: usize, len: usize) -> Vec<usize> {
        let end = first.saturating_add(len).min(self.rows.len());
        let mut rows = std::mem::take(&mut self.rows);
        if end > 0 && end < rows.len() {
            rows.select_nth_unstable_by(end - 1, |a, b| self.compare(*a, *b));
        }
        rows[..end].sort_unstable_by(|a, b| self.compare(*a, *b));
        let picked = rows.get(first..end).unwrap_or_default().iter();
        let picked = picked.map(|(_, row)| *row).collect();
        self.rows = rows;
        picked
    }
}

fn id_at(snapshot: &Snapshot, place: usize) -> Option<ConnId> {
    snapshot.conn(place).map(|row| row.id)
}

/// The rank of a connection. Rows mostly come in the order of their numbers: `next` is where the next one is looked for
/// first.
fn rank_of(ranks: &[(ConnId, u32)], next: &mut usize, id: Option<ConnId>) -> u32 {
    let Some(id) = id else {
        return UNRANKED;
    };
    let is_next = ranks.get(*next).is_some_and(|(other, _)| *other == id);
    let at = if is_next {
        Ok(*next)
    } else {
        ranks.binary_search_by_key(&id, |(other, _)| *other)
    };
    at.map_or(UNRANKED, |at| {
        *next = at + 1;
        ranks[at].1
    })
}

/// Equal rows stand in the order of their numbers, so that none jumps about.
fn compare(sort: Sort, a: &ConnRow, b: &ConnRow) -> Ordering {
    let order = match sort.column {
        Column::Id => a.id.cmp(&b.id),
        Column::Peer => a.client.cmp(&b.client),
        Column::Age => a.age.cmp(&b.age),
        Column::BytesUp => a.bytes.up.cmp(&b.bytes.up),
        Column::BytesDown => a.bytes.down.cmp(&b.bytes.down),
        Column::RateUp => a.rates.up.total_cmp(&b.rates.up),
        Column::RateDown => a.rates.down.total_cmp(&b.rates.down),
        Column::Added => a.added.cmp(&b.added),
        Column::Held => held(a).cmp(&held(b)),
        Column::State => liveliness(a.state).cmp(&liveliness(b.state)),
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

/// What needs a look first comes first.
const fn liveliness(state: ConnState) -> u8 {
    match state {
        ConnState::Full => 0,
        ConnState::Held => 1,
        ConnState::Dialing => 2,
        ConnState::Open => 3,
        ConnState::Idle(_) => 4,
        ConnState::Half(_) => 5,
        ConnState::Ended => 6,
    }
}
