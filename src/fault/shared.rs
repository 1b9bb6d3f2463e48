//! What the connections of one proxy share: one link each way for all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

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

/// A connection's place on its proxy's link.
pub(super) struct Shared {
    pub(super) links: Arc<SharedLinks>,
    pub(super) direction: Direction,
    pub(super) origin: Instant,
    /// The turn that this connection has taken and not used up: when it begins, for how many bytes.
    pub(super) turn: Option<(Instant, u64)>,
}

// === impl Shared ===

impl Shared {
    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }

    /// This connection's turn on the link, taken on the first asking.
    pub(super) fn turn(
        &mut self,
        earliest: Instant,
        bytes: u64,
        takes: Duration,
    ) -> (Instant, u64) {
        if let Some(turn) = self.turn {
            return turn;
        }
        let nanos = u64::try_from(takes.as_nanos()).unwrap_or(u64::MAX);
        let begins = self
            .links
            .reserve(self.direction, self.nanos(earliest), nanos);
        let turn = (self.origin + Duration::from_nanos(begins), bytes);
        self.turn = Some(turn);
        turn
    }
}
