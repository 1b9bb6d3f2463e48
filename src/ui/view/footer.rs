//! The last line: the keys that work here, from the key table; those that do not fit are dropped from the end.

use ratatui::text::Span;

use super::header::SEED_FROM;
use super::hits::Target;
use super::layout::TALL;
use super::pen::{Sheet, width};
use super::strips::looked_for;
use crate::ui::action::Action;
use crate::ui::find::Place;
use crate::ui::keymap::{self, Mode};
use crate::ui::model::{Focus, Model};
use crate::ui::theme::Role;

/// Draws the keys that work here, below a line with the seed where there are two rows.
pub(super) fn draw(model: &Model, mut sheet: Sheet<'_>) {
    if sheet.area.height > 1 {
        let seed = Span::styled(format!("seed {}", model.seed), Role::Plain);
        let draft = draft(model).map(|draft| Span::styled(draft, Role::Plain));
        // Narrow strips have no title of their own.
        let all = model.snapshot.proxies.len();
        let find = looked_for(model, Place::Strips, all).filter(|_| sheet.area.width < TALL);
        let find = find.map(|find| Span::styled(find.content.trim_start().to_owned(), find.style));
        let left: Vec<Span<'_>> = draft.into_iter().chain(find).collect();
        let mut right = Vec::new();
        let is_here = sheet.area.width < SEED_FROM && model.has_seed();
        right.extend(is_here.then_some(seed));
        if !model.has_mouse {
            // What cannot be clicked must say what helps.
            let gap = if right.is_empty() { "" } else { "  " };
            let off = format!("{gap}% mouse off");
            right.push(Span::styled(off, Role::Plain));
        }
        sheet.title(&left, [right]);
    }
    // Whether the line that has the keys changes a proxy and adds none.
    let is_editing = model.mode() == Mode::Input && model.input.editing.is_some();
    let mut pen = sheet.row(sheet.area.height.saturating_sub(1));
    pen.skip(1);
    if model.climbing().is_some() {
        pen.text("any key", Role::Title);
        pen.text(" stops the sweep", Role::Plain);
        return;
    }
    for mut hint in keymap::footer(model.mode()) {
        if is_editing && matches!(hint.action, Action::Accept) {
            "change it".clone_into(&mut hint.words);
        }
        if width(&hint.keys) + width(&hint.words) + 1 > pen.room() {
            break;
        }
        let columns = width(&hint.keys) + 1 + width(&hint.words);
        pen.holds(columns, Target::Key(hint.action.clone()));
        pen.text(&hint.keys, Role::Title).skip(1);
        pen.text(&hint.words, Role::Plain).skip(2);
    }
}

/// That a line was left before it was entered, and which key goes on with it.
fn draft(model: &Model) -> Option<String> {
    let input = &model.input;
    if model.focus == Focus::Input || input.field.text.value().is_empty() {
        return None;
    }
    Some(match input.editing.and_then(|id| model.proxy(id)) {
        Some((_, row)) => format!("edit of {} not entered: Esc forgets it", row.name),
        None => "a line is not entered: a goes on with it".to_owned(),
    })
}
