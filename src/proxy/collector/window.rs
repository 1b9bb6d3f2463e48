//! The last second of a proxy, and its last minute, from counters that only grow.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::fault::{Direction, Losses, PerDirection};
use crate::proxy::meter::counters::ProxyMeter;
use crate::proxy::meter::histogram::Counts;
use crate::snapshot::{Clean, History, Met, Point, Spread};

/// What the counters of all workers showed at one beat.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    at: Duration,
    /// For how long the oldest request had waited without an answer.
    waits: Option<Duration>,
    delivered: PerDirection<u64>,
    added: PerDirection<Counts>,
    feels: Counts,
    losses: PerDirection<Losses>,
    writes: PerDirection<u64>,
    changed: PerDirection<u64>,
    counted: Counted,
}

/// What the last second came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) delivered: PerDirection<u64>,
    pub(crate) rates: PerDirection<f64>,
    pub(crate) writes: PerDirection<f64>,
    pub(crate) added: PerDirection<Option<Spread>>,
    pub(crate) feels: Option<Spread>,
}

/// The beats of the last second, and the points of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Window {
    samples: VecDeque<Sample>,
    felt: Option<Spread>,
    /// When something was counted last.
    stirred: Option<Duration>,
    /// Whether beats may be left out.
    rests: bool,
    /// With which the last point of the history ends.
    last_point: Option<Sample>,
    history: Arc<History>,
}

/// How many connections of a proxy have come to a bad end since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// By an error.
    pub(crate) failed: u64,
    /// Those of them that the client itself had reset.
    pub(crate) left: u64,
    /// By a client's leaving in order while it waited.
    pub(crate) gave_up: u64,
    /// By a fault.
    pub(crate) cut: u64,
}

/// How often counters are read.
pub(crate) const BEAT: Duration = Duration::from_millis(100);
/// Beats that come further apart show that this process stood still.
const STOOD_STILL: Duration = Duration::from_secs(1);
/// How far back the figures look.
const LOOK_BACK: Duration = Duration::from_secs(1);

// === impl Window ===

