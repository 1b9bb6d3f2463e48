//! One proxy as the collector follows it: what it has seen so far, and the row that this makes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::followed::Conn;
use super::meter::ProxyMeter;
use super::port::Proxy;
use super::window::{Ends, Figures, Window};
use crate::mapping::TlsMode;
use crate::snapshot::{CloseReason, ConnRow, Negotiated, ProxyId, ProxyRow};

/// A proxy as the collector follows it.
pub(super) struct Seen {
    pub(super) id: ProxyId,
    window: Window,
    pub(super) total: u64,
    pub(super) failed: u64,
    /// How many connections faults have ended, by their kinds.
    ended: Vec<(&'static str, u64)>,
    waiting_since: Option<Duration>,
    pub(super) tls: Option<Arc<Negotiated>>,
}

/// What the connections of one proxy come to.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    open: u32,
    taken: u32,
    held: [u64; 2],
}

// === impl Seen ===

impl Seen {
    pub(super) fn new(id: ProxyId) -> Self {
        Self {
            id,
            window: Window::default(),
            total: 0,
            failed: 0,
            ended: Vec::new(),
            waiting_since: None,
            tls: None,
        }
    }

    /// Reads the counters, so that the window moves on.
    pub(super) fn beat(&mut self, proxy: &Proxy, at: Duration) -> Figures {
        let ends = Ends {
            failed: self.failed,
            cut: self.ended.iter().map(|(_, count)| count).sum(),
        };
        self.window.beat(at, proxy.meters(), ends)
    }

    /// A connection has ended so.
    pub(super) fn took_leave(&mut self, reason: &CloseReason) {
        self.failed += u64::from(reason.failed());
        if let CloseReason::Fault(kind) = reason {
            match self.ended.iter_mut().find(|(known, _)| known == kind) {
                Some((_, count)) => *count += 1,
                None => self.ended.push((kind, 1)),
            }
        }
    }

    /// Its row at `at` after `start`, with what its connections come to.
    pub(super) fn row(
        &mut self,
        proxy: &Proxy,
        sum: Sum,
        insecure: bool,
        (start, at): (Instant, Duration),
    ) -> ProxyRow {
        let (port, listening) = proxy.port();
        let Sum { open, taken, held } = sum;
        let insecure = insecure && proxy.mapping.tls() != TlsMode::Clear;
        self.waiting_since = if taken < open {
            self.waiting_since.or(Some(at))
        } else {
            None
        };
        let figures = self.beat(proxy, at);
        let in_force = proxy.settings.in_force();
        let moment = start.checked_add(at).unwrap_or(start);
        ProxyRow {
            id: proxy.id,
            name: proxy.name(),
            mapping: proxy.mapping(),
            listening,
            port,
            insecure,
            tls: self.tls.clone(),
            present: in_force.present(moment).map(Arc::new),
            ended: self.ended.clone(),
            plan: Arc::clone(in_force.plan()),
            generation: proxy.settings.generation(),
            open,
            taken,
            waiting: self.waiting_since.map(|since| at.saturating_sub(since)),
            total: self.total,
            failed: self.failed,
            bytes: figures.delivered,
            rates: figures.rates,
            held,
            full: proxy.meters().map(ProxyMeter::fulls).sum(),
            added: figures.added,
            feels: figures.feels,
            history: self.window.history(),
        }
    }
}

// === impl Sum ===

impl Sum {
    pub(super) fn add(&mut self, conn: &Conn, row: &ConnRow) {
        self.open += 1;
        let generation = conn.proxy.settings.generation();
        self.taken += u32::from(conn.record.runs(generation));
        for (sum, held) in self.held.iter_mut().zip(row.held) {
            *sum += held;
        }
    }
}
