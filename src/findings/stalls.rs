//! Stalls: times in which the desk itself did not run. What it saw in one, or just after it, may have happened as long before as the
//! stall had lasted by then.

use std::time::Duration;

use super::group::Last;
use crate::snapshot::{self, Stall};

/// The last stalls of the desk, in the order in which they ended.
#[derive(Debug, Default)]
pub(super) struct Stalls(Last<Stall, 256>);

/// A time is told to a twentieth of it, or to this.
const EXACT: Duration = Duration::from_millis(20);
const PART: u32 = 20;

/// What had come in a stall is seen by so long after it.
const CATCHES_UP: Duration = Duration::from_millis(10);

// === impl Stalls ===

impl Stalls {
    pub(super) fn push(&mut self, stall: Stall) {
        self.0.push(stall);
    }

    /// What those come to that ended after a moment.
    pub(super) fn since(&self, moment: Duration) -> snapshot::Stalls {
        let last = self.0.iter().copied();
        snapshot::Stalls::of(last.skip_while(|stall| stall.to <= moment))
    }

    /// Whether from one sight to another is known as exactly as times are told.
    pub(super) fn are_exact(&self, from: Duration, to: Duration) -> bool {
        let enough = EXACT.max(to.saturating_sub(from) / PART);
        self.late(from) <= enough && self.late(to) <= enough
    }

    /// Whether the moment of a sight is known as exactly.
    pub(super) fn is_exact(&self, at: Duration) -> bool {
        self.late(at) <= EXACT
    }

    /// For how long after it had happened something may have been seen.
    fn late(&self, at: Duration) -> Duration {
        let late = |stall: &Stall| at.saturating_sub(stall.from);
        let after = self.0.iter().rev();
        let after = after.take_while(|stall| at <= stall.to + CATCHES_UP);
        after.map(late).max().unwrap_or_default()
    }

    /// Whether the desk ran for nearly all of a time.
    pub(super) fn ran_between(&self, from: Duration, to: Duration) -> bool {
        let within = |stall: &Stall| stall.to.min(to).saturating_sub(stall.from.max(from));
        let after = self.0.iter().rev().take_while(|stall| from <= stall.to);
        after.map(within).sum::<Duration>() <= to.saturating_sub(from) / PART
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_in_a_stall_may_have_been_earlier() {
        let millis = Duration::from_millis;
        let mut stalls = Stalls::default();
        for (from, to) in [(1_000, 1_100), (2_000, 2_300)] {
            let (from, to) = (millis(from), millis(to));
            stalls.push(Stall { from, to });
        }
        for (from, to, exact) in [
            (500, 900, true),
            (500, 1_010, true),
            (500, 1_100, false),
            (1_100, 1_500, false),
            (1_105, 1_500, false),
            (1_120, 1_999, true),
            // A stall in between moves neither end, and a twentieth of a long time is enough.
            (900, 1_200, true),
            (1_100, 9_000, true),
            (2_300, 7_000, false),
            (2_300, 9_000, true),
        ] {
            let told = stalls.are_exact(millis(from), millis(to));
            assert_eq!(told, exact, "{from}–{to}");
        }
        for (moment, count, longest) in [(0, 2, 300), (1_100, 1, 300), (2_300, 0, 0)] {
            let longest = millis(longest);
            let expected = snapshot::Stalls { count, longest };
            assert_eq!(stalls.since(millis(moment)), expected);
        }
        assert!(!stalls.is_exact(millis(2_200)) && stalls.is_exact(millis(1_500)));
        assert!(stalls.ran_between(millis(900), millis(9_000)));
        assert!(!stalls.ran_between(millis(1_050), millis(1_500)));
    }
}
