//! Draws the list of columns by which the connections can be sorted.

use super::hits::Target;
use super::pen::Sheet;
use super::popup::{line_of_list, popup, select};
use crate::ui::model::{Column, Model, SortList};
use crate::ui::theme::Role;

/// Columns of the box.
const WIDTH: u16 = 44;

/// Draws the columns in a box.
pub(super) fn draw(model: &Model, list: &SortList, sheet: &mut Sheet<'_>) {
    let rows = u16::try_from(Column::ALL.len() + 2).unwrap_or(u16::MAX);
    let rows = rows.min(sheet.area.height);
    let footer = "Enter sorts by it, again turns it round";
    let mut inner = popup(sheet, (WIDTH, rows), ["sort connections by", footer]);
    let visible = usize::from(inner.area.height);
    let first = (list.line + 1).saturating_sub(visible);
    let sort = model.conns.sort;
    for (at, (index, column)) in (0..).zip(Column::ALL.iter().enumerate().skip(first)) {
        let (mark, [name, words]) = line_of_list(index == list.line);
        let mut pen = inner.row(at);
        pen.holds(u16::MAX, Target::Line(index));
        pen.skip(1).text(mark, Role::Title).to(3);
        pen.left(column.label(), 8, name).skip(1);
        if sort.column == *column {
            let order = if sort.descending {
                "▾ greatest first"
            } else {
                "▴ least first"
            };
            pen.text(order, words);
        }
        if index == list.line {
            select(&mut inner, at);
        }
    }
}
