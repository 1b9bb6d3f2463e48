//! What a connection's poll loop tells of itself: the bridge from the loop to the meter.

use std::time::{Duration, Instant};

use super::meter::{ProxyMeter, add};
use super::pump::Gauge;
use super::record::Record;
use crate::fault::Direction;

/// Writes the counters of one connection, and its part of its proxy's.
pub(super) struct Reading<'a> {
    record: &'a Record,
    meter: &'a ProxyMeter,
    /// When the client's first byte after silence came, until the first byte back leaves.
    asked: Option<Instant>,
}

// === impl Reading ===

impl<'a> Reading<'a> {
    pub(super) fn new(record: &'a Record, meter: &'a ProxyMeter) -> Self {
        Self {
            record,
            meter,
            asked: None,
        }
    }
}

impl Gauge for Reading<'_> {
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant) {
        self.record.slot.add_delivered(direction, bytes as u64);
        add(&self.meter.delivered[direction.index()], bytes as u64);
        if direction == Direction::Down
            && let Some(asked) = self.asked.take()
        {
            self.meter
                .feels
                .record(now.saturating_duration_since(asked));
        }
    }

    fn added(&mut self, direction: Direction, delay: Duration) {
        self.record.slot.set_added(direction, delay);
        self.meter.added[direction.index()].record(delay);
    }

    fn arrived(&mut self, direction: Direction, _bytes: usize, now: Instant) {
        if direction == Direction::Up {
            self.asked.get_or_insert(now);
        }
    }

    fn holds(&mut self, direction: Direction, bytes: usize, full: bool) {
        if self.record.slot.set_held(direction, bytes as u64, full) {
            add(&self.meter.fulls, 1);
        }
    }

    fn ended(&mut self, direction: Direction) {
        self.record.slot.set_ended(direction);
    }
}
