//! What a link knows of the bytes that wait in it: how many came when. When they leave is not decided here, and the bytes
//! themselves are in the link's store.

use std::time::Instant;

use super::Head;

/// A piece of a stream, with when it arrived and the random number that it drew.
#[derive(Debug)]
pub struct Segment {
    /// When its first byte arrived.
    pub arrived: Instant,
    /// Its random number: whatever a fault decides about it by chance comes from here, so that what was decided once stays,
    /// however often it is asked for and whatever settings change.
    pub draw: u64,
    /// What it carries.
    pub payload: Payload,
}

/// What a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// So many bytes that have not left.
    Data(usize),
    /// The sender ended its stream.
    Eof,
    /// The sender's connection broke: its peer's is to be reset.
    Reset,
}

// === impl Segment ===

impl Segment {
    /// What a stage sees of it, with so many bytes of the stream before it, and so many that wait from it on.
    #[must_use]
    pub fn head(&self, offset: u64, waiting: usize) -> Head {
        let len = self.bytes();
        Head {
            arrived: self.arrived,
            draw: self.draw,
            offset,
            len,
            behind: waiting.saturating_sub(len),
        }
    }

    /// How many bytes it carries; none for an end.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self.payload {
            Payload::Data(len) => len,
            Payload::Eof | Payload::Reset => 0,
        }
    }
}
