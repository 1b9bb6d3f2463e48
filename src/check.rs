//! `faultboard check`: mappings are read and judged, nothing is started.
//!
//! The verdicts go to standard output in the order of the mappings, as JSON or as text with a caret under what is wrong.
//! A port that is given twice is wrong where it comes again, and a circle of mappings that lead to each other where it is
//! closed, as starting would say. Nothing is looked up, so a check works offline and says nothing about whether an
//! upstream exists.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::format::printable;
use crate::mapping::{self, Circle, Host, Mapping, Protocol, TlsMode};
use crate::syntax::ParseError;

/// What became of the mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of them are valid.
    Valid,
    /// At least one is not.
    Invalid,
}

/// The JSON object of one mapping.
#[derive(Serialize)]
#[serde(untagged)]
enum Verdict<'a> {
    Valid {
        mapping: &'a str,
        ok: bool,
        listen: u16,
        protocol: Option<&'static str>,
        host: String,
        port: u16,
        tls: bool,
    },
    Invalid {
        /// As given but for passwords.
        mapping: String,
        ok: bool,
        error: String,
        column: usize,
    },
}

/// Writes one JSON array, an object for each mapping in the order given.
pub fn write_json(texts: &[String], out: &mut impl Write) -> io::Result<Outcome> {
    let verdicts: Vec<Verdict<'_>> = read(texts).map(|(text, read)| judge(text, read)).collect();
    serde_json::to_writer_pretty(&mut *out, &verdicts)?;
    writeln!(out)?;
    let wrong = |verdict: &Verdict<'_>| matches!(verdict, Verdict::Invalid { .. });
    Ok(Outcome::of(verdicts.iter().any(wrong)))
}

/// Writes a line for each valid mapping, and each error with its caret, in the order given.
pub fn write_text(texts: &[String], out: &mut impl Write) -> io::Result<Outcome> {
    let mut any_wrong = false;
    for (text, read) in read(texts) {
        match read {
            Ok(mapping) => writeln!(out, "{}", describe(text, &mapping))?,
            Err(error) => {
                any_wrong = true;
                writeln!(out, "{error}")?;
            }
        }
    }
    Ok(Outcome::of(any_wrong))
}

/// Each text with the mapping that it is; what does not go with an earlier one is the later one's error.
fn read(texts: &[String]) -> impl Iterator<Item = (&str, Result<Mapping, ParseError>)> {
    let mut valid: HashMap<u16, (&str, Mapping)> = HashMap::new();
    texts.iter().map(move |text| {
        let read = mapping::parse(text).and_then(|mapping| {
            if mapping.listen == 0 {
                return Ok(mapping);
            }
            if let Some((first, _)) = valid.get(&mapping.listen) {
                return Err(taken(text, mapping.listen, first));
            }
            let others = valid.iter().map(|(port, (_, other))| (*port, other));
            let all = others.chain([(mapping.listen, &mapping)]).collect();
            // Where the program listens unless --bind says otherwise.
            let bound = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
            if let Some(circle) = Circle::through(mapping.listen, &all, &bound, |_| false) {
                return Err(closed(text, &circle));
            }
            valid.insert(mapping.listen, (text, mapping.clone()));
            Ok(mapping)
        });
        (text.as_str(), read)
    })
}

/// A mapping that closes a circle.
fn closed(text: &str, circle: &Circle) -> ParseError {
    let upstream = text.chars().take_while(|c| *c != '=').count() + 1;
    ParseError {
        input: text.to_owned(),
        span: upstream..text.trim_end().chars().count(),
        message: circle.to_string(),
        expected: Vec::new(),
        unfinished: false,
    }
}

/// A port that the mapping `first` has already.
fn taken(text: &str, port: u16, first: &str) -> ParseError {
    let begin = text.chars().take_while(|c| c.is_whitespace()).count();
    let digits = text
        .chars()
        .skip(begin)
        .take_while(char::is_ascii_digit)
        .count();
    ParseError {
        input: text.to_owned(),
        span: begin..begin + digits,
        message: format!(
            "port {port} is taken by {} already: give each mapping a port of its own",
            printable(first.trim())
        ),
        expected: Vec::new(),
        unfinished: false,
    }
}

// === impl Outcome ===

impl Outcome {
    fn of(any_wrong: bool) -> Self {
        if any_wrong {
            Self::Invalid
        } else {
            Self::Valid
        }
    }
}

fn judge(text: &str, read: Result<Mapping, ParseError>) -> Verdict<'_> {
    match read {
        Ok(read) => Verdict::Valid {
            mapping: text,
            ok: true,
            listen: read.listen,
            protocol: read.protocol.map(Protocol::name),
            host: bare_host(&read.host),
            port: read.port,
            tls: read.tls() != TlsMode::Clear,
        },
        Err(ParseError {
            input,
            message,
            span,
            ..
        }) => Verdict::Invalid {
            mapping: input,
            ok: false,
            error: message,
            column: span.start + 1,
        },
    }
}

/// The host as a program takes it: an IPv6 address without the brackets that only a mapping needs.
fn bare_host(host: &Host) -> String {
    match host {
        Host::V6(addr) => addr.to_string(),
        other => other.to_string(),
    }
}

/// `9090=https://example.com  ok: listens on 9090, TLS to example.com:443`
fn describe(text: &str, mapping: &Mapping) -> String {
    let listens = match mapping.listen {
        0 => "any free port".to_owned(),
        port => format!("port {port}"),
    };
    let how = match mapping.tls() {
        TlsMode::Clear => "bytes as they are to",
        TlsMode::Direct(_) => "TLS to",
        TlsMode::Postgres => "PostgreSQL's TLS to",
    };
    format!(
        "{}  ok: listens on {listens}, {how} {}",
        printable(text.trim()),
        mapping.upstream()
    )
}
