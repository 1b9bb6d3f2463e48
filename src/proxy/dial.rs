//! From a mapping to a leg that is ready: the name looked up, a socket connected, TLS agreed on.
//!
//! All of it happens for each connection and within one deadline. A name's addresses are tried in turn, the families
//! alternating, each with a fair part of the time that is left, so that one dead address cannot eat all of it. Nothing is
//! cached, and nothing here retries: what failed is told to the client.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::clock;
use super::error::{Attempt, Attempts, DialError, UpstreamError};
use super::leg::{Leg, RECEIVE_BUFFER};
use super::postgres;
use super::tls::UpstreamTls;
use crate::mapping::{Host, Mapping, TlsMode};
use crate::snapshot::Negotiated;
use crate::units::Time;

/// An upstream's leg, ready for the first byte.
#[derive(Debug)]
pub struct Dialed {
    /// The leg.
    pub leg: Leg,
    /// The address that answered.
    pub addr: SocketAddr,
    /// What TLS agreed on, where there is TLS.
    pub tls: Option<Negotiated>,
    /// How long the answer to the connect took: about a round trip.
    pub path: Duration,
}

/// Connects to the upstream of `mapping` and secures the connection as its protocol says.
///
/// `tls` is what was made for the same mapping. The name look-up, every connect and the handshake share the deadline. May be cancelled at any point: what was open
/// closes. For `psqls` the leg hides channel binding from the client until the server has asked for a password.
pub async fn dial(
    mapping: &Mapping,
    tls: &UpstreamTls,
    deadline: Instant,
) -> Result<Dialed, UpstreamError> {
    let (Connected { socket, path }, addr) =
        first_of(&mapping.host, mapping.port, deadline).await?;
    let (leg, negotiated) = match mapping.tls() {
        TlsMode::Clear => {
            return Ok(Dialed {
                leg: Leg::clear(socket),
                addr,
                tls: None,
                path,
            });
        }
        TlsMode::Direct(_) => tls.handshake(Arc::new(socket), deadline).await?,
        TlsMode::Postgres => postgres::secure(socket, mapping, tls, deadline).await?,
    };
    Ok(Dialed {
        leg,
        addr,
        tls: Some(negotiated),
        path,
    })
}

/// Opens a socket to one of the addresses of `host`, the first that answers.
///
/// Returns by the deadline. May be cancelled at any point; a look-up that runs goes on in its thread and is forgotten.
pub async fn connect(host: &Host, port: u16, deadline: Instant) -> Result<TcpStream, DialError> {
    let (connected, _) = first_of(host, port, deadline).await?;
    Ok(connected.socket)
}

/// How long it is until `deadline`. The times that errors tell are what this said at the beginning.
pub(super) fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::from_std(clock::now()))
}

/// To the millisecond, as people gave it.
pub(super) fn rounded(time: Duration) -> Duration {
    let millis = (time + Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

async fn first_of(
    host: &Host,
    port: u16,
    deadline: Instant,
) -> Result<(Connected, SocketAddr), DialError> {
    let addrs = resolve(host, port, deadline).await?;
    let reached = in_turn(&addrs, deadline, open).await;
    reached.map_err(|attempts| DialError::Unreachable {
        upstream: format!("{host}:{port}"),
        source: Attempts(attempts),
    })
}

/// Tries one address after the other, each with an equal part of the time that is left to it and those behind it.
async fn in_turn<T, F: Future<Output = io::Result<T>>>(
    addrs: &[SocketAddr],
    deadline: Instant,
    open: impl Fn(SocketAddr) -> F,
) -> Result<(T, SocketAddr), Vec<Attempt>> {
    let mut attempts = Vec::new();
    for (&addr, behind) in addrs.iter().zip((0..addrs.len()).rev()) {
        let left = time_left(deadline);
        let given = left / u32::try_from(behind + 1).unwrap_or(u32::MAX);
        let until = deadline - left.saturating_sub(given);
        match timeout_at(until, open(addr)).await {
            Ok(Ok(socket)) => return Ok((socket, addr)),
            Ok(Err(error)) => attempts.push(Attempt { addr, error }),
            Err(_) => {
                let text = format!("no answer within {}", Time(rounded(given)));
                let error = io::Error::new(ErrorKind::TimedOut, text);
                attempts.push(Attempt { addr, error });
            }
        }
    }
    Err(attempts)
}

async fn resolve(host: &Host, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, DialError> {
    let name = match host {
        Host::V4(addr) => return Ok(vec![SocketAddr::new(IpAddr::V4(*addr), port)]),
        Host::V6(addr) => return Ok(vec![SocketAddr::new(IpAddr::V6(*addr), port)]),
        Host::Name(name) => name,
    };
    let given = time_left(deadline);
    let host = name.clone();
    match timeout_at(deadline, lookup_host((name.as_str(), port))).await {
        Err(_) => Err(DialError::LookUpTimedOut {
            host,
            after: rounded(given),
        }),
        Ok(Err(source)) => Err(DialError::Unknown { host, source }),
        Ok(Ok(found)) => match alternating(found.collect()) {
            addrs if addrs.is_empty() => Err(DialError::NoAddress { host }),
            addrs => Ok(addrs),
        },
    }
}

/// A socket that is connected.
struct Connected {
    socket: TcpStream,
    /// How long the peer took to answer.
    path: Duration,
}

async fn open(addr: SocketAddr) -> io::Result<Connected> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Before connecting, since the handshake announces the window.
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_nodelay(true)?;
    let began = clock::now();
    let stream = socket.connect(addr).await?;
    let path = clock::now().saturating_duration_since(began);
    // A socket that connects to a local port where nobody listens may be given that very port for its own end, and then
    // talks to itself.
    if stream.local_addr()? == addr {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(Connected {
        socket: stream,
        path,
    })
}

/// The addresses without repetitions, IPv6 and IPv4 in turn, beginning with the family that the system puts first.
fn alternating(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = found.first().is_some_and(SocketAddr::is_ipv6);
    let (leading, other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|addr| addr.is_ipv6() == first);
    let (mut leading, mut other) = (leading.into_iter(), other.into_iter());
    let mut addrs = Vec::new();
    loop {
        let pair = [leading.next(), other.next()];
        if pair == [None, None] {
            return addrs;
        }
        for addr in pair.into_iter().flatten() {
            if !addrs.contains(&addr) {
                addrs.push(addr);
            }
        }
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
