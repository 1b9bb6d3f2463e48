//! Where facts wait between the tasks that see them and the collector that carries them on.
//!
//! Each worker has a queue of its own, which nobody but the collector's beat competes for, so its lock is free nearly always. It
//! is bounded: what does not fit is dropped, and counted.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::snapshot::{Fact, ProxyId};

/// How many facts of one worker may wait for the collector's beat.
const MOST: usize = 16_384;

/// How many stalls may: a thread finds fewer in a beat of the collector's.
const STALLS: usize = 64;

/// The facts that one worker has seen since the last beat.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    queue: Mutex<Queue>,
    /// Whether one was told since somebody asked, and whether somebody waits for the next.
    told: AtomicBool,
    rests: AtomicBool,
    wakes: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Fact>,
    dropped: u64,
    /// Whose they were.
    of: Vec<ProxyId>,
    /// When the worker's thread did not run.
    stalls: Vec<Range<Instant>>,
}

// === impl Facts ===

impl Facts {
    /// Queues a fact, or counts it as dropped.
    pub(crate) fn push(&self, fact: Fact) {
        self.told.store(true, Ordering::Relaxed);
        if self.rests.load(Ordering::Relaxed) && self.rests.swap(false, Ordering::Relaxed) {
            self.wakes.notify_one();
        }
        let mut queue = self.queue.lock();
        if queue.waiting.len() < MOST {
            queue.waiting.push(fact);
        } else {
            queue.dropped += 1;
            if !queue.of.contains(&fact.proxy) {
                queue.of.push(fact.proxy);
            }
        }
    }

    /// Waits until the next fact is told; cancelled, it has taken nothing.
    pub(crate) async fn told(&self) {
        self.rests.store(true, Ordering::Relaxed);
        self.wakes.notified().await;
    }

    /// Whether any was told since the last time.
    pub(crate) fn take_told(&self) -> bool {
        self.told.swap(false, Ordering::Relaxed)
    }

    /// Notes that the worker's thread did not run for a while.
    pub(crate) fn stalled(&self, stall: Range<Instant>) {
        let mut queue = self.queue.lock();
        if queue.stalls.len() < STALLS {
            queue.stalls.push(stall);
        } else if let Some(last) = queue.stalls.last_mut() {
            last.end = stall.end;
        }
    }

    /// When the worker's thread did not run since the last time.
    pub(crate) fn stalls(&self) -> Vec<Range<Instant>> {
        std::mem::take(&mut self.queue.lock().stalls)
    }

    /// Moves what waits behind `to`, and returns how many were dropped since the last time; `of` gains the proxies of which
    /// any was.
    pub(crate) fn take(&self, to: &mut Vec<Fact>, of: &mut Vec<ProxyId>) -> u64 {
        let mut queue = self.queue.lock();
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
