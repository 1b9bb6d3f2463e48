//! Where a proxy is to listen, as toxiproxy's clients write it, and what is wrong with it in Go's words.

use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use tokio::net::lookup_host;

use crate::format::reason;
use crate::proxy::BindError;

/// Ports by the names that people write for them.
const SERVICES: [(&str, u16); 2] = [("http", 80), ("https", 443)];

/// An address and a port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listen {
    /// All of the desk's own where none is named.
    pub(super) ip: Option<IpAddr>,
    /// Any free one where it is 0.
    pub(super) port: u16,
}

/// Where a proxy is to listen, as it was written and as it was meant.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) written: String,
    pub(super) meant: Listen,
}

// === impl Place ===

impl Place {
    /// Reads where to listen.
    ///
    /// # Errors
    /// What Go says of it.
    pub(super) async fn resolve(written: String) -> Result<Self, String> {
        let meant = Listen::resolve(&written).await?;
        Ok(Self { written, meant })
    }
}

// === impl Listen ===

impl Listen {
    /// Wherever the desk listens, on any port.
    pub(super) const ANY: Self = Self { ip: None, port: 0 };

    /// Whether it is the same as another one was meant, or where a proxy is bound that was meant so.
    pub(super) fn is(self, other: Self, bound: Option<SocketAddr>) -> bool {
        let is_bound = |bound| {
            let shown = other.shown(bound);
            self.port == shown.port() && self.ip.is_none_or(|ip| ip == shown.ip())
        };
        self == other || bound.is_some_and(is_bound)
    }

    /// Reads `host:port` and resolves the host; nothing is any address and any port.
    ///
    /// # Errors
    /// What Go says of it.
    pub(super) async fn resolve(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::ANY);
        }
        let (host, port) = split(text)?;
        let port = match port.parse() {
            _ if port.is_empty() => 0,
            Ok(port) => port,
            Err(_) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Err(format!("address {port}: invalid port"));
            }
            Err(_) => {
                let known = SERVICES.iter().find(|(name, _)| *name == port);
                known
                    .ok_or_else(|| format!("lookup tcp/{port}: unknown port"))?
                    .1
            }
        };
        if host.is_empty() {
            return Ok(Self { ip: None, port });
        }
        let ip = match host.parse() {
            Ok(ip) => ip,
            Err(_) => named(host).await?,
        };
        let ip = Some(ip).filter(|ip| !ip.is_unspecified());
        Ok(Self { ip, port })
    }

    /// The addresses of a proxy's own to listen on, for a desk whose proxies listen on `bind`; none where those do.
    pub(super) fn own(self, bind: &[IpAddr]) -> Vec<IpAddr> {
        let own = self.ip.filter(|ip| bind != [*ip]);
        own.into_iter().collect()
    }

    /// Why the desk, whose proxies listen on `bind`, does not listen there: it does so there and on the loopback alone.
    pub(super) fn refuse(
        self,
        bind: &[IpAddr],
        is_local: impl FnOnce(IpAddr) -> bool,
    ) -> Option<String> {
        let ip = self.ip.filter(|ip| !ip.is_loopback())?;
        let is_own =
            |own: &IpAddr| *own == ip || own.is_unspecified() && own.is_ipv4() == ip.is_ipv4();
        if bind.iter().any(is_own) {
            return None;
        }
        let addr = SocketAddr::new(ip, self.port);
        Some(if is_local(ip) {
            format!("listen tcp {addr}: bind: permission denied (start with --bind {ip})")
        } else {
            format!("listen tcp {addr}: bind: cannot assign requested address")
        })
    }

    /// What Go says of a port that could not be listened on.
    pub(super) fn failed(self, error: &BindError) -> String {
        let addr = SocketAddr::new(self.ip.unwrap_or(error.addr.ip()), error.addr.port());
        let why = match error.source.kind() {
            ErrorKind::AddrInUse => "address already in use".to_owned(),
            ErrorKind::AddrNotAvailable => "cannot assign requested address".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => reason(&error.source),
        };
        format!("listen tcp {addr}: bind: {why}")
    }

    /// The address as it is shown where a proxy is bound to `bound`.
    pub(super) fn shown(self, bound: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.ip.unwrap_or(bound.ip()), bound.port())
    }
}

