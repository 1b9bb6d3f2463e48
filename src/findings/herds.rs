//! Herds: after failures that came in one moment, a client's next attempts hit in one moment too.
//!
//! That is what makes an outage longer: whoever failed together comes back together. It is told by moments of a tenth of a second
//! that hold many more attempts than any of health, each behind a moment of failures. Where what ended were connections that
//! nobody waited on, a pool reconnects, and that is said instead; where requests of different ages were given up together, a common
//! clock did that, and nothing is said.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::group::{Last, near_middle};
use super::watch::{Sight, Watch};
use super::wording::after_failure;
use crate::snapshot::{By, ConnId, Figure, Finding, Habit, Seen};

/// The moments in which much began, and what ended before.
#[derive(Debug, Default)]
pub(super) struct Herds {
    attempts: Crowd,
    openings: Crowd,
    ends: Last<End, 512>,
}

/// What begins of one kind.
#[derive(Debug, Default)]
struct Crowd {
    /// What began in the last moment.
    recent: VecDeque<Duration>,
    /// When the first of all began, how many have in health, and how many in one moment of health at most.
    first: Option<Duration>,
    known: u64,
    ordinary: usize,
    /// The moment of many that may not be over yet.
    latest: Option<Moment>,
    moments: Last<(Moment, Cause), 64>,
}

/// A moment in which many began.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Duration,
    n: usize,
    conn: ConnId,
}

/// What was before such a moment.
#[derive(Debug)]
enum Cause {
    /// Requests failed together.
    Failures { under: Arc<str>, given_up: bool },
    /// Connections ended together on which nobody waited.
    Idle { under: Arc<str> },
    /// Nothing that was together by itself.
    Other,
}

/// A connection's end that its client did not wish for.
#[derive(Debug)]
struct End {
    at: Duration,
    /// For how long its request had waited; none where nobody waited.
    waited: Option<Duration>,
    given_up: bool,
    under: Arc<str>,
}

/// So close together is one moment.
const MOMENT: Duration = Duration::from_millis(100);

/// What began by so long after the first end was under way with it.
const AT_ONCE: Duration = Duration::from_millis(20);

/// So many attempts are a crowd, and so many openings. A handful of callers that each try twice at once make fewer.
const CROWD: usize = 8;
const POOL: usize = 3;

/// A client is in health where nothing has failed for so long; its start, which lasts so long, is not ordinary.
const CALM: Duration = Duration::from_secs(10);
const START: Duration = Duration::from_secs(2);

/// So much has to be known of health.
const KNOWN: u64 = 20;

/// What is in a moment is looked at so long after its beginning.
const OVER: Duration = Duration::from_millis(200);

/// So many that began in one moment are told apart.
const MOST: usize = 4096;

// === impl Herds ===

impl Watch for Herds {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        self.attempts.settle(at, (CROWD, KNOWN), &self.ends);
        self.openings.settle(at, (POOL, 0), &self.ends);
        // What comes together after a stall did not happen together.
        if !sight.book.stalls.is_exact(at) {
            return;
        }
        let last = self.ends.iter().next_back();
        let calm = last.is_none_or(|end| end.at + CALM < at);
        let faults = &sight.book.faults;
        match (sight.fact.seen, sight.step) {
            (Seen::Opened { .. }, _) => self.openings.began(at, conn.id, calm),
            (_, Some(Step::Began)) => self.attempts.began(at, conn.id, calm),
            (_, Some(Step::GivenUp { waited })) => {
                let under = faults.between(conn.began, at);
                self.ended(at, Some(*waited), true, under);
            }
            (_, Some(Step::CutOff { under })) => {
                if conn.requests == 0 {
                    self.attempts.began(at, conn.id, calm);
                }
                self.ended(at, Some(at.saturating_sub(conn.began)), false, under);
            }
            // An end in order is a matter of course.
            (Seen::Closed { by, .. }, None) if conn.left.is_none() => match by {
                By::Fault(kind) => self.ended(at, None, false, &kind.into()),
                By::UpstreamBroke => self.ended(at, None, false, faults.upstream()),
                _ => {}
            },
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let herd = self.attempts.told(|cause| match cause {
            Cause::Failures { under, given_up } => Some((under, *given_up)),
            _ => None,
        });
        found.extend(herd.map(|crowd| {
            let after = after_failure(crowd.under, crowd.given_up);
            let text = format!("comes back all at once after {after}: {} attempts within 100 ms of each other ({} times)", crowd.many(), crowd.n);
            crowd.finding((Habit::TriesAgain, "herd"), text)
        }));
        let pool = self.openings.told(|cause| match cause {
            Cause::Idle { under } => Some((under, false)),
            _ => None,
        });
        found.extend(pool.map(|crowd| {
            let after = after_failure(crowd.under, false);
            let text = format!("reconnects all at once after {after}: opens {} connections within 100 ms of each other ({} times)", crowd.many(), crowd.n);
            crowd.finding((Habit::Pool, "reconnects"), text)
        }));
    }
}

impl Herds {
    fn ended(&mut self, at: Duration, waited: Option<Duration>, given_up: bool, under: &Arc<str>) {
        let under = Arc::clone(under);
        self.ends.push(End {
            at,
            waited,
            given_up,
            under,
        });
    }
}

// === impl Crowd ===

