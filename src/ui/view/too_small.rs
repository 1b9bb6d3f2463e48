//! What is drawn where nothing else has room: what runs, and the keys that matter.

use std::time::Duration;

use ratatui::layout::Size;

use super::pen::Sheet;
use crate::fault::Directions;
use crate::ui::format;
use crate::ui::knob;
use crate::ui::model::Model;
use crate::ui::theme::Role;

/// For so long the answer to a key is shown.
const ANSWERED: Duration = Duration::from_secs(3);

/// Draws a message for a screen that is too small; `needed` is the least size that is enough.
pub(super) fn draw(model: &Model, needed: Size, mut sheet: Sheet<'_>) {
    let size = sheet.area.as_size();
    let lines = [
        (format!("too small: {size}, needs {needed}"), Role::Title),
        (summary(model), Role::Plain),
        (state(model), Role::Plain),
        ("! all off   q quit".to_owned(), Role::Plain),
    ];
    for (at, (text, role)) in (0..).zip(lines) {
        // A blank line between them where there is room.
        let down = if size.height >= 8 { at * 2 } else { at };
        let margin = if size.width >= 38 { 2 } else { 0 };
        sheet.row(down).skip(margin).text(text, role);
    }
}

/// The answer to the last key for a moment; else whether the faults act.
fn state(model: &Model) -> String {
    let said = model.notice.as_ref().and_then(|line| model.said(line));
    let fresh = said.filter(|said| model.now.saturating_sub(said.at) <= ANSWERED);
    let mut rows = model.snapshot.proxies.iter();
    let is_bypassed = |id| model.plan(id).is_some_and(|plan| plan.bypassed);
    match fresh {
        Some(said) => said.to_string(),
        None if rows.len() > 0 && rows.all(|row| is_bypassed(row.id)) => {
            "all bypassed: no fault acts".to_owned()
        }
        None => "proxies keep running".to_owned(),
    }
}

fn summary(model: &Model) -> String {
    let proxies = model.snapshot.proxies.len();
    let noun = if proxies == 1 { "proxy" } else { "proxies" };
    let text = format!("{proxies} {noun}  {} conn", model.open());
    let selected = model.selected_row().zip(knob::all().get(model.knob));
    let Some((row, dial)) = selected else {
        return text;
    };
    let plan = model.plan(row.id).unwrap_or(&row.plan);
    let value = dial.value(plan, Directions::Both);
    let value = value.map_or_else(
        || "off".to_owned(),
        |value| format::value(value, model.rates),
    );
    format!("{text}  {} {} {value}", dial.knob.label, row.name)
}
