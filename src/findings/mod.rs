//! What is inferred of an application from the facts that a desk sees: its habits, each with its evidence.
//!
//! ```text
//! Fact ─► Book: connections, answers, the faults of each time ─┬─► one Watch a habit ─► Finding
//!                                                              └─► …
//! ```
//!
//! A finding says what a client did, not what it is set to, and under which failure. It is stated on three cases or more, and not
//! where the facts allow another reading: who closes its connection at the end of its work, takes the losing one of two
//! requests back or waits in health for what comes gives nothing up. Where callers cannot be told apart, nothing is said that
//! needs it. A finding that later facts do not bear out is not stated any more. What a desk saw while it was late itself, on a busy
//! machine, is no evidence of times.
//!
//! Nothing here reads a clock or does IO: a state is a function of the facts and the plans that were told. Memory is bounded: some
//! two hundred bytes for each open connection, and the last few hundred cases of each habit, for some of each address of the first
//! few.
//!
//! A new habit is one file with a `Watch` and one line in `WATCHES`.

mod attempts;
mod book;
mod cancels;
mod changes;
mod common_pause;
mod depends;
mod endings;
mod faults;
mod followers;
mod gives_up;
mod group;
mod hedges;
mod herds;
mod law;
mod one_caller;
mod per_client;
mod pings;
mod pool;
mod reads_slowly;
mod recovers;
mod reuse;
mod stalls;
mod stops_trying;
mod trains;
mod tries_again;
mod watch;
mod wording;

use std::sync::Arc;
use std::time::Duration;

pub use self::book::KnownConn;
pub use self::changes::{Change, changes};
pub use crate::snapshot::{Confidence, Figure, Finding, Habit};

use self::book::Book;
use self::per_client::PerClient;
use self::watch::{Sight, Watch};
use crate::fault::Plan;
use crate::snapshot::{By, ConnId, Fact, ProxyId, Seen, Stall, Stalls};

/// Every habit that is looked for, in the order in which findings are told.
const WATCHES: &[fn() -> Box<dyn Watch>] = &[
    || Box::<gives_up::GivesUp>::default(),
    || Box::<PerClient<tries_again::TriesAgain>>::default(),
    || Box::<PerClient<herds::Herds>>::default(),
    || Box::<PerClient<pool::Pool>>::default(),
    || Box::<PerClient<reuse::Reuse>>::default(),
    || Box::<PerClient<pings::Pings>>::default(),
    || Box::<recovers::Recovers>::default(),
    || Box::<PerClient<stops_trying::StopsTrying>>::default(),
    || Box::<hedges::Hedges>::default(),
    || Box::<cancels::Cancels>::default(),
    || Box::<PerClient<reads_slowly::ReadsSlowly>>::default(),
    || Box::<PerClient<depends::Depends>>::default(),
];

/// So often at most findings are computed anew: they are for people.
const PACE: Duration = Duration::from_millis(500);

/// So long ago a stall is told of.
const LATELY: Duration = Duration::from_secs(60);

/// The findings of one proxy.
#[derive(Debug)]
pub struct Findings {
    book: Book,
    watches: Vec<Box<dyn Watch>>,
    /// Up to when watches were told of other faults.
    turned: Duration,
    /// Whether something was seen since the last state.
    stirred: bool,
    /// When the state was last computed.
    computed: Option<Duration>,
    stated: Arc<[Finding]>,
}

// === impl Findings ===

impl Default for Findings {
    fn default() -> Self {
        Self {
            book: Book::default(),
            watches: WATCHES.iter().map(|watch| watch()).collect(),
            turned: Duration::ZERO,
            stirred: false,
            computed: None,
            stated: Arc::default(),
        }
    }
}

impl Findings {
    /// Takes a fact of the proxy in. Facts are told in the order of their times; those of connections whose opening was not
    /// seen are passed over.
    pub fn see(&mut self, fact: &Fact) {
        self.catch_up(fact.at);
        let step = self.book.take_in(fact);
        let Some(conn) = self.book.conn(fact.conn) else {
            return;
        };
        let sight = Sight {
            fact,
            conn,
            step: step.as_ref(),
            book: &self.book,
        };
        for watch in &mut self.watches {
            watch.see(&sight);
        }
        self.book.forget(fact);
        self.stirred = true;
    }

    /// Takes in that somebody does something to this connection alone: what comes of it from `at` on is no habit of its
    /// application, and is passed over.
    pub fn pass_over(&mut self, at: Duration, (proxy, conn): (ProxyId, ConnId)) {
        if self.book.conn(conn).is_some() {
            let (by, bytes) = (By::Desk, 0);
            self.see(&Fact {
                at,
                proxy,
                conn,
                seen: Seen::Closed { by, bytes },
            });
        }
    }

    /// Takes in that the faults of the proxy are those of `plan` from `at` on; told at its start too.
    pub fn faults(&mut self, at: Duration, plan: &Plan) {
        self.catch_up(at);
        self.book.faults.set(at, plan);
        self.turn(at);
        self.stirred = true;
    }

    /// Takes in that the desk did not run for a while: told before the facts that it saw then.
    pub fn stalled(&mut self, stall: Stall) {
        self.book.stalls.push(stall);
        for watch in &mut self.watches {
            watch.stalled(stall);
        }
    }

    /// The stalls of the desk in the minute before `at`.
    #[must_use]
    pub fn stalls(&self, at: Duration) -> Stalls {
        self.book.stalls.since(at.saturating_sub(LATELY))
    }

    /// A schedule, and what rests in turns, turns faults on and off without a word.
    fn catch_up(&mut self, at: Duration) {
        let turn_of = |this: &Self| this.book.faults.next_turn(this.turned);
        while let Some(turn) = turn_of(self).filter(|turn| *turn <= at) {
            self.book.faults.pass(turn);
            self.turn(turn);
        }
    }

    /// Tells watches of other faults.
    fn turn(&mut self, at: Duration) {
        self.turned = at;
        for watch in &mut self.watches {
            watch.faults(at, &self.book);
        }
    }

    /// Facts are missing up to `at`, when these connections are open: what was stated may rest on what is not so, and is
    /// inferred from here on anew.
    pub fn begin_anew(&mut self, at: Duration, open: impl IntoIterator<Item = KnownConn>) {
        let faults = std::mem::take(&mut self.book.faults);
        let stalls = std::mem::take(&mut self.book.stalls);
        self.book = Book::of(faults, stalls, at, open);
        self.watches = WATCHES.iter().map(|watch| watch()).collect();
        self.stirred = true;
    }

    /// When a request was answered last.
    #[must_use]
    pub fn last_answer(&self) -> Option<Duration> {
        let last = self.book.last_answer();
        (!last.is_zero()).then_some(last)
    }

    /// Whether something was seen of which the last state knows nothing.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.stirred
    }

    /// What can be said at `at`: the state before, where nothing was seen since or that is half a second old at most.
    pub fn state(&mut self, at: Duration) -> Arc<[Finding]> {
        let young = self.computed.is_some_and(|computed| computed + PACE > at);
        if young || !std::mem::take(&mut self.stirred) {
            return Arc::clone(&self.stated);
        }
        self.computed = Some(at);
        let mut found = Vec::new();
        for watch in &self.watches {
            watch.state(&self.book, &mut found);
        }
        for finding in &mut found {
            let before = self.stated.iter().find(|before| finding.is_about(before));
            finding.since = before.map_or(at, |before| before.since);
        }
        if *found != *self.stated {
            self.stated = found.into();
        }
        Arc::clone(&self.stated)
    }
}
