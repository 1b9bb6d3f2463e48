//! The grammar of a mapping, a function for each production above single characters, in the order of the grammar:
//!
//! ```text
//! mapping    = config { blank option }
//! option     = "as" blank name | "alpn=" alpn | "bind=" addresses | "closed"
//! name       = 1 to 32 of letter | digit | "-" | "_" | "."
//! alpn       = offer { "," offer }
//! addresses  = address { "," address }
//! offer      = letter, digit, "/", ".", "-", "_", "+", at least one of them
//! config     = left "=" right
//! left       = port
//! right      = hostport | proto_url
//! hostport   = host ":" port
//! proto_url  = protocol "://" host opt_port
//! opt_port   = ":" port | /* empty */
//! protocol   = "http" | "https" | "psql" | "psqls" | "tls"
//! port       = digit { digit }
//! host       = char { char }
//! digit      = "0" | … | "9"
//! char       = any character except "=" and ":"
//! ```
//!
//! `config` is the grammar of a bare mapping, with two extensions: a host may be an IPv6 address in brackets, and it ends at
//! a blank, so that options and faults can follow it.
//! Which hosts and ports are valid beyond the syntax is the module `host`'s and `port`'s business; what a person probably
//! meant where the grammar fails is said by `slips`.

use std::net::IpAddr;

use winnow::Parser;
use winnow::ascii::{alpha1, digit1};
use winnow::combinator::{alt, cut_err, opt, terminated};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Location, Stream};
use winnow::token::take_till;

use super::name::{EVERY, LONGEST, Name};
use super::{Host, Mapping, Protocol, TlsMode, host as hosts, pasted, slips};
use crate::format::shortened;
use crate::syntax::{Input, Parsed, Slip, blanks, until_blank};

/// The right side: protocol, host and port.
type Upstream = (Option<Protocol>, Host, u16);

/// A mapping with nothing behind it that could still become one of its options.
pub(super) fn mapping_alone(input: &mut Input<'_>) -> Parsed<Mapping> {
    let mapping = mapping(input)?;
    match begun_option(&mapping, input) {
        Some(slip) => Err(slip.cut()),
        None => Ok(mapping),
    }
}

/// `mapping = config { blank option }`
pub(crate) fn mapping(input: &mut Input<'_>) -> Parsed<Mapping> {
    with_options(config, input)
}

/// A mapping whose errors are not answered with one that was meant: what is answered with is tried by it.
pub(super) fn unanswered(input: &mut Input<'_>) -> Parsed<Mapping> {
    with_options(bare, input)
}

