//! What the languages of this program share: errors with a column, a caret and a form that would work.
//!
//! The parsers report a `Slip`: bytes of the text, a message, and whether more text could still make it right. Columns
//! are counted once, when a slip leaves the parser as a `ParseError`. Nothing here knows a mapping or a fault.
//!
//! Why *unfinished* is part of the error: a line is checked with every key. What only begins something valid must not
//! turn red under the hands that type it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use strsim::osa_distance;
use winnow::Parser;
use winnow::combinator::delimited;
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{LocatingSlice, Location};
use winnow::token::take_while;

use crate::format::{is_shown, listed, quoted, without_secrets};

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
    /// What may follow, where the text is unfinished, or what was expected. A word of a language is spelled in full
    /// (`https://` after `htt`); anything else is described (`a host`, `:port`).
    pub expected: Vec<String>,
    /// A whole text that would do what this one was probably meant to, where one is known.
    pub instead: Option<String>,
}

/// A text that knows how far it has been read.
pub(crate) type Input<'i> = LocatingSlice<&'i str>;

/// What a production of a grammar returns.
pub(crate) type Parsed<T> = Result<T, ErrMode<Slip>>;

/// A `ParseError` whose columns are not counted yet.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    /// The bytes of the text that are wrong.
    at: Range<usize>,
    message: String,
    unfinished: bool,
    expected: Vec<String>,
    instead: Option<String>,
}

/// Reads the whole of a text with one production; blanks around it are ignored.
///
/// An error tells no password: it is what would be wrong with the text if there were stars in its place.
pub(crate) fn read<T>(
    text: &str,
    mut production: impl for<'i> Parser<Input<'i>, T, ErrMode<Slip>>,
) -> Result<T, ParseError> {
    let mut read_whole = |text: &str| {
        delimited(blanks, production.by_ref(), blanks)
            .parse(LocatingSlice::new(text))
            .map_err(|error| error.into_inner().counted(text))
    };
    read_whole(text).map_err(|error| match without_secrets(text) {
        Cow::Borrowed(_) => error,
        Cow::Owned(hidden) => read_whole(&hidden).err().unwrap_or(ParseError {
            message: "a password has no place here".to_owned(),
            expected: Vec::new(),
            instead: None,
            input: hidden,
            ..error
        }),
    })
}

/// Any number of blanks.
pub(crate) fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace)
        .void()
        .parse_next(input)
}

/// The part of a text before its first blank.
pub(crate) fn until_blank(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or(text)
}

/// Says that a word is unknown, which known one is nearest, and which there are:
/// `unknown protocol "htps": did you mean "https"? (http, https)`.
pub(crate) fn unknown(what: &str, word: &str, guess: Option<&str>, known: &[&str]) -> String {
    let guess = guess.map_or_else(String::new, |guess| format!(": did you mean \"{guess}\"?"));
    format!("unknown {what} {}{guess} ({})", quoted(word), listed(known))
}

/// What a reader of TOML says is wrong, without its list of signs that may stand there.
pub(crate) fn no_toml(message: &str) -> String {
    let why = message.split(", expected").next().unwrap_or(message);
    format!("not as TOML is written: {}", why.trim_end())
}

/// The line and the column of a byte of a text, counted from 1.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let begun = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[begun..].chars().count() + 1)
}

/// The candidate that `word` was most likely meant to be: the same but for case, a few slips of the fingers away, or
/// begun by it. `None` where that would be a guess in the dark.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const LONGEST: usize = 24;
    let word = word.to_lowercase();
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let slips = osa_distance(&word, &candidate.to_lowercase());
            let allowed = (length.max(candidate.chars().count()) / 3).max(1);
            let begun = length > 1 && candidate.to_lowercase().starts_with(&word);
            let near = slips <= allowed && slips < length;
            (near || begun).then_some((if near { slips } else { LONGEST }, candidate))
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

// === impl ParseError ===

impl ParseError {
    /// So many characters of a long text are shown, and so many of them before the one that is wrong.
    const SHOWN: usize = 300;
    const BEFORE: usize = 150;

    /// What is wrong with these characters of a text that was read.
    #[must_use]
    pub fn over(input: &str, span: Range<usize>, message: String) -> Self {
        Self {
            input: input.to_owned(),
            span,
            message,
            unfinished: false,
            expected: Vec::new(),
            instead: None,
        }
    }

    /// The column of the first wrong character, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.span.start + 1
    }

    /// The text, and under its first wrong character a caret with the message: the `Display` of a terminal in which a
    /// character takes `width_of` cells. Of a long text, what stands around that character.
    #[must_use]
    pub fn render(&self, width_of: impl Fn(char) -> usize) -> String {
        if self.input.trim().is_empty() {
            // A caret would stand under nothing.
            return self.message.clone();
        }
        let begin = self.span.start.saturating_sub(Self::BEFORE);
        let cut = |there: bool| if there { "…" } else { "" };
        let text: String = self.shown().skip(begin).take(Self::SHOWN).collect();
        let more = self.input.chars().nth(begin + Self::SHOWN).is_some();
        let before = self.span.start - begin;
        let caret: usize = text.chars().take(before).map(width_of).sum();
        let caret = caret + usize::from(begin > 0);
        format!(
            "{}{text}{}\n{:caret$}^ {}",
            cut(begin > 0),
            cut(more),
            "",
            self.message
        )
    }

    /// The text in one line: what cannot be shown is one visible cell.
    fn shown(&self) -> impl Iterator<Item = char> {
        self.input.chars().map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            c if !is_shown(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
    }
}

