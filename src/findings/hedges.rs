//! Hedges: a client asks a second time while its request waits, and takes the loser back when the winner's answer comes.
//!
//! Told by the losers: a connection that its client leaves amid a wait, in the instant in which another request of the same client is
//! answered that began so much earlier or later. One pair shows nothing; the same distance again and again does.

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
    /// When a client last left.
    last_left: Duration,
}

/// A request that was answered, and one that was left at that.
#[derive(Debug)]
struct Pair {
    at: Duration,
    winner: ConnId,
    loser: ConnId,
    /// From the one's beginning to the other's.
    after: Duration,
    under: Arc<str>,
    /// Whether one was answered a little before as well: so busy a client is answered whenever another leaves.
    by_chance: bool,
}

/// The loser is left so soon after the winner's answer.
pub(super) const LOSER: Duration = Duration::from_millis(5);

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
        let answer = sight.book.answered_just_before(conn, at, LOSER);
        // Who ends its stream behind its request goes on reading.
        let waited = amid.waiting.is_some_and(|waiting| waiting > LOSER);
        let Some(answer) = answer.filter(|_| first && !many && waited) else {
            return;
        };
        let after = answer.began.abs_diff(conn.began);
        if after < AT_ONCE {
            return;
        }
        self.pairs.push(Pair {
            at,
            winner: answer.conn,
            loser: conn.id,
            after,
            under: Arc::clone(sight.book.faults.between(conn.began, at)),
            by_chance: sight
                .book
                .answered_just_before(conn, at.saturating_sub(LOSER * 4), LOSER)
                .is_some(),
        });
    }

    fn state(&self, book: &Book, found: &mut Vec<Finding>) {
        let pairs: Vec<&Pair> = self.pairs.iter().collect();
        let times: Vec<Duration> = pairs.iter().map(|pair| pair.after).collect();
        for members in clusters(&times, EXACT) {
            let mut members: Vec<&Pair> = members.into_iter().map(|index| pairs[index]).collect();
            members.sort_unstable_by_key(|pair| std::cmp::Reverse(pair.at));
            let by_chance = members.iter().filter(|pair| pair.by_chance).count();
            let enough = members.len() * 10 >= pairs.len() * 7 && by_chance * 3 <= members.len();
            if !enough || moments(members.iter().map(|pair| pair.at)) < Finding::CASES {
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
