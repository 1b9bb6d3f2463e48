//! Slow close: the end of a stream comes later than its last byte.

use std::time::{Duration, Instant};

use crate::fault::knob::{Metric, WaitOf};
use crate::fault::param::{self, Param};
use crate::fault::stage::made;
use crate::fault::{Fault, Head, Kind, Knob, Stage, Terms};

const TIME: Param<Duration> =
    param::time("time", "how much later than the last byte the end comes")
        .bare()
        .within(Duration::ZERO, Duration::from_secs(86_400));

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "slow_close",
    summary: "delays the end of the stream",
    params: &[TIME.spec],
    knobs: &[Knob::TIME
        .named("SLO", "SLOW CLOSE")
        .picked_by('w')
        .beside(Metric::Waited(WaitOf::Close))],
    example: "slow_close 2s",
    build: |terms| made(SlowClose::of(terms)),
    ..Kind::at(Stage::Delivery)
};

/// The stage of one direction.
struct SlowClose(Duration);

// === impl SlowClose ===

impl SlowClose {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let time = terms.here?.get(TIME);
        (!time.is_zero()).then_some(Self(time))
    }
}

impl Fault for SlowClose {
    fn due(&mut self, head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        if head.len == 0 {
            due.checked_add(self.0)
        } else {
            Some(due)
        }
    }

    fn counts(&self) -> bool {
        false
    }
}
