//! Live settings: the plan in force of a proxy, its generation, and the wakers of connections that hold something.
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

use super::record::{Order, Record};
use super::thread::clock;
use crate::fault::shared::SharedLinks;
use crate::fault::{InForce, Own, Plan};
use crate::snapshot::{ConnId, Taken};

/// How long a change waits for the last connection to report before it answers with those that have.
const TAKE_LIMIT: Duration = Duration::from_secs(1);

/// The plan in force of a proxy and the connections that run it.
#[derive(Debug)]
pub(super) struct Settings {
    in_force: Mutex<Arc<InForce>>,
    /// The plans that were put in force since the collector asked last, each with when that was.
    history: Mutex<Vec<(Instant, Arc<Plan>)>>,
    generation: AtomicU64,
    records: Mutex<HashMap<ConnId, Arc<Record>>>,
    /// Whether connections are to end as soon as they are known; written under the lock of `records`.
    stopped: AtomicBool,
    /// How often all connections were ended; written under the lock of `records`.
    epoch: AtomicU64,
    reported: Notify,
}

/// A plan and the number of the change that put it in force.
pub(super) struct Current {
    pub(super) generation: u64,
    pub(super) in_force: Arc<InForce>,
}

/// A change that is in force, and the connections that were told of it.
pub(super) struct Change {
    began: Instant,
    generation: u64,
    told: Vec<Arc<Record>>,
}

// === impl Settings ===

impl Settings {
    /// The settings of a proxy whose desk has these links.
    pub(super) fn new(plan: Plan, desk: &Arc<SharedLinks>) -> Self {
        let none = InForce::of_desk(Arc::clone(desk));
        let now = clock::now();
        let in_force = InForce::succeed(&none, plan, now);
        let first = (now, Arc::clone(in_force.plan()));
        Self {
            in_force: Mutex::new(Arc::new(in_force)),
            history: Mutex::new(vec![first]),
            generation: AtomicU64::new(1),
            records: Mutex::default(),
            stopped: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
            reported: Notify::new(),
        }
    }

