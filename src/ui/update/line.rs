//! The input line as data: its text, the lines that were pasted into it, and what is said of them.

use crate::snapshot::ProxyId;
use crate::ui::input::{Check, Surroundings, port_to_probe};
use crate::ui::model::Model;

/// What the parser says to the line, which is another one than before: its port is looked at.
pub(super) fn check(model: &mut Model) {
    let port = port_to_probe(model.input.field.text.value(), surroundings(model));
    look_at(model, port);
    recheck(model);
}

/// What the parser says to the line, as the proxies and the ports are now.
pub(super) fn recheck(model: &mut Model) {
    let check = Check::of(model.input.field.text.value(), surroundings(model));
    model.input.check = check;
}

/// Has ports looked at; what was known of them is forgotten.
fn look_at(model: &mut Model, ports: impl IntoIterator<Item = u16>) {
    for port in ports {
        model.input.refused.remove(&port);
        model.input.unprobed.insert(port);
    }
}

/// A port was looked at.
pub(super) fn probed(model: &mut Model, port: u16, result: Result<(), String>) {
    if let Err(why) = result {
        model.input.refused.insert(port, why);
    }
    recheck(model);
    recheck_lines(model);
}

/// What a line is checked against.
fn surroundings(model: &Model) -> Surroundings<'_> {
    Surroundings {
        proxies: &model.newest().proxies,
        bind: &model.bind,
        editing: model.input.editing,
        refused: &model.input.refused,
    }
}

/// Puts a text into the input line.
pub(super) fn refill(model: &mut Model, text: String, editing: Option<ProxyId>) {
    forget(model);
    model.input.editing = editing;
    model.input.set(text);
    check(model);
}

/// Forgets the pasted lines.
pub(super) fn forget(model: &mut Model) {
    model.input.pasted.clear();
    model.input.armed = false;
}

/// What the parser says to each of them, whose ports are looked at.
pub(super) fn check_lines(model: &mut Model) {
    let lines = model.input.pasted.iter();
    let ports = lines.filter_map(|line| port_to_probe(&line.text, surroundings(model)));
    let ports: Vec<u16> = ports.collect();
    look_at(model, ports);
    recheck_lines(model);
}

/// What the parser says to each of them, as the proxies and the ports are now.
pub(super) fn recheck_lines(model: &mut Model) {
    let mut lines = std::mem::take(&mut model.input.pasted);
    for line in &mut lines {
        line.check = Check::of(&line.text, surroundings(model));
    }
    model.input.pasted = lines;
}
