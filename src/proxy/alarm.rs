//! One timer for all connections of a worker: a heap of due times over a single wait.
//!
//! A connection has one `Timer` and sets it anew at every park. Entries are deleted lazily: an entry whose timer has been
//! set earlier meanwhile, or is gone, is skipped when it comes up.
//! With nothing outstanding nothing wakes.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::task::Waker;
use std::time::Instant;

use tokio::sync::Notify;

use super::clock;
use super::wait::Wait;

/// The timers of one worker.
#[derive(Default)]
pub(super) struct Alarm {
    state: RefCell<State>,
    /// An earlier time than the one that is waited for was set.
    sooner: Notify,
}

#[derive(Default)]
struct State {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
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
pub(super) struct Timer {
    alarm: Rc<Alarm>,
    slot: usize,
}

// === impl Alarm ===

impl Alarm {
    pub(super) fn timer(self: &Rc<Self>) -> Timer {
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
    pub(super) async fn run(&self) {
        let mut wait = Wait::new();
        loop {
            let next = self.ring(clock::now());
            let sooner = self.sooner.notified();
            match next {
                None => sooner.await,
                Some(at) => tokio::select! {
                    // Both only wait: whichever is dropped loses nothing.
                    () = wait.until(at) => {}
                    () = sooner => {}
                },
            }
        }
    }

    /// Wakes what is due and returns when the next timer is.
    fn ring(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.borrow_mut();
        let State { heap, slots, .. } = &mut *state;
        while let Some(Reverse((at, index))) = heap.peek().copied() {
            let slot = &mut slots[index];
            if slot.queued != Some(at) {
                heap.pop();
                continue;
            }
            if at > now {
                return Some(at);
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
                    if let Some(waker) = slot.waker.take() {
                        waker.wake();
                    }
                }
                None => {}
            }
        }
        None
    }
}

// === impl Timer ===

impl Timer {
    /// Wakes the task at `due`, and no more at an earlier time.
    pub(super) fn set(&self, due: Option<Instant>, waker: &Waker) {
        let mut state = self.alarm.state.borrow_mut();
        let State { heap, slots, .. } = &mut *state;
        let slot = &mut slots[self.slot];
        slot.due = due;
        let Some(due) = due else { return };
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
            if first {
                self.alarm.sooner.notify_one();
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut state = self.alarm.state.borrow_mut();
        state.slots[self.slot] = Slot::default();
        state.free.push(self.slot);
    }
}
