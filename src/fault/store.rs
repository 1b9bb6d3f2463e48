//! The bytes that wait in a link: a rope of buffers, filled at one end and drained at the other.
//!
//! ```text
//!  take ◄─ [ ..bytes | bytes | bytes.... ] ◄─ append, or read straight into `spare`
//! ```
//!
//! Whose bytes they are, when they arrived and when they leave is known to the queue of segments beside it; here they are
//! packed, so that a thousand small messages take a few buffers and not a thousand. Buffers come from the thread's pool.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;

use super::pool::{self, Buffer};

/// Reading straight into the last buffer pays while one of so many parts of what is asked for fits. Less room is left for
/// what is appended.
const WORTH_READING: usize = 4;

/// How many slices one vectored write takes.
pub const SLICES: usize = 64;

/// Bytes in order, in buffers.
#[derive(Default)]
pub(super) struct Store {
    pieces: VecDeque<Piece>,
    len: usize,
    footprint: usize,
}

/// A buffer with what is left of its bytes.
struct Piece {
    buffer: Buffer,
    bytes: Range<usize>,
}

// === impl Store ===

impl Store {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How much memory they take.
    pub(super) fn footprint(&self) -> usize {
        self.footprint
    }

    /// Copies bytes to the end.
    pub(super) fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let full = self.pieces.back().is_none_or(|last| last.room() == 0);
            if full {
                self.add(bytes.len());
            }
            let Some(last) = self.pieces.back_mut() else {
                return;
            };
            let n = last.room().min(bytes.len());
            let end = last.bytes.end;
            last.buffer[end..end + n].copy_from_slice(&bytes[..n]);
            last.bytes.end += n;
            self.len += n;
            bytes = &bytes[n..];
        }
    }

    /// Room behind the last byte to read into, at most `most` bytes of it; `fill` must follow.
    pub(super) fn spare(&mut self, most: usize) -> &mut [u8] {
        let worth = most / WORTH_READING;
        if self.pieces.back().is_none_or(|last| last.room() < worth) {
            self.add(most);
        }
        self.pieces.back_mut().map_or(&mut [], |last| {
            let room = last.room().min(most);
            let end = last.bytes.end;
            &mut last.buffer[end..end + room]
        })
    }

    /// `n` bytes were read into what `spare` gave.
    pub(super) fn fill(&mut self, n: usize) {
        if let Some(last) = self.pieces.back_mut() {
            last.bytes.end += n;
            self.len += n;
            if last.bytes.is_empty()
                && let Some(piece) = self.pieces.pop_back()
            {
                self.give(piece);
            }
        }
    }

    /// The first `limit` bytes, as far as `out` has places for their slices; says how many places were filled.
    pub(super) fn slices<'a>(&'a self, mut limit: usize, out: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut filled = 0;
        for (piece, place) in self.pieces.iter().zip(out) {
            if limit == 0 {
                break;
            }
            let bytes = &piece.buffer[piece.bytes.clone()];
            let bytes = &bytes[..bytes.len().min(limit)];
            limit -= bytes.len();
            *place = IoSlice::new(bytes);
            filled += 1;
        }
        filled
    }

    /// Changes the bytes at these places, counted from the first; `change` is told where each part of them begins.
    pub(super) fn change(&mut self, range: Range<usize>, mut change: impl FnMut(usize, &mut [u8])) {
        let mut place = 0;
        for piece in &mut self.pieces {
            let len = piece.bytes.len();
            let from = range.start.clamp(place, place + len);
            let to = range.end.clamp(place, place + len);
            if from < to {
                let start = piece.bytes.start + from - place;
                change(from, &mut piece.buffer[start..start + to - from]);
            }
            place += len;
            if place >= range.end {
                break;
            }
        }
    }

    /// The first `n` bytes have left.
    pub(super) fn take(&mut self, mut n: usize) {
        self.len -= n;
        while n > 0
            && let Some(first) = self.pieces.front_mut()
        {
            let part = n.min(first.bytes.len());
            first.bytes.start += part;
            n -= part;
            if first.bytes.is_empty()
                && let Some(piece) = self.pieces.pop_front()
            {
                self.give(piece);
            }
        }
        if self.pieces.is_empty() {
            // What many pieces needed is given back.
            self.pieces = VecDeque::new();
        }
    }

    /// Throws everything away.
    pub(super) fn clear(&mut self) {
        self.take(self.len);
    }

    fn add(&mut self, bytes: usize) {
        let buffer = pool::lend(bytes);
        self.footprint += buffer.len();
        let bytes = 0..0;
        self.pieces.push_back(Piece { buffer, bytes });
    }

    fn give(&mut self, piece: Piece) {
        self.footprint -= piece.buffer.len();
        pool::give_back(piece.buffer);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.clear();
    }
}

// === impl Piece ===

impl Piece {
    fn room(&self) -> usize {
        self.buffer.len() - self.bytes.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(store: &Store, limit: usize) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = store.slices(limit, &mut slices);
        slices[..filled]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect()
    }

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut store = Store::default();
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for chunk in bytes.chunks(777) {
            store.append(chunk);
        }
        let mut out = Vec::new();
        while store.len() > 0 {
            let some = content(&store, 10_000);
            store.take(some.len());
            out.extend(some);
        }
        assert_eq!(out, bytes);
        assert_eq!(store.footprint(), 0);
    }

    #[test]
    fn small_messages_share_a_buffer() {
        let mut store = Store::default();
        for _ in 0..1_000 {
            store.append(&[7; 64]);
        }
        assert!(store.footprint() < 2 * 64 * 1_000, "{}", store.footprint());
    }

    #[test]
    fn a_read_goes_behind_what_was_appended() {
        let mut store = Store::default();
        store.append(b"first ");
        let spare = store.spare(64 << 10);
        spare[..6].copy_from_slice(b"second");
        store.fill(6);
        store.append(b" third");
        assert_eq!(content(&store, 100), b"first second third");
    }

    #[test]
    fn a_read_that_brought_nothing_leaves_nothing() {
        let mut store = Store::default();
        store.spare(64 << 10);
        store.fill(0);
        assert_eq!((store.len(), store.footprint()), (0, 0));
        store.append(b"x");
        let before = store.footprint();
        store.spare(64 << 10);
        store.fill(0);
        assert_eq!(
            (content(&store, 9), store.footprint()),
            (b"x".to_vec(), before)
        );
    }

    #[test]
    fn what_is_thrown_away_is_given_back() {
        let mut store = Store::default();
        store.append(&vec![1; 100_000]);
        store.clear();
        assert_eq!((store.len(), store.footprint()), (0, 0));
    }
}
