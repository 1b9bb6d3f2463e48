//! Waiting for a time as exactly as the system lets a program without privileges.
//!
//! On Linux a timerfd wakes a thread some 30 to 200 µs late: a processor that slept needs time to wake. So the wait is armed
//! earlier by what the last waits were late, and what is then left is spent spinning: at most `SPIN` at a time, and over
//! time at most a fiftieth of a core. Elsewhere it is tokio's timer, which is 1 to 2 ms late.

#[cfg(not(target_os = "linux"))]
pub(super) use coarse::Wait;
#[cfg(target_os = "linux")]
pub(super) use exact::Wait;

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

    use crate::proxy::clock;

    /// The longest spin.
    const SPIN: Duration = Duration::from_micros(150);
    /// One in so much time may be spent spinning: 2 % of a core.
    const SPIN_SHARE: u32 = 50;
    /// How much unspent spinning may be saved up.
    const SPIN_SAVED: Duration = Duration::from_millis(2);
    /// How much one wait moves the expectation of how late the next will be: an eighth.
    const WEIGHT: u32 = 8;

    /// A timer of the system that wakes one thread.
    pub(in crate::proxy) struct Wait {
        fd: Option<AsyncFd<OwnedFd>>,
        /// How late the last waits were, a moving average.
        late: Duration,
        /// What may be spent spinning, and since when it has been saved up.
        spin: Duration,
        saved_at: Instant,
    }

    impl Wait {
        /// A timer on the current runtime; tokio's where the system gives none.
        #[expect(
            deprecated,
            reason = "its replacement is unsafe, for the sake of types that may lose their descriptor; OwnedFd cannot"
        )]
        pub(in crate::proxy) fn new() -> Self {
            let fd = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )
            .map_err(io::Error::from)
            .and_then(AsyncFd::new)
            .ok();
            Self {
                fd,
                late: Duration::from_micros(50),
                spin: SPIN_SAVED,
                saved_at: clock::now(),
            }
        }

        /// Waits until `at`. Cancel-safe: the next wait arms the timer anew.
        pub(in crate::proxy) async fn until(&mut self, at: Instant) {
            let now = clock::now();
            self.save(now);
            let early = self.late.min(SPIN).min(self.spin);
            let arm_for = at.checked_sub(early).unwrap_or(at);
            if arm_for > now {
                self.sleep(arm_for).await;
                let woke = clock::now();
                let late = woke.saturating_duration_since(arm_for).min(2 * SPIN);
                self.late = (self.late * (WEIGHT - 1) + late) / WEIGHT;
            }
            self.spin_until(at);
        }

        async fn sleep(&self, at: Instant) {
            let Some(fd) = &self.fd else {
                return tokio::time::sleep_until(at.into()).await;
            };
            let wait = at
                .saturating_duration_since(clock::now())
                .max(Duration::from_nanos(1));
            let it_value = Timespec::try_from(wait).unwrap_or(Timespec {
                tv_sec: 3600,
                tv_nsec: 0,
            });
            let once = Itimerspec {
                it_interval: Timespec::default(),
                it_value,
            };
            if timerfd_settime(fd, TimerfdTimerFlags::empty(), &once).is_err() {
                return tokio::time::sleep_until(at.into()).await;
            }
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
                    return;
                }
            }
        }

        fn spin_until(&mut self, at: Instant) {
            let from = clock::now();
            let end = at.min(from + self.spin.min(SPIN));
            let mut now = from;
            while now < end {
                std::hint::spin_loop();
                now = clock::now();
            }
            self.spin = self
                .spin
                .saturating_sub(now.saturating_duration_since(from));
        }

        fn save(&mut self, now: Instant) {
            let earned = now.saturating_duration_since(self.saved_at) / SPIN_SHARE;
            self.saved_at = now;
            self.spin = (self.spin + earned).min(SPIN_SAVED);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod coarse {
    use std::time::Instant;

    /// tokio's timer.
    pub(in crate::proxy) struct Wait;

    impl Wait {
        pub(in crate::proxy) fn new() -> Self {
            Self
        }

        /// Waits until `at`, 1 to 2 ms longer. Cancel-safe.
        pub(in crate::proxy) async fn until(&mut self, at: Instant) {
            tokio::time::sleep_until(at.into()).await;
        }
    }
}
