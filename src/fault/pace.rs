//! Rates that move: how much passes in a time, and when so much has passed.

use std::time::Instant;

use super::motion::{Motion, rate, seconds, whole};
use crate::units::ByteRate;

/// A rate, as it was set and as it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    rate: ByteRate,
    /// How it moves, where it does not stand still.
    motion: Option<Motion>,
}

// === impl Pace ===

impl Pace {
    /// A rate that moves so from `now` on, or stands still.
    pub(super) fn new(rate: ByteRate, motion: Option<Motion>, now: Instant) -> Self {
        Self {
            rate,
            motion: motion.filter(|motion| !motion.is_still(now)),
        }
    }

    /// The rate at a time.
    pub(super) fn at(&self, at: Instant) -> ByteRate {
        self.motion.map_or(self.rate, |motion| rate(motion.at(at)))
    }

    /// The greatest rate that it comes to from `now` on.
    pub(super) fn most(&self, now: Instant) -> ByteRate {
        self.motion
            .map_or(self.rate, |motion| rate(motion.most(now)))
    }

    /// How many bytes pass from one time to another.
    pub(super) fn passed(&self, from: Instant, to: Instant) -> u64 {
        let Some(motion) = self.moving(from) else {
            return self.rate.bytes_in(to.saturating_duration_since(from));
        };
        let (_, sum) = motion.sum(motion.past(from), motion.past(to), f64::INFINITY);
        whole(sum)
    }

    /// When `bytes` have passed that began to at `from`; `None` where that is never, as the rate stays at nothing.
    pub(super) fn passes(&self, from: Instant, bytes: u64) -> Option<Instant> {
        let Some(motion) = self.moving(from) else {
            return from.checked_add(self.rate.time_for(bytes));
        };
        let begin = motion.past(from);
        let (end, sum) = motion.sum(begin, f64::INFINITY, bytes as f64);
        if sum < bytes as f64 {
            return None;
        }
        from.checked_add(seconds(end - begin)?)
    }

    fn moving(&self, from: Instant) -> Option<&Motion> {
        self.motion.as_ref().filter(|motion| !motion.is_still(from))
    }
}
