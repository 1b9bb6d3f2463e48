//! `faultboard check`: mappings are read and judged, nothing is started.
//!
//! The verdicts go to standard output as JSON; as text, what is valid goes there and what is wrong, with its caret, to
//! standard error. Nothing is looked up, so a check works offline and says nothing about whether an upstream exists.

use std::io::{self, Write};

use serde::Serialize;

use crate::mapping::{self, Host, Mapping, Protocol, TlsMode};
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
        mapping: &'a str,
        ok: bool,
        error: String,
        column: usize,
    },
}

/// Writes one JSON array, an object for each mapping in the order given.
pub fn write_json(texts: &[String], out: &mut impl Write) -> io::Result<Outcome> {
    let verdicts: Vec<Verdict<'_>> = texts.iter().map(|text| judge(text)).collect();
    serde_json::to_writer_pretty(&mut *out, &verdicts)?;
    writeln!(out)?;
    let wrong = |verdict: &Verdict<'_>| matches!(verdict, Verdict::Invalid { .. });
    Ok(Outcome::of(verdicts.iter().any(wrong)))
}

/// Writes a line for each valid mapping to `out`, and each error with its caret to `errors`.
pub fn write_text(
    texts: &[String],
    out: &mut impl Write,
    errors: &mut impl Write,
) -> io::Result<Outcome> {
    let mut any_wrong = false;
    for text in texts {
        match mapping::parse(text) {
            Ok(mapping) => writeln!(out, "{}", describe(text, &mapping))?,
            Err(error) => {
                any_wrong = true;
                writeln!(errors, "{error}")?;
            }
        }
    }
    Ok(Outcome::of(any_wrong))
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

fn judge(text: &str) -> Verdict<'_> {
    match mapping::parse(text) {
        Ok(read) => Verdict::Valid {
            mapping: text,
            ok: true,
            listen: read.listen,
            protocol: read.protocol.map(Protocol::name),
            host: bare_host(&read.host),
            port: read.port,
            tls: read.tls() != TlsMode::Clear,
        },
        Err(ParseError { message, span, .. }) => Verdict::Invalid {
            mapping: text,
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
        text.trim(),
        mapping.upstream()
    )
}
