//! What an action makes of the model, and what must happen outside.
//!
//! Every action is accepted in every mode; what makes no sense there changes nothing. Nothing here waits, draws or reads a
//! clock: the loop puts the time into `model.now` before it calls.
//!
//! ```text
//!  action ─► mixer        moving, panes
//!            turn         knobs, bypass: new plans ─► Request::SetPlan
//!            settings     A and B: two settings of a proxy
//!            undo         steps back and forth
//!            proxies      add, delete, open, close
//!            input        typing into the line and the fields
//!            value        the field of a knob's value
//!            paste        what is pasted
//!            line         the input line, and what is said of it
//!            connections  the table: rows, cutting
//!            order        where its rows stand
//!            find         what is looked for in a list
//!            copy         what is selected, as text for the clipboard
//!            contact      engines elsewhere, and what is refused while they cannot be reached
//!            closer       a connection, a proxy, all that happened on the whole screen
//!            own          what is set for one connection alone
//!            looks        colours
//!            mouse        what is clicked, dragged, wheeled
//!            tour         acts, and the keys that they ask for
//!            overlay      help, value, questions, leaving
//!            presets      the list of presets
//!            scenes       files
//!            sweeps       faults that are climbed
//!            tapes        the tape of the last hour
//!            course       what was set when, for a scene with times
//!            engine       snapshots, events, what became of what was asked
//!        ─► settle        selection, scrolling and lists fit what there is now
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

use super::ability;
use super::action::{Action, Answer};
use super::effect::Effect;
use super::keymap::Mode;
use super::model::{Focus, Line, Model, Overlay, Tone};
use super::view::{self, Room};
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{Kill, ProxyId};

mod closer;
mod connections;
mod contact;
mod copy;
mod course;
mod engine;
mod find;
mod input;
mod line;
mod looks;
mod mixer;
mod mouse;
mod order;
mod overlay;
mod own;
mod palette;
mod paste;
mod presets;
mod proxies;
mod scenes;
mod settings;
mod sweeps;
mod tapes;
mod tour;
mod turn;
mod undo;
mod value;

pub use scenes::{OpenScene, begin_with};

/// How far a step goes in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    First,
    Back(usize),
    On(usize),
    Last,
}

impl Step {
    /// Where the step leads from `place` in a list of `len`.
    fn from(self, place: usize, len: usize) -> usize {
        let last = len.saturating_sub(1);
        match self {
            Self::First => 0,
            Self::Back(by) => place.saturating_sub(by),
            Self::On(by) => place.saturating_add(by).min(last),
            Self::Last => last,
        }
    }
}

/// The first of `room` rows that are visible, moved from `first` only as far as it takes to show row `row`.
fn first_visible(first: usize, row: usize, room: usize) -> usize {
    first.clamp((row + 1).saturating_sub(room).min(row), row)
}

/// Says what was wrong with the user's files before the console began.
pub fn note(model: &mut Model, notes: &[String]) {
    for note in notes {
        model.log(Line::new(model.now, "", note, Tone::Trouble));
        model.say(Tone::Trouble, note);
    }
}

