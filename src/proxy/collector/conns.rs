//! What the collector keeps of one connection: its counters at the last beat, from which its row in the snapshot is made.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::window::BEAT;
use crate::fault::{Direction, PerDirection};
use crate::findings::KnownConn;
use crate::proxy::proxy::Proxy;
use crate::proxy::record::{Closed, Record};
use crate::snapshot::{ConnRow, ConnState, EndedConn};

/// After so long without a byte a connection is shown as idle.
const IDLE: Duration = Duration::from_secs(1);

/// A connection as the collector follows it.
pub(crate) struct ConnFigures {
    pub(crate) record: Arc<Record>,
    pub(crate) proxy: Arc<Proxy>,
    /// What was counted at the last beat.
    delivered: PerDirection<u64>,
    fulls: u64,
    rates: PerDirection<f64>,
    /// When bytes moved last, since the engine's start.
    moved: Duration,
    /// Since when bytes have been held of which none has left.
    stuck: PerDirection<Option<Duration>>,
}

// === impl ConnFigures ===

impl ConnFigures {
    pub(crate) fn new(record: Arc<Record>, proxy: Arc<Proxy>) -> Self {
        let moved = record.opened;
        Self {
            record,
            proxy,
            delivered: PerDirection::default(),
            fulls: 0,
            rates: PerDirection::default(),
            moved,
            stuck: PerDirection::default(),
        }
    }

    /// Reads its counters at a beat, and says whether they have grown since the last one.
    pub(crate) fn beat(&mut self, at: Duration) -> bool {
        let meter = &self.record.meter;
        let (delivered, fulls) = (meter.delivered(), meter.fulls());
        let held = meter.held();
        for way in Direction::BOTH {
            let since = self.stuck[way].filter(|_| delivered[way] == self.delivered[way]);
            self.stuck[way] = (held[way] > 0).then(|| since.unwrap_or(at));
            let bytes = delivered[way].saturating_sub(self.delivered[way]) as f64;
            // A moving average whose weight falls to a tenth in about a second.
            let rate = 0.8 * self.rates[way] + 0.2 * bytes / BEAT.as_secs_f64();
            self.rates[way] = if rate < 1.0 { 0.0 } else { rate };
        }
        if delivered != self.delivered {
            self.moved = at;
        }
        let grown = (delivered, fulls) != (self.delivered, self.fulls);
        (self.delivered, self.fulls) = (delivered, fulls);
        grown
    }

    /// Whether its rates are yet to come to rest.
    pub(crate) fn moves(&self) -> bool {
        self.rates.iter().any(|rate| *rate > 0.0)
    }

    /// What is shown of it once it has ended; `None` before.
    pub(crate) fn at_end(&self) -> Option<EndedConn> {
        let Closed { reason, at } = self.record.closed.get()?;
        Some(EndedConn {
            row: ConnRow {
                state: ConnState::Ended,
                rates: PerDirection::default(),
                held: PerDirection::default(),
                waits: None,
                ..self.row(*at)
            },
            at: *at,
            reason: reason.clone(),
            truncated: self.record.truncated.load(Ordering::Relaxed),
        })
    }

    /// What its counters tell of it to whoever has missed facts.
    pub(crate) fn known(&self) -> KnownConn {
        let meter = &self.record.meter;
        KnownConn {
            id: self.record.id,
            client: self.record.client.ip(),
            opened: self.record.opened,
            asked: meter.asked(),
            answered: meter.waited() > Duration::ZERO,
        }
    }

    /// Whether the desk holds anything of it, in either direction: then a wait is not its habit.
    pub(crate) fn is_held(&self) -> bool {
        self.record.meter.held().sum() > 0
    }

    /// For how long its oldest request has had no answer, where that is long enough to be worth a word.
    pub(crate) fn waits(&self, at: Duration) -> Option<Duration> {
        let wait = at.saturating_sub(self.record.meter.asked()?);
        (wait >= BEAT).then_some(wait)
    }

    /// For how long what is held has been so at least, where none of it leaves.
    fn stuck_for(&self, at: Duration) -> Option<Duration> {
        let since = self.stuck.iter().flatten().min()?;
        self.is_held().then(|| at.saturating_sub(*since))
    }

    /// Its row at this moment, with the rates of the last beat.
    pub(crate) fn row(&self, at: Duration) -> ConnRow {
        let record = &self.record;
        let held = record.meter.held();
        let silent = at.saturating_sub(self.moved);
        let state = match () {
            () if record.upstream.get().is_none() => ConnState::Dialing,
            () if record.meter.is_full() => ConnState::Full,
            () if held.sum() > 0 => ConnState::Held,
            () if record.meter.ended(Direction::Up) => ConnState::Half(Direction::Up),
            () if record.meter.ended(Direction::Down) => ConnState::Half(Direction::Down),
            () if silent >= IDLE => ConnState::Idle(silent),
            () => ConnState::Open,
        };
        ConnRow {
            id: record.id,
            proxy: self.proxy.id,
            client: record.client,
            upstream: record.upstream.get().copied(),
            age: at.saturating_sub(record.opened),
            bytes: record.meter.delivered(),
            rates: self.rates,
            held,
            full: record.meter.fulls(),
            sending: record.meter.sending(),
            added: record.meter.added().max(self.stuck_for(at)),
            waits: self.waits(at),
            generation: record.generation(),
            state,
            hit: record.hit.load(Ordering::Relaxed),
        }
    }
}
