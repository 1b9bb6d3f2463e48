//! A timer made of a thread that sleeps, for systems without one that a program can wait for beside its sockets.
//!
//! On Windows whatever waits with a time limit goes by the system's ticks, which are 15.6 ms apart: the runtime's timers as well as
//! condition variables. Only a plain sleep of the standard library has a timer of high resolution (Windows 10 1803 and newer),
//! and nothing ends it early. So the thread waits at a condition variable as long as the time is far off, where a new time
//! reaches it at once; through the last of it it sleeps, in naps, and looks for an earlier time after each. Where condition
//! variables are exact, as on macOS, there are no naps.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::clock;

/// Through so much before its time the thread naps: more than a tick.
const NEAR: Duration = Duration::from_millis(if cfg!(windows) { 20 } else { 0 });
/// The longest nap: an earlier time is met later by so much at most.
const NAP: Duration = Duration::from_millis(1);

/// A timer that wakes one thread.
pub(super) struct Waker {
    shared: Arc<Shared>,
    /// Whether the thread could be started; where not, tokio's timer is waited for.
    runs: bool,
}

/// What the timer and its thread share.
struct Shared {
    wish: Mutex<Wish>,
    /// The wish is another one.
    changed: Condvar,
    /// One ring is kept where nobody waits for it; whoever waits looks at the clock.
    rings: Notify,
}

/// What the thread is to do.
#[derive(Clone, Copy)]
enum Wish {
    Rest,
    Ring(Instant),
    End,
}

// === impl Waker ===

impl Waker {
    pub(super) fn new() -> Self {
        let shared = Arc::new(Shared {
            wish: Mutex::new(Wish::Rest),
            changed: Condvar::new(),
            rings: Notify::new(),
        });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("timer".to_owned());
        // Not joined: it ends by itself once the timer is dropped, within a nap.
        let runs = thread.spawn(move || of_thread.run()).is_ok();
        Self { shared, runs }
    }

    /// Sleeps for so long. Cancel-safe: the next sleep sets the timer anew.
    pub(super) async fn sleep(&mut self, wait: Duration) {
        let at = clock::now().checked_add(wait).filter(|_| self.runs);
        let Some(at) = at else {
            return tokio::time::sleep(wait).await;
        };
        self.shared.wish(Wish::Ring(at));
        // A ring of a wait that was given up may come first.
        while clock::now() < at {
            self.shared.rings.notified().await;
        }
    }

    /// Takes back what the thread was asked for.
    pub(super) fn disarm(&mut self) {
        self.shared.wish(Wish::Rest);
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.shared.wish(Wish::End);
    }
}

// === impl Shared ===

impl Shared {
    fn wish(&self, wish: Wish) {
        *self.wish.lock() = wish;
        self.changed.notify_one();
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "to sleep is what this thread is for"
    )]
    fn run(&self) {
        let mut wish = self.wish.lock();
        loop {
            let at = match *wish {
                Wish::End => return,
                Wish::Rest => {
                    self.changed.wait(&mut wish);
                    continue;
                }
                Wish::Ring(at) => at,
            };
            let left = at.saturating_duration_since(clock::now());
            if left.is_zero() {
                *wish = Wish::Rest;
                self.rings.notify_one();
            } else if left > NEAR {
                self.changed.wait_for(&mut wish, left.saturating_sub(NEAR));
            } else {
                parking_lot::MutexGuard::unlocked(&mut wish, || thread::sleep(left.min(NAP)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn nobody_is_woken_before_the_time_and_a_wait_that_is_given_up_wakes_nobody() {
        let mut waker = Waker::new();
        for ms in [5, 1, 30, 2] {
            // Asked once and given up: it may ring all the same, while the next is waited for.
            let _ = waker.sleep(Duration::from_millis(1)).now_or_never();
            let at = clock::now() + Duration::from_millis(ms);
            waker.sleep(Duration::from_millis(ms)).await;
            assert!(clock::now() >= at, "{ms}");
        }
    }

    #[tokio::test]
    async fn an_earlier_time_takes_the_place_of_one_that_is_far_off() {
        let mut waker = Waker::new();
        let hour = waker.sleep(Duration::from_secs(3600)).now_or_never();
        assert_eq!(hour, None);
        waker.sleep(Duration::from_millis(1)).await;
        waker.disarm();
        assert!(matches!(*waker.shared.wish.lock(), Wish::Rest));
    }

    #[test]
    fn its_thread_ends_with_it() {
        let waker = Waker::new();
        let shared = Arc::downgrade(&waker.shared);
        drop(waker);
        while shared.upgrade().is_some() {
            thread::yield_now();
        }
    }
}