impl Crowd {
    fn began(&mut self, at: Duration, conn: ConnId, calm: bool) {
        while self.recent.len() >= MOST
            || self
                .recent
                .front()
                .is_some_and(|first| *first + MOMENT < at)
        {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        let n = self.recent.len();
        let first = *self.first.get_or_insert(at);
        if calm && at > first + START {
            self.known += 1;
            self.ordinary = self.ordinary.max(n);
        }
        if self.latest.is_none_or(|latest| n > latest.n) {
            let at = self.recent[0];
            self.latest = Some(Moment { at, n, conn });
        }
    }

    /// Keeps the latest moment where it is over and holds a crowd, with what was before it.
    fn settle(&mut self, at: Duration, (least, known): (usize, u64), ends: &Last<End, 512>) {
        let Some(moment) = self.latest.filter(|latest| latest.at + OVER < at) else {
            return;
        };
        self.latest = None;
        let starting = self.first.is_none_or(|first| first + START > moment.at);
        let many = moment.n >= least.max(self.ordinary * 2);
        if !starting && many && self.known >= known {
            self.moments.push((moment, moment.cause(least, ends)));
        }
    }

    /// What the moments of the last cause of this kind have in common, where they are most of all that there were under it.
    fn told<'a>(
        &'a self,
        wanted: impl Fn(&'a Cause) -> Option<(&'a Arc<str>, bool)>,
    ) -> Option<Told<'a>> {
        let (under, given_up) = self
            .moments
            .iter()
            .rev()
            .find_map(|(_, cause)| wanted(cause))?;
        let of_it = self
            .moments
            .iter()
            .filter(|(_, cause)| wanted(cause) == Some((under, given_up)));
        let mut moments: Vec<&Moment> = of_it.map(|(moment, _)| moment).collect();
        // What is small beside the others may be anything.
        let most = moments.iter().map(|moment| moment.n).max()?;
        moments.retain(|moment| moment.n * 2 >= most);
        let others = self
            .moments
            .iter()
            .filter(|(moment, cause)| matches!(cause, Cause::Other) && moment.n * 2 >= most)
            .count();
        let (n, of) = (moments.len(), moments.len() + others);
        (n >= Finding::CASES && n * 10 >= of * 7).then_some(Told {
            moments,
            under,
            given_up,
            n,
            of,
        })
    }
}

/// Moments that have a cause in common.
struct Told<'a> {
    moments: Vec<&'a Moment>,
    under: &'a Arc<str>,
    given_up: bool,
    n: usize,
    of: usize,
}

// === impl Told ===

impl Told<'_> {
    /// How many began in a moment: the fewest and the most.
    fn range(&self) -> (usize, usize) {
        let sizes = self.moments.iter().map(|moment| moment.n);
        (
            sizes.clone().min().unwrap_or_default(),
            sizes.max().unwrap_or_default(),
        )
    }

    /// `8`, `8 to 12`.
    fn many(&self) -> String {
        match self.range() {
            (least, most) if least == most => most.to_string(),
            (least, most) => format!("{least} to {most}"),
        }
    }

    fn finding(&self, kind: (Habit, &'static str), text: String) -> Finding {
        let (least, most) = self.range();
        let values = vec![
            ("most", Figure::Count(most as u64)),
            ("least", Figure::Count(least as u64)),
        ];
        Finding::new(
            kind,
            text,
            self.under,
            (self.n, self.of),
            values,
            self.moments.iter().rev().map(|it| it.conn),
        )
    }
}

// === impl Moment ===

impl Moment {
    /// The last moment before this one in which as good as so many ended, and how.
    fn cause(&self, least: usize, ends: &Last<End, 512>) -> Cause {
        let mut runs: Vec<Vec<&End>> = Vec::new();
        for end in ends.iter().take_while(|end| end.at <= self.at + MOMENT) {
            match runs.last_mut() {
                Some(run) if run[0].at + MOMENT >= end.at => run.push(end),
                _ => runs.push(vec![end]),
            }
        }
        // Who fails and tries again within the moment is one, and not many.
        let many = |run: &&Vec<&End>| {
            let together = |end: &&&End| {
                let waited = end.waited.unwrap_or(MOMENT);
                end.at <= run[0].at + waited + AT_ONCE
            };
            let together = run.iter().filter(together).count();
            together >= least && together * 10 >= self.n * 7 && run[0].at <= self.at
        };
        let Some(index) = runs.iter().rposition(|run| many(&run)) else {
            return Cause::Other;
        };
        let run = &runs[index];
        let before = index.checked_sub(1).and_then(|before| runs[before].last());
        let calm = before.is_none_or(|end| end.at + CALM < run[0].at);
        let waits: Vec<Duration> = run.iter().filter_map(|end| end.waited).collect();
        let given_up = run.iter().filter(|end| end.given_up).count() * 2 > run.len();
        let alike = near_middle(&waits);
        let under = Arc::clone(&run[run.len() - 1].under);
        let idle = run.len() - waits.len();
        match () {
            // A common clock gives up together what began apart.
            () if waits.len() * 10 >= self.n * 7 && given_up && alike * 10 < waits.len() * 6 => {
                Cause::Other
            }
            () if waits.len() * 10 >= self.n * 7 => Cause::Failures { under, given_up },
            // A pool opens again what has ended; callers do as they need one. Where some break all the time, nobody knows.
            () if calm && idle * 10 >= run.len() * 7 && self.n * 10 >= idle * 7 => {
                Cause::Idle { under }
            }
            () => Cause::Other,
        }
    }
}