/// As it would be written.
impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            Some(ip) => SocketAddr::new(ip, self.port).fmt(f),
            None => write!(f, ":{}", self.port),
        }
    }
}

/// The host and the port of an address, an IPv6 host without its brackets.
fn split(text: &str) -> Result<(&str, &str), String> {
    let wrong = |what: &str| Err(format!("address {text}: {what}"));
    let Some((host, port)) = text.rsplit_once(':') else {
        return wrong("missing port in address");
    };
    match host.strip_prefix('[') {
        Some(rest) => match rest.strip_suffix(']') {
            Some(host) => Ok((host, port)),
            None => wrong("missing ']' in address"),
        },
        None if host.contains(':') => wrong("too many colons in address"),
        None => Ok((host, port)),
    }
}

async fn named(host: &str) -> Result<IpAddr, String> {
    let found = lookup_host((host, 0)).await;
    let found: Vec<_> = found.map(Iterator::collect).unwrap_or_default();
    let v4 = found.iter().find(|addr: &&SocketAddr| addr.is_ipv4());
    let any = v4.or(found.first());
    any.map(SocketAddr::ip)
        .ok_or_else(|| format!("lookup {host}: no such host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_read_as_go_reads_it() {
        let at = |ip: &str, port| {
            Ok(Listen {
                ip: ip.parse().ok(),
                port,
            })
        };
        for (text, wanted) in [
            ("", at("any", 0)),
            (":0", at("any", 0)),
            (":8666", at("any", 8666)),
            ("0.0.0.0:8666", at("any", 8666)),
            ("[::]:8666", at("any", 8666)),
            ("127.0.0.1:", at("127.0.0.1", 0)),
            ("127.0.0.1:http", at("127.0.0.1", 80)),
            ("localhost:22001", at("127.0.0.1", 22001)),
            ("[::1]:5", at("::1", 5)),
            (
                "nonsense",
                Err("address nonsense: missing port in address".to_owned()),
            ),
            (
                "127.0.0.1:99999",
                Err("address 99999: invalid port".to_owned()),
            ),
            (
                "::1:80",
                Err("address ::1:80: too many colons in address".to_owned()),
            ),
            (
                "a.invalid:80",
                Err("lookup a.invalid: no such host".to_owned()),
            ),
        ] {
            assert_eq!(Listen::resolve(text).await, wanted, "{text}");
        }
    }

    #[test]
    fn another_address_than_the_desks_own_is_refused_with_the_way_out() {
        let of = |ip: &str| Listen {
            ip: ip.parse().ok(),
            port: 9,
        };
        let [loopback, all]: [IpAddr; 2] =
            ["127.0.0.1", "0.0.0.0"].map(|ip| ip.parse().expect("an address"));
        for (ip, bind, refused) in [
            ("any", loopback, None),
            ("127.0.0.1", loopback, None),
            ("127.0.0.1", all, None),
            ("::1", loopback, None),
            ("10.0.0.7", all, None),
            (
                "10.0.0.7",
                loopback,
                Some("listen tcp 10.0.0.7:9: bind: permission denied (start with --bind 10.0.0.7)"),
            ),
            (
                "192.0.2.1",
                loopback,
                Some("listen tcp 192.0.2.1:9: bind: cannot assign requested address"),
            ),
        ] {
            let is_local = |ip: IpAddr| ip.to_string() == "10.0.0.7";
            let said = of(ip).refuse(&[bind], is_local);
            assert_eq!(said.as_deref(), refused, "{ip} of {bind}");
        }
    }
}
