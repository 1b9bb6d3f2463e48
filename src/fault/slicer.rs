//! Slicer: what leaves is cut into small writes, with a gap between them.
//!
//! Every slice's size is `size + vary × x`, at least one byte; `x` is drawn evenly between -1 and 1 from the slice's place in
//! the stream. A slice ends where the piece that it is cut from does.

use std::time::{Duration, Instant};

use super::knob::{Fine, Metric};
use super::param::Default;
use super::random::{derive, unit};
use super::{Fault, Head, Kind, Knob, ParamSpec, Stage, Terms, Unit, Value};
use crate::units::ByteCount;

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

const fn bytes(bytes: u64) -> Value {
    Value::Size(ByteCount::new(bytes))
}

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "slicer",
    short: Some("slice"),
    summary: "cuts what leaves into small writes, with a gap between them",
    params: &[
        ParamSpec {
            name: "size",
            bare: true,
            unit: Unit::Size,
            default: Default::Required,
            range: Some((bytes(1), bytes(1_000_000_000))),
            halves: false,
            summary: "how much one write takes",
        },
        ParamSpec {
            name: "vary",
            bare: false,
            unit: Unit::Size,
            default: Default::Is(bytes(0)),
            range: Some((bytes(0), bytes(1_000_000_000))),
            halves: false,
            summary: "how far a slice's size strays, either way",
        },
        ParamSpec {
            name: "gap",
            bare: false,
            unit: Unit::Time,
            default: Default::Is(ms(0)),
            range: Some((ms(0), ms(3_600_000))),
            halves: false,
            summary: "how long to wait between two slices",
        },
    ],
    knobs: &[Knob {
        label: "SLI",
        title: "SLICER",
        key: None,
        place: 10,
        param: "size",
        stops: [
            bytes(16_000),
            bytes(4_000),
            bytes(1_448),
            bytes(512),
            bytes(128),
            bytes(64),
            bytes(16),
            bytes(4),
            bytes(1),
        ],
        fine: Fine::PerDecade(12),
        metric: Metric::None,
    }],
    example: "slicer 64B vary=16B gap=10ms",
    build: |terms| Slicer::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    stage: Stage::Cut,
    ..Kind::BASE
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
        let size_of = |name| match here.value(name) {
            Some(Value::Size(size)) => size.bytes(),
            _ => 0,
        };
        Some(Self {
            size: size_of("size"),
            vary: size_of("vary"),
            gap: here.value("gap").and_then(Value::time).unwrap_or_default(),
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
