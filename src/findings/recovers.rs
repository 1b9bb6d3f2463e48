//! Recovers: how long after a fault has ended the answers are as many and as quick as they were before it.
//!
//! Before is the last ten seconds without a fault. Back is the first tenth of a second from which on a whole second has nine in ten
//! of the answers, or as many as the poorest second before, and a middle wait within a tenth, or as good as the worst. It is told of
//! the last fault only, and only where that fault was felt.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::faults::NONE;
use super::group::{Last, median};
use super::watch::{Sight, Watch};
use super::wording::time;
use crate::snapshot::{Figure, Finding, Habit};

/// The course of answers before, under and after the last fault.
#[derive(Debug, Default)]
pub(super) struct Recovers {
    /// The last tenths of a second.
    tenths: Last<Tenth, 110>,
    before: Option<Before>,
    fault: Option<Ended>,
    told: Option<Finding>,
}

/// The answers of a tenth of a second.
#[derive(Debug)]
struct Tenth {
    number: u64,
    answers: usize,
    waits: Vec<Duration>,
}

/// What was before a fault, a second.
#[derive(Clone, Copy, Debug)]
struct Before {
    answers: usize,
    poorest: usize,
    wait: Duration,
    worst: Duration,
}

/// A fault that ended.
#[derive(Debug)]
struct Ended {
    at: Duration,
    under: Arc<str>,
    felt: bool,
}

/// So many waits of a tenth are kept.
const WAITS: usize = 16;

/// Fewer answers a second tell nothing.
const FEWEST: usize = 5;

/// For so long after a fault it is waited.
const LONGEST: Duration = Duration::from_secs(60);

fn tenth(at: Duration) -> u64 {
    u64::try_from(at.as_millis() / 100).unwrap_or(u64::MAX)
}

// === impl Recovers ===

impl Watch for Recovers {
    fn see(&mut self, sight: &Sight<'_>) {
        if let Some(Step::Answered { waited }) = sight.step {
            self.answered(sight.fact.at, *waited);
        }
    }

    fn faults(&mut self, at: Duration, book: &Book) {
        let (since, under) = book.faults.at(at);
        let earlier = book
            .faults
            .at(since.saturating_sub(Duration::from_nanos(1)))
            .1;
        if since != at {
            return;
        }
        match (**earlier != *NONE, **under != *NONE) {
            (false, true) => {
                self.before = self.before(at);
                self.fault = None;
            }
            (true, false) => {
                let last = self.second(tenth(at).saturating_sub(10));
                let felt = self
                    .before
                    .is_some_and(|before| !before.is_as(&last, 0.7, 1.5));
                self.fault = Some(Ended {
                    at,
                    under: Arc::clone(earlier),
                    felt,
                });
            }
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        found.extend(self.told.clone());
    }
}

impl Recovers {
    fn answered(&mut self, at: Duration, waited: Duration) {
        let number = tenth(at);
        let last = self.tenths.iter().next_back();
        if last.is_none_or(|last| last.number != number) {
            self.looks_back(number);
            self.tenths.push(Tenth {
                number,
                answers: 0,
                waits: Vec::new(),
            });
        }
        let Some(last) = self.tenths.iter_mut().next_back() else {
            return;
        };
        last.answers += 1;
        if last.waits.len() < WAITS {
            last.waits.push(waited);
        }
    }

    /// The answers of the second from a tenth on.
    fn second(&self, from: u64) -> Before {
        let tenths: Vec<&Tenth> = self
            .tenths
            .iter()
            .filter(|tenth| (from..from + 10).contains(&tenth.number))
            .collect();
        let answers = tenths.iter().map(|tenth| tenth.answers).sum();
        let wait = median(tenths.iter().flat_map(|tenth| tenth.waits.iter().copied()));
        Before {
            answers,
            poorest: answers,
            wait,
            worst: wait,
        }
    }

    /// The ten seconds before `at`.
    fn before(&self, at: Duration) -> Option<Before> {
        let first = tenth(at).checked_sub(100)?;
        let seconds: Vec<Before> = (0..10)
            .map(|second| self.second(first + second * 10))
            .collect();
        let answers = seconds.iter().map(|second| second.answers).sum::<usize>() / 10;
        Some(Before {
            answers,
            poorest: seconds.iter().map(|second| second.answers).min()?,
            wait: median(seconds.iter().map(|second| second.wait)),
            worst: seconds.iter().map(|second| second.wait).max()?,
        })
    }

    /// Whether a second that is over by the tenth `now` was as it was before.
    fn looks_back(&mut self, now: u64) {
        let (Some(before), Some(fault)) = (self.before, &self.fault) else {
            return;
        };
        if !fault.felt || before.answers < FEWEST {
            return;
        }
        let first = tenth(fault.at);
        let back = (first..now.saturating_sub(9)).find_map(|from| {
            let second = self.second(from);
            before.is_as(&second, 0.9, 1.1).then_some((from, second))
        });
        let late = now > first + tenth(LONGEST);
        if let Some((from, second)) = back {
            let took = Duration::from_millis((from - first) * 100);
            self.told = Some(Finding::new(
                (Habit::Recovers, "after a fault"),
                format!(
                    "recovers {} after the fault ends: {} answers a second again, {} before",
                    if took.is_zero() {
                        "within 100 ms".to_owned()
                    } else {
                        time(took)
                    },
                    second.answers,
                    before.answers
                ),
                &fault.under,
                (second.answers, second.answers),
                vec![("after", Figure::Time(took))],
                [],
            ));
        }
        if back.is_some() || late {
            self.fault = None;
        }
    }
}

// === impl Before ===

impl Before {
    /// Whether a second has this share of the answers, and waits that are so many times as long at most.
    fn is_as(&self, second: &Self, share: f64, times: f64) -> bool {
        let answers = (self.answers as f64 * share).min(self.poorest as f64);
        let wait = self.wait.mul_f64(times).max(self.worst);
        second.answers as f64 >= answers && second.wait <= wait
    }
}
