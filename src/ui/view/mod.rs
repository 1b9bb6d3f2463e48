//! Draws the model.

use ratatui::Frame;
use ratatui::layout::Size;

use super::model::Model;

/// How much of the lists a screen of some size shows; `update` scrolls by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Strips.
    pub strips: usize,
    /// Rows of the table of connections.
    pub conns: usize,
    /// Lines of the help overlay.
    pub help: usize,
}

/// How much of the lists a screen of this size shows.
#[must_use]
pub fn room(size: Size, model: &Model) -> Room {
    let strips = (usize::from(size.height) / 4)
        .max(1)
        .min(model.snapshot.proxies.len().max(1));
    Room {
        strips,
        conns: usize::from(size.height)
            .saturating_sub(2 * strips + 14)
            .max(1),
        help: usize::from(size.height).saturating_sub(6).max(1),
    }
}

/// Draws the model.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let mut lines: Vec<String> = Vec::new();
    for row in &model.snapshot.proxies {
        let plan = model.plan(row.id).unwrap_or(&row.plan);
        lines.push(format!("{} {plan}", row.name));
    }
    lines.extend(model.notice.as_ref().map(ToString::to_string));
    lines.push(format!("+ {}", model.input.field.text.value()));
    frame.render_widget(lines.join("\n"), frame.area());
}
