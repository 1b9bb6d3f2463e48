//! Two settings of a proxy, A and B: one acts, the other one is kept to be compared with it.

use std::fmt;

use crate::fault::Plan;

/// Which of two settings of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was set when the second one began.
    A,
    /// What began as a copy of it.
    B,
}

/// Two settings of a proxy; the proxy's plan is the one that acts.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoSettings {
    /// The side that acts.
    pub side: Side,
    /// The settings of the other side.
    pub other: Plan,
}

// === impl Side ===

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

// === impl TwoSettings ===

impl TwoSettings {
    /// The other side acts; what acted until now is kept.
    pub(in crate::ui) fn swap(&mut self, until_now: Plan) {
        self.side = self.side.other();
        self.other = until_now;
    }
}
