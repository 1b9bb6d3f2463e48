//! Corrupt: one random bit of some bytes is flipped on their way, nothing else.
//!
//! Whether a byte is hit, and which of its bits, is drawn from its place in the stream: the same seed hits the same bytes,
//! however they are cut into writes, and a greater share hits all that a smaller one hit. TLS between the client and the
//! upstream is not touched where faultboard speaks it itself: the bytes inside are.

use crate::fault::knob::{Metric, stops_ppm};
use crate::fault::param::{self, Param};
use crate::fault::random::{mix, unit};
use crate::fault::stage::made;
use crate::fault::{Fault, Kind, Knob, Stage, Terms};
use crate::units::Percent;

const BYTES: Param<Percent> = param::percent("bytes", "the share of bytes that it hits").bare();

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "corrupt",
    summary: "flips one random bit in each byte hit",
    params: &[BYTES.spec],
    knobs: &[Knob::TIME
        .named("BIT", "CORRUPT")
        .picked_by('u')
        .turning("bytes")
        .stopping_at(stops_ppm([
            10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000, 1_000_000,
        ]))
        .beside(Metric::Flips)],
    example: "corrupt 0.1%",
    build: |terms| made(Corrupt::of(terms)),
    alters: true,
    ..Kind::at(Stage::Delivery)
};

/// The stage of one direction.
struct Corrupt {
    share: f64,
    seed: u64,
}

// === impl Corrupt ===

impl Corrupt {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let share = terms.here?.get(BYTES);
        (share != Percent::NONE).then_some(Self {
            share: share.fraction(),
            seed: terms.seed,
        })
    }
}

impl Fault for Corrupt {
    fn alter(&self, offset: u64, bytes: &mut [u8]) -> u64 {
        let mut hit: u64 = 0;
        for (byte, offset) in bytes.iter_mut().zip(offset..) {
            let draw = mix(self.seed ^ mix(offset));
            if unit(draw) < self.share {
                // The low bits have no part in `unit`.
                *byte ^= 1 << (draw & 7);
                hit = hit.saturating_add(1);
            }
        }
        hit
    }

    fn counts(&self) -> bool {
        false
    }
}
