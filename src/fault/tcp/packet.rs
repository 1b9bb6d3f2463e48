//! What is on the line, and what the sender keeps of it.

/// What was sent and is not acknowledged in order.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each of them is a fact of its own"
)]
pub(super) struct Segment {
    /// Up to where in the stream it goes.
    pub(super) end: u64,
    /// When it was sent first, and last.
    pub(super) began: u64,
    pub(super) sent: u64,
    /// Whether the sender knows that it came, or takes it for lost, and whether a copy of a lost one is under way.
    pub(super) sacked: bool,
    pub(super) lost: bool,
    pub(super) again: bool,
    /// Whether the receiver has it.
    pub(super) received: bool,
    pub(super) copies: u8,
    /// What had been delivered when it was sent, for the rate.
    pub(super) mark: Mark,
}

/// What a sender had delivered at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// How many segments, and when the last of them was acknowledged.
    pub(super) delivered: u64,
    pub(super) at: u64,
    /// When the first segment was sent of those that were under way.
    pub(super) first_sent: u64,
    /// Whether the application had too little to send.
    pub(super) idle: bool,
}

/// A packet on its way to the receiver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    pub(super) arrives: u64,
    pub(super) number: u64,
    /// How many bytes it carries.
    pub(super) len: u64,
    pub(super) sent: u64,
    /// How much later that was than when its segment was sent first.
    pub(super) late: u64,
    /// Whether the receiver's application is to read at once.
    pub(super) pushes: bool,
    /// Whether it cannot be lost by chance, nor its acknowledgement.
    pub(super) sure: bool,
}

/// An acknowledgement on its way to the sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledgement {
    /// When it comes; `None` where the next one brings what it would have told.
    pub(super) at: Option<u64>,
    /// The packet that it answers.
    pub(super) number: u64,
    pub(super) sent: u64,
    /// The next number that the receiver expects, and up to where in the stream it lets the sender go.
    pub(super) expected: u64,
    pub(super) edge: u64,
}
