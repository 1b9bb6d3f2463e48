//! The account of a session that goes on.
//!
//! What happens is told as it happens, but for a second, which is told once its last facts have come: after the changes in it and
//! behind it. The tape puts each record where its time is, and so does this, so that a session and its tape come to the same.

use std::collections::VecDeque;
use std::time::Duration;

use super::Account;
use crate::tape::place;
use crate::tape::record::{Head, Record};

/// What comes later than this behind what has happened since is taken where it comes.
const LATE: Duration = Duration::from_secs(10);

/// An account that takes what happens in the order of the times.
#[derive(Debug, Default)]
pub(crate) struct Running {
    account: Account,
    /// What happened of late, in the order of the times. Bounded by its age: what is older is in the account.
    recent: VecDeque<Record>,
}

// === impl Running ===

impl Running {
    /// An account of proxies that begin so.
    pub(crate) fn new(head: &Head) -> Self {
        Self {
            account: Account::new(head),
            recent: VecDeque::new(),
        }
    }

    /// Goes on by what happened.
    pub(crate) fn take(&mut self, record: &Record) {
        let place = place(&self.recent, record.t);
        self.recent.insert(place, record.clone());
        let newest = self.recent.back().map_or(record.t, |last| last.t);
        while let Some(first) = self.recent.front()
            && newest.saturating_sub(first.t) > LATE
        {
            self.account.take(first);
            self.recent.pop_front();
        }
    }

    /// The account of all that has happened: nothing more is told of what came before.
    pub(crate) fn settle(&mut self) -> &Account {
        for record in self.recent.drain(..) {
            self.account.take(&record);
        }
        &self.account
    }

    /// The account of all of it.
    pub(crate) fn finish(mut self) -> Account {
        self.settle();
        self.account
    }
}
