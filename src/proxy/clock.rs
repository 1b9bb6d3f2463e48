//! The one place that reads a clock.
//!
//! It is tokio's, so that a paused test clock moves everything that tells the time by it.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
