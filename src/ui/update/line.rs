//! The input line as data: its text, the lines that were pasted into it, and what is said of them.

use crate::snapshot::ProxyId;
use crate::ui::input::{Check, Surroundings, port_to_probe};
use crate::ui::model::Model;

/// What the parser says to the line, or to the lines that were pasted: they are others than before, so their ports are looked
/// at, and what was known of these is forgotten.
pub(super) fn check(model: &mut Model) {
    let input = &model.input;
    let pasted = input.pasted.iter().map(|line| line.text.as_str());
    let typed = Some(input.field.text.value()).filter(|_| input.pasted.is_empty());
    let ports = pasted.chain(typed);
    let ports = ports.filter_map(|text| port_to_probe(text, surroundings(model)));
    for port in ports.collect::<Vec<u16>>() {
        model.input.refused.remove(&port);
        model.input.unprobed.insert(port);
    }
    recheck(model);
}

/// What the parser says to each line, as the proxies and the ports are now.
pub(super) fn recheck(model: &mut Model) {
    model.input.check = Check::of(model.input.field.text.value(), surroundings(model));
    let mut lines = std::mem::take(&mut model.input.pasted);
    for line in &mut lines {
        line.check = Check::of(&line.text, surroundings(model));
    }
    model.input.pasted = lines;
}

/// A port was looked at.
pub(super) fn probed(model: &mut Model, port: u16, result: Result<(), String>) {
    if let Err(why) = result {
        model.input.refused.insert(port, why);
    }
    recheck(model);
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
