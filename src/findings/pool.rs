//! Pool: how a client keeps its connections while no fault acts, and whether it opens more under one.
//!
//! Kept is a connection that was asked twice and more. Ages of ended connections that are alike are a lifetime, where others are
//! opened for them: what ends without a successor is the end of a program. Idle times that are alike are those after which a peer
//! closes; they are a lower bound, since some look at the clock only now and then.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::faults::NONE;
use super::group::{Last, Width, clusters, median, moments};
use super::watch::{Sight, Watch};
use super::wording::{Range, counted, time};
use crate::snapshot::{ConnId, Figure, Finding, Habit, LegName, Seen};

/// The connections that are kept, and those that ended.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// How many connections are open that were asked twice and more, and how many that were answered at all.
    kept: usize,
    used: usize,
    /// How many were kept in each of the last seconds without a fault.
    seconds: Last<Second, 11>,
    steady: Option<Steady>,
    grown: Option<Grown>,
    ends: Last<End, 128>,
}

#[derive(Clone, Copy, Debug)]
struct Second {
    number: u64,
    least: usize,
    most: usize,
    /// How many were open at most that were answered at all.
    used: usize,
    again: usize,
    requests: usize,
}

/// How many connections were kept for a while.
#[derive(Clone, Copy, Debug)]
struct Steady {
    least: usize,
    most: usize,
    used: usize,
    /// How many requests came on a connection that had been asked before, and how many at all.
    again: usize,
    requests: usize,
}

/// How many were open under a fault, where more were than before.
#[derive(Debug)]
struct Grown {
    under: Arc<str>,
    before: usize,
    most: usize,
    conns: Vec<ConnId>,
}

/// A connection that ended in health with nothing waiting.
#[derive(Debug)]
struct End {
    conn: ConnId,
    at: Duration,
    by: LegName,
    age: Duration,
    idle: Duration,
    requests: u32,
    /// Whether another one was opened then.
    replaced: bool,
}

/// For so many seconds the number has to stand.
const SECONDS: usize = 10;

/// What is idle for less is only between two requests.
const IDLE: Duration = Duration::from_millis(500);

/// A goodbye has so many bytes at most, and the end of its stream follows so soon.
const GOODBYE: u64 = 64;
const AT_ONCE: Duration = Duration::from_millis(10);

/// So many at most end in one moment: where more do, a program ends.
const BATCH: usize = 4;

/// So soon a successor is opened.
const SOON: Duration = Duration::from_millis(500);

/// So many connections at least have to have ended before it is told that each has one request.
const ONE_EACH: usize = 20;

// === impl Pool ===

impl Watch for Pool {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        // Nobody knows how often it was asked.
        if conn.is_stranger {
            return;
        }
        let first_end = conn.left.is_some_and(|left| left.at == at);
        match sight.fact.seen {
            Seen::Opened { .. } => {
                let recent = self
                    .ends
                    .iter_mut()
                    .rev()
                    .take_while(|end| end.at + SOON >= at);
                recent.for_each(|end| end.replaced = true);
            }
            Seen::Answered { .. } if conn.left.is_none() => {
                self.used += usize::from(conn.answered == 1);
                self.kept += usize::from(conn.answered == 2);
                self.count(sight);
            }
            Seen::Left { leg, amid, .. } => {
                let ended = conn.left.is_none_or(|_| first_end);
                // A short last message followed at once by the end is a goodbye.
                let goodbye = amid.waiting.is_some_and(|waiting| waiting < AT_ONCE);
                let goodbye = goodbye && amid.asked <= GOODBYE;
                let idle = amid.waiting.is_none() || goodbye;
                if ended && idle && conn.first_left == Some(leg) && !amid.held {
                    self.ended(sight, leg, conn.requests - u32::from(goodbye));
                }
                if leg == LegName::Client && first_end {
                    self.gone(sight);
                }
            }
            Seen::Closed { .. } if conn.left.is_none() => self.gone(sight),
            _ => {}
        }
    }

    fn faults(&mut self, _: Duration, _: &Book) {
        self.seconds.retain(|_| false);
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let none: Arc<str> = NONE.into();
        found.extend(self.one_each(&none).or_else(|| self.keeps(&none)));
        found.extend(self.grown.as_ref().and_then(Grown::finding));
        found.extend(self.lifetime(&none));
        found.extend(self.idle(LegName::Client, &none));
        found.extend(self.idle(LegName::Upstream, &none));
    }
}

