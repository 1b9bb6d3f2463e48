//! The mapping language: which port is forwarded where, and how.
//!
//! Reading a mapping is text to data. It looks no name up and opens nothing, so it works offline and as fast as one
//! types; whether a host exists is the dialer's business.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::syntax::{self, ParseError};

mod circle;
pub(crate) mod grammar;
mod host;
mod slips;

pub use self::circle::Circle;

/// A parsed mapping: a port of ours and the upstream behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// The port to listen on; 0 is any free port.
    pub listen: u16,
    /// The word before `://`, where one is written.
    pub protocol: Option<Protocol>,
    /// The upstream's host.
    pub host: Host,
    /// The upstream's port, the protocol's own where none is written.
    pub port: u16,
}

/// An upstream's host. A name is looked up for each connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name, as written.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, in brackets in the text form.
    V6(Ipv6Addr),
}

/// The protocol of a mapping: what is done to reach the upstream, and its default port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Bytes as they are, port 80.
    Http,
    /// TLS that offers HTTP/1.1, port 443.
    Https,
    /// Bytes as they are, port 5432.
    Psql,
    /// `PostgreSQL`'s own TLS negotiation, port 5432.
    Psqls,
    /// TLS from the first byte, port 443.
    Tls,
}

/// How the connection to the upstream is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Not at all: the client's bytes as they are.
    Clear,
    /// From the first byte, with this protocol offered, if any.
    Direct(Option<&'static str>),
    /// After `PostgreSQL`'s `SSLRequest`.
    Postgres,
}

/// Reads one mapping; blanks before and after it are ignored.
pub fn parse(text: &str) -> Result<Mapping, ParseError> {
    syntax::read(text, grammar::config)
}

// === impl Protocol ===

impl Protocol {
    /// All of them, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Http, Self::Https, Self::Psql, Self::Psqls, Self::Tls];

    /// The word in a mapping.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Psql => "psql",
            Self::Psqls => "psqls",
            Self::Tls => "tls",
        }
    }

    /// The protocol with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name() == name)
    }

    /// The port where a mapping names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https | Self::Tls => 443,
            Self::Psql | Self::Psqls => 5432,
        }
    }

    /// How the upstream is reached.
    #[must_use]
    pub const fn tls(self) -> TlsMode {
        match self {
            Self::Http | Self::Psql => TlsMode::Clear,
            Self::Https => TlsMode::Direct(Some("http/1.1")),
            Self::Tls => TlsMode::Direct(None),
            Self::Psqls => TlsMode::Postgres,
        }
    }
}

// === impl Mapping ===

impl Mapping {
    /// How the upstream is reached.
    #[must_use]
    pub fn tls(&self) -> TlsMode {
        self.protocol.map_or(TlsMode::Clear, Protocol::tls)
    }

    /// The upstream as `host:port`, an IPv6 address in brackets.
    #[must_use]
    pub fn upstream(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What a proxy of this mapping is called: the host's first label, or the whole of an address.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.host {
            Host::Name(name) => name.split('.').next().unwrap_or(name).to_owned(),
            Host::V4(addr) => addr.to_string(),
            Host::V6(addr) => addr.to_string(),
        }
    }
}

/// The text form: what is printed parses to the same mapping.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.listen)?;
        match self.protocol {
            Some(protocol) if protocol.default_port() == self.port => {
                write!(f, "{}://{}", protocol.name(), self.host)
            }
            Some(protocol) => write!(f, "{}://{}:{}", protocol.name(), self.host, self.port),
            None => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(addr) => addr.fmt(f),
            Self::V6(addr) => write!(f, "[{addr}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(protocol: Option<Protocol>, host: Host, port: u16) -> Mapping {
        Mapping {
            listen: 9090,
            protocol,
            host,
            port,
        }
    }

    fn name(name: &str) -> Host {
        Host::Name(name.to_owned())
    }

    #[test]
    fn each_form_is_read() {
        let v4 = Host::V4(Ipv4Addr::new(10, 0, 0, 1));
        for (text, mapping) in [
            ("9090=localhost:80", upstream(None, name("localhost"), 80)),
            ("9090=10.0.0.1:80", upstream(None, v4.clone(), 80)),
            (
                "9090=[::1]:80",
                upstream(None, Host::V6(Ipv6Addr::LOCALHOST), 80),
            ),
            (
                "9090=https://[::1]",
                upstream(Some(Protocol::Https), Host::V6(Ipv6Addr::LOCALHOST), 443),
            ),
            (
                "9090=psql://my_db.svc:6432",
                upstream(Some(Protocol::Psql), name("my_db.svc"), 6432),
            ),
            ("9090=https:80", upstream(None, name("https"), 80)),
            (
                "9090=tls://http",
                upstream(Some(Protocol::Tls), name("http"), 443),
            ),
            (
                "9090=http://http:81",
                upstream(Some(Protocol::Http), name("http"), 81),
            ),
            (" \t09090=x.:00080\n", upstream(None, name("x."), 80)),
            (
                "9090=1.2.3.4.in-addr.arpa:53",
                upstream(None, name("1.2.3.4.in-addr.arpa"), 53),
            ),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&mapping), "{text}");
        }
    }

    #[test]
    fn a_protocol_brings_its_port() {
        for (protocol, port) in [
            ("http", 80),
            ("https", 443),
            ("psql", 5432),
            ("psqls", 5432),
            ("tls", 443),
        ] {
            let mapping = parse(&format!("0={protocol}://x")).expect(protocol);
            assert_eq!((mapping.listen, mapping.port), (0, port));
        }
    }

    #[test]
    fn a_host_is_as_long_as_dns_allows() {
        let labels = |last: usize| format!("{}{}", "a.".repeat(95), "b".repeat(last));
        let name = |length: usize| labels(length - 190);
        for (host, valid) in [
            (name(253), true),
            (name(253) + ".", true),
            (labels(62) + "." + "c", false),
            (name(253) + ".c", false),
            ("a".repeat(63), true),
            ("a".repeat(64), false),
        ] {
            let text = format!("1={host}:1");
            assert_eq!(parse(&text).is_ok(), valid, "{} {host}", host.len());
        }
    }
}
