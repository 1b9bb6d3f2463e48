//! The handle to a running engine: starts it, asks it for everything that it can do, and stops it.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::collector::Collector;
use super::error::{AddError, BindError, RenameError, StartError};
use super::events::{Events, FactFeed};
use super::net::barred::Barred;
use super::net::look_up::LookUps;
use super::net::sys;
use super::proxy::{Proxy, Way};
use super::record::{Order, Record};
use super::shared::{Options, Shared, start_workers};
use super::sweeps::list::Sweeps;
use super::thread::{clock, panics};
use super::{listener, port, tls};
use crate::fault::shared::SharedLinks;
use crate::fault::{Own, Plan};
use crate::mapping::{Circle, Mapping, Name};
use crate::snapshot::{Author, ConnId, Happening, Kill, PortState, ProxyId, Snapshot, Taken};

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
        let finish = Finish {
            engine: Arc::clone(&inner),
            collector: TaskTracker::new(),
            stop_collector: CancellationToken::new(),
        };
        let collecting = collector.run(finish.stop_collector.clone());
        finish.collector.spawn(collecting);
        finish.collector.close();
        Ok(Self {
            inner,
            author: Author::START,
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

    /// Starts a proxy: from its first connection on, the plan acts.
    ///
    /// # Errors
    /// The port cannot be listened on, another proxy has the name, or the mapping leads back to itself.
    pub async fn add(&self, mapping: Mapping, plan: Plan) -> Result<ProxyId, AddError> {
        let listeners = if mapping.closed {
            Vec::new()
        } else {
            listener::bind(&self.inner.options, &mapping, mapping.listen)?
        };
        let proxy = self.enlist(mapping, plan, &listeners, None)?;
        port::begin(&proxy, listeners, &self.inner, &self.author).await;
        Ok(proxy.id)
    }

    /// Whether a port could be listened on now; it is left as it is.
    ///
    /// # Errors
    /// Another program has the port, or the system keeps it.
    pub fn probe(&self, port: u16) -> Result<(), BindError> {
        listener::probe(&self.inner.options.bind, port)
    }

    /// Puts a proxy in the place of another one, whose connections end. Nothing is lost where it cannot be done: the first
    /// one stands as it was. A proxy that is gone meanwhile is not missed.
    ///
    /// # Errors
    /// The port cannot be listened on, another proxy has the name, or the mapping leads back to itself.
    pub async fn replace(
        &self,
        id: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Result<ProxyId, AddError> {
        let engine = self.clone();
        let replacing = async move { engine.put_in_place_of(id, mapping, plan).await };
        // A task of its own: a caller that goes away does not leave it half done.
        let replaced = self.inner.tasks.spawn(replacing).await;
        replaced.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    async fn put_in_place_of(
        &self,
        id: ProxyId,
        mapping: Mapping,
        plan: Plan,
    ) -> Result<ProxyId, AddError> {
        let old = self.proxy(id);
        let listeners = match &old {
            Some(old) if old.number() == mapping.listen => {
                port::take_over(old, &mapping, &self.inner).await?
            }
            _ => listener::bind(&self.inner.options, &mapping, mapping.listen)?,
        };
        let proxy = match self.enlist(mapping, plan, &listeners, Some(id)) {
            Ok(proxy) => proxy,
            Err(error) => {
                drop(listeners);
                if let Some(old) = &old {
                    port::settle_or_tell(old, &self.inner, &self.author).await;
                }
                return Err(error);
            }
        };
        if let Some(old) = &old {
            old.retire();
            old.settings.stop();
            let by = Some(&self.author);
            self.inner.tell_by(old, Happening::Removed, by);
        }
        port::begin(&proxy, listeners, &self.inner, &self.author).await;
        if let Some(old) = &old {
            port::close(old).await;
        }
        Ok(proxy.id)
    }

    /// Gives a proxy a number, a name of its own and a place in the list, where it may replace another one: before its first
    /// client, so that no connection shows under a name that is not its own. Not where it would lead to itself.
    fn enlist(
        &self,
        mapping: Mapping,
        plan: Plan,
        listeners: &[Arc<TcpListener>],
        replaces: Option<ProxyId>,
    ) -> Result<Arc<Proxy>, AddError> {
        let mut proxies = self.inner.proxies.write();
        // Numbered under the lock: the list is in the order of numbers, whatever order ports are bound in.
        let id = ProxyId(self.inner.next_proxy.fetch_add(1, Ordering::Relaxed));
        let name = mapping.name.clone();
        let allotted = self.inner.allot(mapping);
        let proxy = Arc::new(Proxy::new(id, plan, listeners, allotted));
        let mut others = proxies.clone();
        others.retain(|other| Some(other.id) != replaces);
        if let Some(circle) = self.circle(proxy.number(), &proxy.way(), &others) {
            return Err(AddError::Circle(circle));
        }
        proxy.take_name(name, &others)?;
        others.push(Arc::clone(&proxy));
        *proxies = others;
        proxy.touch();
        self.inner.look.notify_one();
        Ok(proxy)
    }

    /// The proxies that a connection on this way, which begins at a port, would pass until it comes to it again.
    fn circle(&self, port: u16, way: &Way, others: &[Arc<Proxy>]) -> Option<Circle> {
        let others = others.iter().map(|proxy| (proxy.number(), proxy.way()));
        let others: Vec<_> = others.collect();
        let ports = others.iter().map(|(port, way)| (*port, &way.mapping));
        let ports = ports.chain([(port, &way.mapping)]).collect();
        let bound = &self.inner.options.bind;
        Circle::through(port, &ports, bound, sys::is_local)
    }

    /// Closes a proxy's port and ends its connections, both streams of each in order; what they hold is dropped. Waits for no
    /// peer. False where there is no such proxy.
    pub async fn close(&self, id: ProxyId) -> bool {
        let Some(proxy) = self.proxy(id) else {
            return false;
        };
        proxy.turn_off();
        // All of it before the first wait: a caller that goes away leaves nothing half done.
        proxy.settings.end_all();
        port::close_with_all(&proxy, &self.inner, &self.author).await;
        // Those that came until the port was closed.
        proxy.settings.end_all();
        true
    }

    /// Opens a proxy's port.
    ///
    /// # Errors
    /// As `set_port`.
    pub async fn open(&self, id: ProxyId) -> Result<(), BindError> {
        self.set_port(id, true).await
    }

    /// Gives a proxy another mapping, under its number and its name and with its faults; its connections end, both streams of
    /// each in order. Nothing changes where it cannot be done. False where there is no such proxy.
    ///
    /// # Errors
    /// The port cannot be listened on, or the mapping leads back to itself.
    pub async fn repoint(&self, id: ProxyId, mapping: Mapping) -> Result<bool, AddError> {
        let Some(proxy) = self.proxy(id) else {
            return Ok(false);
        };
        let engine = self.clone();
        let pointing = async move { engine.point(&proxy, mapping).await };
        // A task of its own: a caller that goes away does not leave it half done.
        let pointed = self.inner.tasks.spawn(pointing).await;
        let pointed = pointed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        pointed.map(|()| true)
    }

    async fn point(&self, proxy: &Arc<Proxy>, mapping: Mapping) -> Result<(), AddError> {
        let _alone = proxy.changing.lock().await;
        let (old, before) = (proxy.way(), proxy.mapping());
        let way = self.inner.way(mapping);
        let (listen, was) = (way.mapping.listen, old.mapping.listen);
        let stays = way.mapping.bind == old.mapping.bind && [was, proxy.number()].contains(&listen);
        let mut others = self.inner.proxies.read().clone();
        others.retain(|other| other.id != proxy.id);
        let port = if stays { proxy.number() } else { listen };
        if let Some(circle) = self.circle(port, &way, &others) {
            return Err(AddError::Circle(circle));
        }
        let moves = !stays && proxy.wants_port();
        let listeners = if moves {
            Some(port::take_over(proxy, &way.mapping, &self.inner).await?)
        } else {
            None
        };
        proxy.take_way(way);
        proxy.settings.end_all();
        let what = Happening::Repointed {
            before: before.to_string(),
            mapping: proxy.mapping().to_string(),
        };
        self.inner.tell_by(proxy, what, Some(&self.author));
        match listeners {
            Some(listeners) => port::move_to(proxy, listeners, &self.inner, &self.author).await,
            None if !stays => proxy.listens_on(&[]),
            None => {}
        }
        self.inner.look.notify_one();
        Ok(())
    }

    /// What a proxy forwards.
    #[must_use]
    pub fn mapping(&self, id: ProxyId) -> Option<Mapping> {
        Some(self.proxy(id)?.mapping())
    }

    /// Ends a proxy: its port is closed, its connections are ended. False where there is none.
    pub async fn remove(&self, id: ProxyId) -> bool {
        let Some(proxy) = self.proxy(id) else {
            return false;
        };
        self.inner.proxies.write().retain(|other| other.id != id);
        proxy.retire();
        // All of it before the first wait: a caller that goes away leaves nothing behind.
        proxy.settings.stop();
        let by = Some(&self.author);
        self.inner.tell_by(&proxy, Happening::Removed, by);
        port::close(&proxy).await;
        true
    }

    /// Whether a proxy accepts clients, and where; the addresses are those that it listens on as soon as it does.
    #[must_use]
    pub fn port(&self, id: ProxyId) -> Option<(PortState, Vec<SocketAddr>)> {
        Some(self.proxy(id)?.port())
    }

    /// Puts a plan in force on every open connection of the proxy and on all to come; returns, after a bounded wait, how many
    /// took it. `None` where there is no such proxy.
    pub async fn set_plan(&self, id: ProxyId, plan: Plan) -> Option<Taken> {
        let edited = self.edit_plan(id, |before| *before = plan).await;
        edited.map(|edited| edited.taken)
    }

    /// Has `edit` make another plan of the one that stands, and puts that in force as `set_plan` does. Changes of one proxy come
    /// one after the other, so that none undoes another one; none waits for what a peer does. `None` where there is no such
    /// proxy.
    pub async fn edit_plan(&self, id: ProxyId, edit: impl FnOnce(&mut Plan)) -> Option<Edited> {
        let proxy = self.proxy(id)?;
        let (before, plan, change) = {
            let _alone = proxy.changing.lock().await;
            let before = proxy.settings.plan();
            let mut plan = Plan::clone(&before);
            edit(&mut plan);
            let change = proxy.change(plan);
            let plan = proxy.settings.plan();
            let faults = Happening::Faults {
                before: Some(Arc::clone(&before)),
                plan: Arc::clone(&plan),
            };
            self.inner.tell_by(&proxy, faults, Some(&self.author));
            (before, plan, change)
        };
        port::settle_or_tell(&proxy, &self.inner, &self.author).await;
        let taken = proxy.settings.taken_by_all(change, self.inner.start).await;
        Some(Edited {
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

    /// Opens or closes a proxy's port; its open connections live on.
    ///
    /// # Errors
    /// The port cannot be listened on, because another program took it meanwhile, say.
    pub async fn set_port(&self, id: ProxyId, open: bool) -> Result<(), BindError> {
        let Some(proxy) = self.proxy(id) else {
            return Ok(());
        };
        proxy.want_port(open);
        port::settle(&proxy, &self.inner, &self.author).await
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

    /// Gives a proxy another name, or takes the given one away, and says so; returns the name that it has now.
    ///
    /// # Errors
    /// Another proxy has the name, or there is no such proxy.
    pub fn rename(&self, id: ProxyId, given: Option<Name>) -> Result<String, RenameError> {
        let proxies = self.inner.proxies.write();
        let proxy = proxies.iter().find(|proxy| proxy.id == id);
        let proxy = proxy.ok_or(RenameError::Gone)?;
        let before = proxy.name();
        proxy.take_name(given, &proxies)?;
        if proxy.name() != before {
            let by = Some(&self.author);
            self.inner.tell_by(proxy, Happening::Renamed { before }, by);
        }
        Ok(proxy.name())
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
#[path = "engine_tests.rs"]
mod tests;
