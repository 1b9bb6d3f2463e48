//! What becomes of a virtual sender's packets, and of the messages in them, counted.

use std::time::Duration;

use super::nanos;

/// What became of a virtual sender's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many it has sent, those that were sent again among them.
    pub sent: u64,
    /// How many of them were lost on the line, or in a full queue.
    pub lost: u64,
    /// How often nothing was heard for so long that it began anew: a timeout.
    pub timeouts: u64,
    /// How often the stream stood still until a lost packet had been sent again.
    pub stalls: u64,
    /// For how long in all: what it waited beyond the delay and the queue.
    pub stalled: Duration,
    /// How many messages came through: what the desk read at once of what an application had written.
    pub messages: u64,
    /// How many of them such a stall had held, wholly or in part.
    pub late: u64,
}

impl Losses {
    /// These and those of another sender.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    /// What has become of packets since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.with(before, u64::saturating_sub)
    }

    fn with(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            sent: of(self.sent, other.sent),
            lost: of(self.lost, other.lost),
            timeouts: of(self.timeouts, other.timeouts),
            stalls: of(self.stalls, other.stalls),
            stalled: Duration::from_nanos(of(nanos(self.stalled), nanos(other.stalled))),
            messages: of(self.messages, other.messages),
            late: of(self.late, other.late),
        }
    }
}
