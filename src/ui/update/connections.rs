//! The table of connections: the rows that are visible, and ending one. `order` says where they stand.

use std::sync::Arc;

use super::{Step, contact, first_visible, order};
use crate::request::Request;
use crate::snapshot::{ConnId, ConnState, Kill};
use crate::ui::find::Place;
use crate::ui::model::{Column, ConnList, Focus, Model, Overlay, Sort, SortList, Tone};

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
    if let Some(conn) = model.detail().map(|detail| detail.row.id) {
        return kill(model, conn, how);
    }
    if how == Kill::Rst && !model.finds.of(Place::Conns).is_empty() {
        let snapshot = Arc::clone(&model.snapshot);
        let rows = order::arranged(model).rows.iter();
        let rows = rows.filter_map(|(_, place)| snapshot.conn(*place));
        let open = rows.filter(|row| row.state != ConnState::Ended);
        let open: Vec<ConnId> = open.map(|row| row.id).collect();
        if open.len() > 1 {
            model.overlays.push(Overlay::ResetAll(open));
            return;
        }
    }
    match model.conns.selected {
        Some(conn) => kill(model, conn, how),
        None => model.say(Tone::Plain, "no connection is selected"),
    }
}

/// Ends a connection.
pub(super) fn kill(model: &mut Model, conn: ConnId, how: Kill) {
    if contact::may_end(model, &[conn]) {
        model.ask(Request::Kill(conn, how));
    }
}

/// Resets connections.
pub(super) fn reset(model: &mut Model, conns: Vec<ConnId>) {
    if contact::may_end(model, &conns) {
        model.ask(Request::KillAll(conns, Kill::Rst));
    }
}

/// Moves the selection. To the first or the last, the rows are sorted anew.
pub(super) fn step(model: &mut Model, step: Step) {
    if matches!(step, Step::First | Step::Last) {
        order::forget(model);
    }
    let selected = model.conns.selected;
    let picked = order::arranged(model);
    let here = selected.and_then(|id| picked.rank(id));
    let to = step.from(here.unwrap_or(0), picked.rows.len());
    model.conns.selected = picked.at(to);
}

/// Picks the rows that are visible, the selected one among them.
pub(super) fn settle(model: &mut Model, room: usize) {
    let (mut selected, place) = (model.conns.selected, model.private.conn_at);
    let (mut first, keeps) = (model.conns.first, model.focus == Focus::Connections);
    let picked = order::arranged(model);
    let total = picked.rows.len();
    let mut rank = selected.and_then(|id| picked.rank(id));
    if rank.is_none() && (selected.is_some() || keeps) {
        // Its neighbour takes the place of a connection that is gone.
        let place = place.min(total.saturating_sub(1));
        selected = picked.at(place);
        rank = selected.map(|_| place);
    }
    first = first.min(total.saturating_sub(room));
    if let Some(rank) = rank {
        first = first_visible(first, rank, room);
    }
    let rows = picked.rows.iter().skip(first).take(room);
    let list = ConnList {
        rows: rows.map(|(_, place)| *place).collect(),
        first,
        total,
        all: picked.all,
        ended: picked.ended,
        keeps,
        selected,
        sort: picked.sort,
    };
    model.conns = list;
    model.private.conn_at = rank.unwrap_or(place);
}
