//! What is shown of the one connection that is looked at closely.

use std::time::Duration;

use super::ConnId;
use crate::fault::{Direction, PerDirection};

/// A connection that is looked at closely, since it is.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The connection.
    pub id: ConnId,
    /// How long it took until its upstream was reached; `None` before.
    pub reached: Option<Duration>,
    /// The round trip in the middle of those of the last `Watched::SPAN`, and how many there were.
    pub trip: Option<(Trip, usize)>,
    /// How long each of the segments of the last `Watched::SPAN` was held, up and down, in no order.
    pub added: PerDirection<Vec<Duration>>,
    /// Bytes delivered per second, a point every `History::STEP` as far back as a `History` goes, oldest first, each with its time.
    pub rates: Vec<(Duration, PerDirection<f64>)>,
    /// What happened to it, oldest first; at most `Watched::NOTES`.
    pub notes: Vec<Note>,
}

/// Where the time of one round trip went: from the client's first byte after silence to the first byte back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trip {
    /// How long the first bytes were held, up and down, because faults asked for it.
    pub held: PerDirection<Duration>,
    /// From the first byte sent to the upstream to its first byte back.
    pub upstream: Duration,
    /// What faultboard took beyond that.
    pub ours: Duration,
}

/// Something that happened to a connection, at a time since the engine's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it happened; of bytes, when the last of them left.
    pub at: Duration,
    /// What happened.
    pub what: Noted,
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Bytes left.
    Delivered {
        /// Which way.
        direction: Direction,
        /// How many, of those that left together.
        bytes: u64,
        /// How long they were held at most.
        held: Duration,
        /// How much later than faults asked for they left at most.
        late: Duration,
    },
    /// It runs the settings of this generation from here on.
    Took(u64),
}

// === impl Watched ===

impl Watched {
    /// How far back its figures go.
    pub const SPAN: Duration = Duration::from_secs(10);
    /// How many notes are kept at most.
    pub const NOTES: usize = 200;
}

// === impl Trip ===

impl Trip {
    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Duration {
        let parts = [self.held.up, self.held.down, self.upstream, self.ours];
        parts
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}
