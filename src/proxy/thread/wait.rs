//! Waiting for a time as exactly as the system lets a program without privileges.
//!
//! On Linux a timerfd wakes a thread some 30 to 200 µs late: a processor that slept needs time to wake, the more the longer
//! it slept. So the wait is armed earlier by what waits of its kind were late, and what is then left is spent spinning: at
//! most `SPIN` at a time, over time at most a fiftieth of a core, and not at all where the user forbids it. Elsewhere
//! than on Linux it is tokio's timer, which is 1 to 2 ms late.

/// Whether a wait may spin through its last moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spin {
    /// Within the bounds above.
    Bounded,
    /// Never: delays are then some 0.1 to 0.2 ms longer.
    Never,
}

#[cfg(not(target_os = "linux"))]
pub(crate) use coarse::Wait;
#[cfg(target_os = "linux")]
pub(crate) use exact::Wait;

#[cfg(target_os = "linux")]
mod exact {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    use super::Spin;
    use crate::proxy::thread::clock;

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

    /// A timer of the system that wakes one thread.
    pub(crate) struct Wait {
        fd: Option<AsyncFd<OwnedFd>>,
        /// Whether the system's timer is set.
        armed: bool,
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
        /// A timer on the current runtime; tokio's where the system gives none.
        #[expect(
            deprecated,
            reason = "its replacement is unsafe, for the sake of types that may lose their descriptor; OwnedFd cannot"
        )]
        pub(crate) fn new(spin: Spin) -> Self {
            let fd = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )
            .map_err(io::Error::from)
            .and_then(AsyncFd::new)
            .ok();
            let habit = Habit {
                mean: Duration::from_micros(50),
                deviation: Duration::ZERO,
            };
            Self {
                fd,
                armed: false,
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
                self.sleep(arm_for.saturating_duration_since(now)).await;
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
            if std::mem::take(&mut self.armed) {
                // Refused only where the timer is gone, and then it wakes nobody.
                let _ = self.set(Duration::ZERO);
            }
        }

        async fn sleep(&mut self, wait: Duration) {
            // Nought would disarm it.
            let set = self.set(wait.max(Duration::from_nanos(1)));
            let (Ok(()), Some(fd)) = (set, &self.fd) else {
                return tokio::time::sleep(wait).await;
            };
            self.armed = true;
            let mut count = [0; 8];
            loop {
                // Fails only when the runtime goes, and with it whoever waits.
                let Ok(mut ready) = fd.readable().await else {
                    return;
                };
                // Nothing to read: readiness of a wait that was given up; this one is still to come.
                let read =
                    ready.try_io(|fd| rustix::io::read(fd, &mut count).map_err(io::Error::from));
                if read.is_ok() {
                    self.armed = false;
                    return;
                }
            }
        }

        fn set(&self, wait: Duration) -> io::Result<()> {
            let fd = self.fd.as_ref().ok_or(io::ErrorKind::Unsupported)?;
            let it_value = Timespec::try_from(wait).unwrap_or(Timespec {
                tv_sec: 3600,
                tv_nsec: 0,
            });
            let once = Itimerspec {
                it_interval: Timespec::default(),
                it_value,
            };
            timerfd_settime(fd, TimerfdTimerFlags::empty(), &once)?;
            Ok(())
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
}

#[cfg(not(target_os = "linux"))]
mod coarse {
    use std::time::Instant;

    use super::clock;
    use super::wait::Spin;

    /// tokio's timer.
    pub(crate) struct Wait;

    impl Wait {
        pub(crate) fn new(_spin: Spin) -> Self {
            Self
        }

        /// Waits until `at`, 1 to 2 ms longer. Cancel-safe.
        pub(crate) async fn until(&mut self, at: Instant) {
            tokio::time::sleep_until(at.into()).await;
        }

        pub(crate) fn spin_until(&mut self, _at: Instant) -> Instant {
            clock::now()
        }

        pub(crate) fn disarm(&mut self) {}
    }
}
