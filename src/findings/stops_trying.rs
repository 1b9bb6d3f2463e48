//! Stops trying: after failures a client makes no attempt for a while, then tries whether it works again.
//!
//! A breaker, no demand and a slow retry are told apart only by the pace before: the failures came at the pace of health, and the
//! silence is many times as long as any between them. It is counted from the last failure to the next attempt, and told only
//! where it is alike again and again.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::group::{Last, Width, clusters, median};
use super::watch::{Sight, Watch};
use super::wording::{Range, time};
use crate::snapshot::{ConnId, Figure, Finding, Habit};

/// The silences after failures.
#[derive(Debug, Default)]
pub(super) struct StopsTrying {
    silences: Last<Silence, 64>,
    /// From each of the last attempts in health to the next.
    healthy: Last<Duration, 64>,
    last_start: Option<Duration>,
    /// The failures since the last answer.
    row: Option<Row>,
}

/// Failures in a row, none answered between.
#[derive(Debug)]
struct Row {
    under: Arc<str>,
    failures: u32,
    last: Duration,
    /// Since the last silence: how many attempts, and the longest pause between two.
    attempts: u32,
    pause: Duration,
    /// Whether there was a silence.
    silent: bool,
}

/// No attempt, for this long.
#[derive(Debug)]
struct Silence {
    /// When the next attempt ended it.
    until: Duration,
    lasted: Duration,
    under: Arc<str>,
    probe: ConnId,
}

/// So many failures come before a silence.
const FAILURES: u32 = 3;

/// A silence is so many times as long as the pauses of health and those between the failures.
const TIMES: u32 = 8;

/// What is shorter is no silence.
const SHORTEST: Duration = Duration::from_secs(1);

/// Attempts that begin within this time begin at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// So many attempts at most try whether it works again.
const PROBES: u32 = 2;

// === impl StopsTrying ===

impl Watch for StopsTrying {
    fn see(&mut self, sight: &Sight<'_>) {
        let at = sight.fact.at;
        match sight.step {
            Some(Step::Began) => self.began(sight, at),
            Some(Step::Answered { .. }) => self.row = None,
            Some(Step::CutOff { under }) => {
                if sight.conn.requests == 0 {
                    self.began(sight, at);
                }
                self.failed(at, under);
            }
            Some(Step::GivenUp { .. }) => {
                self.failed(
                    at,
                    &Arc::clone(sight.book.faults.between(sight.conn.began, at)),
                );
            }
            None => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let silences: Vec<&Silence> = self.silences.iter().collect();
        let times: Vec<Duration> = silences.iter().map(|silence| silence.lasted).collect();
        let mut clusters = clusters(&times, Width::TIMER);
        clusters.retain(|members| members.len() * 10 >= silences.len() * 7);
        let Some(members) = clusters.pop() else {
            return;
        };
        let times = || members.iter().map(|index| silences[*index].lasted);
        let (lasts, n, of) = (median(times()), members.len(), silences.len());
        let range = Range::of(times()).expect("a cluster has members");
        found.push(Finding::new(
            (Habit::StopsTrying, "after failures"),
            format!(
                "stops trying for {} after failures, then tries again ({n} of {of}, {range})",
                time(lasts)
            ),
            &silences[members[0]].under,
            (n, of),
            vec![
                ("for", Figure::Time(lasts)),
                ("least", Figure::Time(range.least)),
                ("most", Figure::Time(range.most)),
            ],
            members.iter().rev().map(|index| silences[*index].probe),
        ));
    }
}

impl StopsTrying {
    fn began(&mut self, sight: &Sight<'_>, at: Duration) {
        let since = self
            .last_start
            .replace(at)
            .map(|last| at.saturating_sub(last));
        let Some(row) = &mut self.row else {
            let clean = sight.book.faults.clean(at.saturating_sub(SHORTEST), at);
            if let Some(since) = since.filter(|_| clean) {
                self.healthy.push(since);
            }
            return;
        };
        let healthy = median(self.healthy.iter().copied());
        row.attempts += 1;
        if row.silent && row.attempts == PROBES {
            // Many at once do not try whether it works: a program begins anew.
            self.silences.retain(|silence| silence.until + AT_ONCE < at);
        }
        let silence = at.saturating_sub(row.last);
        let pause = if row.silent {
            Duration::ZERO
        } else {
            row.pause
        };
        let quiet = since.is_some_and(|since| since >= silence);
        // Who rests for about as long in health goes by a schedule.
        let rests = self.healthy.iter().filter(|gap| **gap * 2 >= silence);
        let scheduled = rests.count() >= Finding::CASES;
        let long = silence >= SHORTEST && silence > healthy.max(pause) * TIMES && quiet;
        let long = long && !scheduled;
        let burst = if row.silent {
            row.attempts <= PROBES + 1
        } else {
            row.failures >= FAILURES
        };
        if long && burst && self.healthy.len() >= FAILURES as usize {
            if sight.is_exact_since(row.last) {
                self.silences.push(Silence {
                    until: at,
                    lasted: silence,
                    under: Arc::clone(&row.under),
                    probe: sight.conn.id,
                });
            }
            (row.silent, row.attempts) = (true, 0);
        } else {
            row.pause = row.pause.max(since.unwrap_or_default());
        }
    }

    fn failed(&mut self, at: Duration, under: &Arc<str>) {
        let row = self.row.get_or_insert_with(|| Row {
            under: Arc::clone(under),
            failures: 0,
            last: at,
            attempts: 0,
            pause: Duration::ZERO,
            silent: false,
        });
        row.failures += 1;
        row.last = at;
    }
}
