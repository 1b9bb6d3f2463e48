//! TLS with upstreams: the options, the configurations made of them, and the handshake.
//!
//! faultboard ends TLS on the upstream's leg alone; the client speaks clear text to it, and nothing here serves TLS. The
//! cryptography is ring's, named in every configuration, so that no other crate's choice for the process matters.

mod certificate;
mod error;
mod explain;
mod files;
mod secured;
mod upstream;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;

pub use self::error::{TlsError, TlsOptionError};
pub(super) use self::explain::Peer;
use self::files::{client_key, verifier};
pub(super) use self::secured::Secured;
pub use self::upstream::UpstreamTls;
use self::verify::ClientCert;

/// What the command line says about TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Roots that are trusted besides Mozilla's.
    pub ca_files: Vec<PathBuf>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// The server name that is asked for and verified instead of the mapping's host.
    pub sni: Option<String>,
    /// The protocols that are offered (ALPN) where a mapping of `https` or `tls` names none; empty for those of its own.
    pub alpn: Vec<String>,
    /// The certificate for upstreams that ask for one, with its chain.
    pub client_cert: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
    /// Whether every handshake is a full one.
    pub no_resumption: bool,
    /// Whether an upstream that ends without `close_notify` resets the client, instead of ending its stream.
    pub strict_close: bool,
}

/// The options, read and checked: what `UpstreamTls` is made of.
#[derive(Clone, Debug)]
pub struct TlsConfigs {
    /// A configuration that offers no protocol and keeps no session; that of each upstream is a copy that does.
    base: ClientConfig,
    sni: Option<ServerName<'static>>,
    options: TlsOptions,
}

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
        let mut base = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| TlsOptionError::Config { source })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(client);
        base.resumption = Resumption::disabled();
        Ok(Self {
            base,
            sni: sni.transpose()?,
            options: options.clone(),
        })
    }
}

/// A name or an address in the form that certificates have; a name's root dot is ours alone.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

#[cfg(test)]
mod tests;
