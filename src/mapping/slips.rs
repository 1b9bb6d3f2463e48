//! What a person probably meant where the grammar of a mapping fails, said with a form that would work.
//!
//! Nothing here decides what is valid: a slip is asked for after the grammar has refused, or for texts that no mapping
//! begins with.

use std::net::Ipv6Addr;

use winnow::stream::Location;

use super::{Mapping, Protocol, parse};
use crate::format::{quoted, shortened};
use crate::syntax::{Input, Slip, nearest, unknown, until_blank};

/// Names of other programs for protocols of ours.
const FOREIGN: &[(&str, Protocol)] = &[
    ("postgres", Protocol::Psql),
    ("postgresql", Protocol::Psql),
    ("ssl", Protocol::Tls),
];

/// The longest mapping that is repeated as a form that works, in bytes.
const LONGEST_FORM: usize = 120;

/// Names by which people know HTTP/2 over TLS, which is TLS that offers `h2`.
const HTTP2: &[&str] = &["h2", "h2s", "http2", "grpc+tls", "grpcs", "grpc+ssl"];

/// Names by which people know HTTP/2 in clear text.
const CLEAR_HTTP2: &[&str] = &["h2c", "grpc"];

/// What is written for a protocol that TLS knows by another name.
const MISNAMED_OFFERS: &[(&str, &str)] = &[
    ("h2c", "h2"),
    ("http2", "h2"),
    ("http/2", "h2"),
    ("http/2.0", "h2"),
    ("grpc", "h2"),
    ("grpcs", "h2"),
    ("http", "http/1.1"),
    ("http1", "http/1.1"),
    ("http/1", "http/1.1"),
    ("http1.1", "http/1.1"),
    ("psql", "postgresql"),
    ("postgres", "postgresql"),
];

/// The protocols that are offered most, as examples of what may follow.
const OFFERS: [&str; 3] = ["h2", "http/1.1", "postgresql"];

/// The most characters of a protocol's name in ALPN (RFC 7301, section 3.1: its length is one byte).
const OFFER_LENGTH: usize = 255;

/// What is wrong on the left side of a mapping: no port, or no `=` after it.
pub(super) fn left_side(begin: usize, text: &str) -> Slip {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = &text[digits..];
    let at = begin + digits;
    let Some(next) = rest.chars().next() else {
        return no_equals_yet(at, &text[..digits]);
    };
    let span = at..at + next.len_utf8();
    if next.is_numeric() {
        let message = "a port is written in the digits 0 to 9: 9090=https://host";
        return Slip::over(span, message).expecting(["a port"]);
    }
    let left = until_blank(text).split_once('=').map(|(left, _)| left);
    if left.is_some_and(|left| left.contains([':', '.']) && !left.contains("://")) {
        let message = "left of \"=\" stands a port alone: 9090=https://host";
        let end = begin + left.map_or(digits, str::len);
        return Slip::over(begin..end.max(span.end), message).expecting(["a port"]);
    }
    if digits > 0 {
        let meant = rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '=' | '-' | '>' | '→')
        });
        let form = working(&text[..digits], meant);
        return Slip::over(span, format!("needs \"=\": {form}")).expecting(["="]);
    }
    let message = match next {
        '=' => format!("needs a port before \"=\": {}", working("9090", &text[1..])),
        '-' | '+' => "a port is a number from 0 to 65535: 9090=https://host".to_owned(),
        _ => format!("needs a port and \"=\" first: {}", working("9090", text)),
    };
    Slip::over(span, message).expecting(["a port"])
}

fn no_equals_yet(at: usize, digits: &str) -> Slip {
    let slip = |message: &str| Slip::over(at..at, message).unfinished_if(true);
    if digits.is_empty() {
        return slip("needs a mapping: 9090=https://host").expecting(["a port"]);
    }
    slip(&format!("needs \"=\": {}=https://host", shortened(digits))).expecting(["="])
}

/// The mapping of `port` to what was meant, where that is a valid one; else the usual example.
fn working(port: &str, meant: &str) -> String {
    let meant = until_blank(meant).trim_end_matches('.');
    let form = format!("{port}={meant}");
    if form.len() <= LONGEST_FORM && parse(&form).is_ok() {
        return form;
    }
    format!("{}=https://host", shortened(port))
}

