//! What people read: figures, and texts that others wrote, which stay in their line and tell no secret.
//!
//! A terminal obeys what it is sent. A path, a mapping or a certificate's name that is printed as it came can colour the
//! screen, break its line in two or turn it round; so nothing of the kind is printed but through here.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::Path;

pub mod figures;

/// The most characters of a text from outside in a message.
const LONGEST: usize = 200;

/// The most characters of a piece that was typed, in a message about it.
const LONGEST_PIECE: usize = 40;

/// Whether a terminal shows a character, and nothing else happens: no control character, no line separator, no mark that
/// turns the direction of text, nothing invisible or unassigned.
#[must_use]
pub fn is_shown(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // Behind a letter, what joins with it is shown; by itself it would be escaped.
    let pair = String::from_iter(['a', c]);
    pair.escape_debug().eq(pair.chars()) || matches!(c, '\u{a0}' | '\u{3000}')
}

/// A text in one line: line breaks and tabs are blanks, and what cannot be shown is written as its number.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                line.push(' ');
            }
            c => push_shown(&mut line, c),
        }
    }
    line
}

/// A text from outside as a part of a message: in one line, without passwords, and cut where it is long.
#[must_use]
pub fn printable(text: &str) -> String {
    let text = without_secrets(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => one_line(&text[..at]) + "…",
        None => one_line(&text),
    }
}

/// A path in a message: what is in it is told by its number where it cannot be shown, and its middle is left out where it
/// is long.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let chars: Vec<char> = path.to_string_lossy().chars().collect();
    let shown = |chars: &[char]| {
        chars.iter().fold(String::new(), |mut text, c| {
            push_shown(&mut text, *c);
            text
        })
    };
    if chars.len() <= LONGEST {
        return shown(&chars);
    }
    let half = LONGEST / 2;
    format!(
        "{}…{}",
        shown(&chars[..half]),
        shown(&chars[chars.len() - half..])
    )
}

/// A piece of what was typed for a message: characters that cannot be shown are escaped, passwords are stars, and it is cut
/// where it is long.
#[must_use]
pub fn shortened(piece: &str) -> String {
    let mut shown = String::new();
    for (index, c) in without_secrets(piece).chars().enumerate() {
        if index == LONGEST_PIECE {
            shown.push('…');
            break;
        }
        push_shown(&mut shown, c);
    }
    shown
}

/// A piece of what was typed, as `shortened` has it, in quotes.
#[must_use]
pub fn quoted(piece: &str) -> String {
    format!("\"{}\"", shortened(piece))
}

/// Some of many names, for a message that says which there are.
#[must_use]
pub fn listed(names: &[&str]) -> String {
    first(24, names.iter().map(|name| shortened(name)))
}

/// Texts in a row, with commas between them.
pub fn joined(items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    first(usize::MAX, items)
}

/// The first of some texts in a row, with commas between them; how many more there are is counted.
pub fn first(most: usize, items: impl IntoIterator<Item = impl fmt::Display>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    let more = items.len().saturating_sub(most);
    if more > 0 {
        items.truncate(most);
        items.push(format!("and {more} more"));
    }
    items.join(", ")
}

/// What Windows says of the errors that people meet, in the words of Unix: it would say it in the language of its user, and at
/// length.
const WORDS: [(ErrorKind, &str); 12] = [
    (ErrorKind::AddrInUse, "address already in use"),
    (
        ErrorKind::AddrNotAvailable,
        "cannot assign requested address",
    ),
    (ErrorKind::AlreadyExists, "file exists"),
    (ErrorKind::BrokenPipe, "broken pipe"),
    (
        ErrorKind::ConnectionAborted,
        "software caused connection abort",
    ),
    (ErrorKind::ConnectionRefused, "connection refused"),
    (ErrorKind::ConnectionReset, "connection reset by peer"),
    (ErrorKind::HostUnreachable, "no route to host"),
    (ErrorKind::NetworkUnreachable, "network is unreachable"),
    (ErrorKind::NotFound, "no such file or directory"),
    (ErrorKind::PermissionDenied, "permission denied"),
    (ErrorKind::TimedOut, "connection timed out"),
];

/// What the system said, in the form of our messages: lower case, without the error's number.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let Some((words, _)) = text.split_once(" (os error") else {
        return one_line(&text);
    };
    if cfg!(windows)
        && let Some((_, ours)) = WORDS.iter().find(|(kind, _)| *kind == error.kind())
    {
        return (*ours).to_owned();
    }
    let mut chars = words.trim_end_matches('.').chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => text,
    }
}

fn push_shown(line: &mut String, c: char) {
    if is_shown(c) {
        line.push(c);
    } else {
        line.extend(c.escape_debug());
    }
}

/// A text with a `*` for each character of a password in it: of `user:password@host`, and of `password=`, `token=` and
/// their like. None of the languages has a place for one, and what is wrong with a text is said with the text.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let secrets = secrets(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let hidden = |at: usize| secrets.iter().any(|secret| secret.contains(&at));
    let masked = text.char_indices();
    let masked = masked.map(|(at, c)| if hidden(at) { '*' } else { c });
    Cow::Owned(masked.collect())
}

