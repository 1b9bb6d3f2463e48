//! Live counters: written by the one task that they belong to, read by the collector.
//!
//! Every counter has a single writer, so a load and a store count it, and no reader ever waits. Slots live in pages of the
//! worker whose task writes them, so that a walk over ten thousand connections reads memory in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::histogram::{Histogram, add};
use crate::fault::{Direction, PerDirection};

/// How many slots a page has.
const PAGE: usize = 256;

/// The counters of one connection.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Slot {
    delivered: PerDirection<AtomicU64>,
    held: PerDirection<AtomicU64>,
    /// Nanoseconds that the last segment was held, and one more; 0 before the first.
    added: PerDirection<AtomicU64>,
    flags: AtomicU64,
    /// How often a direction became full.
    fulls: AtomicU64,
}

/// A connection's slot, given back when the collector has read its last figures.
#[derive(Debug)]
pub(crate) struct SlotRef {
    page: Arc<[Slot; PAGE]>,
    number: u32,
    pages: Arc<Pages>,
}

/// The slots of one worker's connections.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    state: Mutex<PagesState>,
}

#[derive(Debug, Default)]
struct PagesState {
    pages: Vec<Arc<[Slot; PAGE]>>,
    free: Vec<u32>,
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
}

const FULL: u64 = 1;

// === impl Slot ===

impl Slot {
    pub(crate) fn add_delivered(&self, direction: Direction, bytes: u64) {
        add(&self.delivered[direction], bytes);
    }

    /// Says whether the direction has become full by this.
    pub(crate) fn set_held(&self, direction: Direction, bytes: u64, full: bool) -> bool {
        self.held[direction].store(bytes, Ordering::Relaxed);
        let flag = FULL << direction.index();
        let news = full && self.flags.load(Ordering::Relaxed) & flag == 0;
        if news {
            add(&self.fulls, 1);
        }
        self.set_flag(flag, full);
        news
    }

    pub(crate) fn set_added(&self, direction: Direction, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX - 1);
        self.added[direction].store(nanos + 1, Ordering::Relaxed);
    }

    pub(crate) fn set_ended(&self, direction: Direction) {
        self.set_flag(FULL << (2 + direction.index()), true);
    }

    fn set_flag(&self, flag: u64, on: bool) {
        let flags = self.flags.load(Ordering::Relaxed);
        self.flags.store(
            if on { flags | flag } else { flags & !flag },
            Ordering::Relaxed,
        );
    }

    pub(crate) fn delivered(&self) -> PerDirection<u64> {
        self.delivered
            .map_ref(|counter| counter.load(Ordering::Relaxed))
    }

    pub(crate) fn held(&self) -> PerDirection<u64> {
        self.held.map_ref(|counter| counter.load(Ordering::Relaxed))
    }

    /// How long the last segments were held, up and down together.
    pub(crate) fn added(&self) -> Option<Duration> {
        let nanos = self
            .added
            .map_ref(|counter| counter.load(Ordering::Relaxed));
        let held = nanos.map(|nanos| nanos.saturating_sub(1));
        (nanos != PerDirection::default())
            .then(|| Duration::from_nanos(held.up.saturating_add(held.down)))
    }

    pub(crate) fn fulls(&self) -> u64 {
        self.fulls.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & 0b11 != 0
    }

    pub(crate) fn ended(&self, direction: Direction) -> bool {
        self.flags.load(Ordering::Relaxed) & (FULL << (2 + direction.index())) != 0
    }

    fn clear(&self) {
        for counter in self
            .delivered
            .iter()
            .chain(self.held.iter())
            .chain(self.added.iter())
            .chain([&self.flags, &self.fulls])
        {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

// === impl ProxyMeter ===

impl ProxyMeter {
    pub(crate) fn fulls(&self) -> u64 {
        self.fulls.load(Ordering::Relaxed)
    }
}

// === impl Pages ===

impl Pages {
    /// A free slot; a new page where there is none.
    pub(crate) fn take(self: &Arc<Self>) -> SlotRef {
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

#[cfg(test)]
mod tests {
    use super::*;

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
            (number, PerDirection::default(), false)
        );
    }

    #[test]
    fn each_time_that_a_direction_becomes_full_is_counted_once() {
        let slot = Slot::default();
        let full = [true, true, false, true];
        let news = full.map(|full| slot.set_held(Direction::Up, 1, full));
        assert_eq!(news, [true, false, false, true]);
        slot.set_held(Direction::Down, 1, true);
        assert_eq!(slot.fulls(), 3);
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
