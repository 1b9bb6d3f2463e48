//! The one place that reads a clock.
//!
//! It is tokio's, so that a paused test clock moves all that tells the time by it on that runtime; the engine's workers
//! have runtimes of their own.

use std::time::{Duration, Instant, SystemTime};

/// Until when something must be done, and how long it was given for that.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: tokio::time::Instant,
    given: Duration,
}

/// The time now, on the clock that everything of the engine is dated by.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The day and the hour now, which no engine goes by: they tell a person when something was.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn today() -> SystemTime {
    SystemTime::now()
}

// === impl Deadline ===

impl Deadline {
    /// The moment that comes so long after now.
    #[must_use]
    pub fn after(given: Duration) -> Self {
        let began = now();
        // No option allows so long a time that it could not be added.
        let at = began.checked_add(given).unwrap_or(began);
        Self {
            at: at.into(),
            given,
        }
    }

    /// The moment, for a timer.
    pub(crate) fn at(self) -> tokio::time::Instant {
        self.at
    }

    /// How long it is until then.
    pub(crate) fn left(self) -> Duration {
        self.at
            .saturating_duration_since(tokio::time::Instant::from_std(now()))
    }

    /// The time that was given, in all: what an error says that was not enough.
    pub(crate) fn given(self) -> Duration {
        self.given
    }
}
