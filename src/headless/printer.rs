//! What is printed, in which form, and what becomes of it where the output is slower than the engine.

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::timeout;

use super::commands::Answered;
use super::output::Output;
use super::stats::Printed;
use super::{Options, Report, Style, json, plain};
use crate::farewell::Farewell;
use crate::operate::{self, Answer};
use crate::proxy::{Engine, FactBatch, Told};
use crate::snapshot::{Author, Event, Happening, PortState, ProxyId, ProxyRow, Shut};

/// How long the last lines may take to be written: a reader that stands still does not keep the process.
const FLUSH: Duration = Duration::from_secs(1);

/// How long an answer waits for room: a reader that reads at all makes some in this time. One that does not is waited for
/// once, not with each command.
const PATIENCE: Duration = Duration::from_secs(1);

/// What prints: the form, the queue, and how much did not fit.
pub(super) struct Printer {
    engine: Engine,
    options: Options,
    output: Output,
    printed: Printed,
    farewell: Farewell,
    lost: u64,
    /// Whether an answer has waited in vain since anything was taken.
    stalled: bool,
    /// In words: what a command that is being carried out has changed so far. Its answer may say the same.
    held: Vec<Arc<Event>>,
}

// === impl Style ===

impl Style {
    /// How often figures are printed: what a program plots, and what a person cares to read.
    pub(super) const fn beat(self) -> Duration {
        match self {
            Self::Json => Duration::from_secs(1),
            Self::Words => Duration::from_secs(10),
        }
    }

    fn render(self, at: Duration, report: &Report<'_>) -> String {
        match self {
            Self::Json => json::lines(at, report),
            Self::Words => plain::lines(at, report),
        }
    }
}

// === impl Printer ===

impl Printer {
    pub(super) fn new(engine: &Engine, options: Options, output: Output) -> Self {
        let farewell = Farewell {
            seed: engine.seed(),
            arguments: options.again.clone().unwrap_or_default(),
            ..Farewell::default()
        };
        Self {
            engine: engine.clone(),
            options,
            output,
            printed: Printed::default(),
            farewell,
            lost: 0,
            stalled: false,
            held: Vec::new(),
        }
    }

