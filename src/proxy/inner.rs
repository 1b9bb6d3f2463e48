//! What the tasks of an engine share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use tokio_util::task::TaskTracker;

use super::budget::Budget;
use super::collector::{Asked, Opened};
use super::look_up::LookUps;
use super::port::Proxy;
use super::worker::WorkerHandle;
use super::{Options, clock, tls};
use crate::snapshot::{ConnId, Event, Happening};

/// What the engine's tasks share.
pub(super) struct Inner {
    pub(super) options: Options,
    pub(super) start: Instant,
    pub(super) budget: Arc<Budget>,
    /// A place for every connection that the descriptor limit allows, over all proxies.
    pub(super) places: Arc<Semaphore>,
    /// How many connections each proxy takes at a time.
    pub(super) limit: u32,
    pub(super) tls: tls::TlsConfigs,
    /// The names of upstreams that are being looked up.
    pub(super) look_ups: LookUps,
    pub(super) proxies: Arc<RwLock<Vec<Arc<Proxy>>>>,
    pub(super) workers: Vec<WorkerHandle>,
    /// To the collector. A connection awaits it before any byte moves; the collector only inserts.
    pub(super) opened: mpsc::Sender<Opened>,
    /// To the collector: who wants a snapshot of the moment.
    pub(super) asked: mpsc::Sender<Asked>,
    /// Counts what is done to proxies by others than their connections.
    pub(super) changes: Arc<AtomicU64>,
    pub(super) events: broadcast::Sender<Arc<Event>>,
    /// Has the collector look at once: a proxy was added.
    pub(super) news: Arc<Notify>,
    /// What goes on although whoever asked for it may have gone.
    pub(super) tasks: TaskTracker,
    pub(super) next_proxy: AtomicU32,
    pub(super) next_connection: AtomicU64,
}

// === impl Inner ===

impl Inner {
    pub(super) fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.start)
    }

    pub(super) fn next_connection(&self) -> ConnId {
        ConnId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells whoever listens; nobody needs to.
    pub(super) fn tell(&self, proxy: &Proxy, what: Happening) {
        let _ = self.events.send(Arc::new(Event {
            at: self.now(),
            proxy: proxy.name(),
            what,
        }));
    }

    /// Tells whoever listens of something that failed and belongs to no proxy.
    pub(super) fn report(&self, what: String) {
        let _ = self.events.send(Arc::new(Event {
            at: self.now(),
            proxy: String::new(),
            what: Happening::Error(what),
        }));
    }

    pub(super) fn tell_listening(&self, proxy: &Proxy) {
        let (_, addrs) = proxy.port();
        self.tell(
            proxy,
            Happening::Listening {
                mapping: proxy.mapping().to_string(),
                addrs,
            },
        );
    }
}
