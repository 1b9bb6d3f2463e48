//! Which hosts are valid beyond the syntax: DNS names, IPv4 addresses, IPv6 addresses in brackets.
//!
//! A host that touches the end of the text is judged by what it can still become: `my-` may go on as `my-db`, `1.2.3` as
//! `1.2.3.4`, `[fe8` as `[fe80::1]`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use winnow::Parser;
use winnow::stream::Location;
use winnow::token::take_till;

use super::{Host, Protocol};
use crate::format::quoted;
use crate::syntax::{Input, Parsed, Slip};

/// The most characters of a name, a trailing dot not counted.
const NAME_LENGTH: usize = 253;
/// The most characters between two dots.
const LABEL_LENGTH: usize = 63;

/// A host without brackets, which stands at byte `begin` and can still grow where it is `open`.
pub(super) fn named(begin: usize, written: &str, open: bool) -> Result<Host, Slip> {
    let slip = |at: Range<usize>, message: String, unfinished: bool| {
        let slip = Slip::over(begin + at.start..begin + at.end, message);
        slip.unfinished_if(unfinished).expecting(["a host"])
    };
    let mut start = 0;
    for label in written.split('.') {
        let end = start + label.len();
        let last = end == written.len();
        if let Some((at, message, unfinished)) = no_label(written, label, last && open) {
            return Err(slip(start + at.start..start + at.end, message, unfinished));
        }
        if label.is_empty() && !(last && start > 0) {
            let message = "a host has letters or digits around each dot: my-db.svc";
            return Err(slip(start..start + 1, message.to_owned(), false));
        }
        start = end + 1;
    }
    let name = written.strip_suffix('.').unwrap_or(written);
    if name.len() > NAME_LENGTH {
        let length = name.len();
        let message = format!("a host has at most {NAME_LENGTH} characters, not {length}");
        return Err(slip(0..written.len(), message, false));
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Host::Name(written.to_owned()));
    }
    written.parse().map(Host::V4).map_err(|_| {
        let (at, message) = no_ipv4(written);
        slip(at, message, open)
    })
}

/// What is wrong with a label of `name` by itself: its bytes, the message, and whether it could still be mended.
fn no_label(name: &str, label: &str, open: bool) -> Option<(Range<usize>, String, bool)> {
    let length = label.len();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let hyphen = |what| format!("a host's label does not {what} with \"-\": my-db");
    let wrong = match label.char_indices().find(|(_, c)| !allowed(*c)) {
        Some((at, wrong)) => {
            let message = misplaced(name, &label[..at], &label[at..], wrong);
            (at..at + wrong.len_utf8(), message, false)
        }
        None if length > LABEL_LENGTH => {
            let label = quoted(label);
            let message = format!(
                "{label} has {length} characters: between dots there are at most {LABEL_LENGTH}"
            );
            (0..length, message, false)
        }
        None if label.starts_with('-') => (0..1, hyphen("begin"), false),
        None if label.ends_with('-') => (
            length - 1..length,
            hyphen("end"),
            open && length < LABEL_LENGTH,
        ),
        None => return None,
    };
    Some(wrong)
}

/// How a name is written for DNS that has letters beyond ASCII.
fn ascii_form(name: &str) -> Option<String> {
    let form = idna::domain_to_ascii(name.trim_end_matches('.')).ok()?;
    named(0, &form, false).is_ok().then_some(form)
}

/// Why a character of `name` cannot stand in a host, after the part of the label before it.
fn misplaced(name: &str, before: &str, rest: &str, wrong: char) -> String {
    match wrong {
        '/' if Protocol::named(before).is_some() => {
            format!("needs \"://\" after {before}: {before}://host")
        }
        '/' | '?' | '#' => format!("a mapping has no path: leave out {}", quoted(rest)),
        ',' | ';' => "faults begin after a blank: 9090=https://host latency 250ms".to_owned(),
        '[' | ']' => "brackets are for a whole IPv6 address: [::1]:80".to_owned(),
        c => {
            let wrong = quoted(&c.to_string());
            let instead = if c.is_alphabetic() {
                let form = ascii_form(name).unwrap_or("xn--bcher-kva.example".to_owned());
                format!("write the name in its ASCII form: {form}")
            } else {
                "it has letters, digits, \"-\", \"_\" and \".\", as in my-db.svc".to_owned()
            };
            format!("{wrong} cannot stand in a host: {instead}")
        }
    }
}