/// What is wrong on the right side before a host can be looked at: nothing is there, or the protocol is unknown or not
/// followed by `://`. `None` where the host itself, or what follows it, is wrong.
pub(super) fn right_side(begin: usize, text: &str) -> Option<Slip> {
    let word = text
        .split(|c: char| matches!(c, ':' | '=') || c.is_whitespace())
        .next()?;
    let after = &text[word.len()..];
    let known = Protocol::named(word).is_some();
    if until_blank(text).is_empty() {
        let message = "needs a host after \"=\": localhost:80, https://host";
        return Some(
            Slip::over(begin..begin + first_len(text), message)
                .unfinished_if(text.is_empty())
                .expecting(["a host"])
                .expecting(urls("")),
        );
    }
    if known && matches!(after, ":" | ":/") {
        let at = begin + text.len();
        let message = format!("needs \"://\" and a host after {word}: {word}://host");
        return Some(
            Slip::over(at..at, message)
                .unfinished_if(true)
                .expecting((after == ":").then_some("a port"))
                .expecting([format!("{word}://")]),
        );
    }
    if known
        && let Some(host) = after.strip_prefix(':')
        && host.starts_with(char::is_alphabetic)
    {
        let at = begin + word.len();
        let host = until_blank(host);
        let form =
            Some(format!("{word}://{host}")).filter(|form| parse(&format!("1={form}")).is_ok());
        let form = form.unwrap_or_else(|| format!("{word}://host"));
        return Some(Slip::over(at..at + 1, format!("needs \"://\": {form}")));
    }
    if !after.starts_with(":/") || (known && after.starts_with("://")) {
        return None;
    }
    let message = if known {
        format!("needs \"://\" after {word}: {word}://host")
    } else {
        no_protocol(word, after)
    };
    let end = begin + word.len().max(first_len(text));
    Some(Slip::over(begin..end, message).expecting(urls("")))
}

/// Why `word`, with `after` behind it, is no protocol of a mapping, and what would do what it stands for.
fn no_protocol(word: &str, after: &str) -> String {
    match word {
        "" => "needs a protocol before \"://\": https://host".to_owned(),
        "tcp" => "plain TCP is written without a protocol: host:80".to_owned(),
        word if CLEAR_HTTP2.contains(&word) => {
            "HTTP/2 in clear text is written without a protocol: host:50051".to_owned()
        }
        word if HTTP2.contains(&word) => {
            let authority = until_blank(after.trim_start_matches([':', '/']));
            let form = format!("tls://{authority} alpn=h2");
            let works = form.len() <= LONGEST_FORM && parse(&format!("1={form}")).is_ok();
            let form = if works {
                &*form
            } else {
                "tls://host:50051 alpn=h2"
            };
            format!("HTTP/2 over TLS is TLS that offers h2: {form}")
        }
        _ => {
            let known = Protocol::ALL.map(Protocol::name);
            unknown("protocol", word, guess(word), &known)
        }
    }
}

fn guess(word: &str) -> Option<&'static str> {
    FOREIGN
        .iter()
        .find(|(foreign, _)| foreign.eq_ignore_ascii_case(word))
        .map(|(_, protocol)| protocol.name())
        .or_else(|| nearest(word, Protocol::ALL.map(Protocol::name)))
}

/// A host with a user before it, or an IPv6 address without brackets. No mapping begins with either.
pub(super) fn host(begin: usize, text: &str) -> Option<Slip> {
    let authority = until_blank(text)
        .split(['/', '?', '#'])
        .next()
        .unwrap_or(text);
    if let Some((user, _)) = authority.rsplit_once('@') {
        let user = &authority[..=user.len()];
        let message = format!("a mapping has no user: leave out {}", quoted(user));
        return Some(Slip::over(begin..begin + user.len(), message).expecting(["a host"]));
    }
    let address = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.');
    if authority.matches(':').count() < 2 || !authority.chars().all(address) {
        return None;
    }
    let split = authority
        .rsplit_once(':')
        .filter(|(host, port)| host.parse::<Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok());
    let form = match split {
        Some((host, port)) => format!("[{host}]:{port}"),
        None if authority.parse::<Ipv6Addr>().is_ok() => format!("[{authority}]:80"),
        None => "[::1]:80".to_owned(),
    };
    let message = format!("an IPv6 address stands in brackets: {form}");
    Some(Slip::over(begin..begin + authority.len(), message).expecting(["a host"]))
}

/// No host where one must stand.
pub(super) fn no_host(input: &Input<'_>) -> Slip {
    let message = match input.chars().next() {
        Some(':') => "needs a host before \":\": localhost:80",
        _ => "needs a host: https://host",
    };
    Slip::here(input, message).expecting(["a host"])
}

/// A plain host without a port.
pub(super) fn no_port(host: &str, input: &Input<'_>) -> Slip {
    let message = if Protocol::named(host).is_some() {
        format!("needs \"://\" and a host: {host}://host")
    } else {
        let host = shortened(host.trim_end_matches('.'));
        format!("needs a port: {host}:80, or a protocol: https://{host}")
    };
    let slip = Slip::here(input, message).expecting([":port"]);
    if input.is_empty() {
        slip.expecting(urls(host))
    } else {
        slip
    }
}

/// No digit after `:`.
pub(super) fn no_port_number(input: &Input<'_>) -> Slip {
    let message = match input.chars().next() {
        Some(c) if c.is_numeric() => "a port is written in the digits 0 to 9: localhost:80",
        _ => "needs a port after \":\": localhost:80",
    };
    Slip::here(input, message).expecting(["a port"])
}

