//! Accept delay: a new client waits before it is served, as at a server that is slow to accept.
//!
//! The time is counted from the accept of the client. Lifting the fault while a client waits lets it go on at once.

use super::opening::TIME;
use crate::fault::knob::{Metric, WaitOf};
use crate::fault::{Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "accept_delay",
    summary: "a new client is not served before this time has passed",
    params: &[TIME.spec],
    knobs: &[Knob::TIME
        .named("ACC", "ACCEPT DELAY")
        .picked_by('a')
        .beside(Metric::Waited(WaitOf::Accept))],
    example: "accept_delay 2s",
    open: Some(|setting, _, demands| {
        demands.accept = demands.accept.saturating_add(setting.get(TIME));
    }),
    directed: false,
    ..Kind::at(Stage::Opening)
};
