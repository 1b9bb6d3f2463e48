//! What the collector keeps of the one connection that is looked at closely: its rates, beside what its task notes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::{Direction, PerDirection};
use crate::proxy::record::Record;
use crate::snapshot::{History, Watched};

/// A connection that is looked at closely.
pub(crate) struct Watcher {
    pub(crate) record: Arc<Record>,
    /// When bytes were last counted, and how many there were.
    counted: (Duration, PerDirection<u64>),
    rates: VecDeque<(Duration, PerDirection<f64>)>,
}

// === impl Watcher ===

impl Watcher {
    pub(crate) fn new(record: Arc<Record>, at: Duration) -> Self {
        Self {
            counted: (at, record.meter.delivered()),
            rates: VecDeque::with_capacity(History::LEN),
            record,
        }
    }

    /// Counts its bytes, where it is time.
    pub(crate) fn beat(&mut self, at: Duration) {
        let (before, counted) = self.counted;
        let passed = at.saturating_sub(before);
        if passed < History::STEP {
            return;
        }
        let delivered = self.record.meter.delivered();
        let rate = |way: Direction| {
            delivered[way].saturating_sub(counted[way]) as f64 / passed.as_secs_f64()
        };
        self.rates.push_back((at, PerDirection::from_fn(rate)));
        if self.rates.len() > History::LEN {
            self.rates.pop_front();
        }
        self.counted = (at, delivered);
    }

    /// What there is to see of it.
    pub(crate) fn shown(&self, at: Duration) -> Watched {
        let record = &self.record;
        let mut watched = Watched {
            id: record.id,
            reached: record.reached_after(),
            trip: None,
            added: PerDirection::default(),
            rates: self.rates.iter().copied().collect(),
            notes: Vec::new(),
        };
        if let Some(watch) = record.watch() {
            watch.shown(at, &mut watched);
        }
        watched
    }
}
