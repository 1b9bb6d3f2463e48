//! Counts how many proxies of this machine a connection has passed, and ends it where that is a loop.
//!
//! A mapping can lead back to itself by way of a name or of a second desk, and nothing in the bytes shows it. So desks give
//! each other signs: names in the abstract namespace of Unix sockets, which exist as long as the socket that has them,
//! leave no file, and are seen within one network namespace, as loopback addresses are. A desk puts up a sign for each port
//! that it listens on. A desk that dials such a port puts up another one, with the local port that it dials from and the
//! number of proxies that the connection has passed; the desk at the other end looks for it when it dials on. No other
//! program is asked, and nothing is sent. Other systems than Linux have no such names: there a loop ends when the limit of
//! connections is reached.
//!
//! ```text
//!   client ──► A ──► B ──► A        A listens: "listens A"      B listens: "listens B"
//!                 1     2           A dials B, from port p: "dials p 1"
//!                                   B dials A for the client at port p, from port q: "dials q 2"
//! ```

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpSocket;

pub(crate) use self::signs::Sign;
use self::signs::{exists, found};
use super::sys::is_local;

/// How many proxies a connection may pass: more than anybody chains, and too few to do harm.
const MOST: u8 = 8;

/// Puts up the sign that a desk listens on `port`; it stands until it is dropped.
pub(crate) fn listens(port: u16) -> Option<Sign> {
    found(&format!("listens {port}"))
}

/// Puts up the sign for a connection to `addr` on behalf of `client`, if a desk listens there, and binds `socket` to the
/// local port that is on it. Fails where the connection has passed so many proxies that it must be in a loop.
pub(crate) fn sign(
    socket: &TcpSocket,
    addr: SocketAddr,
    client: SocketAddr,
) -> io::Result<Option<Sign>> {
    if !exists(&format!("listens {}", addr.port())) || !is_local(addr.ip()) {
        return Ok(None);
    }
    let passed = rounds(client);
    if passed >= MOST {
        return Err(io::Error::other(format!(
            "this connection has passed {passed} proxies already, so it is in a loop: \
             let one of them lead to a server"
        )));
    }
    // Bound before it connects: the sign is to stand when the other desk accepts.
    let any = match addr {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    socket.bind(SocketAddr::new(any, 0))?;
    let port = socket.local_addr()?.port();
    Ok(found(&dials(port, passed + 1)))
}

/// How many proxies the connection of a client has passed before it came here.
fn rounds(client: SocketAddr) -> u8 {
    let passed = |round: &u8| exists(&dials(client.port(), *round));
    if !is_local(client.ip()) {
        return 0;
    }
    (1..=MOST).rev().find(passed).unwrap_or(0)
}

fn dials(port: u16, round: u8) -> String {
    format!("dials {port} {round}")
}

#[cfg(target_os = "linux")]
mod signs {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::sync::OnceLock;

    /// A sign that stands until it is dropped.
    #[derive(Debug)]
    pub(crate) struct Sign(#[expect(dead_code, reason = "held for its name")] UnixDatagram);

    /// Puts up a sign; `None` where it stands already, or the system has no such names.
    pub(crate) fn found(text: &str) -> Option<Sign> {
        UnixDatagram::bind_addr(&name(text)?).ok().map(Sign)
    }

    /// Whether a sign stands.
    pub(crate) fn exists(text: &str) -> bool {
        // One socket for all that ask: that it can be connected is the answer, and it never carries anything.
        static ASKING: OnceLock<Option<UnixDatagram>> = OnceLock::new();
        let asking = ASKING.get_or_init(|| UnixDatagram::unbound().ok());
        let stands = |socket: &UnixDatagram| {
            name(text).is_some_and(|name| socket.connect_addr(&name).is_ok())
        };
        asking.as_ref().is_some_and(stands)
    }

    fn name(text: &str) -> Option<SocketAddr> {
        SocketAddr::from_abstract_name(format!("faultboard {text}")).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod signs {
    /// There are none.
    #[derive(Debug)]
    pub(crate) enum Sign {}

    pub(crate) fn found(_text: &str) -> Option<Sign> {
        None
    }

    pub(crate) fn exists(_text: &str) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// A port of its own: no two tests put up the same signs.
    fn bound() -> (std::net::TcpListener, SocketAddr) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("bound");
        (listener, addr)
    }

    #[test]
    fn what_is_no_desks_gets_no_sign_and_its_socket_is_left_alone() {
        let (_listener, addr) = bound();
        let socket = TcpSocket::new_v4().expect("a socket");
        let signed = sign(&socket, addr, addr).expect("no loop");
        assert!(signed.is_none());
        assert_eq!(socket.local_addr().expect("an address").port(), 0);
    }

    #[test]
    fn a_connection_from_desk_to_desk_passes_eight_and_no_more() {
        let (_listener, addr) = bound();
        let _listens = listens(addr.port()).expect("a name of its own");
        let (_client, mut client) = bound();
        let (mut signs, mut sockets) = (Vec::new(), Vec::new());
        for round in 0..MOST {
            assert_eq!(rounds(client), round);
            let socket = TcpSocket::new_v4().expect("a socket");
            signs.push(sign(&socket, addr, client).expect("not yet a loop"));
            // The next desk sees it come from there.
            let port = socket.local_addr().expect("bound").port();
            client = SocketAddr::from(([127, 0, 0, 1], port));
            // Its port stays taken, as it does while it is connected.
            sockets.push(socket);
        }
        let socket = TcpSocket::new_v4().expect("a socket");
        let error = sign(&socket, addr, client).expect_err("a loop");
        assert_eq!(
            error.to_string(),
            "this connection has passed 8 proxies already, so it is in a loop: let one of them lead to a server"
        );
        drop(signs);
        assert_eq!(rounds(client), 0);
    }
}
