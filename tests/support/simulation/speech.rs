//! What the simulated peers say: bytes that direction and offset decide, so that a byte that is lost, repeated, out of
//! place or from the other direction does not match.

use std::sync::LazyLock;

use faultboard::fault::random::Random;
use faultboard::fault::{Direction, PerDirection};

/// After so many bytes a stream repeats itself: a prime, which no size of a buffer divides.
const PERIOD: usize = 8_191;

/// Two periods of each direction, so that any piece shorter than one is a slice.
static STREAMS: LazyLock<PerDirection<Vec<u8>>> = LazyLock::new(|| {
    PerDirection::of(1, 2).map(|seed| {
        let mut random = Random::new(seed);
        let period: Vec<u8> = (0..PERIOD).map(|_| random.draw() as u8).collect();
        period.repeat(2)
    })
});

/// Fills `bytes` with the stream of `direction` from `offset` on.
pub(crate) fn say(direction: Direction, offset: u64, bytes: &mut [u8]) {
    each_piece(direction, offset, bytes.len(), |at, piece| {
        bytes[at..at + piece.len()].copy_from_slice(piece);
    });
}

/// Whether `bytes` are the stream of `direction` from `offset` on.
pub(crate) fn understands(direction: Direction, offset: u64, bytes: &[u8]) -> bool {
    let mut right = true;
    each_piece(direction, offset, bytes.len(), |at, piece| {
        right &= bytes[at..at + piece.len()] == *piece;
    });
    right
}

fn each_piece(direction: Direction, offset: u64, len: usize, mut take: impl FnMut(usize, &[u8])) {
    let stream = &STREAMS[direction];
    let start = (offset % PERIOD as u64) as usize;
    let mut at = 0;
    while at < len {
        let from = (start + at) % PERIOD;
        let piece = PERIOD.min(len - at);
        take(at, &stream[from..from + piece]);
        at += piece;
    }
}
