//! What faults do to bytes: pure, and told the time.
//!
//! A fault is a stage that dates the head of a queue. The queue holds facts (when bytes arrived, which random number
//! they drew); only the head's due time is computed, from the current settings. So a live change needs no work on what
//! is queued, faults compose without knowing each other, and a run is a function of arrivals, settings and seed.
//!
//! ```text
//!  push ─► queue ─► head ─► due? ─► loss ─► latency ─► bandwidth ─► … ─► write
//!          arrival, draw, bytes         none = held       later and later
//! ```
//!
//! A link owns the bytes that wait in it, packed in buffers (`store`) that each thread keeps for its next link (`pool`): so
//! who delays bytes also knows what memory they take. The border to the engine runs there. Sockets, the budget that all
//! links share and when a link is asked are the engine's; nothing here does I/O, and what a pool keeps changes no result.
//! The files of traces are opened by a function that the program lends (`trace`).
//!
//! A new kind is one file in `kinds` with a `KIND` and one word in the table of `kinds/mod.rs`: the language, its errors, the
//! help, the console's knobs and the conformance suite are made from the table, and the README's is checked against it.

// A sum of times that is too great for the clock panics: here every one is checked. `.clippy.toml` leaves out plain numbers.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::fmt;
use std::iter::Sum;
use std::ops::{Index, IndexMut, Range};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::units::ByteRate;

mod chain;
pub mod demands;
pub mod dial;
pub mod in_force;
pub mod kinds;
pub mod knob;
pub mod language;
pub mod link;
pub mod motion;
pub mod name;
pub mod own;
mod pace;
pub mod param;
pub mod plan;
mod pool;
pub mod random;
mod room;
pub(crate) mod scale;
pub mod segment;
pub mod setting;
pub mod shared;
pub mod stage;
mod store;
mod tcp;
pub mod trace;
mod wave;

pub use demands::Demands;
pub use dial::{Dial, Turn};
pub use in_force::{InForce, OneWay};
pub use kinds::KINDS;
pub use knob::Knob;
pub use name::SettingName;
pub use own::Own;
pub use param::{ParamSpec, Unit, Value};
pub use plan::Plan;
pub use setting::{Directions, Schedule, Setting, older_word};
pub use stage::{Cut, Fate, Fault, Head, Stage, Terms};
pub use tcp::{Losses, Parts, Sending};

// Which kinds hit a connection is kept as one bit for each, in a `u32`.
const _: () = assert!(KINDS.len() <= 32);

/// The two directions of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Client to upstream.
    Up,
    /// Upstream to client.
    Down,
}

/// One kind of fault: a row of the table. What a kind does not say is as in `Kind::at`, which asks where it stands.
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
    /// Where on its way a byte meets it.
    pub stage: Stage,
    /// What a setting of it asks of a new connection before its first byte, by the connection's own random number.
    pub open: Option<fn(&Setting, u64, &mut Demands)>,
    /// What a setting of it adds to a round trip at a time, spent in its direction; TCP waits for that before it sends again.
    pub lengthens: Option<fn(&OneWay, Instant) -> Duration>,
    /// What a setting of it says of the line that a virtual sender's packets take. Where a sender acts, a kind with this has
    /// no stage of its own.
    pub line: Option<fn(&Terms<'_>, &mut Parts)>,
    /// About how many bytes of a stream pass in a second under a setting of it, over a round trip of so long with the other
    /// faults; `None` where it slows no stream down. Who sends to a slow link is read no further ahead than that asks for.
    pub passes: Option<fn(&Setting, Duration) -> Option<ByteRate>>,
    /// How long each turn of a setting of it is that acts and rests in turn, and in which part of it nothing of it acts.
    pub rests: Option<fn(&Setting) -> Option<Rests>>,
    /// What to say of a setting of it that is written in an older word, where there is one: the word that it is now.
    pub older: Option<fn(&Setting) -> Option<&'static str>>,
    /// Whether a setting of it has all connections of a proxy share one link.
    pub shares: Option<fn(&Setting) -> bool>,
    /// A setting of it that holds all bytes for good, where there is one.
    pub freezes: Option<fn() -> Setting>,
    /// How a setting of it ends the connections that it has acted on when it goes, where it does: what it held is dropped.
    pub lifts: Option<fn(&Setting) -> Option<Cut>>,
    /// Whether it acts in one direction of a connection or in both; else it acts on the connection as a whole.
    pub directed: bool,
    /// Whether it ends connections, so that those that hold nothing must hear of it too.
    pub ends: bool,
    /// Whether the bytes that leave are others than those that came.
    pub alters: bool,
}

/// How long a turn is, and in which part of it nothing acts.
pub type Rests = (Duration, Range<Duration>);

/// A value for each direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PerDirection<T> {
    /// The value of the way from the client to the upstream.
    pub up: T,
    /// The value of the way back.
    pub down: T,
}

// === impl PerDirection ===

impl<T> PerDirection<T> {
    /// A value for the way up and one for the way down.
    pub const fn of(up: T, down: T) -> Self {
        Self { up, down }
    }

    /// What `value` says of each direction.
    pub fn from_fn(mut value: impl FnMut(Direction) -> T) -> Self {
        Self {
            up: value(Direction::Up),
            down: value(Direction::Down),
        }
    }

    /// One value for both directions.
    pub fn both(value: T) -> Self
    where
        T: Clone,
    {
        Self {
            up: value.clone(),
            down: value,
        }
    }

    /// What `change` makes of each value.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerDirection<U> {
        PerDirection {
            up: change(self.up),
            down: change(self.down),
        }
    }

    /// What `change` makes of a reference to each value.
    pub fn map_ref<U>(&self, mut change: impl FnMut(&T) -> U) -> PerDirection<U> {
        PerDirection {
            up: change(&self.up),
            down: change(&self.down),
        }
    }

    /// Both values, the one for the way up first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.up, &self.down].into_iter()
    }
}

impl<T: Sum> PerDirection<T> {
    /// Both values together.
    pub fn sum(self) -> T {
        [self.up, self.down].into_iter().sum()
    }

    /// Each value and the one of `other` in its direction together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let up = [self.up, other.up].into_iter().sum();
        let down = [self.down, other.down].into_iter().sum();
        Self { up, down }
    }
}

impl<T> Index<Direction> for PerDirection<T> {
    type Output = T;

    fn index(&self, direction: Direction) -> &T {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

impl<T> IndexMut<Direction> for PerDirection<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
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

/// Two kinds of one name are the same.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

/// Its name alone: the rest is the table's.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

impl Kind {
    /// A kind that stands there and does nothing, for the rest of the others' rows.
    #[must_use]
    pub const fn at(stage: Stage) -> Self {
        Self {
            name: "",
            short: None,
            summary: "",
            params: &[],
            knobs: &[],
            example: "",
            build: |_| None,
            stage,
            open: None,
            lengthens: None,
            line: None,
            passes: None,
            rests: None,
            older: None,
            shares: None,
            freezes: None,
            lifts: None,
            directed: true,
            ends: false,
            alters: false,
        }
    }

    /// The kind with this name or short name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::find(KINDS, name)
    }

    /// The kind of a table with this name or short name.
    fn find(kinds: &[&'static Self], name: &str) -> Option<&'static Self> {
        let mut kinds = kinds.iter().copied();
        kinds.find(|kind| kind.name == name || kind.short == Some(name))
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
