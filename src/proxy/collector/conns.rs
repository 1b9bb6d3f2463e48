//! One connection as the collector follows it: its last figures, and the row that they make.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::window::BEAT;
use crate::fault::{Direction, PerDirection};
use crate::proxy::proxy::Proxy;
use crate::proxy::record::Record;
use crate::snapshot::{ConnRow, ConnState, Happening, Negotiated};

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
    /// Whether it was told which addresses were tried in vain.
    told_detour: bool,
    /// Whether it was told what its TLS agreed on.
    told_tls: bool,
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
            told_detour: false,
            told_tls: false,
        }
    }

    /// When its upstream was reached where other addresses had been tried in vain, and what is told of it; once.
    pub(crate) fn reached(&mut self) -> Option<(Duration, Happening)> {
        if self.told_detour {
            return None;
        }
        let detour = self.record.detour.get()?;
        let addr = *self.record.upstream.get()?;
        self.told_detour = true;
        let (conn, tried) = (self.record.id, detour.tried.each());
        Some((detour.at, Happening::Reached { conn, addr, tried }))
    }

    /// When its TLS was agreed on, and what; once.
    pub(crate) fn secured(&mut self) -> Option<(Duration, Arc<Negotiated>)> {
        if self.told_tls {
            return None;
        }
        let secured = self.record.secured.get()?;
        self.told_tls = true;
        Some((secured.at, Arc::clone(&secured.tls)))
    }

    /// Reads its counters at a beat, and says whether they have grown since the last one.
    pub(crate) fn beat(&mut self, at: Duration) -> bool {
        let slot = &self.record.slot;
        let (delivered, fulls) = (slot.delivered(), slot.fulls());
        for way in Direction::BOTH {
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

    /// Its row at this moment, with the rates of the last beat.
    pub(crate) fn row(&self, at: Duration) -> ConnRow {
        let record = &self.record;
        let held = record.slot.held();
        let silent = at.saturating_sub(self.moved);
        let state = match () {
            () if record.upstream.get().is_none() => ConnState::Dialing,
            () if record.slot.is_full() => ConnState::Full,
            () if held.sum() > 0 => ConnState::Held,
            () if record.slot.ended(Direction::Up) => ConnState::Half(Direction::Up),
            () if record.slot.ended(Direction::Down) => ConnState::Half(Direction::Down),
            () if silent >= IDLE => ConnState::Idle(silent),
            () => ConnState::Open,
        };
        ConnRow {
            id: record.id,
            proxy: record.proxy,
            client: record.client,
            upstream: record.upstream.get().copied(),
            age: at.saturating_sub(record.opened),
            bytes: record.slot.delivered(),
            rates: self.rates,
            held,
            full: record.slot.fulls(),
            added: record.slot.added(),
            generation: record.generation(),
            state,
            hit: record.hit.load(Ordering::Relaxed),
        }
    }
}
