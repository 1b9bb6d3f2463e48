//! Trains: the attempts of one failed request in a row, and what their pauses have in common.

use std::time::Duration;

use super::attempts::Failure;
use super::group::{Width, clusters, median, near_middle};
use crate::snapshot::Finding;

/// Attempts that belong together.
#[derive(Debug, Default)]
pub(super) struct Trains {
    /// How many attempts those trains had that came to their end.
    pub(super) complete: Vec<u32>,
    /// From each attempt's start to the next one's.
    pub(super) gaps: Vec<Duration>,
    /// The pauses of each train that came to its end, in their order, and from each start to the next.
    pauses: Vec<Vec<Duration>>,
    apart: Vec<Vec<Duration>>,
}

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
            let (mut pauses, mut apart) = (Vec::new(), Vec::new());
            while let Some(then) = next[at] {
                apart.push(failures[then].start.saturating_sub(failures[at].start));
                pauses.push(failures[then].start.saturating_sub(failures[at].end));
                attempts += 1;
                at = then;
            }
            trains.gaps.extend(&apart);
            if !goes_on(failures[at]) {
                trains.complete.push(attempts);
                trains.pauses.push(pauses);
                trains.apart.push(apart);
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
            let kinds = clusters(&times, Width::LAZY);
            let explained: usize = kinds.iter().map(Vec::len).sum();
            let of_kinds = kinds.len() > 1 && explained * 10 >= times.len() * 8;
            near_middle(&times) * 10 < times.len() * 8 && (times.len() < SOME || of_kinds)
        })
    }

    /// From each start to the next in those trains that have so many pauses.
    pub(super) fn gaps_of(&self, pauses: u32) -> Vec<Duration> {
        let of_them = self.apart.iter().filter(|it| it.len() == pauses as usize);
        of_them.flatten().copied().collect()
    }

    fn trains_of(&self, pauses: usize) -> impl Iterator<Item = &Vec<Duration>> {
        self.pauses
            .iter()
            .filter(move |train| train.len() == pauses)
    }

    /// The pauses of those trains that have so many, by their places.
    pub(super) fn places(&self, pauses: u32) -> Vec<Vec<Duration>> {
        let place = |place| {
            self.trains_of(pauses as usize)
                .map(|train| train[place])
                .collect()
        };
        (0..pauses as usize).map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more attempts trains of one pause each are said to have.
    fn attempts_of(millis: &[u64]) -> Option<u32> {
        let pauses = millis.iter().map(|it| vec![Duration::from_millis(*it)]);
        let trains = Trains {
            complete: vec![2; millis.len()],
            pauses: pauses.collect(),
            ..Trains::default()
        };
        trains.attempts()
    }

    #[test]
    fn pieces_of_trains_are_no_trains() {
        assert_eq!(attempts_of(&[400; 10]), Some(1));
        // The first and the last of three pauses, the middle one looking like the caller's own; on a busy machine they vary.
        let torn = [0, 816, 1, 850, 2, 892, 0, 835, 1, 870];
        assert_eq!(attempts_of(&torn), None);
        // Chance draws from nothing up to the whole.
        let drawn = [20, 90, 170, 260, 330, 410, 480, 570, 640, 720];
        assert_eq!(attempts_of(&drawn), Some(1));
    }
}
