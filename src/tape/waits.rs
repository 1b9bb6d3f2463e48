//! How long requests waited, counted by length.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Waits by their length: microseconds, and how many were that long. Lengths are told apart by 1/128 of themselves, as the
/// engine's own counters do, so that waits of many seconds come to exact quantiles when they are put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Waits(BTreeMap<u64, u64>);

/// How many of a number's leading binary digits are kept.
const DIGITS: u32 = 8;

// === impl Waits ===

impl Waits {
    /// Counts one.
    pub fn count(&mut self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let width = (u64::BITS - micros.leading_zeros()).saturating_sub(DIGITS);
        // The middle of those that are told as one.
        let middle = (1_u64 << width) >> 1;
        let micros = (micros >> width << width).saturating_add(middle);
        *self.0.entry(micros).or_default() += 1;
    }

    /// Counts those of another.
    pub fn add(&mut self, other: &Self) {
        for (micros, count) in &other.0 {
            let sum = self.0.entry(*micros).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        let counts = self.0.values().copied();
        counts.fold(0, u64::saturating_add)
    }

    /// How many lengths are told apart in it.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The wait that a share of them does not exceed, 0.5 for the median; `None` where there is none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (self.total() as f64 * share.clamp(0.0, 1.0))
            .ceil()
            .max(1.0);
        let mut sum = 0_u64;
        let at = self.0.iter().find(|(_, count)| {
            sum = sum.saturating_add(**count);
            sum as f64 >= wanted
        });
        at.map(|(micros, _)| Duration::from_micros(*micros))
    }
}

impl From<Vec<(u64, u64)>> for Waits {
    fn from(pairs: Vec<(u64, u64)>) -> Self {
        let mut waits = Self::default();
        for (micros, count) in pairs.into_iter().filter(|(_, count)| *count > 0) {
            let sum = waits.0.entry(micros).or_default();
            *sum = sum.saturating_add(count);
        }
        waits
    }
}

impl From<Waits> for Vec<(u64, u64)> {
    fn from(waits: Waits) -> Self {
        waits.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_are_those_of_all_that_was_counted() {
        let (mut some, mut more) = (Waits::default(), Waits::default());
        (1..=90).for_each(|millis| some.count(Duration::from_millis(millis)));
        (91..=100).for_each(|millis| more.count(Duration::from_millis(millis)));
        some.add(&more);
        assert_eq!(some.total(), 100);
        for (share, millis) in [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let found = some.quantile(share).expect("some").as_secs_f64() * 1e3;
            assert!(
                (found / millis - 1.0_f64).abs() < 1.0 / 128.0,
                "{share}: {found}"
            );
        }
        assert_eq!(Waits::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_wait_is_told_to_a_128th_of_itself(micros in 0_u64..1 << 50) {
            let mut waits = Waits::default();
            waits.count(Duration::from_micros(micros));
            let told = waits.quantile(1.0).expect("one").as_micros() as f64;
            prop_assert!((told - micros as f64).abs() <= micros as f64 / 128.0);
        }

        #[test]
        fn what_is_written_reads_back(lengths in proptest::collection::vec(0_u64..10_000_000, 0..40)) {
            let mut waits = Waits::default();
            for micros in &lengths {
                waits.count(Duration::from_micros(*micros));
            }
            let text = serde_json::to_string(&waits).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Waits>(&text).expect("waits"), waits);
        }
    }
}
