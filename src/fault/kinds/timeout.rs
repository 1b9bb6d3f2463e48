//! Timeout: nothing passes, and after the time that is set the connection is closed.

use std::time::Duration;

use super::ending::{Ender, Ending, LIFT, Trigger, lifts};
use crate::fault::knob::Metric;
use crate::fault::param::{self, Amount, Param};
use crate::fault::{Cut, Kind, Knob, Stage};

const TIME: Param<Duration> = param::time(
    "time",
    "how long nothing passes before the connection is closed",
)
.bare()
.within(Duration::ZERO, Duration::from_secs(86_400));

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "timeout",
    summary: "holds everything, then closes the connection after this time without delivery",
    params: &[TIME.spec, LIFT.spec],
    knobs: &[Knob::TIME
        .named("TMO", "TIMEOUT")
        .picked_by('m')
        .beside(Metric::Ended)],
    example: "timeout 5s",
    build: |terms| {
        Ender::stage(terms, |setting| Ending {
            cut: Cut::Close,
            after: Amount::Time(setting.get(TIME)),
            every: None,
            holds: Some(Trigger::Open),
        })
    },
    lifts: Some(lifts),
    ends: true,
    ..Kind::at(Stage::Gate)
};
