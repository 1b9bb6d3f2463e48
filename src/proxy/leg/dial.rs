//! From a mapping to a leg that is ready: the name looked up, a socket connected, TLS agreed on.
//!
//! All of it happens for each connection and within one deadline. A name's addresses are tried as RFC 8305 ("Happy
//! Eyeballs") says: the families in turn, the next address a quarter of a second after the one before, or at once where
//! that one failed, and the first that answers wins. So an address that is dead costs a quarter of a second and not the
//! whole time. Nothing is cached, and nothing here retries: what failed is told to the client.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout_at;

use super::Leg;
use super::error::{Attempt, Attempts, DialError, PortsTaken, UpstreamError};
use crate::mapping::{Host, Mapping, TlsMode};
use crate::proxy::net::barred::Barred;
use crate::proxy::net::intake::{Intake, Peer};
use crate::proxy::net::look_up::{LookUpError, LookUps};
use crate::proxy::net::rounds::{self, Sign};
use crate::proxy::net::sys::is_local;
use crate::proxy::postgres;
use crate::proxy::thread::clock::{self, Deadline};
use crate::proxy::tls::UpstreamTls;
use crate::snapshot::Negotiated;
use crate::units::{ByteRate, Time};

/// How long an address is given before the next one is tried beside it: the "Connection Attempt Delay" that RFC 8305
/// recommends in its section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// An upstream's leg, ready for the first byte.
#[derive(Debug)]
pub struct Dialed {
    /// The leg.
    pub leg: Leg,
    /// The address that answered.
    pub addr: SocketAddr,
    /// The addresses that were tried before it, each with what came of it.
    pub tried: Attempts,
    /// What TLS agreed on, where there is TLS.
    pub tls: Option<Negotiated>,
    /// How long the answer to the connect took: about a round trip.
    pub path: Duration,
    /// How many round trips the handshakes took, TCP's own among them.
    pub handshakes: u32,
    /// Tells the next desk on the way, where there is one; kept for as long as the connection lives.
    pub(crate) sign: Option<Sign>,
}

/// Connects to the upstream of `mapping` on behalf of `client` and secures the connection as its protocol says.
///
/// `tls` is what was made for the same mapping, `passes` how many bytes a second the faults let the upstream send. The name look-up, every connect and the handshake share the deadline. May
/// be cancelled at any point: what was open closes. For `psqls` the leg hides channel binding from the client until the
/// server has asked for a password.
pub async fn dial(
    mapping: &Mapping,
    tls: &UpstreamTls,
    look_ups: &LookUps,
    barred: &Barred,
    client: SocketAddr,
    passes: Option<ByteRate>,
    deadline: Deadline,
) -> Result<Dialed, UpstreamError> {
    let addrs = resolve(&mapping.host, mapping.port, look_ups, deadline).await?;
    let won = race(&addrs, deadline, |addr| async move {
        barred.refuse(addr)?;
        open(addr, client, passes).await
    });
    let won = won.await;
    let (connected, addr, tried) = won.map_err(|attempts| DialError::Unreachable {
        upstream: mapping.upstream(),
        source: Attempts(attempts),
    })?;
    let Connected { socket, path, sign } = connected;
    // Handshakes in boxes: most connections do without, and are small so.
    // PostgreSQL is asked whether it speaks TLS before that begins.
    let asks = u32::from(mapping.tls() == TlsMode::Postgres);
    let (leg, tls) = match mapping.tls() {
        TlsMode::Clear => (Leg::clear(socket), None),
        TlsMode::Direct(_) => {
            let socket = Arc::new(socket);
            let (secured, agreed) = Box::pin(tls.handshake(&socket, deadline)).await?;
            (Leg::secure(socket, secured), Some(agreed))
        }
        TlsMode::Postgres => {
            let socket = Arc::new(socket);
            let secured = postgres::secure(&socket, mapping, tls, deadline);
            let (secured, filter, agreed) = Box::pin(secured).await?;
            (Leg::secure(socket, secured).filtered(filter), Some(agreed))
        }
    };
    let shakes = tls.as_ref().map_or(0, |tls| tls.round_trips);
    Ok(Dialed {
        handshakes: 1 + asks + shakes,
        leg,
        addr,
        tried: Attempts(tried),
        tls,
        path,
        sign,
    })
}

