//! What Tab makes of a word: the protocols, the kinds of fault, their parameters, and whatever else a language expects there.

use crate::command::parse_line;
use crate::fault::{KINDS, Kind};
use crate::mapping::Protocol;
use crate::syntax::ParseError;

/// The units that come first where several may follow.
const USUAL: [&str; 5] = ["ms", "kB/s", "kbit/s", "kB", "%"];

/// The word at the end of `text` and what it may become, in the order in which Tab shows it.
pub(super) fn candidates(text: &str) -> (&str, Vec<String>) {
    let Some((_, right)) = text.split_once('=') else {
        return ("", Vec::new());
    };
    let Some(blank) = right.find(char::is_whitespace) else {
        let words = Protocol::ALL.map(|protocol| format!("{}://", protocol.name()));
        return (right, starting(right, words));
    };
    let faults = behind_options(&right[blank..]);
    let clause = faults.rsplit(',').next().unwrap_or(faults);
    let word = clause.rsplit(char::is_whitespace).next().unwrap_or(clause);
    let before = &clause[..clause.len() - word.len()];
    match before.split_whitespace().next() {
        None => {
            let names = KINDS.iter().map(|kind| format!("{} ", kind.name));
            let may_be_option = clause.len() == faults.len();
            let options = ["as ", "alpn="].into_iter().filter(|_| may_be_option);
            (
                word,
                starting(word, names.chain(options.map(str::to_owned))),
            )
        }
        Some(kind) => {
            let params = Kind::named(kind).map_or_else(Vec::new, words_of);
            (word, starting(word, params))
        }
    }
}

/// The text behind a name and ALPN that are complete.
fn behind_options(text: &str) -> &str {
    let rest = text.trim_start();
    let words = if rest.starts_with("alpn=") { 1 } else { 2 };
    let is_option = words == 1 || rest.split_whitespace().next() == Some("as");
    let mut behind = rest;
    for _ in 0..words {
        let word = behind.trim_start();
        let Some(end) = word.find(char::is_whitespace).filter(|_| is_option) else {
            return text;
        };
        behind = &word[end..];
    }
    behind_options(behind)
}

fn words_of(kind: &Kind) -> Vec<String> {
    let named = kind.params.iter().filter(|param| !param.bare);
    let mut words: Vec<String> = named.map(|param| format!("{}=", param.name)).collect();
    words.extend(["share=", "down", "up", "both"].map(str::to_owned));
    words
}

fn starting(word: &str, all: impl IntoIterator<Item = String>) -> Vec<String> {
    all.into_iter()
        .filter(|candidate| candidate.starts_with(word) && candidate.as_str() != word)
        .collect()
}

/// The input line with the word at its end completed, or with what must follow it: the way number `turn`, counted round.
/// `None` where there is none.
pub(super) fn complete(text: &str, turn: usize) -> Option<String> {
    let (word, words) = candidates(text);
    match turn.checked_rem(words.len()) {
        Some(turn) => Some(text[..text.len() - word.len()].to_owned() + &words[turn]),
        None => follow(text, &parse_line(text).err()?, turn),
    }
}

/// A text that is not finished, with what may follow it: units, values, signs. The way number `turn`, counted round.
pub(super) fn follow(text: &str, error: &ParseError, turn: usize) -> Option<String> {
    // What is no word of a language is described: a host, :port.
    let is_word = |word: &&String| !word.trim_end().contains(' ') && *word != ":port";
    let words = error.expected.iter().filter(|_| error.unfinished);
    let mut ways: Vec<(usize, &String)> = words
        .filter(is_word)
        .filter_map(|word| Some((begun(text, word)?, word)))
        .collect();
    ways.sort_by_key(|(_, word)| !USUAL.contains(&word.as_str()));
    let (begun, word) = ways.get(turn.checked_rem(ways.len())?)?;
    Some(text[..text.len() - begun].to_owned() + word)
}

/// How much of a word stands at the end of a text already, in bytes: all but the whole of it. `None` where letters stand
/// there that do not begin it.
fn begun(text: &str, word: &str) -> Option<usize> {
    let begins = |len: &usize| text.ends_with(&word[..*len]);
    let mut lens = (1..=word.len())
        .rev()
        .filter(|len| word.is_char_boundary(*len));
    match lens.find(begins) {
        Some(len) => (len < word.len()).then_some(len),
        None => (!text.ends_with(char::is_alphabetic)).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_protocols_kinds_and_parameters() {
        for (text, completed) in [
            ("9090=", Some("9090=http://")),
            ("9090=ps", Some("9090=psql://")),
            ("9090=https", Some("9090=https://")),
            ("9090=host:80 la", Some("9090=host:80 latency ")),
            (
                "9090=host:80 lat 5ms, ba",
                Some("9090=host:80 lat 5ms, bandwidth "),
            ),
            (
                "9090=host:80 latency 5ms j",
                Some("9090=host:80 latency 5ms jitter="),
            ),
            (
                "9090=host:80 bw 1MB/s sh",
                Some("9090=host:80 bw 1MB/s share="),
            ),
            ("9090=host:80 bw 1MB/s u", Some("9090=host:80 bw 1MB/s up")),
            (
                "9090=host:80\u{3000}la",
                Some("9090=host:80\u{3000}latency "),
            ),
            (
                "9090=host:80 lat 5ms\u{a0}j",
                Some("9090=host:80 lat 5ms\u{a0}jitter="),
            ),
            ("9090=host:80 a", Some("9090=host:80 accept_delay ")),
            ("9090=host:80 al", Some("9090=host:80 alpn=")),
            (
                "9090=host:80 as web lat",
                Some("9090=host:80 as web latency "),
            ),
            (
                "9090=tls://host alpn=h2 as web lat 5ms j",
                Some("9090=tls://host alpn=h2 as web lat 5ms jitter="),
            ),
            ("9090=host:80 lat 300", Some("9090=host:80 lat 300ms")),
            (
                "9090=host:80 lat 5ms dist=",
                Some("9090=host:80 lat 5ms dist=uniform"),
            ),
            ("9090=host:80 tcp c", Some("9090=host:80 tcp cubic")),
            ("9090=host:80 as la", None),
            ("9090", Some("9090=")),
            ("9090=host", None),
            ("9090=host:80 zz", None),
            ("9090=host:80 zz y", None),
        ] {
            assert_eq!(complete(text, 0).as_deref(), completed, "{text}");
        }
    }

    #[test]
    fn tab_again_shows_the_next_and_begins_anew_after_the_last() {
        assert_eq!(complete("1=ps", 1).as_deref(), Some("1=psqls://"));
        assert_eq!(complete("1=ps", 2).as_deref(), Some("1=psql://"));
    }
}
