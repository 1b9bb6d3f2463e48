//! Cancels: a client takes a request back on a connection of its own.
//!
//! So do PostgreSQL's clients: they open a second connection, send sixteen bytes, and are answered nothing. A protocol whose
//! ordinary requests have sixteen bytes answers them, and a message of sixteen bytes that has no answer comes at any moment: then
//! nothing is told.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, PATIENCE, Step};
use super::group::{Last, Width, median, moments};
use super::watch::{Sight, Watch};
use super::wording::time;
use crate::snapshot::{ConnId, Figure, Finding, Habit, Seen};

/// The cancels, and what looks like one and is none.
#[derive(Debug, Default)]
pub(super) struct Cancels {
    /// Those whose connections are open still.
    open: Last<Cancel, 64>,
    cases: Last<Cancel, 64>,
    /// How many first requests of as many bytes were answered, and how many came while only such waited as had at one before.
    answered: usize,
    idle: usize,
    last: Option<Duration>,
}

/// A first request that may take another one back.
#[derive(Clone, Debug)]
struct Cancel {
    conn: ConnId,
    at: Duration,
    /// For how long the only other request of its client had waited that it can mean.
    waited: Option<Duration>,
    under: Arc<str>,
}

/// So many bytes is a whole request to cancel.
pub(super) const CANCEL_BYTES: u64 = 16;

/// It comes so soon after its connection was opened.
const AT_ONCE: Duration = Duration::from_millis(50);

// === impl Cancels ===

impl Watch for Cancels {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        if conn.requests != 1 || conn.bytes != CANCEL_BYTES {
            return;
        }
        match (sight.fact.seen, sight.step) {
            (_, Some(Step::Answered { .. })) => self.answered += 1,
            (_, Some(Step::Began)) if conn.age(at) <= AT_ONCE => {
                let waits = sight.book.waits_beside(conn, at, PATIENCE);
                // What one before it took back waits no more.
                let last = self.last.replace(at);
                let new = waits
                    .iter()
                    .min()
                    .and_then(|waited| at.checked_sub(*waited));
                if new.is_some() && new <= last {
                    self.idle += 1;
                }
                let exact = |waited: &Duration| sight.is_exact_since(at.saturating_sub(*waited));
                if waits.iter().all(exact) && !waits.is_empty() {
                    self.open.push(Cancel {
                        conn: conn.id,
                        at,
                        waited: (waits.len() == 1).then(|| waits[0]),
                        under: Arc::clone(
                            sight.book.faults.between(at.saturating_sub(waits[0]), at),
                        ),
                    });
                }
            }
            (Seen::Left { .. } | Seen::Closed { .. }, _) if conn.answered == 0 => {
                let ended = self
                    .open
                    .iter()
                    .find(|cancel| cancel.conn == conn.id)
                    .cloned();
                if let Some(cancel) = ended {
                    self.open.retain(|open| open.conn != cancel.conn);
                    self.cases.push(cancel);
                }
            }
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let n = self.cases.len();
        let when = moments(self.cases.iter().map(|case| case.at));
        let Some(last) = self.cases.iter().next_back() else {
            return;
        };
        if (self.answered + self.idle) * 5 > n || when < Finding::CASES {
            return;
        }
        let waits: Vec<Duration> = self.cases.iter().filter_map(|case| case.waited).collect();
        let after = median(waits.iter().copied());
        let alike = waits
            .iter()
            .filter(|wait| Width::TIMER.joins(**wait, after))
            .count();
        // What comes at any moment of a wait has nothing to do with it, unless a person does it: that cannot be told.
        if alike < Finding::CASES || alike * 10 < n * 7 {
            return;
        }
        let (of, after_text) = (n + self.answered, time(after));
        found.push(Finding::new(
            (Habit::Cancels, "second connection"),
            format!(
                "cancels a request on a connection of its own after {after_text} ({n} of {of})"
            ),
            &last.under,
            (n, of),
            vec![("after", Figure::Time(after))],
            self.cases.iter().rev().map(|case| case.conn),
        ));
    }
}