fn with_options(
    config: impl FnOnce(&mut Input<'_>) -> Parsed<Mapping>,
    input: &mut Input<'_>,
) -> Parsed<Mapping> {
    let mut mapping = config(input)?;
    loop {
        let before = input.checkpoint();
        blanks(input)?;
        if !option(&mut mapping, input)? {
            input.reset(&before);
            return Ok(mapping);
        }
    }
}

/// `option = "as" blank name | "alpn=" alpn | "bind=" addresses | "closed"`
///
/// False where what follows is none.
fn option(mapping: &mut Mapping, input: &mut Input<'_>) -> Parsed<bool> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    let word = until_blank(text);
    if word == "as" {
        "as".parse_next(input)?;
        blanks(input)?;
        let name = name(input)?;
        let end = input.current_token_start();
        if mapping.name.is_some() {
            let message = format!("a proxy has one name: leave out \"as {name}\"");
            return Err(Slip::over(begin..end, message).cut());
        }
        mapping.name = Some(name);
        return Ok(true);
    }
    let whole = begin..begin + word.len();
    if word == "closed" {
        "closed".parse_next(input)?;
        if std::mem::replace(&mut mapping.closed, true) {
            return Err(Slip::over(whole, "closed stands once: leave one out").cut());
        }
        return Ok(true);
    }
    if word.starts_with("bind=") {
        if !mapping.bind.is_empty() {
            let message = format!("bind= stands once, with all addresses: leave out {word}");
            return Err(Slip::over(whole, message).cut());
        }
        "bind=".parse_next(input)?;
        mapping.bind = addresses(input)?;
        return Ok(true);
    }
    if !word.starts_with("alpn=") {
        return match slips::misnamed_option(begin, word) {
            Some(slip) => Err(slip.cut()),
            None => Ok(false),
        };
    }
    // Judged before the offers are read: what is only begun could never be finished.
    if mapping.tls() == TlsMode::Clear {
        let offered = if word == "alpn=" { "alpn=h2" } else { word };
        return Err(Slip::over(whole, slips::alpn_without_tls(mapping, offered)).cut());
    }
    if !mapping.alpn.is_empty() {
        let message = format!("alpn= stands once, with all that is offered: leave out {word}");
        return Err(Slip::over(whole, message).cut());
    }
    "alpn=".parse_next(input)?;
    let offers = alpn(input)?;
    mapping.alpn = offers;
    Ok(true)
}

/// What stands at the end of a text and can still become an option of `mapping`.
pub(crate) fn begun_option(mapping: &Mapping, input: &Input<'_>) -> Option<Slip> {
    let rest: &str = input.as_ref();
    let word = rest.trim_start();
    let begin = input.current_token_start() + (rest.len() - word.len());
    let can_offer = mapping.alpn.is_empty() && mapping.tls() != TlsMode::Clear;
    let open = [
        ("as", mapping.name.is_none()),
        ("alpn=", can_offer),
        ("bind=", mapping.bind.is_empty()),
        ("closed", !mapping.closed),
    ];
    let fits = |(option, open): &(&str, bool)| *open && option.starts_with(word);
    let words: Vec<&str> = open
        .into_iter()
        .filter(fits)
        .map(|(option, _)| option)
        .collect();
    if word.is_empty() || words.is_empty() {
        return None;
    }
    let message = format!("needs the whole word: {}", words.join(", "));
    let slip = Slip::over(begin..begin + word.len(), message);
    Some(slip.unfinished_if(true).expecting(words))
}

/// `name = 1 to 32 of letter | digit | "-" | "_" | "."`
pub(crate) fn name(input: &mut Input<'_>) -> Parsed<Name> {
    let begin = input.current_token_start();
    let written = word(input)?;
    let (at_end, whole) = (input.is_empty(), 0..written.len());
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (at, message, unfinished) = match written.char_indices().find(|(_, c)| !allowed(*c)) {
        Some((at, wrong)) => {
            let message = slips::no_name(&written[..at], wrong);
            (at..at + wrong.len_utf8(), message, false)
        }
        None if written.is_empty() => (whole, "needs a name, as in orders".to_owned(), at_end),
        None if written.len() > LONGEST => {
            let length = written.len();
            let message = format!("a name has at most {LONGEST} characters, not {length}");
            (whole, message, false)
        }
        None if written == EVERY => {
            let message = "\"all\" means every proxy: give another name, as in orders";
            (whole, message.to_owned(), at_end)
        }
        None => return Ok(Name(written.to_owned())),
    };
    let slip = Slip::over(begin + at.start..begin + at.end, message).unfinished_if(unfinished);
    Err(slip.expecting(["a name"]).cut())
}

/// `addresses = address { "," address }`, an IPv6 address in brackets or without
fn addresses(input: &mut Input<'_>) -> Parsed<Vec<IpAddr>> {
    let begin = input.current_token_start();
    let written = word(input)?;
    let mut addrs: Vec<IpAddr> = Vec::new();
    let mut start = begin;
    for text in written.split(',') {
        let at = start..start + text.len();
        let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let Ok(addr) = bare.unwrap_or(text).parse() else {
            let is_open = at.end == begin + written.len() && input.is_empty();
            let message = "bind= wants addresses of this machine: bind=127.0.0.1";
            let slip = Slip::over(at, message).expecting(["an address"]);
            return Err(slip.unfinished_if(is_open && begins_an_address(text)).cut());
        };
        if addrs.contains(&addr) {
            let message = format!("{} is given twice: leave one out", shortened(text));
            return Err(Slip::over(at, message).cut());
        }
        addrs.push(addr);
        start = at.end + 1;
    }
    Ok(addrs)
}

/// Whether something behind a text makes an address of it.
fn begins_an_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').unwrap_or(text);
    let ends = [
        "", ":", "::", "1", ":1", ".1", ".1.1", ".1.1.1", "1.1", "1.1.1", "1.1.1.1",
    ];
    ends.iter()
        .any(|end| format!("{bare}{end}").parse::<IpAddr>().is_ok())
}

/// `right` alone, as a mapping of any free port.
pub(crate) fn upstream(input: &mut Input<'_>) -> Parsed<Mapping> {
    let (protocol, host, port) = cut_err(right).parse_next(input)?;
    if !until_blank(input).is_empty() {
        return Err(slips::after(input).cut());
    }
    Ok(Mapping::new(0, protocol, host, port))
}

/// `alpn = offer { "," offer }`
pub(super) fn alpn(input: &mut Input<'_>) -> Parsed<Vec<String>> {
    let begin = input.current_token_start();
    let written = word(input)?;
    let mut offers: Vec<String> = Vec::new();
    let mut start = 0;
    for offer in written.split(',') {
        let end = start + offer.len();
        let is_open = end == written.len() && input.is_empty();
        if let Some(slip) = slips::no_offer(begin + start, offer, is_open) {
            return Err(slip.cut());
        }
        if offers.iter().any(|other| other == offer) {
            let message = format!("{} is offered twice", shortened(offer));
            return Err(Slip::over(begin + start..begin + end, message).cut());
        }
        offers.push(offer.to_owned());
        start = end + 1;
    }
    Ok(offers)
}

