//! The mapping language: which port is forwarded where, and how.
//!
//! A mapping may also say what its proxy is called (`as orders`) and what is offered to an upstream that speaks TLS
//! (`alpn=h2`). Reading a mapping is text to data. It looks no name up and opens nothing, so it works offline and as fast as one
//! types; whether a host exists is the dialer's business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::syntax::{self, ParseError};

mod circle;
mod clash;
pub(crate) mod grammar;
mod host;
mod name;
mod pasted;
mod slips;

pub use self::circle::Circle;
pub use self::clash::{Other, at_port, clash, name_taken, port_taken};
pub use self::name::Name;
pub use self::pasted::application_url;

/// A parsed mapping: a port of ours, the upstream behind it, and what was said beside them.
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
    /// The name that the proxy was given, by `as NAME`.
    pub name: Option<Name>,
    /// The protocols that are offered to the upstream in the TLS handshake (ALPN), the preferred one first, by `alpn=LIST`;
    /// empty where none were given.
    pub alpn: Vec<String>,
    /// The addresses to listen on, by `bind=LIST`; empty for those of the program.
    pub bind: Vec<IpAddr>,
    /// Whether its port is closed at first, by `closed`.
    pub closed: bool,
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

/// Reads one mapping, with its name and its ALPN where they are given; blanks before and after it are ignored.
pub fn parse(text: &str) -> Result<Mapping, ParseError> {
    syntax::read(text, grammar::mapping_alone)
}

/// Addresses in one word.
fn tight(addrs: &[IpAddr]) -> String {
    let addrs: Vec<String> = addrs.iter().map(IpAddr::to_string).collect();
    addrs.join(",")
}

/// Reads an upstream alone, as it stands behind the `=` of a mapping.
pub fn parse_upstream(text: &str) -> Result<Mapping, ParseError> {
    syntax::read(text, grammar::upstream)
}

/// The mapping that a text is, where it is one: how a form that an error offers is tried.
fn tried(text: &str) -> Option<Mapping> {
    syntax::read(text, grammar::unanswered).ok()
}

/// Reads a list of protocols as `alpn=` has it: `h2,http/1.1`.
pub fn parse_alpn(text: &str) -> Result<Vec<String>, ParseError> {
    syntax::read(text, grammar::alpn)
}

// === impl Protocol ===

impl Protocol {
    /// All of them, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Http, Self::Https, Self::Psql, Self::Psqls, Self::Tls];

    /// The word in a mapping, the port where the mapping names none, and how the upstream is reached.
    const fn row(self) -> (&'static str, u16, TlsMode) {
        match self {
            Self::Http => ("http", 80, TlsMode::Clear),
            Self::Https => ("https", 443, TlsMode::Direct(Some("http/1.1"))),
            Self::Psql => ("psql", 5432, TlsMode::Clear),
            Self::Psqls => ("psqls", 5432, TlsMode::Postgres),
            Self::Tls => ("tls", 443, TlsMode::Direct(None)),
        }
    }

    /// The word in a mapping.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The protocol with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|protocol| protocol.name() == name)
    }

    /// The port where a mapping names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        self.row().1
    }

    /// How the upstream is reached.
    #[must_use]
    pub const fn tls(self) -> TlsMode {
        self.row().2
    }
}

// === impl Mapping ===

impl Mapping {
    /// A mapping without a name and without ALPN of its own.
    #[must_use]
    pub const fn new(listen: u16, protocol: Option<Protocol>, host: Host, port: u16) -> Self {
        Self {
            listen,
            protocol,
            host,
            port,
            name: None,
            alpn: Vec::new(),
            bind: Vec::new(),
            closed: false,
        }
    }

    /// This mapping under another name, or under none.
    #[must_use]
    pub fn called(self, name: Option<Name>) -> Self {
        Self { name, ..self }
    }

    /// The upstream as a mapping writes it, behind its `=`.
    #[must_use]
    pub fn right(&self) -> String {
        let whole = Self::new(0, self.protocol, self.host.clone(), self.port).to_string();
        whole
            .split_once('=')
            .map(|(_, right)| right.to_owned())
            .unwrap_or_default()
    }

    /// This mapping with the upstream of another one; the protocols that are offered to the old one are kept where the new one
    /// speaks TLS too.
    #[must_use]
    pub fn towards(&self, other: &Self) -> Self {
        let upstream = Self {
            protocol: other.protocol,
            host: other.host.clone(),
            port: other.port,
            ..self.clone()
        };
        let offers = upstream.tls() != TlsMode::Clear;
        Self {
            alpn: if offers {
                upstream.alpn.clone()
            } else {
                Vec::new()
            },
            ..upstream
        }
    }

