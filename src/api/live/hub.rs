//! What makes each frame once, for all who listen to the same. It works while somebody does, and no longer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::proxy::{Engine, Told};
use crate::wire::{Teller, event};

/// So many frames wait for one who reads slowly: those of a second and a half. Who has missed one is told, and begins anew.
pub(super) const FRAMES: usize = 16;

/// So many lots of events wait, each of what happened while the one before was told.
pub(super) const LOTS: usize = 64;

/// No lot has more events.
const LOT: usize = 256;

/// Where no snapshot follows for so long, what frames left out is told.
const CATCH_UP: Duration = Duration::from_millis(500);

/// What tells of snapshots.
pub(super) struct Hub {
    teller: Mutex<Teller>,
    frames: broadcast::Sender<Bytes>,
    /// Its own work, which ends with it.
    work: Mutex<Option<AbortHandle>>,
}

/// What tells of events.
pub(super) struct EventHub {
    /// How many were told or lost.
    number: Mutex<u64>,
    lots: broadcast::Sender<Lot>,
    work: Mutex<Option<AbortHandle>>,
}

/// Events that are told together.
#[derive(Clone)]
pub(super) struct Lot {
    /// How many were told or lost before them.
    pub(super) before: u64,
    pub(super) count: u64,
    pub(super) lines: Bytes,
}

// === impl Hub ===

impl Hub {
    pub(super) fn start(engine: &Engine, conns: usize) -> Arc<Self> {
        let mut snapshots = engine.snapshots();
        let mut teller = Teller::new(conns);
        teller.tell(&snapshots.borrow_and_update().clone());
        let (frames, _) = broadcast::channel(FRAMES);
        let hub = Arc::new(Self {
            teller: Mutex::new(teller),
            frames,
            work: Mutex::default(),
        });
        let told = Arc::downgrade(&hub);
        let work = tokio::spawn(async move {
            let mut leaves_out = false;
            loop {
                let is_other = tokio::select! {
                    // Cancel-safe: marks a snapshot as seen only when it is ready.
                    changed = snapshots.changed() => match changed {
                        Ok(()) => true,
                        // The engine has ended.
                        Err(_) => return,
                    },
                    // Cancel-safe: it only waits.
                    () = sleep(CATCH_UP), if leaves_out => false,
                };
                let snapshot = snapshots.borrow_and_update().clone();
                let Some(hub) = told.upgrade() else {
                    return;
                };
                let mut teller = hub.teller.lock();
                let delta = if is_other {
                    teller.tell(&snapshot)
                } else {
                    teller.catch_up(&snapshot)
                };
                leaves_out = teller.leaves_out();
                if let Some(delta) = delta {
                    // With the teller held: whoever joins has the key frame before it, and none between.
                    let _ = hub.frames.send((delta + "\n").into());
                }
            }
        });
        *hub.work.lock() = Some(work.abort_handle());
        hub
    }

    /// The key frame of this moment, and the frames that follow on it.
    pub(super) fn join(&self) -> (Bytes, broadcast::Receiver<Bytes>) {
        let teller = self.teller.lock();
        ((teller.state() + "\n").into(), self.frames.subscribe())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.work.lock().take().inspect(AbortHandle::abort);
    }
}

// === impl EventHub ===

impl EventHub {
    pub(super) fn start(engine: &Engine) -> Arc<Self> {
        let mut events = engine.events();
        let (lots, _) = broadcast::channel(LOTS);
        let hub = Arc::new(Self {
            number: Mutex::new(0),
            lots,
            work: Mutex::default(),
        });
        let told = Arc::downgrade(&hub);
        let work = tokio::spawn(async move {
            loop {
                let first = events.next().await;
                let more = events.drain().take(LOT - 1);
                let mut lot = Lot {
                    before: 0,
                    count: 0,
                    lines: Bytes::new(),
                };
                let mut lines = String::new();
                let mut ends = false;
                for told in [first].into_iter().chain(more) {
                    match told {
                        Told::Event(event) => {
                            lot.count += 1;
                            lines += &event::line(&event);
                            lines.push('\n');
                        }
                        Told::Lost(events) => {
                            // Whatever of the lot stands before them: they are missing from here on.
                            lot.before += events;
                        }
                        Told::Ended => ends = true,
                    }
                }
                lot.lines = lines.into();
                let Some(hub) = told.upgrade().filter(|_| !ends) else {
                    return;
                };
                let mut number = hub.number.lock();
                lot.before += *number;
                *number = lot.before + lot.count;
                // With the number held: whoever joins has it as it was before the next lot.
                let _ = hub.lots.send(lot);
            }
        });
        *hub.work.lock() = Some(work.abort_handle());
        hub
    }

    /// How many were told or lost up to now, and those that follow.
    pub(super) fn join(&self) -> (u64, broadcast::Receiver<Lot>) {
        let number = self.number.lock();
        (*number, self.lots.subscribe())
    }
}

impl Drop for EventHub {
    fn drop(&mut self) {
        self.work.lock().take().inspect(AbortHandle::abort);
    }
}
