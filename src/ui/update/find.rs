//! What is looked for in a list: typed, kept, forgotten.

use super::{Step, connections, mixer};
use crate::ui::find::Place;
use crate::ui::model::{Focus, Model, Overlay, Tone};

/// Opens the field for the pane that has the keys, with what is looked for already.
pub(super) fn open(model: &mut Model) {
    let place = match (model.overlays.last(), model.focus) {
        (Some(Overlay::Events(_)), _) => Place::Events,
        (None, Focus::Mixer) => Place::Strips,
        (None, Focus::Connections) => Place::Conns,
        (Some(_), _) | (None, Focus::Input) => return,
    };
    model.overlays.push(Overlay::Find(place));
}

/// The text is another one.
pub(super) fn changed(model: &mut Model) {
    if let Some(Overlay::Find(place)) = model.overlays.last() {
        model.finds.of_mut(*place).changed(*place);
    }
}

/// Moves in the list while its field is open.
pub(super) fn step(model: &mut Model, step: Step) {
    match model.overlays.last() {
        Some(Overlay::Find(Place::Strips)) => mixer::strip(model, step),
        Some(Overlay::Find(Place::Conns)) => connections::step(model, step),
        _ => {}
    }
}

/// Enter: the text is kept; one that is not right keeps the field open.
pub(super) fn accept(model: &mut Model, place: Place) {
    if let Some(error) = &model.finds.of(place).error {
        let text = format!("not kept: {}", error.message);
        model.say(Tone::Trouble, text);
        model.overlays.push(Overlay::Find(place));
    }
}

/// Shows all rows of a list again. Says whether something was looked for.
pub(super) fn forget_in(model: &mut Model, place: Place) -> bool {
    let find = model.finds.of_mut(place);
    let was_looked_for = !find.is_empty();
    find.forget();
    was_looked_for
}
