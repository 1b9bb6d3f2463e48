//! The knobs of the table of kinds, and what it means to turn one: a plan in, a plan out.

use std::sync::LazyLock;

use crate::fault::knob::Fine;
use crate::fault::{Directions, KINDS, Kind, Knob, Plan, Value};

/// A knob with the kind whose parameter it turns.
#[derive(Clone, Copy, Debug)]
pub struct Dial {
    /// The kind.
    pub kind: &'static Kind,
    /// The knob.
    pub knob: &'static Knob,
}

/// How a knob is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// By this many fine steps; to the right is worse.
    Fine(i8),
    /// To the next stop, left (-1) or right (1).
    Stop(i8),
    /// To a stop, 1 to 9.
    To(u8),
    /// Off: the setting is absent.
    Off,
    /// To a value, as typed.
    Exact(Value),
}

/// Every knob, in the order of the table of kinds.
#[must_use]
pub fn all() -> &'static [Dial] {
    static ALL: LazyLock<Vec<Dial>> = LazyLock::new(|| {
        let dials = |kind: &&'static Kind| {
            let kind: &'static Kind = kind;
            kind.knobs.iter().map(move |knob| Dial { kind, knob })
        };
        KINDS.iter().flat_map(dials).collect()
    });
    &ALL
}

impl Dial {
    /// What the knob stands at in these directions: for a round trip's values the sum of both, else the worse of both.
    /// `None` is off.
    #[must_use]
    pub fn value(&self, plan: &Plan, directions: Directions) -> Option<Value> {
        let _ = (plan, directions);
        None
    }

    /// Where a value stands on the track: 0 is off, `n` the n-th stop, between them on the scale of the values; at most
    /// 9. It places measured values on the same track.
    #[must_use]
    pub fn position(&self, value: Value) -> f64 {
        let _ = (value, Fine::PerDecade(12));
        0.0
    }
}