impl Pool {
    fn gone(&mut self, sight: &Sight<'_>) {
        self.used -= usize::from(sight.conn.answered >= 1).min(self.used);
        self.kept -= usize::from(sight.conn.answered >= 2).min(self.kept);
        self.note(sight.fact.at, sight.book, |_| ());
    }

    /// A peer ended a connection with nothing waiting.
    fn ended(&mut self, sight: &Sight<'_>, by: LegName, requests: u32) {
        let (at, conn) = (sight.fact.at, sight.conn);
        if conn.answered > 0 && sight.book.faults.clean(conn.opened, at) {
            self.ends.push(End {
                conn: conn.id,
                at,
                by,
                age: conn.age(at),
                idle: at.saturating_sub(conn.last_answer.unwrap_or(conn.opened)),
                requests,
                replaced: false,
            });
        }
    }

    /// A request was answered.
    fn count(&mut self, sight: &Sight<'_>) {
        let again = usize::from(sight.conn.answered >= 2);
        // While there are some of which nobody knows whether they are kept, none are counted.
        if sight.book.strangers > 0 {
            return;
        }
        self.note(sight.fact.at, sight.book, |second| {
            second.requests += 1;
            second.again += again;
        });
        let (_, under) = sight.book.faults.at(sight.fact.at);
        let Some(steady) = self.steady.filter(|_| **under != *NONE) else {
            return;
        };
        let grown = self
            .grown
            .get_or_insert_with(|| Grown::new(under, steady.used));
        if grown.under != *under {
            *grown = Grown::new(under, steady.used);
        }
        if self.used > grown.most {
            grown.most = self.used;
            grown.conns.insert(0, sight.conn.id);
            grown.conns.truncate(Finding::CONNS);
        }
    }

    /// Notes how many are kept in this second, and whether that stands.
    fn note(&mut self, at: Duration, book: &Book, counts: impl FnOnce(&mut Second)) {
        if **book.faults.at(at).1 != *NONE || book.strangers > 0 {
            return;
        }
        let (number, kept) = (at.as_secs(), self.kept);
        let new = self
            .seconds
            .iter()
            .next_back()
            .is_none_or(|second| second.number != number);
        if new {
            self.stands(number);
            let (least, most) = (kept, kept);
            self.seconds.push(Second {
                number,
                least,
                most,
                used: self.used,
                again: 0,
                requests: 0,
            });
        }
        if let Some(second) = self.seconds.iter_mut().next_back() {
            (second.least, second.most) = (second.least.min(kept), second.most.max(kept));
            second.used = second.used.max(self.used);
            counts(second);
        }
    }

    /// Whether about as many were kept in each of the seconds before this one.
    fn stands(&mut self, number: u64) {
        let whole = |second: &&Second| second.number + SECONDS as u64 >= number;
        let whole: Vec<&Second> = self.seconds.iter().filter(whole).collect();
        let least = whole
            .iter()
            .map(|second| second.least)
            .min()
            .unwrap_or_default();
        let most = whole
            .iter()
            .map(|second| second.most)
            .max()
            .unwrap_or_default();
        if whole.len() < SECONDS || least == 0 || (most - least) * 5 > most.max(5) {
            return;
        }
        let used = whole.iter().map(|second| second.used).max();
        let again = whole.iter().map(|second| second.again).sum();
        let requests = whole.iter().map(|second| second.requests).sum();
        self.steady = Some(Steady {
            least,
            most,
            used: used.unwrap_or_default(),
            again,
            requests,
        });
    }

    fn keeps(&self, none: &Arc<str>) -> Option<Finding> {
        let Steady {
            least,
            most,
            again,
            requests,
            ..
        } = self.steady?;
        if again < Finding::CASES.max(most * 2) || again * 10 < requests * 8 {
            return None;
        }
        let them = if most == 1 { "it" } else { "them" };
        let many = if least == most {
            counted(most as u64, "connection")
        } else {
            format!("{least} to {most} connections")
        };
        Some(Finding::new(
            (Habit::Pool, "kept"),
            format!("keeps {many} open and asks on {them} again ({again} of {requests} requests)"),
            none,
            (again, requests),
            vec![
                ("most", Figure::Count(most as u64)),
                ("least", Figure::Count(least as u64)),
            ],
            [],
        ))
    }

    fn one_each(&self, none: &Arc<str>) -> Option<Finding> {
        let single: Vec<&End> = self.ends.iter().filter(|end| end.requests == 1).collect();
        let (n, of) = (single.len(), self.ends.len());
        let told = of >= ONE_EACH && n * 20 >= of * 19 && self.kept == 0;
        told.then(|| {
            Finding::new(
                (Habit::Pool, "one request each"),
                format!("opens a connection for each request ({n} of {of})"),
                none,
                (n, of),
                Vec::new(),
                single.iter().rev().map(|end| end.conn),
            )
        })
    }

