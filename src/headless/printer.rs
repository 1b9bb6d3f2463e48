//! What is printed, in which form, and what becomes of it where the output is slower than the engine.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::output::Output;
use super::stats::Printed;
use super::{Report, Style, json, plain};
use crate::proxy::Engine;
use crate::snapshot::{Event, Happening, ProxyRow};

/// How long the last lines may take to be written: a reader that stands still does not keep the process.
const FLUSH: Duration = Duration::from_secs(1);

/// What prints: the form, the queue, and how much did not fit.
pub(super) struct Printer {
    engine: Engine,
    style: Style,
    output: Output,
    printed: Printed,
    lost: u64,
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
    pub(super) fn new(engine: &Engine, style: Style, output: Output) -> Self {
        Self {
            engine: engine.clone(),
            style,
            output,
            printed: Printed::default(),
            lost: 0,
        }
    }

    /// Waits until nobody reads any more, and says why. Cancel-safe.
    pub(super) async fn unread(&mut self) -> io::Error {
        let ended = self.output.ended().await;
        ended
            .err()
            .unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Counts events that were lost on the way here.
    pub(super) fn lose(&mut self, events: u64) {
        self.lost += events;
    }

    pub(super) fn announce(&mut self, existing: &[ProxyRow]) {
        let seed = self.engine.seed();
        self.print_at(Duration::ZERO, &Report::Started { seed });
        for row in existing {
            self.print(&Report::Existing(row));
        }
    }

    pub(super) fn print(&mut self, report: &Report<'_>) {
        self.print_at(self.engine.now(), report);
    }

    /// Prints an event; in words, the answer to a command that changes faults says what they are, so the event does not.
    pub(super) fn print_event(&mut self, event: &Event, changing: bool) {
        let answered = changing && matches!(event.what, Happening::Faults { .. });
        if answered && self.style == Style::Words {
            return;
        }
        self.print_at(event.at, &Report::Happened(event));
    }

    pub(super) fn print_stats(&mut self) {
        let snapshot = self.engine.snapshots().borrow().clone();
        for stats in self.printed.changed(&snapshot) {
            self.print_at(snapshot.at, &Report::Stats(&stats));
        }
    }

    /// Prints what may be lost where nobody reads.
    fn print_at(&mut self, at: Duration, report: &Report<'_>) {
        let lines = self.style.render(at, report);
        if lines.is_empty() {
            return;
        }
        if self.lost > 0 && self.output.offer(self.excuse()) {
            self.lost = 0;
        }
        if self.lost > 0 || !self.output.offer(lines) {
            self.lost += 1;
        }
    }

    /// Prints what must not be lost, and waits for room.
    pub(super) async fn print_surely(&mut self, report: &Report<'_>) {
        let mut lines = match self.lost {
            0 => String::new(),
            _ => self.excuse(),
        };
        lines += &self.style.render(self.engine.now(), report);
        self.output.send(lines).await;
        self.lost = 0;
    }

    fn excuse(&self) -> String {
        let events = self.lost;
        let error = format!("{events} events lost: standard output is read too slowly");
        let lost = Report::Lost {
            events,
            error: &error,
        };
        self.style.render(self.engine.now(), &lost)
    }

    /// Prints that the desk has stopped, and lets what waits be written, for a bounded time.
    pub(super) async fn finish(mut self, reason: &'static str) -> io::Result<()> {
        let stopped = Report::Stopped { reason };
        let _ = timeout(FLUSH, self.print_surely(&stopped)).await;
        timeout(FLUSH, self.output.finish()).await.unwrap_or(Ok(()))
    }
}

#[cfg(test)]
#[path = "printer_tests.rs"]
mod tests;
