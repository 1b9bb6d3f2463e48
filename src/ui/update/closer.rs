//! Looking closer: a connection, a proxy or all that happened on the whole screen.

use super::{Step, connections, mixer, tour};
use crate::request::Request;
use crate::snapshot::{ConnId, Snapshot};
use crate::ui::model::{Detail, EventList, Focus, Model, Overlay, SweepPage, Tone};

/// Opens what is selected in the pane that has the keys.
pub(super) fn open(model: &mut Model) {
    match (model.focus, model.conns.selected) {
        (Focus::Mixer, _) if model.selected_row().is_some() => {
            model.overlays.push(Overlay::Strip);
        }
        (Focus::Connections, Some(id)) => open_conn(model, id),
        (Focus::Mixer, _) => model.say(Tone::Plain, "no proxy yet: a adds one"),
        (Focus::Connections, None) => model.say(Tone::Plain, "no connection is selected"),
        (Focus::Input, _) => {}
    }
}

fn open_conn(model: &mut Model, id: ConnId) {
    let place = model.snapshot.place(id);
    let Some(row) = place.and_then(|place| model.snapshot.conn(place)) else {
        return;
    };
    let detail = Detail {
        row: row.clone(),
        ended: None,
        watched: None,
        alone: false,
        first: 0,
    };
    model.overlays.push(Overlay::Conn(Box::new(detail)));
}

/// Opens all that happened; where it is open, closes it.
pub(super) fn events(model: &mut Model) {
    match model.overlays.last() {
        Some(Overlay::Events(_)) => drop(model.overlays.pop()),
        _ => model.overlays.push(Overlay::Events(EventList::default())),
    }
}

/// Opens what was found of applications; where it is open, closes it.
pub(super) fn findings(model: &mut Model) {
    match model.overlays.last() {
        Some(Overlay::Findings(_)) => drop(model.overlays.pop()),
        _ => model.overlays.push(Overlay::Findings(0)),
    }
}

/// Opens the selected proxy in large figures; where it is open, closes it.
pub(super) fn presenter(model: &mut Model) {
    match model.overlays.last() {
        Some(Overlay::Presenter) => drop(model.overlays.pop()),
        _ if model.selected_row().is_none() => model.say(Tone::Plain, "no proxy yet: a adds one"),
        _ => model.overlays.push(Overlay::Presenter),
    }
}

/// The next connection in its list, or the one before; the next proxy, where one is looked at; the next act of a tour.
pub(super) fn next(model: &mut Model, step: Step) {
    match model.overlays.last() {
        Some(Overlay::Presenter) if model.guide.is_some() => tour::step(model, step),
        Some(Overlay::Conn(detail)) => {
            let (here, alone) = (detail.row.id, detail.alone);
            if model.conns.selected == Some(here) {
                connections::step(model, step);
            }
            let to = model.conns.selected.filter(|id| *id != here);
            if let Some(id) = to {
                model.overlays.pop();
                open_conn(model, id);
                if let Some(Overlay::Conn(detail)) = model.overlays.last_mut() {
                    detail.alone = alone;
                }
            }
        }
        Some(Overlay::Strip | Overlay::Presenter) => mixer::strip(model, step),
        Some(Overlay::Sweep(page)) => {
            let [before, after] = model.sweeps.next_to(page.number);
            let to = if step == Step::Back(1) { before } else { after };
            if let Some((number, Some(Overlay::Sweep(page)))) =
                to.map(|number| (number, model.overlays.last_mut()))
            {
                *page = SweepPage { number, over: 0 };
            }
        }
        _ => {}
    }
}

/// Moves in what happened.
pub(super) fn scroll(model: &mut Model, step: Step) {
    let logged = model.logged;
    match model.overlays.last_mut() {
        // As far as the screen goes, the view knows.
        Some(Overlay::Conn(detail)) => detail.first = step.from(detail.first, usize::MAX),
        Some(Overlay::Findings(first)) => *first = step.from(*first, usize::MAX),
        Some(Overlay::Events(list)) if step == Step::First => {
            *list = EventList {
                folds: list.folds,
                ..EventList::default()
            };
        }
        Some(Overlay::Events(list)) => {
            list.from.get_or_insert(logged);
            list.first = step.from(list.first, usize::MAX);
        }
        _ => {}
    }
}

/// Folds what happened, or unfolds it.
pub(super) fn fold(model: &mut Model) {
    if let Some(Overlay::Events(list)) = model.overlays.last_mut() {
        *list = EventList {
            folds: !list.folds,
            ..EventList::default()
        };
    }
}

/// What is looked at is as it is now, and the engine looks there too.
pub(super) fn settle(model: &mut Model, [events, notes]: [usize; 2]) {
    let snapshot = model.snapshot.clone();
    let mut wanted = None;
    for overlay in &mut model.overlays {
        if let Overlay::Conn(detail) = overlay {
            wanted = Some(detail.row.id);
            follow(detail, &snapshot);
            detail.first = detail.first.min(notes);
        } else if let Overlay::Events(list) = overlay {
            list.first = list.first.min(events);
        } else if let Overlay::Findings(first) = overlay {
            *first = (*first).min(events);
        }
    }
    if model.private.watched != wanted {
        model.private.watched = wanted;
        model.ask(Request::Watch(wanted));
    }
}

/// What is known of a connection now; what was, where nothing is any more.
fn follow(detail: &mut Detail, snapshot: &Snapshot) {
    let id = detail.row.id;
    let place = snapshot.place(id);
    if let Some(row) = place.and_then(|place| snapshot.conn(place)) {
        detail.row.clone_from(row);
    }
    let mut ended = snapshot.ended.iter();
    let ended = ended.find(|ended| ended.row.id == id).cloned();
    detail.ended = ended.or(detail.ended.take());
    let watched = snapshot.watched.clone();
    let watched = watched.filter(|watched| watched.id == id);
    detail.watched = watched.or(detail.watched.take());
}
