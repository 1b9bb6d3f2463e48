//! A tour while it is led through: which act it is, and what of it was done.

use std::sync::Arc;
use std::time::Duration;

use crate::tour::{Act, Tour};

/// A tour, and where it is.
#[derive(Clone, Debug)]
pub struct Guide {
    /// The acts.
    pub tour: Arc<Tour>,
    /// Whether it presses its keys and goes on by itself.
    pub plays: bool,
    /// The act that is shown, from 0; none before the first.
    pub at: Option<usize>,
    /// Since when it is shown.
    pub since: Duration,
    /// How many of its keys were pressed.
    pub pressed: usize,
}

/// Between two keys that a tour presses by itself.
const BETWEEN: Duration = Duration::from_millis(700);

// === impl Guide ===

impl Guide {
    /// A tour that has not begun.
    #[must_use]
    pub fn new(tour: Arc<Tour>, plays: bool) -> Self {
        Self {
            tour,
            plays,
            at: None,
            since: Duration::ZERO,
            pressed: 0,
        }
    }

    /// The act that is shown.
    #[must_use]
    pub fn act(&self) -> Option<&Act> {
        self.tour.acts.get(self.at?)
    }

    /// Whether all keys of the act were pressed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.act()
            .is_some_and(|act| self.pressed >= act.press.len())
    }

    /// When a tour that plays itself does something next: press a key, in the first half of the act, or go on.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let act = self.act().filter(|_| self.plays)?;
        let after = if self.is_done() {
            act.hold
        } else {
            let before = u32::try_from(self.pressed).unwrap_or(u32::MAX);
            (act.hold.mul_f64(0.4) + BETWEEN.saturating_mul(before)).min(act.hold)
        };
        Some(self.since + after)
    }
}
