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

use clap::Args;
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
use crate::mapping;

/// What the command line says about TLS to upstreams; the lines on its fields are what `--help` shows.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "TLS to upstreams")]
pub struct TlsOptions {
    /// Trust these roots as well as Mozilla's (repeatable)
    #[arg(long = "ca-file", value_name = "PEM")]
    pub ca_files: Vec<PathBuf>,
    /// Do not verify the upstream's certificate
    #[arg(long)]
    pub insecure: bool,
    /// Server name for SNI and verification instead of the mapping's host
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,
    /// Protocols offered to https and tls upstreams (ALPN), the preferred one first, as in h2,http/1.1
    #[arg(long, value_name = "LIST", value_parser = offers)]
    pub alpn: Option<Offers>,
    /// Client certificate for upstreams that ask for one
    #[arg(long, value_name = "PEM", requires = "client_key")]
    pub client_cert: Option<PathBuf>,
    /// Key of the client certificate
    #[arg(long, value_name = "PEM", requires = "client_cert")]
    pub client_key: Option<PathBuf>,
    /// Shake hands in full each time, to see what it costs: resume no session
    #[arg(long)]
    pub no_resumption: bool,
    /// Reset the client of an upstream that ends without `close_notify`, instead of ending its stream
    #[arg(long)]
    pub strict_close: bool,
}

/// The protocols of one list, the preferred one first.
pub type Offers = Vec<String>;

/// The options, read and checked: what `UpstreamTls` is made of.
#[derive(Clone, Debug)]
pub struct TlsConfigs {
    /// A configuration that offers no protocol and keeps no session; that of each upstream is a copy that does.
    base: ClientConfig,
    sni: Option<ServerName<'static>>,
    options: TlsOptions,
}

// === impl TlsOptions ===

impl TlsOptions {
    /// These options together with later ones; where both set one, the later wins.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.ca_files.extend(later.ca_files);
        self.insecure |= later.insecure;
        self.sni = later.sni.or(self.sni);
        self.alpn = later.alpn.or(self.alpn);
        self.client_cert = later.client_cert.or(self.client_cert);
        self.client_key = later.client_key.or(self.client_key);
        self.no_resumption |= later.no_resumption;
        self.strict_close |= later.strict_close;
        self
    }
}

// === impl TlsConfigs ===

impl TlsConfigs {
    /// Reads the files and checks the options; blocks for as long as that takes.
    pub fn load(options: &TlsOptions) -> Result<Self, TlsOptionError> {
        let provider = Arc::new(ring::default_provider());
        let client = Arc::new(ClientCert {
            key: client_key(options, &provider)?,
        });
        let verifier = Arc::new(verifier(options, &provider)?);
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

/// Reads the value of `--alpn`.
fn offers(text: &str) -> Result<Offers, String> {
    mapping::parse_alpn(text).map_err(|error| error.message)
}

/// A name or an address in the form that certificates have; a name's root dot is ours alone.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(host.to_owned()).ok()
}

#[cfg(test)]
mod tests;
