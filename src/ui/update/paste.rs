//! What is pasted: one line goes to the cursor, several are shown before they are added.

use super::input::{changed, field};
use super::{line, proxies};
use crate::command::parse_line;
use crate::fault::Plan;
use crate::scene::without_comment;
use crate::ui::input::{Check, PastedLine, shown_or_blank};
use crate::ui::keymap::Mode;
use crate::ui::model::undo::Setup;
use crate::ui::model::{Model, Tone};

/// What was pasted goes to the cursor; several lines at once are shown before they are added. Terminals end a pasted line
/// with CR, programs with LF or both.
pub(super) fn paste(model: &mut Model, text: &str) {
    let takes_lines = model.mode() == Mode::Input;
    let lines = text.split(['\r', '\n']).map(|line| {
        // A scene has comments beside its mappings.
        let line = if takes_lines {
            without_comment(line)
        } else {
            line
        };
        let line: String = line.chars().map(shown_or_blank).collect();
        line.trim().to_owned()
    });
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    match (field(model), lines.as_slice()) {
        (None, _) => {
            let text = "not pasted: a text goes into a field, a opens the input line";
            model.say(Tone::Plain, text);
        }
        (Some(_), []) => {}
        (Some(_), [_, _, ..]) if takes_lines => {
            let lines = lines.into_iter().map(|text| PastedLine {
                text,
                check: Check::Empty,
            });
            model.input.pasted = lines.collect();
            model.input.armed = false;
            line::check(model);
        }
        (Some(field), [text, ..]) => {
            field.insert(text);
            changed(model);
        }
    }
}

/// Enter adds them. Where one is wrong, the first Enter asks and the second one adds those that are right.
pub(super) fn accept(model: &mut Model) {
    line::recheck(model);
    if !model.input.armed && !model.input.pasted_right() {
        model.input.armed = true;
        return;
    }
    let lines = std::mem::take(&mut model.input.pasted);
    line::forget(model);
    let (right, wrong): (Vec<_>, Vec<_>) = lines.into_iter().partition(PastedLine::is_right);
    for PastedLine { text, .. } in &right {
        let Ok((mapping, settings)) = parse_line(text) else {
            continue;
        };
        model.input.remember(text);
        let plan = Plan::of(settings);
        proxies::add(model, Setup { mapping, plan });
    }
    correct(model, &wrong);
}

/// The first wrong line comes to the input line to be corrected, the others wait in the history. So does what was
/// typed there.
fn correct(model: &mut Model, wrong: &[PastedLine]) {
    let Some((first, others)) = wrong.split_first() else {
        return;
    };
    let typed = model.input.field.text.value().trim().to_owned();
    if !typed.is_empty() {
        model.input.remember(&typed);
    }
    for other in others.iter().rev() {
        model.input.remember(&other.text);
    }
    model.input.editing = None;
    model.input.field.set(first.text.clone());
    line::check(model);
    if !others.is_empty() {
        let text = format!("{} more lines to correct: ↑ brings them", others.len());
        model.say(Tone::Plain, text);
    }
}