impl Window {
    /// Takes the counters at `at`, on a beat, with the oldest wait for an answer, and returns the figures of the last second
    /// and what was counted. Beats may be
    /// left out after one that left the window blank.
    pub(crate) fn beat<'a>(
        &mut self,
        at: Duration,
        meters: impl Iterator<Item = &'a ProxyMeter> + Clone,
        counted: Counted,
        waits: Option<Duration>,
    ) -> (Figures, &Sample) {
        if let Some(before) = self.resumed(at) {
            self.last_point = Some(before.clone());
            self.samples = VecDeque::from([before]);
        }
        let sample = Sample {
            waits,
            ..self.sample(at, meters, counted)
        };
        while self.samples.len() > 1 && self.samples[1].at.saturating_add(LOOK_BACK) <= at {
            self.samples.pop_front();
        }
        let last = self.samples.back();
        if waits.is_some() || last.is_some_and(|last| last.differs(&sample)) {
            self.stirred = Some(at);
        }
        self.samples.push_back(sample.clone());
        let figures = self.figures(&self.samples[0], &sample);
        self.felt = figures.feels;
        self.point(sample);
        self.rests = self.is_blank();
        if self.rests {
            self.history = Arc::default();
        }
        (figures, self.samples.back().expect("it was pushed"))
    }

    /// The figures of the last second between two beats.
    pub(crate) fn look<'a>(
        &self,
        at: Duration,
        meters: impl Iterator<Item = &'a ProxyMeter> + Clone,
    ) -> Figures {
        let sample = self.sample(at, meters, Counted::default());
        let resumed = self.resumed(at);
        let first = resumed.as_ref().or_else(|| self.samples.front());
        self.figures(first.unwrap_or(&sample), &sample)
    }

    /// Whether beats are missing before the one at `at` that were not left out: this process did not run.
    pub(crate) fn stood_still(&self, at: Duration) -> bool {
        let last = self.samples.back().filter(|_| !self.rests);
        last.is_some_and(|last| last.at.saturating_add(STOOD_STILL) < at)
    }

    /// Whether nothing was counted for as long as the history goes back, so that it has nothing to show.
    pub(crate) fn is_blank(&self) -> bool {
        let at = self.samples.back().map_or(Duration::ZERO, |last| last.at);
        // A step more: the last point ends after what it counts.
        let kept = History::KEPT.saturating_add(History::STEP);
        self.stirred
            .is_none_or(|stirred| at.saturating_sub(stirred) > kept)
    }

    /// The last sample as that of the beat before `at`, where beats were left out since: nothing was counted in between.
    fn resumed(&self, at: Duration) -> Option<Sample> {
        let last = self.samples.back().filter(|_| self.rests)?;
        Some(Sample {
            at: at.saturating_sub(BEAT).max(last.at),
            ..last.clone()
        })
    }

    fn figures(&self, first: &Sample, sample: &Sample) -> Figures {
        Figures {
            delivered: sample.delivered,
            rates: sample.rates_since(first),
            writes: sample.per_second(first, |sample| sample.writes),
            added: PerDirection::from_fn(|way| sample.added[way].since(&first.added[way])),
            feels: sample.feels.since(&first.feels).or(self.felt),
        }
    }

    pub(crate) fn history(&self) -> Arc<History> {
        Arc::clone(&self.history)
    }

    fn sample<'a>(
        &self,
        at: Duration,
        meters: impl Iterator<Item = &'a ProxyMeter> + Clone,
        counted: Counted,
    ) -> Sample {
        let last = self.samples.back();
        let sum = |counters: fn(&ProxyMeter) -> &PerDirection<AtomicU64>| {
            PerDirection::from_fn(|way| {
                let meters = meters.clone();
                let counts = meters.map(|meter| counters(meter)[way].load(Ordering::Relaxed));
                counts.sum()
            })
        };
        let losses = |way: Direction| {
            let losses = meters.clone().map(|meter| meter.losses[way].get());
            losses.fold(Losses::default(), Losses::plus)
        };
        let added = |way| {
            let histograms = meters.clone().map(|meter| &meter.added[way]);
            Counts::of(histograms, last.map(|last| &last.added[way]))
        };
        let [delivered, writes, changed] = [
            sum(|meter| &meter.delivered),
            sum(|meter| &meter.writes),
            sum(|meter| &meter.changed),
        ];
        let (added, losses) = (PerDirection::from_fn(added), PerDirection::from_fn(losses));
        let feels = meters.map(|meter| &meter.feels);
        Sample {
            at,
            waits: None,
            delivered,
            added,
            feels: Counts::of(feels, last.map(|last| &last.feels)),
            losses,
            writes,
            changed,
            counted,
        }
    }

    /// Adds a point to the history every half second.
    fn point(&mut self, sample: Sample) {
        let Some(last) = &self.last_point else {
            self.last_point = Some(sample);
            return;
        };
        let span = sample.at.saturating_sub(last.at);
        // A beat comes a little early or late: the nearest one makes the point.
        if span.saturating_add(Duration::from_millis(50)) < History::STEP {
            return;
        }
        let more = |now: u64, before: u64| u32::try_from(now - before).unwrap_or(u32::MAX);
        let gave_up = more(sample.counted.gave_up, last.counted.gave_up);
        let point = Point {
            at: sample.at,
            feels: sample.feels.since(&last.feels).map(|feels| feels.p50),
            waits: sample.waits,
            rates: sample.rates_since(last),
            failed: more(sample.counted.failed, last.counted.failed).saturating_add(gave_up),
            left: more(sample.counted.left, last.counted.left).saturating_add(gave_up),
            cut: more(sample.counted.cut, last.counted.cut),
            losses: PerDirection::from_fn(|way| sample.losses[way].since(last.losses[way])),
            changed: PerDirection::from_fn(|way| more(sample.changed[way], last.changed[way])),
        };
        let history = Arc::make_mut(&mut self.history);
        if history.points.len() == History::LEN {
            history.points.pop_front();
        }
        history.points.push_back(point);
        self.last_point = Some(sample);
    }
}

// === impl Figures ===

impl Figures {
    /// Whether they change although nothing more is counted, because the last second goes by.
    pub(crate) fn moves(&self) -> bool {
        self.rates.iter().any(|rate| *rate > 0.0) || self.added != PerDirection::default()
    }
}

// === impl Sample ===

impl Sample {
    /// Whether anything was counted between the two.
    fn differs(&self, other: &Self) -> bool {
        let totals = |sample: &Self| {
            let added = sample.added.map_ref(Counts::total);
            (
                sample.delivered,
                added,
                sample.feels.total(),
                sample.losses,
                sample.counted,
            )
        };
        totals(self) != totals(other)
    }

