//! Where the API listens: an address and a port, a port of this machine alone, or a Unix socket.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::address::{PORT, host_and_port};

/// What an address can be.
const FORMS: &str = "127.0.0.1:8474, [::1]:8474, 8474, unix:/run/faultboard.sock";

/// Where the API listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On a port; 0 is any free one.
    Tcp(SocketAddr),
    /// On a Unix socket, which its owner alone may open.
    Unix(PathBuf),
}

// === impl Address ===

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// It is of no known form, and the error names those that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let addr = host_and_port(text).and_then(|(host, port)| {
            let ip = match host {
                "localhost" => Ipv4Addr::LOCALHOST.into(),
                host => host.parse().ok()?,
            };
            Some(Self::Tcp(SocketAddr::new(ip, port)))
        });
        addr.ok_or_else(|| format!("not an address of this machine: {FORMS}"))
    }

    /// Whether a word of a command line is meant as an address, right or not; a mapping and a command are not.
    #[must_use]
    pub fn is_meant(word: &str) -> bool {
        let is_port = word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty();
        let is_bare = word.parse::<IpAddr>().is_ok();
        let is_plain = word.contains(':') && !word.contains('=') && !word.starts_with('-');
        is_port || is_bare || is_plain || word.starts_with("unix:")
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(addr) => addr.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_each_of_its_forms_and_printed_so_that_it_reads_again() {
        for (text, printed, local) in [
            ("127.0.0.1:8474", "127.0.0.1:8474", true),
            ("127.0.0.2", "127.0.0.2:8474", true),
            ("localhost:1", "127.0.0.1:1", true),
            ("0", "127.0.0.1:0", true),
            ("[::1]:9", "[::1]:9", true),
            ("0.0.0.0:8474", "0.0.0.0:8474", false),
            ("[::]:8474", "[::]:8474", false),
            ("192.0.2.1", "192.0.2.1:8474", false),
            ("unix:/tmp/a=b", "unix:/tmp/a=b", true),
        ] {
            let read = Address::parse(text).expect(text);
            assert_eq!(
                (read.to_string().as_str(), read.is_local()),
                (printed, local)
            );
            assert_eq!(Address::parse(printed), Ok(read));
            assert!(Address::is_meant(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_with_those_that_there_are() {
        for text in [
            "",
            "example.com:8474",
            "127.0.0.1:99999",
            "unix:",
            "-1",
            "a",
        ] {
            let why = Address::parse(text).expect_err(text);
            assert!(why.ends_with(FORMS), "{text}: {why}");
        }
    }

    #[test]
    fn a_mapping_a_command_and_an_option_are_not_meant_as_addresses() {
        for word in [
            "9090=https://example.com",
            "demo",
            "--api-fixed",
            "0=[::1]:80",
            "",
        ] {
            assert!(!Address::is_meant(word), "{word}");
        }
        assert!(Address::is_meant("127.0.0.1:99999"));
    }
}
