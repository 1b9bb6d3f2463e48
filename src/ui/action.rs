//! What the user means, and what the engine tells.

use std::fmt;
use std::sync::Arc;

use ratatui::layout::Size;
use tui_input::InputRequest;

pub use super::answer::Answer;
use super::knob::{self, Turn};
use crate::snapshot::{Event, Snapshot};

/// One thing that happens to the model. Those that keys mean have a help text: their `Display`.
#[derive(Clone, Debug)]
pub enum Action {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the next pane.
    NextPane,
    /// To the pane before.
    PreviousPane,
    /// From the strips to the selected proxy's connections.
    ToConnections,
    /// To the next knob.
    NextKnob,
    /// To the knob before.
    PreviousKnob,
    /// To this knob: an index into `knob::all()`.
    ChooseKnob(usize),
    /// Turns the selected knob.
    Turn(Turn),
    /// Opens the field for a value.
    TypeValue,
    /// Opens the list of presets.
    Presets,
    /// Puts the selected preset in force to try it.
    Audition,
    /// Asks for a file to write the desk to.
    WriteScene,
    /// Asks for a file whose proxies are added.
    OpenScene,
    /// All knobs of the selected proxy off.
    AllOff,
    /// Which directions the keys turn.
    NextDirections,
    /// The selected proxy with or without its faults.
    Bypass,
    /// All proxies without their faults, or with them again.
    BypassAll,
    /// The selected proxy alone with its faults.
    Solo,
    /// The last change back.
    Undo,
    /// The last change that was undone, again.
    Redo,
    /// To the input line.
    Add,
    /// To the input line, with the selected proxy's mapping and faults in it.
    EditMapping,
    /// Deletes the selected proxy.
    Delete,
    /// Closes or opens the selected proxy's port.
    TogglePort,
    /// Freezes the screen, or lets it go on.
    Freeze,
    /// The next order of the connections: the same column the other way round, then the next column.
    NextSort,
    /// Resets the selected connection.
    Reset,
    /// Ends the selected connection in an orderly way.
    HalfClose,
    /// The keys.
    Help,
    /// One step back.
    Back,
    /// Ends the program, after a question where connections are open.
    Quit,
    /// Ends the program; at once the second time.
    Interrupt,
    /// Stops the process, after a question where connections are open.
    Suspend,
    /// Draws the screen again.
    Redraw,
    /// Enter: what the line, the field or the question says.
    Accept,
    /// Completes the word in the input line.
    Complete,
    /// Ends the program once the connections have ended, or after a while.
    Drain,
    /// Ends the program now.
    QuitNow,
    /// An edit of the text that has the keys.
    Edit(InputRequest),
    /// The line before, in the history.
    HistoryBack,
    /// The line after, in the history.
    HistoryForward,
    /// Clears the text; the second time brings it back.
    ClearText,

    /// A text was pasted.
    Pasted(String),
    /// The terminal has another size.
    Resized(Size),
    /// A key that means nothing here.
    Unbound,
    /// Time went by.
    Tick,
    /// A new snapshot.
    Sampled(Arc<Snapshot>),
    /// Something happened in the engine.
    Happened(Arc<Event>),
    /// So many happenings were lost.
    Lost(u64),
    /// The engine did, or refused, what was asked.
    Answered(Answer),
    /// A signal asks the program to end.
    Terminated,
}

