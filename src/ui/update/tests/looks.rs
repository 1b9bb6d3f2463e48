//! What the screen looks like.

use super::*;
use crate::look::{Glyphs, Scheme};
use crate::ui::theme::{Charset, Depth, Ground, Theme};

fn on(ground: Ground) -> Model {
    let mut model = model();
    model.terminal = Theme {
        ground,
        ..Theme::default()
    };
    model.theme = model.terminal;
    model
}

#[test]
fn a_key_goes_through_the_colours_and_says_which_they_are() {
    let mut model = on(Ground::Light);
    for (scheme, said, ground, depth) in [
        (Scheme::Dark, "dark", Ground::Dark, Depth::True),
        (Scheme::Light, "light", Ground::Light, Depth::True),
        (Scheme::Ansi, "ansi", Ground::Light, Depth::Ansi),
        (Scheme::Mono, "mono", Ground::Light, Depth::Mono),
        (
            Scheme::HighContrast,
            "high-contrast",
            Ground::Light,
            Depth::True,
        ),
        (
            Scheme::Auto,
            "auto: light, as the background is",
            Ground::Light,
            Depth::True,
        ),
    ] {
        does(&mut model, [Action::NextScheme]);
        assert_eq!(model.scheme, scheme);
        assert_eq!(notice(&model), format!("colours: {said}"));
        assert_eq!((model.theme.ground, model.theme.depth), (ground, depth));
        assert_eq!(model.theme.high_contrast, scheme == Scheme::HighContrast);
    }
}

#[test]
fn a_background_that_is_known_late_is_taken_unless_the_user_asked_for_another() {
    for (scheme, ground) in [(Scheme::Auto, Ground::Light), (Scheme::Dark, Ground::Dark)] {
        let mut model = on(Ground::Unknown);
        model.scheme = scheme;
        model.glyphs = Glyphs::Ascii;
        does(&mut model, [Action::Background(Ground::Light)]);
        assert_eq!(model.theme.ground, ground);
        assert_eq!(model.theme.charset, Charset::Ascii);
    }
}

#[test]
fn the_title_says_what_is_selected_and_set() {
    let mut model = model();
    let title = |model: &Model| crate::ui::view::title(model);
    assert_eq!(title(&empty()), "faultboard");
    assert_eq!(title(&model), "faultboard: db");
    does(
        &mut model,
        [turn(Turn::To(5)), Action::ChooseKnob(2), turn(Turn::To(6))],
    );
    assert_eq!(title(&model), "faultboard: db 250ms 64K/s");
    does(&mut model, [Action::Bypass]);
    assert_eq!(title(&model), "faultboard: db bypassed");
    does(&mut model, [Action::Down]);
    assert_eq!(title(&model), "faultboard: web");
}
