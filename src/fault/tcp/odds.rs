//! Which segments are lost: a chain of two states, decided by each segment's own number.
//!
//! In the bad state every segment is lost, in the good one none (E. N. Gilbert, "Capacity of a burst-noise channel", 1960;
//! `netem loss gemodel` with its defaults). Each segment has a number of its own, so the fate of segments that are yet to
//! come can be looked up, and comes out the same when they are sent.

use crate::fault::random::{mix, unit};

/// So many copies in a row may be lost: then Linux gives the connection up (`tcp_retries2`), and this one comes through.
const MOST_LOST: u64 = 15;
/// SplitMix64's step: the n-th number is looked up without drawing those before it.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// How often segments are lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    rate: f64,
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

/// What one segment drew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    number: u64,
    pub(super) lost: bool,
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
            rate,
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

    /// What the next segment draws.
    pub(super) fn draw(&mut self, odds: &Odds) -> Draw {
        self.drawn += 1;
        let number = mix(self.seed.wrapping_add(self.drawn.wrapping_mul(STEP)));
        let chance = if self.lost {
            odds.after_loss
        } else {
            odds.after_arrival
        };
        self.lost = unit(number) < chance;
        Draw {
            number,
            lost: self.lost,
        }
    }
}

// === impl Draw ===

impl Draw {
    /// How many copies of a lost segment are lost too. A copy is sent a round trip later or more: it finds the link as it is
    /// on average.
    pub(super) fn copies_lost(self, odds: &Odds) -> usize {
        let fails = |copy: &u64| unit(mix(self.number ^ mix(*copy))) < odds.rate;
        (1..=MOST_LOST).take_while(fails).count()
    }

    /// Whether the acknowledgement of this segment is lost: a packet of its own on the way back.
    pub(super) fn acknowledgement_lost(self, odds: &Odds) -> bool {
        unit(self.other(0)) < odds.rate
    }

    /// A toss of a coin.
    pub(super) fn coin(self) -> bool {
        self.other(1) & 1 == 1
    }

    fn other(self, place: u64) -> u64 {
        mix(self.number ^ mix(MOST_LOST + 1 + place))
    }
}
