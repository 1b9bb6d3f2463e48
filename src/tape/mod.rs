//! The tape: what was done to each proxy at which moment, and what its clients met meanwhile, second by second.
//!
//! ```text
//!  engine ── events, facts, snapshots ──► Recorder ──► Tape in memory ──► report, expectations
//!                                            │
//!                                            └── bounded queue ──► writer thread ──► --tape FILE ──► report, replay
//! ```
//!
//! A tape is lines of JSON, a record a line: the first says which program recorded it, when, by which seed, and which proxies there
//! were; every other one is something that happened at `t` seconds after the engine's start. Fields are added over time, never
//! renamed, and a reader passes over events that it does not know.
//!
//! Recording never holds the engine up, and it is bounded: in memory to the last hour and to [`Tape::MOST`] bytes, in a file to
//! [`file::LONGEST`] MiB. What is cut off at the front stays in force: the first line then tells the proxies as they stood where
//! the tape begins. Nothing here judges what it records.

pub mod account;
mod changes;
mod desk;
pub mod file;
mod follow;
pub mod play;
pub mod player;
mod record;
mod save;
mod seconds;
mod text;
mod waits;

use std::collections::VecDeque;
use std::time::Duration;

pub use self::follow::{Recorded, Recorder, Setup};
pub use self::play::{Moment, Move};
pub use self::record::{
    FaultChange, Finding, Head, Port, Record, Second, Standing, Unanswered, What,
};
pub use self::save::Saver;
pub use self::text::{Damage, NoTape, Read, is_tape, line, read};
pub use self::waits::Waits;
use crate::snapshot::{Stall, Stalls};

/// What was recorded, in the order of its times.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    /// How it began.
    pub head: Head,
    records: VecDeque<Record>,
    /// How many bytes its records take, about.
    weight: usize,
}

// === impl Tape ===

impl Tape {
    /// How far back it reaches in memory.
    pub const SPAN: Duration = Duration::from_secs(3_600);
    /// How many bytes it takes in memory.
    pub const MOST: usize = 16 << 20;

    /// A tape that has just begun.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Self {
            head,
            records: VecDeque::new(),
            weight: 0,
        }
    }

    /// Takes what happened; a record that comes late finds its place.
    pub fn push(&mut self, record: Record) {
        self.weight += record.weight();
        let place = place(&self.records, record.t);
        self.records.insert(place, record);
    }

    /// Lets go of what is older than an hour or more than there is room for; it goes on in force.
    pub fn trim(&mut self) {
        let end = self.end();
        while let Some(first) = self.records.front()
            && (end.saturating_sub(first.t) > Self::SPAN || self.weight > Self::MOST)
        {
            self.weight -= first.weight();
            self.head.apply(first);
            self.records.pop_front();
        }
    }

    /// What happened, in the order of the times.
    #[must_use]
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter()
    }

    /// What the stalls of the program that recorded it come to.
    #[must_use]
    pub fn stalls(&self) -> Stalls {
        Stalls::of(self.records.iter().filter_map(|record| match record.what {
            What::Stall { lasted } => Some(Stall {
                from: record.t.saturating_sub(lasted),
                to: record.t,
            }),
            _ => None,
        }))
    }

    /// When the last of it happened.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.records.back().map_or(self.head.t, |last| last.t)
    }
}

/// Where what happened at `t` comes among records: behind those of the same time.
fn place(records: &VecDeque<Record>, t: Duration) -> usize {
    let later = records.iter().rev().take_while(|other| other.t > t);
    records.len() - later.count()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
