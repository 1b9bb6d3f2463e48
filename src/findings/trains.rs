//! Trains: the attempts of one failed request in a row, and what their pauses have in common.

use std::fmt;
use std::time::Duration;

use super::group::{Width, clusters, median};
use super::tries_again::Failure;
use crate::snapshot::Finding;

/// Attempts that belong together.
#[derive(Debug, Default)]
pub(super) struct Trains {
    /// How many attempts those trains had that came to their end.
    pub(super) complete: Vec<u32>,
    /// From each attempt's start to the next one's.
    pub(super) gaps: Vec<Duration>,
    /// The pauses of each train, in their order.
    pauses: Vec<Vec<Duration>>,
}

/// How pauses grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Law {
    /// How many times as long as the one before each is.
    pub(super) factor: f64,
    /// Whether they are drawn by chance.
    jitter: bool,
}

/// So many trains tell how pauses grow that are drawn by chance.
const MANY: usize = 20;

/// So many show that their pauses are drawn by chance.
const SOME: usize = 8;

// === impl Trains ===

impl Trains {
    /// Links failures, in the order of their ends: to the first that `follows` and that none before it has taken. One that
    /// is not linked ends a train unless it `goes_on`: its retry has not failed, or has not come yet.
    pub(super) fn linked(
        failures: &[&Failure],
        follows: impl Fn(&Failure, &Failure) -> bool,
        goes_on: impl Fn(&Failure) -> bool,
    ) -> Self {
        let mut next: Vec<Option<usize>> = vec![None; failures.len()];
        let mut taken = vec![false; failures.len()];
        for (index, failure) in failures.iter().enumerate() {
            let mut later = index + 1..failures.len();
            let found = later.find(|later| !taken[*later] && follows(failure, failures[*later]));
            if let Some(found) = found {
                next[index] = Some(found);
                taken[found] = true;
            }
        }
        let mut trains = Self::default();
        for head in (0..failures.len()).filter(|index| !taken[*index]) {
            let mut attempts = 1;
            let mut at = head;
            let mut pauses = Vec::new();
            while let Some(then) = next[at] {
                trains
                    .gaps
                    .push(failures[then].start.saturating_sub(failures[at].start));
                pauses.push(failures[then].start.saturating_sub(failures[at].end));
                attempts += 1;
                at = then;
            }
            if !goes_on(failures[at]) {
                trains.complete.push(attempts);
                trains.pauses.push(pauses);
            }
        }
        trains
    }

    /// How many more attempts the trains have after the first one, where nearly all have as many.
    pub(super) fn attempts(&self) -> Option<u32> {
        let attempts = median(
            self.complete
                .iter()
                .map(|n| Duration::from_secs((*n).into())),
        );
        let attempts = u32::try_from(attempts.as_secs()).ok()?;
        let alike = self.complete.iter().filter(|n| **n == attempts).count();
        let enough = alike >= Finding::CASES && alike * 10 >= self.complete.len() * 8;
        (enough && attempts > 1 && !self.is_torn(attempts as usize - 1)).then(|| attempts - 1)
    }

    /// Whether trains of so many pauses may be pieces of longer ones: a pause that looks like the caller's own tears them, and
    /// what is first in one piece is last in another. Pauses that are alike in each train show that they are whole; those that
    /// chance draws do where they are many and of no few kinds.
    fn is_torn(&self, pauses: usize) -> bool {
        let trains: Vec<_> = self.trains_of(pauses).collect();
        (0..pauses).any(|place| {
            let times: Vec<Duration> = trains.iter().map(|pauses| pauses[place]).collect();
            let middle = median(times.iter().copied());
            let alike = times
                .iter()
                .filter(|time| Width::TIMER.joins(**time, middle));
            let kinds = clusters(&times, Width::TIMER);
            let explained: usize = kinds.iter().map(Vec::len).sum();
            let of_kinds = kinds.len() > 1 && explained * 10 >= times.len() * 8;
            alike.count() * 10 < times.len() * 8 && (times.len() < SOME || of_kinds)
        })
    }

    fn trains_of(&self, pauses: usize) -> impl Iterator<Item = &Vec<Duration>> {
        self.pauses
            .iter()
            .filter(move |train| train.len() == pauses)
    }

    /// How the pauses grow, where they do: of three pauses and more, since twice and plus one are alike before.
    pub(super) fn law(&self) -> Option<Law> {
        let attempts = self.attempts()? as usize;
        let trains: Vec<&Vec<Duration>> = self.trains_of(attempts).collect();
        let places: Vec<Vec<Duration>> = (0..attempts)
            .map(|place| trains.iter().map(|pauses| pauses[place]).collect())
            .collect();
        let middles: Vec<Duration> = places.iter().map(|it| median(it.iter().copied())).collect();
        let first = middles
            .first()
            .filter(|first| !first.is_zero() && attempts >= 3)?;
        let whole = middles[attempts - 1].as_secs_f64() / first.as_secs_f64();
        let factor = whole.powf(1.0 / (attempts - 1) as f64);
        let narrow = |(place, middle): (&Vec<Duration>, &Duration)| {
            place
                .iter()
                .all(|pause| Width::TIMER.joins(*pause, *middle))
        };
        let jitter = !places.iter().zip(&middles).all(narrow);
        let slack = if jitter { 0.5 } else { 0.1 };
        let steady = middles.windows(2).all(|pair| {
            let step = pair[1].as_secs_f64() / pair[0].as_secs_f64().max(1e-9);
            (step / factor - 1.0).abs() < slack
        });
        let enough = if jitter { MANY } else { Finding::CASES };
        let grows = factor > 1.3 && steady && trains.len() >= enough;
        grows.then_some(Law { factor, jitter })
    }
}

/// Behind the pauses: `, each x2.0 the one before`.
impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.jitter {
            write!(f, ", by chance and growing about x{:.1}", self.factor)
        } else {
            write!(f, ", each x{:.1} the one before", self.factor)
        }
    }
}
