//! What the console says: marks in charts, lines of what happened, answers.

use std::fmt;
use std::time::Duration;

use crate::snapshot::Taken;

/// A change of a proxy's faults, for its charts and the line under them.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Numbered from 1 over all proxies: `▲1`.
    pub number: u32,
    /// When.
    pub at: Duration,
    /// What, before and after: `LAT off → 250ms`.
    pub text: String,
    /// Which connections run it, once that is known.
    pub taken: Option<Taken>,
    /// The number of the command.
    pub(in crate::ui) ticket: u64,
}

/// A line of what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When.
    pub at: Duration,
    /// The name of the proxy that it concerns, empty where none.
    pub proxy: String,
    /// What.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Which connections run it, for a change of faults.
    pub taken: Option<Taken>,
    /// The number of the command, 0 where it was none.
    pub(in crate::ui) ticket: u64,
}

/// An answer to the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When.
    pub at: Duration,
    /// Who, what, before and after; the whole line is its `Display`.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Which connections run it, for a change of faults.
    pub taken: Option<Taken>,
    /// The number of the command, 0 where it was none.
    pub(in crate::ui) ticket: u64,
}

/// How a line is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A fact.
    #[default]
    Plain,
    /// A change of faults, by the user.
    Injected,
    /// Something that went well.
    Good,
    /// Something that may be as it should be, and may not.
    Doubtful,
    /// Something that went wrong.
    Trouble,
}

// === impl Mark ===

impl Mark {
    /// A change that no command carries, in a model made by hand.
    #[must_use]
    pub fn new(number: u32, at: Duration, text: &str, taken: Option<Taken>) -> Self {
        Self {
            number,
            at,
            text: text.to_owned(),
            taken,
            ticket: 0,
        }
    }
}

// === impl LogLine ===

impl LogLine {
    /// A line that no command carries.
    #[must_use]
    pub fn new(at: Duration, proxy: &str, text: &str, tone: Tone) -> Self {
        Self {
            at,
            proxy: proxy.to_owned(),
            text: text.to_owned(),
            tone,
            taken: None,
            ticket: 0,
        }
    }
}

// === impl Notice ===

impl Notice {
    /// An answer to what no command carries.
    #[must_use]
    pub fn new(at: Duration, text: &str, tone: Tone) -> Self {
        Self {
            at,
            text: text.to_owned(),
            tone,
            taken: None,
            ticket: 0,
        }
    }
}

/// The whole line.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match self.taken {
            Some(taken) if taken.of == 0 => f.write_str(", no connection is open"),
            Some(taken) => write!(f, ", {taken}"),
            None => Ok(()),
        }
    }
}
