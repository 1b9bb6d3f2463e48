//! The collector: reads every counter on its beat and makes a snapshot of them.
//!
//! Connections tell it only that they were opened, over a bounded channel, before any byte moves. Their end is a reason and a
//! time in their record, which the next beat reads: nothing can be lost, so no row can stay behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::clock;
use super::followed::Conn;
use super::port::Proxy;
use super::record::{Closed, Record};
use super::window::Window;
use crate::snapshot::{Event, Happening, Negotiated, ProxyId, ProxyRow, Snapshot};

/// How often counters are read.
pub(super) const BEAT: Duration = Duration::from_millis(100);
/// A snapshot in which nothing moved is published only this often, so that ages go on.
const QUIET_BEAT: Duration = Duration::from_secs(1);

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
}

/// A proxy as the collector follows it.
struct Seen {
    id: ProxyId,
    window: Window,
    total: u64,
    failed: u64,
    waiting_since: Option<Duration>,
    tls: Option<Arc<Negotiated>>,
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
        }
    }

    /// Collects until it is told to stop, then reads everything once more.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Cancel-safe, all three: a message that was not returned stays queued, a tick that was not
                // returned comes again, the token only reports.
                Some(opened) = self.opened.recv() => self.open(opened),
                _ = beat.tick() => self.beat(),
                () = stop.cancelled() => {
                    while let Ok(opened) = self.opened.try_recv() {
                        self.open(opened);
                    }
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
            told_tls: false,
        });
    }

    /// Tells what the TLS of connections agreed on, each before its end.
    fn tell_tls(&mut self) {
        let mut conns = std::mem::take(&mut self.conns);
        for conn in &mut conns {
            if let Some((at, tls)) = conn.secured() {
                self.seen(&conn.proxy).tls = Some(Arc::clone(&tls));
                let id = conn.record.id;
                self.tell(at, &conn.proxy, Happening::Secured { conn: id, tls });
            }
        }
        self.conns = conns;
    }

    fn beat(&mut self) {
        let at = clock::now().saturating_duration_since(self.watched.start);
        self.tell_tls();
        let mut changed = self.reap();
        let mut snapshot = Snapshot {
            at,
            ..Snapshot::default()
        };
        for conn in &mut self.conns {
            let row = conn.row(at);
            changed |= conn.moved == at;
            snapshot.conns.push(row);
        }
        let proxies = self.watched.proxies.read().clone();
        self.seen
            .retain(|seen| proxies.iter().any(|proxy| proxy.id == seen.id));
        for proxy in &proxies {
            let row = self.proxy_row(proxy, at);
            for way in 0..2 {
                snapshot.rates[way] += row.rates[way];
            }
            snapshot.proxies.push(row);
        }
        add_held(&mut snapshot);
        changed |= differs(&self.snapshots.borrow(), &snapshot);
        if changed || at.saturating_sub(self.published) >= QUIET_BEAT {
            self.published = at;
            self.snapshots.send_replace(Arc::new(snapshot));
        }
    }

    /// Takes leave of the connections that have ended. Says whether there were any.
    fn reap(&mut self) -> bool {
        let (ended, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.conns)
            .into_iter()
            .partition(|conn| conn.record.closed.get().is_some());
        self.conns = open;
        for conn in &ended {
            let Some(Closed { reason, at }) = conn.record.closed.get() else {
                continue;
            };
            if reason.failed() {
                self.seen(&conn.proxy).failed += 1;
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
        !ended.is_empty()
    }

    fn proxy_row(&mut self, proxy: &Arc<Proxy>, at: Duration) -> ProxyRow {
        let (port, listening) = proxy.port();
        let (taken, open) = proxy.settings.taken();
        let insecure =
            self.watched.insecure && proxy.mapping.tls() != crate::mapping::TlsMode::Clear;
        let seen = self.seen(proxy);
        seen.waiting_since = if taken < open {
            seen.waiting_since.or(Some(at))
        } else {
            None
        };
        let figures = seen.window.beat(at, proxy.meters(), seen.failed);
        ProxyRow {
            id: proxy.id,
            name: proxy.name(),
            mapping: proxy.mapping.clone(),
            listening,
            port,
            insecure,
            tls: seen.tls.clone(),
            plan: proxy.settings.plan(),
            generation: proxy.settings.generation(),
            open,
            taken,
            waiting: seen.waiting_since.map(|since| at.saturating_sub(since)),
            total: seen.total,
            failed: seen.failed,
            bytes: figures.delivered,
            rates: figures.rates,
            held: [0; 2],
            added: figures.added,
            feels: figures.feels,
            history: seen.window.history(),
        }
    }

    fn seen(&mut self, proxy: &Proxy) -> &mut Seen {
        let known = self.seen.iter().position(|seen| seen.id == proxy.id);
        let index = known.unwrap_or_else(|| {
            self.seen.push(Seen {
                id: proxy.id,
                window: Window::default(),
                total: 0,
                failed: 0,
                waiting_since: None,
                tls: None,
            });
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

/// Sums what the connections of each proxy hold.
fn add_held(snapshot: &mut Snapshot) {
    let Snapshot { proxies, conns, .. } = snapshot;
    for conn in conns.iter() {
        if let Some(row) = proxies.iter_mut().find(|row| row.id == conn.proxy) {
            row.held[0] += conn.held[0];
            row.held[1] += conn.held[1];
        }
    }
}

/// Whether two snapshots show different proxies, apart from what only time changes.
fn differs(before: &Snapshot, after: &Snapshot) -> bool {
    before.conns.len() != after.conns.len()
        || before.proxies.len() != after.proxies.len()
        || before.proxies.iter().zip(&after.proxies).any(|(a, b)| {
            (
                a.id,
                a.generation,
                a.open,
                a.taken,
                a.bytes,
                a.held,
                &a.port,
                &a.name,
            ) != (
                b.id,
                b.generation,
                b.open,
                b.taken,
                b.bytes,
                b.held,
                &b.port,
                &b.name,
            ) || a.added != b.added
                || (b.rates[0] + b.rates[1]) > 0.0
        })
}
