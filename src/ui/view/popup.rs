//! Draws a box over the panes: a border with a title, and what is behind it blank.

use ratatui::layout::Constraint::Length;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::hits::Target;
use super::pen::{Sheet, width};
use crate::ui::input::Field;
use crate::ui::theme::Role;

/// Columns of a list's line before its text: a blank, the mark, a blank.
const MARK: u16 = 3;

/// A list in a box, and what is typed to filter it in the first row.
pub(super) struct Filtered<'a> {
    pub(super) title: &'a str,
    /// The keys that work in it.
    pub(super) footer: &'a str,
    pub(super) filter: &'a Field,
    /// What stands in the filter while nothing is typed.
    pub(super) hint: &'a str,
}

/// Draws a box of this size in the middle of a sheet, its title above and a footer below; returns what is inside.
pub(super) fn popup<'a>(
    sheet: &'a mut Sheet<'_>,
    (columns, rows): (u16, u16),
    [title, footer]: [&str; 2],
) -> Sheet<'a> {
    let place = sheet.area.centered(Length(columns), Length(rows));
    boxed(sheet, place, [title, footer])
}

/// Draws a box in this place of the screen, its title above and a footer below; returns what is inside.
pub(super) fn boxed<'a>(
    sheet: &'a mut Sheet<'_>,
    place: Rect,
    [title, footer]: [&str; 2],
) -> Sheet<'a> {
    let place = place.intersection(sheet.area);
    // A wide character before the border must not reach into it.
    for y in place.top()..place.bottom() {
        let before = place.left().checked_sub(1);
        let before = before.and_then(|x| sheet.buf.cell_mut((x, y)));
        if let Some(cell) = before.filter(|cell| width(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
    Clear.render(place, sheet.buf);
    let titled = |text: &str| Line::styled(format!("─ {text} "), Role::Title);
    let mut block = Block::bordered().title_top(titled(title));
    if !footer.is_empty() {
        block = block.title_bottom(titled(footer));
    }
    let inner = block.inner(place);
    block.render(place, sheet.buf);
    sheet.part(place).holds(Target::Box);
    sheet.part(inner)
}

/// What marks a line of a list, and the styles of its name and of what is said of it.
pub(super) fn line_of_list(selected: bool) -> (&'static str, [Style; 2]) {
    let parts = [Role::Title, Role::Plain];
    if selected {
        ("▸", parts.map(Role::selected))
    } else {
        ("", parts.map(Style::from))
    }
}

/// Shows that a line of a list is selected, over its whole width.
pub(super) fn select(sheet: &mut Sheet<'_>, at: u16) {
    let selected = Role::Plain.selected();
    sheet.row(at).skip(MARK).restyle(selected);
}

impl Filtered<'_> {
    /// Draws the box and the filter; returns what is inside, and where the terminal's cursor belongs.
    pub(super) fn draw<'a>(
        &self,
        sheet: &'a mut Sheet<'_>,
        size: (u16, u16),
    ) -> (Sheet<'a>, Option<Position>) {
        let mut inner = popup(sheet, size, [self.title, self.footer]);
        let mut pen = inner.row(0);
        pen.skip(1).text("> ", Role::Title);
        pen.holds(u16::MAX, Target::Text(0));
        match self.filter.text.value() {
            "" => pen.text(self.hint, Role::Rest),
            typed => pen.text(typed, Role::Plain),
        };
        let typed = u16::try_from(self.filter.text.visual_cursor()).unwrap_or(u16::MAX);
        let cursor = Position {
            x: inner.area.x.saturating_add(3).saturating_add(typed),
            y: inner.area.y,
        };
        let is_inside = cursor.x <= inner.area.right();
        (inner, is_inside.then_some(cursor))
    }
}
