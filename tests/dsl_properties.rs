//! What holds for every text that the languages read.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use faultboard::mapping::{self, Host, Mapping, Protocol};
use faultboard::syntax::ParseError;
use proptest::prelude::*;

// What one of the languages says of a text: nothing where it is right.
type Verdict = fn(&str) -> Option<ParseError>;

fn of_mapping(text: &str) -> Option<ParseError> {
    mapping::parse(text).err()
}

/// An error tells one line of its text, and stands inside it.
fn assert_well_told(text: &str, error: &ParseError) -> Result<(), TestCaseError> {
    let length = text.chars().count();
    prop_assert_eq!(&error.input, text);
    prop_assert!(error.span.start <= error.span.end, "{error:?}");
    prop_assert!(error.span.end <= length, "{error:?}");
    prop_assert!((1..=length + 1).contains(&error.column()), "{error:?}");
    prop_assert!(!error.message.is_empty(), "{error:?}");
    prop_assert!(!error.message.contains('\n'), "{error:?}");
    prop_assert!(!error.message.ends_with('.'), "{error:?}");
    prop_assert_eq!(error.to_string().lines().count(), 2, "{:?}", error);
    Ok(())
}

/// Every beginning of a valid text is unfinished or right.
fn assert_prefixes_are_not_wrong(text: &str, verdict: Verdict) -> Result<(), TestCaseError> {
    prop_assert_eq!(verdict(text), None, "{:?} is valid", text);
    for (end, _) in text.char_indices() {
        if let Some(error) = verdict(&text[..end]) {
            assert_well_told(&text[..end], &error)?;
            prop_assert!(error.unfinished, "{}\nbefore {:?}", error, &text[end..]);
            prop_assert!(!error.expected.is_empty(), "{}\nexpects nothing", error);
        }
    }
    Ok(())
}

/// Following what is expected leads from an unfinished text to a right one.
fn assert_can_be_finished(text: &str, verdict: Verdict) -> Result<(), TestCaseError> {
    let mut seen = HashSet::new();
    let mut open = vec![text.to_owned()];
    for _ in 0..10 {
        let mut next = Vec::new();
        for text in open {
            let Some(error) = verdict(&text) else {
                return Ok(());
            };
            if error.unfinished && seen.insert(text.clone()) {
                next.extend(error.expected.iter().flat_map(|word| gone_on(&text, word)));
            }
        }
        open = next;
    }
    Err(TestCaseError::fail(format!(
        "{text:?} cannot be finished: {:?}",
        verdict(text)
    )))
}

/// A text with what was expected after it: described things by samples, words by what is still missing of them.
fn gone_on(text: &str, expected: &str) -> Vec<String> {
    let samples: &[&str] = match expected {
        "a port" => &["1"],
        ":port" => &[":1"],
        "a host" => &["h", ".h"],
        "an IPv6 address" => &["::", ":", "0", ":0", ".0"],
        word => {
            let begun = (0..=word.len())
                .rev()
                .find(|end| text.ends_with(&word[..*end]))
                .unwrap_or(0);
            return vec![format!("{text}{}", &word[begun..])];
        }
    };
    samples
        .iter()
        .map(|sample| format!("{text}{sample}"))
        .collect()
}

// === Mappings ===

fn a_name() -> impl Strategy<Value = String> {
    let label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,8}[a-zA-Z0-9_])?";
    let last = "[a-zA-Z0-9_]{0,4}[a-zA-Z_][a-zA-Z0-9_]{0,58}";
    let last_dot = prop_oneof![3 => Just(""), 1 => Just(".")];
    (prop::collection::vec(label, 0..4), last, last_dot).prop_map(|(labels, last, dot)| {
        let mut name: Vec<String> = labels;
        name.push(last);
        name.join(".") + dot
    })
}

