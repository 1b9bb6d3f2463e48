//! What a tape comes to: each proxy's stretches between two changes, what its clients met in each, and how soon they were well again.
//!
//! It is made record by record, so that a session of days is judged whole, whatever memory keeps of its tape.

mod proxy;
mod recovery;
mod running;
mod stretch;

use std::time::Duration;

pub use self::proxy::ProxyAccount;
pub use self::recovery::Recovery;
pub(super) use self::running::Running;
pub use self::stretch::{Stretch, Tally};
use super::record::{Finding, Head, Record, Standing, What};

/// What a session came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// The proxies, in the order in which they were added, those that were removed among them.
    pub proxies: Vec<ProxyAccount>,
    /// When the last of it happened.
    pub end: Duration,
}

/// Who had it so from the beginning.
const START: &str = "start";

// === impl Account ===

impl Account {
    /// The account of a tape.
    #[must_use]
    pub fn of(tape: &super::Tape) -> Self {
        let mut account = Self::new(&tape.head);
        for record in tape.records() {
            account.take(record);
        }
        account
    }

    /// An account of proxies that begin so.
    #[must_use]
    pub fn new(head: &Head) -> Self {
        let proxies = head.proxies.iter();
        let proxies = proxies.map(|standing| ProxyAccount::new(standing, head.t, START));
        Self {
            proxies: proxies.collect(),
            end: head.t,
        }
    }

    /// The proxy that has this name now.
    fn find(&mut self, name: &str) -> Option<&mut ProxyAccount> {
        let mut proxies = self.proxies.iter_mut();
        proxies.find(|proxy| !proxy.gone && proxy.name == name)
    }

    /// The proxy of this name stands otherwise from now on.
    fn change(&mut self, name: &str, t: Duration, by: &str, edit: impl FnOnce(&mut Standing)) {
        if let Some(found) = self.find(name) {
            found.change(t, by, edit);
        }
    }

    /// Whether it has this finding as it is.
    pub(super) fn has(&self, finding: &Finding) -> bool {
        let mut proxies = self.proxies.iter();
        let proxy = proxies.find(|proxy| !proxy.gone && proxy.name == finding.proxy);
        let mut kept = proxy.into_iter().flat_map(|proxy| &proxy.findings);
        kept.any(|(_, kept)| {
            (&kept.text, kept.n, kept.of) == (&finding.text, finding.n, finding.of)
        })
    }

    /// Goes on by what happened.
    pub fn take(&mut self, record: &Record) {
        let t = record.t;
        self.end = self.end.max(t);
        match &record.what {
            What::Added(standing) => {
                let by = Some(standing.by.as_str()).filter(|by| !by.is_empty());
                let added = ProxyAccount::new(standing, t, by.unwrap_or(START));
                self.proxies.push(added);
            }
            What::Removed { proxy, .. } => {
                if let Some(proxy) = self.find(proxy) {
                    proxy.gone = true;
                }
            }
            What::Renamed { proxy, before, .. } => {
                if let Some(found) = self.find(before) {
                    found.rename(proxy);
                }
            }
            What::Repointed { proxy, mapping, by } => {
                self.change(proxy, t, by, |stands| stands.mapping.clone_from(mapping));
            }
            What::Port { proxy, port, by } => {
                self.change(proxy, t, by, |stands| stands.port = *port);
            }
            What::Faults(change) => self.change(&change.proxy, t, &change.by, |stands| {
                stands.faults.clone_from(&change.faults);
                stands.bypassed = change.bypassed;
            }),
            What::Second(second) => {
                if let Some(found) = self.find(&second.proxy) {
                    found.count(second, t);
                }
            }
            What::Finding(finding) => {
                if let Some(found) = self.find(&finding.proxy) {
                    found.state(finding, t);
                }
            }
            What::Sweep(curve) => {
                if let Some(found) = self.find(&curve.proxy) {
                    found.keep_sweep(curve);
                }
            }
            What::Error { .. }
            | What::Stall { .. }
            | What::Lost { .. }
            | What::End { .. }
            | What::Unknown => {}
        }
        self.go_on();
    }

    /// What holds lasts up to the end.
    fn go_on(&mut self) {
        let end = self.end;
        for proxy in self.proxies.iter_mut().filter(|proxy| !proxy.gone) {
            if let Some(last) = proxy.stretches.last_mut() {
                last.to = last.to.max(end);
            }
        }
    }
}

#[cfg(test)]
mod tests;
