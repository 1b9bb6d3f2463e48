//! Pool: how many connections a client keeps while no fault acts, and how many it opens and keeps under one.
//!
//! Kept is a connection that was asked twice and more; open at once may be many more, where each has one request. What those have in
//! common that end is the concern of `endings`. Where some are kept and others have one request each, two programs share an address,
//! or more: then nobody knows how many of those that are kept are whose, and no number is told.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::endings::Endings;
use super::faults::NONE;
use super::group::Last;
use super::watch::{Sight, Watch};
use super::wording::counted;
use crate::snapshot::{ConnId, Figure, Finding, Habit, LegName, Seen};

/// The connections that are kept, and those that ended.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// How many connections are open that were asked twice and more, and how many that were answered at all.
    kept: usize,
    used: usize,
    /// When one that was asked twice and more was answered last.
    kept_last: Option<Duration>,
    /// How many were kept in each of the last seconds without a fault.
    seconds: Last<Second, 11>,
    steady: Option<Steady>,
    grown: Option<Grown>,
    endings: Endings,
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
    /// How many of those that were kept ended.
    ended: usize,
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
    /// Whether others had one request each: then there are several programs, and each may keep some of these.
    mixed: bool,
}

/// How many were open under a fault, and how many of them kept, where more were than before.
#[derive(Debug)]
struct Grown {
    under: Arc<str>,
    before: Steady,
    used: usize,
    kept: usize,
    conns: Vec<ConnId>,
}

/// A connection that has so many requests is kept for more than one piece of work.
const PIECE: usize = 15;

/// One that is kept lives for so many seconds, in the mean.
const LIVES: usize = 3;

/// Programs that share an address are known for so long.
const LATELY: Duration = Duration::from_secs(60);

/// For so many seconds the number has to stand.
const SECONDS: usize = 10;

// === impl Pool ===

impl Watch for Pool {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        // Nobody knows how often it was asked.
        if conn.is_stranger {
            return;
        }
        self.endings.see(sight);
        match sight.fact.seen {
            Seen::Answered { .. } if conn.left.is_none() => {
                self.used += usize::from(conn.answered == 1);
                self.kept += usize::from(conn.answered == 2);
                self.count(sight);
            }
            Seen::Left {
                leg: LegName::Client,
                ..
            } if conn.left.is_some_and(|left| left.at == at) => self.gone(sight),
            Seen::Closed { .. } if conn.left.is_none() => self.gone(sight),
            _ => {}
        }
    }

    fn faults(&mut self, _: Duration, _: &Book) {
        self.seconds.retain(|_| false);
    }

    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        let none: Arc<str> = NONE.into();
        let lately = book.last_answer().saturating_sub(LATELY);
        let keeps_none = self.kept_last.is_none_or(|at| at < lately);
        let keeps_none = keeps_none && self.kept == 0 && book.strangers == 0;
        let one_each = self.endings.one_each(&none).filter(|_| keeps_none);
        found.extend(one_each.or_else(|| self.keeps(&none)));
        found.extend(self.grown.as_ref().and_then(Grown::finding));
        self.endings.state(&none, found);
    }
}

impl Pool {
    fn gone(&mut self, sight: &Sight<'_>) {
        self.used -= usize::from(sight.conn.answered >= 1).min(self.used);
        self.kept -= usize::from(sight.conn.answered >= 2).min(self.kept);
        let ended = usize::from(sight.conn.answered >= 2);
        self.note(sight.fact.at, sight.book, |second| second.ended += ended);
    }

    /// A request was answered.
    fn count(&mut self, sight: &Sight<'_>) {
        let again = usize::from(sight.conn.answered >= 2);
        if again > 0 {
            self.kept_last = Some(sight.fact.at);
        }
        // While there are some of which nobody knows whether they are kept, none are counted.
        if sight.book.strangers > 0 {
            return;
        }
        self.note(sight.fact.at, sight.book, |second| {
            second.requests += 1;
            second.again += again;
        });
        let (_, under) = sight.book.faults.at(sight.fact.at);
        let steady = self.steady.filter(|steady| !steady.mixed);
        let Some(steady) = steady.filter(|_| **under != *NONE) else {
            return;
        };
        let new = || Grown::new(under, steady);
        let grown = self.grown.get_or_insert_with(new);
        if grown.under != *under {
            *grown = new();
        }
        grown.kept = grown.kept.max(self.kept);
        if self.used > grown.used {
            grown.used = self.used;
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
                ended: 0,
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
        let requests: usize = whole.iter().map(|second| second.requests).sum();
        // Who does a piece of work on each, of a few requests, keeps none of them.
        let ended: usize = whole.iter().map(|second| second.ended).sum();
        // As does who makes new ones all the time, however much is asked on each.
        if requests < ended * PIECE || ended * LIVES > most * SECONDS {
            return;
        }
        let lately = Duration::from_secs(number).saturating_sub(LATELY);
        self.steady = Some(Steady {
            least,
            most,
            used: used.unwrap_or_default(),
            again,
            requests,
            mixed: self.endings.singles(lately) >= Finding::CASES,
        });
    }

    fn keeps(&self, none: &Arc<str>) -> Option<Finding> {
        let Steady {
            least,
            most,
            again,
            requests,
            mixed,
            ..
        } = self.steady?;
        if again < Finding::CASES.max(most * 2) || again * 10 < requests * 8 {
            return None;
        }
        let them = if most == 1 && !mixed { "it" } else { "them" };
        let many = match () {
            () if mixed => "connections".to_owned(),
            () if least == most => counted(most as u64, "connection"),
            () => format!("{least} to {most} connections"),
        };
        let values = [("most", most), ("least", least)];
        let values = values.map(|(name, count)| (name, Figure::Count(count as u64)));
        Some(Finding::new(
            (Habit::Pool, "kept"),
            format!("keeps {many} open and asks on {them} again ({again} of {requests} requests)"),
            none,
            (again, requests),
            values.into_iter().filter(|_| !mixed).collect(),
            [],
        ))
    }
}

// === impl Grown ===

impl Grown {
    fn new(under: &Arc<str>, before: Steady) -> Self {
        Self {
            under: Arc::clone(under),
            before,
            used: 0,
            kept: 0,
            conns: Vec::new(),
        }
    }

    /// What can be told, where it is three connections and a quarter more than before.
    fn finding(grown: &Self) -> Option<Finding> {
        let (used, kept) = (grown.used, grown.kept);
        let before = grown.before;
        let more = used.saturating_sub(before.used);
        if more < Finding::CASES || more * 4 < before.used {
            return None;
        }
        let keeps = if kept > before.most {
            format!("keeps {kept} ({} before)", before.most)
        } else {
            "keeps no more of them than before".to_owned()
        };
        let values = [
            ("most", used),
            ("before", before.used),
            ("kept", kept),
            ("kept_before", before.most),
        ];
        Some(Finding::new(
            (Habit::Pool, "grows"),
            format!(
                "opens up to {} ({} before) and {keeps}",
                counted(used as u64, "connection"),
                before.used
            ),
            &grown.under,
            (more, more),
            values
                .map(|(name, count)| (name, Figure::Count(count as u64)))
                .to_vec(),
            grown.conns.iter().copied(),
        ))
    }
}
