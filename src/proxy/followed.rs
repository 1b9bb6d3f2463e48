//! One connection as the collector follows it: its last figures, and the row that they make.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::collector::BEAT;
use super::port::Proxy;
use super::record::Record;
use crate::fault::Direction;
use crate::snapshot::{ConnRow, ConnState, Happening, Negotiated};

/// After so long without a byte a connection is shown as idle.
const IDLE: Duration = Duration::from_secs(1);

/// A connection as the collector follows it.
pub(super) struct Conn {
    pub(super) record: Arc<Record>,
    pub(super) proxy: Arc<Proxy>,
    pub(super) delivered: [u64; 2],
    pub(super) rates: [f64; 2],
    pub(super) moved: Duration,
    /// Whether it was told which addresses were tried in vain.
    pub(super) told_detour: bool,
    /// Whether it was told what its TLS agreed on.
    pub(super) told_tls: bool,
}

// === impl Conn ===

impl Conn {
    /// When its upstream was reached where other addresses had been tried in vain, and what is told of it; once.
    pub(super) fn reached(&mut self) -> Option<(Duration, Happening)> {
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
    pub(super) fn secured(&mut self) -> Option<(Duration, Arc<Negotiated>)> {
        if self.told_tls {
            return None;
        }
        let secured = self.record.secured.get()?;
        self.told_tls = true;
        Some((secured.at, Arc::clone(&secured.tls)))
    }

    pub(super) fn row(&mut self, at: Duration) -> ConnRow {
        let record = &self.record;
        let delivered = record.slot.delivered();
        let held = record.slot.held();
        for (rate, (now, before)) in self
            .rates
            .iter_mut()
            .zip(delivered.iter().zip(self.delivered))
        {
            let bytes = now.saturating_sub(before) as f64;
            // A moving average whose weight falls to a tenth in about a second.
            *rate = 0.8 * *rate + 0.2 * bytes / BEAT.as_secs_f64();
            if *rate < 1.0 {
                *rate = 0.0;
            }
        }
        if delivered != self.delivered {
            self.moved = at;
        }
        self.delivered = delivered;
        let silent = at.saturating_sub(self.moved);
        let state = match () {
            () if record.upstream.get().is_none() => ConnState::Dialing,
            () if record.slot.is_full() => ConnState::Full,
            () if held != [0, 0] => ConnState::Held,
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
            bytes: delivered,
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
