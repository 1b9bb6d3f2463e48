//! The pulse of a worker's thread: how late it runs, told by a timer of its own.
//!
//! What a thread sees after it did not run, it sees late, and dates late: on a busy machine by milliseconds, where the process was
//! stopped by as long as that lasted. So while connections of a worker tell something, its thread is due every 20 ms, and is asked how
//! late it came. A worker of which nothing is told has no timer.

use std::time::Duration;

use super::clock;
use crate::proxy::meter::facts::Facts;

/// So often the thread is due.
const BEAT: Duration = Duration::from_millis(20);

/// Who comes after so long was late by more than a timer makes, which on Windows is as coarse as 16 ms.
const LATE: Duration = Duration::from_millis(if cfg!(windows) { 50 } else { 35 });

/// After so many beats in which nothing was told there is no timer any more.
const QUIET: u32 = 100;

/// Notes for ever when the thread that runs this did not run although it was due.
pub(super) async fn watch(facts: &Facts) {
    loop {
        facts.told().await;
        let mut before = clock::now();
        let mut quiet = 0;
        while quiet < QUIET {
            tokio::time::sleep(BEAT).await;
            let now = clock::now();
            if now.saturating_duration_since(before) > LATE {
                facts.stalled(before..now);
            }
            before = now;
            quiet = if facts.take_told() { 0 } else { quiet + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::snapshot::{ConnId, Fact, ProxyId, Seen};

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_does_not_run_is_found_late_while_something_is_told() {
        let facts = Facts::default();
        let began = clock::now();
        let millis = Duration::from_millis;
        let test = async {
            // Nothing is told yet.
            sleep(millis(100)).await;
            advance(millis(300)).await;
            assert_eq!(facts.stalls(), []);
            facts.push(Fact {
                at: Duration::ZERO,
                proxy: ProxyId(1),
                conn: ConnId(1),
                seen: Seen::Reached,
            });
            sleep(millis(55)).await;
            // As of a process that was stopped: its clock went on.
            advance(millis(300)).await;
            sleep(millis(30)).await;
            let [stall] = &facts.stalls()[..] else {
                panic!("it was late once");
            };
            let [from, to] = [stall.start, stall.end].map(|at| at.saturating_duration_since(began));
            assert!((millis(434)..millis(456)).contains(&from), "{from:?}");
            assert!((millis(755)..millis(780)).contains(&to), "{to:?}");
            // Then it is quiet for so long that it rests.
            sleep(BEAT * (QUIET + 2)).await;
            advance(millis(300)).await;
            sleep(millis(30)).await;
            assert_eq!(facts.stalls(), []);
        };
        tokio::select! {
            () = watch(&facts) => {}
            () = test => {}
        }
    }
}
