//! The mouse: what stands under it is asked of the view, and what it then does is what keys do.
//!
//! ```text
//!  wheel over a knob turns it, over a list moves in it      click on a track sets it, and a drag keeps its row
//!  click on a knob's name chooses it, the right button turns it off      on ●, ⊘ …: bypass      on a head: sort
//!  on a key that is printed: that key      on a row: selects it, and once it is selected, what Enter does
//!  in a text: puts the cursor there      on a line of what happened: copies it
//! ```

use std::time::Duration;

use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Step, closer, connections, input, mixer, overlay, turn};
use crate::snapshot::ProxyId;
use crate::ui::effect::Effect;
use crate::ui::keymap;
use crate::ui::knob::Turn;
use crate::ui::model::{Dragged, Focus, Model, Overlay, Tone};
use crate::ui::view::{Target, target_at};

/// A click so soon after the window got the focus is the one that gave it.
const FOCUSING: Duration = Duration::from_millis(300);

/// How many rows the wheel goes.
const ROWS: usize = 3;

/// Switches the mouse off, so that the terminal selects text with it, or on.
pub(super) fn toggle(model: &mut Model) {
    model.has_mouse = !model.has_mouse;
    model.private.dragged = None;
    model.cause(Effect::Mouse(model.has_mouse));
    let text = if model.has_mouse {
        "mouse on: click, drag, turn the wheel"
    } else {
        "mouse off: the terminal selects text with it"
    };
    model.say(Tone::Plain, text);
}

/// The terminal's window got the focus.
pub(super) fn focused(model: &mut Model) {
    model.private.focused = Some(model.now);
}

/// Something was done with the mouse.
pub(super) fn mouse(model: &mut Model, event: MouseEvent) {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::Down(button) => {
            model.private.dragged = None;
            let focused = model.private.focused.take();
            if focused.is_some_and(|focused| model.now.saturating_sub(focused) <= FOCUSING) {
                return;
            }
            match (button, target_at(model, at)) {
                (MouseButton::Left, target) => click(model, target, event.column),
                (MouseButton::Right, Some((Target::Label(proxy, knob), _))) => {
                    choose(model, proxy, knob);
                    turn::turn(model, proxy, Turn::Off);
                }
                (MouseButton::Right | MouseButton::Middle, _) => {}
            }
        }
        MouseEventKind::Drag(MouseButton::Left) => drag(model, event.column),
        MouseEventKind::Up(_) => model.private.dragged = None,
        MouseEventKind::ScrollUp | MouseEventKind::ScrollRight => wheel(model, at, true),
        MouseEventKind::ScrollDown | MouseEventKind::ScrollLeft => wheel(model, at, false),
        MouseEventKind::Drag(MouseButton::Right | MouseButton::Middle) | MouseEventKind::Moved => {}
    }
}

fn click(model: &mut Model, target: Option<(Target, Rect)>, column: u16) {
    let Some((target, area)) = target else {
        return;
    };
    match target {
        Target::Pane(focus) => model.focus = focus,
        Target::Strip(proxy) => {
            let is_there = model.focus == Focus::Mixer && model.selected == Some(proxy);
            select(model, proxy);
            enter_if(model, is_there);
        }
        Target::Conn(conn) => {
            let is_there = model.focus == Focus::Connections && model.conns.selected == Some(conn);
            model.focus = Focus::Connections;
            model.conns.selected = Some(conn);
            enter_if(model, is_there);
        }
        Target::Line(line) => {
            let lines = model.overlays.last_mut().and_then(Overlay::lines);
            let is_there =
                lines.is_some_and(|(_, selected, _)| std::mem::replace(selected, line) == line);
            enter_if(model, is_there);
        }
        Target::State(proxy) => {
            select(model, proxy);
            turn::bypass(model, proxy);
        }
        Target::Knob(proxy, knob) | Target::Label(proxy, knob) => choose(model, proxy, knob),
        Target::Track(proxy, knob) => {
            choose(model, proxy, knob);
            model.private.dragged = Some(Dragged {
                proxy,
                left: area.x,
                cells: area.width,
            });
            drag(model, column);
        }
        Target::Head(column) => connections::sort_by(model, column),
        Target::Key(action) => super::apply(model, action),
        Target::Text(scroll) => {
            let beside = usize::from(column.saturating_sub(area.x));
            input::go_to(model, beside + scroll);
        }
        Target::Told(line) => model.copy(line),
        Target::Box | Target::Page => {}
        Target::Beside => overlay::back(model),
    }
}

/// What Enter does, on a row that was selected already.
fn enter_if(model: &mut Model, is_there: bool) {
    if is_there {
        let action = keymap::lookup(model.mode(), KeyCode::Enter.into());
        super::apply(model, action);
    }
}

/// Sets the knob whose track the button was pressed on to the stop under this column, wherever the row is.
fn drag(model: &mut Model, column: u16) {
    let Some(Dragged { proxy, left, cells }) = model.private.dragged else {
        return;
    };
    if model.knows(proxy) {
        let cell = column.saturating_add(1).saturating_sub(left).min(cells);
        model.undo.hold(model.now);
        turn::turn(model, proxy, Turn::At { cell, cells });
    }
}

fn wheel(model: &mut Model, at: Position, up: bool) {
    let by = |rows| if up { Step::Back(rows) } else { Step::On(rows) };
    match target_at(model, at).map(|(target, _)| target) {
        Some(
            Target::Knob(proxy, knob) | Target::Label(proxy, knob) | Target::Track(proxy, knob),
        ) => {
            choose(model, proxy, knob);
            turn::turn(model, proxy, Turn::Fine(if up { 1 } else { -1 }));
        }
        Some(Target::Strip(_) | Target::State(_) | Target::Pane(Focus::Mixer)) => {
            mixer::strip(model, by(1));
        }
        Some(Target::Conn(_) | Target::Head(_) | Target::Pane(Focus::Connections)) => {
            connections::step(model, by(ROWS));
        }
        Some(Target::Line(_) | Target::Box) => overlay::step(model, by(ROWS)),
        Some(Target::Page | Target::Told(_)) => closer::scroll(model, by(ROWS)),
        Some(Target::Pane(Focus::Input) | Target::Key(_) | Target::Text(_) | Target::Beside)
        | None => {}
    }
}

fn select(model: &mut Model, proxy: ProxyId) {
    model.focus = Focus::Mixer;
    model.selected = Some(proxy);
}

fn choose(model: &mut Model, proxy: ProxyId, knob: usize) {
    select(model, proxy);
    mixer::choose_knob(model, knob);
}
