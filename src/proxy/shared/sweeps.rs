//! Which sweeps of an engine go on, and what the last ones came to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::snapshot::ProxyId;
use crate::sweep::Curve;

/// How many curves are kept for who asks for them later.
const KEPT: usize = 50;

/// The sweeps of an engine.
#[derive(Default)]
pub(in crate::proxy) struct Sweeps {
    running: Mutex<HashMap<ProxyId, Running>>,
    /// What those came to that have ended, oldest first; at most `KEPT`.
    over: Mutex<VecDeque<(ProxyId, Arc<Curve>)>>,
    last: AtomicU32,
}

/// A sweep that goes on.
#[derive(Clone, Default)]
pub(in crate::proxy) struct Running {
    pub(in crate::proxy) stop: CancellationToken,
    /// Cancelled when its task is over.
    pub(in crate::proxy) done: CancellationToken,
}

// === impl Sweeps ===

impl Sweeps {
    /// Enters a sweep of a proxy; `None` where one goes on.
    pub(in crate::proxy) fn begin(&self, id: ProxyId) -> Option<Running> {
        let mut running = self.running.lock();
        running.retain(|_, run| !run.done.is_cancelled());
        if running.contains_key(&id) {
            return None;
        }
        let run = Running::default();
        running.insert(id, run.clone());
        Some(run)
    }

    /// The number of the next sweep.
    pub(in crate::proxy) fn next_number(&self) -> u32 {
        self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// The sweep of a proxy that goes on.
    pub(in crate::proxy) fn running(&self, id: ProxyId) -> Option<Running> {
        let run = self.running.lock().get(&id).cloned();
        run.filter(|run| !run.done.is_cancelled())
    }

    /// Keeps what a sweep of a proxy came to that has ended.
    pub(in crate::proxy) fn keep(&self, id: ProxyId, curve: Arc<Curve>) {
        let mut over = self.over.lock();
        over.push_back((id, curve));
        if over.len() > KEPT {
            over.pop_front();
        }
    }

    /// What the last sweep of a proxy came to that has ended.
    pub(in crate::proxy) fn swept(&self, id: ProxyId) -> Option<Arc<Curve>> {
        let over = self.over.lock();
        let last = over.iter().rev().find(|(of, _)| *of == id);
        last.map(|(_, curve)| Arc::clone(curve))
    }

    /// Ends all of them, and returns once what was set before them is in force again.
    pub(in crate::proxy) async fn end_all(&self) {
        let running: Vec<Running> = self.running.lock().values().cloned().collect();
        for run in &running {
            run.stop.cancel();
        }
        for run in running {
            run.done.cancelled().await;
        }
    }
}
