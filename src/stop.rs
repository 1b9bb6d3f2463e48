//! Why a run ends from outside: a signal, or its time is up.
//!
//! Every signal whose default would end the process is caught, so that the terminal is given back and the proxies end in
//! order before it does. One that was ignored at the start stays ignored: that is how `nohup` and a shell's background
//! jobs ask to be left alone.

use std::future::{pending, poll_fn};
use std::io;
use std::task::Poll;
use std::time::Duration;

use signal_hook::consts;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

/// Signals that ask a program to end: it has done as it was told, and its exit status is 0.
const REQUESTS: [(&str, i32); 3] = [
    ("SIGINT", consts::SIGINT),
    ("SIGTERM", consts::SIGTERM),
    ("SIGHUP", consts::SIGHUP),
];

/// Signals that kill a program that does not expect them: once all is in order, the process ends by the signal itself,
/// so that whoever sent it sees what it did.
const KILLERS: &[(&str, i32)] = &[
    ("SIGQUIT", consts::SIGQUIT),
    ("SIGUSR1", consts::SIGUSR1),
    ("SIGUSR2", consts::SIGUSR2),
    ("SIGALRM", consts::SIGALRM),
    ("SIGVTALRM", consts::SIGVTALRM),
    ("SIGPROF", consts::SIGPROF),
    ("SIGXCPU", consts::SIGXCPU),
    #[cfg(target_os = "linux")]
    ("SIGIO", consts::SIGIO),
    #[cfg(target_os = "linux")]
    ("SIGPWR", LINUX_SIGPWR),
    #[cfg(target_os = "linux")]
    ("SIGSTKFLT", LINUX_SIGSTKFLT),
];

/// Linux' numbers of two signals that `signal_hook` does not name, from signal(7).
#[cfg(target_os = "linux")]
const LINUX_SIGPWR: i32 = 30;
#[cfg(target_os = "linux")]
const LINUX_SIGSTKFLT: i32 = 16;

/// Why a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The signal's name, or `duration`.
    pub reason: &'static str,
    /// The signal that the process ends by when all is in order; `None` where it ends as one that is done.
    pub killer: Option<i32>,
}

/// The signals and the time limit, listened to from the moment this is made.
pub struct StopRequest {
    signals: Vec<(Stop, Signal)>,
    /// Only caught: a write beyond the limit of a file's size fails, and need not end the process.
    _file_size: Option<Signal>,
    after: Option<Duration>,
}

// === impl StopRequest ===

impl StopRequest {
    /// Catches the signals that end a process; inside a runtime.
    pub fn new(after: Option<Duration>) -> io::Result<Self> {
        let catch = |number: i32| {
            if is_ignored(number) {
                return Ok(None);
            }
            signal(SignalKind::from_raw(number)).map(Some)
        };
        let requests = REQUESTS.iter().map(|signal| (signal, false));
        let mut signals = Vec::new();
        for (&(reason, number), kills) in
            requests.chain(KILLERS.iter().map(|signal| (signal, true)))
        {
            let killer = kills.then_some(number);
            let caught = catch(number)?;
            signals.extend(caught.map(|caught| (Stop { reason, killer }, caught)));
        }
        Ok(Self {
            signals,
            _file_size: catch(consts::SIGXFSZ)?,
            after,
        })
    }

    /// Waits for the first of them and names it; the time limit counts from this call.
    pub async fn made(mut self) -> Stop {
        let time_is_up = async {
            match self.after {
                Some(after) => sleep(after).await,
                None => pending().await,
            }
        };
        let signalled = poll_fn(|context| {
            let came = |(stop, signal): &mut (Stop, Signal)| {
                signal.poll_recv(context).is_ready().then_some(*stop)
            };
            let first = self.signals.iter_mut().find_map(came);
            first.map_or(Poll::Pending, Poll::Ready)
        });
        // Cancel-safe or not: whichever comes first ends the wait for the others.
        tokio::select! {
            stop = signalled => stop,
            () = time_is_up => Stop { reason: "duration", killer: None },
        }
    }
}

/// Whether the process ignores this signal. Only Linux says so without unsafe code; elsewhere none is taken to be ignored.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // A bit for each signal, the lowest one for signal 1.
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
