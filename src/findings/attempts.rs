//! Attempts: those that failed and the answers of health, each with what followed it. What a client does after failures is read
//! from the two beside one another.

use std::sync::Arc;
use std::time::Duration;

use super::followers::Followers;
use super::wording::after_failure;
use crate::snapshot::{ConnId, Figure, Finding, Habit};

/// An attempt that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) conn: ConnId,
    pub(super) start: Duration,
    pub(super) end: Duration,
    pub(super) under: Arc<str>,
    /// Whether its client ended it.
    pub(super) given_up: bool,
    /// Whether its client did nothing else at that time.
    pub(super) lonely: bool,
    pub(super) followers: Followers,
    /// When the first attempt began that a caller who failed here can have made: its connection has answered nobody since.
    pub(super) next: Option<Duration>,
    /// Whether its times are known exactly, and the pause up to that attempt.
    pub(super) exact: bool,
}

/// An answer in health.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) at: Duration,
    pub(super) lonely: bool,
    /// Until when what followed it was in health.
    pub(super) until: Duration,
    pub(super) followers: Followers,
}

/// What is known of one client: its failures of one kind, in the order of their ends, and its health.
pub(super) struct Evidence<'a> {
    pub(super) failures: Vec<&'a Failure>,
    pub(super) answers: Vec<&'a Answered>,
    /// When its last attempts in health began.
    pub(super) starts: Vec<Duration>,
}

/// So many answers in health have to be known before anything is told from what follows failures.
pub(super) const KNOWN: usize = 8;

// === impl Failure ===

impl Failure {
    /// How long the attempt lasted.
    pub(super) fn took(&self) -> Duration {
        self.end.saturating_sub(self.start)
    }

    /// For how long its caller paused then.
    pub(super) fn pause(&self) -> Option<Duration> {
        Some(self.next?.saturating_sub(self.end))
    }
}

// === impl Evidence ===

impl Evidence<'_> {
    /// Whether the client nearly always did one thing at a time.
    pub(super) fn is_lonely(&self) -> bool {
        let most = |n: usize, of: usize| n * 10 >= of * 8;
        let alone = self.answers.iter().filter(|answer| answer.lonely).count();
        let lonely = self.failures.iter().filter(|it| it.lonely).count();
        most(alone, self.answers.len()) && most(lonely, self.failures.len())
    }

    /// A finding that `n` cases show of `of`.
    pub(super) fn finding(
        &self,
        which: &'static str,
        says: &str,
        cases: (usize, usize),
        values: Vec<(&'static str, Figure)>,
    ) -> Finding {
        let under = &self.failures[0].under;
        let after = after_failure(under, self.failures[0].given_up);
        Finding::new(
            (Habit::TriesAgain, which),
            format!("tries again after {after}: {says}"),
            under,
            cases,
            values,
            self.failures.iter().rev().map(|failure| failure.conn),
        )
    }
}
