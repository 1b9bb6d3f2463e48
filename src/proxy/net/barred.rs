//! Addresses that no connection may lead to: those on which the program itself is controlled.
//!
//! A proxy that led there would hand the control of the desk to whoever reaches the proxy, past everything that guards it.

use std::io;
use std::net::SocketAddr;

use parking_lot::RwLock;

use super::sys::is_local;

/// The addresses that are barred.
#[derive(Debug, Default)]
pub struct Barred(RwLock<Vec<SocketAddr>>);

// === impl Barred ===

impl Barred {
    /// Bars an address from now on. An unspecified one bars its port on all addresses of this machine.
    pub fn add(&self, addr: SocketAddr) {
        self.0.write().push(addr);
    }

    /// Fails where a connection to `addr` would come to a barred address.
    pub fn refuse(&self, addr: SocketAddr) -> io::Result<()> {
        let ip = addr.ip().to_canonical();
        let leads_to = |barred: &SocketAddr| {
            let own = barred.ip().to_canonical();
            // Connecting to an unspecified address comes to this machine.
            let same = ip == own || ip.is_unspecified() && own.is_loopback();
            barred.port() == addr.port() && (same || own.is_unspecified() && is_local(ip))
        };
        if self.0.read().iter().any(leads_to) {
            return Err(io::Error::other("that is faultboard's own API"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn what_leads_to_a_barred_address_is_refused_however_it_is_written() {
        let at = |ip: &str| SocketAddr::new(ip.parse::<IpAddr>().expect("an address"), 8474);
        for (own, to, refused) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "0.0.0.0", true),
            ("::1", "::", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "192.0.2.1", false),
            ("0.0.0.0", "127.0.0.9", true),
            ("::", "127.0.0.1", true),
            ("::", "192.0.2.1", false),
        ] {
            let barred = Barred::default();
            barred.add(at(own));
            assert_eq!(barred.refuse(at(to)).is_err(), refused, "{to} by {own}");
            let other = SocketAddr::new(at(to).ip(), 8475);
            assert!(barred.refuse(other).is_ok(), "another port");
        }
    }
}
