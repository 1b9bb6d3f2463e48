//! `faultboard check`: mappings are read and judged, nothing is started.
//!
//! The verdicts go to standard output in the order of the mappings, as JSON or as text with a caret under what is wrong.
//! A port or a name that is given twice is wrong where it comes again, and a circle of mappings that lead to each other
//! where it is closed, as starting would say. Nothing is looked up, so a check works offline and says nothing about whether
//! an upstream exists.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::command;
use crate::fault::{Setting, older_word};
use crate::format::{joined, printable};
use crate::mapping::{Circle, Mapping, Other, Protocol, TlsMode, clash};
use crate::syntax::ParseError;

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
        /// The addresses that it listens on where the mapping says which, and whether its port is closed at first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        bind: Vec<IpAddr>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        closed: bool,
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

/// Writes one JSON array, an object for each mapping in the order given; returns whether all of them are valid.
pub fn write_json(texts: &[String], out: &mut impl Write) -> io::Result<bool> {
    let verdicts: Vec<Verdict<'_>> = read(texts).map(|(text, read)| judge(text, read)).collect();
    serde_json::to_writer_pretty(&mut *out, &verdicts)?;
    writeln!(out)?;
    let is_valid = |verdict: &Verdict<'_>| matches!(verdict, Verdict::Valid { .. });
    Ok(verdicts.iter().all(is_valid))
}

/// Writes a line for each valid mapping, and each error with its caret, in the order given; returns whether all of the
/// mappings are valid.
pub fn write_text(texts: &[String], out: &mut impl Write) -> io::Result<bool> {
    let mut all_valid = true;
    for (text, read) in read(texts) {
        match read {
            Ok((mapping, faults)) => writeln!(out, "{}", describe(text, &mapping, &faults))?,
            Err(error) => {
                all_valid = false;
                writeln!(out, "{error}")?;
            }
        }
    }
    Ok(all_valid)
}

/// What to say of valid mappings whose faults are written in an older word: the word that it is now.
#[must_use]
pub fn note(texts: &[String]) -> Option<&'static str> {
    let read = texts
        .iter()
        .filter_map(|text| command::parse_line(text).ok());
    read.into_iter().find_map(|(_, faults)| older_word(&faults))
}

/// A mapping with the faults that it begins with.
type Line = (Mapping, Vec<Setting>);

/// Each text with what it says; what does not go with an earlier one is the later one's error.
fn read(texts: &[String]) -> impl Iterator<Item = (&str, Result<Line, ParseError>)> {
    let (mut earlier, mut others) = (Vec::new(), Vec::new());
    texts.iter().map(move |text| {
        let read = command::parse_line(text).and_then(|(mapping, faults)| {
            if let Some(error) = clash(text, &mapping, &others) {
                return Err(error);
            }
            let all = earlier.iter().chain([&mapping]);
            let all = all.filter(|other: &&Mapping| other.listen != 0);
            let all = all.map(|other| (other.listen, other)).collect();
            // Where the program listens unless --bind says otherwise.
            let bound = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
            if let Some(circle) = Circle::through(mapping.listen, &all, &bound, |_| false) {
                let upstream = text.chars().take_while(|c| *c != '=').count() + 1;
                let span = upstream..text.trim_end().chars().count();
                return Err(ParseError::over(text, span, circle.to_string()));
            }
            others.push(Other::of(&mapping, text.trim()));
            earlier.push(mapping.clone());
            Ok((mapping, faults))
        });
        (text.as_str(), read)
    })
}

fn judge(text: &str, read: Result<Line, ParseError>) -> Verdict<'_> {
    match read {
        Ok((read, faults)) => Verdict::Valid {
            mapping: text,
            ok: true,
            listen: read.listen,
            protocol: read.protocol.map(Protocol::name),
            // As a program takes it: without the brackets of an address that only a mapping needs.
            host: read.host.to_string().replace(['[', ']'], ""),
            port: read.port,
            tls: read.tls() != TlsMode::Clear,
            name: read.name.map(|name| name.to_string()),
            alpn: read.alpn,
            bind: read.bind,
            closed: read.closed,
            faults: joined(&faults),
        },
        Err(error) => Verdict::Invalid {
            ok: false,
            column: error.column(),
            mapping: error.input,
            error: error.message,
        },
    }
}

/// `9090=https://example.com  ok: listens on port 9090, TLS to example.com:443`
fn describe(text: &str, mapping: &Mapping, faults: &[Setting]) -> String {
    let mut listens = match mapping.listen {
        0 => "listens on any free port".to_owned(),
        port => format!("listens on port {port}"),
    };
    if !mapping.bind.is_empty() {
        let _ = write!(listens, " of {}", joined(&mapping.bind));
    }
    if mapping.closed {
        listens += " once it is opened";
    }
    let how = match mapping.tls() {
        TlsMode::Clear => "bytes as they are to",
        TlsMode::Direct(_) => "TLS to",
        TlsMode::Postgres => "PostgreSQL's TLS to",
    };
    let (text, upstream) = (printable(text.trim()), mapping.upstream());
    let mut parts = vec![format!("{text}  ok: {listens}, {how} {upstream}")];
    if !mapping.alpn.is_empty() {
        parts.push(format!("offering {}", joined(&mapping.alpn)));
    }
    parts.extend(mapping.name.as_ref().map(|name| format!("called {name}")));
    if !faults.is_empty() {
        parts.push(format!("with {}", joined(faults)));
    }
    parts.join(", ")
}
