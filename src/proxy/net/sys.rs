//! Calls of the system that are not the same everywhere: listening, accepting, the limit of descriptors.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};

use super::socket::{Keepalive, RECEIVE_BUFFER, tend};

#[cfg(not(target_os = "linux"))]
pub(crate) use anywhere::Acceptor;
#[cfg(target_os = "linux")]
pub(crate) use linux::Acceptor;

/// What this machine is called, where it is called anything that can be shown.
#[must_use]
pub fn machine() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    let shown = name
        .chars()
        .all(|c| c.is_alphanumeric() || "-._".contains(c));
    (shown && !name.is_empty()).then_some(name)
}

/// The listening sockets of a port, one for each address. The accept loop owns them: the port is closed when it ends.
pub(crate) type Listeners = Vec<Arc<TcpListener>>;

/// How many clients may wait for the accept loop; the kernel's own limit may be lower.
const BACKLOG: i32 = 4096;

/// The most connections that are counted on where there is no limit.
const MOST: u32 = 1 << 24;

/// Opens a listening socket. An IPv6 one takes no IPv4 clients, so that both can be bound side by side.
pub(crate) fn listen(addr: SocketAddr, keepalive: Keepalive) -> io::Result<TcpListener> {
    let socket = bind(addr)?;
    // What is accepted inherits all of it, and announces the right window from the start.
    tend(&(&socket).into(), keepalive)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER as usize)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Binds a socket that could listen, and does not: clients are refused as before.
pub(crate) fn bind(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A port whose last connections are still in TIME_WAIT can be listened on again at once. On Windows it can be anyway, and
    // there the option allows another program the same address. Without it, nobody gets the address, whatever they ask for:
    // Windows answers WSAEACCES since 2003. What stays is a program of the same user that binds one address where ours has all;
    // what forbids that (SO_EXCLUSIVEADDRUSE) no crate sets without unsafe code of the caller's.
    socket.set_reuse_address(cfg!(not(windows)))?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// Whether an address is this machine's: only such a one can be bound.
pub(crate) fn is_local(addr: IpAddr) -> bool {
    let addr = addr.to_canonical();
    addr.is_loopback() || addr.is_unspecified() || UdpSocket::bind((addr, 0)).is_ok()
}

/// Raises the limit of open descriptors as far as the system lets a user, and returns how many connections it allows, at
/// least one: two descriptors each.
#[cfg(unix)]
#[must_use]
pub fn raise_descriptor_limit() -> u32 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // Descriptors that are not connections: listeners, the terminal, the log, look-ups.
    const RESERVED: u64 = 32;
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // Refused only where another thread lowered the limit meanwhile; then the old one stands.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = descriptors.saturating_sub(RESERVED) / 2;
    u32::try_from(connections).unwrap_or(MOST).clamp(1, MOST)
}

/// How many connections the system allows: Windows has no limit of open sockets that a process meets first.
#[cfg(not(unix))]
#[must_use]
pub fn raise_descriptor_limit() -> u32 {
    MOST
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, ErrorKind};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};

    use rustix::net::{SocketFlags, acceptfrom_with};
    use tokio::io::unix::AsyncFd;

    /// A listener that hands out sockets of no runtime yet, ready for that of any thread, in one call of the system's.
    pub(crate) struct Acceptor(AsyncFd<Arc<TcpListener>>);

    impl Acceptor {
        /// Listens on the current runtime.
        #[expect(
            deprecated,
            reason = "its replacement is unsafe, for the sake of types that may lose their descriptor; a listener cannot"
        )]
        pub(crate) fn new(listener: Arc<TcpListener>) -> io::Result<Self> {
            AsyncFd::new(listener).map(Self)
        }

        /// Waits for a client. Its socket does not block, and has what the listener was given.
        pub(crate) fn poll_accept(
            &self,
            cx: &mut Context<'_>,
        ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
            loop {
                let mut ready = ready!(self.0.poll_read_ready(cx))?;
                let accepted = ready.try_io(|listener| {
                    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                    let (socket, addr) = acceptfrom_with(listener, flags)?;
                    let addr = addr.and_then(|addr| SocketAddr::try_from(addr).ok());
                    let addr = addr.ok_or(ErrorKind::ConnectionAborted)?;
                    Ok((TcpStream::from(socket), addr))
                });
                if let Ok(accepted) = accepted {
                    return Poll::Ready(accepted);
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod anywhere {
    use std::io;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};

    use crate::proxy::net::socket::prepare;

    /// A listener that hands out sockets of no runtime yet.
    pub(crate) struct Acceptor(tokio::net::TcpListener);

    impl Acceptor {
        /// Listens on the current runtime.
        pub(crate) fn new(listener: Arc<TcpListener>) -> io::Result<Self> {
            tokio::net::TcpListener::from_std(listener.try_clone()?).map(Self)
        }

        /// Waits for a client.
        pub(crate) fn poll_accept(
            &self,
            cx: &mut Context<'_>,
        ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
            let (stream, addr) = ready!(self.0.poll_accept(cx))?;
            prepare(&stream)?;
            Poll::Ready(stream.into_std().map(|stream| (stream, addr)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_local() {
        for (addr, local) in [
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("::1", true),
            ("0.0.0.0", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_local(addr.parse().expect("an address")), local, "{addr}");
        }
    }
}
