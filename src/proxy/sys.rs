//! What only some platforms have.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many clients may wait for the accept loop; the kernel's own limit may be lower.
const BACKLOG: i32 = 4096;

/// Descriptors that are not connections: listeners, the terminal, the log, look-ups.
const RESERVED: u64 = 32;

/// The most connections that are counted on where there is no limit.
const MOST: u32 = 1 << 24;

/// Opens a listening socket. An IPv6 one takes no IPv4 clients, so that both can be bound side by side.
pub(super) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let domain = match addr.ip() {
        IpAddr::V4(_) => Domain::IPV4,
        IpAddr::V6(_) => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A port whose last connections are still in TIME_WAIT can be listened on again at once. On Windows the option means
    // that another program may take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Raises the limit of open descriptors as far as the system lets a user, and returns how many connections it allows, at
/// least one: two descriptors each.
#[must_use]
pub fn raise_descriptor_limit() -> u32 {
    let descriptors = descriptor_limit().unwrap_or(u64::MAX);
    let connections = descriptors.saturating_sub(RESERVED) / 2;
    u32::try_from(connections).unwrap_or(MOST).clamp(1, MOST)
}

#[cfg(unix)]
fn descriptor_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Refused only where another thread lowered the limit meanwhile; then the old one stands.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn descriptor_limit() -> Option<u64> {
    None
}
