//! How findings state times and counts.

use std::fmt;
use std::time::Duration;

use super::faults::UPSTREAM;
pub(super) use crate::format::figures::stated_time as time;

/// The shortest and the longest of some times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

/// After what failure it was: `reset`, `it gave up`, `the upstream broke off`.
pub(super) fn after_failure(under: &str, given_up: bool) -> &str {
    match under {
        _ if given_up => "it gave up",
        UPSTREAM => "the upstream broke off",
        kind => kind,
    }
}

/// `1 connection`, `3 connections`.
pub(super) fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

// === impl Range ===

impl Range {
    /// The range of some times; nothing where there are none.
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Option<Self> {
        times.into_iter().fold(None, |range: Option<Self>, time| {
            let range = range.unwrap_or(Self {
                least: time,
                most: time,
            });
            Some(Self {
                least: range.least.min(time),
                most: range.most.max(time),
            })
        })
    }
}

/// `1.98–2.03 s`, `210–340 ms`: in the unit of the longest, to a hundredth of it.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.most.as_secs_f64() >= 0.9995;
        let [least, most] = [self.least, self.most].map(|time| {
            let (number, unit) = if seconds { (1.0, "s") } else { (1e3, "ms") };
            let number = time.as_secs_f64() * number;
            let places = match number {
                few if few < 9.995 => 2,
                some if some < 99.95 => 1,
                _ => 0,
            };
            (format!("{number:.places$}"), unit)
        });
        if least == most {
            write!(f, "{} {}", most.0, most.1)
        } else {
            write!(f, "{}–{} {}", least.0, most.0, most.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_told_in_one_unit() {
        let millis = Duration::from_millis;
        for (least, most, text) in [
            (1_980, 2_030, "1.98–2.03 s"),
            (2_000, 2_001, "2.00 s"),
            (12, 340, "12.0–340 ms"),
            (500, 1_500, "0.50–1.50 s"),
            (29_900, 30_110, "29.9–30.1 s"),
        ] {
            let range = Range {
                least: millis(least),
                most: millis(most),
            };
            assert_eq!(range.to_string(), text);
        }
    }

    #[test]
    fn a_time_has_a_digit_behind_the_point_below_ten_seconds() {
        for (micros, text) in [
            (2_000_400, "2.0 s"),
            (500_000, "500 ms"),
            (30_010_000, "30 s"),
            (998_000, "1.0 s"),
        ] {
            assert_eq!(time(Duration::from_micros(micros)), text);
        }
    }
}
