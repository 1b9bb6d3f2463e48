//! Dial delay: a new connection's upstream is dialed late, as over a slow path or through a full backlog.
//!
//! The time is counted from the accept of the client, and from the end of its wait where another fault has it wait before
//! it is served. Lifting the fault while a client waits lets it go on at once.

use super::opening::TIME;
use crate::fault::knob::{Metric, WaitOf};
use crate::fault::{Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "dial_delay",
    summary: "the upstream of a new connection is not dialed before this time has passed",
    params: &[TIME.spec],
    knobs: &[Knob::TIME
        .named("DIA", "DIAL DELAY")
        .picked_by('d')
        .beside(Metric::Waited(WaitOf::Dial))],
    example: "dial_delay 2s",
    open: Some(|setting, _, demands| {
        demands.dial = demands.dial.saturating_add(setting.get(TIME));
    }),
    directed: false,
    ..Kind::at(Stage::Opening)
};
