//! The live counters: those of a connection, which its task alone writes, and those of a proxy, a set for each worker, which that
//! worker alone writes. The collector reads them.
//!
//! So a load and a store count, and no reader ever waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::{Histogram, add};
use crate::fault::{Direction, Losses, PerDirection, Sending};
use crate::snapshot::{Wait, Waits};

/// The counters of one connection.
#[derive(Debug, Default)]
pub(crate) struct ConnMeter {
    delivered: PerDirection<AtomicU64>,
    held: PerDirection<AtomicU64>,
    /// Nanoseconds that the last segment was held, and one more; 0 before the first.
    added: PerDirection<AtomicU64>,
    /// What a virtual sender is at: its window above a round trip of microseconds, 32 bits each; 0 where there is none.
    sending: PerDirection<AtomicU64>,
    /// Since when its oldest request has had no answer, in nanoseconds since the engine's start, and one more; 0 where none waits.
    asked: AtomicU64,
    /// The longest that a request has waited for its answer, in nanoseconds.
    waited: AtomicU64,
    /// How often a direction became full.
    fulls: AtomicU64,
    full: PerDirection<AtomicBool>,
    ended: PerDirection<AtomicBool>,
}

/// The counters of one proxy, as far as one worker's connections move them.
#[derive(Debug, Default)]
pub(crate) struct ProxyMeter {
    /// Bytes delivered, up and down.
    pub(crate) delivered: PerDirection<AtomicU64>,
    /// How long segments were held, up and down.
    pub(crate) added: PerDirection<Histogram>,
    /// From a client's first byte after silence to the first byte back.
    pub(crate) feels: Histogram,
    /// How often a direction of a connection became full.
    pub(crate) fulls: AtomicU64,
    /// How many clients ended their stream while a request of theirs had waited for a while.
    pub(crate) gave_up: AtomicU64,
    /// What became of the packets of virtual senders.
    pub(crate) losses: PerDirection<LossMeter>,
    /// How many writes bytes left in.
    pub(crate) writes: PerDirection<AtomicU64>,
    /// How many bytes left as others than they came.
    pub(crate) changed: PerDirection<AtomicU64>,
    /// How long the last ones had to wait for whom a fault asked for it.
    pub(crate) waits: Waits<Latest>,
}

/// What became of virtual senders' packets.
#[derive(Debug, Default)]
pub(crate) struct LossMeter {
    sent: AtomicU64,
    lost: AtomicU64,
    timeouts: AtomicU64,
    stalls: AtomicU64,
    /// In microseconds.
    stalled: AtomicU64,
    messages: AtomicU64,
    late: AtomicU64,
}

/// The last wait of its kind: when it was over, in milliseconds since the engine's start, above how long it took, in
/// microseconds; 32 bits each, and 0 before the first.
#[derive(Debug, Default)]
pub(crate) struct Latest(AtomicU64);

// === impl LossMeter ===

impl LossMeter {
    pub(crate) fn add(&self, more: Losses) {
        add(&self.sent, more.sent);
        add(&self.lost, more.lost);
        add(&self.timeouts, more.timeouts);
        add(&self.stalls, more.stalls);
        let micros = u64::try_from(more.stalled.as_micros());
        add(&self.stalled, micros.unwrap_or(u64::MAX));
        add(&self.messages, more.messages);
        add(&self.late, more.late);
    }

    pub(crate) fn get(&self) -> Losses {
        Losses {
            sent: self.sent.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            stalls: self.stalls.load(Ordering::Relaxed),
            stalled: Duration::from_micros(self.stalled.load(Ordering::Relaxed)),
            messages: self.messages.load(Ordering::Relaxed),
            late: self.late.load(Ordering::Relaxed),
        }
    }
}

// === impl Latest ===

impl Latest {
    /// A wait was over at `at`; only one thread says so.
    pub(crate) fn set(&self, at: Duration, took: Duration) {
        let ms = u32::try_from(at.as_millis()).unwrap_or(u32::MAX).max(1);
        let us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.0
            .store(u64::from(ms) << 32 | u64::from(us), Ordering::Relaxed);
    }

    /// The last of several; `None` where there was none.
    pub(crate) fn last<'a>(of: impl Iterator<Item = &'a Self>) -> Option<Wait> {
        let last = of.map(|wait| wait.0.load(Ordering::Relaxed)).max()?;
        (last > 0).then(|| Wait {
            at: Duration::from_millis(last >> 32),
            took: Duration::from_micros(last & u64::from(u32::MAX)),
        })
    }
}

// === impl ConnMeter ===

impl ConnMeter {
    pub(crate) fn add_delivered(&self, direction: Direction, bytes: u64) {
        add(&self.delivered[direction], bytes);
    }

