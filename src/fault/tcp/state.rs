//! Where a sender stands: whether it repairs losses, and what it waits for.

/// Whether losses are being repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// None is known.
    Open,
    /// Those that were found by what came through behind them.
    Recovery,
    /// Those of a timeout.
    Loss,
}

/// What a sender's one timer is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// Nothing was acknowledged: RFC 6298.
    Timeout,
    /// Nothing followed the last segments: RFC 8985, 7.
    Probe,
    /// Those behind a segment came, and it may only be late: RFC 8985, 6.2.
    Reordering,
}

/// A tail loss probe that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The number behind the last segment of the tail.
    pub(super) end: u64,
    /// Whether it was a copy of the last segment, and not a new one.
    pub(super) copies: bool,
}

/// The reduction of the window while losses are repaired (RFC 6937).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reduction {
    /// The window before.
    pub(super) from: u32,
    pub(super) delivered: u32,
    pub(super) sent: u32,
}

/// What the window was before a timeout that may be for nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undo {
    pub(super) at: u64,
    pub(super) window: u32,
    pub(super) threshold: u32,
}

/// What was newly found lost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) segments: u32,
    /// Whether a copy is among them that was sent for a lost one.
    pub(super) copies: bool,
}
