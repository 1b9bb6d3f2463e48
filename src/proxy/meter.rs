//! Live counters: written by the one task that they belong to, read by the collector.
//!
//! Every counter has a single writer, so a load and a store count it, and no reader ever waits. Slots live in pages of the
//! worker whose task writes them, so that a walk over ten thousand connections reads memory in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::fault::Direction;
use crate::snapshot::Spread;

/// How many slots a page has.
const PAGE: usize = 256;

/// The counters of one connection.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Slot {
    delivered: [AtomicU64; 2],
    held: [AtomicU64; 2],
    /// Nanoseconds that the last segment was held, and one more; 0 before the first.
    added: [AtomicU64; 2],
    flags: AtomicU64,
}

/// A connection's slot, given back when the collector has read its last figures.
#[derive(Debug)]
pub(super) struct SlotRef {
    page: Arc<[Slot; PAGE]>,
    number: u32,
    pages: Arc<Pages>,
}

/// The slots of one worker's connections.
#[derive(Debug, Default)]
pub(super) struct Pages {
    state: Mutex<PagesState>,
}

#[derive(Debug, Default)]
struct PagesState {
    pages: Vec<Arc<[Slot; PAGE]>>,
    free: Vec<u32>,
}

/// The counters of one proxy, as far as one worker's connections move them.
#[derive(Debug, Default)]
pub(super) struct ProxyMeter {
    /// Bytes delivered, up and down.
    pub(super) delivered: [AtomicU64; 2],
    /// How long segments were held, up and down.
    pub(super) added: [Histogram; 2],
    /// From a client's first byte after silence to the first byte back.
    pub(super) feels: Histogram,
}

/// Sub-buckets of each power of two: a bucket is at most 1/64 of its value wide.
const SUB: u32 = 64;
/// Values from 0 to 2^32 microseconds.
const BUCKETS: usize = 28 * SUB as usize;

/// Times in buckets whose width is at most 1/64 of their value, from 1 µs to 71 minutes.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Box<[AtomicU32]>,
    total: AtomicU64,
}

/// A histogram at one moment, or the difference of two.
#[derive(Clone, Debug)]
pub(super) struct Counts(Vec<u32>);

const FULL: u64 = 1;

/// Adds to a counter that only this task writes.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(n),
        Ordering::Relaxed,
    );
}

// === impl Slot ===

impl Slot {
    pub(super) fn add_delivered(&self, direction: Direction, bytes: u64) {
        add(&self.delivered[direction.index()], bytes);
    }

    pub(super) fn set_held(&self, direction: Direction, bytes: u64, full: bool) {
        self.held[direction.index()].store(bytes, Ordering::Relaxed);
        self.set_flag(FULL << direction.index(), full);
    }

