//! What facts show of a step: requests, their waits, and connections that ended.

use std::collections::HashMap;
use std::time::Duration;

use crate::proxy::events::FactBatch;
use crate::snapshot::{By, ConnId, Fact, LegName, ProxyId, Seen};
use crate::sweep::Step;

/// What facts show of a stretch of time.
pub(super) struct Counts {
    from: Duration,
    until: Duration,
    waits: hdrhistogram::Histogram<u32>,
    waited: Duration,
    /// The answers that have begun, by their connections: when each was asked for.
    begun: HashMap<ConnId, Duration>,
    /// How many were whole, and how long they took together.
    whole: u64,
    took: Duration,
    asked: u64,
    paused: Duration,
    answers: u64,
    /// The longest that a request without an answer was seen to wait.
    pub(super) oldest: Duration,
    failed: u64,
    cut: u64,
    left: u64,
}

// === impl Counts ===

impl Counts {
    pub(super) fn new(from: Duration, until: Duration) -> Self {
        const HOUR: u64 = 3_600_000_000;
        let waits = hdrhistogram::Histogram::new_with_bounds(1, HOUR, 2);
        Self {
            from,
            until,
            waits: waits.expect("the bounds are in order"),
            waited: Duration::ZERO,
            begun: HashMap::new(),
            whole: 0,
            took: Duration::ZERO,
            asked: 0,
            paused: Duration::ZERO,
            answers: 0,
            oldest: Duration::ZERO,
            failed: 0,
            cut: 0,
            left: 0,
        }
    }

    pub(super) fn take(&mut self, batch: &FactBatch, proxy: ProxyId) {
        let facts = batch.facts.iter();
        let is_in =
            |fact: &&Fact| fact.proxy == proxy && (self.from..self.until).contains(&fact.at);
        let facts: Vec<&Fact> = facts.filter(is_in).collect();
        for fact in facts {
            self.see_end(fact);
            self.see(fact);
        }
    }

    /// An answer is whole when its last byte had been written by the next request of its connection, or by its end.
    fn see_end(&mut self, fact: &Fact) {
        let silent = match fact.seen {
            Seen::Asked { silent, .. } => silent,
            Seen::Left {
                leg: LegName::Client,
                amid,
                ..
            } => amid.silent_down.unwrap_or_default(),
            Seen::Closed { .. } => Duration::ZERO,
            _ => return,
        };
        if let Some(asked) = self.begun.remove(&fact.conn) {
            let took = fact.at.saturating_sub(silent).saturating_sub(asked);
            (self.whole, self.took) = (self.whole + 1, self.took.saturating_add(took));
        }
    }

    /// How long an answer took in the mean, down to its last byte; where none was whole, how long those took that had begun.
    fn mean_took(&self) -> Option<f64> {
        if self.whole > 0 {
            return mean(self.took, self.whole);
        }
        let begun = self.begun.values();
        let took = begun.map(|asked| self.until.saturating_sub(*asked)).sum();
        mean(took, self.begun.len() as u64)
    }

    fn see(&mut self, fact: &Fact) {
        match fact.seen {
            Seen::Asked { silent, .. } => {
                self.asked = self.asked.saturating_add(1);
                self.paused = self.paused.saturating_add(silent);
            }
            Seen::Answered { gone: true, .. } => {}
            Seen::Answered { waited, .. } => {
                self.answers = self.answers.saturating_add(1);
                self.begun.insert(fact.conn, fact.at.saturating_sub(waited));
                // What began under another value has waited for both.
                if fact.at.saturating_sub(waited) >= self.from {
                    let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
                    self.waits.saturating_record(micros);
                    self.waited = self.waited.saturating_add(waited);
                }
            }
            // One that ends its stream with its request goes on reading.
            Seen::Left {
                leg: LegName::Client,
                amid,
                ..
            } if amid.waiting.is_some() && amid.silent_up >= Fact::SILENCE => {
                self.left = self.left.saturating_add(1);
            }
            Seen::Closed { by, .. } => match by {
                By::UpstreamBroke | By::Unreached => {
                    self.failed = self.failed.saturating_add(1);
                }
                By::Fault(_) => self.cut = self.cut.saturating_add(1),
                // A client that hangs up while it waits has left.
                By::Client | By::ClientBroke | By::Upstream | By::Desk => {}
            },
            _ => {}
        }
    }

    pub(super) fn step(&self) -> Step {
        let counted = self.waits.len();
        let quantile =
            |share: f64| (counted > 0).then(|| self.waits.value_at_quantile(share) as f64 / 1e3);
        Step {
            at_s: self.from.as_secs_f64(),
            lasted_s: self.until.saturating_sub(self.from).as_secs_f64(),
            asked: self.asked,
            answers: self.answers,
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            mean_ms: mean(self.waited, counted),
            took_ms: self.mean_took(),
            pause_ms: mean(self.paused, self.asked),
            oldest_ms: millis(self.oldest),
            failed: self.failed,
            cut: self.cut,
            left: self.left,
            ..Step::default()
        }
    }
}

/// The mean of so many times, in milliseconds.
fn mean(sum: Duration, count: u64) -> Option<f64> {
    (count > 0).then(|| sum.as_secs_f64() * 1e3 / count as f64)
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}
