//! Blackhole: a partition. Bytes and the ends of streams are held, nothing passes, connections stay open; lifting it
//! releases everything in order.

use std::time::{Duration, Instant};

use super::knob::{Knob, Metric};
use super::{Fault, Head, Kind, Terms};

/// What waits in a partition before its sender is not read any more: as much as a socket's own buffers would take.
pub(super) const BACKLOG: usize = 256 << 10;

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "blackhole",
    short: Some("hole"),
    summary: "a partition: everything is held, connections stay open; lifting it releases everything in order",
    knobs: &[Knob {
        label: "HOL",
        title: "BLACKHOLE",
        key: Some('v'),
        place: 4,
        metric: Metric::Held,
        ..Knob::SWITCH
    }],
    example: "blackhole",
    build: |terms| Some(Box::new(Blackhole::of(terms)?)),
    ..Kind::BASE
};

/// The stage of one direction.
struct Blackhole;

// === impl Blackhole ===

impl Blackhole {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        terms.here.map(|_| Self)
    }
}

impl Fault for Blackhole {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        terms.here.is_some()
    }

    fn due(&mut self, _head: &Head, _due: Instant, _now: Instant) -> Option<Instant> {
        None
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
