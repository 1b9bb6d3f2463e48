//! Actions: everything that can happen to the model, whether a user means it or the engine tells it.

use std::sync::Arc;

use crossterm::event::MouseEvent;
use ratatui::layout::Size;
use tui_input::InputRequest;

pub use super::effect::Answer;
use super::keymap::Key;
use super::knob::Turn;
use super::theme::Ground;
use crate::desk::Contact;
use crate::snapshot::{Event, ProxyId, Snapshot};

/// One thing that happens to the model. What the keys mean is said by the table of keys (`keymap`).
#[derive(Clone, Debug)]
pub enum Action {
    /// Moves the selection to the row above.
    Up,
    /// Moves the selection to the row below.
    Down,
    /// Moves the selection to the first row.
    First,
    /// Moves the selection to the last row.
    Last,
    /// Moves the selection a screenful up.
    PageUp,
    /// Moves the selection a screenful down.
    PageDown,
    /// Gives the next pane the keys.
    NextPane,
    /// Gives the pane before this one the keys.
    PreviousPane,
    /// Gives the selected proxy's connections the keys.
    ToConnections,
    /// Selects the next knob.
    NextKnob,
    /// Selects the knob before this one.
    PreviousKnob,
    /// Opens the list of all knobs, a letter each.
    PickKnob,
    /// Selects a knob, by its index in `knob::all()`.
    ChooseKnob(usize),
    /// Takes off a fault of the selected proxy that has a name, by its place among them, from 1.
    TakeOff(u8),
    /// Turns the selected knob.
    Turn(Turn),
    /// Opens the field for a value.
    TypeValue,
    /// Opens the palette, with a line in it.
    Palette(String),
    /// Selects a proxy.
    ToProxy(ProxyId),
    /// Opens the list of presets.
    Presets,
    /// Puts the selected preset in force to try it.
    Audition,
    /// Puts the selected preset in force on all proxies.
    PresetForAll,
    /// Keeps what is set as a preset of the name that is typed.
    KeepPreset,
    /// Asks for a file to write the desk to.
    WriteScene,
    /// Asks for a file to save the tape to.
    SaveTape,
    /// Asks for a file whose proxies are added.
    OpenScene,
    /// Turns all knobs of the selected proxy off.
    AllOff,
    /// Changes which directions the keys turn: both, down, up.
    NextDirections,
    /// Switches the faults of the selected proxy off or on, their settings kept.
    Bypass,
    /// Keeps the settings of the selected proxy as A and begins B; again, swaps A and B.
    SwapSettings,
    /// Ends A/B on the selected proxy: what acts stays.
    EndSettings,
    /// Switches the faults of all proxies off; where all are off, on.
    BypassAll,
    /// Lets the selected proxy act alone, by bypassing the others; again, as it was before.
    Solo,
    /// Takes the last step back.
    Undo,
    /// Takes the last step that was undone again.
    Redo,
    /// Opens the input line for another proxy.
    Add,
    /// Opens the input line with the selected proxy's mapping and faults in it.
    EditMapping,
    /// Deletes the selected proxy.
    Delete,
    /// Copies what is selected, as text: a proxy as a command line, a connection as its row.
    Copy,
    /// Closes or opens the selected proxy's port.
    TogglePort,
    /// Marks the selected proxy, or takes its mark away.
    Mark,
    /// Draws each strip in one row, or whole.
    Compact,
    /// Freezes the screen, or lets it go on.
    Freeze,
    /// Opens the list of columns by which the connections can be sorted.
    Sort,
    /// Opens the field for what is looked for in the pane.
    Find,
    /// Opens the selected proxy or connection on the whole screen.
    LookCloser,
    /// Shows all that happened on the whole screen.
    Events,
    /// Shows what applications do about it on the whole screen.
    Findings,
    /// Climbs the selected knob of the selected proxy; where it is climbed already, shows that.
    Sweep,
    /// Shows the last sweep of this session on the whole screen.
    Sweeps,
    /// Lays an earlier sweep over the one that is shown, then one more, then none.
    LayOver,
    /// Shows the selected proxy in large figures on the whole screen.
    Presenter,
    /// Folds what happened, or unfolds it.
    Fold,
    /// The next one of what is looked at on the whole screen.
    NextOne,
    /// The one before.
    PreviousOne,
    /// Has faults spare the connection, or no longer.
    Exempt,
    /// Holds all bytes of the connection, or lets them go.
    FreezeConnection,
    /// Has the keys turn the knobs of the connection alone, or its proxy's.
    Alone,
    /// Switches the mouse off, or on.
    ToggleMouse,
    /// Goes on to the next colours that a user may ask for.
    NextScheme,
    /// Shows rates in bits instead of bytes, or in bytes again.
    NextRateUnit,
    /// Resets the selected connection.
    Reset,
    /// Ends the selected connection in an orderly way.
    HalfClose,
    /// Lists the keys.
    Help,
    /// Goes one step back: closes an overlay, leaves a pane.
    Back,
    /// Ends the program, after a question where connections are open.
    Quit,
    /// Ends the program; at once the second time.
    Interrupt,
    /// Stops the process, after a question where connections are open.
    Suspend,
    /// Draws the screen again.
    Redraw,
    /// Does what the line, the field or the question says: Enter, or yes.
    Accept,
    /// Completes the word in the input line.
    Complete,
    /// Ends the program once the connections have ended, or after a while.
    Drain,
    /// Ends the program now.
    QuitNow,
    /// Edits the text that has the keys.
    Edit(InputRequest),
    /// Shows the line that was entered before this one.
    HistoryBack,
    /// Shows the line that was entered after this one.
    HistoryForward,
    /// Clears the text; the second time brings it back.
    ClearText,

    /// Something was done with the mouse.
    Mouse(MouseEvent),
    /// The terminal's window got the focus.
    Focused,
    /// A text was pasted.
    Pasted(String),
    /// The terminal has this size now.
    Resized(Size),
    /// A key was pressed that means nothing here.
    Unbound(Key),
    /// Time went by.
    Tick,
    /// The time has come for what is done by itself: a tour that plays goes on, or a scene says so.
    PlayOn,
    /// A new snapshot came.
    Sampled(Arc<Snapshot>),
    /// Something happened in the engine.
    Happened(Arc<Event>),
    /// So many events were lost, because the console was too slow for them.
    Lost(u64),
    /// The engine did, or refused, what was asked.
    Answered(Answer),
    /// Engines elsewhere were reached, or lost.
    Contact(Contact),
    /// The terminal has said what its background is.
    Background(Ground),
    /// A signal asks the program to end.
    Terminated,
}
