//! Lines of commands, however they come: cut anywhere, too long, not text, with or without a carriage return.
//!
//! A line is bounded, so input without an end costs no memory, and what is skipped of it costs little time. What is wrong
//! with a line is an answer to give, not an end of reading. Blank lines, those that begin with a `#`, and a byte order
//! mark before the first are nothing.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio::time::sleep;

/// A line longer than this many bytes is refused; the longest plan that the languages can say is far shorter.
pub(super) const LONGEST: usize = 16 * 1024;

/// What one line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Text, without its line ending.
    Text(String),
    /// More than `LONGEST` bytes: the rest of it is skipped.
    TooLong,
    /// Not UTF-8 from this column on, counted from 1.
    NotText(usize),
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// So much of a line is skipped as fast as it comes; what does not end then is no mistake of somebody's who types.
const SKIPPED_AT_ONCE: usize = 1 << 20;

/// Between two reads of a line that does not end: a device that gives bytes for ever takes no core.
const PAUSE: Duration = Duration::from_millis(10);

/// Reads bounded lines. The bytes of a line that has not ended live here, so `next` may be dropped and called again.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    /// How many bytes of a line that is too long were skipped; `None` where none is.
    skipped: Option<usize>,
    /// Whether nothing was read yet.
    first: bool,
}

// === impl Lines ===

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            skipped: None,
            first: true,
        }
    }

    /// The next line that says something, `None` at the end of the input. A last line needs no line ending.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            // Cancel-safe: what `fill_buf` has read stays in the reader until it is consumed, without an await, below.
            let bytes = self.input.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(self.take());
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            if let Some(skipped) = self.skipped {
                self.input.consume(taken);
                self.skipped = end.is_none().then_some(skipped.saturating_add(taken));
                if self.skipped > Some(SKIPPED_AT_ONCE) {
                    // Cancel-safe: nothing was read that is not consumed.
                    sleep(PAUSE).await;
                }
                continue;
            }
            self.line.extend_from_slice(&bytes[..end.unwrap_or(taken)]);
            self.input.consume(taken);
            if self.line.len() > LONGEST {
                self.line = Vec::new();
                self.skipped = end.is_none().then_some(0);
                return Ok(Some(Line::TooLong));
            }
            if end.is_some()
                && let Some(line) = self.take()
            {
                return Ok(Some(line));
            }
        }
    }

    /// The line that has been read, `None` where it says nothing; the next one begins.
    fn take(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let line = if std::mem::take(&mut self.first) {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        } else {
            line
        };
        match std::str::from_utf8(line) {
            Ok(text) if text.trim().is_empty() || text.trim_start().starts_with('#') => None,
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

    #[tokio::test]
    async fn comments_and_a_byte_order_mark_are_nothing() {
        let input = "\u{feff}# all of it\nlist\n  # more\nkill #3\n\u{feff}quit";
        for capacity in [1, 1024] {
            let read = all(input.as_bytes(), capacity).await;
            assert_eq!(read, [text("list"), text("kill #3"), text("\u{feff}quit")]);
        }
        assert_eq!(all("\u{feff}list".as_bytes(), 64).await, [text("list")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_without_line_ends_is_said_at_once_and_takes_no_core() {
        const AT_ONCE: usize = 64 * 1024;
        let input = tokio::io::BufReader::with_capacity(AT_ONCE, tokio::io::repeat(0));
        let mut lines = Lines::new(input);
        let first = lines.next().await.expect("memory can be read");
        assert_eq!(first, Some(Line::TooLong));
        let second = tokio::time::timeout(Duration::from_secs(1), lines.next()).await;
        assert!(second.is_err(), "{second:?}");
        let most = SKIPPED_AT_ONCE + AT_ONCE * 101;
        assert!(lines.skipped.is_some_and(|skipped| skipped <= most));
    }
}
