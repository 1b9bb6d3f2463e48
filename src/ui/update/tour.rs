//! A tour: its acts are set, and the keys that they ask for are waited for, or pressed.

use super::{Step, apply, mixer, palette};
use crate::ui::action::Action;
use crate::ui::keymap::{self, Key};
use crate::ui::knob;
use crate::ui::model::{Focus, Guide, Model, Overlay, Tone};

/// Begins with the first act once there are proxies to show.
pub(super) fn begin(model: &mut Model) {
    let waits = model.guide.as_ref().is_some_and(|guide| guide.at.is_none());
    if waits && !model.snapshot.proxies.is_empty() {
        enter(model, 0);
    }
}

/// The act after this one, or the one before.
pub(super) fn step(model: &mut Model, step: Step) {
    let Some(Guide {
        tour,
        at: Some(at),
        plays,
        ..
    }) = &model.guide
    else {
        return;
    };
    let (at, last) = (*at, tour.acts.len() - 1);
    match step {
        // A tour that plays itself has no end.
        Step::On(_) if at == last && *plays => enter(model, 0),
        Step::On(_) if at == last => {
            model.say(Tone::Plain, "this was the last act: N goes back, q quits");
        }
        Step::First | Step::Back(_) | Step::On(_) | Step::Last => {
            enter(model, step.from(at, last + 1));
        }
    }
}

/// Sets an act: its proxy in large figures, its knob, and what it does at its beginning.
fn enter(model: &mut Model, at: usize) {
    let now = model.now;
    let Some(guide) = &mut model.guide else {
        return;
    };
    (guide.at, guide.since, guide.pressed) = (Some(at), now, 0);
    let Some(act) = guide.act().cloned() else {
        return;
    };
    if let Some(name) = &act.show {
        let mut rows = model.newest().proxies.iter();
        match rows.find(|row| row.name == *name).map(|row| row.id) {
            Some(id) => mixer::to_proxy(model, id),
            None => model.say(
                Tone::Trouble,
                format!("the tour shows {name}, which is gone"),
            ),
        }
    }
    let knobs = knob::all();
    if let Some(place) = act
        .turn
        .and_then(|label| knobs.iter().position(|it| it.knob.label == label))
    {
        mixer::choose_knob(model, place);
    }
    for command in act.commands {
        palette::carry_out(model, command);
    }
    model.focus = Focus::Mixer;
    model.overlays = vec![Overlay::Presenter];
    model.notice = None;
}

/// Looks whether the user did what the act asks for next.
pub(super) fn watch(model: &mut Model, action: &Action) {
    let asked = asked(model).map(|(asked, _)| keymap::name(&asked));
    if asked.is_some_and(|asked| asked == keymap::name(action))
        && let Some(guide) = &mut model.guide
    {
        guide.pressed += 1;
    }
}

/// Presses the next key of the act, or goes on to the next act, where the time for it has come.
pub(super) fn play_on(model: &mut Model) {
    let due = model.guide.as_ref().and_then(Guide::due);
    if due.is_none_or(|due| due > model.now) {
        return;
    }
    model.wake();
    if model.guide.as_ref().is_some_and(Guide::is_done) {
        return step(model, Step::On(1));
    }
    match asked(model) {
        Some((action, _)) => {
            watch(model, &action);
            apply(model, action);
        }
        // Somebody has gone elsewhere, where the key means nothing.
        None => enter(
            model,
            model.guide.as_ref().and_then(|guide| guide.at).unwrap_or(0),
        ),
    }
}

/// What the act asks for next, where the keys are, and the key that means it.
fn asked(model: &Model) -> Option<(Action, Key)> {
    let guide = model.guide.as_ref()?;
    let word = guide.act()?.press.get(guide.pressed)?;
    keymap::by_default(model.mode(), Key::named(word)?)
}
