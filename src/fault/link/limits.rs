//! How much may wait in a link, and how much does.
//!
//! What faults hold is bounded by bytes, so that a sender feels a rate and not our buffer; by the memory that they take, so
//! that a million small pieces cost no more than one large one.

use super::Link;
use crate::fault::segment::Segment;

/// What a direction holds at most when no fault asks for less: about twice what the best-known peer holds, so that a
/// delay of 50 ms leaves one stream most of its throughput.
pub const CEILING: usize = 64 << 20;

/// What a direction without faults may hold before it is read again: only what the receiver refused waits.
pub(super) const PASSING: usize = 1;

/// What one read may add beyond the ceiling: less would make reads so small that they cost more than they spare.
const LEAST_READ: usize = 4 << 10;

// === impl Link ===

impl Link {
    /// Sets how much may wait under the faults that act now.
    pub(super) fn set_ceiling(&mut self) {
        self.ceiling = match self.chain.backlog() {
            _ if self.chain.is_empty() => PASSING,
            Some(backlog) => backlog.min(CEILING),
            None => CEILING,
        };
    }

    /// Whether its owner may read more.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.held() < self.ceiling && self.footprint() < CEILING
    }

    /// Whether faults hold all that may wait, so that the sender is not read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.chain.is_empty() && !self.wants_input()
    }

    /// How many bytes one read may add.
    #[must_use]
    pub fn room(&self) -> usize {
        (self.ceiling - self.held().min(self.ceiling)).max(LEAST_READ)
    }

    /// How many bytes wait.
    #[must_use]
    pub fn held(&self) -> usize {
        self.store.len()
    }

    /// How much memory what waits takes: its buffers, and what is known of it.
    #[must_use]
    pub fn footprint(&self) -> usize {
        self.store.footprint() + self.queue.len() * size_of::<Segment>()
    }
}
