//! Servers on loopback, and the dialing of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use faultboard::mapping::{Host, Mapping, Protocol};
use faultboard::proxy::UpstreamError;
use faultboard::proxy::barred::Barred;
use faultboard::proxy::clock::Deadline;
use faultboard::proxy::dial::{Dialed, dial};
use faultboard::proxy::look_up::LookUps;
use faultboard::proxy::tls::{TlsConfigs, TlsOptions, UpstreamTls};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::Issued;

pub(crate) static BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];
pub(crate) static ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
pub(crate) static ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

/// What the TLS of a server is like.
pub(crate) struct Tls {
    pub(crate) alpn: &'static [&'static str],
    /// Where it asks for client certificates: who signs them.
    pub(crate) clients: Option<Arc<RootCertStore>>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            alpn: &[],
            clients: None,
            versions: BOTH,
        }
    }
}

impl Tls {
    pub(crate) fn acceptor(self, issued: Issued) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let key = provider.key_provider.load_private_key(issued.key).unwrap();
        // Not checked against each other: one of the certificates cannot be read.
        let key = CertifiedKey::new([vec![issued.cert], issued.along].concat(), key);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = self
            .alpn
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A listener on a free port, and the mapping to it.
pub(crate) async fn listen(protocol: Protocol, host: Host) -> (TcpListener, Mapping) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mapping = Mapping::new(
        0,
        Some(protocol),
        host,
        listener.local_addr().unwrap().port(),
    );
    (listener, mapping)
}

pub(crate) fn localhost() -> Host {
    Host::Name("localhost".to_owned())
}

pub(crate) fn load(options: &TlsOptions) -> TlsConfigs {
    TlsConfigs::load(options).unwrap()
}

/// So late that no test meets it; those that want to, run on a clock that jumps.
pub(crate) fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

/// Dials, while `server` deals with what comes.
pub(crate) async fn dial_with<T>(
    mapping: &Mapping,
    tls: &UpstreamTls,
    server: impl Future<Output = T>,
) -> (Result<Dialed, UpstreamError>, T) {
    let client = SocketAddr::from(([127, 0, 0, 1], 1));
    let (look_ups, barred) = (LookUps::default(), Barred::default());
    tokio::join!(
        dial(mapping, tls, &look_ups, &barred, client, None, deadline()),
        server
    )
}

/// The line that a failed dial is told by.
pub(crate) fn line(dialed: Result<Dialed, UpstreamError>) -> String {
    dialed.expect_err("a failure").to_string()
}
