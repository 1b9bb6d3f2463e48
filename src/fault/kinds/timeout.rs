//! Timeout: a partition that ends: nothing passes, and after a time without delivery the connection is closed.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use super::cut::Deadline;
use crate::fault::knob::Metric;
use crate::fault::param::{self, Amount, Param};
use crate::fault::stage::made;
use crate::fault::{Cut, Fate, Fault, Head, Kind, Knob, Terms};

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
    params: &[TIME.spec],
    knobs: &[Knob {
        label: "TMO",
        title: "TIMEOUT",
        metric: Metric::Ended,
        ..Knob::TIME
    }],
    example: "timeout 5s",
    build: |terms| made(Timeout::of(terms)),
    ends: true,
    ..Kind::BASE
};

/// The stage of one direction.
struct Timeout(Deadline);

// === impl Timeout ===

impl Timeout {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let after = Amount::Time(terms.here?.get(TIME));
        Some(Self(Deadline::new(terms, Cut::Close, after, None)))
    }
}

impl Fault for Timeout {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        Self::of(terms)
            .map(|fresh| self.0.go_on_as(fresh.0))
            .is_some()
    }

    fn due(&mut self, _head: &Head, _due: Instant, _now: Instant) -> Option<Instant> {
        None
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        self.0.fate_at(passed, now)
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
