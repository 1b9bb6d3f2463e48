//! Trains: the attempts of one failed request in a row, and what their pauses have in common.

use std::time::Duration;

use super::attempts::Failure;
use super::group::{Width, clusters, median, near_middle};
use crate::snapshot::Finding;

/// Attempts that belong together.
#[derive(Debug, Default)]
pub(super) struct Trains {
    /// From each attempt's start to the next one's.
    pub(super) gaps: Vec<Duration>,
    /// Those that came to their end.
    complete: Vec<Train>,
}

/// The attempts of a failed request.
#[derive(Debug)]
struct Train {
    /// The pauses between them, and from each start to the next.
    pauses: Vec<Duration>,
    apart: Vec<Duration>,
    /// Whether all its times are known exactly.
    exact: bool,
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
            let mut at = head;
            let mut train = Train {
                pauses: Vec::new(),
                apart: Vec::new(),
                exact: failures[head].exact,
            };
            while let Some(then) = next[at] {
                let (before, after) = (failures[at], failures[then]);
                train.exact &= after.exact;
                train.apart.push(after.start.saturating_sub(before.start));
                train.pauses.push(after.start.saturating_sub(before.end));
                at = then;
            }
            trains.gaps.extend(&train.apart);
            if !goes_on(failures[at]) {
                trains.complete.push(train);
            }
        }
        trains
    }

    /// How many more attempts the trains have after the first one, where nearly all have as many.
    pub(super) fn more(&self) -> Option<usize> {
        let mut all: Vec<usize> = self.complete.iter().map(|it| it.pauses.len()).collect();
        all.sort_unstable();
        let more = *all.get(all.len() / 2)?;
        let alike = all.iter().filter(|it| **it == more).count();
        let enough = alike >= Finding::CASES && alike * 10 >= all.len() * 8;
        (enough && more > 0 && !self.is_torn(more)).then_some(more)
    }

    /// How many came to their end.
    pub(super) fn complete(&self) -> usize {
        self.complete.len()
    }

    /// Whether trains of so many pauses may be pieces of longer ones: a pause that looks like the caller's own tears them, and
    /// what is first in one piece is last in another. Pauses that are alike in each train show that they are whole; those that
    /// chance draws do where they are many and of no few kinds.
    fn is_torn(&self, more: usize) -> bool {
        self.pauses(more).iter().any(|times| {
            let kinds = clusters(times, Width::LAZY);
            let explained: usize = kinds.iter().map(Vec::len).sum();
            let of_kinds = kinds.len() > 1 && explained * 10 >= times.len() * 8;
            near_middle(times) * 10 < times.len() * 8 && (times.len() < SOME || of_kinds)
        })
    }

    /// The pauses of those trains that have so many, by their places.
    pub(super) fn pauses(&self, more: usize) -> Vec<Vec<Duration>> {
        by_place(self.complete.iter().map(|it| &it.pauses), more)
    }

    /// The pauses of those whose times are known exactly, likewise.
    pub(super) fn exact_pauses(&self, more: usize) -> Vec<Vec<Duration>> {
        by_place(self.exact().map(|it| &it.pauses), more)
    }

    /// From each start to the next in those trains that have so many pauses and whose times are known exactly, by their places: where
    /// nearly all of one place are alike, those, since a busy machine is late now and then.
    pub(super) fn gaps_of(&self, more: usize) -> Vec<Vec<Duration>> {
        let mut places = by_place(self.exact().map(|it| &it.apart), more);
        for place in &mut places {
            let middle = median(place.iter().copied());
            if near_middle(place) * 10 >= place.len() * 8 {
                place.retain(|gap| Width::TIMER.joins(*gap, middle));
            }
        }
        places
    }

    fn exact(&self) -> impl Iterator<Item = &Train> {
        self.complete.iter().filter(|it| it.exact)
    }
}

/// The times of those that have so many, by their places.
fn by_place<'a>(
    trains: impl Iterator<Item = &'a Vec<Duration>>,
    many: usize,
) -> Vec<Vec<Duration>> {
    let of_them: Vec<_> = trains.filter(|times| times.len() == many).collect();
    let place = |place| of_them.iter().map(|times| times[place]).collect();
    (0..many).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more attempts trains of one pause each are said to have.
    fn more_of(millis: &[u64]) -> Option<usize> {
        let train = |pause: &u64| Train {
            pauses: vec![Duration::from_millis(*pause)],
            apart: vec![Duration::from_millis(*pause)],
            exact: true,
        };
        let trains = Trains {
            complete: millis.iter().map(train).collect(),
            ..Trains::default()
        };
        trains.more()
    }

    #[test]
    fn pieces_of_trains_are_no_trains() {
        assert_eq!(more_of(&[400; 10]), Some(1));
        // The first and the last of three pauses, the middle one looking like the caller's own; on a busy machine they vary.
        let torn = [0, 816, 1, 850, 2, 892, 0, 835, 1, 870];
        assert_eq!(more_of(&torn), None);
        // Chance draws from nothing up to the whole.
        let drawn = [20, 90, 170, 260, 330, 410, 480, 570, 640, 720];
        assert_eq!(more_of(&drawn), Some(1));
    }
}
