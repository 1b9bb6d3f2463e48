//! What waits in a link: facts about bytes, no verdict on them.

use std::time::Instant;

use super::Head;

/// A piece of a stream, with when it arrived and the random number that it drew.
#[derive(Debug)]
pub struct Segment {
    /// When its first byte arrived.
    pub arrived: Instant,
    /// Its random number: whatever a fault decides about it by chance comes from here, so that asking twice, or after a
    /// change of settings, decides the same.
    pub draw: u64,
    /// What it carries.
    pub payload: Payload,
}

/// What a segment carries.
#[derive(Debug)]
pub enum Payload {
    /// Bytes; those before `sent` have left.
    Data {
        /// The bytes as read.
        bytes: Vec<u8>,
        /// How many of them have left.
        sent: usize,
    },
    /// The sender ended its stream.
    Eof,
    /// The sender's connection broke: its peer's is to be reset.
    Reset,
}

// === impl Segment ===

impl Segment {
    /// What a stage sees of it, with so many bytes of the stream before it.
    #[must_use]
    pub fn head(&self, offset: u64) -> Head {
        let len = self.payload.rest().len();
        Head {
            arrived: self.arrived,
            draw: self.draw,
            offset,
            len,
        }
    }
}

// === impl Payload ===

impl Payload {
    /// The bytes that have not left.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        match self {
            Self::Data { bytes, sent } => &bytes[*sent..],
            Self::Eof | Self::Reset => &[],
        }
    }
}
