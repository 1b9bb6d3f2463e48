//! Why TLS with an upstream, or PostgreSQL's negotiation of it, failed: one line that a person can act on.
//!
//! As in `proxy::leg::error`, the line is whole and `source()` is for the log. Which failure of a session it is, `explain` finds
//! out; which one of a file, `files`.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::format::{quoted, reason, shown_path};
use crate::units::Time;

/// TLS with an upstream failed. An upstream is called as its mapping has it, with its port.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The session ended in an error, in the handshake or later.
    #[error("{line}")]
    Session {
        /// Which error that is, and what helps.
        line: String,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The upstream ended without `close_notify`, where that counts as an error.
    #[error("upstream {0} closed without close_notify: there may have been more to come")]
    Truncated(String),
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
    /// A host that no certificate can name.
    #[error("{0} cannot stand in a certificate: give --sni NAME")]
    ServerName(String),
    /// A PostgreSQL server that offers no TLS. Clear text is never the answer to that.
    #[error(
        "upstream {0} offers no TLS: psqls:// never falls back to clear text, use psql:// if that will do"
    )]
    NotOffered(String),
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
    #[error("upstream {0} sent clear text before the TLS handshake: refused")]
    EarlyBytes(String),
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
        "upstream {0} offers SCRAM-SHA-256-PLUS alone, which cannot pass a proxy that ends the TLS: let the \
         server offer SCRAM-SHA-256 as well"
    )]
    ChannelBinding(String),
}

/// An option about TLS cannot be used.
#[derive(Debug, Error)]
pub enum TlsOptionError {
    /// A file that cannot be read, or is not what the option asks for.
    #[error("cannot use {option} {}: {why}", shown_path(path))]
    File {
        /// The option that names the file.
        option: &'static str,
        /// Where the file is.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What the system, the reader of PEM or rustls said.
        source: Box<dyn Error + Send + Sync>,
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
            // A file that was read and is too long is as wrong as one with something else in it.
            Self::File { source, .. } => source
                .downcast_ref::<io::Error>()
                .is_none_or(|error| error.kind() == io::ErrorKind::InvalidData),
            Self::Mismatch { .. } | Self::Half { .. } | Self::Sni { .. } => true,
            Self::Config { .. } => false,
        }
    }
}