/// The help text of what keys mean, a few words for the rest.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Up => "one up",
            Self::Down => "one down",
            Self::First => "to the first",
            Self::Last => "to the last",
            Self::PageUp => "a screenful up",
            Self::PageDown => "a screenful down",
            Self::NextPane => "next pane",
            Self::PreviousPane => "pane before",
            Self::ToConnections => "to its connections",
            Self::NextKnob => "next knob",
            Self::PreviousKnob => "knob before",
            Self::ChooseKnob(knob) => return choose(f, *knob),
            Self::Turn(turn) => turned(*turn),
            Self::TypeValue => "type a value: 300ms, off",
            Self::AllOff => "all knobs here off",
            Self::NextDirections => "turn both directions, down, up",
            Self::Bypass => "bypass this one (A/B)",
            Self::BypassAll => "bypass all at once, or none",
            Self::Solo => "solo: bypass the others",
            Self::Undo => "undo",
            Self::Redo => "do again",
            Self::Add => "add a proxy",
            Self::EditMapping => "edit mapping and faults",
            Self::Delete => "delete; undo brings it back",
            Self::TogglePort => "open or close the port",
            Self::Freeze => "freeze the screen, or go on",
            Self::NextSort => "sort the connections",
            Self::Reset => "reset the connection (RST)",
            Self::HalfClose => "end the connection (FIN)",
            other => other.of_the_program(),
        };
        f.write_str(text)
    }
}

impl Action {
    /// The rest of the help texts: overlays, text, the program, and what no key means.
    fn of_the_program(&self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Presets => "presets: networks by name",
            Self::Audition => "try it",
            Self::WriteScene => "write the desk to a file",
            Self::OpenScene => "add the proxies of a file",
            Self::Back => "one step back",
            Self::Quit => "quit",
            Self::Interrupt => "quit; twice: at once",
            Self::Suspend => "suspend",
            Self::Redraw => "draw the screen again",
            Self::Accept => "do it",
            Self::Complete => "complete the word",
            Self::Drain => "accept no more, wait, then quit",
            Self::QuitNow => "close them and quit",
            Self::Edit(request) => edited(*request),
            Self::HistoryBack => "the line before",
            Self::HistoryForward => "the line after",
            Self::ClearText => "clear; twice: bring it back",
            Self::Pasted(_) => "paste",
            Self::Resized(_) => "the terminal has another size",
            Self::Unbound => "a key without a meaning",
            Self::Tick => "time goes by",
            Self::Sampled(_) => "a snapshot",
            Self::Happened(_) => "something happened",
            Self::Lost(_) => "events were lost",
            Self::Answered(_) => "the engine answered",
            Self::Terminated => "the program is told to end",
            _ => "",
        }
    }
}

fn choose(f: &mut fmt::Formatter<'_>, knob: usize) -> fmt::Result {
    match knob::all().get(knob) {
        Some(dial) => write!(f, "choose {}", dial.knob.title.to_lowercase()),
        None => f.write_str("choose a knob"),
    }
}

fn turned(turn: Turn) -> &'static str {
    match turn {
        Turn::Fine(..=0) => "turn a little, less pain",
        Turn::Fine(_) => "turn a little, more pain",
        Turn::Stop(..=0) => "to the stop before",
        Turn::Stop(_) => "to the next stop",
        Turn::To(_) => "to a stop",
        Turn::Off => "knob off",
        Turn::Exact(_) => "to a value",
    }
}

fn edited(request: InputRequest) -> &'static str {
    match request {
        InputRequest::SetCursor(_) => "move the cursor",
        InputRequest::InsertChar(_) => "type",
        InputRequest::GoToPrevChar => "a character back",
        InputRequest::GoToNextChar => "a character on",
        InputRequest::GoToPrevWord => "a word back",
        InputRequest::GoToNextWord => "a word on",
        InputRequest::GoToStart => "to the start",
        InputRequest::GoToEnd => "to the end",
        InputRequest::DeletePrevChar => "delete the character before",
        InputRequest::DeleteNextChar => "delete the character here",
        InputRequest::DeletePrevWord => "delete the word before",
        InputRequest::DeleteNextWord => "delete the word here",
        InputRequest::DeleteLine => "delete the line",
        InputRequest::DeleteTillEnd => "delete to the end",
        InputRequest::DeleteFromStart => "delete to the start",
        InputRequest::Yank => "put back what was deleted",
    }
}
