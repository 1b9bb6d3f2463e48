//! What two proxies cannot both have: a port of ours, and a name.
//!
//! The command line, scenes, `check` and the console ask here, so that a person reads one wording everywhere. The engine
//! has the last word, since only it knows what other programs have taken.

use std::net::IpAddr;

use super::Mapping;
use crate::format::printable;
use crate::syntax::ParseError;

/// A proxy, or a mapping that is to be one, beside which another one is to stand.
#[derive(Clone, Debug)]
pub struct Other {
    /// The port that it listens on; 0 where that is not known yet.
    pub port: u16,
    /// The addresses that it listens on, where it has its own.
    pub bind: Vec<IpAddr>,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// How it is spoken of: a mapping's text, or `proxy 2 (web)`.
    pub called: String,
}

// === impl Other ===

impl Other {
    /// A mapping that is to be a proxy.
    #[must_use]
    pub fn of(mapping: &Mapping, called: impl Into<String>) -> Self {
        Self {
            port: mapping.listen,
            bind: mapping.bind.clone(),
            name: mapping.name.as_ref().map(ToString::to_string),
            called: called.into(),
        }
    }
}

/// What `mapping`, which `line` begins with, cannot have because one of the `others` has it: a port or a given name.
#[must_use]
pub fn clash(line: &str, mapping: &Mapping, others: &[Other]) -> Option<ParseError> {
    let port = mapping.listen;
    let meets = |other: &&Other| {
        let both = mapping
            .bind
            .iter()
            .filter(|addr| other.bind.contains(addr))
            .count()
            > 0;
        port != 0 && other.port == port && (both || mapping.bind == other.bind)
    };
    if let Some(other) = others.iter().find(meets) {
        return Some(at_port(line, port_taken(port, &other.called)));
    }
    let name = mapping.name.as_ref()?.as_str();
    let by_name = |name: &str| {
        let mut others = others.iter();
        others.find(|other| other.name.as_deref() == Some(name))
    };
    let message = name_taken(name, &by_name(name)?.called, |name| by_name(name).is_some());
    Some(ParseError::over(line, place_of_name(line, name), message))
}

/// An error under the port of a line that a mapping begins.
#[must_use]
pub fn at_port(line: &str, message: String) -> ParseError {
    let begin = line.chars().take_while(|c| c.is_whitespace()).count();
    let digits = line.chars().skip(begin).take_while(char::is_ascii_digit);
    ParseError::over(line, begin..begin + digits.count(), message)
}

/// Says whose a port is.
#[must_use]
pub fn port_taken(port: u16, by: &str) -> String {
    let by = printable(by);
    format!("port {port} is taken by {by}: give another port, or 0 for any free one")
}

/// Says whose a name is, and proposes one that is free.
#[must_use]
pub fn name_taken(name: &str, by: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let stem = &name[..name.len().min(super::name::LONGEST - 3)];
    let free = (2..=u16::MAX)
        .map(|number| format!("{stem}-{number}"))
        .find(|name| !is_taken(name));
    let free = free.unwrap_or_default();
    let by = printable(by);
    format!("the name {name} is taken by {by}: give another one, as in {free}")
}

/// The characters of `line` that are the name behind `as`.
fn place_of_name(line: &str, name: &str) -> std::ops::Range<usize> {
    let mut before = "";
    let mut at = 0;
    for word in line.split(char::is_whitespace) {
        let end = at + word.chars().count();
        if before == "as" && word == name {
            return at..end;
        }
        if !word.is_empty() {
            before = word;
        }
        at = end + 1;
    }
    0..0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;

    fn told(line: &str) -> Option<String> {
        let mapping = parse(line).unwrap_or_else(|error| panic!("{error}"));
        let others = [
            (9090, "web", "9090=web:80"),
            (0, "orders", "proxy 2 (orders)"),
        ];
        let others = others.map(|(port, name, called)| Other {
            port,
            bind: Vec::new(),
            name: Some(name.to_owned()),
            called: called.to_owned(),
        });
        clash(line, &mapping, &others).map(|error| error.to_string())
    }

    #[test]
    fn a_port_or_a_name_that_is_taken_is_pointed_at() {
        let port = " 9090=x:80\n ^ port 9090 is taken by 9090=web:80: give another port, or 0 for any free one";
        assert_eq!(told(" 9090=x:80").as_deref(), Some(port));
        let name = "0=as:80  as orders\n            ^ the name orders is taken by proxy 2 (orders): give another one, \
                    as in orders-2";
        assert_eq!(told("0=as:80  as orders").as_deref(), Some(name));
    }

    #[test]
    fn any_free_port_and_a_name_of_its_own_are_nobody_elses() {
        for line in [
            "0=x:80",
            "9090=x:80 bind=127.0.0.2",
            "9091=x:80",
            "9091=web:80",
            "0=x:80 as web2",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }

    #[test]
    fn a_name_that_is_proposed_is_free_and_short_enough() {
        let long = "a".repeat(32);
        let taken = |name: &str| name.ends_with("-2");
        let told = name_taken(&long, "x", taken);
        assert!(
            told.ends_with(&format!("as in {}-3", "a".repeat(29))),
            "{told}"
        );
    }
}
