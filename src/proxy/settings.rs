//! Live settings: the plan of a proxy, its generation, and the wakers of connections that hold something.
//!
//! A change stores the plan, raises the generation and wakes only the connections that have marked themselves as holding
//! bytes or waiting for a time. The others read the generation before their next byte moves. No wake-up is lost: a task
//! registers its waker, marks itself, then reads the generation once more before it parks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::clock;
use super::record::{Order, Record};
use crate::fault::Plan;
use crate::snapshot::ConnId;

/// How long a change waits for the last connection to report before it answers with those that have.
const TAKE_LIMIT: Duration = Duration::from_secs(1);

/// How many open connections run a change, and how long the last of them took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Open connections that run the new settings.
    pub taken: u32,
    /// Open connections.
    pub of: u32,
    /// Microseconds from the change until the last of them ran it.
    pub micros: u64,
}

/// The plan of a proxy and the connections that run it.
#[derive(Debug)]
pub(super) struct Settings {
    plan: Mutex<Arc<Plan>>,
    generation: AtomicU64,
    records: Mutex<HashMap<ConnId, Arc<Record>>>,
    /// Whether connections are to end as soon as they are known; written under the lock of `records`.
    stopped: AtomicBool,
    reported: Notify,
}

/// A change that is in force, and the connections that were told of it.
pub(super) struct Change {
    began: Instant,
    generation: u64,
    waiting: Vec<Arc<Record>>,
}

// === impl Settings ===

impl Settings {
    pub(super) fn new(plan: Plan) -> Self {
        let now = clock::now();
        Self {
            plan: Mutex::new(Arc::new(plan.set_at(&Plan::default(), now, now))),
            generation: AtomicU64::new(1),
            records: Mutex::default(),
            stopped: AtomicBool::new(false),
            reported: Notify::new(),
        }
    }

    pub(super) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.lock())
    }

    pub(super) fn generation(&self) -> u64 {
        // Sequentially consistent with `holds`: see `Record::park`.
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn enter(&self, record: &Arc<Record>) {
        let mut records = self.records.lock();
        records.insert(record.id, Arc::clone(record));
        // Relaxed: the lock orders it.
        if self.stopped.load(Ordering::Relaxed) {
            record.give(Order::Stop);
        }
    }

    pub(super) fn leave(&self, id: ConnId) {
        self.records.lock().remove(&id);
        self.reported.notify_waiters();
    }

    pub(super) fn order(&self, id: ConnId, order: Order) -> bool {
        let record = self.records.lock().get(&id).cloned();
        record.inspect(|record| record.give(order)).is_some()
    }

    /// Ends every connection, those that a worker has yet to take over too.
    pub(super) fn stop(&self) {
        let records = self.records.lock();
        self.stopped.store(true, Ordering::Relaxed);
        for record in records.values() {
            record.give(Order::Stop);
        }
    }

    /// Whether connections are to end as soon as they are known.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Waits until no connection is open.
    pub(super) async fn emptied(&self) {
        loop {
            let reported = self.reported.notified();
            if self.records.lock().is_empty() {
                return;
            }
            reported.await;
        }
    }

    /// Of the open connections, how many run the current plan, and whether any does not.
    pub(super) fn taken(&self) -> (u32, u32) {
        let generation = self.generation();
        let records = self.records.lock();
        let taken = records
            .values()
            .filter(|record| record.runs(generation))
            .count();
        (
            u32::try_from(taken).unwrap_or(u32::MAX),
            u32::try_from(records.len()).unwrap_or(u32::MAX),
        )
    }

    /// Puts a plan in force: stores it, raises the generation, and wakes those that hold something; all of them where the
    /// plan does something to those that do not.
    /// `origin` is the engine's start.
    pub(super) fn change(&self, plan: Plan, origin: Instant) -> Change {
        let began = clock::now();
        let all = plan.concerns_idle();
        {
            let mut current = self.plan.lock();
            let plan = plan.set_at(&current, began, origin);
            *current = Arc::new(plan.succeeding(&current));
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        let generation = self.generation();
        let records = self.records.lock();
        let holding = records.values().filter(|record| all || record.holds());
        let waiting: Vec<_> = holding.cloned().collect();
        drop(records);
        for record in &waiting {
            record.expect_news();
            record.wake();
        }
        Change {
            began,
            generation,
            waiting,
        }
    }

    /// Waits, for a bounded time, until every open connection runs a change. `since` is the engine's start.
    pub(super) async fn taken_by_all(&self, change: Change, since: Instant) -> Taken {
        let Change {
            began,
            generation,
            waiting,
        } = change;
        // Cut off without harm: it only looks.
        let all = tokio::time::timeout(TAKE_LIMIT, self.all_run(generation, &waiting)).await;
        let until_now = clock::now().saturating_duration_since(began);
        let began = began.saturating_duration_since(since);
        let running = waiting.iter().filter(|record| record.runs(generation));
        let last = running.map(|record| record.taken_after(began)).max();
        let micros = last.unwrap_or(until_now).as_micros();
        let (taken, of) = all.map_or_else(|_| self.taken(), |open| (open, open));
        Taken {
            taken,
            of,
            micros: u64::try_from(micros).unwrap_or(u64::MAX),
        }
    }

    /// Waits until every open connection runs a generation, and says how many there are.
    async fn all_run(&self, generation: u64, waiting: &[Arc<Record>]) -> u32 {
        let mut behind = waiting.to_vec();
        loop {
            for record in &behind {
                loop {
                    let reported = self.reported.notified();
                    if record.runs(generation) {
                        break;
                    }
                    reported.await;
                }
            }
            let records = self.records.lock();
            // Those that held nothing when the change came, and woke up before they saw it: they look once more.
            let runs_another = |record: &&Arc<Record>| !record.runs(generation);
            behind = records.values().filter(runs_another).cloned().collect();
            if behind.is_empty() {
                return u32::try_from(records.len()).unwrap_or(u32::MAX);
            }
        }
    }

    /// Reports that a connection runs another generation.
    pub(super) fn reported(&self, record: &Record, generation: u64, since_start: Duration) {
        record.took(generation, since_start);
        self.reported.notify_waiters();
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
