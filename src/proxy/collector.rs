//! The collector: reads every counter on its beat and makes a snapshot of them.
//!
//! Connections tell it only that they were opened, over a bounded channel, before any byte moves. Their end is a reason and a
//! time in their record, which the next beat reads: nothing can be lost, so no row can stay behind. Nothing but the beat
//! wakes it, and a beat since which no connection has stirred walks over none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::followed::Conn;
use super::port::Proxy;
use super::record::{Closed, Record};
use super::seen::{Seen, Sum};
use super::worker::Stirs;
use crate::snapshot::{Event, Happening, Snapshot};

/// How often counters are read.
pub(super) const BEAT: Duration = Duration::from_millis(100);
/// A snapshot in which nothing moved is published only this often, so that ages go on; a crowd's less often, by as much
/// for each `CROWD` connections: a walk over thousands of idle ones is all that an idle process does.
const QUIET_BEAT: Duration = Duration::from_secs(1);
const CROWD: usize = 2_000;

/// A connection that a worker has taken over.
pub(super) struct Opened {
    pub(super) record: Arc<Record>,
    pub(super) proxy: Arc<Proxy>,
}

/// What the collector looks at.
pub(super) struct Watched {
    pub(super) start: Instant,
    pub(super) insecure: bool,
    pub(super) proxies: Arc<RwLock<Vec<Arc<Proxy>>>>,
    pub(super) stirs: Vec<Stirs>,
}

/// Reads the counters and tells what happens.
pub(super) struct Collector {
    watched: Watched,
    opened: mpsc::Receiver<Opened>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    events: broadcast::Sender<Arc<Event>>,
    conns: Vec<Conn>,
    seen: Vec<Seen>,
    /// When the last snapshot was published.
    published: Duration,
    /// What the workers had counted when connections were last walked over, and whether figures still moved then.
    stirs: u64,
    restless: bool,
}

// === impl Collector ===

impl Collector {
    pub(super) fn new(
        watched: Watched,
        opened: mpsc::Receiver<Opened>,
        snapshots: watch::Sender<Arc<Snapshot>>,
        events: broadcast::Sender<Arc<Event>>,
    ) -> Self {
        let published = Duration::ZERO;
        Self {
            watched,
            opened,
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
    pub(super) async fn run(mut self, news: Arc<Notify>, stop: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Cancel-safe, all: a tick or a notice that was not returned comes again, the token only reports.
                _ = beat.tick() => self.beat(),
                () = news.notified() => self.beat(),
                () = stop.cancelled() => {
                    self.restless = true;
                    return self.beat();
                }
            }
        }
    }

    fn open(&mut self, Opened { record, proxy }: Opened) {
        let what = Happening::Opened {
            conn: record.id,
            client: record.client,
            upstream: proxy.mapping.upstream(),
        };
        self.tell(record.opened, &proxy, what);
        self.seen(&proxy).total += 1;
        let moved = record.opened;
        self.conns.push(Conn {
            record,
            proxy,
            delivered: [0; 2],
            rates: [0.0; 2],
            moved,
            told_detour: false,
            told_tls: false,
        });
    }

    /// Tells how a connection's upstream was reached, and what its TLS agreed on, once.
    fn tell_upstream(&mut self, conn: &mut Conn) {
        if let Some((at, reached)) = conn.reached() {
            self.tell(at, &conn.proxy, reached);
        }
        if let Some((at, tls)) = conn.secured() {
            self.seen(&conn.proxy).tls = Some(Arc::clone(&tls));
            let id = conn.record.id;
            self.tell(at, &conn.proxy, Happening::Secured { conn: id, tls });
        }
    }

    fn beat(&mut self) {
        let at = clock::now().saturating_duration_since(self.watched.start);
        // Counted first: what stirs from here on is for the next beat.
        let stirs = self.watched.stirs.iter().map(Stirs::count).sum();
        let mut news = false;
        while let Ok(opened) = self.opened.try_recv() {
            self.open(opened);
            news = true;
        }
        let proxies = self.watched.proxies.read().clone();
        let crowds = u32::try_from(1 + self.conns.len() / CROWD).unwrap_or(u32::MAX);
        let due = at.saturating_sub(self.published) >= QUIET_BEAT * crowds;
        let stirred = news || self.restless || stirs != self.stirs;
        if stirred || due || self.differ(&proxies) {
            self.stirs = stirs;
            self.look(at, &proxies);
        } else {
            for proxy in &proxies {
                self.seen(proxy).beat(proxy, at);
            }
        }
    }

    /// Walks over everything, and publishes what it sees.
    fn look(&mut self, at: Duration, proxies: &[Arc<Proxy>]) {
        let mut conns = std::mem::take(&mut self.conns);
        for conn in &mut conns {
            self.tell_upstream(conn);
        }
        self.conns = conns;
        self.reap();
        let mut snapshot = Snapshot {
            at,
            conns: Vec::with_capacity(self.conns.len()),
            ..Snapshot::default()
        };
        let mut sums = vec![Sum::default(); proxies.len()];
        self.restless = false;
        for conn in &mut self.conns {
            let row = conn.row(at);
            self.restless |= row.rates.iter().any(|rate| *rate > 0.0);
            if let Ok(index) = proxies.binary_search_by_key(&row.proxy, |proxy| proxy.id) {
                sums[index].add(conn, &row);
            }
            snapshot.conns.push(row);
        }
        self.seen
            .retain(|seen| proxies.iter().any(|proxy| proxy.id == seen.id));
        for (proxy, sum) in proxies.iter().zip(sums) {
            let Watched {
                start, insecure, ..
            } = self.watched;
            let row = self.seen(proxy).row(proxy, sum, insecure, (start, at));
            for way in 0..2 {
                snapshot.rates[way] += row.rates[way];
            }
            let moves = row.rates.iter().any(|rate| *rate > 0.0) || row.added != [None; 2];
            self.restless |= moves || row.taken < row.open || row.present.is_some();
            snapshot.proxies.push(row);
        }
        self.published = at;
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    /// Whether the proxies are others than those that were published last, or run other settings.
    fn differ(&self, proxies: &[Arc<Proxy>]) -> bool {
        let shown = &self.snapshots.borrow().proxies;
        shown.len() != proxies.len()
            || shown.iter().zip(proxies).any(|(row, proxy)| {
                row.id != proxy.id
                    || row.generation != proxy.settings.generation()
                    || row.port != proxy.port().0
                    || row.name != proxy.name()
            })
    }

    /// Takes leave of the connections that have ended.
    fn reap(&mut self) {
        let ended = |conn: &mut Conn| conn.record.closed.get().is_some();
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
            self.seen(&conn.proxy).took_leave(reason);
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

    fn seen(&mut self, proxy: &Proxy) -> &mut Seen {
        let known = self.seen.iter().position(|seen| seen.id == proxy.id);
        let index = known.unwrap_or_else(|| {
            self.seen.push(Seen::new(proxy.id));
            self.seen.len() - 1
        });
        &mut self.seen[index]
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
#[path = "collector_tests.rs"]
mod tests;
