//! Why a run ends from outside: a signal, or its time is up.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

/// The signals and the time limit, listened to from the moment this is made.
pub struct StopRequest {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    after: Option<Duration>,
}

// === impl StopRequest ===

impl StopRequest {
    /// Catches the signals that ask a process to end; inside a runtime.
    pub fn new(after: Option<Duration>) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            after,
        })
    }

    /// Waits for the first of them and names it; the time limit counts from this call.
    pub async fn made(mut self) -> &'static str {
        let time_is_up = async {
            match self.after {
                Some(after) => sleep(after).await,
                None => pending().await,
            }
        };
        // Cancel-safe or not: whichever comes first ends the wait for the others.
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hang_up.recv() => "SIGHUP",
            () = time_is_up => "duration",
        }
    }
}
