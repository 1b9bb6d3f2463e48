//! What a connection's poll loop tells of its work, and how that moves the counters.

use std::time::{Duration, Instant};

use super::counters::{ConnMeter, ProxyMeter};
use super::histogram::add;
use super::watch::Watch;
use crate::fault::{Direction, Losses, Sending};

/// What the loop tells of its work; one writer, no reader that waits.
pub trait Gauge {
    /// Bytes were delivered.
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// A segment that left had been held for so long.
    fn added(&mut self, direction: Direction, delay: Duration);
    /// Bytes came from the client or the upstream.
    fn arrived(&mut self, direction: Direction, bytes: usize, now: Instant);
    /// So many bytes wait, and whether their sender is not read because more may not.
    fn holds(&mut self, direction: Direction, bytes: usize, full: bool);
    /// A virtual sender is at this, or there is none any more; what became of its packets since the last time.
    fn sends(&mut self, _direction: Direction, _sending: Option<Sending>, _more: Losses) {}
    /// So many bytes left as others than they came.
    fn changed(&mut self, _direction: Direction, _bytes: u64) {}
    /// The end of a stream that left had been held for so long, because a fault asked for it.
    fn end_held(&mut self, _delay: Duration, _now: Instant) {}
    /// This direction has ended.
    fn ended(&mut self, direction: Direction);
    /// Whether somebody looks so closely that `late` is worth asking for.
    fn is_watched(&self) -> bool {
        false
    }
    /// What leaves now is so much later than faults asked for.
    fn late(&mut self, _direction: Direction, _late: Duration) {}
}

/// Moves the counters of one connection, and its part of its proxy's.
pub(crate) struct ConnGauge<'a> {
    conn: &'a ConnMeter,
    proxy: &'a ProxyMeter,
    /// When the engine began.
    start: Instant,
    /// When the client's first byte after silence came, until the first byte back leaves.
    asked: Option<Instant>,
    /// Where more is noted, while somebody looks closely.
    pub(crate) watch: Option<&'a Watch>,
}

// === impl ConnGauge ===

impl<'a> ConnGauge<'a> {
    pub(crate) fn new(conn: &'a ConnMeter, proxy: &'a ProxyMeter, start: Instant) -> Self {
        Self {
            conn,
            proxy,
            start,
            asked: None,
            watch: None,
        }
    }
}

impl Gauge for ConnGauge<'_> {
    fn delivered(&mut self, direction: Direction, bytes: usize, now: Instant) {
        if let Some(watch) = self.watch {
            watch.delivered(direction, bytes, now);
        }
        self.conn.add_delivered(direction, bytes as u64);
        add(&self.proxy.delivered[direction], bytes as u64);
        add(&self.proxy.writes[direction], 1);
        if direction == Direction::Down
            && let Some(asked) = self.asked.take()
        {
            self.proxy
                .feels
                .record(now.saturating_duration_since(asked));
        }
    }

    fn added(&mut self, direction: Direction, delay: Duration) {
        if let Some(watch) = self.watch {
            watch.added(direction, delay);
        }
        self.conn.set_added(direction, delay);
        self.proxy.added[direction].record(delay);
    }

    fn arrived(&mut self, direction: Direction, _bytes: usize, now: Instant) {
        if let Some(watch) = self.watch {
            watch.arrived(direction, now);
        }
        if direction == Direction::Up {
            self.asked.get_or_insert(now);
        }
    }

    fn holds(&mut self, direction: Direction, bytes: usize, full: bool) {
        if self.conn.set_held(direction, bytes as u64, full) {
            add(&self.proxy.fulls, 1);
        }
    }

    fn sends(&mut self, direction: Direction, sending: Option<Sending>, more: Losses) {
        self.conn.set_sending(direction, sending);
        self.proxy.losses[direction].add(more);
    }

    fn changed(&mut self, direction: Direction, bytes: u64) {
        add(&self.proxy.changed[direction], bytes);
    }

    fn end_held(&mut self, delay: Duration, now: Instant) {
        let at = now.saturating_duration_since(self.start);
        self.proxy.waits.close.set(at, delay);
    }

    fn ended(&mut self, direction: Direction) {
        self.conn.set_ended(direction);
    }

    fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    fn late(&mut self, direction: Direction, late: Duration) {
        if let Some(watch) = self.watch {
            watch.late(direction, late);
        }
    }
}
