//! What the demo's clients do: the table that their findings can be compared with.

use std::time::Duration;

use super::Part;

/// The habits of a part's clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// How many there are at a time, each with a connection that it keeps for as long as its server does.
    pub(super) clients: u64,
    /// The shortest and the longest pause between an answer and what is asked next.
    pub(super) pace: (Duration, Duration),
    /// For how long it waits for the next byte before it gives up its connection.
    pub(super) patience: Duration,
    /// What it does after it failed.
    pub(super) retry: Retry,
}

/// When a client tries again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Retry {
    /// After the same pause so many times; then it lets the request be and goes on at its pace.
    Fixed {
        /// How many tries follow the first one.
        tries: u32,
        /// How long after a failure each begins.
        pause: Duration,
    },
    /// For as long as it takes, after a random pause that doubles from the first to the second.
    Growing(Duration, Duration),
}

// === impl Part ===

impl Part {
    /// Its clients, a row for each part.
    #[rustfmt::skip]
    pub(super) const fn habits(self) -> Habits {
        const GROWING: Retry = Retry::Growing(ms(100), ms(2_000));
        const SHOP: Retry = Retry::Fixed { tries: 3, pause: ms(1_000) };
        let (clients, pace, patience, retry) = match self {
            Self::Shop  => (6, (ms(150), ms(450))  , ms(2_000),  SHOP),
            Self::Echo  => (4, (ms(160), ms(240)),   ms(30_000), GROWING),
            Self::Files => (2, (ms(0),   ms(0)),     ms(30_000), GROWING),
            Self::Flaky => (3, (ms(150), ms(450)),   ms(30_000), GROWING),
        };
        Habits { clients, pace, patience, retry }
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
