//! The order of the table of connections.
//!
//! With ten thousand connections this is the dearest thing that is done for a frame, so it is done once for each snapshot,
//! and what a row is compared by is read once, into a number: the rows are then sorted without being touched again. Rows
//! keep their places while the list has the keys: each then has a rank, and those that come later stand behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::snapshot::{ConnId, ConnRow, ConnState};
use crate::ui::find::Place;
use crate::ui::model::{Column, Focus, Kept, Listed, Model, Picked, Sort};

/// The rank of a connection that the order which is kept does not know.
const UNRANKED: u32 = u32::MAX;

/// What a row is compared by, as numbers that grow with it.
type Key = (u64, u64);

/// The connections in the list, in their order.
pub(super) fn arranged(model: &mut Model) -> &Picked {
    let list = Listed {
        proxy: model.selected,
        query: model.finds.of(Place::Conns).query().clone(),
    };
    let (sort, keeps) = (model.conns.sort, model.focus == Focus::Connections);
    let known = model.private.picked.take().filter(|picked| {
        Arc::ptr_eq(&picked.snapshot, &model.snapshot)
            && (&picked.list, picked.sort, picked.keeps) == (&list, sort, keeps)
    });
    let picked = known.unwrap_or_else(|| arrange(model, list, sort, keeps));
    model.private.picked.insert(picked)
}

/// Has the rows stand as they are sorted now.
pub(super) fn forget(model: &mut Model) {
    (model.private.picked, model.private.kept) = (None, None);
}

fn arrange(model: &mut Model, list: Listed, sort: Sort, keeps: bool) -> Picked {
    let kept = model.private.kept.take();
    let is_same = |kept: &Kept| keeps && kept.list == list && kept.sort == sort;
    let mut ranks = kept.filter(is_same).map_or(vec![], |kept| kept.ranks);
    let snapshot = Arc::clone(&model.snapshot);
    let find = model.finds.of(Place::Conns);
    let ended = snapshot.ended.iter().map(|ended| &ended.row);
    let (mut all, mut next) = (0, 0);
    let mut rows = Vec::new();
    for (place, row) in snapshot.conns.iter().chain(ended).enumerate() {
        if Some(row.proxy) != list.proxy {
            continue;
        }
        all += 1;
        if find.is_empty() || find.takes_conn(row, model.owns.contains_key(&row.id)) {
            let rank = rank_of(&ranks, &mut next, row.id);
            rows.push((rank, key(sort, row), row.id, place));
        }
    }
    // Equal rows stand in the order of their numbers, so that none jumps about.
    rows.sort_unstable();
    let has_new = rows.last().is_some_and(|(rank, ..)| *rank == UNRANKED);
    if has_new || ranks.len() > 2 * rows.len() + 64 {
        let ids = rows.iter().map(|(_, _, id, _)| *id);
        ranks = ids.zip(0..).collect();
        ranks.sort_unstable();
    }
    if keeps {
        let list = list.clone();
        model.private.kept = Some(Kept { list, sort, ranks });
    }
    let open = snapshot.conns.len();
    let rows = rows.into_iter().map(|(_, _, id, place)| (id, place));
    let rows: Vec<_> = rows.collect();
    Picked {
        ended: rows.iter().filter(|(_, place)| *place >= open).count(),
        rows,
        all,
        snapshot,
        list,
        sort,
        keeps,
    }
}

/// The rank of a connection. Rows mostly come in the order of their numbers: `next` is where the next one is looked for
/// first.
fn rank_of(ranks: &[(ConnId, u32)], next: &mut usize, id: ConnId) -> u32 {
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

fn key(sort: Sort, row: &ConnRow) -> Key {
    let figure = |figure: u64| (figure, 0);
    let rising = match sort.column {
        Column::Id => figure(row.id.0),
        Column::Peer => by_addr(row.client),
        Column::Age => figure(nanos(row.age)),
        Column::BytesUp => figure(row.bytes.up),
        Column::BytesDown => figure(row.bytes.down),
        Column::RateUp => figure(by_rate(row.rates.up)),
        Column::RateDown => figure(by_rate(row.rates.down)),
        Column::Added => figure(row.added.map_or(0, |added| nanos(added).saturating_add(1))),
        Column::Held => figure(row.held.sum()),
        Column::State => figure(liveliness(row.state)),
    };
    if sort.descending {
        (!rising.0, !rising.1)
    } else {
        rising
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The bits of numbers from 0 on grow with them.
const fn by_rate(rate: f64) -> u64 {
    rate.max(0.0).to_bits()
}

/// By the address, those of IPv4 first, and then by the port where there is room for it.
fn by_addr(addr: SocketAddr) -> Key {
    match addr {
        SocketAddr::V4(addr) => {
            let port = u64::from(addr.port());
            (0, u64::from(addr.ip().to_bits()) << 16 | port)
        }
        SocketAddr::V6(addr) => {
            let segments = addr.ip().segments();
            let (high, low) = segments.split_at(4);
            let [high, low] = [high, low].map(|half| {
                let segments = half.iter().copied().map(u64::from);
                segments.fold(0, |half, segment| half << 16 | segment)
            });
            (high.max(1), low)
        }
    }
}

/// What needs a look first comes first.
const fn liveliness(state: ConnState) -> u64 {
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
