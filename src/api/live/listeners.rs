//! Who listens to streams, how many may, and what they share.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::hub::{EventHub, Hub};
use crate::proxy::Engine;
use crate::snapshot::Author;
use crate::wire::Listener;

/// So many streams there may be.
pub(super) const MOST: usize = 16;

/// What all streams have in common.
pub(in crate::api) struct Live {
    run: String,
    /// Ends them.
    stop: CancellationToken,
    places: Arc<Semaphore>,
    count: AtomicU64,
    who: watch::Sender<Vec<Listener>>,
    /// By how many connections they tell of; each lives as long as somebody listens to it.
    hubs: Mutex<HashMap<usize, Weak<Hub>>>,
    events: Mutex<Weak<EventHub>>,
}

/// A place among those who listen, given back when it is dropped.
pub(super) struct Place {
    pub(super) me: Listener,
    live: Arc<Live>,
    _permit: OwnedSemaphorePermit,
}

// === impl Live ===

impl Live {
    pub(in crate::api) fn new(stop: CancellationToken) -> Self {
        // Its keys are random, and others in each run.
        let run = RandomState::new().hash_one("run");
        Self {
            run: format!("{:08x}", run >> 32),
            stop,
            places: Arc::new(Semaphore::new(MOST)),
            count: AtomicU64::new(1),
            who: watch::Sender::default(),
            hubs: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// The number of this run of the engine.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// A place for one more; `None` where all are taken.
    pub(super) fn enter(self: &Arc<Self>, author: &Author) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let me = Listener {
            id: format!("c{number}"),
            author: author.to_string(),
        };
        self.who.send_modify(|who| who.push(me.clone()));
        Some(Place {
            me,
            live: Arc::clone(self),
            _permit: permit,
        })
    }

    /// Who listens, and whoever comes and goes.
    pub(super) fn who(&self) -> watch::Receiver<Vec<Listener>> {
        self.who.subscribe()
    }

    /// What tells of so many connections.
    pub(super) fn hub(&self, engine: &Engine, conns: usize) -> Arc<Hub> {
        let mut hubs = self.hubs.lock();
        hubs.retain(|_, hub| hub.strong_count() > 0);
        if let Some(hub) = hubs.get(&conns).and_then(Weak::upgrade) {
            return hub;
        }
        let hub = Hub::start(engine, conns);
        hubs.insert(conns, Arc::downgrade(&hub));
        hub
    }

    /// How many lots of frames are made, and whether events are told.
    #[cfg(test)]
    pub(super) fn works(&self) -> (usize, bool) {
        let hubs = self.hubs.lock();
        let at_work = hubs.values().filter(|hub| hub.strong_count() > 0);
        (at_work.count(), self.events.lock().strong_count() > 0)
    }

    /// What tells of events.
    pub(super) fn events(&self, engine: &Engine) -> Arc<EventHub> {
        let mut events = self.events.lock();
        events.upgrade().unwrap_or_else(|| {
            let hub = EventHub::start(engine);
            *events = Arc::downgrade(&hub);
            hub
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self { me, live, .. } = self;
        live.who.send_modify(|who| who.retain(|other| other != me));
    }
}
