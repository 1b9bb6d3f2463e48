//! Linux's timer that a program waits for beside its sockets.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// A timer of the system that wakes one thread; tokio's where the system gives none.
pub(super) struct Waker {
    fd: Option<AsyncFd<OwnedFd>>,
    /// Whether the system's timer is set.
    armed: bool,
}

// === impl Waker ===

impl Waker {
    /// A timer on the current runtime.
    #[expect(
        deprecated,
        reason = "its replacement is unsafe, for the sake of types that may lose their descriptor; OwnedFd cannot"
    )]
    pub(super) fn new() -> Self {
        let fd = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )
        .map_err(io::Error::from)
        .and_then(AsyncFd::new)
        .ok();
        Self { fd, armed: false }
    }

    /// Sleeps for so long. Cancel-safe: the next sleep sets the timer anew.
    pub(super) async fn sleep(&mut self, wait: Duration) {
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
            let read = ready.try_io(|fd| rustix::io::read(fd, &mut count).map_err(io::Error::from));
            if read.is_ok() {
                self.armed = false;
                return;
            }
        }
    }

    /// Takes back what the system was asked for.
    pub(super) fn disarm(&mut self) {
        if std::mem::take(&mut self.armed) {
            // Refused only where the timer is gone, and then it wakes nobody.
            let _ = self.set(Duration::ZERO);
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
