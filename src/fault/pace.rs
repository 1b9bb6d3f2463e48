//! A rate that may move: how long bytes take at it.

use std::time::{Duration, Instant};

use super::motion::{self, Motion};
use crate::units::ByteRate;

/// A moving rate is taken as it is in the middle of steps of this length, or of this share of its period.
const STEP: Duration = Duration::from_millis(5);
const STEPS: u32 = 2_000;

/// A rate, as it was set and as it moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) rate: ByteRate,
    pub(super) motion: Option<Motion>,
}

// === impl Pace ===

impl Pace {
    /// The rate at a time.
    pub(super) fn at(&self, at: Instant) -> ByteRate {
        self.motion
            .map_or(self.rate, |motion| motion::rate(motion.at(at)))
    }

    /// The greatest rate that it comes to.
    pub(super) fn most(&self) -> ByteRate {
        self.motion
            .map_or(self.rate, |motion| motion::rate(motion.most()))
    }

    /// Whether nothing passes, ever.
    pub(super) fn is_zero(&self) -> bool {
        self.most().bytes_per_second() == 0
    }

    /// How many bytes pass from one time to another.
    pub(super) fn passed(&self, from: Instant, to: Instant) -> u64 {
        let moving = self.motion.filter(|motion| !motion.is_still(from));
        let Some(motion) = moving else {
            return self.rate.bytes_in(to.saturating_duration_since(from));
        };
        let step = STEP.max(motion.longest() / STEPS);
        let mut bytes = 0.0;
        let mut at = from;
        for _ in 0..2 * STEPS {
            let part = step.min(to.saturating_duration_since(at));
            if part.is_zero() {
                break;
            }
            bytes += motion.at(at + part / 2) * part.as_secs_f64();
            at += part;
        }
        motion::whole(bytes)
    }

    /// When `bytes` have passed that began to at `from`; `None` where the rate stays at nothing.
    pub(super) fn passes(&self, from: Instant, bytes: u64) -> Option<Instant> {
        let moving = self.motion.filter(|motion| !motion.is_still(from));
        let Some(motion) = moving else {
            return Some(from + self.rate.time_for(bytes));
        };
        let step = STEP.max(motion.longest() / STEPS);
        let seconds = step.as_secs_f64();
        let mut left = bytes as f64;
        let mut at = from;
        for _ in 0..2 * STEPS {
            let passed = motion.at(at + step / 2) * seconds;
            if passed >= left {
                let share = if passed > 0.0 { left / passed } else { 0.0 };
                return Some(at + step.mul_f64(share));
            }
            left -= passed;
            at += step;
        }
        None
    }
}
