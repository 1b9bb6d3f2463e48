//! What is selected, as text for the clipboard: a proxy as the command line that starts it, a connection as its row.

use super::{palette, proxies};
use crate::farewell::quoted;
use crate::snapshot::ProxyId;
use crate::ui::format;
use crate::ui::model::{Focus, Model, Overlay, Tone};
use crate::ui::view;

/// So many lines of what happened are copied at most: what terminals take has an end.
const LINES: usize = 500;

/// Copies what is selected in the pane that has the keys.
pub(super) fn copy(model: &mut Model) {
    if let Some(Overlay::Events(list)) = model.overlays.last() {
        let lines = model.found_lines(list.from).take(LINES);
        let lines = lines.map(|said| format!("{} {said}", format::clock_exact(said.at)));
        let text = lines.collect::<Vec<_>>().join("\n");
        return model.copy(text);
    }
    if let Some(Overlay::Findings(_)) = model.overlays.last() {
        let text = view::findings_in_words(model);
        if text.is_empty() {
            return model.say(Tone::Plain, "nothing was found yet");
        }
        return model.copy(text);
    }
    if let Some(Overlay::Sweep(page)) = model.overlays.last() {
        let curve = model.sweeps.of(page.number).map(|swept| &swept.curve);
        let text =
            curve.map(|curve| format!("{} {}: {}", curve.proxy, curve.fault, curve.sentence()));
        return model.copy(text.unwrap_or_default());
    }
    if let Some(Overlay::Palette(line)) = model.overlays.last() {
        return match palette::selected_line(model, line) {
            Some(line) => model.copy(line),
            None => model.say(Tone::Plain, "this is a key, and no line"),
        };
    }
    if model.focus != Focus::Connections {
        return super::on_selected(model, strip);
    }
    match view::row_in_words(model) {
        Some(row) => model.copy(row),
        None => model.say(Tone::Plain, "no connection is selected"),
    }
}

/// A proxy as the command line that starts it, on the port that it really has and with its faults.
fn strip(model: &mut Model, id: ProxyId) {
    let Some((_, row)) = model.proxy(id) else {
        return;
    };
    let line = proxies::in_words(&row.bound(), model.plan(id).unwrap_or(&row.plan));
    let words = line.split_whitespace().map(quoted);
    let words = ["faultboard".to_owned()].into_iter().chain(words);
    let command = words.collect::<Vec<_>>().join(" ");
    model.copy(command);
}
