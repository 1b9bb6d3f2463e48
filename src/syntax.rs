//! What the languages of this program share: errors with a column, a caret and a form that would work.

use std::fmt;
use std::ops::Range;

/// Why a text is not valid, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The text that was read.
    pub input: String,
    /// The characters (not bytes) of `input` that are wrong; empty at the end of the text.
    pub span: Range<usize>,
    /// What is wrong, and what would work, in one line without a full stop.
    pub message: String,
    /// Whether the text is only not finished: it begins something valid.
    pub unfinished: bool,
    /// What may follow, where the text is unfinished, or what was expected.
    pub expected: Vec<String>,
}

// === impl ParseError ===

impl ParseError {
    /// The column of the first wrong character, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.span.start + 1
    }
}

/// The text, and a caret with the message under the column.
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.input)?;
        write!(
            f,
            "{:width$}^ {}",
            "",
            self.message,
            width = self.span.start
        )
    }
}

impl std::error::Error for ParseError {}
