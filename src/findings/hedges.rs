//! Hedges: a client asks a second time while its request waits, and takes the loser back when the winner's answer comes.
//!
//! Told by the losers: a connection that its client leaves amid a wait, in the instant in which another request of the same client is
//! answered that began so much earlier or later. One pair shows nothing; the same distance again and again does. Who leaves after as
//! long where nothing was answered gives up, and meets an answer by chance: then nothing is told.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::group::{Last, Width, clusters, median, moments};
use super::watch::{Sight, Watch};
use super::wording::{Range, time};
use crate::snapshot::{ConnId, Figure, Finding, Habit, LegName, Seen};

/// The pairs that may be hedges.
#[derive(Debug, Default)]
pub(super) struct Hedges {
    pairs: Last<Pair, 128>,
    /// For how long those had waited that were left where no other was answered.
    given_up: Last<Duration, 128>,
    /// When a client last left.
    last_left: Duration,
}

/// A request that was answered, and one that was left at that.
#[derive(Debug)]
struct Pair {
    at: Duration,
    winner: ConnId,
    loser: ConnId,
    /// From the one's beginning to the other's, and for how long the loser had waited.
    after: Duration,
    waited: Duration,
    under: Arc<str>,
    /// In which share of such instants one was answered a little before: so busy a client is answered whenever another leaves.
    by_chance: f64,
}

/// The loser is left so soon after the winner's answer.
pub(super) const LOSER: Duration = Duration::from_millis(5);

/// So many instants before show how often one is answered by chance.
const BEFORE: u32 = 20;

/// A hedge's timer shows more exactly than by chance.
const EXACT: Width = Width {
    per_mille: 30,
    least: Duration::from_millis(6),
};

/// Requests that begin closer together were made at once.
const AT_ONCE: Duration = Duration::from_millis(50);

// === impl Hedges ===

impl Watch for Hedges {
    fn see(&mut self, sight: &Sight<'_>) {
        let (at, conn) = (sight.fact.at, sight.conn);
        let Seen::Left {
            leg: LegName::Client,
            amid,
            ..
        } = sight.fact.seen
        else {
            return;
        };
        let first = conn.left.is_some_and(|left| left.at == at);
        // Who leaves several at once ends its work.
        let many = std::mem::replace(&mut self.last_left, at) + LOSER >= at;
        if many {
            self.pairs.retain(|pair| pair.at + LOSER < at);
        }
        // The same request twice has as many bytes.
        let answer = sight.book.answered_just_before(conn, at, LOSER);
        let other = answer.is_some_and(|answer| answer.bytes != conn.bytes);
        // Who ends its stream behind its request goes on reading.
        let waited = amid.waiting.is_some_and(|waiting| waiting > LOSER);
        let own = at.saturating_sub(conn.began);
        if answer.is_none() && first && waited {
            self.given_up.push(own);
        }
        let Some(answer) = answer.filter(|_| first && !many && waited && !other) else {
            return;
        };
        let after = answer.began.abs_diff(conn.began);
        let stalls = &sight.book.stalls;
        let (first, second) = (answer.began.min(conn.began), answer.began.max(conn.began));
        let exact = stalls.are_exact(first, second) && stalls.is_exact(at);
        if after < AT_ONCE || !exact {
            return;
        }
        let before = at.saturating_sub(LOSER * 2);
        self.pairs.push(Pair {
            at,
            winner: answer.conn,
            loser: conn.id,
            after,
            waited: own,
            under: Arc::clone(sight.book.faults.between(conn.began, at)),
            by_chance: sight
                .book
                .answers_beside(conn, before, LOSER * BEFORE)
                .count() as f64
                / f64::from(BEFORE),
        });
    }

    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        let pairs: Vec<&Pair> = self.pairs.iter().collect();
        let times: Vec<Duration> = pairs.iter().map(|pair| pair.after).collect();
        for members in clusters(&times, EXACT) {
            let mut members: Vec<&Pair> = members.into_iter().map(|index| pairs[index]).collect();
            members.sort_unstable_by_key(|pair| std::cmp::Reverse(pair.at));
            let by_chance: f64 = members.iter().map(|pair| pair.by_chance).sum();
            let enough = members.len() * 10 >= pairs.len() * 7;
            let enough = enough && by_chance * 3.0 <= members.len() as f64;
            if !enough || moments(members.iter().map(|pair| pair.at)) < Finding::CASES {
                continue;
            }
            // The answer has to be what ends their wait.
            let as_long = |waited: &&Duration| {
                let as_long = |pair: &&Pair| Width::TIMER.joins(pair.waited, **waited);
                members.iter().any(as_long)
            };
            if self.given_up.iter().filter(as_long).count() * 5 > members.len() {
                continue;
            }
            let after = median(members.iter().map(|pair| pair.after));
            // Who hedges waits for as long as an answer usually takes, and longer.
            let usual = median(book.clean_waits.iter().copied());
            if after < usual * 2 {
                continue;
            }
            let range = Range::of(members.iter().map(|pair| pair.after));
            let range = range.expect("a cluster has members");
            let (n, of) = (members.len(), pairs.len());
            found.push(Finding::new(
                (Habit::Hedges, "second request"),
                format!(
                    "hedges: asks again after {} while a request waits, and leaves the slower one ({n} of {of}, {range})",
                    time(after)
                ),
                &members[0].under,
                (n, of),
                vec![("after", Figure::Time(after))],
                members.iter().flat_map(|pair| [pair.loser, pair.winner]),
            ));
        }
    }
}