/// The text, and a caret with the message under the column, for characters of one cell each.
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|_| 1))
    }
}

impl std::error::Error for ParseError {}

// === impl Slip ===

impl Slip {
    /// What is wrong with some bytes that no further text can mend.
    pub(crate) fn over(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            unfinished: false,
            expected: Vec::new(),
            instead: None,
        }
    }

    /// What is wrong where the input stands: unfinished at its end, else the next character's fault.
    pub(crate) fn here(input: &Input<'_>, message: impl Into<String>) -> Self {
        let start = input.current_token_start();
        let next = input.chars().next();
        Self {
            unfinished: next.is_none(),
            ..Self::over(start..start + next.map_or(0, char::len_utf8), message)
        }
    }

    /// This slip, marked as one that more text could mend, or as one that none can.
    pub(crate) fn unfinished_if(mut self, unfinished: bool) -> Self {
        self.unfinished = unfinished;
        self
    }

    /// This slip, marked as one that more digits could mend, or as one that none can.
    pub(crate) fn growing(self, unfinished: bool) -> Self {
        let digit = unfinished.then_some("a digit");
        self.unfinished_if(unfinished).expecting(digit)
    }

    /// This slip, with more of what may follow or was expected.
    pub(crate) fn expecting<T: Into<String>>(
        mut self,
        expected: impl IntoIterator<Item = T>,
    ) -> Self {
        for word in expected.into_iter().map(Into::into) {
            if !self.expected.contains(&word) {
                self.expected.push(word);
            }
        }
        self
    }

    /// This slip, with a whole text that would do what was probably meant.
    pub(crate) fn in_place_of_it(mut self, text: String) -> Self {
        self.instead = Some(text);
        self
    }

    /// The byte of the text at which it begins.
    pub(crate) fn begin(&self) -> usize {
        self.at.start
    }

    /// Whether more text could mend it.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// This slip, with what another one expects added to its own.
    pub(crate) fn or(self, other: Self) -> Self {
        self.expecting(other.expected)
    }

    /// The slip as an error that no alternative is tried after.
    pub(crate) fn cut(self) -> ErrMode<Self> {
        ErrMode::Cut(self)
    }

    fn counted(self, text: &str) -> ParseError {
        let column = |byte: usize| text[..byte].chars().count();
        let span = column(self.at.start)..column(self.at.end);
        ParseError {
            unfinished: self.unfinished,
            expected: self.expected,
            instead: self.instead,
            ..ParseError::over(text, span, self.message)
        }
    }
}

/// What a combinator says on its own: that what stands there cannot.
impl<'i> ParserError<Input<'i>> for Slip {
    type Inner = Self;

    fn from_input(input: &Input<'i>) -> Self {
        let message = match until_blank(input) {
            "" => "the text ends too early".to_owned(),
            word => format!("nothing may follow here: leave out {}", quoted(word)),
        };
        Self::here(input, message)
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_a_few_slips_away() {
        let words = ["http", "https", "psql", "psqls", "tls"];
        for (word, guess) in [
            ("htps", Some("https")),
            ("HTTPS", Some("https")),
            ("htpt", Some("http")),
            ("thtp", Some("http")),
            ("sql", Some("psql")),
            ("ht", Some("http")),
            ("x", None),
            ("redis", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), guess, "{word}");
        }
    }

    #[test]
    fn the_caret_stands_under_wide_characters_by_their_cells() {
        let error = Slip::over(4..5, "wrong").counted("大xy");
        assert_eq!(error.column(), 3);
        assert_eq!(error.to_string(), "大xy\n  ^ wrong");
        assert_eq!(
            error.render(|c| 1 + usize::from(c == '大')),
            "大xy\n   ^ wrong"
        );
    }

    #[test]
    fn of_a_text_of_blanks_alone_the_message_is_shown() {
        for text in ["", " \t"] {
            let error = Slip::over(0..0, "needs a fault").counted(text);
            assert_eq!(error.to_string(), "needs a fault");
        }
    }

    #[test]
    fn of_a_long_text_the_wrong_part_is_shown() {
        let text = format!("{}!{}", "a".repeat(300), "b".repeat(300));
        let error = Slip::over(300..301, "wrong").counted(&text);
        assert_eq!(
            error.to_string(),
            format!(
                "…{}!{}…\n{}^ wrong",
                "a".repeat(150),
                "b".repeat(149),
                " ".repeat(151)
            )
        );
    }

    #[test]
    fn control_characters_keep_the_caret_in_one_line() {
        let error = Slip::over(2..3, "wrong").counted("\t\u{1b}\n");
        assert_eq!(error.to_string(), " \u{fffd} \n  ^ wrong");
    }
}
