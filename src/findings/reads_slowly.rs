//! Reads slowly: a client takes its answers at a pace of its own; neither the upstream nor the link sets it.
//!
//! Told by its window: it is full for most of the time, and what is due waits for it, again and again over several seconds. Who
//! takes ten megabytes a second is quick enough, whatever waits: as much would be the machine's doing.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::faults::NONE;
use super::group::Last;
use super::watch::{Sight, Watch};
use crate::format::figures::RateUnit;
use crate::snapshot::{ConnId, Figure, Finding, Habit, Seen};

/// How clients let their answers in.
#[derive(Debug, Default)]
pub(super) struct ReadsSlowly {
    stretches: Last<Stretch, 128>,
    /// Connections that are over and have let much in at once.
    brisk: Last<Arc<str>, 64>,
}

/// A second or more of a connection, from when its window was found full.
#[derive(Debug)]
struct Stretch {
    conn: ConnId,
    under: Arc<str>,
    over: Duration,
    blocked: Duration,
    bytes: u64,
}

/// So much of the time the window is full of who reads slowly, in percent.
const SHARE: u64 = 75;

/// Who takes so many bytes a second does not.
const QUICK: f64 = 10e6;

/// What was looked at comes to so much.
const LONG: Duration = Duration::from_secs(5);

/// A connection that has let so much in could have shown it.
const MUCH: u64 = 1_000_000;

// === impl ReadsSlowly ===

impl Watch for ReadsSlowly {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let under = |since: Duration| Arc::clone(sight.book.faults.between(since, at));
        match sight.fact.seen {
            Seen::Blocked {
                over,
                blocked,
                bytes,
            } if sight.book.stalls.ran_between(at.saturating_sub(over), at) => {
                self.stretches.push(Stretch {
                    conn: conn.id,
                    under: under(at.saturating_sub(over)),
                    over,
                    blocked,
                    bytes,
                });
            }
            Seen::Closed { bytes, .. } if bytes >= MUCH => {
                let mut own = self.stretches.iter();
                if !own.any(|stretch| stretch.conn == conn.id) {
                    self.brisk.push(under(conn.opened));
                }
            }
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let clean = self.under(NONE);
        let told = clean.finding(None);
        // What it does in health it does anyway.
        if told.is_some() {
            found.extend(told);
            return;
        }
        let mut unders: Vec<&str> = self.stretches.iter().map(|it| &*it.under).collect();
        unders.sort_unstable();
        unders.dedup();
        let faulty = unders.into_iter().filter(|under| *under != NONE);
        found.extend(faulty.filter_map(|under| self.under(under).finding(Some(&clean))));
    }
}

impl ReadsSlowly {
    fn under<'a>(&'a self, under: &str) -> Seconds<'a> {
        Seconds {
            all: (self.stretches.iter())
                .filter(|it| *it.under == *under)
                .collect(),
            brisk: (self.brisk.iter()).filter(|it| ***it == *under).count(),
        }
    }
}

/// How much of the whole a part is, in percent.
fn percent(part: Duration, whole: Duration) -> u64 {
    let percent = part.as_millis() * 100 / whole.as_millis().max(1);
    u64::try_from(percent).unwrap_or(100)
}

/// What was seen under the same faults.
struct Seconds<'a> {
    all: Vec<&'a Stretch>,
    brisk: usize,
}

// === impl Seconds ===

impl Seconds<'_> {
    /// For how much of the time windows were full, in percent; nothing where there was nothing to let in.
    fn share(&self) -> Option<u64> {
        let over: Duration = self.all.iter().map(|it| it.over).sum();
        let blocked: Duration = self.all.iter().map(|it| it.blocked).sum();
        if over.is_zero() {
            return (self.brisk >= Finding::CASES).then_some(0);
        }
        Some(percent(blocked, over))
    }

    fn finding(&self, clean: Option<&Self>) -> Option<Finding> {
        let slow: Vec<&Stretch> = (self.all.iter().copied())
            .filter(|it| it.is_slow())
            .collect();
        let (n, of) = (slow.len(), self.all.len() + self.brisk);
        let over: Duration = slow.iter().map(|it| it.over).sum();
        if n < Finding::CASES || over < LONG || n * 10 < of * 7 {
            return None;
        }
        let bytes: u64 = slow.iter().map(|it| it.bytes).sum();
        let rate = bytes / over.as_secs().max(1);
        let share = percent(slow.iter().map(|it| it.blocked).sum(), over);
        let without = clean.and_then(Seconds::share);
        let without =
            without.map_or_else(String::new, |share| format!(", {share} % without faults"));
        let mut conns: Vec<ConnId> = Vec::new();
        for stretch in slow.iter().rev() {
            if !conns.contains(&stretch.conn) {
                conns.push(stretch.conn);
            }
        }
        Some(Finding::new(
            (Habit::ReadsSlowly, "window full"),
            format!(
                "reads slowly: takes {} with its window full {share} % of {:.0} s{without} ({n} of {of})",
                RateUnit::Bytes.long(rate as f64),
                over.as_secs_f64(),
            ),
            &slow[0].under,
            (n, of),
            vec![
                ("bytes_per_second", Figure::Count(rate)),
                ("full_percent", Figure::Count(share)),
            ],
            conns,
        ))
    }
}

// === impl Stretch ===

impl Stretch {
    fn is_slow(&self) -> bool {
        let quick = QUICK * self.over.as_secs_f64();
        let is_full = percent(self.blocked, self.over) >= SHARE;
        is_full && self.bytes > 0 && (self.bytes as f64) < quick
    }
}
