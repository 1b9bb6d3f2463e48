//! What the kinds share that make a new connection wait before its first byte.

use std::time::Duration;

use crate::fault::param::{self, Param};

/// `time`, as the kinds have it that delay an opening.
pub(super) const TIME: Param<Duration> = param::time("time", "how long a new connection waits")
    .bare()
    .within(Duration::ZERO, Duration::from_secs(86_400));