/// Takes one action and says what must happen outside, in that order.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    if by_the_user(&action) {
        model.wake();
        tour::watch(model, &action);
    }
    if model.climbing().is_some() && sweeps::is_key(&action) {
        sweeps::stop(model);
        return std::mem::take(&mut model.private.effects);
    }
    // Events come by the thousand, and the lists do not show them: a snapshot does.
    let begins = matches!(action, Action::Sampled(_));
    let moves_lists = !matches!(action, Action::Happened(_) | Action::Lost(_) | Action::Tick);
    apply(model, action);
    if begins {
        tour::begin(model);
    }
    if moves_lists {
        settle(model);
    }
    for port in std::mem::take(&mut model.input.unprobed) {
        model.ask(Request::Probe(port));
    }
    std::mem::take(&mut model.private.effects)
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each action: the compiler says where one is forgotten"
)]
fn apply(model: &mut Model, action: Action) {
    if let Some(why) = ability::why_not(model, &action) {
        return model.say(Tone::Plain, why);
    }
    match action {
        Action::Up => step(model, Step::Back(1)),
        Action::Down => step(model, Step::On(1)),
        Action::First => step(model, Step::First),
        Action::Last => step(model, Step::Last),
        Action::PageUp => step(model, Step::Back(page(model))),
        Action::PageDown => step(model, Step::On(page(model))),
        Action::NextPane => mixer::pane(model, 1),
        Action::PreviousPane => mixer::pane(model, 2),
        Action::ToConnections => model.focus = Focus::Connections,
        Action::NextKnob => mixer::next_knob(model, true),
        Action::PreviousKnob => mixer::next_knob(model, false),
        Action::PickKnob => model.overlays.push(Overlay::Knobs),
        Action::ChooseKnob(knob) => mixer::choose_knob(model, knob),
        Action::TakeOff(place) => on_selected(model, |model, id| turn::take_off(model, id, place)),
        Action::Mark => on_selected(model, mixer::mark),
        Action::Compact => mixer::compact(model),
        Action::NextDirections => mixer::next_directions(model),
        Action::Freeze => engine::freeze(model),
        Action::NextScheme => looks::next_scheme(model),
        Action::ToggleMouse => mouse::toggle(model),
        Action::Mouse(event) => mouse::mouse(model, event),
        Action::Focused => mouse::focused(model),
        Action::Background(ground) => looks::background(model, ground),
        Action::NextRateUnit => mixer::next_rate_unit(model),
        Action::Turn(turn) => on_selected(model, |model, id| turn::turn(model, id, turn)),
        Action::AllOff => on_selected(model, turn::all_off),
        Action::Bypass => on_selected(model, turn::bypass),
        Action::SwapSettings => on_selected(model, settings::swap),
        Action::EndSettings => on_selected(model, settings::end),
        Action::BypassAll => on_selected(model, |model, _| turn::bypass_all(model)),
        Action::Solo => on_selected(model, turn::solo),
        Action::Undo => undo::undo(model),
        Action::Redo => undo::redo(model),
        Action::Add => input::start(model),
        Action::EditMapping => on_selected(model, input::start_edit),
        Action::Delete => on_selected(model, proxies::delete),
        Action::Copy => copy::copy(model),
        Action::TogglePort => on_selected(model, proxies::toggle_port),
        Action::Sort => connections::choose_sort(model),
        Action::Find => find::open(model),
        Action::LookCloser => closer::open(model),
        Action::Events => closer::events(model),
        Action::Findings => closer::findings(model),
        Action::Sweep => on_selected(model, sweeps::start),
        Action::Sweeps => sweeps::show(model),
        Action::LayOver => sweeps::lay_over(model),
        Action::Presenter => closer::presenter(model),
        Action::Fold => closer::fold(model),
        Action::NextOne => closer::next(model, Step::On(1)),
        Action::PreviousOne => closer::next(model, Step::Back(1)),
        Action::Exempt => own::switch(model, own::Switch::Exempt),
        Action::FreezeConnection => own::switch(model, own::Switch::Frozen),
        Action::Alone => own::alone(model),
        Action::Reset => connections::cut(model, Kill::Rst),
        Action::HalfClose => connections::cut(model, Kill::Fin),
        Action::Edit(request) => input::edit(model, request),
        Action::ClearText => input::clear(model),
        Action::Pasted(text) => paste::paste(model, &text),
        Action::Complete => input::complete(model),
        Action::HistoryBack => input::recall(model, true),
        Action::HistoryForward => input::recall(model, false),
        Action::Help => overlay::help(model),
        Action::TypeValue => on_selected(model, value::open),
        Action::Palette(line) => palette::open(model, line),
        Action::ToProxy(proxy) => mixer::to_proxy(model, proxy),
        Action::Presets => on_selected(model, presets::open),
        Action::Audition => presets::audition(model),
        Action::PresetForAll => presets::take_for_all(model),
        Action::KeepPreset => presets::keep(model),
        Action::WriteScene => match model.overlays.last() {
            Some(Overlay::Sweep(page)) => sweeps::ask_file(model, *page),
            _ => scenes::ask(model, true),
        },
        Action::OpenScene => scenes::ask(model, false),
        Action::SaveTape => tapes::ask(model),
        Action::Accept => overlay::accept(model),
        Action::Back => overlay::back(model),
        Action::Quit => overlay::quit(model),
        Action::QuitNow | Action::Terminated => model.cause(Effect::Quit),
        Action::Drain => overlay::drain(model),
        Action::Interrupt => overlay::interrupt(model),
        Action::Suspend => overlay::suspend(model),
        Action::Redraw => model.cause(Effect::Repaint),
        Action::Sampled(snapshot) => engine::sampled(model, snapshot),
        Action::Contact(contact) => contact::changed(model, &contact),
        Action::Happened(event) => engine::happened(model, &event),
        // The console was too slow for so many events.
        Action::Lost(count) => model.lost = model.lost.saturating_add(count),
        Action::Answered(answer) => answered(model, answer),
        Action::Tick => engine::tick(model),
        Action::PlayOn => {
            tour::play_on(model);
            scenes::play_on(model);
        }
        Action::Resized(size) => model.size = size,
        Action::Unbound(key) => overlay::unbound(model, key),
    }
}

