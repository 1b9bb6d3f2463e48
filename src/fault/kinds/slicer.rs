//! Slicer: what leaves is cut into small writes, with a gap between them.
//!
//! Every slice's size is `size + vary × x`, at least one byte; `x` is drawn evenly between -1 and 1 from the slice's place in
//! the stream. A slice ends where the piece that it is cut from does.

use std::time::{Duration, Instant};

use crate::fault::knob::{Metric, stops_bytes};
use crate::fault::param::{self, Param};
use crate::fault::random::{derive, unit};
use crate::fault::stage::made;
use crate::fault::{Fault, Head, Kind, Knob, Stage, Terms};
use crate::units::ByteCount;

const MOST: ByteCount = ByteCount::new(1_000_000_000);

const SIZE: Param<ByteCount> = param::size("size", "how much one write takes")
    .bare()
    .within(ByteCount::new(1), MOST);
const VARY: Param<ByteCount> = param::size("vary", "how far a slice's size strays, either way")
    .within(ByteCount::new(0), MOST)
    .or(ByteCount::new(0));
const GAP: Param<Duration> = param::time("gap", "how long to wait between two slices")
    .within(Duration::ZERO, Duration::from_secs(3_600))
    .or(Duration::ZERO);

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "slicer",
    short: Some("slice"),
    summary: "cuts what leaves into small writes, with a gap between them",
    params: &[SIZE.spec, VARY.spec, GAP.spec],
    knobs: &[Knob::TIME
        .named("SLI", "SLICER")
        .picked_by('s')
        .turning("size")
        .stopping_at(stops_bytes([16_000, 4_000, 1_448, 512, 128, 64, 16, 4, 1]))
        .beside(Metric::Writes)],
    example: "slicer 64B vary=16B gap=10ms",
    build: |terms| made(Slicer::of(terms)),
    ..Kind::at(Stage::Delivery)
};

/// The stage of one direction.
struct Slicer {
    size: u64,
    vary: u64,
    gap: Duration,
    seed: u64,
    /// How much of the slice under way is left; 0 between two.
    left: u64,
    /// When the next slice may begin.
    free: Option<Instant>,
}

// === impl Slicer ===

impl Slicer {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let here = terms.here?;
        Some(Self {
            size: here.get(SIZE).bytes(),
            vary: here.get(VARY).bytes(),
            gap: here.get(GAP),
            seed: terms.seed,
            left: 0,
            free: None,
        })
    }

    /// What is left of the slice at `offset`, or how large a new one there is.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and a slice has a byte at least"
    )]
    fn slice(&self, offset: u64) -> u64 {
        if self.left > 0 {
            return self.left;
        }
        let x = 2.0 * unit(derive(self.seed, "slice", offset)) - 1.0;
        let size = self.size as f64 + self.vary as f64 * x;
        (size.round() as u64).max(1)
    }
}

impl Fault for Slicer {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(fresh) = Self::of(terms) else {
            return false;
        };
        // A new gap is counted from the same slice; where the size is another, the next slice begins at once.
        let free = self.free.and_then(|free| free.checked_sub(self.gap));
        let same_size = (self.size, self.vary) == (fresh.size, fresh.vary);
        *self = Self {
            left: if same_size { self.left } else { 0 },
            free: free.and_then(|sent| sent.checked_add(fresh.gap)),
            ..fresh
        };
        true
    }

    fn due(&mut self, head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(match self.free {
            Some(free) if self.left == 0 && head.len > 0 => due.max(free),
            _ => due,
        })
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        usize::try_from(self.slice(head.offset)).unwrap_or(usize::MAX)
    }

    fn sent(&mut self, head: &Head, n: usize, now: Instant) {
        self.left = self.slice(head.offset).saturating_sub(n as u64);
        if self.left == 0 || n == head.len {
            self.left = 0;
            self.free = now.checked_add(self.gap);
        }
    }
}
