//! What people paste where a mapping is asked for, and the mapping that does the same: the URL that an application connects
//! by, or what another program takes for a port that is forwarded.
//!
//! These are answers to what the grammar has refused, and no part of it. An answer is given only where it is a mapping
//! itself.

use super::slips::LONGEST_FORM;
use super::{Mapping, Protocol, tried};
use crate::format::is_shown;
use crate::syntax::{Slip, until_blank};

/// How an application's URL begins, how the desk reaches what it means, at which port where the URL names none, and how the
/// application's URL begins then: in clear text, for the desk speaks TLS in its place.
type Scheme = (&'static str, &'static str, u16, &'static str);

const SCHEMES: [Scheme; 22] = [
    ("http", "http://", 80, "http"),
    ("https", "https://", 443, "http"),
    ("ws", "http://", 80, "ws"),
    ("wss", "https://", 443, "ws"),
    ("postgres", "psql://", 5432, "postgres"),
    ("postgresql", "psql://", 5432, "postgresql"),
    ("psql", "psql://", 5432, "psql"),
    ("psqls", "psqls://", 5432, "psql"),
    ("mysql", "", 3306, "mysql"),
    ("mariadb", "", 3306, "mariadb"),
    ("sqlserver", "", 1433, "sqlserver"),
    ("redis", "", 6379, "redis"),
    ("rediss", "tls://", 6379, "redis"),
    ("mongodb", "", 27017, "mongodb"),
    ("amqp", "", 5672, "amqp"),
    ("amqps", "tls://", 5671, "amqp"),
    ("nats", "", 4222, "nats"),
    ("mqtt", "", 1883, "mqtt"),
    ("mqtts", "tls://", 8883, "mqtt"),
    ("ldap", "", 389, "ldap"),
    ("ldaps", "tls://", 636, "ldap"),
    ("grpc", "", 50051, "grpc"),
];

/// Added to an upstream's port, it is the port that an example listens on, but for the web's.
const ABOVE: u16 = 30_000;

/// What was meant by a text that is no mapping.
pub(super) fn meant(begin: usize, text: &str) -> Option<Slip> {
    let option = text.len() - text.trim_start_matches("-L").trim_start().len();
    let word = until_blank(&text[option..]);
    let (at, line, message) = match split_left(word) {
        None if word.contains("://") => {
            let (line, given) = url(None, word)?;
            (0..word.len(), line.clone(), answer(&line, &given))
        }
        None => {
            let (line, message) = forwarded(word)?;
            (0..word.len(), line, message)
        }
        Some((left, right)) => match listening(left)? {
            (port, None) => {
                let (line, given) = url(Some(port), right)?;
                let message = answer(&line, &given);
                (left.len() + 1..word.len(), line, message)
            }
            (port, Some(bind)) => {
                let line = format!("{port}={right}");
                let message = "left of \"=\" stands a port alone";
                let message = format!("{message}: {line}{}", bind_option(bind));
                (0..left.len(), line, message)
            }
        },
    };
    tried(&line)?;
    let behind = &text[option + word.len()..];
    let begin = begin + option;
    let slip = Slip::over(begin + at.start..begin + at.end, message);
    Some(slip.in_place_of_it(format!("{line}{behind}")))
}

/// The two sides of the `=` of a mapping, which is no `=` of a URL's query.
fn split_left(word: &str) -> Option<(&str, &str)> {
    let (left, right) = word.split_once('=')?;
    (!left.contains(['?', '@'])).then_some((left, right))
}

/// A port to listen on, with the address before it where there is one, as in `http://localhost:9090`.
fn listening(left: &str) -> Option<(u16, Option<&str>)> {
    let address = left.split_once("://").map_or(left, |(_, address)| address);
    match address.rsplit_once(':') {
        Some((bind, port)) => Some((port.parse().ok()?, Some(bind))),
        None => Some((address.parse().ok()?, None)),
    }
}

/// How the option that names an address to listen on follows a line, where the address is not the one that is listened on
/// anyway.
fn bind_option(bind: &str) -> String {
    match bind {
        "" | "localhost" | "127.0.0.1" => String::new(),
        "*" => ", with --bind 0.0.0.0".to_owned(),
        _ => format!(", with --bind {}", bind.trim_matches(['[', ']'])),
    }
}

/// What other programs take for a port that is forwarded: `9090:host:443` and `0.0.0.0:9090:host:443` (ssh), `9090:443`
/// (containers).
fn forwarded(word: &str) -> Option<(String, String)> {
    let mut from_right = word.rsplitn(3, ':');
    let upstream_port = from_right.next()?;
    let middle = from_right.next()?;
    let (left, host) = match from_right.next() {
        Some(left) => (left, middle),
        None => (middle, "localhost"),
    };
    let (bind, port) = left.rsplit_once(':').unwrap_or(("", left));
    let port: u16 = port.parse().ok()?;
    upstream_port.parse::<u16>().ok()?;
    let line = format!("{port}={host}:{upstream_port}");
    let message = format!("needs \"=\": {line}{}", bind_option(bind));
    Some((line, message))
}

/// The mapping for an application's URL, and the URL that the application is to be given in its place.
fn url(listen: Option<u16>, url: &str) -> Option<(String, String)> {
    let (before, url) = match url.strip_prefix("jdbc:") {
        Some(url) => ("jdbc:", url),
        None => ("", url),
    };
    let (scheme, rest) = url.split_once("://")?;
    let (_, reached, port, plain) = SCHEMES.into_iter().find(|(name, ..)| *name == scheme)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = match authority.rfind('@') {
        Some(at) => authority.split_at(at + 1),
        None => ("", authority),
    };
    // What says that a server of PostgreSQL is to be spoken to under TLS.
    let secured = [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
    ];
    let demand = secured.into_iter().find(|demand| path.contains(demand));
    let reached = match (Protocol::named(reached.trim_end_matches("://")), demand) {
        (Some(Protocol::Psql), Some(_)) => "psqls://",
        _ => reached,
    };
    let path = demand.map_or_else(
        || path.to_owned(),
        |demand| path.replace(demand, "sslmode=disable"),
    );
    let with_port = |port: String| tried(&format!("0={reached}{host}{port}"));
    let mapping = match host.trim_end_matches(|c: char| c.is_ascii_digit()) {
        before if before.ends_with(':') => with_port(String::new())?,
        _ => with_port(format!(":{port}"))?,
    };
    let example = || match mapping.port {
        80 | 443 => 9090,
        port => port.checked_add(ABOVE).unwrap_or(port),
    };
    let listen = listen.unwrap_or_else(example);
    let line = Mapping { listen, ..mapping }.to_string();
    let at = match listen {
        0 => "PORT".to_owned(),
        port => port.to_string(),
    };
    let given = format!("{before}{plain}://{user}localhost:{at}{path}");
    // What is repeated stays one line of a message.
    if given.len() > LONGEST_FORM || !given.chars().all(is_shown) {
        return None;
    }
    Some((line, given.trim_end_matches('.').to_owned()))
}

fn answer(line: &str, given: &str) -> String {
    format!("a mapping is written {line}; your application is then given {given}")
}

/// The URL that an application is to be given in place of one that stands where a mapping is asked for, with the password that
/// is in it: for the application alone, and to be shown nowhere.
#[must_use]
pub fn application_url(text: &str) -> Option<String> {
    let word = until_blank(text.trim_start());
    if tried(word).is_some() {
        return None;
    }
    let (listen, pasted) = match split_left(word) {
        None => (None, word),
        Some((left, right)) => match listening(left)? {
            (port, None) => (Some(port), right),
            (_, Some(_)) => return None,
        },
    };
    let (line, given) = url(listen, pasted)?;
    tried(&line).map(|_| given)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn what_is_pasted_is_answered_with_the_line_that_works() {
        for (pasted, line, url) in [
            (
                "postgres://user:secret@db:5432/app",
                "35432=psql://db",
                "postgres://user:******@localhost:35432/app",
            ),
            (
                "15432=postgresql://u@db/app?sslmode=require&x=1",
                "15432=psqls://db",
                "postgresql://u@localhost:15432/app?sslmode=disable&x=1",
            ),
            (
                "jdbc:postgresql://db:6432/a",
                "36432=psql://db:6432",
                "jdbc:postgresql://localhost:36432/a",
            ),
            (
                "mysql://u:p@h/d",
                "33306=h:3306",
                "mysql://u:*@localhost:33306/d",
            ),
            (
                "redis://cache:6379/0",
                "36379=cache:6379",
                "redis://localhost:36379/0",
            ),
            (
                "rediss://c",
                "36379=tls://c:6379",
                "redis://localhost:36379",
            ),
            (
                "mongodb://m:27017/x",
                "57017=m:27017",
                "mongodb://localhost:57017/x",
            ),
            ("amqps://q", "35671=tls://q:5671", "amqp://localhost:35671"),
            ("wss://h/live", "9090=https://h", "ws://localhost:9090/live"),
            ("grpc://h:15051", "45051=h:15051", "grpc://localhost:45051"),
            (
                "9090=https://host:8443/path?q=1 latency 5ms",
                "9090=https://host:8443 latency 5ms",
                "http://localhost:9090/path?q=1",
            ),
        ] {
            let error = parse(pasted).expect_err(pasted);
            assert_eq!(error.instead.as_deref(), Some(line), "{pasted}");
            assert!(error.message.ends_with(url), "{pasted}: {}", error.message);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }

    #[test]
    fn the_application_is_given_its_password() {
        for (pasted, url) in [
            (
                "postgres://user:secret@db:5432/app",
                Some("postgres://user:secret@localhost:35432/app"),
            ),
            (
                "7000=mysql://u:p@h/d lat 5ms",
                Some("mysql://u:p@localhost:7000/d"),
            ),
            ("9090=https://h/a?b=1", Some("http://localhost:9090/a?b=1")),
            ("9090=https://example.com", None),
            ("9090=h:80", None),
            ("9090:443", None),
            ("", None),
        ] {
            assert_eq!(application_url(pasted).as_deref(), url, "{pasted}");
        }
    }

    #[test]
    fn another_programs_forwarding_is_answered_with_the_line_that_works() {
        for (pasted, line, says) in [
            ("9090:example.com:443", "9090=example.com:443", "443"),
            ("-L 9090:example.com:443", "9090=example.com:443", "443"),
            ("-L9090:db:5432", "9090=db:5432", "5432"),
            ("0.0.0.0:9090:db:5432", "9090=db:5432", "--bind 0.0.0.0"),
            ("9090:443", "9090=localhost:443", "443"),
            ("0.0.0.0:9090=h:80", "9090=h:80", "--bind 0.0.0.0"),
            ("*:9090=h:80", "9090=h:80", "--bind 0.0.0.0"),
            ("localhost:9090=h:80", "9090=h:80", "9090=h:80"),
            (
                "http://localhost:9090=https://example.com as web",
                "9090=https://example.com as web",
                "9090=https://example.com",
            ),
        ] {
            let error = parse(pasted).expect_err(pasted);
            assert_eq!(error.instead.as_deref(), Some(line), "{pasted}");
            assert!(error.message.ends_with(says), "{pasted}: {}", error.message);
        }
    }

    #[test]
    fn what_may_become_a_mapping_is_not_answered() {
        for begun in [
            "9090",
            "9090=",
            "9090=https",
            "9090=https://",
            "9090=https://u:",
            "90:",
        ] {
            let error = parse(begun).expect_err(begun);
            assert_eq!(error.instead, None, "{begun}");
        }
    }
}
