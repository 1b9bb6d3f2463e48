//! What a person probably meant where the grammar of a mapping fails, said with a form that would work.
//!
//! Nothing here decides what is valid: a slip is asked for after the grammar has refused, or for texts that no mapping
//! begins with.

use std::net::Ipv6Addr;

use winnow::stream::Location;

use super::{Mapping, Protocol, tried};
use crate::format::{quoted, shortened};
use crate::syntax::{Input, Slip, nearest, unknown, until_blank};

/// The longest mapping that is repeated as a form that works, in bytes.
pub(super) const LONGEST_FORM: usize = 120;

/// The protocols that are offered most, as examples of what may follow.
const OFFERS: [&str; 3] = ["h2", "http/1.1", "postgresql"];

/// The most characters of a protocol's name in ALPN (RFC 7301, section 3.1: its length is one byte).
const OFFER_LENGTH: usize = 255;

/// What is wrong on the left side of a mapping: no port, or no `=` after it.
pub(super) fn left_side(begin: usize, text: &str) -> Slip {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    let left = until_blank(text)
        .split_once('=')
        .map_or("", |(left, _)| left);
    let mut at = digits.len()..digits.len() + first_len(rest);
    let (expected, message) = match rest.chars().next() {
        None if digits.is_empty() => ("a port", "needs a mapping: 9090=https://host".to_owned()),
        None => ("=", format!("needs \"=\": {}", working(digits, ""))),
        Some(c) if c.is_numeric() => {
            let message = "a port is written in the digits 0 to 9: 9090=https://host";
            ("a port", message.to_owned())
        }
        Some(_) if left.contains([':', '.']) && !left.contains("://") => {
            at = 0..left.len().max(at.end);
            let message = "left of \"=\" stands a port alone: 9090=https://host";
            ("a port", message.to_owned())
        }
        Some(c)
            if c.is_whitespace() && rest.trim_start().starts_with('=') && !digits.is_empty() =>
        {
            at = digits.len()..text.find('=').unwrap_or(text.len());
            let form = working(digits, rest.trim_start()[1..].trim_start());
            ("=", format!("no blank stands before \"=\": {form}"))
        }
        Some(_) if !digits.is_empty() => {
            let meant = rest.trim_start_matches(|c: char| {
                c.is_whitespace() || matches!(c, ':' | '=' | '-' | '>' | '→')
            });
            ("=", format!("needs \"=\": {}", working(digits, meant)))
        }
        Some('=') => {
            let form = working("9090", &text[1..]);
            ("a port", format!("needs a port before \"=\": {form}"))
        }
        Some('-' | '+') => {
            let message = "a port is a number from 0 to 65535: 9090=https://host";
            ("a port", message.to_owned())
        }
        Some(_) => {
            let form = working("9090", text);
            ("a port", format!("needs a port and \"=\" first: {form}"))
        }
    };
    Slip::over(begin + at.start..begin + at.end, message)
        .unfinished_if(rest.is_empty())
        .expecting([expected])
}

/// The mapping of `port` to what was meant, where that is a valid one; else the usual example.
fn working(port: &str, meant: &str) -> String {
    let meant = until_blank(meant).trim_end_matches('.');
    let example = format!("{}=https://host", shortened(port));
    fitting("", format!("{port}={meant}"), &example)
}

/// A form that is a mapping behind `before`, where that is a valid one and not too long to be repeated; else the example.
fn fitting(before: &str, form: String, example: &str) -> String {
    if form.len() <= LONGEST_FORM && tried(&format!("{before}{form}")).is_some() {
        return form;
    }
    example.to_owned()
}

/// What is wrong on the right side before a host can be looked at: nothing is there, or the protocol is unknown or not
/// followed by `://`. `None` where the host itself, or what follows it, is wrong.
pub(super) fn right_side(begin: usize, text: &str) -> Option<Slip> {
    let word = text
        .split(|c: char| matches!(c, ':' | '=') || c.is_whitespace())
        .next()?;
    let after = &text[word.len()..];
    let (colon, end) = (begin + word.len(), begin + text.len());
    let known = Protocol::named(word).is_some();
    let slip = match after.strip_prefix(':') {
        _ if until_blank(text).is_empty() && !text.trim().is_empty() => {
            let meant = text.trim_start();
            let form = fitting("1=", until_blank(meant).to_owned(), "https://host");
            let blanks = begin..begin + text.len() - meant.len();
            Slip::over(blanks, format!("no blank stands after \"=\": ={form}"))
        }
        _ if until_blank(text).is_empty() => {
            let message = "needs a host after \"=\": localhost:80, https://host";
            Slip::over(begin..begin + first_len(text), message)
                .unfinished_if(text.is_empty())
                .expecting(["a host"])
                .expecting(urls(""))
        }
        Some(rest @ ("" | "/")) if known => {
            let message = format!("needs \"://\" and a host after {word}: {word}://host");
            Slip::over(end..end, message)
                .unfinished_if(true)
                .expecting(rest.is_empty().then_some("a port"))
                .expecting([format!("{word}://")])
        }
        Some(host) if known && host.starts_with(char::is_alphabetic) => {
            let form = format!("{word}://{}", until_blank(host));
            let form = fitting("1=", form, &format!("{word}://host"));
            Slip::over(colon..colon + 1, format!("needs \"://\": {form}"))
        }
        Some(rest) if rest.starts_with('/') && !(known && rest.starts_with("//")) => {
            let message = if known {
                format!("needs \"://\" after {word}: {word}://host")
            } else {
                no_protocol(word, rest)
            };
            let end = colon.max(begin + first_len(text));
            Slip::over(begin..end, message).expecting(urls(""))
        }
        _ => return None,
    };
    Some(slip)
}

