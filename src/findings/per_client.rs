//! A habit that is looked for in each client's address by itself: what one does says nothing of another's pool or breaker.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::book::Book;
use super::watch::{Sight, Watch};
use crate::snapshot::Finding;

/// A watch for each of the first addresses; later ones are not looked at.
#[derive(Debug, Default)]
pub(super) struct PerClient<W>(HashMap<IpAddr, W>);

/// So many addresses are looked at.
const ADDRESSES: usize = 32;

// === impl PerClient ===

impl<W: Watch + Default> Watch for PerClient<W> {
    fn see(&mut self, sight: &Sight<'_>) {
        let client = sight.conn.client;
        if let Some(watch) = self.0.get_mut(&client) {
            watch.see(sight);
        } else if self.0.len() < ADDRESSES {
            self.0.entry(client).or_default().see(sight);
        }
    }

    fn faults(&mut self, at: Duration, book: &Book) {
        self.0.values_mut().for_each(|watch| watch.faults(at, book));
    }

    /// Of what several clients do the one is told that has the most cases.
    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        let mut all = Vec::new();
        self.0
            .values()
            .for_each(|watch| watch.state(book, &mut all));
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