/// To the millisecond.
fn rounded(time: Duration) -> Duration {
    let millis = time.saturating_add(Duration::from_micros(500)).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// Tries the addresses in their order, each beside those before it that have not answered yet; returns the first that
/// answers, and what came of those before it.
async fn race<T, F: Future<Output = io::Result<T>>>(
    addrs: &[SocketAddr],
    deadline: Deadline,
    open: impl Fn(SocketAddr) -> F,
) -> Result<(T, SocketAddr, Vec<Attempt>), Vec<Attempt>> {
    let given = deadline.given();
    // Where the time is short, less: each address is to be tried within it.
    let share = deadline.left() / u32::try_from(addrs.len().max(1)).unwrap_or(u32::MAX);
    let delay = ATTEMPT_DELAY.min(share);
    let open = &open;
    let mut next = addrs.iter().copied();
    let mut tried = Vec::with_capacity(addrs.len());
    let mut running = FuturesUnordered::new();
    loop {
        let now = clock::now();
        let mut until = deadline.at();
        if let Some(addr) = next.next() {
            let index = tried.len();
            tried.push((addr, now, None));
            running.push(async move { (index, open(addr).await) });
            if next.len() > 0 {
                until = now
                    .checked_add(delay)
                    .map_or(until, |next| until.min(next.into()));
            }
        }
        match timeout_at(until, running.next()).await {
            Ok(Some((index, Ok(socket)))) => {
                let (addr, ..) = tried[index];
                tried.truncate(index);
                let now = clock::now();
                let silent = |began| now.saturating_duration_since(began);
                return Ok((socket, addr, attempts(tried, silent)));
            }
            Ok(Some((index, Err(error)))) => tried[index].2 = Some(error),
            // All have failed.
            Ok(None) => return Err(attempts(tried, |_| given)),
            Err(_) if deadline.left().is_zero() => return Err(attempts(tried, |_| given)),
            // The next one is tried beside them.
            Err(_) => {}
        }
    }
}

/// What came of each address: its error, or that there was no answer for so long since it was tried.
fn attempts(
    tried: Vec<(SocketAddr, std::time::Instant, Option<io::Error>)>,
    silent: impl Fn(std::time::Instant) -> Duration,
) -> Vec<Attempt> {
    let attempt = |(addr, began, error): (_, _, Option<io::Error>)| Attempt {
        addr,
        error: error.unwrap_or_else(|| {
            let text = format!("no answer within {}", Time(rounded(silent(began))));
            io::Error::new(ErrorKind::TimedOut, text)
        }),
    };
    tried.into_iter().map(attempt).collect()
}

/// The addresses of a host in the order in which they are tried.
async fn resolve(
    host: &Host,
    port: u16,
    look_ups: &LookUps,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, DialError> {
    let name = match host {
        Host::V4(addr) => return Ok(vec![SocketAddr::new(IpAddr::V4(*addr), port)]),
        Host::V6(addr) => return Ok(vec![SocketAddr::new(IpAddr::V6(*addr), port)]),
        Host::Name(name) => name,
    };
    let host = name.clone();
    match timeout_at(deadline.at(), look_ups.find(name)).await {
        Err(_) => Err(DialError::LookUpTimedOut {
            host,
            after: deadline.given(),
        }),
        Ok(Err(LookUpError::Failed(source))) => Err(DialError::Unknown { host, source }),
        Ok(Err(LookUpError::TooMany(running))) => Err(DialError::TooManyLookUps { host, running }),
        Ok(Ok(found)) if found.is_empty() => Err(DialError::NoAddress { host }),
        Ok(Ok(found)) => {
            let mut addrs = alternating(&found);
            for addr in &mut addrs {
                addr.set_port(port);
            }
            Ok(addrs)
        }
    }
}

/// A socket that is connected.
struct Connected {
    socket: TcpStream,
    /// How long the peer took to answer.
    path: Duration,
    sign: Option<Sign>,
}

async fn open(
    addr: SocketAddr,
    client: SocketAddr,
    passes: Option<ByteRate>,
) -> io::Result<Connected> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Before connecting, since the handshake announces it.
    intake(passes, addr).begin(&SockRef::from(&socket))?;
    socket.set_nodelay(true)?;
    // Urgent bytes stay in their place in the stream.
    SockRef::from(&socket).set_out_of_band_inline(true)?;
    let lacking = |error| lacking(addr, error);
    let sign = rounds::sign(&socket, addr, client).map_err(lacking)?;
    let began = clock::now();
    let stream = socket.connect(addr).await.map_err(lacking)?;
    let path = clock::now().saturating_duration_since(began);
    // A socket that connects to a local port where nobody listens may be given that very port for its own end, and then
    // talks to itself.
    if stream.local_addr()? == addr {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(Connected {
        socket: stream,
        path,
        sign,
    })
}

/// How much a socket to `addr` takes in where so much of its stream passes.
fn intake(passes: Option<ByteRate>, addr: SocketAddr) -> Intake {
    let peer = match passes {
        Some(_) if is_local(addr.ip()) => Peer::Here,
        _ => Peer::Anywhere,
    };
    Intake::before(passes, peer)
}

/// Says what is lacking where the system has no address to connect from: a port, or any address of that family at all.
fn lacking(addr: SocketAddr, error: io::Error) -> io::Error {
    let kind = error.kind();
    if !matches!(kind, ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse) {
        return error;
    }
    let any = match addr {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    // Nothing is sent: it only chooses the address that would be used.
    let chosen = UdpSocket::bind(any).and_then(|socket| socket.connect(addr));
    match chosen {
        Err(chosen) if chosen.kind() == ErrorKind::AddrNotAvailable => {
            io::Error::new(kind, "this machine has no address to reach it from")
        }
        _ => io::Error::new(kind, PortsTaken),
    }
}

/// The addresses without repetitions, IPv6 and IPv4 in turn, beginning with the family that the system puts first.
fn alternating(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let first = found.first().is_some_and(SocketAddr::is_ipv6);
    let (leading, other): (Vec<_>, Vec<_>) = found
        .iter()
        .copied()
        .partition(|addr| addr.is_ipv6() == first);
    let mut addrs = Vec::with_capacity(found.len());
    for place in 0..leading.len().max(other.len()) {
        for addr in [leading.get(place), other.get(place)].into_iter().flatten() {
            if !addrs.contains(addr) {
                addrs.push(*addr);
            }
        }
    }
    addrs
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
