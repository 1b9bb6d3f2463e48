//! The name of a setting: what tells two settings of one kind in one direction apart, and says whose each is.
//!
//! A name stands behind `as=`, in quotation marks where it has more than letters, digits and a few signs:
//! `latency 100ms as="my toxic"`. What reads a text by its blanks or commas asks `outside_quotes` where those count.

use std::fmt;
use std::sync::Arc;

/// A name: text without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingName(Arc<str>);

/// Signs that a name may have and need no quotation marks.
const PLAIN: &str = "_-.:/@+";

// === impl SettingName ===

impl SettingName {
    /// A name has no more bytes.
    pub const LONGEST: usize = 256;

    /// The name of this text.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let longest = Self::LONGEST;
        if text.is_empty() {
            Err("a name has at least one character".to_owned())
        } else if text.len() > longest {
            Err(format!("a name has at most {longest} bytes"))
        } else if text.contains(char::is_control) {
            Err("a name has no control characters".to_owned())
        } else {
            Ok(Self(text.into()))
        }
    }

    /// Its text, without quotation marks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As the fault language reads it.
impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_alphanumeric() || PLAIN.contains(c);
        if self.0.chars().all(is_plain) {
            return f.write_str(&self.0);
        }
        f.write_str(&in_quotes(&self.0))
    }
}

/// The characters of a text that stand in no quotation marks, each with its byte; a mark that is never closed begins nothing.
/// Only what follows a `=` is quoted.
pub(crate) fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut before, mut skip_to) = (' ', 0);
    text.char_indices().filter(move |(at, c)| {
        if *at < skip_to {
            return false;
        }
        let begins = *c == '"' && before == '=';
        before = *c;
        if begins && let Some(len) = quoted_len(&text[*at..]) {
            skip_to = at.saturating_add(len);
        }
        true
    })
}

/// How many bytes a quoted text at the beginning of `text` has, its marks among them; `None` where it is not closed.
pub(crate) fn quoted_len(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let mut rest = text.char_indices().skip(1);
    let (end, mark) = rest.find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    })?;
    end.checked_add(mark.len_utf8())
}

/// A text in quotation marks, from which `unescaped` makes it again.
pub(crate) fn in_quotes(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// A text whose characters behind a backslash stand for themselves.
pub(crate) fn unescaped(text: &str) -> String {
    let mut is_escaped = false;
    let stays = |c: &char| {
        let marks = *c == '\\' && !is_escaped;
        is_escaped = marks;
        !marks
    };
    text.chars().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_prints_in_quotation_marks_where_it_needs_them() {
        for (text, printed) in [
            ("slow", "slow"),
            ("db:5432/up", "db:5432/up"),
            ("my toxic", "\"my toxic\""),
            ("a\"b\\", "\"a\\\"b\\\\\""),
            ("größe", "größe"),
            ("a,b", "\"a,b\""),
        ] {
            let name = SettingName::new(text).expect("a name");
            assert_eq!(name.to_string(), printed);
            assert_eq!(name.as_str(), text);
        }
        for wrong in ["", "a\nb", &"x".repeat(257)] {
            assert!(SettingName::new(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_stands_in_quotation_marks_splits_nothing() {
        let plain = |text: &str| outside_quotes(text).map(|(_, c)| c).collect::<String>();
        assert_eq!(plain("a as=\"b, c\" d"), "a as=\" d");
        assert_eq!(plain("as=\"a\\\" b\",x"), "as=\",x");
        assert_eq!(plain("as=\"a b"), "as=\"a b");
        assert_eq!(plain("\"a b\""), "\"a b\"");
    }
}