    /// Whether a proxy of the `old` mapping can be led to where this one leads and stay the proxy that it is: the port is the
    /// same, and a name that was given is not taken away, since what it is called by itself comes from where it leads.
    #[must_use]
    pub fn repoints(&self, old: &Self) -> bool {
        let keeps_a_name = old.name.is_none() || self.name.is_some();
        keeps_a_name && !old.serves_like(self) && old.towards(self).serves_like(self)
    }

    /// Whether a proxy of this mapping does what one of the `other` does, whatever they are called.
    #[must_use]
    pub fn serves_like(&self, other: &Self) -> bool {
        self.clone().called(None) == other.clone().called(None)
    }

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
}

/// The text form: what is printed parses to the same mapping.
impl fmt::Display for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.listen)?;
        if let Some(protocol) = self.protocol {
            write!(f, "{}://", protocol.name())?;
        }
        write!(f, "{}", self.host)?;
        if self.protocol.map(Protocol::default_port) != Some(self.port) {
            write!(f, ":{}", self.port)?;
        }
        if !self.alpn.is_empty() {
            write!(f, " alpn={}", self.alpn.join(","))?;
        }
        if !self.bind.is_empty() {
            write!(f, " bind={}", tight(&self.bind))?;
        }
        if self.closed {
            f.write_str(" closed")?;
        }
        match &self.name {
            Some(name) => write!(f, " as {name}"),
            None => Ok(()),
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
        Mapping::new(9090, protocol, host, port)
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

    #[test]
    fn addresses_and_a_closed_port_are_read_and_printed() {
        for (text, printed) in [
            ("1=x:1 bind=127.0.0.2", "1=x:1 bind=127.0.0.2"),
            (
                "1=x:1 closed bind=[::1],0.0.0.0 as db",
                "1=x:1 bind=::1,0.0.0.0 closed as db",
            ),
            ("1=tls://x closed alpn=h2", "1=tls://x alpn=h2 closed"),
        ] {
            let mapping = parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(mapping.to_string(), printed);
            assert_eq!(parse(printed), Ok(mapping));
        }
        for (text, message) in [
            (
                "1=x:1 bind=here as y",
                "bind= wants addresses of this machine: bind=127.0.0.1",
            ),
            (
                "1=x:1 bind=::1 bind=::1",
                "bind= stands once, with all addresses: leave out bind=::1",
            ),
            (
                "1=x:1 bind=::1,::1 as y",
                "::1 is given twice: leave one out",
            ),
            ("1=x:1 closed closed", "closed stands once: leave one out"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.message, message, "{text}");
        }
    }

    #[test]
    fn an_unfinished_address_is_one_that_can_be_finished() {
        for begun in [
            "1=x:1 b",
            "1=x:1 bind=",
            "1=x:1 bind=127.0",
            "1=x:1 bind=127.0.0.1,25",
            "1=x:1 bind=127.0.0.1,",
            "1=x:1 bind=1:2",
            "1=x:1 bind=[::1",
            "1=x:1 bind=::ffff:1.2.",
            "1=x:1 bind=1:2:3:4:5:6:7:",
            "1=x:1 clos",
        ] {
            assert!(parse(begun).expect_err(begun).unfinished, "{begun}");
        }
        // Nothing makes an address of these.
        for wrong in [
            "0.0250",
            "1.256",
            "1.2.3.4.",
            "12345",
            "1::2::",
            "[127.0.0.1]:",
        ] {
            let text = format!("1=x:1 bind=127.0.0.1,{wrong}");
            assert!(!parse(&text).expect_err(&text).unfinished, "{text}");
        }
    }

    #[test]
    fn another_upstream_keeps_the_rest() {
        let mapping = parse("1=tls://x alpn=h2 bind=::1 as db").expect("a mapping");
        for (upstream, expected) in [
            ("y:2", "1=y:2 bind=::1 as db"),
            ("https://y", "1=https://y alpn=h2 bind=::1 as db"),
        ] {
            let other = parse_upstream(upstream).expect("an upstream");
            assert_eq!(other.right(), upstream);
            assert_eq!(mapping.towards(&other).to_string(), expected);
        }
    }

    #[test]
    fn a_name_and_alpn_are_read_in_either_order_and_printed_in_one() {
        for text in [
            "9090=tls://h:1 alpn=h2,http/1.1 as web",
            "9090=tls://h:1  as web\talpn=h2,http/1.1 ",
        ] {
            let mapping = parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(mapping.name.as_ref().map(Name::as_str), Some("web"));
            assert_eq!(mapping.alpn, ["h2", "http/1.1"]);
            assert_eq!(
                mapping.to_string(),
                "9090=tls://h:1 alpn=h2,http/1.1 as web"
            );
        }
    }
}
