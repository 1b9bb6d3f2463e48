//! How a sender is to send.

/// The congestion control of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fault) enum Algorithm {
    /// RFC 9438, Linux's default.
    Cubic,
    /// RFC 5681.
    Reno,
    /// Version 1, as in Linux.
    Bbr,
}

/// How a sender sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fault) struct Control {
    pub(in crate::fault) algorithm: Algorithm,
    /// How many segments it sends at first.
    pub(in crate::fault) initial: u32,
    /// How many bytes the receiver takes ahead of what its application read.
    pub(in crate::fault) receive_window: u64,
}
