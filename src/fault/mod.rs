//! What faults do to bytes: pure, and told the time.
//!
//! A fault is a stage that dates the head of a queue. The queue holds facts (when bytes arrived, which random number
//! they drew); only the head's due time is computed, from the current settings. So a live change needs no work on what
//! is queued, faults compose without knowing each other, and a run is a function of arrivals, settings and seed.
//!
//! ```text
//!  push ─► queue of segments ─► head ─► due? ─► latency ─► bandwidth ─► … ─► write
//!          arrival, draw, bytes         none = held       later and later
//! ```
//!
//! A new kind is one file with a `KIND` constant and one word in the `kinds!` table below: the language, its errors, the
//! help, the console's knobs, the README's table and the conformance suite are made from the table.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod chain;
pub mod knob;
pub mod language;
pub mod link;
pub mod param;
pub mod plan;
mod pool;
pub mod random;
pub mod segment;
pub mod setting;
pub mod shared;
mod store;

pub use knob::Knob;
pub use param::{ParamSpec, Unit, Value};
pub use plan::Plan;
pub use setting::{Directions, Setting};

/// Declares the modules of the kinds and the table of them in one go, in the order in which a byte meets them.
macro_rules! kinds {
    ($($module:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Every kind of fault, in the order in which a byte meets them.
        pub static KINDS: &[&Kind] = &[$(&$module::KIND),+];
    };
}

kinds! { latency, bandwidth }

/// The two directions of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Client to upstream.
    Up,
    /// Upstream to client.
    Down,
}

/// One kind of fault: a row of the table.
pub struct Kind {
    /// The word of the fault language.
    pub name: &'static str,
    /// A shorter word for it, where there is one.
    pub short: Option<&'static str>,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its parameters; a bare one is the first.
    pub params: &'static [ParamSpec],
    /// The knobs that the console shows for it.
    pub knobs: &'static [Knob],
    /// A setting of it, for help and for the conformance suite.
    pub example: &'static str,
    /// Makes the stage for one direction of one connection, `None` where the terms ask for nothing there.
    pub build: fn(&Terms<'_>) -> Option<Box<dyn Fault>>,
}

/// What a stage is made from, and made over from when the settings change.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The direction of the link.
    pub direction: Direction,
    /// The setting in this direction, with this direction's values.
    pub here: Option<&'a Setting>,
    /// The setting in the other direction, with that direction's values.
    pub back: Option<&'a Setting>,
    /// What the connections of the proxy share.
    pub shared: &'a Arc<shared::SharedLinks>,
    /// The origin of shared times.
    pub origin: Instant,
    /// When these terms began to hold: pacing counts from here.
    pub now: Instant,
}

/// The head of a queue, as a stage sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// When its first byte arrived.
    pub arrived: Instant,
    /// Its random number, drawn when it arrived.
    pub draw: u64,
    /// How many bytes of the stream came before what is left of it.
    pub offset: u64,
    /// How many of its bytes are left; 0 is the end of the stream.
    pub len: usize,
}

/// One fault in one direction of one connection: a stage of the chain that dates the queue's head.
pub trait Fault: Send {
    /// Takes new terms over; what it counts (a pace, a correlation) goes on from `terms.now`. False where the stage
    /// must be made anew.
    fn retune(&mut self, terms: &Terms<'_>) -> bool;

    /// When the head may leave: `due` or later, or `None` while it is held. Asking twice changes nothing.
    fn due(&mut self, head: &Head, due: Instant, now: Instant) -> Option<Instant>;

    /// At most how many of the head's bytes may leave in one write at `now`.
    fn quantum(&self, _head: &Head, _now: Instant) -> usize {
        usize::MAX
    }

    /// `n` bytes of the head left at `now`; `n` is all of it where `n == head.len`.
    fn sent(&mut self, _head: &Head, _n: usize, _now: Instant) {}

    /// The receiver refused bytes for `time`, which has just passed: time in which nothing could leave earns no credit.
    fn stalled(&mut self, _time: Duration) {}

    /// For how long at most this stage holds each byte whatever the rate; makes room in another stage's backlog.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// At most how many bytes should wait, so that the sender feels a rate and not our buffer; `delay` is for how long
    /// the stages hold each byte.
    fn backlog(&self, _delay: Duration) -> Option<usize> {
        None
    }

    /// Whether `due` of one segment depends on what was sent before it. Segments of independent stages leave in one
    /// vectored write.
    fn counts(&self) -> bool {
        true
    }
}

// === impl Direction ===

impl Direction {
    /// Both, up first.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// 0 for up, 1 for down: an index into pairs.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Up => 0,
            Self::Down => 1,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

// === impl Kind ===

/// Its name alone: the rest is the table's.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

impl Kind {
    /// The kind with this name or short name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS
            .iter()
            .copied()
            .find(|kind| kind.name == name || kind.short == Some(name))
    }

    /// Its place in the table.
    #[must_use]
    pub fn index(&self) -> usize {
        KINDS
            .iter()
            .position(|kind| kind.name == self.name)
            .unwrap_or(KINDS.len())
    }
}
