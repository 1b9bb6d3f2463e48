//! One timer for all connections of a worker: a heap of due times over a single wait.
//!
//! A connection has one `Timer` and sets it anew at every park. Entries are deleted lazily: an entry whose timer has been
//! set earlier meanwhile, or is gone, is skipped when it comes up. What is due within `TOGETHER` of each other wakes
//! in one go. With nothing outstanding nothing wakes.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::clock;
use super::wait::{Spin, Wait};

/// What is due so soon after what wakes now is waited for, since a wake-up of its own costs more.
const TOGETHER: Duration = Duration::from_micros(20);

/// How many entries the heap may have beyond two for each timer before it is made anew.
const SLACK: usize = 64;

/// The timers of one worker.
#[derive(Default)]
pub(crate) struct Alarm {
    state: RefCell<State>,
    /// An earlier time than the one that is waited for was set.
    sooner: Notify,
}

#[derive(Default)]
struct State {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// How many timers have a time.
    set: usize,
}

#[derive(Default)]
struct Slot {
    /// When the timer is to go off.
    due: Option<Instant>,
    /// The earliest entry in the heap that stands for it.
    queued: Option<Instant>,
    waker: Option<Waker>,
}

/// One connection's timer.
pub(crate) struct Timer {
    alarm: Rc<Alarm>,
    slot: usize,
}

// === impl Alarm ===

impl Alarm {
    pub(crate) fn timer(self: &Rc<Self>) -> Timer {
        let mut state = self.state.borrow_mut();
        let slot = state.free.pop().unwrap_or_else(|| {
            state.slots.push(Slot::default());
            state.slots.len() - 1
        });
        Timer {
            alarm: Rc::clone(self),
            slot,
        }
    }

    /// Wakes timers as their times come; the worker runs it beside its connections.
    pub(crate) async fn run(&self, spin: Spin) {
        let mut wait = Wait::new(spin);
        loop {
            let now = clock::now();
            let (mut next, rang) = self.ring(now);
            if rang {
                while let Some(at) = next.filter(|at| at.saturating_duration_since(now) <= TOGETHER)
                {
                    let reached = wait.spin_until(at);
                    if reached < at {
                        break;
                    }
                    (next, _) = self.ring(reached);
                }
                // Those who were woken come first: the wait may spin.
                tokio::task::yield_now().await;
            }
            let sooner = self.sooner.notified();
            match next {
                None => {
                    wait.disarm();
                    sooner.await;
                }
                Some(at) => tokio::select! {
                    // Both only wait: whichever is dropped loses nothing.
                    () = wait.until(at) => {}
                    () = sooner => {}
                },
            }
        }
    }

    /// Wakes what is due; returns when the next timer is, and whether any was.
    fn ring(&self, now: Instant) -> (Option<Instant>, bool) {
        let mut rang = false;
        let mut state = self.state.borrow_mut();
        let State {
            heap, slots, set, ..
        } = &mut *state;
        while let Some(Reverse((at, index))) = heap.peek().copied() {
            let slot = &mut slots[index];
            if slot.queued != Some(at) {
                heap.pop();
                continue;
            }
            if at > now {
                return (Some(at), rang);
            }
            heap.pop();
            slot.queued = None;
            match slot.due {
                Some(due) if due > now => {
                    slot.queued = Some(due);
                    heap.push(Reverse((due, index)));
                }
                Some(_) => {
                    slot.due = None;
                    *set -= 1;
                    if let Some(waker) = slot.waker.take() {
                        rang = true;
                        waker.wake();
                    }
                }
                None => {}
            }
        }
        (None, rang)
    }
}

// === impl Timer ===

