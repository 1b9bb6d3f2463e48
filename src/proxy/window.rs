//! The last second of a proxy, and its last minute, from counters that only grow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::histogram::{Counts, Histogram};
use super::meter::ProxyMeter;
use crate::snapshot::{History, Point, Spread};

/// What the counters showed at one beat.
#[derive(Clone, Debug)]
struct Sample {
    at: Duration,
    delivered: [u64; 2],
    added: [Tally; 2],
    feels: Tally,
}

/// A histogram over all workers at one beat; shared by the beats between which nothing was counted.
#[derive(Clone, Debug)]
struct Tally {
    total: u64,
    counts: Arc<Counts>,
}

/// What the last second came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub(super) delivered: [u64; 2],
    pub(super) rates: [f64; 2],
    pub(super) added: [Option<Spread>; 2],
    pub(super) feels: Option<Spread>,
}

/// The beats of the last second, and the points of the last minute.
#[derive(Debug, Default)]
pub(super) struct Window {
    samples: VecDeque<Sample>,
    felt: Option<Spread>,
    last_point: Option<(Sample, Ends)>,
    history: Arc<History>,
}

/// How many connections of a proxy have come to a bad end since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// By an error.
    pub(super) failed: u64,
    /// By a fault.
    pub(super) cut: u64,
}

/// How far back the figures look.
const LOOK_BACK: Duration = Duration::from_secs(1);

// === impl Window ===

impl Window {
    /// Takes the counters at `at` and returns the figures of the last second.
    pub(super) fn beat<'a>(
        &mut self,
        at: Duration,
        meters: impl Iterator<Item = &'a ProxyMeter> + Clone,
        ends: Ends,
    ) -> Figures {
        let sample = self.sample(at, meters);
        while self.samples.len() > 1 && self.samples[1].at.saturating_add(LOOK_BACK) <= at {
            self.samples.pop_front();
        }
        self.samples.push_back(sample.clone());
        let first = &self.samples[0];
        let span = at.saturating_sub(first.at).as_secs_f64();
        let rate = |way: usize| {
            let bytes = sample.delivered[way].saturating_sub(first.delivered[way]);
            if span > 0.0 { bytes as f64 / span } else { 0.0 }
        };
        let feels = sample.feels.since(&first.feels);
        self.felt = feels.or(self.felt);
        let figures = Figures {
            delivered: sample.delivered,
            rates: [rate(0), rate(1)],
            added: [
                sample.added[0].since(&first.added[0]),
                sample.added[1].since(&first.added[1]),
            ],
            feels: self.felt,
        };
        self.point(sample, ends);
        figures
    }

    pub(super) fn history(&self) -> Arc<History> {
        Arc::clone(&self.history)
    }

    fn sample<'a>(
        &self,
        at: Duration,
        meters: impl Iterator<Item = &'a ProxyMeter> + Clone,
    ) -> Sample {
        let last = self.samples.back();
        let delivered = [0, 1].map(|way: usize| {
            meters
                .clone()
                .map(|meter| meter.delivered[way].load(Ordering::Relaxed))
                .sum()
        });
        let added = [0, 1].map(|way: usize| {
            Tally::of(
                meters.clone().map(|meter| &meter.added[way]),
                last.map(|last| &last.added[way]),
            )
        });
        let feels = Tally::of(
            meters.map(|meter| &meter.feels),
            last.map(|last| &last.feels),
        );
        Sample {
            at,
            delivered,
            added,
            feels,
        }
    }

    /// Adds a point to the history every half second.
    fn point(&mut self, sample: Sample, ends: Ends) {
        let Some((last, before)) = &self.last_point else {
            self.last_point = Some((sample, ends));
            return;
        };
        let span = sample.at.saturating_sub(last.at);
        // A beat comes a little early or late: the nearest one makes the point.
        if span.saturating_add(Duration::from_millis(50)) < History::STEP {
            return;
        }
        let rate = |way: usize| {
            sample.delivered[way].saturating_sub(last.delivered[way]) as f64 / span.as_secs_f64()
        };
        let point = Point {
            at: sample.at,
            feels: sample.feels.since(&last.feels).map(|feels| feels.p50),
            rates: [rate(0), rate(1)],
            failed: u32::try_from(ends.failed - before.failed).unwrap_or(u32::MAX),
            cut: u32::try_from(ends.cut - before.cut).unwrap_or(u32::MAX),
        };
        let history = Arc::make_mut(&mut self.history);
        if history.points.len() == History::LEN {
            history.points.pop_front();
        }
        history.points.push_back(point);
        self.last_point = Some((sample, ends));
    }
}

// === impl Tally ===

impl Tally {
    fn of<'a>(
        histograms: impl Iterator<Item = &'a Histogram> + Clone,
        last: Option<&Self>,
    ) -> Self {
        let total = histograms.clone().map(Histogram::total).sum();
        match last {
            Some(last) if last.total == total => last.clone(),
            _ => {
                let mut counts = Counts::zero();
                for histogram in histograms {
                    histogram.add_to(&mut counts);
                }
                Self {
                    total,
                    counts: Arc::new(counts),
                }
            }
        }
    }

    fn since(&self, before: &Self) -> Option<Spread> {
        if self.total == before.total {
            return None;
        }
        self.counts.since(&before.counts).spread()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_last_second() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        let mut beat = |ms| {
            window.beat(
                Duration::from_millis(ms),
                std::iter::once(&meter),
                Ends::default(),
            )
        };
        beat(0);
        meter.delivered[1].store(1_000, Ordering::Relaxed);
        meter.added[1].record(Duration::from_millis(250));
        let first = beat(500);
        assert!((first.rates[1] - 2_000.0).abs() < 1.0, "{}", first.rates[1]);
        assert_eq!(first.added[1].map(|added| added.count), Some(1));
        beat(1_000);
        let later = beat(1_600);
        assert!(
            later.rates[1] < 1.0 && later.added[1].is_none(),
            "{later:?}"
        );
    }

    #[test]
    fn what_was_felt_last_stays_known() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        let mut beat = |ms| {
            window.beat(
                Duration::from_millis(ms),
                std::iter::once(&meter),
                Ends::default(),
            )
        };
        beat(0);
        meter.feels.record(Duration::from_millis(40));
        beat(100);
        let later = beat(5_000);
        assert_eq!(later.feels.map(|feels| feels.p50.as_millis()), Some(40));
    }

    #[test]
    fn the_history_has_a_point_every_half_second_of_the_last_minute() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        for beat in 0..=1_000_u64 {
            window.beat(
                Duration::from_millis(beat * 100),
                std::iter::once(&meter),
                Ends {
                    failed: beat,
                    cut: 2 * beat,
                },
            );
        }
        let history = window.history();
        assert_eq!(
            (
                history.points.len(),
                history.points[0].failed,
                history.points[0].cut
            ),
            (History::LEN, 5, 10)
        );
    }
}
