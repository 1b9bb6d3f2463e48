//! How long is waited until a lost engine is tried again: a quarter of a second, twice as long each time, five seconds at most,
//! and each a little shorter or longer, so that many consoles do not come back at once.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(5);

/// The waits between tries.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
    chance: RandomState,
}

impl Backoff {
    /// How long to wait before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.tries.min(8)).min(MOST);
        self.tries = self.tries.saturating_add(1);
        // From 80 to 120 in a hundred.
        let part = 80 + self.chance.hash_one(self.tries) % 41;
        wait.mul_f64(part as f64 / 100.0)
    }

    /// It was reached: the next time begins anew.
    pub(super) fn reached(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_seconds_a_fifth_more_or_less_and_begin_anew_once_reached() {
        let mut backoff = Backoff::default();
        for wait in [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000] {
            let (wait, next) = (Duration::from_millis(wait), backoff.next());
            assert!(
                next >= wait.mul_f64(0.8) && next <= wait.mul_f64(1.2),
                "{next:?} of {wait:?}"
            );
        }
        backoff.reached();
        assert!(backoff.next() <= FIRST.mul_f64(1.2));
    }
}