/// The bytes of a text that are secrets.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let shift = |secret: Range<usize>| at + secret.start..at + secret.end;
        let body = word.trim_end_matches(char::is_whitespace);
        found.extend(of_a_user(body).map(shift));
        found.extend(of_a_key(body).into_iter().map(shift));
        at += word.len();
    }
    found.retain(|secret| !secret.is_empty());
    found
}

/// What stands between `user:` and the `@` before a host.
fn of_a_user(word: &str) -> Option<Range<usize>> {
    let before = &word[..word.rfind('@')?];
    let equals = before
        .find(['=', '@'])
        .filter(|at| before[*at..].starts_with('='));
    let right = equals.map_or(0, |equals| equals + 1);
    let scheme = before[right..].find("://").filter(|scheme| {
        let name = &before[right..right + scheme];
        name.chars().all(|c| c.is_ascii_alphanumeric())
    });
    let user = right + scheme.map_or(0, |scheme| scheme + "://".len());
    let colon = before[user..].find(':')?;
    Some(user + colon + 1..before.len())
}

/// What stands behind the `=` of a key that names a secret, up to what ends it in a URL.
fn of_a_key(word: &str) -> Vec<Range<usize>> {
    const SECRET: [&str; 6] = ["password", "passwd", "pwd", "secret", "token", "key"];
    const ENDS: [char; 4] = ['?', '&', ';', ','];
    let mut found = Vec::new();
    let mut at = 0;
    for part in word.split_inclusive(ENDS) {
        let pair = part.trim_end_matches(ENDS);
        let is_secret = |equals: &usize| {
            let before = pair[..*equals].to_ascii_lowercase();
            SECRET.iter().any(|key| before.ends_with(key))
        };
        let mut equals = pair.match_indices('=').map(|(equals, _)| equals);
        let secret = equals.find(is_secret);
        found.extend(secret.map(|equals| at + equals + 1..at + pair.len()));
        at += part.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, line) in [
            ("a\nb\tc", "a b c"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\u{202e}b\u{2028}c", "a\\u{202e}b c"),
            ("\u{feff}x\u{200b}", "\\u{feff}x\\u{200b}"),
            ("Zoe\u{308} 大 ü \"q\" \\ '", "Zoe\u{308} 大 ü \"q\" \\ '"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    /// Of the numbers of Linux: those of Windows lead to the same kinds.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_words_for_an_error_are_those_of_unix_on_every_system() {
        for number in 1..=133 {
            let error = io::Error::from_raw_os_error(number);
            let ours = WORDS.iter().find(|(kind, _)| *kind == error.kind());
            if let Some((kind, words)) = ours
                // More numbers than one lead to these.
                && ![ErrorKind::PermissionDenied, ErrorKind::TimedOut].contains(kind)
            {
                assert_eq!(reason(&error), *words, "{number}");
            }
        }
    }

    #[test]
    fn text_from_the_network_cannot_fill_the_screen() {
        assert_eq!(printable(&"x".repeat(500)).chars().count(), 201);
    }

    #[test]
    fn a_path_keeps_its_both_ends() {
        assert_eq!(shown_path(Path::new("/tmp/a\nb")), "/tmp/a\\nb");
        let long = format!("/{}/end", "x".repeat(500));
        let shown = shown_path(Path::new(&long));
        assert!(
            shown.starts_with("/xx") && shown.ends_with("x/end"),
            "{shown}"
        );
        assert_eq!(shown.chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_piece_in_quotes_is_escaped_and_shortened() {
        assert_eq!(quoted("a\n"), "\"a\\n\"");
        assert_eq!(quoted(&"x".repeat(41)), format!("\"{}…\"", "x".repeat(40)));
        assert_eq!(quoted(&"x".repeat(40)), format!("\"{}\"", "x".repeat(40)));
    }

    #[test]
    fn a_password_is_hidden_and_columns_stay() {
        for (text, hidden) in [
            ("5432=psql://me:pass@db", "5432=psql://me:****@db"),
            ("80=me:p:a@s@db lat 5ms", "80=me:*****@db lat 5ms"),
            ("me:pass@db", "me:****@db"),
            ("psql://me:pass@db=x", "psql://me:****@db=x"),
            ("80=me@db", "80=me@db"),
            ("80=db?user=me&key=abc x=y", "80=db?user=me&key=*** x=y"),
            ("1=me:p@db:2psql://me:p@db/x", "1=me:*****************@db/x"),
            ("80=host=db Password=abc", "80=host=db Password=***"),
            (
                "set all latency 5ms jitter=1ms",
                "set all latency 5ms jitter=1ms",
            ),
            ("80=https://[::1]:443", "80=https://[::1]:443"),
        ] {
            assert_eq!(without_secrets(text), hidden);
        }
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..30).map(|n| format!("n{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(listed(&names).ends_with("n23, and 6 more"));
        assert_eq!(listed(&names[..2]), "n0, n1");
    }
}
