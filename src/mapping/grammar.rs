//! The grammar of a mapping, a function a production, in the order of the grammar:
//!
//! ```text
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
//! Two extensions: a host may be an IPv6 address in brackets, and a mapping ends at a blank, so that faults can follow it.
//! Which hosts and ports are valid beyond the syntax is `host`'s and `port_number`'s business; what a person probably
//! meant where the grammar fails is said by `slips`.

use std::ops::Range;

use winnow::Parser;
use winnow::combinator::{alt, cut_err, not, opt, peek, repeat, terminated};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::Location;
use winnow::token::{none_of, one_of};

use super::{Host, Mapping, Protocol, host as hosts, slips};
use crate::format::shortened;
use crate::syntax::{Input, Parsed, Slip};

/// The right side: protocol, host and port.
type Upstream = (Option<Protocol>, Host, u16);

/// `config = left "=" right`
pub(crate) fn config(input: &mut Input<'_>) -> Parsed<Mapping> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    let (listen, _, (protocol, host, port)) = (left, '=', cut_err(right))
        .parse_next(input)
        .map_err(|error| explained(error, || slips::left_side(begin, text)))?;
    peek(end)
        .parse_next(input)
        .map_err(|_: ErrMode<Slip>| slips::after(input).cut())?;
    Ok(Mapping {
        listen,
        protocol,
        host,
        port,
    })
}

/// `left = port`
fn left(input: &mut Input<'_>) -> Parsed<u16> {
    let (digits, at) = port.with_span().parse_next(input)?;
    port_number(digits, at, 0, input)
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
    let (digits, at) = port
        .with_span()
        .parse_next(input)
        .map_err(|error| explained(error, || slips::no_port_number(input)))?;
    port_number(digits, at, 1, input).map(Some)
}

/// `protocol = "http" | "https" | "psql" | "psqls" | "tls"`
fn protocol(input: &mut Input<'_>) -> Parsed<Protocol> {
    alt((
        "https".value(Protocol::Https),
        "http".value(Protocol::Http),
        "psqls".value(Protocol::Psqls),
        "psql".value(Protocol::Psql),
        "tls".value(Protocol::Tls),
    ))
    .parse_next(input)
}

/// `port = digit { digit }`
fn port<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    repeat::<_, _, (), _, _>(1.., digit)
        .take()
        .parse_next(input)
}

/// `host = char { char }`
fn host(input: &mut Input<'_>) -> Parsed<Host> {
    let (begin, text) = (input.current_token_start(), *input.as_ref());
    if let Some(slip) = slips::host(begin, text) {
        return Err(slip.cut());
    }
    if let Some(address) = opt(hosts::in_brackets).parse_next(input)? {
        return Ok(Host::V6(address));
    }
    let written = repeat::<_, _, (), _, _>(1.., char)
        .take()
        .parse_next(input)
        .map_err(|error| explained(error, || slips::no_host(input)))?;
    hosts::named(begin, written, input.is_empty()).map_err(Slip::cut)
}

/// `digit = "0" | … | "9"`
fn digit(input: &mut Input<'_>) -> Parsed<char> {
    one_of('0'..='9').parse_next(input)
}

/// `char = any character except "=" and ":"`
fn char(input: &mut Input<'_>) -> Parsed<char> {
    none_of(|c: char| matches!(c, '=' | ':') || c.is_whitespace()).parse_next(input)
}

/// What a mapping must be followed by: a blank, or nothing.
fn end(input: &mut Input<'_>) -> Parsed<()> {
    not(none_of(char::is_whitespace)).parse_next(input)
}

/// The digits of a port as its number, which is at least `least`.
fn port_number(digits: &str, at: Range<usize>, least: u16, input: &Input<'_>) -> Parsed<u16> {
    let side = if least == 0 {
        "a listening"
    } else {
        "an upstream"
    };
    let number = digits.bytes().fold(0_u32, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    match u16::try_from(number) {
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

/// The error of a production, said better where it was not final.
fn explained(error: ErrMode<Slip>, slip: impl FnOnce() -> Slip) -> ErrMode<Slip> {
    if error.is_backtrack() {
        slip().cut()
    } else {
        error
    }
}
