//! Pings: a few bytes, always as many, each time that a connection has been silent for so long, and of which side they are.
//!
//! Who asks the same at fixed times does as much, so more is asked for. A client's ping comes behind other requests as well as behind
//! another ping, as long after either, and no silence is longer. An upstream's is known by its client, which sends a few bytes as soon
//! as it comes, always as many; what it sends is no request, and the next thing that comes is the next ping.

use std::sync::Arc;
use std::time::Duration;

use super::book::{Book, Step};
use super::faults::NONE;
use super::group::{Last, Width, clusters, median, moments};
use super::watch::{Sight, Watch};
use super::wording::{Range, time};
use crate::snapshot::{ConnId, Figure, Finding, Habit, Seen};

/// What broke silences, in health.
#[derive(Debug, Default)]
pub(super) struct Pings {
    /// By the client's asking, and by what its upstream sent.
    asked: Last<Broken, 96>,
    sent: Last<Broken, 96>,
}

/// A silence that was broken.
#[derive(Debug)]
struct Broken {
    conn: ConnId,
    at: Duration,
    silence: Duration,
    /// How many bytes the client sent: those that broke it, or at once in answer to that; none so far where it is absent.
    bytes: Option<u64>,
    /// Whether what went before it was one like this, or a request of other bytes, and whether the client asked for more at once.
    again: bool,
    behind_other: bool,
    followed: bool,
}

/// Silences that were broken alike.
struct Alike<'a> {
    bytes: u64,
    pings: Vec<&'a Broken>,
    range: Range,
    of: usize,
}

/// A silence is so long at least; one that an upstream's ping breaks is longer.
const SILENCE: Duration = Duration::from_millis(500);
const LONG_SILENCE: Duration = Duration::from_secs(5);

/// A ping is answered, and goes on to be answered, so soon.
const SOON: Duration = Duration::from_millis(500);

/// What a client asks so soon after an answer was there to be done.
const AT_ONCE: Duration = Duration::from_millis(50);

/// A client's ping has so many bytes at most, and what it answers one with: those of `SELECT 1`, and of HTTP/2's frame.
const PING: u64 = 64;
const PONG: u64 = 17;

// === impl Pings ===

impl Watch for Pings {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let clean = |silence: Duration| {
            let since = at.saturating_sub(silence);
            let exact = sight.is_exact_since(since);
            exact && sight.book.faults.clean(since, at) && !conn.is_stranger
        };
        let broken = |silence, bytes: Option<u64>, again| Broken {
            conn: conn.id,
            at,
            silence,
            bytes,
            again,
            behind_other: conn.requests > 1
                && bytes.is_some_and(|bytes| bytes != conn.bytes_before),
            followed: false,
        };
        match (sight.fact.seen, sight.step) {
            (Seen::Asked { bytes, silent }, _) => {
                let own = |it: &&mut Broken| it.conn == conn.id;
                let last = self.sent.iter_mut().rev().find(own);
                if let Some(sent) = last.filter(|it| it.bytes.is_none() && it.at + SOON >= at) {
                    sent.bytes = Some(bytes);
                }
                let last = self.asked.iter_mut().rev().find(own);
                if silent < AT_ONCE
                    && let Some(last) = last
                {
                    last.followed |= last.at + SOON >= at;
                } else if conn.answered > 0 && silent >= SILENCE && clean(silent) {
                    let last = self.asked.iter_mut().rev().find(own);
                    let like = last.filter(|last| last.bytes == Some(bytes));
                    let again = like.is_some_and(|last| last.at + SOON + silent >= at);
                    self.asked.push(broken(silent, Some(bytes), again));
                }
            }
            (Seen::Pushed { silent, .. }, _) if silent >= LONG_SILENCE && clean(silent) => {
                self.sent.push(broken(silent, None, false));
            }
            // Behind the first, a ping looks like an answer to the one before. A first one that was asked for is none.
            (_, Some(Step::Answered { waited }))
                if *waited >= LONG_SILENCE
                    && clean(*waited)
                    && self.sent.iter().any(|it| it.conn == conn.id) =>
            {
                self.sent.push(broken(*waited, None, false));
            }
            _ => {}
        }
    }

    fn state(&self, _: &Book, found: &mut Vec<Finding>) {
        let asked: Vec<&Broken> = self.asked.iter().collect();
        let sent: Vec<&Broken> = self.sent.iter().collect();
        if let Some(alike) = alike(&asked, PING).filter(Alike::come_by_themselves) {
            let bytes = alike.bytes;
            let says = |silence| {
                format!("sends the same {bytes} bytes after {silence} of silence, as a ping does")
            };
            found.push(finding("pings", says, &alike));
        }
        if let Some(alike) = alike(&sent, PONG) {
            let bytes = alike.bytes;
            let says = |silence| {
                format!(
                    "the upstream breaks silence after {silence}, and the client sends {bytes} bytes at once, as for a ping"
                )
            };
            found.push(finding("pings upstream", says, &alike));
        }
    }
}

// === impl Alike ===

impl Alike<'_> {
    /// Whether some came behind others like them, and some behind what else was asked, which was not there to be done.
    fn come_by_themselves(&self) -> bool {
        let count = |shows: fn(&Broken) -> bool| self.pings.iter().filter(|it| shows(it)).count();
        let again = count(|it| it.again);
        let behind_others = count(|it| it.behind_other);
        let followed = count(|it| it.followed);
        again >= Finding::CASES
            && behind_others >= Finding::CASES
            && followed * 10 <= self.pings.len()
    }
}

/// The longest silences, where they are alike, with the bytes that nearly all of them have, of which there are few; and how many
/// were as long.
fn alike<'a>(all: &[&'a Broken], most: u64) -> Option<Alike<'a>> {
    let silences: Vec<Duration> = all.iter().map(|it| it.silence).collect();
    let longest = clusters(&silences, Width::TIMER).pop()?;
    let longest: Vec<&Broken> = longest.into_iter().map(|index| all[index]).collect();
    let mut sizes: Vec<u64> = longest.iter().filter_map(|it| it.bytes).collect();
    sizes.sort_unstable();
    let bytes = sizes.get(sizes.len() / 2).copied()?;
    let pings: Vec<&Broken> = longest
        .into_iter()
        .filter(|it| it.bytes == Some(bytes))
        .collect();
    let range = Range::of(pings.iter().map(|it| it.silence))?;
    let of = silences.iter().filter(|it| **it >= range.least).count();
    let often = moments(pings.iter().map(|it| it.at)) >= Finding::CASES;
    let is_it = often && pings.len() * 10 >= of * 9 && (1..=most).contains(&bytes);
    is_it.then_some(Alike {
        bytes,
        pings,
        range,
        of,
    })
}

fn finding(which: &'static str, says: impl FnOnce(String) -> String, alike: &Alike<'_>) -> Finding {
    let Alike {
        pings, range, of, ..
    } = alike;
    let after = median(pings.iter().map(|it| it.silence));
    let mut last: Vec<&&Broken> = pings.iter().collect();
    last.sort_unstable_by_key(|it| std::cmp::Reverse(it.at));
    let none: Arc<str> = NONE.into();
    let (n, says) = (pings.len(), says(time(after)));
    Finding::new(
        (Habit::Pool, which),
        format!("{says} ({n} of {of}, {range})"),
        &none,
        (n, *of),
        vec![
            ("after", Figure::Time(after)),
            ("least", Figure::Time(range.least)),
            ("most", Figure::Time(range.most)),
        ],
        last.iter().map(|it| it.conn),
    )
}
