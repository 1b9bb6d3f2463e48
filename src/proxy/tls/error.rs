//! Why TLS with an upstream, or PostgreSQL's negotiation of it, failed: one line that a person can act on.
//!
//! `host` is the name that the certificate is checked against, `upstream` the mapping's host and port. As in `error`, the
//! line is whole and `source()` is for the log. Which failure it is, `explain` finds out.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::pem;
use thiserror::Error;

use super::certificate::{NamedBy, Shown, judge};
use crate::format::{one_line, quoted, reason, shown_path};
use crate::units::Time;

/// TLS with an upstream failed.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The certificate is refused.
    #[error("certificate of {host} {why}: {advice}")]
    Certificate {
        /// The name that was checked.
        host: String,
        /// What is wrong with it, or with one that it relies on.
        why: String,
        /// What helps.
        advice: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream wants a client certificate, and we have none.
    #[error(
        "upstream {upstream} asks for a client certificate: give --client-cert and --client-key"
    )]
    ClientCertWanted {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream does not accept our client certificate.
    #[error("upstream {upstream} does not accept the client certificate of --client-cert: {alert}")]
    ClientCertRefused {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// Its alert, in words.
        alert: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// What the upstream sent is not TLS.
    #[error("upstream {upstream} does not speak TLS: use {instead}")]
    NotTls {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// The forms of a mapping that may work.
        instead: &'static str,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream ended the handshake with an alert, or there is nothing in common.
    #[error("upstream {upstream} refused the TLS handshake: {why}")]
    Refused {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What the upstream said, or what is wrong, in words.
        why: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream ended a connection that was open with an alert.
    #[error("upstream {upstream} ended the connection with a TLS alert: {alert}")]
    Alert {
        /// The upstream.
        upstream: String,
        /// Its alert, in words.
        alert: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream broke the protocol, in the handshake or later.
    #[error("TLS with {upstream} failed: {why}")]
    Protocol {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What it did.
        why: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream ended without `close_notify`, where that counts as an error.
    #[error("upstream {upstream} closed without close_notify: there may have been more to come")]
    Truncated {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
    },
    /// The upstream closed the connection in the middle of the handshake.
    #[error("upstream {upstream} closed the connection during the TLS handshake{hint}")]
    Closed {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What may be the matter.
        hint: &'static str,
    },
    /// The upstream did not answer in time.
    #[error("no TLS handshake with {upstream} within {}", Time(*after))]
    TimedOut {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// How long it was given.
        after: Duration,
    },
    /// The connection broke in the middle of the handshake.
    #[error("TLS handshake with {upstream} failed: {}", reason(source))]
    Io {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What the system said.
        source: io::Error,
    },
    /// A host that cannot be asked for by name.
    #[error("{host} cannot stand in a certificate: give --sni NAME")]
    ServerName {
        /// The host that no certificate can name.
        host: String,
    },
    /// A PostgreSQL server that offers no TLS. Clear text is never the answer to that.
    #[error(
        "upstream {upstream} offers no TLS: psqls:// never falls back to clear text, use psql:// if that will do"
    )]
    NotOffered {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
    },
    /// A PostgreSQL server that answered the request for TLS with an error.
    #[error("upstream {upstream} answered the request for TLS with an error: {message}")]
    ServerError {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// The error's text. Nobody has proved who wrote it.
        message: String,
        /// The whole message, for the client.
        bytes: Vec<u8>,
    },
    /// Bytes in clear text behind the agreement to use TLS: somebody between wants to put words into the server's mouth.
    #[error("upstream {upstream} sent clear text before the TLS handshake: refused")]
    EarlyBytes {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
    },
    /// Something that does not speak PostgreSQL's protocol.
    #[error("upstream {upstream} does not speak PostgreSQL: {why}")]
    NotPostgres {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
        /// What it did.
        why: String,
    },
    /// A PostgreSQL server that wants channel binding, which ends where the TLS does.
    #[error(
        "upstream {upstream} offers SCRAM-SHA-256-PLUS alone, which cannot pass a proxy that ends the TLS: let the \
         server offer SCRAM-SHA-256 as well"
    )]
    ChannelBinding {
        /// The upstream as the mapping names it, with its port.
        upstream: String,
    },
}

/// An option about TLS cannot be used.
#[derive(Debug, Error)]
pub enum TlsOptionError {
    /// A file that is not what the option asks for.
    #[error("cannot use {option} {}: {}", shown_path(path), why(option, source))]
    Pem {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A certificate or key that is in the right form but makes no sense.
    #[error("cannot use {option} {}: {}", shown_path(path), nonsense(source))]
    Content {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A client certificate and the key of another.
    #[error(
        "cannot use --client-cert {} with --client-key {}: the key is another certificate's",
        shown_path(cert),
        shown_path(key)
    )]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// One of the two files of a client certificate is missing.
    #[error("cannot use {given} without {missing}")]
    Half {
        /// The option given.
        given: &'static str,
        /// The one that belongs to it.
        missing: &'static str,
    },
    /// Not a name.
    #[error("cannot use --sni {}: not a host name or an address", quoted(name))]
    Sni {
        /// What was given.
        name: String,
    },
    /// No configuration can be made of it.
    #[error("cannot set up TLS: {source}")]
    Config {
        /// What rustls said.
        source: rustls::Error,
    },
}

// === impl TlsOptionError ===

impl TlsOptionError {
    /// Whether the option must be given otherwise; else the system failed, or we did.
    #[must_use]
    pub fn is_wrong_usage(&self) -> bool {
        match self {
            Self::Pem { source, .. } => !matches!(source, pem::Error::Io(_)),
            Self::Content { .. } | Self::Mismatch { .. } | Self::Half { .. } | Self::Sni { .. } => {
                true
            }
            Self::Config { .. } => false,
        }
    }
}

/// What is wrong with a file, without the reader's own words.
fn why(option: &str, error: &pem::Error) -> String {
    let text = match error {
        pem::Error::Io(error) => return reason(error),
        pem::Error::NoItemsFound if option == "--client-key" => {
            "no private key in PEM form in it, or an encrypted one"
        }
        pem::Error::NoItemsFound => "no certificate in PEM form in it",
        pem::Error::Base64Decode(_) => "its PEM text is damaged",
        pem::Error::MissingSectionEnd { .. } => "its PEM text has no end line",
        pem::Error::IllegalSectionStart { .. } => "its PEM text has a damaged begin line",
        other => return other.to_string(),
    };
    text.to_owned()
}

fn nonsense(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => {
            if matches!(problem, rustls::CertificateError::BadEncoding) {
                return "its certificate is damaged".to_owned();
            }
            let verdict = judge(problem, &Shown::default(), NamedBy::Mapping);
            format!("its certificate {}", verdict.why)
        }
        rustls::Error::General(text) => one_line(text),
        other => one_line(&other.to_string()),
    }
}