    /// What clients met since an earlier one.
    pub(crate) fn met_since(&self, before: &Self) -> Met {
        let feels = self.feels.since(&before.feels);
        let span = self.at.saturating_sub(before.at);
        let answers = feels.map_or(0, |feels| feels.count) as f64;
        let counted =
            |of: fn(&Counted) -> u64| of(&self.counted).saturating_sub(of(&before.counted));
        Met {
            feels,
            answers: answers / span.as_secs_f64().max(f64::MIN_POSITIVE),
            failed: counted(|counted| counted.failed),
            cut: counted(|counted| counted.cut),
            span,
        }
    }

    /// What clients met since then without faults, where there were answers.
    pub(crate) fn clean_since(&self, before: &Self, met: &Met, feels: Spread) -> Clean {
        Clean {
            feels,
            answers: met.answers,
            rates: self.rates_since(before),
            failed: met.failed,
            span: met.span,
            until: self.at,
        }
    }

    /// When it was taken.
    pub(crate) fn at(&self) -> Duration {
        self.at
    }

    /// The bytes per second since an earlier one.
    fn rates_since(&self, before: &Self) -> PerDirection<f64> {
        self.per_second(before, |sample| sample.delivered)
    }

    /// How much more was counted per second since an earlier one; none where no time has passed.
    fn per_second(&self, before: &Self, of: fn(&Self) -> PerDirection<u64>) -> PerDirection<f64> {
        let span = self.at.saturating_sub(before.at).as_secs_f64();
        let (now, before) = (of(self), of(before));
        PerDirection::from_fn(|way| {
            let more = now[way].saturating_sub(before[way]);
            if span > 0.0 { more as f64 / span } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::meter::histogram::add;

    /// The figures of a beat so long after the start; no connection has come to a bad end.
    fn beat_at(window: &mut Window, meter: &ProxyMeter, ms: u64) -> Figures {
        let at = Duration::from_millis(ms);
        let (figures, _) = window.beat(at, std::iter::once(meter), Counted::default(), None);
        figures
    }

    #[test]
    fn figures_are_those_of_the_last_second() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        let mut beat = |ms| beat_at(&mut window, &meter, ms);
        beat(0);
        meter.delivered.down.store(1_000, Ordering::Relaxed);
        meter.added.down.record(Duration::from_millis(250));
        let first = beat(100);
        assert!((first.rates.down - 10_000.0).abs() < 1.0, "{first:?}");
        assert_eq!(first.added.down.map(|added| added.count), Some(1));
        let half = beat(500);
        assert!((half.rates.down - 2_000.0).abs() < 1.0, "{half:?}");
        beat(1_000);
        let later = beat(1_600);
        assert!(
            later.rates.down < 1.0 && later.added.down.is_none(),
            "{later:?}"
        );
    }

    #[test]
    fn what_was_felt_last_stays_known() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        let mut beat = |ms| beat_at(&mut window, &meter, ms);
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
                Counted {
                    failed: beat,
                    left: 0,
                    gave_up: 0,
                    cut: 2 * beat,
                },
                None,
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

    #[test]
    fn a_minute_without_anything_leaves_nothing_and_what_comes_then_is_of_its_own_beat() {
        let meter = ProxyMeter::default();
        let mut window = Window::default();
        let at = |beat: u64| Duration::from_millis(beat * 100);
        window.beat(at(0), std::iter::once(&meter), Counted::default(), None);
        assert!(window.is_blank(), "it has seen nothing yet");
        add(&meter.delivered.down, 1_000);
        for beat in 1..=706 {
            window.beat(at(beat), std::iter::once(&meter), Counted::default(), None);
            assert!(!window.is_blank(), "beat {beat}");
        }
        let points = &window.history().points;
        assert!(points.iter().all(|point| point.rates.down < 1.0));
        window.beat(at(707), std::iter::once(&meter), Counted::default(), None);
        assert!(window.is_blank() && window.history().points.is_empty());
        // Beats are left out for an hour.
        add(&meter.delivered.down, 1_000);
        let looked = window.look(at(36_707), std::iter::once(&meter));
        let (figures, _) = window.beat(
            at(36_707),
            std::iter::once(&meter),
            Counted::default(),
            None,
        );
        for rates in [looked.rates, figures.rates] {
            assert!((rates.down - 10_000.0).abs() < 1.0, "{rates:?}");
        }
        let counted = Counted {
            failed: 1,
            ..Counted::default()
        };
        let (later, _) = window.beat(at(36_712), std::iter::once(&meter), counted, None);
        assert!((later.rates.down - 1_666.0).abs() < 1.0, "{later:?}");
        let history = window.history();
        assert_eq!((history.points.len(), history.points[0].failed), (1, 1));
    }
}
