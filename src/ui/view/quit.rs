//! Questions before something that cannot be undone: quitting, deleting, suspending while connections are open.

use super::hits::Target;
use super::pen::{Sheet, width};
use super::popup::popup;
use crate::snapshot::{ConnId, ConnState, ProxyId};
use crate::ui::find::Place;
use crate::ui::format;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// Asks whether to quit, and says what that ends.
pub(super) fn ask_to_quit(model: &Model, sheet: &mut Sheet<'_>) {
    let snapshot = model.newest();
    let open = live(model.open(), "end", "ends");
    let proxies = plural(snapshot.proxies.len() as u64, "proxy", "proxies");
    let holds = |state| matches!(state, ConnState::Held | ConnState::Full);
    let holding = snapshot.conns.iter().filter(|conn| holds(conn.state));
    let mut lines = vec![
        format!("{open} on {proxies} when you quit."),
        // Always a line, and always as long: bytes come and go, and the box stands still.
        match holding.count() as u64 {
            0 => "None of them holds bytes.".to_owned(),
            1 => "1 of them holds bytes.".to_owned(),
            many => format!("{} of them hold bytes.", format::count(many)),
        },
    ];
    if model.resumes {
        lines.push("faultboard --resume opens this desk again.".to_owned());
    }
    ask("quit?", &lines, Mode::Quit, sheet);
}

/// Asks whether to delete a proxy.
pub(super) fn ask_to_delete(model: &Model, id: ProxyId, sheet: &mut Sheet<'_>) {
    let row = model.proxy(id).map(|(_, row)| row);
    let name = row.map_or("the proxy", |row| &row.name);
    let open = live(row.map_or(0, |row| row.open), "end", "ends");
    let lines = [
        format!("Delete {name}? {open} with it."),
        "Undo brings the proxy back, not its connections.".to_owned(),
    ];
    ask("delete?", &lines, Mode::Confirm, sheet);
}

/// Asks whether to reset all the connections that are looked for.
pub(super) fn ask_to_reset(model: &Model, conns: &[ConnId], sheet: &mut Sheet<'_>) {
    let find = model.finds.of(Place::Conns);
    let lines = [
        format!("Reset all {} shown?", format::count(conns.len() as u64)),
        format!("They match \"{}\".", find.text()),
    ];
    ask("reset?", &lines, Mode::Confirm, sheet);
}

/// Asks whether to stop the process.
pub(super) fn ask_to_suspend(model: &Model, sheet: &mut Sheet<'_>) {
    let open = live(model.open(), "stall", "stalls");
    let lines = [
        format!("{open} while this is stopped."),
        "fg in the shell lets them go on.".to_owned(),
    ];
    ask("suspend?", &lines, Mode::Confirm, sheet);
}

/// Draws a question, with its answers from the key table.
fn ask(title: &str, lines: &[String], mode: Mode, sheet: &mut Sheet<'_>) {
    let answers = keymap::footer(mode);
    let widest = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    let rows = u16::try_from(answers.len() + lines.len() + 5).unwrap_or(u16::MAX);
    let size = (widest.saturating_add(6).max(40), rows);
    let mut inner = popup(sheet, size, [title, ""]);
    let mut at = 1;
    for line in lines {
        inner.row(at).skip(2).text(line, Role::Plain);
        at += 1;
    }
    // The first one is the harmless one where it is a step back: quitting stays by default.
    for (at, answer) in (at + 1..).zip(&answers) {
        let mut pen = inner.row(at);
        pen.holds(u16::MAX, Target::Key(answer.action.clone()));
        pen.skip(4).left(&answer.keys, 6, Role::Title);
        pen.text(&answer.words, Role::Plain);
    }
}

/// `12 live connections end`.
fn live(count: u32, many: &str, one: &str) -> String {
    let verb = if count == 1 { one } else { many };
    let connections = plural(count.into(), "live connection", "live connections");
    format!("{connections} {verb}")
}

fn plural(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{} {noun}", format::count(count))
}
