//! What faults ask of a new connection before its first byte.

use std::time::Duration;

use super::Kind;

/// The demands of all faults on one new connection, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// The kind that has it refused: its client is reset at once.
    pub refused: Option<&'static Kind>,
    /// For how long its client is not served after it was accepted.
    pub accept: Duration,
    /// For how long its upstream is not dialed after that.
    pub dial: Duration,
    /// The kind that lets dialing its upstream fail, after `dial`.
    pub fails: Option<&'static Kind>,
}
