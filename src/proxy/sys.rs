//! What only some platforms have.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many clients may wait for the accept loop; the kernel's own limit may be lower.
const BACKLOG: i32 = 4096;

/// Descriptors that are not connections: listeners, the terminal, the log, look-ups.
const RESERVED: u64 = 64;

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

/// Raises the limit of open descriptors as far as the system lets a user, and returns how many connections it allows: two
/// descriptors each. `None` where there is no such limit.
#[must_use]
pub fn raise_descriptor_limit() -> Option<u32> {
    #[cfg(unix)]
    {
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
        let descriptors = getrlimit(Resource::Nofile).current?;
        Some(u32::try_from(descriptors.saturating_sub(RESERVED) / 2).unwrap_or(u32::MAX))
    }
    #[cfg(not(unix))]
    None
}
