//! What follows something, as a row of places: after how long there was an attempt, to a fiftieth of the time.
//!
//! A list of all that follows would have no bound; a place for each fiftieth of the time from milliseconds to a minute
//! takes sixty-four bytes, and two rows compare at once.

use std::time::Duration;

/// How many places a row has.
pub(super) const PLACES: usize = 470;

/// The times at which something followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Followers([u64; PLACES.div_ceil(64)]);

/// The time of the first place, in seconds.
const FIRST: f64 = 0.005;

/// By how much each place is later than the one before.
const STEP: f64 = 1.02;

// === impl Followers ===

impl Followers {
    /// What follows later is not taken in.
    pub(super) const REACH: Duration = Duration::from_secs(54);

    /// The place of a time; what is shorter than the first has that.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time from milliseconds on: a few thousand places at most, never below zero"
    )]
    pub(super) fn place(after: Duration) -> usize {
        let steps = (after.as_secs_f64().max(FIRST) / FIRST).ln() / STEP.ln();
        steps.round() as usize
    }

    /// The time of a place.
    pub(super) fn at(place: usize) -> Duration {
        Duration::from_secs_f64(FIRST * STEP.powi(i32::try_from(place).unwrap_or(0)))
    }

    /// Takes in that something followed.
    pub(super) fn add(&mut self, after: Duration) {
        let place = Self::place(after);
        if place < PLACES {
            self.0[place / 64] |= 1 << (place % 64);
        }
    }

    /// Whether something followed at a place or at one beside it.
    pub(super) fn has(&self, place: usize) -> bool {
        let near = place.saturating_sub(1)..=(place + 1).min(PLACES - 1);
        near.into_iter()
            .any(|place| self.0[place / 64] >> (place % 64) & 1 == 1)
    }

    /// How many of some rows have a place, for each place.
    pub(super) fn counts<'a>(rows: impl Iterator<Item = &'a Self>) -> Vec<u32> {
        let mut counts = vec![0; PLACES];
        for row in rows {
            let mut counted = 0;
            for place in row.places() {
                let to = (place + 2).min(PLACES);
                for count in &mut counts[place.saturating_sub(1).max(counted)..to] {
                    *count += 1;
                }
                counted = to;
            }
        }
        counts
    }

    /// The places at which something followed, ascending.
    fn places(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(index * 64 + bit)
            })
        })
    }

    /// After how long the first one followed.
    pub(super) fn first(&self) -> Option<Duration> {
        self.places().next().map(Self::at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_again_to_a_fiftieth() {
        for millis in [5, 7, 100, 1_000, 30_000, 53_000] {
            let after = Duration::from_millis(millis);
            let mut followers = Followers::default();
            followers.add(after);
            let first = followers.first().expect("a follower");
            assert!(first.abs_diff(after) * 50 <= after, "{after:?}: {first:?}");
            assert!(followers.has(Followers::place(after)));
            assert!(!followers.has(Followers::place(after * 2)));
        }
        let mut late = Followers::default();
        late.add(Duration::from_secs(70));
        assert_eq!(late.first(), None);
    }
}
