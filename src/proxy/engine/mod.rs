//! The handle to a running engine: starts it, asks it for everything that it can do, and stops it.

mod error;
mod proxies;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::error::{AddError, Changed, EditError, RenameError, StartError};
use crate::fault::shared::SharedLinks;
use crate::fault::{Own, Plan};
use crate::proxy::collector::Collector;
use crate::proxy::events::{Events, FactFeed};
use crate::proxy::net::barred::Barred;
use crate::proxy::net::look_up::LookUps;
use crate::proxy::net::sys;
use crate::proxy::proxy::Proxy;
use crate::proxy::record::{Order, Record};
use crate::proxy::shared::{Options, Shared, Sweeps, start_workers};
use crate::proxy::thread::{clock, panics};
use crate::proxy::{port, tls};
use crate::snapshot::{Author, ConnId, Happening, Kill, ProxyId, Snapshot, Taken};

/// How much news of connections may wait for the collector's beat; their tasks wait while it is full.
const NEWS: usize = 8192;
/// How many events may wait for a reader that is slow; beyond that it is told how many it missed.
const EVENTS: usize = 16_384;
/// How many beats' facts may wait for a reader that is slow.
const BATCHES: usize = 64;
/// How many connections a proxy takes where neither the user nor the descriptor limit says less.
const MAX_CONNECTIONS: u32 = 10_000;
/// How long a stop waits for connections to end that were told to.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A running engine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Shared>,
    /// Who asks by this handle.
    pub(super) author: Author,
    /// At which generation alone it changes a proxy, where it says so.
    expected: Option<u64>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    finish: Arc<Finish>,
}

/// What became of a plan.
#[derive(Clone, Debug)]
pub struct Edited {
    /// What it was.
    pub before: Arc<Plan>,
    /// What it is now.
    pub plan: Arc<Plan>,
    /// How many connections run it, and after how long.
    pub taken: Taken,
}

/// What ends with the engine. Dropped with the last handle, it ends whatever was not stopped.
struct Finish {
    engine: Arc<Shared>,
    collector: TaskTracker,
    stop_collector: CancellationToken,
}

// === impl Engine ===

impl Engine {
    /// Starts the workers and the collector, and raises the process's limit of open descriptors; must be called
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// A PEM file that cannot be used, or a thread that the system refuses.
    pub fn start(options: Options) -> Result<Self, StartError> {
        panics::install();
        let tls = tls::TlsConfigs::load(&options.tls)?;
        let allowed = sys::raise_descriptor_limit();
        let (events, _) = broadcast::channel(EVENTS);
        let (facts, _) = broadcast::channel(BATCHES);
        let (news_tx, news) = mpsc::channel(NEWS);
        let (snapshots_tx, snapshots) = watch::channel(Arc::default());
        let start = clock::now();
        let rest = Arc::default();
        let workers = start_workers(&options, start, &rest, &events).map_err(StartError::Worker)?;
        let most = MAX_CONNECTIONS.min(allowed);
        let inner = Arc::new(Shared {
            limit: options.max_connections.unwrap_or(most).max(1),
            options,
            start,
            desk: Arc::new(SharedLinks::new(start)),
            budget: Arc::default(),
            places: Arc::new(Semaphore::new(allowed as usize)),
            tls,
            look_ups: LookUps::default(),
            barred: Barred::default(),
            proxies: RwLock::default(),
            workers,
            news: news_tx,
            look: Notify::new(),
            changed: Notify::new(),
            watched: Mutex::default(),
            rest,
            events,
            facts,
            tasks: TaskTracker::new(),
            sweeps: Sweeps::default(),
            next_proxy: AtomicU32::new(1),
            next_connection: AtomicU64::new(1),
        });
        let collector = Collector::new(Arc::clone(&inner), news, snapshots_tx);
        let finish = Finish::with(&inner, collector);
        Ok(Self {
            inner,
            author: Author::START,
            expected: None,
            snapshots,
            finish: Arc::new(finish),
        })
    }

    /// A handle to the same engine; what is asked for by it is this author's doing, and told so.
    #[must_use]
    pub fn by(&self, author: Author) -> Self {
        Self {
            author,
            ..self.clone()
        }
    }

    /// A handle to the same engine that changes the plan of a proxy, or where it leads, at this generation alone.
    #[must_use]
    pub fn at(&self, generation: u64) -> Self {
        Self {
            expected: Some(generation),
            ..self.clone()
        }
    }

