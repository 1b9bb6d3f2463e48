//! One timer for all connections of a worker: what is due, in its order, over a single wait.
//!
//! A connection has one `Timer` and sets it anew at every park. What is due within `TOGETHER` of each other wakes in one go.
//! With nothing outstanding nothing wakes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::clock;
use super::wait::{Spin, Wait};

/// What is due so soon after what wakes now is waited for, since a wake-up of its own costs more.
const TOGETHER: Duration = Duration::from_micros(20);

/// The timers of one worker.
#[derive(Default)]
pub(crate) struct Alarm {
    /// Who is to be woken, by when and by the number of the timer.
    due: RefCell<BTreeMap<(Instant, u64), Waker>>,
    /// How many timers there have been.
    timers: Cell<u64>,
    /// An earlier time than the one that is waited for was set, or none is left.
    sooner: Notify,
}

/// One connection's timer.
pub(crate) struct Timer {
    alarm: Rc<Alarm>,
    number: u64,
    /// What it was set to last.
    due: Option<Instant>,
}

// === impl Alarm ===

impl Alarm {
    pub(crate) fn timer(self: &Rc<Self>) -> Timer {
        self.timers.set(self.timers.get() + 1);
        Timer {
            alarm: Rc::clone(self),
            number: self.timers.get(),
            due: None,
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
        let mut all = self.due.borrow_mut();
        while let Some(first) = all.first_entry() {
            let (at, _) = *first.key();
            if at > now {
                return (Some(at), rang);
            }
            rang = true;
            first.remove().wake();
        }
        (None, rang)
    }
}

// === impl Timer ===

impl Timer {
    /// Wakes the task at `due`, and no more at an earlier time.
    pub(crate) fn set(&mut self, due: Option<Instant>, waker: &Waker) {
        if (self.due, due) == (None, None) {
            return;
        }
        let mut all = self.alarm.due.borrow_mut();
        let first = all.first_key_value().map(|((at, _), _)| *at);
        let before = std::mem::replace(&mut self.due, due);
        let known = before.and_then(|before| all.remove(&(before, self.number)));
        if let Some(due) = due {
            let known = known.filter(|known| known.will_wake(waker));
            let waker = known.unwrap_or_else(|| waker.clone());
            all.insert((due, self.number), waker);
        }
        let sooner = due.is_some_and(|due| first.is_none_or(|first| due < first));
        if sooner || first.is_some() && all.is_empty() {
            self.alarm.sooner.notify_one();
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.set(None, Waker::noop());
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
        let mut timer = bench.alarm.timer();
        timer.set(Some(bench.at(10)), &bench.waker);
        assert_eq!(bench.ring(9), (Some(Duration::from_millis(10)), 0));
        assert_eq!(bench.ring(10), (None, 1));
        assert_eq!(bench.ring(1_000), (None, 1));
    }

    #[test]
    fn a_timer_that_is_moved_goes_off_at_its_new_time_only() {
        let bench = Bench::new();
        let mut timer = bench.alarm.timer();
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
        let (mut kept, mut dropped) = (bench.alarm.timer(), bench.alarm.timer());
        kept.set(Some(bench.at(10)), &bench.waker);
        dropped.set(Some(bench.at(10)), &bench.waker);
        kept.set(None, &bench.waker);
        drop(dropped);
        let mut again = bench.alarm.timer();
        again.set(Some(bench.at(50)), &bench.waker);
        assert_eq!(bench.ring(20), (Some(Duration::from_millis(50)), 0));
    }

    #[test]
    fn with_no_time_set_nothing_is_waited_for() {
        let bench = Bench::new();
        let (mut first, mut second) = (bench.alarm.timer(), bench.alarm.timer());
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
        let mut timer = bench.alarm.timer();
        timer.set(Some(bench.start), &bench.waker);
        assert_eq!(bench.ring(5), (None, 1));
    }

    #[test]
    fn a_timer_has_one_entry_however_often_it_is_set() {
        let bench = Bench::new();
        let mut timer = bench.alarm.timer();
        for ms in 0..10_000 {
            timer.set(Some(bench.at(ms + 1)), &bench.waker);
            bench.ring(ms + 1);
            timer.set(Some(bench.at(3_600_000)), &bench.waker);
        }
        assert_eq!(bench.alarm.due.borrow().len(), 1);
    }
}