    /// Waits until nobody reads any more, and says why. Cancel-safe.
    pub(super) async fn unread(&mut self) -> io::Error {
        let ended = self.output.ended().await;
        ended
            .err()
            .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Prints what the engine tells, where `commanded` says whether a command is being carried out. Breaks where it has told
    /// everything.
    pub(super) fn tell(&mut self, told: Told, commanded: bool) -> ControlFlow<()> {
        match told {
            Told::Event(event) => self.print_event(event, commanded),
            // They were lost on the way here.
            Told::Lost(events) => self.lost += events,
            Told::Ended => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    pub(super) fn announce(&mut self, existing: &[ProxyRow]) {
        let seed = self.engine.seed();
        self.print_at(Duration::ZERO, &Report::Started { seed });
        for row in existing {
            self.announce_one(row);
        }
    }

    /// Prints what was there before the first event as if it had just been added.
    fn announce_one(&mut self, row: &ProxyRow) {
        let port = match row.port {
            PortState::Open | PortState::Waiting(_) => Happening::Listening {
                mapping: row.mapping.to_string(),
                addrs: row.listening.clone(),
            },
            PortState::Closed => Happening::PortClosed(Shut::Closed),
            PortState::Refusing => Happening::PortClosed(Shut::Refusing),
        };
        let plan = Some(&row.plan).filter(|plan| !plan.is_empty());
        let faults = plan.map(|plan| Happening::Faults {
            before: None,
            plan: Arc::clone(plan),
        });
        for what in [port].into_iter().chain(faults) {
            let (at, proxy) = (self.engine.now(), row.name.clone());
            let by = Some(Author::START);
            let event = Event {
                at,
                proxy,
                what,
                by,
            };
            self.print_at(at, &Report::Happened(&event));
        }
    }

    /// Prints what was seen in a beat.
    pub(super) fn print_facts(&mut self, batch: &FactBatch) {
        let names: HashMap<ProxyId, String> = self.engine.proxies().into_iter().collect();
        let mut stalls = batch.stalls.iter().peekable();
        for fact in &batch.facts {
            while let Some(stall) = stalls.next_if(|stall| stall.to <= fact.at) {
                self.print_at(stall.to, &Report::Stalled(*stall));
            }
            let proxy = names.get(&fact.proxy).map_or("", String::as_str);
            self.print_at(fact.at, &Report::Seen { proxy, fact });
        }
        for stall in stalls {
            self.print_at(stall.to, &Report::Stalled(*stall));
        }
        self.lost += batch.dropped;
    }

    /// Prints that something failed.
    pub(super) fn fail(&mut self, error: &str) {
        let failed = Report::Failed { error, lost: None };
        self.print_at(self.engine.now(), &failed);
    }

    /// Prints an event. In words, faults that change while a command is carried out are held until its answer.
    fn print_event(&mut self, event: Arc<Event>, commanded: bool) {
        self.remember(&event);
        let of_connection = matches!(
            event.what,
            Happening::Opened { .. }
                | Happening::Reached { .. }
                | Happening::Secured { .. }
                | Happening::Closed { .. }
        );
        if of_connection && self.options.quiet_connections {
            return;
        }
        let of_faults = matches!(event.what, Happening::Faults { .. });
        if self.options.style == Style::Words && commanded && of_faults {
            // Bounded by the proxies there are: a command changes each once.
            self.held.push(event);
        } else {
            self.print_at(event.at, &Report::Happened(&event));
        }
    }

    /// Keeps of an event what is told at the end.
    fn remember(&mut self, event: &Event) {
        match &event.what {
            Happening::Faults { plan, .. } => {
                let names = plan.settings().iter().map(|setting| setting.kind.name);
                self.farewell.used.extend(names);
            }
            Happening::Opened { .. } => self.farewell.connections += 1,
            Happening::Closed { bytes, .. } => {
                self.farewell.bytes = self.farewell.bytes.plus(*bytes);
            }
            _ => {}
        }
    }

    /// Keeps how it could be done again, while the engine can tell.
    pub(super) async fn note_proxies(&mut self) {
        self.farewell.lasted = self.engine.now();
        if self.options.again.is_some() {
            let rows = operate::rows(&self.engine).await;
            let proxies = rows.iter().map(|row| Farewell::proxy(row, &row.plan));
            self.farewell.proxies = proxies.collect();
        }
    }

    /// Prints the answer to a command, and before it what the command changed and the answer does not say.
    pub(super) async fn answer(&mut self, answered: &Answered) {
        let changes = match &answered.outcome {
            Ok(Answer::Changed(changes)) => changes.as_slice(),
            Ok(_) | Err(_) => &[],
        };
        for event in std::mem::take(&mut self.held) {
            if !changes.iter().any(|change| change.proxy == event.proxy) {
                self.print_at(event.at, &Report::Happened(&event));
            }
        }
        let report = Report::Answered(answered);
        let lines = self.options.style.render(self.engine.now(), &report);
        let sent = if self.stalled {
            self.send(&lines).now_or_never().is_some()
        } else {
            timeout(PATIENCE, self.send(&lines)).await.is_ok()
        };
        if !sent {
            self.stalled = true;
            self.lost += 1;
        }
    }

    pub(super) fn print_stats(&mut self) {
        let snapshot = self.engine.snapshots().borrow().clone();
        for row in self.printed.changed(&snapshot) {
            self.print_at(snapshot.at, &Report::Stats(row));
        }
    }

    /// Prints what may be lost where nobody reads.
    fn print_at(&mut self, at: Duration, report: &Report<'_>) {
        let lines = self.options.style.render(at, report);
        if lines.is_empty() {
            return;
        }
        if self.lost > 0 && self.output.offer(self.excuse()) {
            (self.lost, self.stalled) = (0, false);
        }
        if self.lost > 0 || !self.output.offer(lines) {
            self.lost += 1;
        }
    }

    /// Queues lines as soon as there is room, and before them how many were lost. Cancelled, it has queued nothing.
    async fn send(&mut self, lines: &str) {
        // Without a writer there is nobody to read them, and why is `unread`'s to say.
        let Some(place) = self.output.place().await else {
            return;
        };
        place.send(self.excuse() + lines);
        (self.lost, self.stalled) = (0, false);
    }

    /// What says how much was lost; nothing where nothing was.
    fn excuse(&self) -> String {
        let events = self.lost;
        if events == 0 {
            return String::new();
        }
        let error = format!("{events} events lost: standard output is read too slowly");
        let lost = Some(events);
        let report = Report::Failed {
            error: &error,
            lost,
        };
        self.options.style.render(self.engine.now(), &report)
    }

    /// Prints that the desk has stopped, and lets what waits be written, for a bounded time.
    pub(super) async fn finish(mut self, reason: &'static str) -> io::Result<()> {
        let farewell = &self.farewell;
        let stopped = Report::Stopped { reason, farewell };
        let lines = self.options.style.render(self.engine.now(), &stopped);
        let _ = timeout(FLUSH, self.send(&lines)).await;
        timeout(FLUSH, self.output.finish()).await.unwrap_or(Ok(()))
    }
}

#[cfg(test)]
#[path = "printer_tests.rs"]
mod tests;
