//! Where facts wait between the tasks that see them and the collector that carries them on.
//!
//! Each worker has a queue of its own, which nobody but the collector's beat competes for, so its lock is free nearly always. It
//! is bounded: what does not fit is dropped, and counted.

use parking_lot::Mutex;

use crate::snapshot::{Fact, ProxyId};

/// How many facts of one worker may wait for the collector's beat.
const MOST: usize = 16_384;

/// The facts that one worker has seen since the last beat.
#[derive(Debug, Default)]
pub(crate) struct Facts(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Fact>,
    dropped: u64,
    /// Whose they were.
    of: Vec<ProxyId>,
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
            if !queue.of.contains(&fact.proxy) {
                queue.of.push(fact.proxy);
            }
        }
    }

    /// Moves what waits behind `to`, and returns how many were dropped since the last time; `of` gains the proxies of which
    /// any was.
    pub(crate) fn take(&self, to: &mut Vec<Fact>, of: &mut Vec<ProxyId>) -> u64 {
        let mut queue = self.0.lock();
        let room = queue.waiting.len().max(16).saturating_mul(4);
        to.append(&mut queue.waiting);
        of.append(&mut queue.of);
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
        let fact = |proxy| Fact {
            at: Duration::ZERO,
            proxy: ProxyId(proxy),
            conn: ConnId(1),
            seen: Seen::Reached,
        };
        (0..MOST).for_each(|_| facts.push(fact(1)));
        for proxy in [2, 3, 2] {
            facts.push(fact(proxy));
        }
        let (mut taken, mut of) = (Vec::new(), Vec::new());
        assert_eq!((facts.take(&mut taken, &mut of), taken.len()), (3, MOST));
        assert_eq!(of, [ProxyId(2), ProxyId(3)]);
        facts.push(fact(1));
        of.clear();
        assert_eq!(
            (facts.take(&mut taken, &mut of), taken.len()),
            (0, MOST + 1)
        );
        assert_eq!(of, []);
    }
}
