//! What faults ask of a new connection before its first byte.

use std::time::Duration;

/// The demands of all faults on one new connection, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// It is refused: its client is reset at once.
    pub refused: bool,
    /// For how long its client is not served after it was accepted.
    pub accept: Duration,
    /// For how long its upstream is not dialed after that.
    pub dial: Duration,
    /// Dialing its upstream fails, after `dial`.
    pub fails: bool,
}
