//! The rest of whoever looks at what connections do, and what ends it.
//!
//! A desk on which nothing moves costs nothing if nobody looks ten times a second. So who has looked in vain lies down, and
//! the first that stirs wakes it. To stir while nobody rests is one load of a flag that nobody writes then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// Whether the collector rests, and what is done to proxies by others than their connections.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    changes: AtomicU64,
    rests: AtomicBool,
    ends: Notify,
}

// === impl Rest ===

impl Rest {
    /// Counts a change, after it is made.
    pub(crate) fn changed(&self) {
        // Release: whoever sees the count sees what was done.
        self.changes.fetch_add(1, Ordering::Release);
        self.disturb();
    }

    /// Grows with every change.
    pub(crate) fn changes(&self) -> u64 {
        // Acquire: with the release in `changed`.
        self.changes.load(Ordering::Acquire)
    }

    /// From now on what stirs ends the rest. What stirred just before may not have seen that: whoever lies down looks once
    /// more, a beat later.
    pub(crate) fn begin(&self) {
        self.rests.store(true, Ordering::Relaxed);
    }

    /// Something has stirred, and its count is written.
    pub(crate) fn disturb(&self) {
        if self.rests.load(Ordering::Relaxed) && self.rests.swap(false, Ordering::Relaxed) {
            self.ends.notify_one();
        }
    }

    /// Waits until something stirs, or comes at once where it has. Cancelled, it has taken nothing.
    pub(crate) async fn ended(&self) {
        self.ends.notified().await;
    }
}
