//! A time in which nothing was changed, and what clients met in it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tape::record::{self, Port, Second, Standing};
use crate::tape::waits::Waits;

/// A time in which nothing was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// When it began.
    pub from: Duration,
    /// When it ended.
    pub to: Duration,
    /// The faults that were set.
    pub faults: String,
    /// Whether they were switched off.
    pub bypassed: bool,
    /// Whether clients were accepted.
    pub port: Port,
    /// Who set them.
    pub by: String,
    /// What clients met.
    pub tally: Tally,
}

/// What clients met in some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How long answered requests had waited.
    pub waits: Waits,
    /// Connections that ended, by who ended them.
    pub ended: BTreeMap<String, u64>,
    /// Requests that began.
    pub asked: u64,
    /// The longest that a request was seen to wait, answered or not.
    pub longest: Duration,
    /// The most requests that waited at once.
    pub waiting: u32,
    /// The most connections that were open at the end of a second.
    pub open: u32,
}

// === impl Stretch ===

impl Stretch {
    pub(super) fn of(standing: &Standing, from: Duration, by: &str) -> Self {
        Self {
            from,
            to: from,
            faults: standing.faults.clone(),
            bypassed: standing.bypassed,
            port: standing.port,
            by: by.to_owned(),
            tally: Tally::default(),
        }
    }

    /// Whether anything was done to clients in it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        (self.faults.is_empty() || self.bypassed) && !self.port.is_closed()
    }

    /// What was set, in words.
    #[must_use]
    pub fn setting(&self) -> String {
        let faults = match (self.faults.as_str(), self.bypassed) {
            ("", _) => "nothing".to_owned(),
            (faults, true) => format!("nothing (bypassed: {faults})"),
            (faults, false) => faults.to_owned(),
        };
        match self.port {
            Port::Closed | Port::Off => format!("{faults}, port closed"),
            Port::Open | Port::Refusing => faults,
        }
    }

    /// How long it was.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// Answers a second.
    #[must_use]
    pub fn answers(&self) -> f64 {
        let seconds = self.lasted().as_secs_f64();
        if seconds > 0.0 {
            self.tally.waits.total() as f64 / seconds
        } else {
            0.0
        }
    }
}

// === impl Tally ===

impl Tally {
    pub(super) fn count(&mut self, second: &Second) {
        self.waits.add(&second.waits);
        for (by, count) in &second.ended {
            *self.ended.entry(by.clone()).or_default() += count;
        }
        self.asked += second.asked;
        self.open = self.open.max(second.connections);
        self.longest = self.longest.max(second.longest());
        if let Some(unanswered) = second.unanswered {
            self.waiting = self.waiting.max(unanswered.count);
        }
    }

    /// Counts what was met in some other time.
    pub fn add(&mut self, other: &Self) {
        self.waits.add(&other.waits);
        for (by, count) in &other.ended {
            *self.ended.entry(by.clone()).or_default() += count;
        }
        self.asked += other.asked;
        self.longest = self.longest.max(other.longest);
        self.waiting = self.waiting.max(other.waiting);
        self.open = self.open.max(other.open);
    }

    /// Whether anybody connected.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.open > 0 || !self.ended.is_empty() || self.asked > 0 || !self.longest.is_zero()
    }

    /// Connections that a fault ended, and those that broke by themselves or never reached their upstream: ours, theirs.
    #[must_use]
    pub fn failures(&self) -> (u64, u64) {
        record::failures(&self.ended)
    }
}
