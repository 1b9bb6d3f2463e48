//! The engine's events as lines of the log.
//!
//! The engine does not know the log: it tells what happens, and this writes it down. Proxies and their faults are `info`,
//! connections `debug`, what fails `warn`.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::proxy::Engine;
use crate::snapshot::{Event, Happening};

/// Writes the events of an engine into the log until it is told to finish.
pub struct Recorder {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

// === impl Recorder ===

impl Recorder {
    /// Begins with what happens from now on; inside a runtime.
    #[must_use]
    pub fn start(engine: &Engine) -> Self {
        let stop = CancellationToken::new();
        let events = engine.events();
        let task = tokio::spawn(follow(events, stop.clone()));
        Self { stop, task }
    }

    /// Writes what has happened up to now, and ends.
    pub async fn finish(self) {
        self.stop.cancel();
        // A task that panicked has written what it could.
        let _ = self.task.await;
    }
}

async fn follow(mut events: broadcast::Receiver<Arc<Event>>, stop: CancellationToken) {
    loop {
        // Cancel-safe: `recv` loses nothing when dropped, the token only reports.
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => write(&event),
                Err(RecvError::Lagged(events)) => lost(events),
                Err(RecvError::Closed) => return,
            },
            () = stop.cancelled() => break,
        }
    }
    loop {
        match events.try_recv() {
            Ok(event) => write(&event),
            Err(TryRecvError::Lagged(events)) => lost(events),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}

fn lost(events: u64) {
    warn!(events, "events lost: the log is written too slowly");
}

fn write(event: &Event) {
    let at = event.at.as_secs_f64();
    let proxy = event.proxy.as_str();
    match &event.what {
        Happening::Listening { mapping, addrs } => {
            info!(at, proxy, mapping, ?addrs, "listening");
        }
        Happening::Removed => info!(at, proxy, "removed"),
        Happening::PortClosed => info!(at, proxy, "port closed"),
        Happening::Faults { plan } => {
            info!(at, proxy, faults = %plan, bypassed = plan.bypassed, "faults");
        }
        Happening::Opened {
            conn,
            client,
            upstream,
        } => debug!(at, proxy, connection = conn.0, %client, upstream, "opened"),
        Happening::Reached { conn, addr, tried } => {
            debug!(at, proxy, connection = conn.0, %addr, tried, "reached");
        }
        Happening::Secured { conn, tls } => {
            let (connection, took) = (conn.0, tls.took.as_secs_f64());
            let (version, alpn, resumed) = (tls.version, tls.alpn.as_deref(), tls.resumed);
            debug!(
                at,
                proxy, connection, version, alpn, resumed, took, "secured"
            );
        }
        Happening::Closed {
            conn,
            bytes: [up, down],
            lasted,
            reason,
            truncated,
        } => {
            let (connection, lasted) = (conn.0, lasted.as_secs_f64());
            if reason.failed() {
                warn!(at, proxy, connection, up, down, lasted, %reason, "failed");
            } else {
                debug!(at, proxy, connection, up, down, lasted, %reason, truncated, "closed");
            }
        }
        Happening::Error(error) => warn!(at, proxy, error, "error"),
    }
}