    pub(super) fn set_added(&self, direction: Direction, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX - 1);
        self.added[direction.index()].store(nanos + 1, Ordering::Relaxed);
    }

    pub(super) fn set_ended(&self, direction: Direction) {
        self.set_flag(FULL << (2 + direction.index()), true);
    }

    fn set_flag(&self, flag: u64, on: bool) {
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(
            if on { flags | flag } else { flags & !flag },
            Ordering::Relaxed,
        );
    }

    pub(super) fn delivered(&self) -> [u64; 2] {
        self.delivered
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed))
    }

    pub(super) fn held(&self) -> [u64; 2] {
        self.held
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed))
    }

    /// How long the last segments were held, up and down together.
    pub(super) fn added(&self) -> Option<Duration> {
        let nanos = self
            .added
            .each_ref()
            .map(|counter| counter.load(Ordering::Relaxed));
        let held = |nanos: u64| nanos.saturating_sub(1);
        (nanos != [0, 0])
            .then(|| Duration::from_nanos(held(nanos[0]).saturating_add(held(nanos[1]))))
    }

    pub(super) fn is_full(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & 0b11 != 0
    }

    pub(super) fn ended(&self, direction: Direction) -> bool {
        self.flags.load(Ordering::Relaxed) & (FULL << (2 + direction.index())) != 0
    }

    fn clear(&self) {
        for counter in self
            .delivered
            .iter()
            .chain(&self.held)
            .chain(&self.added)
            .chain([&self.flags])
        {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

// === impl Pages ===

impl Pages {
    /// A free slot; a new page where there is none.
    pub(super) fn take(self: &Arc<Self>) -> SlotRef {
        let mut state = self.state.lock();
        let number = state.free.pop().unwrap_or_else(|| {
            let first = u32::try_from(state.pages.len() * PAGE)
                .expect("connections are limited to far fewer");
            state
                .pages
                .push(Arc::new(std::array::from_fn(|_| Slot::default())));
            let page = u32::try_from(PAGE).expect("a page is small");
            state.free.extend((first + 1..first + page).rev());
            first
        });
        let page = Arc::clone(&state.pages[number as usize / PAGE]);
        SlotRef {
            page,
            number,
            pages: Arc::clone(self),
        }
    }
}

impl std::ops::Deref for SlotRef {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        &self.page[self.number as usize % PAGE]
    }
}

impl Drop for SlotRef {
    fn drop(&mut self) {
        self.clear();
        self.pages.state.lock().free.push(self.number);
    }
}

// === impl Histogram ===

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
            total: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one time; only one task at a time may.
    pub(super) fn record(&self, time: Duration) {
        let bucket = &self.buckets[bucket_of(time)];
        bucket.store(
            bucket.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
        add(&self.total, 1);
    }

    /// How many times were counted so far.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Adds what was counted so far.
    pub(super) fn add_to(&self, counts: &mut Counts) {
        for (sum, bucket) in counts.0.iter_mut().zip(&self.buckets) {
            *sum = sum.wrapping_add(bucket.load(Ordering::Relaxed));
        }
    }
}

// === impl Counts ===

impl Counts {
    pub(super) fn zero() -> Self {
        Self(vec![0; BUCKETS])
    }

    /// What was counted since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&before.0)
                .map(|(now, then)| now.wrapping_sub(*then))
                .collect(),
        )
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// The figures that are shown; `None` where nothing was counted.
    pub(super) fn spread(&self) -> Option<Spread> {
        let count = self.total();
        let at = |q| self.quantile(q);
        (count > 0).then(|| Spread {
            count,
            p1: at(0.01),
            p50: at(0.5),
            p99: at(0.99),
        })
    }

    /// The time below which this share of those counted lies: the middle of its bucket.
    pub(super) fn quantile(&self, q: f64) -> Duration {
        let wanted = (self.total() as f64 * q).max(1.0);
        let mut seen = 0.0;
        for (count, bucket) in self.0.iter().zip(0..) {
            seen += f64::from(*count);
            if seen >= wanted {
                return middle_of(bucket);
            }
        }
        Duration::ZERO
    }
}

fn bucket_of(time: Duration) -> usize {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    if micros < SUB {
        return micros as usize;
    }
    // 2^(6+power) <= micros: the six bits behind the leading one choose the sub-bucket.
    let power = micros.ilog2() - SUB.ilog2();
    let sub = (micros >> power) - SUB;
    ((power + 1) * SUB + sub) as usize
}

fn middle_of(bucket: u32) -> Duration {
    if bucket < SUB {
        return Duration::from_micros(u64::from(bucket));
    }
    let power = bucket / SUB - 1;
    let low = u64::from(SUB + bucket % SUB) << power;
    Duration::from_nanos(low * 1_000 + (1_000 << power) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_found_again_within_a_hundredth() {
        for micros in [
            0,
            1,
            63,
            64,
            65,
            127,
            128,
            1_000,
            25_000,
            250_000,
            1_234_567,
            3_600_000_000,
        ] {
            let histogram = Histogram::default();
            histogram.record(Duration::from_micros(micros));
            let mut counts = Counts::zero();
            histogram.add_to(&mut counts);
            let found = counts.quantile(0.5).as_nanos() as f64 / 1e3;
            assert!(
                (found - micros as f64).abs() <= micros as f64 * 0.01 + 0.5,
                "{micros} us read as {found} us"
            );
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let histogram = Histogram::default();
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let mut counts = Counts::zero();
        histogram.add_to(&mut counts);
        let median = counts.quantile(0.5).as_secs_f64();
        let p99 = counts.quantile(0.99).as_secs_f64();
        assert!(
            (median / 0.05 - 1.0).abs() < 0.01 && (p99 / 0.099 - 1.0).abs() < 0.01,
            "{median} {p99}"
        );
    }

    #[test]
    fn a_slot_given_back_is_clean_and_used_again() {
        let pages = Arc::new(Pages::default());
        let slot = pages.take();
        slot.add_delivered(Direction::Up, 7);
        slot.set_ended(Direction::Down);
        let number = slot.number;
        drop(slot);
        let again = pages.take();
        assert_eq!(
            (
                again.number,
                again.delivered(),
                again.ended(Direction::Down)
            ),
            (number, [0, 0], false)
        );
    }

    #[test]
    fn slots_of_many_connections_are_apart() {
        let pages = Arc::new(Pages::default());
        let slots: Vec<SlotRef> = (0..=PAGE * 2).map(|_| pages.take()).collect();
        let mut numbers: Vec<u32> = slots.iter().map(|slot| slot.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), slots.len());
    }
}
