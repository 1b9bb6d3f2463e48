//! What an engine's parts share: its options, its proxies, its worker threads, and what tells of what happens.

mod sweeps;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use tokio_util::task::TaskTracker;

pub(super) use self::sweeps::Sweeps;
use crate::fault::shared::SharedLinks;
use crate::mapping::Mapping;
use crate::proxy::events::FactBatch;
use crate::proxy::net::barred::Barred;
use crate::proxy::net::look_up::LookUps;
use crate::proxy::net::socket::{Keepalive, Young};
use crate::proxy::proxy::{Allotted, Proxy, Way};
use crate::proxy::record::Record;
use crate::proxy::relay::budget::Budget;
use crate::proxy::thread::clock;
use crate::proxy::thread::panics::Panic;
use crate::proxy::thread::rest::Rest;
use crate::proxy::thread::wait::Spin;
use crate::proxy::thread::worker::WorkerHandle;
use crate::proxy::tls::UpstreamTls;
use crate::proxy::{events, tls};
use crate::snapshot::{Author, ConnId, Event, Happening};

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses that its proxies listen on.
    pub bind: Vec<IpAddr>,
    /// The seed of every random choice.
    pub seed: u64,
    /// How upstreams' certificates are verified.
    pub tls: tls::TlsOptions,
    /// How long dialing an upstream may take, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How a peer that vanished without a word is noticed, on both legs.
    pub keepalive: Keepalive,
    /// How many connections each proxy takes at a time; 10,000 or what the descriptor limit
    /// allows where `None`.
    pub max_connections: Option<u32>,
    /// How many worker threads move bytes.
    pub workers: usize,
    /// Whether the last 0.2 ms of a delay may be spent spinning, at most 2 % of a core for each worker. Delays are more
    /// exact with it.
    pub spin: bool,
}

/// What the engine's tasks share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) start: Instant,
    pub(super) budget: Arc<Budget>,
    /// A place for every connection that the descriptor limit allows, over all proxies.
    pub(super) places: Arc<Semaphore>,
    /// How many connections each proxy takes at a time.
    pub(super) limit: u32,
    /// What the connections of all proxies share that ask for it.
    pub(super) desk: Arc<SharedLinks>,
    pub(super) tls: tls::TlsConfigs,
    /// The names of upstreams that are being looked up.
    pub(super) look_ups: LookUps,
    /// Where no upstream may be.
    pub(super) barred: Barred,
    /// In the order of their numbers.
    pub(super) proxies: RwLock<Vec<Arc<Proxy>>>,
    pub(super) workers: Vec<WorkerHandle>,
    /// To the collector. A connection awaits it before any byte moves; the collector only inserts.
    pub(super) news: mpsc::Sender<News>,
    /// Has the collector publish a snapshot at once.
    pub(super) look: Notify,
    /// Something that a user sees was changed: has it published before the next beat.
    pub(super) changed: Notify,
    /// The connection that is looked at closely.
    pub(super) watched: Mutex<Option<Arc<Record>>>,
    /// The collector's rest, and what is done to proxies by others than their connections.
    pub(super) rest: Arc<Rest>,
    pub(super) events: broadcast::Sender<Arc<Event>>,
    /// What was seen, a beat's at a time.
    pub(super) facts: broadcast::Sender<Arc<FactBatch>>,
    /// What goes on although whoever asked for it may have gone.
    pub(super) tasks: TaskTracker,
    pub(super) sweeps: Sweeps,
    pub(super) next_proxy: AtomicU32,
    pub(super) next_connection: AtomicU64,
}

/// What a connection's task tells the collector, in its order.
pub(super) enum News {
    /// A worker has taken over a connection.
    Opened(Arc<Record>, Arc<Proxy>),
    /// Something has happened to a connection since.
    Since {
        proxy: Arc<Proxy>,
        /// Since the engine's start.
        at: Duration,
        what: Happening,
    },
}

/// Starts the threads that move bytes. Bugs in their own tasks are told as events.
pub(super) fn start_workers(
    options: &Options,
    start: Instant,
    rest: &Arc<Rest>,
    events: &broadcast::Sender<Arc<Event>>,
) -> io::Result<Vec<WorkerHandle>> {
    let spin = if options.spin {
        Spin::Bounded
    } else {
        Spin::Never
    };
    let start_one = |index| {
        let events = events.clone();
        let bug = move |panic: Panic| {
            let line = format!("delays may have been longer, all else goes on: {panic}");
            let at = clock::now().saturating_duration_since(start);
            events::tell(
                &events,
                Event {
                    at,
                    proxy: String::new(),
                    what: Happening::Error(line),
                    by: None,
                },
            );
        };
        let beside = || async { Young::of_this_thread().look_after().await };
        WorkerHandle::start(index, spin, Arc::clone(rest), bug, beside)
    };
    (0..options.workers.max(1)).map(start_one).collect()
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            seed: 0,
            tls: tls::TlsOptions::default(),
            connect_timeout: Duration::from_secs(10),
            keepalive: Keepalive::default(),
            max_connections: None,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            spin: true,
        }
    }
}

// === impl Shared ===

impl Shared {
    pub(super) fn now(&self) -> Duration {
        self.at(clock::now())
    }

    /// A moment, as facts and events are dated.
    pub(super) fn at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    /// The way that connections of this mapping take.
    pub(super) fn way(&self, mapping: Mapping) -> Arc<Way> {
        let tls = UpstreamTls::new(&self.tls, &mapping);
        Arc::new(Way { mapping, tls })
    }

    /// What a new proxy gets of what the engine has.
    pub(super) fn allot(&self, mapping: Mapping) -> Allotted {
        Allotted {
            way: self.way(mapping),
            limit: self.limit,
            workers: self.workers.len(),
            rest: Arc::clone(&self.rest),
            desk: Arc::clone(&self.desk),
        }
    }

    pub(super) fn next_connection(&self) -> ConnId {
        ConnId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells whoever listens; nobody needs to.
    pub(super) fn tell(&self, proxy: &Proxy, what: Happening) {
        self.tell_by(proxy, what, None);
    }

    /// Tells whoever listens of what somebody did.
    pub(super) fn tell_by(&self, proxy: &Proxy, what: Happening, by: Option<&Author>) {
        self.send(self.now(), proxy.name(), what, by.cloned());
    }

    /// Tells whoever listens of something that failed and belongs to no proxy.
    pub(super) fn report(&self, what: String) {
        self.tell_of(self.now(), String::new(), Happening::Error(what));
    }

    /// Tells whoever listens of what happened at a certain time.
    pub(super) fn tell_of(&self, at: Duration, proxy: String, what: Happening) {
        self.send(at, proxy, what, None);
    }

    fn send(&self, at: Duration, proxy: String, what: Happening, by: Option<Author>) {
        let event = Event {
            at,
            proxy,
            what,
            by,
        };
        events::tell(&self.events, event);
    }

    pub(super) fn tell_listening(&self, proxy: &Proxy, by: Option<&Author>) {
        let (_, addrs) = proxy.port();
        let mapping = proxy.mapping().to_string();
        self.tell_by(proxy, Happening::Listening { mapping, addrs }, by);
    }
}