/// Something that touches the end of a mapping.
pub(super) fn after(input: &Input<'_>) -> Slip {
    let rest = until_blank(input);
    let message = match rest.chars().next() {
        Some('/' | '?' | '#') => format!("a mapping has no path: leave out {}", quoted(rest)),
        Some(':') => format!("one port is enough: leave out {}", quoted(rest)),
        Some(c) if c.is_numeric() => {
            "a port is written in the digits 0 to 9, after \":\"".to_owned()
        }
        Some(',' | ';') => "faults begin after a blank: 9090=https://host latency 250ms".to_owned(),
        _ => format!("a mapping ends here: leave out {}", quoted(rest)),
    };
    let begin = input.current_token_start();
    Slip::over(begin..begin + rest.len(), message)
}

/// A name, or what is offered, where another program would take it by this word.
pub(super) fn misnamed_option(begin: usize, word: &str) -> Option<Slip> {
    let (option, value) = word.split_once('=')?;
    let value = shortened(value);
    let message = match option {
        "as" | "name" => format!(
            "a name follows \"as\" and a blank: as {}",
            first_of([&*value, "orders"])
        ),
        "ALPN" | "protocol" | "protocols" => {
            format!(
                "protocols are offered with alpn=: alpn={}",
                first_of([&*value, "h2"])
            )
        }
        _ => return None,
    };
    Some(Slip::over(begin..begin + word.len(), message))
}

fn first_of(texts: [&str; 2]) -> &str {
    if texts[0].is_empty() {
        texts[1]
    } else {
        texts[0]
    }
}

/// Why a character cannot stand in a name, after the part of the name before it.
pub(super) fn no_name(before: &str, wrong: char) -> String {
    match wrong {
        ',' | ';' if !before.is_empty() => {
            format!(
                "faults follow a name after a blank: as {} latency 250ms",
                shortened(before)
            )
        }
        wrong => format!(
            "{} cannot stand in a name: it has letters from a to z, digits, \"-\", \"_\" and \".\", as in orders",
            quoted(wrong.encode_utf8(&mut [0; 4]))
        ),
    }
}

/// Protocols that are offered where nothing is offered to the upstream, and the nearest form that does.
pub(super) fn alpn_without_tls(mapping: &Mapping, word: &str) -> String {
    let secured = match mapping.protocol {
        Some(Protocol::Http) => "https",
        Some(Protocol::Psql) => "psqls",
        _ => "tls",
    };
    let form = format!("{secured}://{} {word}", mapping.upstream());
    let form = if form.len() > LONGEST_FORM {
        format!("{secured}://host:443 alpn=h2")
    } else {
        form
    };
    format!("there is no TLS here to offer a protocol in: {form}")
}

/// What is wrong with one of the protocols that are offered, which stands at byte `begin` and can still grow where it is
/// `open`.
pub(super) fn no_offer(begin: usize, offer: &str, open: bool) -> Option<Slip> {
    let slip = |message: String| Slip::over(begin..begin + offer.len(), message);
    if offer.is_empty() {
        let message = if open {
            "needs a protocol: alpn=h2"
        } else {
            "a protocol stands on each side of a comma, without blanks: alpn=h2,http/1.1"
        };
        return Some(
            slip(message.to_owned())
                .unfinished_if(open)
                .expecting(OFFERS),
        );
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/.-_+".contains(c);
    if let Some((at, wrong)) = offer.char_indices().find(|(_, c)| !allowed(*c)) {
        let message = format!(
            "{} cannot stand in a protocol's name: alpn=h2,http/1.1",
            quoted(wrong.encode_utf8(&mut [0; 4]))
        );
        let at = begin + at;
        return Some(Slip::over(at..at + wrong.len_utf8(), message));
    }
    if offer.len() > OFFER_LENGTH {
        let message = format!(
            "a protocol's name has at most {OFFER_LENGTH} characters, not {}",
            offer.len()
        );
        return Some(slip(message));
    }
    let misnamed = MISNAMED_OFFERS
        .iter()
        .find(|(written, _)| offer.eq_ignore_ascii_case(written));
    let right = match misnamed {
        Some((_, right)) => *right,
        None => OFFERS
            .into_iter()
            .find(|known| *known != offer && offer.eq_ignore_ascii_case(known))?,
    };
    let message = format!("TLS knows {} as {right}: alpn={right}", quoted(offer));
    let follows = OFFERS
        .into_iter()
        .filter(|known| open && known.starts_with(offer));
    let follows: Vec<&str> = follows.collect();
    Some(
        slip(message)
            .unfinished_if(!follows.is_empty())
            .expecting(follows),
    )
}

/// How many bytes the first character has.
fn first_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// The protocols that `written` begins, as they stand before a host.
fn urls(written: &str) -> impl Iterator<Item = String> {
    Protocol::ALL
        .map(|protocol| format!("{}://", protocol.name()))
        .into_iter()
        .filter(move |url| url.starts_with(written))
}
