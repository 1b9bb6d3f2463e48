//! A box over the panes: a border, a title, what is behind it blank.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::pen::{Pen, row, width};
use crate::ui::input::Field;
use crate::ui::theme::{Role, Theme};

/// Where a box of this size stands: in the middle of an area.
pub(super) fn place((columns, rows): (u16, u16), area: Rect) -> Rect {
    area.centered(
        Constraint::Length(columns.min(area.width)),
        Constraint::Length(rows.min(area.height)),
    )
}

/// Draws a box, and returns what is inside.
pub(super) fn popup(
    [title, footer]: [&str; 2],
    place: Rect,
    buf: &mut Buffer,
    theme: Theme,
) -> Rect {
    // A wide character before the border must not reach into it.
    for y in place.top()..place.bottom() {
        let before = place
            .left()
            .checked_sub(1)
            .and_then(|x| buf.cell_mut((x, y)));
        if let Some(cell) = before.filter(|cell| width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
    Clear.render(place, buf);
    let titled = |text: &str| {
        if text.is_empty() {
            Line::default()
        } else {
            Line::styled(format!("─ {text} "), theme.style(Role::Title))
        }
    };
    let block = Block::bordered()
        .title_top(titled(title))
        .title_bottom(titled(footer));
    let inner = block.inner(place);
    block.render(place, buf);
    inner
}

/// Draws the filter of a list in the first row of a box.
pub(super) fn filter(field: &Field, hint: &str, inner: Rect, buf: &mut Buffer, theme: Theme) {
    let mut pen = Pen::new(buf, row(inner, 0));
    pen.skip(1).text("> ", theme.style(Role::Title));
    match field.text.value() {
        "" => pen.text(hint, theme.style(Role::Rest)),
        typed => pen.text(typed, theme.style(Role::Plain)),
    };
}

/// Where the terminal's cursor belongs in the filter of a box.
pub(super) fn cursor_in(field: &Field, place: Rect) -> Option<Position> {
    let typed = u16::try_from(field.text.visual_cursor()).unwrap_or(u16::MAX);
    let x = place.x + 4_u16.saturating_add(typed);
    let y = place.y + 1;
    place
        .contains(Position { x, y })
        .then_some(Position { x, y })
}