fn a_host() -> impl Strategy<Value = Host> {
    prop_oneof![
        4 => a_name().prop_map(Host::Name),
        1 => prop::sample::select(Protocol::ALL.to_vec())
            .prop_map(|protocol| Host::Name(protocol.name().to_owned())),
        2 => any::<Ipv4Addr>().prop_map(Host::V4),
        1 => any::<Ipv6Addr>().prop_map(Host::V6),
        1 => any::<[bool; 8]>().prop_map(|ones| Host::V6(Ipv6Addr::from(ones.map(u16::from)))),
    ]
}

fn a_mapping() -> impl Strategy<Value = Mapping> {
    let protocol = prop::option::of(prop::sample::select(Protocol::ALL.to_vec()));
    let port = prop_oneof![1_u16.., Just(80), Just(443), Just(5432)];
    (any::<u16>(), protocol, a_host(), port).prop_map(|(listen, protocol, host, port)| Mapping {
        listen,
        protocol,
        host,
        port,
    })
}

/// A valid text of a mapping: zeros before its ports, blanks around it.
fn a_mapping_text() -> impl Strategy<Value = String> {
    ("[ \t]{0,2}", "0{0,2}", a_mapping(), "0{0,2}", "[ \t]{0,2}").prop_map(
        |(before, zeros, mapping, more, after)| {
            let (text, port) = (mapping.to_string(), format!(":{}", mapping.port));
            let text = match text.strip_suffix(&port) {
                Some(host) => format!("{host}:{more}{}", mapping.port),
                None => text,
            };
            format!("{before}{zeros}{text}{after}")
        },
    )
}

/// Something that is made of a mapping's pieces, and valid by chance only.
fn a_mapping_of_pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "=",
        ":",
        "/",
        "//",
        "://",
        "[",
        "]",
        "::",
        ".",
        "-",
        " ",
        "0",
        "9090",
        "80",
        "1.2.3",
        "fe80",
        "%",
        "@",
        "http",
        "https",
        "psqls",
        "tls",
        "x",
        "localhost",
        "é",
        "大",
        "９",
    ]);
    ("(9090=)?", prop::collection::vec(piece, 0..8))
        .prop_map(|(begin, pieces)| begin + &pieces.concat())
}

/// A text with one character put in, left out or exchanged.
fn mutated(text: &str, at: prop::sample::Index, c: char, how: u8) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at.index(chars.len() + 1);
    match how % 3 {
        0 => chars.insert(at, c),
        1 if at < chars.len() => chars[at] = c,
        _ if at < chars.len() => drop(chars.remove(at)),
        _ => {}
    }
    chars.into_iter().collect()
}

/// Many small cases; a failure prints its own text, so none is stored.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_printed_mapping_parses_to_the_same(mapping in a_mapping()) {
        prop_assert_eq!(mapping::parse(&mapping.to_string()), Ok(mapping));
    }

    #[test]
    fn no_beginning_of_a_mapping_is_wrong(text in a_mapping_text()) {
        assert_prefixes_are_not_wrong(&text, of_mapping)?;
    }

    #[test]
    fn an_unfinished_mapping_can_be_finished(text in a_mapping_of_pieces()) {
        if of_mapping(&text).is_some_and(|error| error.unfinished) {
            assert_can_be_finished(&text, of_mapping)?;
        }
    }

    #[test]
    fn errors_of_slightly_wrong_mappings_stand_in_the_line(
        text in a_mapping_text(),
        at in any::<prop::sample::Index>(),
        c in prop_oneof![any::<char>(), prop::sample::select("=:/[].@-% 09é大".chars().collect::<Vec<_>>())],
        how in any::<u8>(),
    ) {
        let text = mutated(&text, at, c, how);
        if let Some(error) = of_mapping(&text) {
            assert_well_told(&text, &error)?;
        }
    }

    #[test]
    fn any_text_is_read_as_a_mapping_without_a_panic(text in ".{0,60}") {
        if let Some(error) = of_mapping(&text) {
            assert_well_told(&text, &error)?;
        }
    }
}
