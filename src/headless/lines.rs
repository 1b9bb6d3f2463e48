//! Lines of commands, however they come: cut anywhere, too long, not text, with or without a carriage return.
//!
//! A line is bounded, so input without an end costs no memory. What is wrong with a line is an answer to give, not an
//! end of reading.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// A line longer than this many bytes is refused; the longest plan that the languages can say is far shorter.
pub(super) const LONGEST: usize = 16 * 1024;

/// What one line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Text, without its line ending.
    Text(String),
    /// More than `LONGEST` bytes, skipped.
    TooLong,
    /// Not UTF-8 from this column on, counted from 1.
    NotText(usize),
}

/// Reads bounded lines. The bytes of a line that has not ended live here, so `next` may be dropped and called again.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    skipping: bool,
}

// === impl Lines ===

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            skipping: false,
        }
    }

    /// The next line that is not blank, `None` at the end of the input. A last line needs no line ending.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            // Cancel-safe: what `fill_buf` has read stays in the reader until it is consumed, without an await, below.
            let bytes = self.input.fill_buf().await?;
            if bytes.is_empty() {
                let rest = self.line.is_empty() && !self.skipping;
                return Ok((!rest).then(|| self.take()).flatten());
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.skipping |= self.line.len() + end.unwrap_or(taken) > LONGEST;
            if self.skipping {
                self.line.clear();
            } else {
                self.line.extend_from_slice(&bytes[..end.unwrap_or(taken)]);
            }
            self.input.consume(taken);
            if end.is_some()
                && let Some(line) = self.take()
            {
                return Ok(Some(line));
            }
        }
    }

    /// The line that has been read, `None` where it is blank; the next one begins.
    fn take(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skipping) {
            return Some(Line::TooLong);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        match std::str::from_utf8(line) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(Line::Text(text.to_owned())),
            Err(error) => {
                let valid = String::from_utf8_lossy(&line[..error.valid_up_to()]);
                Some(Line::NotText(valid.chars().count() + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of `input`, read through a buffer of `capacity` bytes.
    async fn all(input: &[u8], capacity: usize) -> Vec<Line> {
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(capacity, input));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("memory can be read") {
            all.push(line);
        }
        all
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[tokio::test]
    async fn lines_end_in_lf_or_crlf_or_with_the_input() {
        for capacity in [1, 3, 1024] {
            let read = all(b"list\nquit\r\n\n  \r\nset all lat 1ms", capacity).await;
            assert_eq!(read, [text("list"), text("quit"), text("set all lat 1ms")]);
        }
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_is_read() {
        let mut input = vec![b'x'; LONGEST + 1];
        input.extend_from_slice(b"\nlist\n");
        for capacity in [7, 1024, 1 << 20] {
            assert_eq!(all(&input, capacity).await, [Line::TooLong, text("list")]);
        }
    }

    #[tokio::test]
    async fn the_longest_line_is_read() {
        let input = vec![b'x'; LONGEST];
        assert_eq!(all(&input, 100).await, [text(&"x".repeat(LONGEST))]);
    }

    #[tokio::test]
    async fn bytes_that_are_not_text_are_said_with_their_column() {
        let read = all(b"\xc3\xa4b\xff\nlist\n", 2).await;
        assert_eq!(read, [Line::NotText(3), text("list")]);
    }

    #[tokio::test]
    async fn too_long_a_line_without_an_end_is_said_once() {
        let input = vec![b'x'; 3 * LONGEST];
        assert_eq!(all(&input, 1000).await, [Line::TooLong]);
    }
}
