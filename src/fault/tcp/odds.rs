//! Which packets are lost: a chain of two states, decided by each packet's own number.
//!
//! In the bad state every packet is lost, in the good one none (E. N. Gilbert, "Capacity of a burst-noise channel", 1960;
//! `netem loss gemodel` with its defaults). The n-th packet that sets out has a number of its own, whatever was set before.

use std::time::Instant;

use crate::fault::motion::Motion;
use crate::fault::random::{mix, unit};

/// SplitMix64's step: the n-th number is looked up without drawing those before it.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// How often packets are lost; never, unless something else is said.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::fault) struct Chances {
    odds: Odds,
    /// How they move, and how long bursts are, where they do not stand still.
    moving: Option<(Motion, f64)>,
}

/// How often packets are lost at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Odds {
    after_loss: f64,
    after_arrival: f64,
}

/// The place in the chain: how many segments were drawn, and whether the last was lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossChain {
    seed: u64,
    drawn: u64,
    lost: bool,
}

// === impl Chances ===

impl Chances {
    /// The share `rate` (0 to 1) of the packets, in bursts of `burst` packets on average, or a share that moves.
    pub(in crate::fault) fn new(rate: f64, burst: f64, motion: Option<Motion>) -> Self {
        let moving = motion.filter(Motion::moves);
        Self {
            odds: Odds::new(rate, burst),
            moving: moving.map(|motion| (motion, burst)),
        }
    }

    /// Those of a moment.
    pub(super) fn at(&self, at: impl FnOnce() -> Instant) -> Odds {
        self.moving.map_or(self.odds, |(motion, burst)| {
            Odds::new(motion.at(at()), burst)
        })
    }
}

// === impl Odds ===

impl Odds {
    /// The share `rate` (0 to 1) of the segments, in bursts of `burst` segments on average; 1 makes them independent.
    ///
    /// Where independent losses already come in longer bursts, `1 / (1 - rate)`, they are independent.
    pub(super) fn new(rate: f64, burst: f64) -> Self {
        let rate = rate.clamp(0.0, 1.0);
        let after_loss = rate.max(1.0 - 1.0 / burst.max(1.0));
        // Makes the share of lost segments `rate` in the long run.
        let after_arrival = if rate < 1.0 {
            rate * (1.0 - after_loss) / (1.0 - rate)
        } else {
            1.0
        };
        Self {
            after_loss,
            after_arrival,
        }
    }
}

// === impl LossChain ===

impl LossChain {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: 0,
            lost: false,
        }
    }

    /// Whether the next packet is lost.
    pub(super) fn loses_next(&mut self, odds: Odds) -> bool {
        self.drawn += 1;
        let number = mix(self.seed.wrapping_add(self.drawn.wrapping_mul(STEP)));
        let chance = if self.lost {
            odds.after_loss
        } else {
            odds.after_arrival
        };
        self.lost = unit(number) < chance;
        self.lost
    }
}
