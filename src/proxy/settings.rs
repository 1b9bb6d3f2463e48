//! Live settings: the plan of a proxy, its generation, and the wakers of connections that hold something.
//!
//! A change stores the plan, raises the generation and wakes only the connections that have marked themselves as holding
//! bytes or waiting for a time. The others read the generation before their next byte moves. No wake-up is lost: a task
//! registers its waker, marks itself, then reads the generation once more before it parks.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::clock;
use super::meter::SlotRef;
use crate::fault::Plan;
use crate::snapshot::{CloseReason, ConnId, ProxyId};

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

/// How to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// A reset to both peers.
    Rst,
    /// An orderly end to both peers.
    Fin,
}

/// What a connection's task is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Kill(Kill),
    Stop,
}

/// The plan of a proxy and the connections that run it.
#[derive(Debug)]
pub(super) struct Settings {
    plan: Mutex<Arc<Plan>>,
    generation: AtomicU64,
    records: Mutex<HashMap<ConnId, Arc<Record>>>,
    reported: Notify,
}

/// What is known of a connection, and how its task is reached.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: ConnId,
    pub(super) proxy: ProxyId,
    pub(super) client: SocketAddr,
    /// Since the engine's start.
    pub(super) opened: Duration,
    pub(super) upstream: OnceLock<SocketAddr>,
    pub(super) closed: OnceLock<Closed>,
    pub(super) slot: SlotRef,
    /// The kinds of fault that act on it, a bit for each place in the table.
    pub(super) hit: AtomicU32,
    waker: AtomicWaker,
    holds: AtomicBool,
    order: AtomicU8,
    generation: AtomicU64,
    /// Nanoseconds since the engine's start.
    taken_at: AtomicU64,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) reason: CloseReason,
    /// Since the engine's start.
    pub(super) at: Duration,
}

// === impl Settings ===

impl Settings {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan: Mutex::new(Arc::new(plan)),
            generation: AtomicU64::new(1),
            records: Mutex::default(),
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
        self.records.lock().insert(record.id, Arc::clone(record));
    }

    pub(super) fn leave(&self, id: ConnId) {
        self.records.lock().remove(&id);
        self.reported.notify_waiters();
    }

    pub(super) fn order(&self, id: ConnId, order: Order) -> bool {
        let record = self.records.lock().get(&id).cloned();
        record.inspect(|record| record.give(order)).is_some()
    }

    pub(super) fn order_all(&self, order: Order) {
        for record in self.records.lock().values() {
            record.give(order);
        }
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

    /// Puts a plan in force and waits, for a bounded time, until every open connection runs it. `since` is the engine's start.
    pub(super) async fn change(&self, plan: Plan, since: Instant) -> Taken {
        let began = clock::now();
        let waiting = self.install(plan);
        let generation = self.generation();
        let report = async {
            for record in &waiting {
                loop {
                    let reported = self.reported.notified();
                    if record.runs(generation) {
                        break;
                    }
                    reported.await;
                }
            }
        };
        // Cut off without harm: `report` only looks.
        let _ = tokio::time::timeout(TAKE_LIMIT, report).await;
        let began = began.saturating_duration_since(since);
        let last = waiting
            .iter()
            .filter(|record| record.runs(generation))
            .map(|record| record.taken_after(began));
        let micros = last.max().unwrap_or(
            clock::now()
                .saturating_duration_since(since)
                .saturating_sub(began),
        );
        let (taken, of) = self.taken();
        Taken {
            taken,
            of,
            micros: u64::try_from(micros.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// Stores the plan, wakes those that hold something, and returns them.
    fn install(&self, plan: Plan) -> Vec<Arc<Record>> {
        {
            let mut current = self.plan.lock();
            *current = Arc::new(plan.succeeding(&current));
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
        let records = self.records.lock();
        let waiting: Vec<_> = records
            .values()
            .filter(|record| record.holds())
            .cloned()
            .collect();
        drop(records);
        for record in &waiting {
            record.waker.wake();
        }
        waiting
    }

    /// Reports that a connection runs another generation.
    pub(super) fn reported(&self, record: &Record, generation: u64, since_start: Duration) {
        let nanos = u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX);
        record.taken_at.store(nanos, Ordering::Relaxed);
        // Release: whoever sees the generation sees the time too.
        record.generation.store(generation, Ordering::Release);
        self.reported.notify_waiters();
    }
}

// === impl Record ===

impl Record {
    pub(super) fn new(
        id: ConnId,
        proxy: ProxyId,
        client: SocketAddr,
        opened: Duration,
        slot: SlotRef,
    ) -> Self {
        Self {
            id,
            proxy,
            client,
            opened,
            upstream: OnceLock::new(),
            closed: OnceLock::new(),
            slot,
            hit: AtomicU32::new(0),
            waker: AtomicWaker::new(),
            holds: AtomicBool::new(false),
            order: AtomicU8::new(0),
            generation: AtomicU64::new(0),
            taken_at: AtomicU64::new(0),
        }
    }

    /// Registers the task and says whether it holds something. After this it must look at the generation and at its
    /// orders once more before it parks: both sides store first and look second, sequentially consistent, so at least
    /// one of them sees the other.
    pub(super) fn park(&self, cx: &Context<'_>, holds: bool) {
        self.waker.register(cx.waker());
        self.holds.store(holds, Ordering::SeqCst);
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it runs this generation: one that holds nothing obeys, as it looks before its next byte.
    fn runs(&self, generation: u64) -> bool {
        !self.holds() || self.generation() >= generation || self.closed.get().is_some()
    }

    fn holds(&self) -> bool {
        self.holds.load(Ordering::SeqCst)
    }

    fn taken_after(&self, began: Duration) -> Duration {
        Duration::from_nanos(self.taken_at.load(Ordering::Relaxed)).saturating_sub(began)
    }

    fn give(&self, order: Order) {
        let code = match order {
            Order::Kill(Kill::Rst) => 1,
            Order::Kill(Kill::Fin) => 2,
            Order::Stop => 3,
        };
        self.order.store(code, Ordering::SeqCst);
        self.waker.wake();
    }

    pub(super) fn ordered(&self) -> Option<Order> {
        match self.order.load(Ordering::SeqCst) {
            1 => Some(Order::Kill(Kill::Rst)),
            2 => Some(Order::Kill(Kill::Fin)),
            3 => Some(Order::Stop),
            _ => None,
        }
    }

    /// Waits for an order.
    pub(super) fn poll_ordered(&self, cx: &Context<'_>) -> Poll<Order> {
        self.waker.register(cx.waker());
        self.ordered().map_or(Poll::Pending, Poll::Ready)
    }
}
