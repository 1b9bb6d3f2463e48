//! The collector: reads every counter on its beat and makes a snapshot of them.
//!
//! Connections tell it only that they were opened, over a bounded channel, before any byte moves. Their end is a reason and a
//! time in their record, which the next beat reads: nothing can be lost, so no row can stay behind. Nothing but the beat,
//! and whoever asks for a snapshot, wakes it. A beat since which nothing has stirred walks over no connection and visits no
//! proxy but those whose last minute still has something in it: a proxy without traffic costs nothing.

mod conns;
mod proxies;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::conns::ConnFigures;
use self::proxies::{ProxyFigures, Sum};
use self::window::BEAT;
use crate::proxy::proxy::Proxy;
use crate::proxy::record::Closed;
use crate::proxy::shared::{Asked, Opened};
use crate::proxy::thread::clock;
use crate::proxy::thread::worker::Stirs;
use crate::snapshot::{Event, Happening, ProxyId, Snapshot};

/// A snapshot in which nothing moved is published only this often, so that ages go on; a crowd's less often, by as much
/// for each `CROWD` connections: a walk over thousands of idle ones is all that an idle process does.
const QUIET_BEAT: Duration = Duration::from_secs(1);
const CROWD: usize = 2_000;

/// What the collector looks at.
pub(crate) struct Sources {
    pub(crate) start: Instant,
    pub(crate) insecure: bool,
    pub(crate) proxies: Arc<RwLock<Vec<Arc<Proxy>>>>,
    /// Counts what connections do, for each worker.
    pub(crate) stirs: Vec<Stirs>,
    /// Counts what is done to proxies by others.
    pub(crate) changes: Arc<AtomicU64>,
}

/// Reads the counters and tells what happens.
pub(crate) struct Collector {
    sources: Sources,
    opened: mpsc::Receiver<Opened>,
    asked: mpsc::Receiver<Asked>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    events: broadcast::Sender<Arc<Event>>,
    conns: Vec<ConnFigures>,
    /// The proxies that are listed, in the order of their numbers.
    seen: Vec<ProxyFigures>,
    /// When the last snapshot was published.
    published: Duration,
    /// What was counted when connections were last walked over, and whether figures still moved then.
    stirs: u64,
    restless: bool,
}

// === impl Sources ===

impl Sources {
    /// Grows whenever there may be something new to see.
    fn stirs(&self) -> u64 {
        let stirs = self.stirs.iter().map(Stirs::count);
        // Acquire: with the release in `Proxy::touch`.
        let changes = self.changes.load(Ordering::Acquire);
        stirs.fold(changes, u64::wrapping_add)
    }
}

// === impl Collector ===

impl Collector {
    pub(crate) fn new(
        sources: Sources,
        (opened, asked): (mpsc::Receiver<Opened>, mpsc::Receiver<Asked>),
        snapshots: watch::Sender<Arc<Snapshot>>,
        events: broadcast::Sender<Arc<Event>>,
    ) -> Self {
        let published = Duration::ZERO;
        Self {
            sources,
            opened,
            asked,
            snapshots,
            events,
            conns: Vec::new(),
            seen: Vec::new(),
            published,
            stirs: 0,
            restless: true,
        }
    }