    /// Says whether the direction has become full by this.
    pub(crate) fn set_held(&self, direction: Direction, bytes: u64, full: bool) -> bool {
        self.held[direction].store(bytes, Ordering::Relaxed);
        let news = full && !self.full[direction].load(Ordering::Relaxed);
        if news {
            add(&self.fulls, 1);
        }
        self.full[direction].store(full, Ordering::Relaxed);
        news
    }

    pub(crate) fn set_added(&self, direction: Direction, delay: Duration) {
        let nanos = nanos_of(delay).saturating_add(1);
        self.added[direction].store(nanos, Ordering::Relaxed);
    }

    pub(crate) fn set_sending(&self, direction: Direction, sending: Option<Sending>) {
        let packed = sending.map_or(0, |sending| {
            let micros = u32::try_from(sending.round_trip.as_micros()).unwrap_or(u32::MAX);
            u64::from(sending.window) << 32 | u64::from(micros)
        });
        self.sending[direction].store(packed, Ordering::Relaxed);
    }

    /// A request waits since then, or none does any more.
    pub(crate) fn set_asked(&self, since: Option<Duration>) {
        let nanos = since.map_or(0, |since| nanos_of(since).saturating_add(1));
        self.asked.store(nanos, Ordering::Relaxed);
    }

    /// A request was answered after so long.
    pub(crate) fn set_answered(&self, waited: Duration) {
        let nanos = nanos_of(waited);
        if nanos > self.waited.load(Ordering::Relaxed) {
            self.waited.store(nanos, Ordering::Relaxed);
        }
        self.set_asked(None);
    }

    /// Since when its oldest request has had no answer, on the time since the engine's start.
    pub(crate) fn asked(&self) -> Option<Duration> {
        let nanos = self.asked.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_nanos(nanos))
    }

    /// The longest that a request has waited for its answer; nothing before the first answer.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    pub(crate) fn set_ended(&self, direction: Direction) {
        self.ended[direction].store(true, Ordering::Relaxed);
    }

    pub(crate) fn delivered(&self) -> PerDirection<u64> {
        counted(&self.delivered)
    }

    pub(crate) fn held(&self) -> PerDirection<u64> {
        counted(&self.held)
    }

    /// How long the last segments were held, up and down together.
    pub(crate) fn added(&self) -> Option<Duration> {
        let nanos = counted(&self.added);
        let held = nanos.map(|nanos| nanos.saturating_sub(1));
        (nanos != PerDirection::default())
            .then(|| Duration::from_nanos(held.up.saturating_add(held.down)))
    }

    /// What virtual senders are at, up and down.
    pub(crate) fn sending(&self) -> PerDirection<Option<Sending>> {
        counted(&self.sending).map(|packed| {
            (packed > 0).then(|| Sending {
                window: (packed >> 32) as u32,
                round_trip: Duration::from_micros(packed & u64::from(u32::MAX)),
            })
        })
    }

    pub(crate) fn fulls(&self) -> u64 {
        self.fulls.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full.iter().any(|full| full.load(Ordering::Relaxed))
    }

    pub(crate) fn ended(&self, direction: Direction) -> bool {
        self.ended[direction].load(Ordering::Relaxed)
    }
}

// === impl ProxyMeter ===

impl ProxyMeter {
    pub(crate) fn fulls(&self) -> u64 {
        self.fulls.load(Ordering::Relaxed)
    }

    /// What became of the packets of both directions.
    pub(crate) fn losses(&self) -> Losses {
        let losses = self.losses.iter().map(LossMeter::get);
        losses.fold(Losses::default(), Losses::plus)
    }
}

fn nanos_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn counted(counters: &PerDirection<AtomicU64>) -> PerDirection<u64> {
    counters.map_ref(|counter| counter.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sender_is_at_reads_back() {
        let meter = ConnMeter::default();
        let sending = Some(Sending {
            window: 23,
            round_trip: Duration::from_millis(84),
        });
        meter.set_sending(Direction::Down, sending);
        assert_eq!(meter.sending(), PerDirection::of(None, sending));
        meter.set_sending(Direction::Down, None);
        assert_eq!(meter.sending(), PerDirection::default());
    }

    #[test]
    fn each_time_that_a_direction_becomes_full_is_counted_once() {
        let meter = ConnMeter::default();
        let full = [true, true, false, true];
        let news = full.map(|full| meter.set_held(Direction::Up, 1, full));
        assert_eq!(news, [true, false, false, true]);
        meter.set_held(Direction::Down, 1, true);
        assert_eq!(meter.fulls(), 3);
    }
}