/// Does something to the selected proxy. Without one, the user is told what would help.
fn on_selected(model: &mut Model, does: impl FnOnce(&mut Model, ProxyId)) {
    match model.selected.filter(|id| model.knows(*id)) {
        Some(id) => does(model, id),
        None => model.say(Tone::Plain, "no proxy yet: a adds one"),
    }
}

/// How far a page goes in the list that has the keys.
fn page(model: &Model) -> usize {
    visible(model, &view::room(model.size, model))
        .saturating_sub(1)
        .max(1)
}

/// How many rows of the list that has the keys are visible.
fn visible(model: &Model, room: &Room) -> usize {
    match model.mode() {
        Mode::Connections => room.conns,
        Mode::Help | Mode::Sort => room.help,
        Mode::Detail | Mode::Strip | Mode::Events | Mode::Findings | Mode::Sweep => room.told,
        Mode::Presets => room.presets,
        Mode::Palette => room.palette,
        Mode::Mixer
        | Mode::Presenter
        | Mode::Input
        | Mode::Value
        | Mode::Knobs
        | Mode::Path
        | Mode::Find
        | Mode::Quit
        | Mode::Confirm => room.strips,
    }
}

/// Moves in the list that has the keys.
fn step(model: &mut Model, step: Step) {
    match model.mode() {
        Mode::Mixer | Mode::Strip | Mode::Presenter => mixer::strip(model, step),
        Mode::Connections => connections::step(model, step),
        Mode::Help | Mode::Presets | Mode::Palette | Mode::Sort => overlay::step(model, step),
        Mode::Find => find::step(model, step),
        Mode::Detail | Mode::Events | Mode::Findings => closer::scroll(model, step),
        Mode::Sweep
        | Mode::Input
        | Mode::Value
        | Mode::Knobs
        | Mode::Path
        | Mode::Quit
        | Mode::Confirm => {}
    }
}

/// The engine did, or refused, what was asked, or a file was written or read.
fn answered(model: &mut Model, answer: Answer) {
    match answer {
        Answer::Engine(ticket, result) => match (model.private.asked.remove(&ticket), result) {
            (Some(asked), result) => proxies::answered(model, asked, result),
            (None, Ok(outcome)) => done(model, ticket, outcome),
            (None, Err(why)) => refused(model, ticket, &why),
        },
        Answer::SceneWritten { file, result } => scenes::written(model, file, result),
        Answer::SweepWritten { file, result } => sweeps::saved(model, file, result),
        Answer::TapeSaved { file, result } => tapes::saved(model, file, result),
        Answer::PresetKept { name, result } => presets::kept(model, &name, result),
        Answer::SceneRead { file, text } => scenes::read(model, file, text),
    }
}

