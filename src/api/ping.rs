//! Asks an API whether it is there, for health checks: an image without a shell has no other program to ask with.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Address;
use super::unix::{self, Blocking};
use crate::format::{one_line, reason};

/// An API that is there answers sooner.
const PATIENCE: Duration = Duration::from_secs(3);

/// No first line of an answer is longer.
const LONGEST: u64 = 1024;

/// Asks for the version of what answers at an address; says what does, or why nothing.
///
/// # Errors
/// Nobody listens, or what does answers otherwise.
pub fn ping(address: &Address, token: Option<&str>) -> Result<String, String> {
    let connected = match address {
        Address::Tcp(addr) => TcpStream::connect_timeout(addr, PATIENCE).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(Box::new(stream) as Box<dyn Blocking>)
        }),
        Address::Unix(path) => unix::connect(path, PATIENCE),
    };
    let asked = connected.and_then(|stream| ask(stream, token));
    let status = asked.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => format!("nothing answers on {address}: it is silent"),
        _ => format!("nothing answers on {address}: {}", reason(&error)),
    })?;
    match status.split(' ').nth(1) {
        Some("200") => Ok(format!("the API answers on {address}")),
        _ => Err(format!(
            "what answers on {address} says: {}",
            one_line(status.trim_end())
        )),
    }
}

/// The first line of the answer.
fn ask(mut stream: impl Read + Write, token: Option<&str>) -> io::Result<String> {
    let token = token.map_or_else(String::new, |token| {
        let pair = STANDARD.encode(format!("ping:{token}"));
        format!("Authorization: Basic {pair}\r\n")
    });
    write!(
        stream,
        "GET /version HTTP/1.1\r\nHost: localhost\r\nUser-Agent: faultboard/{}\r\n{token}Connection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    )?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}
