//! The one place that reads a clock.
//!
//! It is tokio's, so that a paused test clock moves all that tells the time by it on that runtime; the engine's workers
//! have runtimes of their own.

use std::time::Instant;

/// The time now, on the clock that everything of the engine is dated by.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
