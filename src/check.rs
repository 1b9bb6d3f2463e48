//! `faultboard check`: mappings are read and judged, nothing is started.
//!
//! The verdicts go to standard output in the order of the mappings, as JSON or as text with a caret under what is wrong.
//! A port or a name that is given twice is wrong where it comes again, and a circle of mappings that lead to each other
//! where it is closed, as starting would say. Nothing is looked up, so a check works offline and says nothing about whether
//! an upstream exists.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::command;
use crate::fault::Setting;
use crate::format::printable;
use crate::mapping::{Circle, Host, Mapping, Other, Protocol, TlsMode, clash};
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
        /// The name that is given, and what is offered to the upstream, where they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        alpn: Vec<String>,
        /// The faults that it begins with, where there are any.
        #[serde(skip_serializing_if = "String::is_empty")]
        faults: String,
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
            Ok((mapping, faults)) => writeln!(out, "{}", describe(text, &mapping, &faults))?,
            Err(error) => {
                any_wrong = true;
                writeln!(out, "{error}")?;
            }
        }
    }
    Ok(Outcome::of(any_wrong))
}

/// A mapping with the faults that it begins with.
type Line = (Mapping, Vec<Setting>);

/// Each text with what it says; what does not go with an earlier one is the later one's error.
fn read(texts: &[String]) -> impl Iterator<Item = (&str, Result<Line, ParseError>)> {
    let mut earlier: Vec<(Mapping, &str)> = Vec::new();
    texts.iter().map(move |text| {
        let read = command::parse_line(text).and_then(|(mapping, faults)| {
            let others = earlier
                .iter()
                .map(|(other, text)| Other::of(other, text.trim()));
            if let Some(error) = clash(text, &mapping, others) {
                return Err(error);
            }
            let all = earlier.iter().map(|(other, _)| other).chain([&mapping]);
            let all = all.filter(|other| other.listen != 0);
            let all = all.map(|other| (other.listen, other)).collect();
            // Where the program listens unless --bind says otherwise.
            let bound = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
            if let Some(circle) = Circle::through(mapping.listen, &all, &bound, |_| false) {
                return Err(closed(text, &circle));
            }
            earlier.push((mapping.clone(), text));
            Ok((mapping, faults))
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

fn judge(text: &str, read: Result<Line, ParseError>) -> Verdict<'_> {
    match read {
        Ok((read, faults)) => Verdict::Valid {
            mapping: text,
            ok: true,
            listen: read.listen,
            protocol: read.protocol.map(Protocol::name),
            host: bare_host(&read.host),
            port: read.port,
            tls: read.tls() != TlsMode::Clear,
            name: read.name.map(|name| name.to_string()),
            alpn: read.alpn,
            faults: joined(&faults),
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

fn joined(faults: &[Setting]) -> String {
    let faults: Vec<String> = faults.iter().map(Setting::to_string).collect();
    faults.join(", ")
}

/// `9090=https://example.com  ok: listens on port 9090, TLS to example.com:443`
fn describe(text: &str, mapping: &Mapping, faults: &[Setting]) -> String {
    let listens = match mapping.listen {
        0 => "any free port".to_owned(),
        port => format!("port {port}"),
    };
    let how = match mapping.tls() {
        TlsMode::Clear => "bytes as they are to",
        TlsMode::Direct(_) => "TLS to",
        TlsMode::Postgres => "PostgreSQL's TLS to",
    };
    let (text, upstream) = (printable(text.trim()), mapping.upstream());
    let mut parts = vec![format!(
        "{text}  ok: listens on {listens}, {how} {upstream}"
    )];
    if !mapping.alpn.is_empty() {
        parts.push(format!("offering {}", mapping.alpn.join(", ")));
    }
    parts.extend(mapping.name.as_ref().map(|name| format!("called {name}")));
    if !faults.is_empty() {
        parts.push(format!("with {}", joined(faults)));
    }
    parts.join(", ")
}