impl Timer {
    /// Wakes the task at `due`, and no more at an earlier time.
    pub(crate) fn set(&self, due: Option<Instant>, waker: &Waker) {
        let mut state = self.alarm.state.borrow_mut();
        let Some(due) = due else {
            if state.unset(self.slot) {
                self.alarm.sooner.notify_one();
            }
            return;
        };
        let State {
            heap, slots, set, ..
        } = &mut *state;
        let slot = &mut slots[self.slot];
        *set += usize::from(slot.due.is_none());
        slot.due = Some(due);
        if slot
            .waker
            .as_ref()
            .is_none_or(|known| !known.will_wake(waker))
        {
            slot.waker = Some(waker.clone());
        }
        if slot.queued.is_none_or(|queued| due < queued) {
            let first = heap.peek().is_none_or(|Reverse((at, _))| due < *at);
            slot.queued = Some(due);
            heap.push(Reverse((due, self.slot)));
            if heap.len() > 2 * slots.len() + SLACK {
                // Entries that stand for nothing any more outnumber the others.
                let queued = slots.iter().enumerate();
                *heap = queued
                    .filter_map(|(index, slot)| Some(Reverse((slot.queued?, index))))
                    .collect();
            }
            if first {
                self.alarm.sooner.notify_one();
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut state = self.alarm.state.borrow_mut();
        if state.unset(self.slot) {
            self.alarm.sooner.notify_one();
        }
        state.slots[self.slot] = Slot::default();
        state.free.push(self.slot);
    }
}

// === impl State ===

impl State {
    /// Takes a timer's time away. Says whether it was the last that had one: then nothing is to be waited for.
    fn unset(&mut self, slot: usize) -> bool {
        if self.slots[slot].due.take().is_none() {
            return false;
        }
        self.set -= 1;
        if self.set > 0 {
            return false;
        }
        for Reverse((_, index)) in self.heap.drain() {
            self.slots[index].queued = None;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Bench {
        alarm: Rc<Alarm>,
        count: Arc<Count>,
        waker: Waker,
        start: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let count = Arc::new(Count::default());
            let waker = Waker::from(Arc::clone(&count));
            Self {
                alarm: Rc::default(),
                count,
                waker,
                start: clock::now(),
            }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        /// When the next timer is after those of `ms` have gone off, and how many have so far.
        fn ring(&self, ms: u64) -> (Option<Duration>, usize) {
            let (next, _) = self.alarm.ring(self.at(ms));
            (
                next.map(|at| at - self.start),
                self.count.0.load(Ordering::Relaxed),
            )
        }
    }

    #[test]
    fn a_timer_goes_off_once_and_not_before_its_time() {
        let bench = Bench::new();
        let timer = bench.alarm.timer();
        timer.set(Some(bench.at(10)), &bench.waker);
        assert_eq!(bench.ring(9), (Some(Duration::from_millis(10)), 0));
        assert_eq!(bench.ring(10), (None, 1));
        assert_eq!(bench.ring(1_000), (None, 1));
    }

    #[test]
    fn a_timer_that_is_moved_goes_off_at_its_new_time_only() {
        let bench = Bench::new();
        let timer = bench.alarm.timer();
        timer.set(Some(bench.at(10)), &bench.waker);
        timer.set(Some(bench.at(30)), &bench.waker);
        assert_eq!(bench.ring(10), (Some(Duration::from_millis(30)), 0));
        timer.set(Some(bench.at(20)), &bench.waker);
        assert_eq!(bench.ring(20).1, 1);
        assert_eq!(bench.ring(40), (None, 1));
    }

    #[test]
    fn a_timer_without_a_time_or_an_owner_wakes_nobody() {
        let bench = Bench::new();
        let (kept, dropped) = (bench.alarm.timer(), bench.alarm.timer());
        kept.set(Some(bench.at(10)), &bench.waker);
        dropped.set(Some(bench.at(10)), &bench.waker);
        kept.set(None, &bench.waker);
        drop(dropped);
        let again = bench.alarm.timer();
        again.set(Some(bench.at(50)), &bench.waker);
        assert_eq!(bench.ring(20), (Some(Duration::from_millis(50)), 0));
    }

    #[test]
    fn with_no_time_set_nothing_is_waited_for() {
        let bench = Bench::new();
        let (first, second) = (bench.alarm.timer(), bench.alarm.timer());
        first.set(Some(bench.at(10)), &bench.waker);
        second.set(Some(bench.at(20)), &bench.waker);
        first.set(None, &bench.waker);
        assert!(bench.ring(0).0.is_some());
        drop(second);
        assert_eq!(bench.ring(0), (None, 0));
        first.set(Some(bench.at(30)), &bench.waker);
        assert_eq!(bench.ring(30), (None, 1));
    }

    #[test]
    fn a_timer_of_the_past_goes_off_at_once() {
        let bench = Bench::new();
        let timer = bench.alarm.timer();
        timer.set(Some(bench.start), &bench.waker);
        assert_eq!(bench.ring(5), (None, 1));
    }

    #[test]
    fn the_heap_stays_within_a_few_entries_for_each_timer() {
        let bench = Bench::new();
        let timer = bench.alarm.timer();
        for ms in 0..10_000 {
            timer.set(Some(bench.at(ms + 1)), &bench.waker);
            bench.ring(ms + 1);
            timer.set(Some(bench.at(3_600_000)), &bench.waker);
        }
        let entries = bench.alarm.state.borrow().heap.len();
        assert!(entries <= SLACK + 3, "{entries} entries for one timer");
    }
}
