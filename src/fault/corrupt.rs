//! Corrupt: one random bit of some bytes is flipped on their way, nothing else.
//!
//! Whether a byte is hit, and which of its bits, is drawn from its place in the stream: the same seed hits the same bytes,
//! however they are cut into writes, and a greater share hits all that a smaller one hit. TLS between the client and the
//! upstream is not touched where faultboard speaks it itself: the bytes inside are.

use std::time::Instant;

use super::knob::{Fine, Metric};
use super::param::Default;
use super::random::{mix, unit};
use super::{Fault, Head, Kind, Knob, ParamSpec, Stage, Terms, Unit, Value};
use crate::units::Percent;

const fn ppm(ppm: u32) -> Value {
    Value::Percent(Percent::from_ppm(ppm))
}

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "corrupt",
    summary: "flips one random bit in each byte hit",
    params: &[ParamSpec {
        name: "bytes",
        bare: true,
        unit: Unit::Percent,
        default: Default::Required,
        range: None,
        halves: false,
        summary: "the share of bytes that it hits",
    }],
    knobs: &[Knob {
        label: "BIT",
        title: "CORRUPT",
        key: None,
        place: 9,
        param: "bytes",
        stops: [
            ppm(10),
            ppm(50),
            ppm(100),
            ppm(500),
            ppm(1_000),
            ppm(5_000),
            ppm(10_000),
            ppm(100_000),
            ppm(1_000_000),
        ],
        fine: Fine::PerDecade(12),
        metric: Metric::None,
    }],
    example: "corrupt 0.1%",
    build: |terms| Corrupt::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    alters: true,
    stage: Stage::Cut,
    ..Kind::BASE
};

/// The stage of one direction.
struct Corrupt {
    share: f64,
    seed: u64,
}

// === impl Corrupt ===

impl Corrupt {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let Some(Value::Percent(share)) = terms.here?.value("bytes") else {
            return None;
        };
        (share != Percent::NONE).then_some(Self {
            share: share.fraction(),
            seed: terms.seed,
        })
    }
}

impl Fault for Corrupt {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        Self::of(terms).map(|fresh| *self = fresh).is_some()
    }

    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(due)
    }

    fn alters(&self) -> bool {
        true
    }

    fn alter(&self, offset: u64, bytes: &mut [u8]) {
        for (byte, offset) in bytes.iter_mut().zip(offset..) {
            let draw = mix(self.seed ^ mix(offset));
            if unit(draw) < self.share {
                // The low bits have no part in `unit`.
                *byte ^= 1 << (draw & 7);
            }
        }
    }

    fn counts(&self) -> bool {
        false
    }
}
