//! All that happened on the whole screen, the newest first, folded or line by line.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::hits::Target;
use super::log::draw_rows;
use super::pen::Sheet;
use super::strips::looked_for;
use crate::ui::find::Place;
use crate::ui::fold::{Row, folded};
use crate::ui::format;
use crate::ui::model::{EventList, Model};
use crate::ui::theme::Role;

/// How many rows are visible.
pub(super) fn room(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// The rows, the newest first.
pub(super) fn rows<'a>(model: &'a Model, list: &EventList) -> Vec<Row<'a>> {
    let lines = model.found_lines(list.from);
    if list.folds {
        folded(lines, usize::MAX)
    } else {
        lines.map(Row::Said).collect()
    }
}

/// Draws what happened.
pub(super) fn draw(model: &Model, list: &EventList, mut sheet: Sheet<'_>) {
    let rows = rows(model, list);
    let visible = room(sheet.area);
    let mut left = vec![
        Span::styled("what happened", Role::Title),
        Span::styled(
            format!(
                "  {}",
                super::strips::position(list.first, visible, rows.len())
            ),
            Role::Plain,
        ),
    ];
    left.extend(looked_for(model, Place::Events, model.log.len()));
    let folded = if list.folds {
        ", connections counted"
    } else {
        ""
    };
    let right = match list.from.map(|from| model.logged.saturating_sub(from)) {
        None => Span::styled(format!("follows{folded}"), Role::Good),
        Some(0) => Span::styled(format!("stands still{folded}"), Role::Plain),
        Some(newer) => {
            let text = format!("{} newer: g follows", format::count(newer));
            Span::styled(text, Role::Injected)
        }
    };
    sheet.holds(Target::Page);
    sheet.rule(Role::Title, &left, [vec![right]]);
    if rows.is_empty() {
        sheet.row(1).skip(2).text("nothing yet", Role::Rest);
    }
    let shown = rows.into_iter().skip(list.first).take(visible);
    draw_rows(&shown.collect::<Vec<_>>(), &mut sheet);
}
