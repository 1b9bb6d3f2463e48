//! Waiting for a time as exactly as the system lets a program without privileges.
//!
//! A timer of the system wakes a thread some 30 to 200 µs late: a processor that slept needs time to wake, the more the longer
//! it slept. So the wait is armed earlier by what waits of its kind were late, and what is then left is spent spinning: at
//! most `SPIN` at a time, over time at most a fiftieth of a core, and not at all where the user forbids it.
//!
//! What wakes it is a timerfd on Linux (`timerfd`), and elsewhere a thread that sleeps (`sleeper`).

use std::time::{Duration, Instant};

use super::clock;
#[cfg(not(target_os = "linux"))]
use super::sleeper::Waker;
#[cfg(target_os = "linux")]
use super::timerfd::Waker;

/// Whether a wait may spin through its last moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spin {
    /// Within the bounds above.
    Bounded,
    /// Never: delays are then some 0.1 to 0.2 ms longer.
    Never,
}

/// The longest spin.
const SPIN: Duration = Duration::from_micros(200);
/// One in so much time may be spent spinning: 2 % of a core.
const SPIN_SHARE: u32 = 50;
/// How much unspent spinning may be saved up.
const SPIN_SAVED: Duration = Duration::from_millis(2);
/// A wait beyond this lets the processor sleep deeply.
const LONG: Duration = Duration::from_millis(2);
/// How much one wait moves the expectation of how late the next will be: an eighth.
const WEIGHT: u32 = 8;

/// A timer that wakes one thread.
pub(crate) struct Wait {
    /// What the system wakes it by.
    waker: Waker,
    /// How late the last waits were: short ones, and long ones.
    habits: [Habit; 2],
    allowance: Allowance,
}

/// How late waits of one kind have been.
#[derive(Clone, Copy)]
struct Habit {
    mean: Duration,
    deviation: Duration,
}

/// What may be spent spinning.
struct Allowance {
    kind: Spin,
    left: Duration,
    saved_at: Instant,
}

// === impl Wait ===

impl Wait {
    /// A timer on the current runtime.
    pub(crate) fn new(spin: Spin) -> Self {
        let habit = Habit {
            mean: Duration::from_micros(50),
            deviation: Duration::ZERO,
        };
        Self {
            waker: Waker::new(),
            habits: [habit; 2],
            allowance: Allowance::new(spin),
        }
    }

    /// Waits until `at`. Cancel-safe: the next wait arms the timer anew.
    pub(crate) async fn until(&mut self, at: Instant) {
        let now = clock::now();
        let kind = usize::from(at.saturating_duration_since(now) > LONG);
        let early = self.habits[kind].expected().min(self.allowance.at(now));
        let arm_for = at.checked_sub(early).unwrap_or(at);
        if arm_for > now {
            self.waker
                .sleep(arm_for.saturating_duration_since(now))
                .await;
            let late = clock::now().saturating_duration_since(arm_for);
            self.habits[kind].learn(late.min(2 * SPIN));
        }
        self.spin_until(at);
    }

    /// Spins until `at`, as far as that is allowed; returns when it is then.
    pub(crate) fn spin_until(&mut self, at: Instant) -> Instant {
        let from = clock::now();
        let end = from
            .checked_add(self.allowance.at(from))
            .map_or(at, |end| at.min(end));
        let mut now = from;
        while now < end {
            std::hint::spin_loop();
            now = clock::now();
        }
        self.allowance.spend(now.saturating_duration_since(from));
        now
    }

    /// Takes back what the system was asked for: nothing is waited for.
    pub(crate) fn disarm(&mut self) {
        self.waker.disarm();
    }
}

// === impl Habit ===

impl Habit {
    /// How late most waits will be at most: the mean and one mean deviation.
    fn expected(self) -> Duration {
        self.mean.saturating_add(self.deviation)
    }

    fn learn(&mut self, late: Duration) {
        let strayed = self.mean.abs_diff(late);
        self.mean = weighted(self.mean, late);
        self.deviation = weighted(self.deviation, strayed);
    }
}

/// The mean with one more value, which counts for one of `WEIGHT`.
fn weighted(mean: Duration, value: Duration) -> Duration {
    let before = mean.saturating_mul(WEIGHT - 1);
    before
        .saturating_add(value)
        .checked_div(WEIGHT)
        .unwrap_or(mean)
}

// === impl Allowance ===

impl Allowance {
    fn new(kind: Spin) -> Self {
        Self {
            kind,
            left: match kind {
                Spin::Bounded => SPIN_SAVED,
                Spin::Never => Duration::ZERO,
            },
            saved_at: clock::now(),
        }
    }

    /// For how long one may spin at `now`.
    fn at(&mut self, now: Instant) -> Duration {
        if self.kind == Spin::Bounded {
            let earned = now.saturating_duration_since(self.saved_at) / SPIN_SHARE;
            self.left = self.left.saturating_add(earned).min(SPIN_SAVED);
            self.saved_at = now;
        }
        self.left.min(SPIN)
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spinning_takes_a_fiftieth_of_the_time_at_most() {
        let mut allowance = Allowance::new(Spin::Bounded);
        let start = allowance.saved_at;
        let mut spun = Duration::ZERO;
        for ms in 1..=10_000 {
            let now = start + Duration::from_millis(ms);
            let most = allowance.at(now);
            allowance.spend(most);
            spun += most;
        }
        assert!(spun <= Duration::from_millis(200) + SPIN_SAVED, "{spun:?}");
        assert!(spun >= Duration::from_millis(199), "{spun:?}");
    }

    #[test]
    fn nobody_spins_where_that_is_forbidden() {
        let mut allowance = Allowance::new(Spin::Never);
        let later = allowance.saved_at + Duration::from_secs(60);
        assert_eq!(allowance.at(later), Duration::ZERO);
    }

    #[test]
    fn what_is_expected_follows_what_was() {
        let mut habit = Habit {
            mean: Duration::ZERO,
            deviation: Duration::ZERO,
        };
        for _ in 0..100 {
            habit.learn(Duration::from_micros(120));
        }
        let expected = habit.expected().as_micros();
        assert!((119..=121).contains(&expected), "{expected}");
    }
}