    /// What most ends of these have in common, by `read`.
    fn alike<'a>(ends: &[&'a End], read: fn(&End) -> Duration) -> Option<Vec<&'a End>> {
        let times: Vec<Duration> = ends.iter().map(|end| read(end)).collect();
        let mut clusters = clusters(&times, Width::LAZY);
        clusters.retain(|members| members.len() * 10 >= ends.len() * 7);
        let mut members: Vec<&End> = clusters
            .pop()?
            .into_iter()
            .map(|index| ends[index])
            .collect();
        members.sort_unstable_by_key(|end| std::cmp::Reverse(end.at));
        (moments(members.iter().map(|end| end.at)) >= Finding::CASES).then_some(members)
    }

    fn lifetime(&self, none: &Arc<str>) -> Option<Finding> {
        let by_client = |end: &&End| end.by == LegName::Client && end.requests > 1;
        let ends: Vec<&End> = self.ends.iter().filter(by_client).collect();
        let members = Self::alike(&ends, |end| end.age)?;
        let replaced = members.iter().filter(|end| end.replaced).count();
        let batches = members.len() > BATCH * moments(members.iter().map(|end| end.at));
        let idle = Range::of(members.iter().map(|end| end.idle))?;
        let by_idle = idle.least >= IDLE && Width::LAZY.joins(idle.least, idle.most);
        // Programs that do the same one after another are no pool: each asks as often.
        let programs = members
            .iter()
            .all(|end| end.requests == members[0].requests);
        if batches || by_idle || programs || replaced * 10 < members.len() * 6 {
            return None;
        }
        Some(of_time(
            "lifetime",
            "replaces a connection at an age of",
            &members,
            ends.len(),
            none,
            |end| end.age,
        ))
    }

    fn idle(&self, by: LegName, none: &Arc<str>) -> Option<Finding> {
        let idle = |end: &&End| end.by == by && end.idle >= IDLE;
        let ends: Vec<&End> = self.ends.iter().filter(idle).collect();
        let of = self.ends.iter().filter(|end| end.by == by).count();
        let members = Self::alike(&ends, |end| end.idle)?;
        let ages = Range::of(members.iter().map(|end| end.age))?;
        let by_age = Width::LAZY.joins(ages.least, ages.most);
        if by_age || members.len() * 10 < of * 7 {
            return None;
        }
        let (which, says) = match by {
            LegName::Client => ("idle", "closes a connection that was idle for"),
            LegName::Upstream => (
                "idle upstream",
                "the upstream closes a connection that was idle for",
            ),
        };
        Some(of_time(which, says, &members, of, none, |end| end.idle))
    }
}

/// A finding of what times of ended connections have in common.
fn of_time(
    which: &'static str,
    says: &str,
    ends: &[&End],
    of: usize,
    none: &Arc<str>,
    read: fn(&End) -> Duration,
) -> Finding {
    let middle = median(ends.iter().map(|end| read(end)));
    let range = Range::of(ends.iter().map(|end| read(end))).expect("a cluster has members");
    let n = ends.len();
    Finding::new(
        (Habit::Pool, which),
        format!("{says} {} ({n} of {of}, {range})", time(middle)),
        none,
        (n, of),
        vec![
            ("after", Figure::Time(middle)),
            ("least", Figure::Time(range.least)),
            ("most", Figure::Time(range.most)),
        ],
        ends.iter().map(|end| end.conn),
    )
}

// === impl Grown ===

impl Grown {
    fn new(under: &Arc<str>, before: usize) -> Self {
        Self {
            under: Arc::clone(under),
            before,
            most: 0,
            conns: Vec::new(),
        }
    }

    /// What can be told, where it is three connections and a quarter more than before.
    fn finding(grown: &Self) -> Option<Finding> {
        let more = grown.most.saturating_sub(grown.before);
        (more >= Finding::CASES && more * 4 >= grown.before).then(|| {
            Finding::new(
                (Habit::Pool, "grows"),
                format!(
                    "opens up to {} ({} before)",
                    counted(grown.most as u64, "connection"),
                    grown.before
                ),
                &grown.under,
                (more, more),
                vec![
                    ("most", Figure::Count(grown.most as u64)),
                    ("before", Figure::Count(grown.before as u64)),
                ],
                grown.conns.iter().copied(),
            )
        })
    }
}
