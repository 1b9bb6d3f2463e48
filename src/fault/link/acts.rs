//! What faults do beside delaying: ending the connection, changing bytes.

use std::time::Instant;

use super::{Link, Severed};

// === impl Link ===

impl Link {
    /// Whether a fault ends the whole connection now, and how; else when one might.
    pub fn fate(&mut self, now: Instant) -> Result<Option<Instant>, Severed> {
        self.chain.fate(self.passed, now)
    }

    /// Whether no fault acts.
    #[must_use]
    pub fn is_unbound(&self) -> bool {
        self.chain.is_empty()
    }

    /// Has the faults change the first `n` bytes, those that have not been yet.
    pub(super) fn alter(&mut self, n: usize) {
        let done = self.altered.saturating_sub(self.passed);
        let done = usize::try_from(done).unwrap_or(usize::MAX);
        if n <= done || !self.chain.alters() {
            return;
        }
        let (chain, passed) = (&self.chain, self.passed);
        self.store.change(done..n, |place, bytes| {
            chain.alter(passed + place as u64, bytes);
        });
        self.altered = passed + n as u64;
    }
}
