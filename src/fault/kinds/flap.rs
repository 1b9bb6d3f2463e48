//! Flap: a link and a blackhole in turn, for all connections at once.
//!
//! The turns are counted from when the fault was set, the link's first. What comes while nothing passes leaves in order when
//! the link's next turn begins.

use std::time::{Duration, Instant};

use super::blackhole::BACKLOG;
use crate::fault::knob::Metric;
use crate::fault::param::{self, Param};
use crate::fault::stage::made;
use crate::fault::{Fault, Head, Kind, Knob, Stage, Terms};

const LEAST: Duration = Duration::from_millis(10);
const DAY: Duration = Duration::from_secs(86_400);

const ON: Param<Duration> = param::time("on", "for how long bytes pass")
    .within(LEAST, DAY)
    .or(Duration::from_secs(5));
const OFF: Param<Duration> =
    param::time("off", "for how long everything is held then").within(LEAST, DAY);

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "flap",
    summary: "a link and a blackhole in turn",
    params: &[ON.spec, OFF.spec],
    knobs: &[Knob::TIME
        .named("FLP", "FLAP OFF")
        .picked_by('l')
        .turning("off")
        .beside(Metric::Held)],
    example: "flap on=5s off=2s",
    build: |terms| made(Flap::of(terms)),
    rests: Some(|setting| {
        let (on, off) = (setting.get(ON), setting.get(OFF));
        Some((on.saturating_add(off), Duration::ZERO..on))
    }),
    ..Kind::at(Stage::Gate)
};

/// The stage of one direction.
struct Flap {
    since: Instant,
    on: Duration,
    off: Duration,
}

// === impl Flap ===

impl Flap {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let here = terms.here?;
        Some(Self {
            since: terms.since,
            on: here.get(ON),
            off: here.get(OFF),
        })
    }

    /// When the link's turn that is under way at `at` began, or its next one begins where it is not its turn.
    fn opens(&self, at: Instant) -> Option<Instant> {
        let turns = self.on.saturating_add(self.off);
        let past = at.saturating_duration_since(self.since);
        let into = u64::try_from(past.as_nanos() % turns.as_nanos()).ok()?;
        let into = Duration::from_nanos(into);
        let began = at.checked_sub(into)?;
        if into < self.on {
            Some(began)
        } else {
            began.checked_add(turns)
        }
    }
}

impl Fault for Flap {
    fn due(&mut self, _head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        // What has not left by now meets the link as it is now, however long it was ready.
        let due = due.max(self.opens(due)?);
        Some(due.max(self.opens(now)?))
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        Some(BACKLOG)
    }
}
