//! What every habit is to the rest: it sees facts, and says what they amount to.

use std::fmt::Debug;
use std::time::Duration;

use super::book::{Book, Conn, Step};
use crate::snapshot::{Fact, Finding, Stall};

/// One habit, as it is looked for among the clients of one proxy. What it remembers is bounded.
pub(super) trait Watch: Debug + Send {
    /// Takes a sight in.
    fn see(&mut self, sight: &Sight<'_>);

    /// The faults are others from `at` on; the book knows them already.
    fn faults(&mut self, at: Duration, book: &Book) {
        let _ = (at, book);
    }

    /// The desk did not run for a while; the book knows it already.
    fn stalled(&mut self, stall: Stall) {
        let _ = stall;
    }

    /// Adds what can be said now.
    fn state(&self, book: &Book, found: &mut Vec<Finding>);
}

/// A fact with what the book makes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) fact: &'a Fact,
    /// The connection, this fact included.
    pub(super) conn: &'a Conn,
    /// What it means for a request.
    pub(super) step: Option<&'a Step>,
    pub(super) book: &'a Book,
}

// === impl Sight ===

impl Sight<'_> {
    /// Whether the time since the last request of its connection began is known exactly.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact_since(self.conn.began)
    }

    /// Whether the time since another sight is known exactly.
    pub(super) fn is_exact_since(&self, before: Duration) -> bool {
        self.book.stalls.are_exact(before, self.fact.at)
    }
}