    /// Collects on its beat, and at once where `news` says that there is a proxy more, until it is told to stop; then reads
    /// everything once more.
    pub(crate) async fn run(mut self, news: Arc<Notify>, stop: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Cancel-safe, all: what was not returned comes again, the token only reports.
                _ = beat.tick() => self.beat(),
                () = news.notified() => self.welcome(),
                Some(asked) = self.asked.recv() => self.answer(asked),
                () = stop.cancelled() => {
                    self.restless = true;
                    return self.beat();
                }
            }
        }
    }

    /// Publishes a snapshot with the proxies that were added.
    fn welcome(&mut self) {
        let at = self.now();
        self.follow();
        self.publish(at);
    }

    /// Publishes a snapshot of this moment for all who ask for one. It is no beat: rates go on as if it had not been.
    fn answer(&mut self, first: Asked) {
        let at = self.now();
        self.take_opened();
        self.follow();
        self.take_leave();
        for seen in &mut self.seen {
            seen.look(at);
        }
        self.publish(at);
        let snapshot = self.snapshots.borrow().clone();
        let mut asked = Some(first);
        while let Some(one) = asked {
            // Nobody waits any more where this fails.
            let _ = one.send(Arc::clone(&snapshot));
            asked = self.asked.try_recv().ok();
        }
    }

    fn now(&self) -> Duration {
        clock::now().saturating_duration_since(self.sources.start)
    }

    /// Takes the connections that were opened, and says whether there were any.
    fn take_opened(&mut self) -> bool {
        let mut any = false;
        while let Ok(opened) = self.opened.try_recv() {
            self.open(opened);
            any = true;
        }
        any
    }

    fn open(&mut self, Opened { record, proxy }: Opened) {
        let what = Happening::Opened {
            conn: record.id,
            client: record.client,
            upstream: proxy.mapping.upstream(),
        };
        self.tell(record.opened, &proxy, what);
        if self.seen(proxy.id).is_none() {
            self.follow();
        }
        if let Some(seen) = self.seen(proxy.id) {
            seen.total += 1;
            seen.stir();
        }
        self.conns.push(ConnFigures::new(record, proxy));
    }

    /// Tells how a connection's upstream was reached, and what its TLS agreed on, once.
    fn tell_upstream(&mut self, conn: &mut ConnFigures) {
        if let Some((at, reached)) = conn.reached() {
            self.tell(at, &conn.proxy, reached);
        }
        if let Some((at, tls)) = conn.secured() {
            if let Some(seen) = self.seen(conn.proxy.id) {
                seen.tls = Some(Arc::clone(&tls));
                seen.stir();
            }
            let id = conn.record.id;
            self.tell(at, &conn.proxy, Happening::Secured { conn: id, tls });
        }
    }

    fn beat(&mut self) {
        let at = self.now();
        // Counted first: what stirs from here on is for the next beat.
        let stirs = self.sources.stirs();
        let opened = self.take_opened();
        let crowds = u32::try_from(1 + self.conns.len() / CROWD).unwrap_or(u32::MAX);
        let due = at.saturating_sub(self.published) >= QUIET_BEAT * crowds;
        let stirred = opened || due || self.restless || stirs != self.stirs;
        let mut moves = false;
        if stirred {
            self.stirs = stirs;
            self.follow();
            self.take_leave();
            moves = self.walk(at);
        }
        for seen in &mut self.seen {
            moves |= seen.beat(at, stirred);
        }
        self.restless = moves;
        if stirred || moves {
            self.publish(at);
        }
    }

    /// Follows the proxies that are listed now, and no others.
    fn follow(&mut self) {
        let proxies = self.sources.proxies.read();
        let listed = proxies.iter().map(|proxy| proxy.id);
        if listed.eq(self.seen.iter().map(ProxyFigures::id)) {
            return;
        }
        // Both are in the order of numbers.
        let mut known = std::mem::take(&mut self.seen).into_iter().peekable();
        for proxy in proxies.iter() {
            while known.next_if(|seen| seen.id() < proxy.id).is_some() {}
            let seen = known.next_if(|seen| seen.id() == proxy.id);
            self.seen
                .push(seen.unwrap_or_else(|| ProxyFigures::new(proxy, self.sources.start)));
        }
    }

    /// Tells what connections have reached and how they have ended.
    fn take_leave(&mut self) {
        let mut conns = std::mem::take(&mut self.conns);
        for conn in &mut conns {
            self.tell_upstream(conn);
        }
        self.conns = conns;
        self.reap();
    }

    /// Reads the counters of all connections, and says whether any still moves.
    fn walk(&mut self, at: Duration) -> bool {
        let mut conns = std::mem::take(&mut self.conns);
        let mut moves = false;
        for conn in &mut conns {
            if conn.beat(at)
                && let Some(seen) = self.seen(conn.proxy.id)
            {
                seen.stir();
            }
            moves |= conn.moves();
        }
        self.conns = conns;
        moves
    }

    /// Publishes what there is to see.
    fn publish(&mut self, at: Duration) {
        let mut snapshot = Snapshot {
            at,
            conns: Vec::with_capacity(self.conns.len()),
            proxies: Vec::with_capacity(self.seen.len()),
            ..Snapshot::default()
        };
        let mut sums = vec![Sum::default(); self.seen.len()];
        for conn in &self.conns {
            let row = conn.row(at);
            if let Ok(index) = self.seen.binary_search_by_key(&row.proxy, ProxyFigures::id) {
                sums[index].add(conn, &row);
            }
            snapshot.conns.push(row);
        }
        for (seen, sum) in self.seen.iter_mut().zip(sums) {
            let row = seen.row(sum, self.sources.insecure, at);
            snapshot.rates = snapshot.rates.plus(row.rates);
            // For how long the slowest has been waiting goes on.
            self.restless |= row.taken < row.open;
            snapshot.proxies.push(row);
        }
        self.published = at;
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    /// Takes leave of the connections that have ended.
    fn reap(&mut self) {
        let ended = |conn: &mut ConnFigures| conn.record.closed.get().is_some();
        let mut ended: Vec<_> = self.conns.extract_if(.., ended).collect();
        if self.conns.capacity() > 4 * self.conns.len() {
            // A storm's list is given back.
            self.conns.shrink_to(2 * self.conns.len());
        }
        for conn in &mut ended {
            // It may have reached its upstream, and ended, since that was looked for.
            self.tell_upstream(conn);
            let Some(Closed { reason, at }) = conn.record.closed.get() else {
                continue;
            };
            if let Some(seen) = self.seen(conn.proxy.id) {
                seen.took_leave(reason);
            }
            let what = Happening::Closed {
                conn: conn.record.id,
                bytes: conn.record.slot.delivered(),
                lasted: at.saturating_sub(conn.record.opened),
                reason: reason.clone(),
                truncated: conn.record.truncated.load(Ordering::Relaxed),
            };
            self.tell(*at, &conn.proxy, what);
        }
    }

    fn seen(&mut self, id: ProxyId) -> Option<&mut ProxyFigures> {
        let index = self.seen.binary_search_by_key(&id, ProxyFigures::id).ok()?;
        Some(&mut self.seen[index])
    }

    /// Tells whoever listens; nobody needs to.
    fn tell(&self, at: Duration, proxy: &Proxy, what: Happening) {
        let _ = self.events.send(Arc::new(Event {
            at,
            proxy: proxy.name(),
            what,
        }));
    }
}

#[cfg(test)]
mod tests;
