//! TLS with one upstream: whom to ask for, what to offer, and the handshake.
//!
//! Each upstream has a configuration of its own, and with it the sessions that it can resume. rustls files sessions under
//! the server's name alone: shared, a session that began at one port of a host, or under one `--sni`, would be offered
//! to whoever listens at another.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::certificate::{NamedBy, Shown};
use super::secured::Secured;
use super::verify::MET;
use super::{Peer, TlsConfigs, TlsError, server_name};
use crate::mapping::{Host, Mapping, Protocol, TlsMode};
use crate::proxy::net::socket::SharedSocket;
use crate::proxy::thread::clock::Deadline;
use crate::snapshot::Negotiated;

/// TLS with one upstream: made once for a proxy, used by each of its connections.
#[derive(Debug)]
pub struct UpstreamTls {
    pub(super) config: Arc<ClientConfig>,
    /// `None` where the host cannot stand in a certificate.
    name: Option<ServerName<'static>>,
    peer: Peer,
    /// The protocols that its user wants to be offered; empty where it is the mapping's own that is.
    offered: Vec<String>,
    strict_close: bool,
}

/// How many sessions of an upstream are kept. TLS 1.3 uses each up, and a server gives two or more with each handshake.
const SESSIONS: usize = 8;

/// The protocol name that PostgreSQL's servers know.
const POSTGRES: &str = "postgresql";

// === impl UpstreamTls ===

impl UpstreamTls {
    /// TLS with the upstream of `mapping`, without any session yet.
    #[must_use]
    pub fn new(configs: &TlsConfigs, mapping: &Mapping) -> Self {
        let own = || match &mapping.host {
            Host::V4(addr) => Some(ServerName::from(IpAddr::from(*addr))),
            Host::V6(addr) => Some(ServerName::from(IpAddr::from(*addr))),
            Host::Name(host) => server_name(host),
        };
        let (named_by, name) = match &configs.sni {
            Some(name) => (NamedBy::Sni, Some(name.clone())),
            None => (NamedBy::Mapping, own()),
        };
        let peer = Peer {
            host: name.as_ref().map_or_else(
                || mapping.host.to_string(),
                |name| name.to_str().into_owned(),
            ),
            named_by,
            upstream: mapping.upstream(),
            instead: match mapping.protocol {
                Some(Protocol::Https) => Some("http:// or host:port"),
                Some(Protocol::Tls) => Some("host:port"),
                _ => None,
            },
            asked: false,
            client_cert: configs.options.client_cert.is_some(),
            shown: Shown::default(),
        };
        // PostgreSQL's servers know their own protocol alone, so the option for all is not for them.
        let (own, offered) = match mapping.tls() {
            _ if !mapping.alpn.is_empty() => (None, mapping.alpn.clone()),
            TlsMode::Direct(own) => match &configs.options.alpn {
                Some(offers) => (None, offers.clone()),
                None => (own, Vec::new()),
            },
            TlsMode::Postgres => (Some(POSTGRES), Vec::new()),
            TlsMode::Clear => (None, Vec::new()),
        };
        let mut config = configs.base.clone();
        let protocols = own.into_iter().chain(offered.iter().map(String::as_str));
        config.alpn_protocols = protocols.map(|name| name.as_bytes().to_vec()).collect();
        if !configs.options.no_resumption {
            config.resumption = Resumption::in_memory_sessions(SESSIONS);
        }
        Self {
            config: Arc::new(config),
            name,
            peer,
            offered,
            strict_close: configs.options.strict_close,
        }
    }

    /// Speaks TLS on `socket`.
    ///
    /// May be cancelled at any point; the socket then closes with the last of its owners.
    pub(in crate::proxy) async fn handshake(
        &self,
        socket: &Arc<TcpStream>,
        deadline: Deadline,
    ) -> Result<(Secured, Negotiated), TlsError> {
        let mut peer = self.peer.clone();
        let Some(name) = self.name.clone() else {
            return Err(TlsError::ServerName(peer.host));
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = SharedSocket(Arc::clone(socket));
        let left = deadline.left();
        let shaking = MET.scope(RefCell::default(), async {
            let result = connector.connect(name, stream).await;
            (result, MET.with(RefCell::take))
        });
        let Ok((result, met)) = tokio::time::timeout_at(deadline.at(), shaking).await else {
            return Err(TlsError::TimedOut {
                upstream: peer.upstream,
                after: deadline.given(),
            });
        };
        peer.asked = met.asked;
        peer.shown = met.shown;
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
            offered: self.offered.clone(),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            round_trips: round_trips(session.protocol_version(), session.handshake_kind()),
            took: left.saturating_sub(deadline.left()),
        };
        Ok((Secured::new(stream, peer, self.strict_close), negotiated))
    }
}

/// How many round trips a handshake took before the client's first byte (RFC 8446, 2; RFC 5246, 7.3).
fn round_trips(version: Option<ProtocolVersion>, kind: Option<HandshakeKind>) -> u32 {
    match (version, kind) {
        (_, Some(HandshakeKind::FullWithHelloRetryRequest))
        | (Some(ProtocolVersion::TLSv1_2), Some(HandshakeKind::Full)) => 2,
        _ => 1,
    }
}