/// Why a host whose last label is all digits is not an IPv4 address, and which part of it.
fn no_ipv4(written: &str) -> (Range<usize>, String) {
    let whole = 0..written.len();
    let is_quad = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    if !written.contains('.') {
        let message = format!("{} is no host: localhost:{written}", quoted(written));
        return (whole, message);
    }
    if !written.bytes().all(is_quad) {
        let message = "the last label of a name is not all digits: 12.my-db";
        return (whole, message.to_owned());
    }
    let mut start = 0;
    for part in written.split('.') {
        let at = start..start + part.len();
        if part.len() > 1 && part.starts_with('0') {
            let message = "an IPv4 address has no leading zeros: 10.0.0.1";
            return (at, message.to_owned());
        }
        if !part.is_empty() && part.parse::<u8>().is_err() {
            let message = "an IPv4 address has numbers from 0 to 255: 10.0.0.1";
            return (at, message.to_owned());
        }
        start = at.end + 1;
    }
    let message = "an IPv4 address is four numbers and three dots: 10.0.0.1";
    (whole, message.to_owned())
}

/// `[` IPv6 address `]`: the extension of the grammar.
pub(super) fn in_brackets(input: &mut Input<'_>) -> Parsed<Ipv6Addr> {
    let begin = input.current_token_start();
    '['.parse_next(input)?;
    let written = take_till(0.., |c: char| c == ']' || c.is_whitespace()).parse_next(input)?;
    let closed = input.starts_with(']');
    if let (true, Ok(address)) = (closed, written.parse()) {
        ']'.parse_next(input)?;
        return Ok(address);
    }
    let slip = match first_wrong(written) {
        Some((at, c)) => {
            let at = begin + 1 + at;
            Slip::over(at..at + c.len_utf8(), no_ipv6(written)).expecting(["an IPv6 address"])
        }
        None if written.parse::<Ipv6Addr>().is_ok() => {
            Slip::here(input, "needs \"]\" after the address: [::1]:80").expecting(["]"])
        }
        None => Slip::here(input, no_ipv6(written)).expecting(["an IPv6 address"]),
    };
    Err(slip.cut())
}

/// The first character with which a text stops being the beginning of an IPv6 address.
fn first_wrong(written: &str) -> Option<(usize, char)> {
    let chars: Vec<(usize, char)> = written.char_indices().collect();
    let right = chars.partition_point(|(at, c)| begins_ipv6(&written[..at + c.len_utf8()]));
    chars.get(right).copied()
}

/// Whether a text is an IPv6 address or can be completed to one: by groups, by `::`, or by the rest of a dotted quad.
fn begins_ipv6(text: &str) -> bool {
    const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();
    let valid = |tail: &str, times| {
        ["", "0"].iter().any(|first| {
            let whole = format!("{text}{first}{}", tail.repeat(times));
            whole.parse::<Ipv6Addr>().is_ok()
        })
    };
    text.len() <= LONGEST
        && (valid(":", 1)
            || valid(":", 2)
            || (0..8).any(|groups| valid(":0", groups))
            || (0..4).any(|parts| valid(".0", parts)))
}

fn no_ipv6(written: &str) -> String {
    if written.parse::<Ipv4Addr>().is_ok() {
        return format!("an IPv4 address stands without brackets: {written}");
    }
    if written.contains('%') {
        return "an address has no zone in a mapping: [fe80::1]:80".to_owned();
    }
    if written.is_empty() {
        return "needs an IPv6 address in the brackets: [::1]:80".to_owned();
    }
    format!("{} is not a whole IPv6 address: [::1]:80", quoted(written))
}
