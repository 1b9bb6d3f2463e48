//! Whose turn it is to be told: where very many connections are told, each is looked at in one of five turns.
//!
//! A turn lasts a tenth of a second, so each connection is told twice a second at most, and as many of them in each frame. What a
//! frame leaves out is caught up by the next ones; where none follows, by whoever asks for what was left out.

use std::time::Duration;

/// Up to so many connections are told as often as something is.
pub(super) const AT_ONCE: usize = 1_000;

/// How many turns there are, and as a number of places.
const TURNS: u64 = 5;
const PLACES: usize = 5;

/// How long one lasts, in milliseconds.
const TURN: u64 = 100;

/// The turns that have come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    /// How many had begun by the end of the last frame.
    begun: u64,
    due: [bool; PLACES],
}

// === impl Turns ===

impl Turns {
    /// Those that have begun since the last time.
    pub(super) fn go_on(&mut self, at: Duration) {
        let begun = u64::try_from(at.as_millis()).unwrap_or(u64::MAX) / TURN;
        let passed = begun.saturating_sub(self.begun);
        self.due = [passed >= TURNS; PLACES];
        for turn in (self.begun..begun).take(PLACES) {
            self.due[place(turn)] = true;
        }
        self.begun = begun;
    }

    /// Gives all of them their turn.
    pub(super) fn all(&mut self) {
        self.due = [true; PLACES];
    }

    /// Whether a connection has its turn.
    pub(super) fn are_of(self, id: u64) -> bool {
        self.due[place(id)]
    }

    /// Whether somebody has none.
    pub(super) fn leave_out(self) -> bool {
        self.due.contains(&false)
    }
}

/// The place of a number among the turns.
fn place(number: u64) -> usize {
    usize::try_from(number % TURNS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn each_has_its_turn_twice_a_second_and_all_after_a_pause() {
        let mut turns = Turns::default();
        turns.go_on(at(10_000));
        assert!(!turns.leave_out());
        let mut had = [0; PLACES];
        for tenth in 1..=20 {
            // A little late each time, and once more in between.
            for millis in [10_000 + tenth * 100 + tenth, 10_050 + tenth * 100] {
                turns.go_on(at(millis));
                for (id, had) in (0..).zip(&mut had) {
                    *had += u32::from(turns.are_of(id));
                }
            }
        }
        assert_eq!(had, [4; PLACES]);
        turns.go_on(at(12_500));
        assert!(!turns.leave_out());
        turns.go_on(at(12_510));
        assert!(turns.leave_out());
        turns.all();
        assert!(!turns.leave_out());
    }
}
