//! Text that is typed: a field, and the line where proxies are added, with what the parser says to it.
//!
//! Checking is pure and as fast as one types: the parser, and the ports of the proxies that there are. Nothing is
//! looked up or opened here.

use tui_input::Input;

use crate::snapshot::ProxyId;
use crate::syntax::ParseError;

/// A field of one line, with what `tui-input` lacks.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The text and the cursor.
    pub text: Input,
    /// What Ctrl-U took away, for the second Ctrl-U.
    pub(super) cleared: Option<String>,
}

/// The line where proxies are added: a mapping and its faults.
#[derive(Debug, Default)]
pub struct InputLine {
    /// The text.
    pub field: Field,
    /// What the parser says to it.
    pub check: Check,
    /// Lines that were pasted together: they are added, or left, as one.
    pub pasted: Vec<PastedLine>,
    /// Whether the next Enter adds the pasted lines.
    pub armed: bool,
    /// The proxy that the line was refilled from, by `e`.
    pub editing: Option<ProxyId>,
    /// The lines that were entered, oldest first.
    pub history: Vec<String>,
    /// Which line of the history is shown, and what had been typed before.
    pub(super) recalled: Option<(usize, String)>,
    /// The word that Tab began with, and which of its completions is shown.
    pub(super) completing: Option<(String, usize)>,
}

/// What the parser says to the line, in the frame of the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Check {
    /// Nothing is typed.
    #[default]
    Empty,
    /// It begins something valid; `expected` says what may follow.
    Unfinished(ParseError),
    /// It cannot become valid by typing on, or its port is taken.
    Wrong(ParseError),
    /// What Enter does.
    Right(String),
}

/// One of several lines that were pasted.
#[derive(Clone, Debug, PartialEq)]
pub struct PastedLine {
    /// The text.
    pub text: String,
    /// What the parser says to it.
    pub check: Check,
}
