//! How many bytes all connections together may hold.
//!
//! A direction may hold much (`fault::link::CEILING`), so that a delay does not become a limit of the rate; a thousand
//! directions at once may not. Above the budget a direction is read only while it holds little, so each goes on, and none
//! grows.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What all connections of an engine hold at most before each is held to little.
const BUDGET: usize = 1 << 30;

/// How much little is: what a direction may hold whatever the others hold.
const LITTLE: usize = 64 << 10;

/// At least how much one read may bring: with less, a direction that holds almost all that it may would be read byte by byte.
const LEAST_READ: usize = 4 << 10;

/// The bytes that all connections of an engine hold.
#[derive(Debug)]
pub struct Budget {
    held: AtomicUsize,
    most: usize,
    little: usize,
}

/// One direction's part of the budget; given back when it goes.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: std::sync::Arc<Budget>,
    held: usize,
}

// === impl Budget ===

impl Budget {
    /// A budget that is spent when `most` bytes are held, and leaves `little` to each direction even then.
    #[must_use]
    pub fn new(most: usize, little: usize) -> Self {
        Self {
            held: AtomicUsize::new(0),
            most,
            little,
        }
    }

    fn is_spent(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= self.most
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BUDGET, LITTLE)
    }
}

// === impl Charge ===

impl Charge {
    pub(crate) fn on(budget: &std::sync::Arc<Budget>) -> Self {
        Self {
            budget: std::sync::Arc::clone(budget),
            held: 0,
        }
    }

    /// Says how much the direction holds now.
    pub(crate) fn set(&mut self, held: usize) {
        // Relaxed: the sum is all that is shared, and it may be a moment old.
        match held.checked_sub(self.held) {
            Some(0) => return,
            Some(more) => self.budget.held.fetch_add(more, Ordering::Relaxed),
            None => self
                .budget
                .held
                .fetch_sub(self.held - held, Ordering::Relaxed),
        };
        self.held = held;
    }

    /// Whether the direction may be read. One that may not holds enough to be woken by its own bytes' release.
    pub(crate) fn allows_more(&self) -> bool {
        self.room() > 0
    }

    /// How much a read may bring; nothing, or enough that reading does not become a byte at a time.
    pub(crate) fn room(&self) -> usize {
        if !self.budget.is_spent() {
            return usize::MAX;
        }
        match self.budget.little.saturating_sub(self.held) {
            0 => 0,
            left => left.max(LEAST_READ),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_spent_budget_stops_only_those_that_hold_much() {
        let budget = Arc::new(Budget::default());
        let (mut large, mut small) = (Charge::on(&budget), Charge::on(&budget));
        large.set(BUDGET);
        small.set(LITTLE - 1);
        assert_eq!((large.allows_more(), small.allows_more()), (false, true));
        large.set(0);
        small.set(LITTLE);
        assert!(small.allows_more());
    }

    #[test]
    fn a_direction_that_holds_almost_all_is_not_read_byte_by_byte() {
        let budget = Arc::new(Budget::new(0, LITTLE));
        let mut charge = Charge::on(&budget);
        charge.set(LITTLE - 1);
        assert_eq!(charge.room(), LEAST_READ);
        charge.set(LITTLE);
        assert_eq!(charge.room(), 0);
    }

    #[test]
    fn what_a_direction_held_is_given_back_with_it() {
        let budget = Arc::new(Budget::default());
        let mut charge = Charge::on(&budget);
        charge.set(1_000);
        charge.set(400);
        assert_eq!(budget.held.load(Ordering::Relaxed), 400);
        drop(charge);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
