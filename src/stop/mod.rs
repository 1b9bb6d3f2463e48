//! Why a run ends from outside: a signal, what Windows has in place of signals, or its time is up.
//!
//! Whatever would end the process is caught, so that the terminal is given back and the proxies end in order before it does.
//!
//! | | Unix | Windows |
//! |---|---|---|
//! | asks for an end | SIGINT, SIGTERM, SIGHUP | Ctrl-C, Ctrl-Break, the window is closed, the user logs off, the machine is shut down |
//! | kills, once all is in order | SIGQUIT, SIGUSR1 and their like | nothing that a program is told of |

use std::future::{pending, poll_fn};
use std::io;
use std::time::Duration;

use tokio::time::sleep;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub use system::{end_by, reading_stops};
#[cfg(unix)]
pub use unix::is_ignored;

/// Why a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The signal's name, what Windows told, or `duration`.
    pub reason: &'static str,
    /// The signal that the process ends by when all is in order; `None` where it ends as one that is done.
    pub killer: Option<i32>,
}

/// What ends a run and the time limit, listened to from the moment this is made.
pub struct StopRequest {
    caught: system::Caught,
    after: Option<Duration>,
}

// === impl StopRequest ===

impl StopRequest {
    /// Catches what ends a process; inside a runtime.
    pub fn new(after: Option<Duration>) -> io::Result<Self> {
        let caught = system::Caught::new()?;
        Ok(Self { caught, after })
    }

    /// Waits for the first of them and names it; the time limit counts from this call.
    pub async fn made(mut self) -> Stop {
        let time_is_up = async {
            match self.after {
                Some(after) => sleep(after).await,
                None => pending().await,
            }
        };
        let told = poll_fn(|context| self.caught.poll(context));
        // Cancel-safe or not: whichever comes first ends the wait for the others.
        tokio::select! {
            stop = told => stop,
            () = time_is_up => Stop { reason: "duration", killer: None },
        }
    }
}
