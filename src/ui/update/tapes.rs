//! The tape: what was done and met in the last hour, saved to a file while the desk runs.

use std::path::PathBuf;

use crate::format::shown_path;
use crate::ui::effect::Effect;
use crate::ui::input::Field;
use crate::ui::model::{Holds, Model, Overlay, PathField, Tone};

/// The file that is offered.
const FILE: &str = "desk.tape";

/// Opens the field for the name of a file.
pub(super) fn ask(model: &mut Model) {
    model.overlays.push(Overlay::Path(PathField {
        writes: true,
        holds: Holds::Tape,
        changes: None,
        times: false,
        field: Field::proposing(FILE),
    }));
}

/// Enter in the field.
pub(super) fn accept(model: &mut Model, path: &PathField) {
    let name = path.field.text.value().trim();
    let name = if name.is_empty() { FILE } else { name };
    save(model, PathBuf::from(name));
}

/// Saves it; a file of that name that this session has not written is somebody's.
pub(super) fn save(model: &mut Model, file: PathBuf) {
    let replaces = model.private.written.contains(&file);
    model.cause(Effect::SaveTape { file, replaces });
}

/// It was saved, or could not be.
pub(super) fn saved(model: &mut Model, file: PathBuf, result: Result<(), String>) {
    match result {
        Ok(()) => {
            let name = shown_path(&file);
            let text = format!("{name} has the tape: faultboard report {name} makes a page of it");
            model.say(Tone::Good, text);
            model.private.written.insert(file);
        }
        Err(why) => model.say(Tone::Trouble, why),
    }
}
