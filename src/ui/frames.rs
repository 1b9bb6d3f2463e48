//! Writes a frame at once, however many pieces it is made of, and has the terminal show it only when it is whole.

use std::io::{self, Write};

/// What is not longer changes little more than the cursor: nobody sees it torn.
const SMALL: usize = 64;

/// Mode 2026: the terminal keeps what it shows until the mode is off again.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Keeps what is written until it is flushed.
#[derive(Debug)]
pub struct Frames<W> {
    out: W,
    frame: Vec<u8>,
    /// Whether the terminal knows the mode.
    synchronizes: bool,
}

impl<W: Write> Frames<W> {
    /// Writes frames to `out`.
    pub(super) fn new(out: W, synchronizes: bool) -> Self {
        let mut frames = Self {
            out,
            frame: Vec::new(),
            synchronizes,
        };
        frames.begin();
        frames
    }

    fn begin(&mut self) {
        self.frame.clear();
        self.frame.extend_from_slice(BEGIN);
    }
}

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let is_small = self.frame.len() <= BEGIN.len() + SMALL;
        let written = if is_small || !self.synchronizes {
            self.out.write_all(&self.frame[BEGIN.len()..])
        } else {
            self.frame.extend_from_slice(END);
            self.out.write_all(&self.frame)
        };
        self.begin();
        written.and_then(|()| self.out.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flushed(pieces: &[&str], synchronizes: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut frames = Frames::new(&mut out, synchronizes);
        for piece in pieces {
            frames.write_all(piece.as_bytes()).expect("in memory");
        }
        frames.flush().expect("in memory");
        frames.flush().expect("in memory");
        out
    }

    #[test]
    fn a_frame_is_bracketed_where_the_terminal_knows_how() {
        let long = "x".repeat(100);
        let whole = format!("a{long}");
        let bracketed = format!("\x1b[?2026h{whole}\x1b[?2026l");
        for (pieces, synchronizes, wanted) in [
            (["a", &long], true, bracketed.as_str()),
            (["a", &long], false, &whole),
            (["a", "b"], true, "ab"),
            (["", ""], true, ""),
        ] {
            let out = flushed(&pieces, synchronizes);
            assert_eq!(String::from_utf8_lossy(&out), wanted);
        }
    }
}
