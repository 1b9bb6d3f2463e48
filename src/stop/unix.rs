//! The signals of Unix.
//!
//! One that was ignored at the start stays ignored: that is how `nohup` and a shell's background jobs ask to be left alone.

use std::io;
use std::task::{Context, Poll};

use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use signal_hook::consts;
use signal_hook::low_level::emulate_default_handler;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Stop;

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

/// The signals that are caught.
pub(super) struct Caught {
    signals: Vec<(Stop, Signal)>,
    /// Only caught: a write beyond the limit of a file's size fails, and need not end the process.
    _file_size: Option<Signal>,
}

// === impl Caught ===

impl Caught {
    pub(super) fn new() -> io::Result<Self> {
        let requests = REQUESTS.iter().map(|signal| (signal, false));
        let killers = KILLERS.iter().map(|signal| (signal, true));
        let mut signals = Vec::new();
        for (&(reason, number), kills) in requests.chain(killers) {
            let killer = kills.then_some(number);
            let caught = catch(number)?;
            signals.extend(caught.map(|caught| (Stop { reason, killer }, caught)));
        }
        Ok(Self {
            signals,
            _file_size: catch(consts::SIGXFSZ)?,
        })
    }

    /// The first that comes.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Stop> {
        let came = |(stop, signal): &mut (Stop, Signal)| {
            signal.poll_recv(context).is_ready().then_some(*stop)
        };
        let first = self.signals.iter_mut().find_map(came);
        first.map_or(Poll::Pending, Poll::Ready)
    }
}

fn catch(number: i32) -> io::Result<Option<Signal>> {
    if is_ignored(number) {
        return Ok(None);
    }
    signal(SignalKind::from_raw(number)).map(Some)
}

/// Ends the process by a signal, as one that does not catch it; returns where the signal's default is not to end a process.
pub fn end_by(signal: i32) {
    // It fails where the signal's default is not known: the process then ends by its exit status.
    let _ = emulate_default_handler(signal);
}

/// Whether to read standard input would stop the process: a job in the background of its terminal.
#[must_use]
pub fn reading_stops() -> bool {
    // An error: it is no terminal.
    tcgetpgrp(io::stdin()).is_ok_and(|group| group != getpgrp())
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
