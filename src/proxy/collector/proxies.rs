//! What the collector keeps of one proxy: what it has seen so far, from which the proxy's row in the snapshot is made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conns::ConnFigures;
use super::window::{Ends, Figures, Window};
use crate::fault::{Direction, InForce, PerDirection, Plan, Sending};
use crate::mapping::TlsMode;
use crate::proxy::meter::counters::{Latest, ProxyMeter};
use crate::proxy::proxy::Proxy;
use crate::snapshot::{
    CloseReason, ConnRow, Negotiated, ProxyId, ProxyRow, Scheduled, Traced, Waits,
};

/// A proxy as the collector follows it.
///
/// It is visited on the beats of the collector for as long as its last minute has something in it, and then left alone until
/// something stirs it again: its row stays the one that was made last.
pub(crate) struct ProxyFigures {
    proxy: Arc<Proxy>,
    start: Instant,
    window: Window,
    figures: Figures,
    pub(crate) total: u64,
    failed: u64,
    /// How many connections faults have ended, by their kinds.
    ended: Vec<(&'static str, u64)>,
    waiting_since: Option<Duration>,
    pub(crate) tls: Option<Arc<Negotiated>>,
    /// Whether beats read its counters.
    awake: bool,
    /// Whether its plan acts in another way as time passes.
    timed: bool,
    /// The row that was made last, whether it shows what is past, and what stood behind it.
    row: Option<ProxyRow>,
    stale: bool,
    sum: Sum,
    changes: u64,
}

/// What the connections of one proxy come to.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) struct Sum {
    open: u32,
    up_to_date: u32,
    held: PerDirection<u64>,
    /// What the sender of the busiest direction is at, with what makes it the busiest: the rate, then the bytes.
    sending: Option<(f64, u64, Sending)>,
}

// === impl ProxyFigures ===

impl ProxyFigures {
    /// A proxy of an engine that began at `start`.
    pub(crate) fn new(proxy: &Arc<Proxy>, start: Instant) -> Self {
        Self {
            proxy: Arc::clone(proxy),
            start,
            window: Window::default(),
            figures: Figures::default(),
            total: 0,
            failed: 0,
            ended: Vec::new(),
            waiting_since: None,
            tls: None,
            awake: true,
            timed: true,
            row: None,
            stale: true,
            sum: Sum::default(),
            changes: 0,
        }
    }

    pub(crate) fn id(&self) -> ProxyId {
        self.proxy.id
    }

    /// Something has happened to it: beats read its counters from here on, and its row is made anew.
    pub(crate) fn stir(&mut self) {
        self.awake = true;
        self.stale = true;
    }

    /// Moves on by a beat, and says whether its row moves with it. `stirred` where anything at all has happened since the last
    /// beat.
    pub(crate) fn beat(&mut self, at: Duration, stirred: bool) -> bool {
        if stirred && self.proxy.changes() != self.changes {
            self.stir();
        }
        let mut moves = self.timed && self.takes_turn(at);
        if self.awake {
            let ends = Ends {
                failed: self.failed,
                cut: self.ended.iter().map(|(_, count)| count).sum(),
            };
            self.figures = self.window.beat(at, self.proxy.meters(), ends);
            self.awake = !self.window.is_blank();
            self.stale = true;
            moves |= self.figures.moves();
        }
        moves
    }

    /// Reads its counters between two beats.
    pub(crate) fn look(&mut self, at: Duration) {
        let figures = self.window.look(at, self.proxy.meters());
        let changed = self.proxy.changes() != self.changes || figures != self.figures;
        self.stale |= changed || self.timed;
        self.figures = figures;
    }

    /// Whether time has changed how its plan acts.
    fn takes_turn(&mut self, at: Duration) -> bool {
        let Some(row) = &self.row else {
            return false;
        };
        let turned = self.present(at) != row.present;
        self.stale |= turned;
        turned
    }

    /// Its faults as they act at `at`, where time moves them.
    fn present(&self, at: Duration) -> Option<Arc<Plan>> {
        let in_force = self.proxy.settings.in_force();
        in_force.present(self.moment(at)).map(Arc::new)
    }

