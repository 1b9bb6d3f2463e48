//! Whose turn it is to be told: where very many connections are told, each is looked at in one of five turns.
//!
//! A turn lasts a tenth of a second, so each connection is told twice a second at most, and as many of them in each frame. What a
//! frame leaves out is caught up by the next ones; where none follows, by whoever asks for what was left out.

use std::time::Duration;

/// Up to so many connections are told as often as something is.
pub(super) const AT_ONCE: usize = 1_000;

/// How many turns there are.
const TURNS: u64 = 5;

/// How long one lasts.
const TURN: Duration = Duration::from_millis(100);

/// The turns that have come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    /// How many had begun by the end of the last frame.
    begun: u128,
    due: [bool; TURNS as usize],
}

// === impl Turns ===

impl Turns {
    /// Those that have begun since the last time.
    pub(super) fn go_on(&mut self, at: Duration) {
        let begun = at.as_millis() / TURN.as_millis();
        let passed = begun.saturating_sub(self.begun);
        self.due = [passed >= u128::from(TURNS); TURNS as usize];
        for turn in (self.begun..begun).take(TURNS as usize) {
            self.due[(turn % u128::from(TURNS)) as usize] = true;
        }
        self.begun = begun;
    }

    /// Gives all of them their turn.
    pub(super) fn all(&mut self) {
        self.due = [true; TURNS as usize];
    }

    /// Whether a connection has its turn.
    pub(super) fn are_of(self, id: u64) -> bool {
        self.due[(id % TURNS) as usize]
    }

    /// Whether somebody has none.
    pub(super) fn leave_out(self) -> bool {
        self.due.contains(&false)
    }
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
        let mut had = [0; TURNS as usize];
        for tenth in 1..=20 {
            // A little late each time, and once more in between.
            for millis in [10_000 + tenth * 100 + tenth, 10_050 + tenth * 100] {
                turns.go_on(at(millis));
                for (id, had) in (0..).zip(&mut had) {
                    *had += u32::from(turns.are_of(id));
                }
            }
        }
        assert_eq!(had, [4; TURNS as usize]);
        turns.go_on(at(12_500));
        assert!(!turns.leave_out());
        turns.go_on(at(12_510));
        assert!(turns.leave_out());
        turns.all();
        assert!(!turns.leave_out());
    }
}
