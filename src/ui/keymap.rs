//! Which key means what: one table that drives dispatch, footer and help.

use super::action::Action;

/// What has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The strips.
    Mixer,
    /// The table of connections.
    Connections,
    /// The input line.
    Input,
    /// The field of `=`.
    Value,
    /// The help overlay.
    Help,
    /// The question whether to quit.
    Quit,
    /// A question with yes and no: whether to delete, whether to suspend.
    Confirm,
}

/// The heading under which help lists a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Moving about.
    Move,
    /// Turning knobs.
    Turn,
    /// With and without.
    Compare,
    /// Proxies and connections.
    Manage,
    /// The screen.
    See,
    /// Typing.
    Type,
    /// The program.
    Leave,
}

/// A line of help or of the footer.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The keys as printed: `← → h l`.
    pub keys: String,
    /// What they do; in the footer a word or two.
    pub words: String,
    /// The heading.
    pub group: Group,
    /// What Enter on the line does.
    pub action: Action,
}

/// The footer of a mode, the most needed first: the view drops from the end what does not fit.
#[must_use]
pub fn footer(mode: Mode) -> Vec<Hint> {
    let _ = mode;
    Vec::new()
}

/// The help of a mode: lines whose words or keys contain every word of `filter`, grouped in the table's order.
#[must_use]
pub fn help(mode: Mode, filter: &str) -> Vec<Hint> {
    let _ = (mode, filter);
    Vec::new()
}

impl Group {
    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "MOVE",
            Self::Turn => "TURN",
            Self::Compare => "COMPARE",
            Self::Manage => "PROXIES",
            Self::See => "SEE",
            Self::Type => "TYPE",
            Self::Leave => "LEAVE",
        }
    }
}