    /// Whether a proxy is at the generation that this handle expects; one that is gone is.
    ///
    /// # Errors
    /// It was changed meanwhile.
    pub fn expect(&self, id: ProxyId) -> Result<(), Changed> {
        self.proxy(id).map_or(Ok(()), |proxy| {
            let expected = proxy.settings.expect(self.expected);
            expected.map_err(|generation| changed(&proxy, generation))
        })
    }

    /// The state of everything, ten times a second where something changes and once a second where not.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Everything as it is at this moment, which whoever follows `snapshots` sees too; after the engine's end, the last that was
    /// seen.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        let mut snapshots = self.snapshots();
        snapshots.mark_unchanged();
        let asked = self.now();
        self.inner.look.notify_one();
        // It fails where the collector has ended.
        while snapshots.changed().await.is_ok() && snapshots.borrow().at < asked {}
        snapshots.borrow().clone()
    }

    /// What happens from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.inner.events.subscribe().into()
    }

    /// What is seen of clients and upstreams from now on.
    #[must_use]
    pub fn facts(&self) -> FactFeed {
        self.inner.facts.subscribe().into()
    }

    /// The addresses that its proxies listen on.
    #[must_use]
    pub fn bind(&self) -> &[IpAddr] {
        &self.inner.options.bind
    }

    /// Has no connection lead to `addr` from now on, where the program itself is controlled.
    pub fn bar(&self, addr: SocketAddr) {
        self.inner.barred.add(addr);
    }

    /// The seed of every random choice.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.inner.options.seed
    }

    /// The time since the engine's start, on which snapshots and events are dated.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.now()
    }

    /// Puts a plan in force on every open connection of the proxy and on all to come; returns, after a bounded wait, how many
    /// took it. `None` where there is no such proxy.
    pub async fn set_plan(&self, id: ProxyId, plan: Plan) -> Option<Taken> {
        let edited = self.edit_plan(id, |before| *before = plan).await;
        edited.ok().map(|edited| edited.taken)
    }

    /// Has `edit` make another plan of the one that stands, and puts that in force as `set_plan` does. Changes of one proxy come
    /// one after the other, so that none undoes another one; none waits for what a peer does.
    ///
    /// # Errors
    /// There is no such proxy, or it is at another generation than this handle expects.
    pub async fn edit_plan(
        &self,
        id: ProxyId,
        edit: impl FnOnce(&mut Plan),
    ) -> Result<Edited, EditError> {
        let proxy = self.proxy(id).ok_or(EditError::Gone)?;
        let (before, plan, change) = {
            let _alone = proxy.changing.lock().await;
            let ([before, plan], change) = proxy
                .change(self.expected, edit)
                .map_err(|generation| changed(&proxy, generation))?;
            let faults = Happening::Faults {
                before: Some(Arc::clone(&before)),
                plan: Arc::clone(&plan),
            };
            self.inner.tell_by(&proxy, faults, Some(&self.author));
            (before, plan, change)
        };
        port::settle_or_tell(&proxy, &self.inner, &self.author).await;
        let taken = proxy.settings.taken_by_all(change, self.inner.start).await;
        // Not before: the first that is seen of a change is who runs it.
        self.inner.changed.notify_one();
        Ok(Edited {
            before,
            plan,
            taken,
        })
    }

    /// Tells whoever listens to events of something that failed and is no proxy's own.
    pub fn report(&self, what: String) {
        self.inner.report(what);
    }

    /// Tells whoever listens to events of something worth knowing that is no proxy's own and no failure.
    pub fn note(&self, what: String) {
        let at = self.inner.now();
        self.inner.tell_of(at, String::new(), Happening::Note(what));
    }

    /// Ends a connection. False where there is none.
    #[must_use]
    pub fn kill(&self, conn: ConnId, how: Kill) -> bool {
        let order = Order::Kill(how);
        let proxies = self.inner.proxies.read();
        proxies
            .iter()
            .any(|proxy| proxy.settings.order(conn, order))
    }

    /// What holds for one connection alone; `None` where it is not open.
    #[must_use]
    pub fn own(&self, conn: ConnId) -> Option<Own> {
        Some(self.record(conn)?.1.own())
    }

    /// Has something hold for one connection alone, from its next byte on and for those that wait; returns, after a bounded
    /// wait, whose connection it is and whether it took it. `None` where it is not open.
    pub async fn set_own(&self, conn: ConnId, own: Own) -> Option<(ProxyId, Taken)> {
        let (proxy, _) = self.record(conn)?;
        let change = proxy.settings.change_own(conn, own)?;
        proxy.touch();
        let taken = proxy.settings.taken_by_one(change, self.inner.start).await;
        self.inner.changed.notify_one();
        Some((proxy.id, taken))
    }

    /// Looks closely at one connection, or at none; what is seen stands in the snapshots.
    pub fn watch(&self, conn: Option<ConnId>) {
        let record = conn.and_then(|conn| Some(self.record(conn)?.1));
        let mut watched = self.inner.watched.lock();
        if let Some(record) = &record {
            record.set_watched(true, self.inner.start);
        }
        let before = std::mem::replace(&mut *watched, record);
        let stays = |before: &Arc<Record>| Some(before.id) == conn;
        if let Some(before) = before.filter(|before| !stays(before)) {
            before.set_watched(false, self.inner.start);
        }
        self.inner.look.notify_one();
    }

    /// An open connection, and whose it is.
    fn record(&self, conn: ConnId) -> Option<(Arc<Proxy>, Arc<Record>)> {
        let proxies = self.inner.proxies.read();
        let mut proxies = proxies.iter();
        proxies.find_map(|proxy| Some((Arc::clone(proxy), proxy.settings.record(conn)?)))
    }

    /// The proxy with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ProxyId> {
        let proxies = self.inner.proxies.read();
        let proxy = proxies.iter().find(|proxy| proxy.name() == name)?;
        Some(proxy.id)
    }

    /// The proxies and their names, in the order in which they were added.
    #[must_use]
    pub fn proxies(&self) -> Vec<(ProxyId, String)> {
        let proxies = self.inner.proxies.read();
        let named = proxies.iter().map(|proxy| (proxy.id, proxy.name()));
        named.collect()
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self, id: ProxyId) -> Option<Arc<Plan>> {
        Some(self.proxy(id)?.settings.plan())
    }

    /// Ends all sweeps, and returns once what was set before them is in force again.
    pub async fn end_sweeps(&self) {
        self.inner.sweeps.end_all().await;
    }

    /// Ends everything: sweeps put back what was before them, ports close, connections get `drain` to end by themselves and are
    /// then ended.
    pub async fn stop(&self, drain: Duration) {
        self.end_sweeps().await;
        let proxies = self.inner.proxies.read().clone();
        join_all(proxies.iter().map(|proxy| port::close(proxy))).await;
        self.wait_for_none(&proxies, drain).await;
        for proxy in &proxies {
            proxy.settings.stop();
        }
        self.wait_for_none(&proxies, STOP_LIMIT).await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        // It reads everything once more.
        self.finish.stop_collector.cancel();
        self.finish.collector.wait().await;
    }

    async fn wait_for_none(&self, proxies: &[Arc<Proxy>], limit: Duration) {
        let none = async {
            for proxy in proxies {
                proxy.settings.emptied().await;
            }
        };
        // Cut off without harm: it only looks.
        let _ = tokio::time::timeout(limit, none).await;
    }

    pub(super) fn proxy(&self, id: ProxyId) -> Option<Arc<Proxy>> {
        let proxies = self.inner.proxies.read();
        proxies.iter().find(|proxy| proxy.id == id).cloned()
    }
}

/// What is said of a proxy that is at this generation, and was to be at another one.
fn changed(proxy: &Proxy, generation: u64) -> Changed {
    let proxy = proxy.name();
    Changed { proxy, generation }
}

// === impl Finish ===

impl Finish {
    /// Runs the collector of an engine, until it is to end.
    fn with(engine: &Arc<Shared>, collector: Collector) -> Self {
        let finish = Self {
            engine: Arc::clone(engine),
            collector: TaskTracker::new(),
            stop_collector: CancellationToken::new(),
        };
        let collecting = collector.run(finish.stop_collector.clone());
        finish.collector.spawn(collecting);
        finish.collector.close();
        finish
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        for proxy in self.engine.proxies.read().iter() {
            proxy.retire();
            proxy.settings.stop();
        }
        self.stop_collector.cancel();
    }
}

#[cfg(test)]
mod tests;
