//! What the user means, and what the engine tells.

use std::sync::Arc;

use ratatui::layout::Size;
use tui_input::InputRequest;

pub use super::answer::Answer;
use super::knob::Turn;
use crate::snapshot::{Event, Snapshot};

/// One thing that happens to the model. What the keys mean is said by the table of keys (`keymap`).
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
