//! Times that are one: clusters among some, narrow and apart from the rest, as timers make them and people do not.

use std::collections::VecDeque;
use std::time::Duration;

use crate::snapshot::Finding;

/// The last of something, so many at most; the oldest gives way.
#[derive(Debug)]
pub(super) struct Last<T, const MOST: usize>(VecDeque<T>);

/// How wide a cluster may be: so many parts in a thousand of its times, and this much anyway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Width {
    pub(super) per_mille: u32,
    pub(super) least: Duration,
}

/// Moments that are closer are one: what ends at once shows nothing by ending alike.
const MOMENT: Duration = Duration::from_millis(100);

/// The clusters among `times`, each as the indices of its members in the order of their times: three members or more, within
/// `width`, and nearly nothing in the neighbourhood, so that they are not a piece of something broad.
pub(super) fn clusters(times: &[Duration], width: Width) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_unstable_by_key(|index| times[*index]);
    let mut found = Vec::new();
    let mut rests = vec![&order[..]];
    while let Some(rest) = rests.pop() {
        let Some((from, to)) = densest(times, rest, width) else {
            continue;
        };
        let members = &rest[from..to];
        let (first, last) = (times[members[0]], times[members[members.len() - 1]]);
        let margin = width.of(last);
        let near = order
            .iter()
            .map(|index| times[*index])
            .filter(|time| (first.saturating_sub(margin)..=last + margin).contains(time));
        if (near.count() - members.len()) * 5 <= members.len() {
            found.push(members.to_vec());
        }
        rests.extend([&rest[..from], &rest[to..]]);
    }
    found.sort_unstable_by_key(|members| times[members[0]]);
    found
}

/// Where in `rest` most times lie within `width`.
fn densest(times: &[Duration], rest: &[usize], width: Width) -> Option<(usize, usize)> {
    let mut best = (0, 0);
    let mut to = 0;
    for (from, first) in rest.iter().map(|index| times[*index]).enumerate() {
        while to < rest.len() && times[rest[to]] <= first + width.of(first) {
            to += 1;
        }
        if to - from > best.1 - best.0 {
            best = (from, to);
        }
    }
    (best.1 - best.0 >= Finding::CASES).then_some(best)
}

/// How many moments these are: those that follow one another at once are one.
pub(super) fn moments(times: impl IntoIterator<Item = Duration>) -> usize {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    let apart = times
        .windows(2)
        .filter(|pair| pair[1].saturating_sub(pair[0]) > MOMENT);
    times.len().min(1) + apart.count()
}

/// The time in the middle; zero where there are none.
pub(super) fn median(times: impl IntoIterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How many of some times are as near to the one in the middle as a timer's are.
pub(super) fn near_middle(times: &[Duration]) -> usize {
    let middle = median(times.iter().copied());
    let near = times
        .iter()
        .filter(|time| Width::TIMER.joins(**time, middle));
    near.count()
}

// === impl Width ===

impl Width {
    /// As exact as a timer is seen through a desk.
    pub(super) const TIMER: Self = Self {
        per_mille: 30,
        least: Duration::from_millis(20),
    };

    /// As exact as something is that is looked at now and then.
    pub(super) const LAZY: Self = Self {
        per_mille: 120,
        least: Duration::from_millis(50),
    };

    /// How wide a cluster at `time` may be.
    pub(super) fn of(self, time: Duration) -> Duration {
        self.least + time.saturating_mul(self.per_mille) / 1_000
    }

    /// Whether two times are as near as members of one cluster.
    pub(super) fn joins(self, one: Duration, two: Duration) -> bool {
        one.abs_diff(two) <= self.of(one.min(two))
    }
}

// === impl Last ===

impl<T, const MOST: usize> Default for Last<T, MOST> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T, const MOST: usize> Last<T, MOST> {
    pub(super) fn push(&mut self, item: T) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(item);
    }

    /// From the oldest to the newest.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_make_clusters_and_chance_does_not() {
        let ladder: Vec<u64> = (0..40).map(|step| 1_000 + step * 20).collect();
        for (millis, found) in [
            (vec![2_000, 1_990, 2_030, 500, 505, 9_000, 498], vec![3, 3]),
            (vec![100, 900, 1_700, 2_500], vec![]),
            (vec![2_000, 2_010], vec![]),
            (ladder, vec![]),
        ] {
            let times: Vec<Duration> = millis.into_iter().map(Duration::from_millis).collect();
            let sizes: Vec<usize> = clusters(&times, Width::TIMER)
                .iter()
                .map(Vec::len)
                .collect();
            assert_eq!(sizes, found);
        }
    }

    #[test]
    fn what_ends_at_once_is_one_moment() {
        let times = [5_000, 0, 90, 150, 400].map(Duration::from_millis);
        assert_eq!(moments(times), 3);
        assert_eq!(moments([]), 0);
    }
}
