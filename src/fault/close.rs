//! Close: an orderly end of the connection to both peers, after a time or after exactly so many bytes.
//!
//! A time is counted from when the fault was set, for a connection that was open then, and from its opening for a new one.
//! A size is counted in each direction alike, and the direction that has passed it first ends the connection: exactly that
//! many bytes of it have been delivered. What waits beyond is dropped; a stream that ends before is not touched.

use std::time::Instant;

use super::cut::{AFTER, Deadline};
use super::{Cut, Fate, Fault, Head, Kind, Knob, Terms};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "close",
    summary: "ends the connection in order; with a size, exactly that much passes first",
    params: &[AFTER],
    knobs: &[Knob {
        label: "CLS",
        title: "CLOSES",
        key: None,
        place: 11,
        ..Knob::SHARE
    }],
    example: "close after=64KiB down",
    build: |terms| Close::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    ends: true,
    ..Kind::BASE
};

/// The stage of one direction.
struct Close(Deadline);

// === impl Close ===

impl Close {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        Deadline::of(terms, Cut::Close, AFTER.name).map(Self)
    }
}

impl Fault for Close {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        self.0.retuned(Deadline::of(terms, Cut::Close, AFTER.name))
    }

    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(due)
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        self.0.quantum(head.offset)
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        self.0.fate(passed, now)
    }
}
