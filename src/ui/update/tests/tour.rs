//! A tour: what its acts set, the keys that they wait for, and one that plays itself.

use crossterm::event::KeyEvent;

use super::*;
use crate::tour;
use crate::ui::model::{Guide, Overlay};

const TEXT: &str = "act One\nshow web\nturn LAT\nclear all\npress 5\nhold 10s\n\
    act Two\nset web latency 1s\npress ' v 1\nhold 10s\n\
    act Three\nshow db\n";

/// A desk that is led through, as it begins; whether it plays itself.
fn led(plays: bool) -> Model {
    let tour = tour::parse(TEXT, |key| keymap::Key::named(key).is_some());
    assert_eq!(tour.problems("x").count(), 0);
    let mut model = empty();
    model.guide = Some(Guide::new(Arc::new(tour), plays));
    model.now = Duration::from_secs(1);
    update(&mut model, Action::Sampled(Arc::new(desk())));
    model
}

/// The act, counted from 1, how many of its keys were pressed, and whether those were all.
fn place(model: &Model) -> (usize, usize, bool) {
    let guide = model.guide.as_ref().expect("a tour");
    (
        guide.at.map_or(0, |at| at + 1),
        guide.pressed,
        guide.is_done(),
    )
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.split_whitespace() {
        let key = keymap::Key::named(key).expect("a key");
        let action = keymap::lookup(model.mode(), KeyEvent::new(key.code, key.modifiers));
        update(model, action);
    }
}

/// Lets so many seconds pass, and does what a tour does when its time has come.
fn pass(model: &mut Model, seconds: u64) -> Vec<Effect> {
    let until = model.now + Duration::from_secs(seconds);
    let mut effects = Vec::new();
    while let Some(due) = model
        .guide
        .as_ref()
        .and_then(Guide::due)
        .filter(|due| *due <= until)
    {
        model.now = due.max(model.now);
        effects.extend(update(model, Action::PlayOn));
    }
    model.now = until;
    effects
}

#[test]
fn the_first_act_shows_its_proxy_in_large_figures() {
    let model = led(false);
    assert_eq!(place(&model), (1, 0, false));
    assert_eq!(model.selected, Some(ProxyId(2)));
    assert!(matches!(model.overlays.as_slice(), [Overlay::Presenter]));
}

#[test]
fn an_act_waits_for_the_keys_that_it_names_and_sets_the_next() {
    let mut model = led(false);
    press(&mut model, "6 right");
    assert_eq!(place(&model), (1, 0, false), "other keys do what they do");
    press(&mut model, "5");
    assert_eq!(place(&model), (1, 1, true));
    assert_eq!(shown(&model, 2), "latency 250ms");
    press(&mut model, "n");
    assert_eq!(place(&model), (2, 0, false));
    assert_eq!(shown(&model, 2), "latency 1s");
    press(&mut model, "' v 1");
    assert_eq!(place(&model), (2, 3, true));
    assert_eq!(shown(&model, 2), "latency 1s, blackhole");
    press(&mut model, "N");
    assert_eq!(place(&model), (1, 0, false));
    assert_eq!(
        shown(&model, 2),
        "",
        "an act begins as it says, from wherever one comes"
    );
}

#[test]
fn the_last_act_has_none_after_it_and_the_first_none_before() {
    let mut model = led(false);
    press(&mut model, "N");
    assert_eq!(place(&model).0, 1);
    press(&mut model, "n n n");
    assert_eq!(place(&model).0, 3);
    assert_eq!(model.selected, Some(ProxyId(1)));
    assert_eq!(
        notice(&model),
        "this was the last act: N goes back, q quits"
    );
}

#[test]
fn without_somebody_who_presses_nothing_happens_by_itself() {
    let mut model = led(false);
    assert_eq!(pass(&mut model, 1_000), []);
    assert_eq!(place(&model), (1, 0, false));
}

#[test]
fn a_tour_that_plays_itself_presses_its_keys_and_begins_anew() {
    let mut model = led(true);
    assert_eq!(plans(&pass(&mut model, 5)), ["2: latency 250ms"]);
    assert_eq!(place(&model), (1, 1, true));
    pass(&mut model, 6);
    assert_eq!(place(&model), (2, 0, false));
    pass(&mut model, 9);
    assert_eq!(place(&model), (3, 0, true));
    assert_eq!(shown(&model, 2), "latency 1s, blackhole");
    pass(&mut model, 10);
    assert_eq!(place(&model).0, 1);
}

#[test]
fn a_tour_that_plays_itself_comes_back_from_where_its_key_means_nothing() {
    let mut model = led(true);
    press(&mut model, "?");
    pass(&mut model, 5);
    assert!(matches!(model.overlays.as_slice(), [Overlay::Presenter]));
    assert_eq!(place(&model), (1, 0, false));
    pass(&mut model, 5);
    assert_eq!(place(&model), (1, 1, true));
}
