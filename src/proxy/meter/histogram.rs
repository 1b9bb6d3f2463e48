//! Times counted in buckets: one task writes, the collector reads.
//!
//! The counts that a worker writes are plain counters, since the data path takes no lock. They begin anew where they do not
//! fit, so only the difference of two moments says anything: the collector makes an HDR histogram of it.

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

/// What several histograms had counted at one moment, bucket by bucket.
#[derive(Clone, Debug)]
pub(crate) struct Counts(Vec<u32>);

/// What was counted between two moments.
#[derive(Clone, Debug)]
pub(crate) struct Interval(hdrhistogram::Histogram<u32>);

/// Adds to a counter that only this task writes.
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

    /// How many times were counted so far.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Adds what was counted so far.
    pub(crate) fn add_to(&self, counts: &mut Counts) {
        for (sum, bucket) in counts.0.iter_mut().zip(&self.buckets) {
            *sum = sum.wrapping_add(bucket.load(Ordering::Relaxed));
        }
    }
}

// === impl Counts ===

impl Counts {
    pub(crate) fn zero() -> Self {
        Self(vec![0; BUCKETS])
    }

    /// What was counted since `before`, which counted a part of it: right unless a bucket counted 2^32 times in between.
    pub(crate) fn since(&self, before: &Self) -> Interval {
        let counts = hdrhistogram::Histogram::new_with_bounds(1, MOST, DIGITS);
        let mut counts = counts.expect("the bounds are in order");
        for ((now, then), bucket) in self.0.iter().zip(&before.0).zip(0..) {
            let count = now.wrapping_sub(*then);
            if count > 0 {
                counts.saturating_record_n(least_of(bucket), count);
            }
        }
        Interval(counts)
    }
}

// === impl Interval ===

impl Interval {
    /// The figures that are shown; `None` where nothing was counted.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let count = self.0.len();
        let at = |q| self.quantile(q);
        (count > 0).then(|| Spread {
            count,
            p1: at(0.01),
            p50: at(0.5),
            p99: at(0.99),
        })
    }

    /// The time below which this share of those counted lies: the middle of its bucket.
    pub(crate) fn quantile(&self, q: f64) -> Duration {
        let micros = self.0.value_at_quantile(q);
        let low = self.0.lowest_equivalent(micros);
        let width = self.0.next_non_equivalent(micros) - low;
        // Buckets of one microsecond stand for it, wider ones for what lies in them.
        Duration::from_nanos(low * 1_000 + if width > 1 { width * 500 } else { 0 })
    }
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
            let mut counts = Counts::zero();
            histogram.add_to(&mut counts);
            let found = counts.since(&Counts::zero()).quantile(0.5).as_nanos() as f64 / 1e3;
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
        let mut counts = Counts::zero();
        histogram.add_to(&mut counts);
        let median = counts.since(&Counts::zero()).quantile(0.5).as_secs_f64();
        let p99 = counts.since(&Counts::zero()).quantile(0.99).as_secs_f64();
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
        let moment = || {
            let mut counts = Counts::zero();
            first.add_to(&mut counts);
            second.add_to(&mut counts);
            counts
        };
        let before = moment();
        for _ in 0..3 {
            first.record(time);
        }
        let spread = moment().since(&before).spread();
        assert_eq!(
            spread.map(|spread| (spread.count, spread.p50)),
            Some((3, time))
        );
    }
}