    pub(super) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.lock())
    }

    pub(super) fn plan(&self) -> Arc<Plan> {
        Arc::clone(self.in_force.lock().plan())
    }

    /// The plan with its generation. Where a change comes in between, the generation is the one before: whoever compares it
    /// looks once more.
    pub(super) fn current(&self) -> Current {
        let generation = self.generation();
        Current {
            generation,
            in_force: self.in_force(),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        // Sequentially consistent with `holds`: see `Record::park`.
        self.generation.load(Ordering::SeqCst)
    }

    /// A connection that was accepted in this epoch is open.
    pub(super) fn enter(&self, record: &Arc<Record>, epoch: u64) {
        let mut records = self.records.lock();
        records.insert(record.id, Arc::clone(record));
        // Relaxed: the lock orders it.
        if self.stopped.load(Ordering::Relaxed) {
            record.give(Order::Stop);
        } else if epoch < self.epoch() {
            record.give(Order::End);
        }
    }

    /// How often all connections were ended.
    pub(super) fn epoch(&self) -> u64 {
        // Relaxed: who is accepted while all are ended may be one of them or not.
        self.epoch.load(Ordering::Relaxed)
    }

    /// Ends every connection that has been accepted by now, those that a worker has yet to take over too; others may follow.
    pub(super) fn end_all(&self) {
        let records = self.records.lock();
        self.epoch.fetch_add(1, Ordering::Relaxed);
        for record in records.values() {
            record.give(Order::End);
        }
    }

    pub(super) fn leave(&self, id: ConnId) {
        self.records.lock().remove(&id);
        self.reported.notify_waiters();
    }

    pub(super) fn order(&self, id: ConnId, order: Order) -> bool {
        self.record(id).is_some_and(|record| record.give(order))
    }

    /// Ends every connection, those that a worker has yet to take over too.
    pub(super) fn stop(&self) {
        let records = self.records.lock();
        self.stopped.store(true, Ordering::Relaxed);
        for record in records.values() {
            record.give(Order::Stop);
        }
    }

    /// How many of the open connections have reached their upstream.
    pub(super) fn connected(&self) -> usize {
        let records = self.records.lock();
        let reached = |record: &&Arc<Record>| record.upstream.get().is_some();
        records.values().filter(reached).count()
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

    /// Has `edit` make another plan of the one that stands and puts that in force, with nothing in between; only at this
    /// generation, where one is expected. Raises the generation, and wakes those that hold something; all of them where the plan
    /// does something to those that do not. Returns both plans.
    ///
    /// # Errors
    /// The generation is another one: this.
    pub(super) fn change(
        &self,
        expected: Option<u64>,
        edit: impl FnOnce(&mut Plan),
    ) -> Result<([Arc<Plan>; 2], Change), u64> {
        let began = clock::now();
        let (plans, all) = {
            let mut current = self.in_force.lock();
            let before = Arc::clone(current.plan());
            // Whoever raises it holds the lock.
            self.expect(expected)?;
            let mut plan = Plan::clone(&before);
            edit(&mut plan);
            let all = self.put(&mut current, plan, began);
            ([before, Arc::clone(current.plan())], all)
        };
        Ok((plans, self.announce(began, all)))
    }

    /// Whether the generation is the expected one, where one is.
    ///
    /// # Errors
    /// It is another one: this.
    pub(super) fn expect(&self, expected: Option<u64>) -> Result<(), u64> {
        let now = self.generation();
        let is_so = expected.is_none_or(|expected| expected == now);
        is_so.then_some(()).ok_or(now)
    }

    /// Puts a plan in force as `change` does, in the place of this one alone: `None` where another one has come since. Returns it
    /// as it stands.
    pub(super) fn change_from(&self, before: &Arc<Plan>, plan: Plan) -> Option<Arc<Plan>> {
        let began = clock::now();
        let (all, plan) = {
            let mut current = self.in_force.lock();
            if !Arc::ptr_eq(current.plan(), before) {
                return None;
            }
            let all = self.put(&mut current, plan, began);
            (all, Arc::clone(current.plan()))
        };
        self.announce(began, all);
        Some(plan)
    }

    /// Puts a plan in force, and says whether it does something to connections that hold nothing.
    fn put(&self, current: &mut Arc<InForce>, plan: Plan, began: Instant) -> bool {
        let ends = current.ends_when_it_goes();
        *current = Arc::new(InForce::succeed(current, plan, began));
        self.history
            .lock()
            .push((began, Arc::clone(current.plan())));
        self.generation.fetch_add(1, Ordering::SeqCst);
        ends || current.concerns_idle()
    }

    /// The plans that were put in force since this was asked last, each with when that was.
    pub(super) fn take_history(&self) -> Vec<(Instant, Arc<Plan>)> {
        std::mem::take(&mut *self.history.lock())
    }

    /// Has something hold for one connection alone, as a change of the settings. `None` where it is not open.
    pub(super) fn change_own(&self, id: ConnId, own: Own) -> Option<Change> {
        let record = self.record(id)?;
        let began = clock::now();
        let all = {
            let current = self.in_force.lock();
            record.set_own(own, began);
            self.generation.fetch_add(1, Ordering::SeqCst);
            current.concerns_idle()
        };
        let mut change = self.announce(began, all);
        change.told = vec![record];
        Some(change)
    }

    /// The record of a connection whose end has not begun.
    pub(super) fn record(&self, id: ConnId) -> Option<Arc<Record>> {
        let record = self.records.lock().get(&id).cloned();
        record.filter(|record| !record.is_over())
    }

    /// Wakes those that hold something, or all of them, after the generation was raised.
    fn announce(&self, began: Instant, all: bool) -> Change {
        let generation = self.generation();
        let records = self.records.lock();
        let open = records.values().filter(|record| !record.is_over());
        let concerned = open.filter(|record| all || record.holds());
        let told: Vec<_> = concerned.cloned().collect();
        drop(records);
        for record in &told {
            record.expect_news();
            record.wake();
        }
        Change {
            began,
            generation,
            told,
        }
    }

    /// Waits, for a bounded time, until every open connection runs a change. `since` is the engine's start.
    pub(super) async fn taken_by_all(&self, change: Change, since: Instant) -> Taken {
        // Cut off without harm: it only looks.
        let all = tokio::time::timeout(TAKE_LIMIT, self.all_run(&change)).await;
        let until_now = clock::now().saturating_duration_since(change.began);
        let taken = all.unwrap_or_else(|_| change.taken(&self.records.lock()));
        let began = change.began.saturating_duration_since(since);
        let told = change.told.iter();
        let running = told.filter(|record| record.runs(change.generation));
        let last = running.map(|record| record.taken_after(began)).max();
        let micros = last.unwrap_or(until_now).as_micros();
        Taken {
            micros: u64::try_from(micros).unwrap_or(u64::MAX),
            ..taken
        }
    }

    /// Waits, for a bounded time, until the connection that a change is about runs it. `since` is the engine's start.
    pub(super) async fn taken_by_one(&self, change: Change, since: Instant) -> Taken {
        let runs = self.run_by(&change.told, change.generation);
        // Cut off without harm: it only looks.
        let _ = tokio::time::timeout(TAKE_LIMIT, runs).await;
        let began = change.began.saturating_duration_since(since);
        let told = || change.told.iter();
        let running = || told().filter(|record| record.runs(change.generation));
        let until_now = clock::now().saturating_duration_since(change.began);
        let last = running().map(|record| record.taken_after(began)).max();
        // One that held nothing obeys without a report.
        let last = last.filter(|last| !last.is_zero()).unwrap_or(until_now);
        Taken {
            taken: count(running()),
            cut: count(told().filter(|record| record.is_cut())),
            of: count(told()),
            micros: u64::try_from(last.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// Waits until these run a generation.
    async fn run_by(&self, records: &[Arc<Record>], generation: u64) {
        for record in records {
            loop {
                let reported = self.reported.notified();
                if record.runs(generation) {
                    break;
                }
                reported.await;
            }
        }
    }

    /// Waits until every open connection runs a change, and says how many there are.
    async fn all_run(&self, change: &Change) -> Taken {
        let mut behind = change.told.clone();
        loop {
            self.run_by(&behind, change.generation).await;
            let records = self.records.lock();
            // Those that held nothing when the change came, and woke up before they saw it: they look once more.
            let runs_another = |record: &&Arc<Record>| !record.runs(change.generation);
            behind = records.values().filter(runs_another).cloned().collect();
            if behind.is_empty() {
                let taken = change.taken(&records);
                // One that wakes up just now looks before its next byte: it is not counted as behind.
                return Taken {
                    taken: taken.of,
                    ..taken
                };
            }
        }
    }

    /// Reports that a connection runs another generation.
    pub(super) fn reported(&self, record: &Record, generation: u64, since_start: Duration) {
        record.took(generation, since_start);
        self.reported.notify_waiters();
    }
}

// === impl Change ===

impl Change {
    /// Who runs it: of the connections that are open, and of those that it ended.
    fn taken(&self, records: &HashMap<ConnId, Arc<Record>>) -> Taken {
        let open = || records.values().filter(|record| !record.is_over());
        let running = open().filter(|record| record.runs(self.generation));
        let cut = count(self.told.iter().filter(|record| record.is_cut()));
        Taken {
            taken: count(running) + cut,
            cut,
            of: count(open()) + cut,
            micros: 0,
        }
    }
}

fn count<T>(all: impl Iterator<Item = T>) -> u32 {
    u32::try_from(all.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
