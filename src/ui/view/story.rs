//! What happened to one connection, from all that is known of it: the newest first.

use std::time::Duration;

use super::log::role;
use crate::snapshot::{Note, Noted};
use crate::ui::format;
use crate::ui::model::{Detail, Model};
use crate::ui::proof::arrow;
use crate::ui::theme::Role;

/// A line of it.
pub(super) struct Told {
    pub(super) at: Duration,
    pub(super) text: String,
    pub(super) role: Role,
}

/// What happened to a connection.
pub(super) fn of(model: &Model, detail: &Detail) -> Vec<Told> {
    let row = &detail.row;
    let watched = detail.watched.as_deref();
    let plain = |at, text: String| Told {
        at,
        text,
        role: Role::Plain,
    };
    let mut all: Vec<Told> = Vec::new();
    let ended = detail.ended.as_deref();
    all.extend(ended.map(|ended| plain(ended.at, ended.reason.noted(ended.truncated))));
    let seen = ended.map_or(model.snapshot.at, |ended| ended.at);
    let opened = seen.saturating_sub(row.age);
    all.extend(watched.iter().flat_map(|watched| &watched.notes).map(noted));
    let changes = model.changes_of(row.proxy);
    let name = format!("#{}", row.id.0);
    let concerns = |who: &str| {
        who.rsplit_once('#')
            .is_none_or(|(_, id)| id == row.id.0.to_string())
    };
    let changes = changes.filter(|change| change.at >= opened && change.at <= seen);
    let changes = changes.filter(|change| concerns(&change.who));
    all.extend(changes.map(|change| Told {
        at: change.at,
        text: format!("▲{} {}: {}", change.number, change.who, change.text),
        role: role(change.said().tone),
    }));
    if let Some(reached) = watched.and_then(|watched| watched.reached) {
        let text = format!("{name} reached its upstream in {}", format::time(reached));
        all.push(plain(opened.saturating_add(reached), text));
    }
    all.push(plain(
        opened,
        format!("{name} accepted from {}", row.client),
    ));
    // Those of one moment stay as they are: the newest was told first.
    all.sort_by_key(|told| std::cmp::Reverse(told.at));
    all
}

fn noted(note: &Note) -> Told {
    let (text, role) = match note.what {
        Noted::Took(generation) => (format!("obeys #{generation}"), Role::Injected),
        Noted::Delivered {
            direction,
            bytes,
            held,
            late,
        } => {
            let bytes = format::bytes(bytes);
            let held = if held.is_zero() {
                "not held".to_owned()
            } else {
                format!(
                    "held {}, left {} late",
                    format::time(held),
                    format::time(late)
                )
            };
            (
                format!("{} {bytes:>7}  {held}", arrow(direction)),
                Role::Plain,
            )
        }
    };
    Told {
        at: note.at,
        text,
        role,
    }
}