/// Why `word`, with `after` behind its colon, is no protocol of a mapping, and what would do what it stands for.
fn no_protocol(word: &str, after: &str) -> String {
    let known = Protocol::ALL.map(Protocol::name);
    let guess = match word.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => Some("psql"),
        "ssl" => Some("tls"),
        _ => nearest(word, known),
    };
    match word {
        "" => "needs a protocol before \"://\": https://host".to_owned(),
        "unix" => "a mapping leads to a port, not to a socket's file: localhost:5432".to_owned(),
        "tcp" => "plain TCP is written without a protocol: host:80".to_owned(),
        "h2c" | "grpc" => {
            "HTTP/2 in clear text is written without a protocol: host:50051".to_owned()
        }
        "h2" | "h2s" | "http2" | "grpcs" | "grpc+tls" | "grpc+ssl" => {
            let authority = until_blank(after.trim_start_matches([':', '/']));
            let form = format!("tls://{authority} alpn=h2");
            let form = fitting("1=", form, "tls://host:50051 alpn=h2");
            format!("HTTP/2 over TLS is TLS that offers h2: {form}")
        }
        _ => unknown("protocol", word, guess, &known),
    }
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
        Some(',' | ';') if tried(&format!("0={}", &rest[1..])).is_some() => {
            format!("a mapping has one upstream: leave out {}", quoted(rest))
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
    let value = Some(shortened(value)).filter(|value| !value.is_empty());
    let message = match option {
        "as" | "name" => {
            let name = value.as_deref().unwrap_or("orders");
            format!("a name follows \"as\" and a blank: as {name}")
        }
        "ALPN" | "protocol" | "protocols" => {
            let offers = value.as_deref().unwrap_or("h2");
            format!("protocols are offered with alpn=: alpn={offers}")
        }
        _ => return None,
    };
    Some(Slip::over(begin..begin + word.len(), message))
}

/// Why a character cannot stand in a name, after the part of the name before it.
pub(super) fn no_name(before: &str, wrong: char) -> String {
    if matches!(wrong, ',' | ';') && !before.is_empty() {
        let name = shortened(before);
        return format!("faults follow a name after a blank: as {name} latency 250ms");
    }
    let wrong = quoted(&wrong.to_string());
    format!(
        "{wrong} cannot stand in a name: it has letters from a to z, digits, \"-\", \"_\" and \".\", as in orders"
    )
}

/// Protocols that are offered where nothing is offered to the upstream, and the nearest form that does.
pub(super) fn alpn_without_tls(mapping: &Mapping, word: &str) -> String {
    let secured = match mapping.protocol {
        Some(Protocol::Http) => "https",
        Some(Protocol::Psql) => "psqls",
        _ => "tls",
    };
    let form = format!("{secured}://{} {word}", mapping.upstream());
    let form = fitting("1=", form, &format!("{secured}://host:443 alpn=h2"));
    format!("there is no TLS here to offer a protocol in: {form}")
}

/// What is wrong with one of the protocols that are offered, which stands at byte `begin` and can still grow where it is
/// `open`.
pub(super) fn no_offer(begin: usize, offer: &str, open: bool) -> Option<Slip> {
    let whole = begin..begin + offer.len();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/.-_+".contains(c);
    if offer.is_empty() {
        let message = if open {
            "needs a protocol: alpn=h2"
        } else {
            "a protocol stands on each side of a comma, without blanks: alpn=h2,http/1.1"
        };
        let slip = Slip::over(whole, message).unfinished_if(open);
        return Some(slip.expecting(OFFERS));
    }
    if let Some((at, wrong)) = offer.char_indices().find(|(_, c)| !allowed(*c)) {
        let at = begin + at..begin + at + wrong.len_utf8();
        let wrong = quoted(&wrong.to_string());
        let message = format!("{wrong} cannot stand in a protocol's name: alpn=h2,http/1.1");
        return Some(Slip::over(at, message));
    }
    if offer.len() > OFFER_LENGTH {
        let length = offer.len();
        let message =
            format!("a protocol's name has at most {OFFER_LENGTH} characters, not {length}");
        return Some(Slip::over(whole, message));
    }
    // What is written for a protocol that TLS knows by another name, or in other letters.
    let right = match offer.to_ascii_lowercase().as_str() {
        "h2" | "h2c" | "http2" | "http/2" | "http/2.0" | "grpc" | "grpcs" => "h2",
        "http/1.1" | "http" | "http1" | "http/1" | "http1.1" => "http/1.1",
        "postgresql" | "psql" | "postgres" => "postgresql",
        _ => return None,
    };
    if right == offer {
        return None;
    }
    let follows = OFFERS.into_iter();
    let follows: Vec<&str> = follows
        .filter(|known| open && known.starts_with(offer))
        .collect();
    let message = format!("TLS knows {} as {right}: alpn={right}", quoted(offer));
    let slip = Slip::over(whole, message).unfinished_if(!follows.is_empty());
    Some(slip.expecting(follows))
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
