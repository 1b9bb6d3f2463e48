//! Where facts wait between the tasks that see them and the collector that carries them on.
//!
//! Each worker has a queue of its own, which nobody but the collector's beat competes for, so its lock is free nearly always. It
//! is bounded: what does not fit is dropped, and counted.

use parking_lot::Mutex;

use crate::snapshot::Fact;

/// How many facts of one worker may wait for the collector's beat.
const MOST: usize = 16_384;

/// The facts that one worker has seen since the last beat.
#[derive(Debug, Default)]
pub(crate) struct Facts(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Fact>,
    dropped: u64,
}

// === impl Facts ===

impl Facts {
    /// Queues a fact, or counts it as dropped.
    pub(crate) fn push(&self, fact: Fact) {
        let mut queue = self.0.lock();
        if queue.waiting.len() < MOST {
            queue.waiting.push(fact);
        } else {
            queue.dropped += 1;
        }
    }

    /// Moves what waits behind `to`, and returns how many were dropped since the last time.
    pub(crate) fn take(&self, to: &mut Vec<Fact>) -> u64 {
        let mut queue = self.0.lock();
        let room = queue.waiting.len().max(16).saturating_mul(4);
        to.append(&mut queue.waiting);
        // What a storm needed is given back, once it is over.
        queue.waiting.shrink_to(room);
        std::mem::take(&mut queue.dropped)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::snapshot::{ConnId, ProxyId, Seen};

    #[test]
    fn what_does_not_fit_is_dropped_and_counted_once() {
        let facts = Facts::default();
        let fact = Fact {
            at: Duration::ZERO,
            proxy: ProxyId(1),
            conn: ConnId(1),
            seen: Seen::Reached,
        };
        (0..MOST + 3).for_each(|_| facts.push(fact));
        let mut taken = Vec::new();
        assert_eq!((facts.take(&mut taken), taken.len()), (3, MOST));
        facts.push(fact);
        assert_eq!((facts.take(&mut taken), taken.len()), (0, MOST + 1));
    }
}
