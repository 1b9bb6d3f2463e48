//! The first screen: what to type, and what then happens.

use super::pen::Sheet;
use crate::ui::model::{Focus, Model};
use crate::ui::theme::Role;

/// Mappings that would work, and what each is.
const EXAMPLES: [(&str, &str); 4] = [
    ("35432=psql://my-db:5432", "this port → that upstream"),
    ("9090=https://www.google.com", "plain here, TLS there"),
    (
        "6380=redis:6379 lat 250ms",
        "with a fault from the first byte on",
    ),
    ("0=example.com:80", "on any free port"),
];

/// Draws what stands where there is no proxy.
pub(super) fn draw(model: &Model, mut sheet: Sheet<'_>) {
    let first = if model.focus == Focus::Input {
        "Type a mapping and press Enter. It is checked while you type."
    } else {
        "Press a, type a mapping, and press Enter."
    };
    let addr = model.bind.first().map(ToString::to_string);
    let addr = addr.as_deref().unwrap_or("127.0.0.1");
    let then = format!("Then point your application at {addr}:35432,");
    let turn = "and press → to slow it down: every open connection feels it.";
    // In the middle, a little above it.
    // Where a session can also begin.
    let other = "Ctrl-O adds the proxies of a file; faultboard --resume, the last desk.";
    let lines = 10;
    let top = sheet.area.height.saturating_sub(lines) * 2 / 5;
    let margin = match sheet.area.width {
        width @ 120.. => (width - 72) / 2,
        _ => 4,
    };
    sheet.row(top).skip(margin).text(first, Role::Title);
    for (at, (mapping, meaning)) in (top + 2..).zip(EXAMPLES) {
        let mut pen = sheet.row(at);
        pen.skip(margin + 2).left(mapping, 31, Role::Injected);
        pen.text(meaning, Role::Rest);
    }
    sheet.row(top + 7).skip(margin).text(then, Role::Plain);
    sheet.row(top + 8).skip(margin).text(turn, Role::Plain);
    sheet.row(top + 10).skip(margin).text(other, Role::Rest);
}
