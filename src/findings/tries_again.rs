//! Tries again: after an attempt that failed a client makes more.
//!
//! A retry and the caller's next request look alike. What tells them apart is the pace of health: a pause that follows failures
//! and no answer is a retry's. Callers of one address have no identity, so what is told of many is a pause that they have in
//! common; where one caller is alone its attempts form trains, and their pauses may vary. What is stated is the time from one
//! attempt's start to the next one's: a pause is known only where the client did not end the attempt itself.

use std::sync::Arc;
use std::time::Duration;

use super::attempts::{Answered, Evidence, Failure};
use super::book::{Book, Step};
use super::followers::Followers;
use super::group::Last;
use super::hedges::LOSER;
use super::watch::{Sight, Watch};
use super::{common_pause, one_caller};
use crate::snapshot::{Finding, Stall};

/// The attempts of one address that failed, and its answers in health, each with what followed it.
#[derive(Debug, Default)]
pub(super) struct TriesAgain {
    failures: Last<Failure, 256>,
    answers: Last<Answered, 256>,
    /// When the next answer in health may be taken in, and when an attempt last was.
    next_answer: Duration,
    last_start: Duration,
    /// When the last attempts in health began.
    starts: Last<Duration, 256>,
    /// When the last stall of the desk ended.
    stalled: Duration,
}

/// Answers in health are taken in so far apart: a few tell of the pace.
const APART: Duration = Duration::from_millis(200);

/// Where nothing has failed, attempts that begin so close together are taken in as one.
const AS_ONE: Duration = Duration::from_millis(2);

/// So many failures at most take in what follows them, and so many answers.
const FAILURES_FOLLOWED: usize = 48;
const ANSWERS_FOLLOWED: usize = 96;

// === impl TriesAgain ===

impl Watch for TriesAgain {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let under = match sight.step {
            None => return,
            Some(Step::Began) => return self.began(sight, conn.began),
            Some(Step::Answered { .. }) => {
                if at >= self.next_answer && sight.book.faults.clean(conn.began, at) {
                    self.next_answer = at + APART;
                    // What takes nothing in from here on has seen no further.
                    if let Some(last) = self.answers.iter_mut().nth_back(ANSWERS_FOLLOWED - 1) {
                        last.until = last.until.min(at);
                    }
                    self.answers.push(Answered {
                        at,
                        lonely: sight.book.is_alone(conn, at),
                        until: if at < self.stalled { at } else { Duration::MAX },
                        followers: Followers::default(),
                    });
                }
                return;
            }
            // The loser of a hedge has not failed: its request was answered.
            Some(Step::GivenUp { .. })
                if sight.book.answered_just_before(conn, at, LOSER).is_some() =>
            {
                return;
            }
            Some(Step::GivenUp { .. }) => Arc::clone(sight.book.faults.between(conn.began, at)),
            Some(Step::CutOff { under }) => Arc::clone(under),
        };
        if conn.requests == 0 {
            self.began(sight, conn.opened);
        }
        self.failures.push(Failure {
            conn: conn.id,
            start: conn.began,
            end: at,
            under,
            lonely: sight.book.is_alone(conn, at),
            given_up: matches!(sight.step, Some(Step::GivenUp { .. })),
            followers: Followers::default(),
            next: None,
            exact: sight.is_exact(),
        });
    }

    fn faults(&mut self, at: Duration, _: &Book) {
        for answer in self.answers.iter_mut() {
            answer.until = answer.until.min(at);
        }
    }

    fn stalled(&mut self, stall: Stall) {
        self.stalled = stall.to;
        for answer in self.answers.iter_mut().rev().take(ANSWERS_FOLLOWED) {
            answer.until = answer.until.min(stall.from);
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let key = |failure: &Failure| (Arc::clone(&failure.under), failure.given_up);
        let mut keys: Vec<(Arc<str>, bool)> = self.failures.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        for wanted in keys {
            let failures = self.failures.iter();
            let seen = Evidence {
                failures: failures.filter(|failure| key(failure) == wanted).collect(),
                answers: self.answers.iter().collect(),
                starts: self.starts.iter().copied().collect(),
            };
            let finding = if one_caller::is_one(&seen) {
                one_caller::told(&seen)
            } else {
                common_pause::told(&seen)
            };
            found.extend(finding);
        }
    }
}

impl TriesAgain {
    /// An attempt begins: it follows what failed or was answered before.
    fn began(&mut self, sight: &Sight<'_>, start: Duration) {
        let conn = sight.conn;
        if sight.book.faults.clean(start, sight.fact.at) {
            self.starts.push(start);
        }
        let failed = self.failures.iter().next_back();
        let failed = failed.is_some_and(|failure| failure.end + Followers::REACH > start);
        if !failed && start < self.last_start + AS_ONE {
            return;
        }
        self.last_start = start;
        for failure in self.failures.iter_mut().rev().take(FAILURES_FOLLOWED) {
            let Some(after) = start.checked_sub(failure.end) else {
                continue;
            };
            if failure.conn != conn.id {
                failure.followers.add(after);
                let fresh = conn.last_answer.is_none_or(|answer| answer < failure.start);
                if fresh && failure.next.is_none() {
                    failure.next = Some(start);
                    failure.exact &= sight.book.stalls.are_exact(failure.end, start);
                }
            }
        }
        for answer in self.answers.iter_mut().rev().take(ANSWERS_FOLLOWED) {
            let Some(after) = start.checked_sub(answer.at) else {
                continue;
            };
            if start < answer.until {
                answer.followers.add(after);
            }
        }
    }
}