/// The engine did what it was asked, where the answer says all that is to be known.
fn done(model: &mut Model, ticket: u64, outcome: Outcome) {
    match outcome {
        Outcome::Planned(proxy, taken) => engine::set(model, ticket, proxy, taken),
        Outcome::Killed(conn, how) => engine::killed(model, conn, how),
        Outcome::Owned(proxy, _, taken) => own::taken(model, ticket, proxy, taken),
        Outcome::Sweeping(proxy, curve) => sweeps::begun(model, proxy, curve),
        // Events tell of it.
        Outcome::Watching | Outcome::Swept(..) => {}
        Outcome::KilledAll(count, _) => {
            model.say(Tone::Plain, format!("{count} connections reset by you"));
        }
        Outcome::Probed(port, result) => {
            line::probed(model, port, result.map_err(|error| error.to_string()));
        }
        Outcome::Stopped => model.cause(Effect::Quit),
        Outcome::Added(_)
        | Outcome::Removed(_)
        | Outcome::Renamed(..)
        | Outcome::PortSet(_)
        | Outcome::Repointed(_) => model.unasked(),
    }
}

/// The engine refused what it was asked, where the answer says all that is to be known.
fn refused(model: &mut Model, ticket: u64, why: &RequestError) {
    engine::forget_drafts(model, ticket);
    match why {
        RequestError::NoConnection(conn) => {
            model.say(Tone::Plain, format!("#{} is gone already", conn.0));
        }
        RequestError::NoProxy(proxy) => engine::gone(model, *proxy),
        RequestError::Changed(_)
        | RequestError::Name(_)
        | RequestError::Add(_)
        | RequestError::Port(_)
        | RequestError::Sweep(_)
        | RequestError::NoContact(_)
        | RequestError::Refused(_) => {
            model.say(Tone::Trouble, why.to_string());
        }
    }
}

/// Whether it comes from the keyboard: that wakes a quiet console.
fn by_the_user(action: &Action) -> bool {
    !matches!(
        action,
        Action::Tick
            | Action::PlayOn
            | Action::Sampled(_)
            | Action::Happened(_)
            | Action::Lost(_)
            | Action::Contact(_)
            | Action::Background(_)
            | Action::Focused
    )
}

/// Makes selection, scrolling and lists fit what there is now.
fn settle(model: &mut Model) {
    let gone = |model: &Model, overlay: &Overlay| match overlay {
        Overlay::Delete(id) => !model.knows(*id),
        Overlay::Value(field) => !model.knows(field.proxy),
        Overlay::Presets(list) => !model.knows(list.proxy),
        Overlay::Conn(detail) => !model.knows(detail.row.proxy),
        Overlay::Strip | Overlay::Presenter => model.selected_row().is_none(),
        Overlay::Sweep(page) => model.sweeps.of(page.number).is_none(),
        Overlay::Help(_)
        | Overlay::Palette(_)
        | Overlay::Events(_)
        | Overlay::Findings(_)
        | Overlay::Knobs
        | Overlay::Path(_)
        | Overlay::Find(_)
        | Overlay::Sort(_)
        | Overlay::ResetAll(_)
        | Overlay::Quit
        | Overlay::Suspend => false,
    };
    let mut overlays = std::mem::take(&mut model.overlays);
    overlays.retain(|overlay| !gone(model, overlay));
    model.overlays = overlays;
    input::settle(model);
    let room = view::room(model.size, model);
    mixer::settle(model, room.strips);
    connections::settle(model, room.conns);
    own::settle(model);
    closer::settle(model, view::ends(model));
    palette::refresh(model);
    overlay::settle(model, visible(model, &room));
}

#[cfg(test)]
mod tests;
