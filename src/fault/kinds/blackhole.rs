//! Blackhole: a partition. Bytes and the ends of streams are held, nothing passes, connections stay open; lifting it
//! releases everything in order, or with `lift=close` closes the connections that it acted on.

use std::time::{Duration, Instant};

use super::ending::{LIFT, lifts};
use crate::fault::knob::Metric;
use crate::fault::stage::made;
use crate::fault::{Fault, Head, Kind, Knob, Setting, Stage};

/// What waits in a partition before its sender is not read any more: as much as a socket's own buffers would take.
pub(super) const BACKLOG: usize = 256 << 10;

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "blackhole",
    short: Some("hole"),
    summary: "a partition: everything is held, connections stay open; lifting it releases everything in order",
    params: &[LIFT.spec],
    knobs: &[Knob::SWITCH
        .named("HOL", "BLACKHOLE")
        .chosen_by('v')
        .beside(Metric::Held)],
    example: "blackhole",
    lifts: Some(lifts),
    freezes: Some(|| Setting::new(&KIND)),
    build: |terms| made(terms.here.map(|_| Blackhole)),
    ..Kind::at(Stage::Gate)
};

/// The stage of one direction.
struct Blackhole;

impl Fault for Blackhole {
    fn due(&mut self, _head: &Head, _due: Instant, _now: Instant) -> Option<Instant> {
        None
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
