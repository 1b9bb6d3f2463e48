//! What a chart draws: a proxy's figures over time, in as many steps as can be told apart on paper.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::tape::{Record, Tape, Waits, What};

/// So many steps a chart has at most.
const STEPS: u64 = 480;

/// A proxy's figures, step by step; steps in which nothing moved are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// When it begins.
    pub(super) from: Duration,
    /// When it ends.
    pub(super) to: Duration,
    /// How long a step is.
    pub(super) step: Duration,
    /// The steps, by how many come before them.
    pub(super) steps: BTreeMap<u64, Step>,
}

/// A step of a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) waits: Waits,
    /// For how long the oldest request without an answer had waited.
    pub(super) oldest: Duration,
    /// Connections that a fault ended.
    pub(super) ours: u64,
    /// Connections that broke by themselves.
    pub(super) theirs: u64,
    pub(super) bytes: u64,
}

// === impl Series ===

impl Series {
    /// A series for each of these names, in one pass over a tape. A proxy that was renamed goes on under its last name.
    pub(super) fn of(tape: &Tape, names: &[&str]) -> Vec<Self> {
        let (from, to) = (tape.head.t, tape.end());
        let seconds = to.saturating_sub(from).as_secs();
        let blank = Self {
            from,
            to,
            step: Duration::from_secs(seconds.div_ceil(STEPS).max(1)),
            steps: BTreeMap::new(),
        };
        let mut series = vec![blank; names.len()];
        let mut called: BTreeMap<&str, &str> = BTreeMap::new();
        for record in tape.records().rev() {
            match &record.what {
                What::Renamed { proxy, before, .. } => {
                    let last = *called.get(proxy.as_str()).unwrap_or(&proxy.as_str());
                    called.insert(before, last);
                }
                What::Second(second) => {
                    let name = second.proxy.as_str();
                    let last = *called.get(name).unwrap_or(&name);
                    if let Some(place) = names.iter().position(|name| *name == last) {
                        series[place].count(record);
                    }
                }
                _ => {}
            }
        }
        series
    }

    fn count(&mut self, record: &Record) {
        let What::Second(second) = &record.what else {
            return;
        };
        let middle = record.t.saturating_sub(second.span / 2);
        let since = middle.saturating_sub(self.from);
        let place = since.as_millis() / self.step.as_millis().max(1);
        let step = self.steps.entry(u64::try_from(place).unwrap_or(u64::MAX));
        let step = step.or_default();
        step.waits.add(&second.waits);
        let oldest = second.unanswered.map_or(0.0, |waits| waits.oldest_ms);
        let oldest = Duration::try_from_secs_f64(oldest / 1e3).unwrap_or_default();
        step.oldest = step.oldest.max(oldest);
        let (ours, theirs) = second.failures();
        step.ours += ours;
        step.theirs += theirs;
        step.bytes = step
            .bytes
            .saturating_add(second.bytes.up.saturating_add(second.bytes.down));
    }

    /// The middle of a step.
    pub(super) fn middle(&self, place: u64) -> Duration {
        let whole = u32::try_from(place).unwrap_or(u32::MAX);
        self.from + self.step.saturating_mul(whole) + self.step / 2
    }
}
