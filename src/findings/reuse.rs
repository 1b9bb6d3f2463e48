//! Reuse: whether a client's other connections stay in use when one fails, or are all closed and made anew.
//!
//! A failure is a request that was cut off: who leaves by itself may have done its work. Told by those connections that had nothing to
//! do at that moment: one that is asked again shows that they stay in use; where they are closed soon instead, and others opened, they
//! do not. Where none is opened, a program may have ended; and where such connections are closed without a failure too, the failure may
//! have nothing to do with it.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, PATIENCE, Step};
use super::group::Last;
use super::watch::{Sight, Watch};
use crate::snapshot::{ConnId, Finding, Habit, LegName, Seen};

/// The last errors with what became of the connections that were idle then, and how many idle ones were closed without one.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    errors: Last<Error, 64>,
    closed_otherwise: usize,
}

#[derive(Debug)]
struct Error {
    at: Duration,
    under: Arc<str>,
    /// One that was asked again, and one that was closed.
    asked: Option<ConnId>,
    closed: Option<ConnId>,
    /// Whether another was opened after that.
    opened: bool,
}

/// What happens so long after an error has to do with it; another error in that time is the same one.
const SOON: Duration = Duration::from_secs(2);

// === impl Reuse ===

impl Watch for Reuse {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let under = match sight.step {
            // Who has a connection for each request has no others, and is another program than who keeps some.
            Some(Step::CutOff { under }) if conn.answered > 0 => Some(under),
            _ => None,
        };
        let last = self.errors.iter_mut().next_back();
        let last = last.filter(|error| error.at + SOON >= at);
        let left = matches!(sight.fact.seen, Seen::Left { leg: LegName::Client, amid, .. } if amid.waiting.is_none());
        let was_idle = |before: Duration| conn.last_answer.is_some_and(|answer| answer < before);
        match (under, last) {
            (Some(under), None) => self.errors.push(Error {
                at,
                under: Arc::clone(under),
                asked: None,
                closed: None,
                opened: false,
            }),
            (None, Some(error)) => {
                let idle = was_idle(error.at);
                match (sight.fact.seen, sight.step) {
                    (Seen::Opened { .. }, _) => error.opened |= error.closed.is_some(),
                    (_, Some(Step::Began)) if idle => error.asked = Some(conn.id),
                    _ if idle && left => error.closed = Some(conn.id),
                    _ => {}
                }
            }
            (None, None) if left && was_idle(at.saturating_sub(PATIENCE)) => {
                self.closed_otherwise += 1;
            }
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let shows =
            |error: &&Error| error.asked.is_some() || (error.closed.is_some() && error.opened);
        let mut unders: Vec<&Arc<str>> = (self.errors.iter().filter(shows))
            .map(|error| &error.under)
            .collect();
        unders.sort_unstable();
        unders.dedup();
        for under in unders {
            let all = self.errors.iter().filter(|error| error.under == *under);
            let all: Vec<&Error> = all.filter(shows).collect();
            let of = all.len();
            let (asked, closed): (Vec<&Error>, Vec<&Error>) =
                all.into_iter().partition(|error| error.asked.is_some());
            for (which, says, errors) in [
                (
                    "reuses after a failure",
                    "its other connections stay in use when one fails",
                    asked,
                ),
                (
                    "closes after a failure",
                    "closes its other connections when one fails, and opens new ones",
                    closed,
                ),
            ] {
                let n = errors.len();
                let otherwise = which == "closes after a failure" && self.closed_otherwise * 4 >= n;
                if n < Finding::CASES || n * 10 < of * 8 || otherwise {
                    continue;
                }
                let conns = errors.iter().rev();
                let conns = conns.filter_map(|error| error.asked.or(error.closed));
                found.push(Finding::new(
                    (Habit::Pool, which),
                    format!("{says} ({n} of {of})"),
                    under,
                    (n, of),
                    Vec::new(),
                    conns,
                ));
            }
        }
    }
}