/// Everything up to a blank.
fn word<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    take_till(0.., char::is_whitespace).parse_next(input)
}

/// `config = left "=" right`
///
/// Where it fails on what is known from elsewhere, the error is the mapping that does the same.
fn config(input: &mut Input<'_>) -> Parsed<Mapping> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    bare(input).map_err(|error| match error {
        ErrMode::Cut(slip) if !slip.is_unfinished() => {
            pasted::meant(begin, text).unwrap_or(slip).cut()
        }
        error => error,
    })
}

fn bare(input: &mut Input<'_>) -> Parsed<Mapping> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    let (listen, _, (protocol, host, port)) = (left, '=', cut_err(right))
        .parse_next(input)
        .map_err(|error| explained(error, || slips::left_side(begin, text)))?;
    if !until_blank(input).is_empty() {
        return Err(slips::after(input).cut());
    }
    Ok(Mapping::new(listen, protocol, host, port))
}

/// `left = port`
fn left(input: &mut Input<'_>) -> Parsed<u16> {
    port(0, input)
}

/// `right = hostport | proto_url`
///
/// The longer form is tried first: `https` alone is also a host.
fn right(input: &mut Input<'_>) -> Parsed<Upstream> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    alt((proto_url, hostport))
        .parse_next(input)
        .map_err(|error| match slips::right_side(begin, text) {
            Some(slip) => slip.cut(),
            None => error,
        })
}

/// `hostport = host ":" port`
fn hostport(input: &mut Input<'_>) -> Parsed<Upstream> {
    let (host, written) = host.with_taken().parse_next(input)?;
    match opt_port(input)? {
        Some(port) => Ok((None, host, port)),
        None => Err(slips::no_port(written, input).cut()),
    }
}

/// `proto_url = protocol "://" host opt_port`
fn proto_url(input: &mut Input<'_>) -> Parsed<Upstream> {
    let protocol = terminated(protocol, "://").parse_next(input)?;
    let (host, port) = cut_err((host, opt_port)).parse_next(input)?;
    let port = port.unwrap_or(protocol.default_port());
    Ok((Some(protocol), host, port))
}

/// `opt_port = ":" port | /* empty */`
fn opt_port(input: &mut Input<'_>) -> Parsed<Option<u16>> {
    if opt(':').parse_next(input)?.is_none() {
        return Ok(None);
    }
    port(1, input)
        .map(Some)
        .map_err(|error| explained(error, || slips::no_port_number(input)))
}

/// `protocol = "http" | "https" | "psql" | "psqls" | "tls"`
fn protocol(input: &mut Input<'_>) -> Parsed<Protocol> {
    alpha1.verify_map(Protocol::named).parse_next(input)
}

/// `port = digit { digit }`, `digit = "0" | … | "9"`
///
/// Its number is at least `least`.
fn port(least: u16, input: &mut Input<'_>) -> Parsed<u16> {
    let mut digits = digit1::<_, ErrMode<Slip>>.with_span();
    let (digits, at) = digits.parse_next(input)?;
    let side = if least == 0 {
        "a listening"
    } else {
        "an upstream"
    };
    // Digits are a number unless they are too many.
    match digits.parse() {
        Ok(port) if port >= least => Ok(port),
        // Zeros may lead a port: `0` can still become `080`.
        Ok(_) => Err(Slip::over(at, format!("port 0: {side} port is 1 to 65535"))
            .unfinished_if(input.is_empty())
            .expecting(["a port"])
            .cut()),
        Err(_) => {
            let shown = shortened(digits.trim_start_matches('0'));
            let message = format!("port {shown} is over 65535: {side} port is {least} to 65535");
            Err(Slip::over(at, message).expecting(["a port"]).cut())
        }
    }
}

/// `host = char { char }`, `char = any character except "=" and ":"`
fn host(input: &mut Input<'_>) -> Parsed<Host> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    if let Some(slip) = slips::host(begin, text) {
        return Err(slip.cut());
    }
    if let Some(address) = opt(hosts::in_brackets).parse_next(input)? {
        return Ok(Host::V6(address));
    }
    let ends = |c: char| matches!(c, '=' | ':') || c.is_whitespace();
    let written = take_till(1.., ends)
        .parse_next(input)
        .map_err(|error| explained(error, || slips::no_host(input)))?;
    hosts::named(begin, written, input.is_empty()).map_err(Slip::cut)
}

/// The error of a production, said better where it was not final.
fn explained(error: ErrMode<Slip>, slip: impl FnOnce() -> Slip) -> ErrMode<Slip> {
    if error.is_backtrack() {
        slip().cut()
    } else {
        error
    }
}
