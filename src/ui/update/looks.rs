//! What the screen looks like: the colours that its user asks for, on the background that the terminal has.

use crate::ui::model::{Model, Tone};
use crate::ui::theme::Ground;

/// On to the next colours.
pub(super) fn next_scheme(model: &mut Model) {
    model.scheme = model.scheme.next();
    dress(model);
    let ground = match model.terminal.ground {
        _ if model.scheme.name() != "auto" => "",
        Ground::Dark => ": dark, as the background is",
        Ground::Light => ": light, as the background is",
        Ground::Unknown => ": the terminal does not say what its background is",
    };
    let text = format!("colours: {}{ground}", model.scheme.name());
    model.say(Tone::Plain, text);
}

/// The terminal has said what its background is.
pub(super) fn background(model: &mut Model, ground: Ground) {
    model.terminal.ground = ground;
    dress(model);
}

fn dress(model: &mut Model) {
    model.theme = model.terminal.wished(model.scheme, model.glyphs);
}
