//! Endings: what the connections that ended in health with nothing waiting have in common.
//!
//! Ages that are alike are a lifetime, where others are opened for them: what ends without a successor is the end of a program. Idle
//! times that are alike are those after which a peer closes; they are a lower bound, since some look at the clock only now and then.

use std::sync::Arc;
use std::time::Duration;

use super::group::{Last, Width, clusters, median, moments};
use super::watch::Sight;
use super::wording::{Range, time};
use crate::snapshot::{ConnId, Figure, Finding, Habit, LegName, Seen};

/// The last connections of a client that ended so.
#[derive(Debug, Default)]
pub(super) struct Endings(Last<End, 128>);

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

// === impl Endings ===

impl Endings {
    pub(super) fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        match sight.fact.seen {
            Seen::Opened { .. } => {
                let recent = self.0.iter_mut().rev();
                // Those before one that is marked were looked at with it.
                let recent = recent.take_while(|end| end.at + SOON >= at && !end.replaced);
                recent.for_each(|end| end.replaced = true);
            }
            Seen::Left { leg, amid, .. } => {
                let ended = conn.left.is_none_or(|left| left.at == at);
                // A short last message followed at once by the end is a goodbye.
                let goodbye = amid.waiting.is_some_and(|waiting| waiting < AT_ONCE);
                let goodbye = goodbye && amid.asked <= GOODBYE;
                let idle = amid.waiting.is_none() || goodbye;
                if ended && idle && conn.first_left == Some(leg) && !amid.held {
                    self.ended(sight, leg, conn.requests - u32::from(goodbye));
                }
            }
            _ => {}
        }
    }

    /// A peer ended a connection with nothing waiting.
    fn ended(&mut self, sight: &Sight<'_>, by: LegName, requests: u32) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let since = conn.last_answer.unwrap_or(conn.opened);
        let idle = at.saturating_sub(since);
        let exact =
            sight.is_exact_since(conn.opened) && (idle < IDLE || sight.is_exact_since(since));
        if conn.answered > 0 && exact && sight.book.faults.clean(conn.opened, at) {
            self.0.push(End {
                conn: conn.id,
                at,
                by,
                age: conn.age(at),
                idle,
                requests,
                replaced: false,
            });
        }
    }

    /// What they have in common.
    pub(super) fn state(&self, none: &Arc<str>, found: &mut Vec<Finding>) {
        found.extend(self.lifetime(none));
        found.extend(self.idle(LegName::Client, none));
        found.extend(self.idle(LegName::Upstream, none));
    }

    /// How many have ended since a moment that had one request, or none that was more than a goodbye.
    pub(super) fn singles(&self, since: Duration) -> usize {
        let late = self.0.iter().rev().take_while(|end| end.at >= since);
        late.filter(|end| end.requests <= 1).count()
    }

    /// That each had one request.
    pub(super) fn one_each(&self, none: &Arc<str>) -> Option<Finding> {
        let single: Vec<&End> = self.0.iter().filter(|end| end.requests == 1).collect();
        let (n, of) = (single.len(), self.0.len());
        let told = of >= ONE_EACH && n * 20 >= of * 19;
        told.then(|| {
            Finding::new(
                (Habit::Pool, "one request each"),
                format!("asks once on each connection ({n} of {of})"),
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
        // What lives for less is made for a piece of work.
        let lives = |end: &&End| end.requests > 1 && end.age >= IDLE;
        let by_client = |end: &&End| end.by == LegName::Client && lives(end);
        let ends: Vec<&End> = self.0.iter().filter(by_client).collect();
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
        let ends: Vec<&End> = self.0.iter().filter(idle).collect();
        let of = self.0.iter().filter(|end| end.by == by).count();
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
