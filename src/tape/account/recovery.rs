//! How soon a proxy's clients were well again after its faults ended.

use std::collections::VecDeque;
use std::time::Duration;

use crate::tape::record::Second;
use crate::tape::waits::Waits;

/// How far back "before" reaches, in seconds.
const BEFORE: usize = 10;

/// A median wait that is longer by no more than this is as it was: between quick answers a tenth is chance.
const NOISE: Duration = Duration::from_millis(2);

/// So many ends of a proxy's faults are told.
pub(super) const RECOVERIES: usize = 2_000;

/// The end of the faults of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// When they ended.
    pub at: Duration,
    /// How long it took until clients waited no longer than before and had as many answers; `None` where that was not seen.
    pub took: Option<Duration>,
    /// For how long it was looked for.
    pub watched: Duration,
    /// Whether anything was asked meanwhile.
    pub asked: bool,
}

/// The ends of a proxy's faults, and what is watched after the last of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recoveries {
    /// Those that are watched no more.
    over: Vec<Recovery>,
    /// The last seconds without faults.
    clean: VecDeque<Second>,
    /// How it was before the faults that act now, where that is known, or before those that have just ended.
    before: Option<Baseline>,
    /// Since when no fault acts, where clients are not well again yet.
    recovering: Option<Duration>,
    /// Whether anything was asked since then.
    asked: bool,
}

/// How it was without faults.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Baseline {
    median: Duration,
    /// Answers a second.
    answers: f64,
}

// === impl Recoveries ===

impl Recoveries {
    /// Each end of faults, the one that is still watched at `end` among them.
    pub(super) fn at(&self, end: Duration) -> Vec<Recovery> {
        let watched = self.recovering.map(|at| self.missed(at, end));
        self.over.iter().copied().chain(watched).collect()
    }

    /// An end of faults after which clients were not well again by then.
    fn missed(&self, at: Duration, by: Duration) -> Recovery {
        Recovery {
            at,
            took: None,
            watched: by.saturating_sub(at),
            asked: self.asked,
        }
    }

    /// Faults begin to act.
    pub(super) fn faults_begin(&mut self, t: Duration) {
        if let Some(at) = self.recovering.take() {
            // It was not well again when the next ones came.
            self.keep(self.missed(at, t));
        } else {
            self.before = Baseline::of(&self.clean);
        }
        self.clean.clear();
    }

    /// No fault acts from now on.
    pub(super) fn faults_end(&mut self, t: Duration) {
        self.recovering = self.before.map(|_| t);
        self.asked = false;
    }

    /// Counts what clients met without faults in a second that ended at `t`.
    pub(super) fn count(&mut self, second: &Second, t: Duration) {
        if let Some((at, before)) = self.recovering.zip(self.before) {
            if t.saturating_sub(second.span / 2) < at {
                return;
            }
            self.asked |= second.is_asked();
            if !before.is_back(second) {
                return;
            }
            let took = t.saturating_sub(at);
            self.keep(Recovery {
                at,
                took: Some(took),
                watched: took,
                asked: true,
            });
            self.recovering = None;
        }
        self.clean.push_back(second.clone());
        if self.clean.len() > BEFORE {
            self.clean.pop_front();
        }
    }

    /// Keeps how an end of faults went; where there are too many, the one that was over soonest is let go.
    pub(super) fn keep(&mut self, recovery: Recovery) {
        self.over.push(recovery);
        if self.over.len() > RECOVERIES {
            let took = |it: &Recovery| it.took.unwrap_or(Duration::MAX);
            let over = self.over.iter().enumerate();
            let soonest = over.min_by_key(|(_, recovery)| took(recovery));
            if let Some((place, _)) = soonest {
                self.over.remove(place);
            }
        }
    }
}

// === impl Baseline ===

impl Baseline {
    /// How it was in these seconds, where there were answers enough to say so.
    fn of(seconds: &VecDeque<Second>) -> Option<Self> {
        let (mut waits, mut span) = (Waits::default(), Duration::ZERO);
        for second in seconds {
            waits.add(&second.waits);
            span += second.span;
        }
        let median = waits.quantile(0.5).filter(|_| waits.total() >= 3)?;
        let answers = waits.total() as f64 / span.as_secs_f64().max(0.001);
        Some(Self { median, answers })
    }

    /// Whether a second is as it was before: the median within a tenth or [`NOISE`], and as many answers, as far as so few can tell.
    fn is_back(&self, second: &Second) -> bool {
        let Some(median) = second.waits.quantile(0.5) else {
            return false;
        };
        let expected = self.answers * second.span.as_secs_f64();
        let enough = second.waits.total() as f64 >= 0.9 * expected - 2.0 * expected.sqrt();
        median <= self.median + NOISE.max(self.median / 10) && enough
    }
}
