//! A habit that is looked for in each client's address by itself: what one does says nothing of another's pool or breaker.

use std::net::IpAddr;
use std::time::Duration;

use super::book::Book;
use super::watch::{Sight, Watch};
use crate::snapshot::{Finding, Stall};

/// A watch for each of the first addresses; later ones are not looked at. They are few, and nearly all facts are of the first: a
/// look along them costs less than a hash.
#[derive(Debug, Default)]
pub(super) struct PerClient<W>(Vec<(IpAddr, W)>);

/// So many addresses are looked at.
const ADDRESSES: usize = 32;

// === impl PerClient ===

impl<W: Watch + Default> Watch for PerClient<W> {
    fn see(&mut self, sight: &Sight<'_>) {
        let client = sight.conn.client;
        if let Some((_, watch)) = self.0.iter_mut().find(|(of, _)| *of == client) {
            watch.see(sight);
        } else if self.0.len() < ADDRESSES {
            let mut watch = W::default();
            watch.see(sight);
            self.0.push((client, watch));
        }
    }

    fn faults(&mut self, at: Duration, book: &Book) {
        for (_, watch) in &mut self.0 {
            watch.faults(at, book);
        }
    }

    fn stalled(&mut self, stall: Stall) {
        for (_, watch) in &mut self.0 {
            watch.stalled(stall);
        }
    }

    /// Of what several clients do the one is told that has the most cases.
    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        let mut all = Vec::new();
        for (_, watch) in &self.0 {
            watch.state(book, &mut all);
        }
        all.sort_by_key(|finding| (std::cmp::Reverse(finding.n), finding.kind, finding.which));
        let mut told: Vec<Finding> = Vec::new();
        for finding in all {
            let same = |other: &Finding| {
                (other.kind, other.which, &other.under)
                    == (finding.kind, finding.which, &finding.under)
            };
            if !told.iter().any(same) {
                told.push(finding);
            }
        }
        told.sort_by_key(|finding| (finding.kind, finding.which));
        found.append(&mut told);
    }
}
