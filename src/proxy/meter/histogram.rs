//! Times counted in buckets: one thread writes, the collector reads.
//!
//! The counts that a worker writes are plain counters, since the data path takes no lock. They begin anew where they do not
//! fit, so only the difference of two moments says anything: the collector makes an HDR histogram of it.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::snapshot::Spread;

/// Sub-buckets of each power of two: a bucket is at most 1/128 of its value wide. They are those of a High Dynamic Range
/// Histogram with two significant digits, so that counts go over into one as they are.
const SUB: u32 = 128;
/// That precision, in the digits that it is told in.
const DIGITS: u8 = 2;
/// The longest time that is told apart, in microseconds.
const MOST: u64 = u32::MAX as u64;
/// Values from 0 to 2^32 microseconds.
const BUCKETS: usize = 26 * SUB as usize;

/// Times in buckets whose width is at most 1/128 of their value, from 1 µs to 71 minutes.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: Box<[AtomicU32]>,
    total: AtomicU64,
}

/// What several histograms had counted at one moment. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    total: u64,
    /// Bucket by bucket; none where nothing had been counted yet.
    buckets: Arc<[u32]>,
}

/// Adds to a counter that only this thread writes.
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(n),
        Ordering::Relaxed,
    );
}

// === impl Histogram ===

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
            total: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one time; only one task at a time may.
    pub(crate) fn record(&self, time: Duration) {
        let bucket = &self.buckets[bucket_of(time)];
        bucket.store(
            bucket.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
        add(&self.total, 1);
    }
}

// === impl Counts ===

impl Counts {
    /// What these histograms have counted by now; what they had at the `last` moment where that is all.
    pub(crate) fn of<'a>(
        histograms: impl Iterator<Item = &'a Histogram> + Clone,
        last: Option<&Self>,
    ) -> Self {
        let totals = histograms
            .clone()
            .map(|histogram| histogram.total.load(Ordering::Relaxed));
        let total = totals.sum();
        if let Some(last) = last
            && last.total == total
        {
            return last.clone();
        }
        let mut buckets = vec![0_u32; if total == 0 { 0 } else { BUCKETS }];
        for histogram in histograms {
            for (sum, bucket) in buckets.iter_mut().zip(&histogram.buckets) {
                *sum = sum.wrapping_add(bucket.load(Ordering::Relaxed));
            }
        }
        Self {
            total,
            buckets: buckets.into(),
        }
    }

    /// How many times.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The figures of what was counted since `before`, which counted a part of it: right unless a bucket counted 2^32 times in
    /// between. `None` where nothing was.
    pub(crate) fn since(&self, before: &Self) -> Option<Spread> {
        if self.total == before.total {
            return None;
        }
        let counts = hdrhistogram::Histogram::new_with_bounds(1, MOST, DIGITS);
        let mut counts = counts.expect("the bounds are in order");
        let before = before.buckets.iter().chain(iter::repeat(&0));
        for ((now, then), bucket) in self.buckets.iter().zip(before).zip(0..) {
            let count = now.wrapping_sub(*then);
            if count > 0 {
                counts.saturating_record_n(least_of(bucket), count);
            }
        }
        let at = |q| quantile(&counts, q);
        // A bucket may be read before it counts what is in the total already.
        (!counts.is_empty()).then(|| Spread {
            count: counts.len(),
            p1: at(0.01),
            p50: at(0.5),
            p99: at(0.99),
        })
    }
}

/// The time below which this share of those counted lies: the middle of its bucket.
fn quantile(counts: &hdrhistogram::Histogram<u32>, q: f64) -> Duration {
    let micros = counts.value_at_quantile(q);
    let low = counts.lowest_equivalent(micros);
    let width = counts.next_non_equivalent(micros) - low;
    // Buckets of one microsecond stand for it, wider ones for what lies in them.
    Duration::from_nanos(low * 1_000 + if width > 1 { width * 500 } else { 0 })
}

fn bucket_of(time: Duration) -> usize {
    let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
    if micros < SUB {
        return micros as usize;
    }
    // 2^(6+power) <= micros: the six bits behind the leading one choose the sub-bucket.
    let power = micros.ilog2() - SUB.ilog2();
    let sub = (micros >> power) - SUB;
    ((power + 1) * SUB + sub) as usize
}

fn least_of(bucket: u32) -> u64 {
    if bucket < SUB {
        return u64::from(bucket);
    }
    let power = bucket / SUB - 1;
    u64::from(SUB + bucket % SUB) << power
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of all that a histogram has counted.
    fn spread(histogram: &Histogram) -> Spread {
        let nothing = Counts::of(iter::empty(), None);
        let counts = Counts::of(iter::once(histogram), None);
        counts.since(&nothing).expect("something was counted")
    }

    #[test]
    fn every_time_is_found_again_within_a_hundredth() {
        for micros in [
            0,
            1,
            63,
            64,
            65,
            127,
            128,
            1_000,
            25_000,
            250_000,
            1_234_567,
            3_600_000_000,
        ] {
            let histogram = Histogram::default();
            histogram.record(Duration::from_micros(micros));
            let found = spread(&histogram).p50.as_nanos() as f64 / 1e3;
            assert!(
                (found - micros as f64).abs() <= micros as f64 * 0.01 + 0.5,
                "{micros} us read as {found} us"
            );
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_counted() {
        let histogram = Histogram::default();
        for ms in 1..=100 {
            histogram.record(Duration::from_millis(ms));
        }
        let spread = spread(&histogram);
        let (median, p99) = (spread.p50.as_secs_f64(), spread.p99.as_secs_f64());
        assert!(
            (median / 0.05 - 1.0).abs() < 0.01 && (p99 / 0.099 - 1.0).abs() < 0.01,
            "{median} {p99}"
        );
    }

    #[test]
    fn a_bucket_that_began_anew_is_counted_on() {
        let time = Duration::from_micros(1);
        let (first, second) = (Histogram::default(), Histogram::default());
        // Two workers whose counts, and their sum, do not fit any more.
        for histogram in [&first, &second] {
            histogram.buckets[bucket_of(time)].store(u32::MAX - 1, Ordering::Relaxed);
        }
        first.total.store(1, Ordering::Relaxed);
        let moment = || Counts::of([&first, &second].into_iter(), None);
        let before = moment();
        for _ in 0..3 {
            first.record(time);
        }
        let spread = moment().since(&before);
        assert_eq!(
            spread.map(|spread| (spread.count, spread.p50)),
            Some((3, time))
        );
    }
}
