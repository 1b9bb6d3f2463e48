//! Mappings that lead back to where they came from, as far as their texts tell.
//!
//! One proxy may lead to another: that is a chain. One that leads to itself, directly or by way of others, would connect
//! to itself until nothing is left to connect with. Names are not looked up here: of them `localhost` alone is known.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Host, Mapping};
use crate::format::joined;

/// The mappings that a connection passes before it comes back to the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle(Vec<Mapping>);

// === impl Circle ===

impl Circle {
    /// The circle in which the mapping that listens on port `begin` is, if it is in one.
    ///
    /// `mappings` has all of them by the ports on which they listen, `bound` are the addresses on which each does that has none of
    /// its own, and
    /// `is_local` says whether an address is this machine's, for where they listen on all of its addresses.
    pub fn through(
        begin: u16,
        mappings: &HashMap<u16, &Mapping>,
        bound: &[IpAddr],
        is_local: impl Fn(IpAddr) -> bool,
    ) -> Option<Self> {
        let mut passed = Vec::new();
        let mut port = begin;
        // More steps than mappings: a circle that `begin` only leads to, which is another's.
        for _ in mappings {
            let mapping = *mappings.get(&port)?;
            passed.push(mapping.clone());
            port = mapping.port;
            let own = mappings.get(&port).map(|next| next.bind.as_slice());
            let own = own.filter(|own| !own.is_empty());
            if !is_bound(&mapping.host, own.unwrap_or(bound), &is_local) {
                return None;
            }
            if port == begin {
                return Some(Self(passed));
            }
        }
        None
    }
}

/// One line: what leads where, and what would work.
impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [mapping] => write!(
                f,
                "{mapping} leads to the port on which it listens itself: give the port of a server"
            ),
            [mapping, others @ ..] => write!(
                f,
                "{mapping} leads back to itself by way of {}: let one of them lead to a server",
                joined(others)
            ),
        }
    }
}

impl std::error::Error for Circle {}

/// Whether one of the addresses `bound` takes what is sent to `host`.
fn is_bound(host: &Host, bound: &[IpAddr], is_local: impl Fn(IpAddr) -> bool) -> bool {
    let loopback = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        Ipv6Addr::LOCALHOST.into(),
    ];
    let to = match host {
        Host::V4(addr) if addr.is_unspecified() => vec![loopback[0]],
        Host::V6(addr) if addr.is_unspecified() => vec![loopback[1]],
        Host::V4(addr) => vec![IpAddr::from(*addr)],
        Host::V6(addr) => vec![IpAddr::from(*addr).to_canonical()],
        Host::Name(name) if is_localhost(name) => loopback.to_vec(),
        Host::Name(_) => vec![],
    };
    to.iter().any(|to| {
        let all = |addr: &IpAddr| addr.is_unspecified() && addr.is_ipv4() == to.is_ipv4();
        bound.contains(to) || (bound.iter().any(all) && (to.is_loopback() || is_local(*to)))
    })
}

/// Whether a name stands for the machine itself wherever it is looked up (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;

    /// What is said of the circle that the first of these mappings is in.
    fn found(mappings: &[&str], bound: &str) -> Option<String> {
        let mappings: Vec<Mapping> = mappings
            .iter()
            .map(|text| parse(text).expect(text))
            .collect();
        let ports = mappings.iter().map(|mapping| (mapping.listen, mapping));
        let bound = [bound.parse().expect("an address")];
        let ours = |addr: IpAddr| addr == IpAddr::from([192, 0, 2, 7]);
        let circle = Circle::through(mappings[0].listen, &ports.collect(), &bound, ours);
        circle.map(|circle| circle.to_string())
    }

    #[test]
    fn a_mapping_to_its_own_port_is_a_circle_where_it_listens_there() {
        for (mapping, bound, own) in [
            ("9090=127.0.0.1:9090", "127.0.0.1", true),
            ("9090=localhost:9090", "127.0.0.1", true),
            ("9090=LOCALHOST.:9090", "127.0.0.1", true),
            ("9090=db.localhost:9090", "::1", true),
            ("443=https://localhost", "127.0.0.1", true),
            ("9090=0.0.0.0:9090", "127.0.0.1", true),
            ("9090=[::ffff:127.0.0.1]:9090", "127.0.0.1", true),
            ("9090=127.0.0.2:9090", "0.0.0.0", true),
            ("9090=192.0.2.7:9090", "0.0.0.0", true),
            ("9090=[::1]:9090", "::", true),
            // Other ports, other addresses, other machines.
            ("9090=127.0.0.2:9090 bind=127.0.0.2", "127.0.0.1", true),
            ("9090=localhost:9090 bind=127.0.0.2", "127.0.0.1", false),
            ("9090=localhost:9091", "127.0.0.1", false),
            ("9090=127.0.0.2:9090", "127.0.0.1", false),
            ("9090=[::1]:9090", "127.0.0.1", false),
            ("9090=[::1]:9090", "0.0.0.0", false),
            ("9090=192.0.2.8:9090", "0.0.0.0", false),
            ("9090=192.0.2.7:9090", "127.0.0.1", false),
            ("9090=localhost.example:9090", "127.0.0.1", false),
        ] {
            let line = format!(
                "{} leads to the port on which it listens itself: give the port of a server",
                parse(mapping).expect(mapping)
            );
            let expected = own.then_some(line);
            assert_eq!(found(&[mapping], bound), expected, "on {bound}");
        }
    }

    #[test]
    fn a_chain_is_none_and_its_end_tied_to_its_beginning_is_one() {
        let chain = ["1=localhost:2", "2=localhost:3", "3=localhost:4"];
        assert_eq!(found(&chain, "127.0.0.1"), None);
        let tied = ["1=localhost:2", "2=localhost:3", "3=localhost:1"];
        assert_eq!(
            found(&tied, "127.0.0.1").as_deref(),
            Some(
                "1=localhost:2 leads back to itself by way of 2=localhost:3, 3=localhost:1: \
                 let one of them lead to a server"
            )
        );
        // The first only leads to the circle of the others.
        let led = ["1=localhost:2", "2=localhost:3", "3=localhost:2"];
        assert_eq!(found(&led, "127.0.0.1"), None);
    }
}
