//! The engine's events as lines of the log.
//!
//! The engine does not know the log: it tells what happens, and this writes it down. Proxies and their faults are `info`,
//! connections `debug`, what fails `warn`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::LogFile;
use crate::proxy::{Engine, Events, Told};
use crate::snapshot::{Event, Happening};
use crate::sweep::Ended;

/// How often it is looked whether the log takes lines.
const TELL: Duration = Duration::from_secs(1);

/// Writes the events of an engine into the log until it is told to finish.
pub struct Recorder {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

// === impl Recorder ===

impl Recorder {
    /// Begins with what happens from now on; inside a runtime. Where `log` takes no lines, the engine's events say so.
    #[must_use]
    pub fn start(engine: &Engine, log: &Arc<LogFile>) -> Self {
        let stop = CancellationToken::new();
        let events = engine.events();
        let telling = tell(engine.clone(), Arc::clone(log));
        let following = follow(events, stop.clone());
        let task = tokio::spawn(async move {
            // Cancel-safe: telling never ends, and nobody listens to it when what happened is written.
            tokio::select! {
                () = telling => {}
                () = following => {}
            }
        });
        Self { stop, task }
    }

    /// Writes what has happened up to now, and ends.
    pub async fn finish(self) {
        self.stop.cancel();
        // A task that panicked has written what it could.
        let _ = self.task.await;
    }
}

/// Tells as an event that the log takes no lines, or takes them again.
async fn tell(engine: Engine, log: Arc<LogFile>) {
    loop {
        // Not before whoever shows events listens to them, and not each time where a disk is full now and then.
        sleep(TELL).await;
        if let Some(news) = log.news() {
            engine.report(news);
        }
    }
}

async fn follow(mut events: Events, stop: CancellationToken) {
    // May be cancelled: `next` loses nothing when it is dropped.
    let as_they_come = async { while note(&events.next().await) {} };
    stop.run_until_cancelled(as_they_come).await;
    for told in events.drain() {
        note(&told);
    }
}

/// Writes down what was told; says whether there can be more.
fn note(told: &Told) -> bool {
    match told {
        Told::Event(event) => write(event),
        Told::Lost(events) => warn!(events, "events lost: the log is written too slowly"),
        Told::Ended => return false,
    }
    true
}

#[expect(clippy::too_many_lines, reason = "one arm for each happening")]
fn write(event: &Event) {
    let at = event.at.as_secs_f64();
    let proxy = event.proxy.as_str();
    match &event.what {
        Happening::Listening { mapping, addrs } => {
            info!(at, proxy, mapping, ?addrs, "listening");
        }
        Happening::Removed => info!(at, proxy, "removed"),
        Happening::Renamed { before } => info!(at, proxy, before, "renamed"),
        Happening::Repointed { before, mapping } => {
            info!(at, proxy, before, mapping, "another upstream");
        }
        Happening::PortClosed(_) => info!(at, proxy, "port closed"),
        Happening::Faults { plan, .. } => {
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
            bytes,
            lasted,
            reason,
            truncated,
        } => {
            let (connection, lasted) = (conn.0, lasted.as_secs_f64());
            let (up, down) = (bytes.up, bytes.down);
            if reason.failed() {
                warn!(at, proxy, connection, up, down, lasted, %reason, "failed");
            } else {
                debug!(at, proxy, connection, up, down, lasted, %reason, truncated, "closed");
            }
        }
        Happening::Found { what, finding } => {
            let (finding, what) = (finding.to_string(), format!("{what:?}").to_lowercase());
            info!(at, proxy, what, finding, "finding");
        }
        Happening::Swept { curve, .. } => {
            let (sweep, steps) = (curve.sweep.as_str(), curve.steps.len());
            let ended = curve.ended.map(Ended::word);
            info!(at, proxy, sweep, steps, ended, "sweep");
        }
        Happening::Note(note) => info!(at, note, "note"),
        Happening::Error(error) => warn!(at, proxy, error, "error"),
    }
}
