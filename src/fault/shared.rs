//! What the connections of one proxy share: one link each way for all of them.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Direction;

/// The virtual time until which each direction's shared link is taken.
#[derive(Debug, Default)]
pub struct SharedLinks {
    up: AtomicU64,
    down: AtomicU64,
}

impl SharedLinks {
    /// Takes the link for `nanos` from `earliest` on or from where the last taker ends, whichever is later, and returns
    /// when that turn begins. Times are nanoseconds since an origin that all callers share.
    pub fn reserve(&self, direction: Direction, earliest: u64, nanos: u64) -> u64 {
        let free = match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        };
        let begin = |free: u64| free.max(earliest);
        // Relaxed: the time is the only thing that the takers share.
        free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            Some(begin(free).saturating_add(nanos))
        })
        .map_or(earliest, begin)
    }
}