    /// Where the first fault is that follows a trace.
    fn traced(&self, at: Duration) -> Option<Traced> {
        let in_force = self.proxy.settings.in_force();
        let (kind, place, length) = in_force.traced(self.moment(at))?;
        Some(Traced {
            kind,
            place,
            length,
        })
    }

    fn moment(&self, at: Duration) -> Instant {
        self.start.checked_add(at).unwrap_or(self.start)
    }

    /// A connection has ended so.
    pub(crate) fn took_leave(&mut self, reason: &CloseReason) {
        self.stir();
        self.failed += u64::from(reason.failed());
        if let CloseReason::Fault(kind) = reason {
            match self.ended.iter_mut().find(|(known, _)| known == kind) {
                Some((_, count)) => *count += 1,
                None => self.ended.push((kind, 1)),
            }
        }
    }

    /// Its row at `at`, with what its connections come to.
    pub(crate) fn row(&mut self, sum: Sum, insecure: bool, at: Duration) -> ProxyRow {
        let waits = sum.up_to_date < sum.open;
        match &self.row {
            Some(row) if !self.stale && !waits && sum == self.sum => row.clone(),
            _ => {
                self.stale = false;
                self.sum = sum;
                self.waiting_since = waits.then(|| self.waiting_since.unwrap_or(at));
                // Before what it counts: what changes meanwhile is seen next.
                self.changes = self.proxy.changes();
                let row = self.fresh_row(insecure, at);
                let in_force = self.proxy.settings.in_force();
                let turns = in_force.next_turn(self.moment(at)).is_some();
                self.timed = turns || row.present.is_some();
                self.row.insert(row).clone()
            }
        }
    }

    fn fresh_row(&self, insecure: bool, at: Duration) -> ProxyRow {
        let Self { proxy, figures, .. } = self;
        let (port, listening) = proxy.port();
        let Sum {
            open,
            up_to_date,
            held,
            sending,
        } = self.sum;
        ProxyRow {
            id: proxy.id,
            name: proxy.name(),
            mapping: proxy.mapping(),
            listening,
            port,
            insecure: insecure && proxy.mapping.tls() != TlsMode::Clear,
            tls: self.tls.clone(),
            present: self.present(at),
            traced: self.traced(at),
            scheduled: scheduled(&proxy.settings.in_force(), self.start),
            ended: self.ended.clone(),
            plan: proxy.settings.plan(),
            generation: proxy.settings.generation(),
            open,
            up_to_date,
            waiting: self.waiting_since.map(|since| at.saturating_sub(since)),
            total: self.total,
            failed: self.failed,
            bytes: figures.delivered,
            rates: figures.rates,
            held,
            full: proxy.meters().map(ProxyMeter::fulls).sum(),
            sending: sending.map(|(_, _, sending)| sending),
            lost: proxy.meters().map(ProxyMeter::lost).sum(),
            writes: figures.writes,
            waits: Waits {
                accept: Latest::last(proxy.meters().map(|meter| &meter.waits.accept)),
                dial: Latest::last(proxy.meters().map(|meter| &meter.waits.dial)),
                close: Latest::last(proxy.meters().map(|meter| &meter.waits.close)),
            },
            added: figures.added,
            feels: figures.feels,
            history: self.window.history(),
        }
    }
}

/// The faults that act at certain times only, these times counted from `start`.
fn scheduled(in_force: &InForce, start: Instant) -> Vec<Scheduled> {
    let since = |at: Instant| at.saturating_duration_since(start);
    let scheduled = in_force.scheduled();
    let scheduled = scheduled.map(|(setting, begins, ends)| Scheduled {
        setting: setting.clone(),
        begins: since(begins),
        ends: ends.map(since),
    });
    scheduled.collect()
}

// === impl Sum ===

impl Sum {
    pub(crate) fn add(&mut self, conn: &ConnFigures, row: &ConnRow) {
        self.open += 1;
        let generation = conn.proxy.settings.generation();
        self.up_to_date += u32::from(conn.record.runs(generation));
        self.held = self.held.plus(row.held);
        for way in Direction::BOTH {
            if let Some(sending) = row.sending[way] {
                let busy = (row.rates[way], row.bytes[way]);
                if self
                    .sending
                    .is_none_or(|(rate, bytes, _)| (rate, bytes) < busy)
                {
                    self.sending = Some((busy.0, busy.1, sending));
                }
            }
        }
    }
}
