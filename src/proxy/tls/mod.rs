//! TLS with upstreams: the options, the configurations made of them once, and the handshake.
//!
//! faultboard ends TLS on the upstream's leg alone; the client speaks clear text to it, and nothing here serves TLS. The
//! cryptography is ring's, named in every configuration, so that no other crate's choice for the process matters.

mod error;
mod explain;
mod files;
mod verify;

use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

pub use self::error::{TlsError, TlsOptionError};
pub(super) use self::explain::Peer;
use self::files::{client_key, verifier};
use self::verify::{ASKED, ClientCert};
use super::dial::{rounded, time_left};
use super::leg::{Leg, SharedSocket};
use crate::mapping::{Host, Mapping, Protocol};
use crate::units::Time;

/// What the command line says about TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Roots that are trusted besides Mozilla's.
    pub ca_files: Vec<PathBuf>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// The server name that is asked for and verified instead of the mapping's host.
    pub sni: Option<String>,
    /// The certificate for upstreams that ask for one, with its chain.
    pub client_cert: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
}

/// The options, read and checked: what every handshake of a process needs.
///
/// Cheap to clone. Handshakes with the same protocol on offer share a configuration and with it the sessions that can be
/// resumed.
#[derive(Clone, Debug)]
pub struct TlsConfigs {
    none: Arc<ClientConfig>,
    http: Arc<ClientConfig>,
    postgres: Arc<ClientConfig>,
    sni: Option<ServerName<'static>>,
    client_cert: bool,
}

/// What a handshake agreed on; prints as `TLS 1.3 ok 18ms, ALPN http/1.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The protocol that the upstream chose, if any.
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// How long it took.
    pub took: Duration,
}

/// The protocol name that PostgreSQL's servers know.
pub(super) const POSTGRES: &str = "postgresql";
const HTTP: &str = "http/1.1";

// === impl TlsConfigs ===

impl TlsConfigs {
    /// Reads the files and checks the options; blocks for as long as that takes.
    pub fn load(options: &TlsOptions) -> Result<Self, TlsOptionError> {
        let provider = Arc::new(ring::default_provider());
        let client = Arc::new(ClientCert {
            key: client_key(options, &provider)?,
        });
        let verifier = verifier(options, &provider)?;
        let sni = options.sni.as_ref().map(|name| {
            server_name(name).ok_or_else(|| TlsOptionError::Sni { name: name.clone() })
        });
        let config = |alpn: &[&str]| {
            let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|source| TlsOptionError::Config { source })?
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&verifier))
                .with_client_cert_resolver(Arc::clone(&client) as _);
            config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
            config.resumption = Resumption::in_memory_sessions(256);
            Ok(Arc::new(config))
        };
        Ok(Self {
            none: config(&[])?,
            http: config(&[HTTP])?,
            postgres: config(&[POSTGRES])?,
            sni: sni.transpose()?,
            client_cert: client.key.is_some(),
        })
    }

    /// Speaks TLS with the upstream of `mapping` on `socket`, with this protocol on offer.
    ///
    /// May be cancelled at any point; the socket then closes with the last of its owners.
    pub(super) async fn handshake(
        &self,
        socket: Arc<TcpStream>,
        mapping: &Mapping,
        alpn: Option<&'static str>,
        deadline: Instant,
    ) -> Result<(Leg, Negotiated), TlsError> {
        let (name, mut peer) = self.peer(mapping)?;
        let connector = TlsConnector::from(Arc::clone(self.config(alpn)));
        let stream = SharedSocket::new(Arc::clone(&socket));
        let given = time_left(deadline);
        let shaking = ASKED.scope(Cell::new(false), async {
            let result = connector.connect(name, stream).await;
            (result, ASKED.with(Cell::get))
        });
        let Ok((result, asked)) = tokio::time::timeout_at(deadline, shaking).await else {
            return Err(TlsError::TimedOut {
                upstream: peer.upstream,
                after: rounded(given),
            });
        };
        peer.asked = asked;
        let stream = result.map_err(|error| peer.handshake(error))?;
        let session = stream.get_ref().1;
        let negotiated = Negotiated {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            },
            alpn: session
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            took: given.saturating_sub(time_left(deadline)),
        };
        Ok((Leg::secure(socket, stream, peer), negotiated))
    }

    fn config(&self, alpn: Option<&'static str>) -> &Arc<ClientConfig> {
        match alpn {
            Some(HTTP) => &self.http,
            Some(POSTGRES) => &self.postgres,
            _ => &self.none,
        }
    }

    /// Whom to ask for, and what the errors call it.
    fn peer(&self, mapping: &Mapping) -> Result<(ServerName<'static>, Peer), TlsError> {
        let name = match (&self.sni, &mapping.host) {
            (Some(name), _) => name.clone(),
            (None, Host::V4(addr)) => ServerName::from(std::net::IpAddr::from(*addr)),
            (None, Host::V6(addr)) => ServerName::from(std::net::IpAddr::from(*addr)),
            (None, Host::Name(host)) => {
                server_name(host).ok_or_else(|| TlsError::ServerName { host: host.clone() })?
            }
        };
        let peer = Peer {
            host: name.to_str().into_owned(),
            nameless: matches!(name, ServerName::IpAddress(_)),
            upstream: mapping.upstream(),
            instead: match mapping.protocol {
                Some(Protocol::Https) => Some("http:// or host:port"),
                Some(Protocol::Tls) => Some("host:port"),
                _ => None,
            },
            asked: false,
            client_cert: self.client_cert,
        };
        Ok((name, peer))
    }
}

// === impl Negotiated ===

impl fmt::Display for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let took = Time(Duration::from_millis(millis));
        write!(f, "{} ok {took}", self.version)?;
        if let Some(alpn) = &self.alpn {
            write!(f, ", ALPN {alpn}")?;
        }
        f.write_str(if self.resumed { ", resumed" } else { "" })
    }
}

/// A name or an address in the form that certificates have; a name's root dot is ours alone.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

#[cfg(test)]
mod tests;
