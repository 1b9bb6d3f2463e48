//! A box over the panes: a border, a title, what is behind it blank.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::pen::width;
use crate::ui::theme::{Role, Theme};

/// Draws a box of this size in the middle of an area, and returns what is inside.
pub(super) fn popup(
    [title, footer]: [&str; 2],
    (columns, rows): (u16, u16),
    area: Rect,
    buf: &mut Buffer,
    theme: Theme,
) -> Rect {
    let place = area.centered(
        ratatui::layout::Constraint::Length(columns.min(area.width)),
        ratatui::layout::Constraint::Length(rows.min(area.height)),
    );
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
