//! From what rustls reports to the line that a person can act on. Pure: errors in, errors out.

use std::io;
use std::net::IpAddr;

use rustls::{AlertDescription, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use super::TlsError;
use super::certificate::{NamedBy, Shown, Verdict, judge, words};
use crate::format::printable;

/// Whom we speak TLS with: what an explanation needs to know of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The name that the certificate is checked against, or the address.
    pub(crate) host: String,
    /// Whose `host` is.
    pub(crate) named_by: NamedBy,
    /// Host and port of the mapping.
    pub(crate) upstream: String,
    /// The forms of a mapping to try where the upstream does not speak TLS; `None` where it agreed to.
    pub(crate) instead: Option<&'static str>,
    /// Whether the upstream asked for a client certificate.
    pub(crate) asked: bool,
    /// Whether we have one.
    pub(crate) client_cert: bool,
    /// The certificates that were refused, where some were.
    pub(crate) shown: Shown,
}

/// When an error came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Handshake,
    Later,
}

// === impl Peer ===

impl Peer {
    /// Explains why a handshake failed.
    pub(crate) fn handshake(&self, error: io::Error) -> TlsError {
        let upstream = self.upstream.clone();
        if let Some(source) = rustls_error(&error) {
            return self.explain(source, When::Handshake);
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let hint = match self.instead {
                Some(_) if upstream.ends_with(":5432") => {
                    ": a PostgreSQL server wants psqls:// or psql://"
                }
                Some(_) => ": does it speak TLS there?",
                None => "",
            };
            return TlsError::Closed { upstream, hint };
        }
        TlsError::Io {
            upstream,
            source: error,
        }
    }

    /// Explains why a connection that was open failed; `None` where TLS is not the reason.
    pub(crate) fn later(&self, error: &io::Error) -> Option<TlsError> {
        rustls_error(error).map(|source| self.explain(source, When::Later))
    }

    fn explain(&self, source: rustls::Error, when: When) -> TlsError {
        use rustls::Error as E;
        let upstream = &self.upstream;
        let line = match (&source, self.instead) {
            (E::InvalidCertificate(problem), _) => {
                let Verdict { why, advice } = judge(problem, &self.shown, self.named_by);
                format!("certificate of {} {why}: {advice}", self.host)
            }
            (E::AlertReceived(alert), _) => self.alert(*alert, when),
            (E::InvalidMessage(what), Some(instead))
                if when == When::Handshake && is_no_record(what) =>
            {
                format!("upstream {upstream} does not speak TLS: use {instead}")
            }
            (E::PeerIncompatible(what), _) => {
                let why = incompatibility(what);
                format!("upstream {upstream} refused the TLS handshake: {why}")
            }
            _ => format!("TLS with {upstream} failed: {}", broken(&source)),
        };
        TlsError::Session { line, source }
    }

    fn alert(&self, alert: AlertDescription, when: When) -> String {
        use AlertDescription as A;
        let about_client = self.asked && concerns_client_cert(alert);
        let wanted = !self.client_cert && (alert == A::CertificateRequired || about_client);
        let what = if wanted {
            "asks for a client certificate: give --client-cert and --client-key".to_owned()
        } else if about_client {
            let alert = alert_words(alert);
            format!("does not accept the client certificate of --client-cert: {alert}")
        } else if when == When::Later {
            let alert = alert_words(alert);
            format!("ended the connection with a TLS alert: {alert}")
        } else {
            format!("refused the TLS handshake: {}", self.refusal(alert))
        };
        format!("upstream {} {what}", self.upstream)
    }

    /// Why a handshake was refused, as far as the alert tells.
    fn refusal(&self, alert: AlertDescription) -> String {
        use AlertDescription as A;
        // An address is not told to the server.
        let named = match (self.host.parse::<IpAddr>(), self.named_by) {
            (Ok(_), NamedBy::Mapping) => "; an address tells it no name, it may want --sni NAME",
            (Ok(_), NamedBy::Sni) => "; an address as --sni tells it no name, it may want one",
            (Err(_), _) => "",
        };
        match alert {
            A::UnrecognisedName if self.named_by == NamedBy::Sni => {
                format!("it does not know {}, the name of --sni", self.host)
            }
            A::UnrecognisedName => format!("it does not know {}, give --sni NAME", self.host),
            A::NoApplicationProtocol => "it speaks none of the protocols offered".to_owned(),
            A::ProtocolVersion => incompatibility(&PeerIncompatible::ServerDoesNotSupportTls12Or13),
            // What a server says that finds nothing in common; it does not say of what.
            A::HandshakeFailure | A::InsufficientSecurity => format!(
                "{}, as of one that has only CBC, CCM, RSA key exchange, P-521 or SHA-1: let it speak ECDHE with AES-GCM \
                 over X25519 or P-256{named}",
                alert_words(alert)
            ),
            _ => format!("{}{named}", alert_words(alert)),
        }
    }
}

fn rustls_error(error: &io::Error) -> Option<rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>().cloned()
}

/// Whether these are the words of a reader who found something else than a TLS record.
fn is_no_record(what: &InvalidMessage) -> bool {
    matches!(
        what,
        InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
    )
}

/// Alerts that servers answer a missing or unwelcome client certificate with. TLS 1.2 has no alert of its own for it.
fn concerns_client_cert(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::HandshakeFailure
            | A::NoCertificate
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
            | A::CertificateRequired
    )
}

fn incompatibility(what: &PeerIncompatible) -> String {
    match what {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "it speaks neither TLS 1.2 nor 1.3".to_owned()
        }
        other => format!("it cannot be spoken with, {}", words(&format!("{other:?}"))),
    }
}

/// What an upstream did that TLS does not allow.
fn broken(source: &rustls::Error) -> String {
    use rustls::Error as E;
    match source {
        E::InvalidMessage(what) if is_no_record(what) => {
            "it sent something that is no TLS".to_owned()
        }
        E::InvalidMessage(what) => {
            format!("it sent a damaged message, {}", words(&format!("{what:?}")))
        }
        E::InappropriateMessage { .. } | E::InappropriateHandshakeMessage { .. } => {
            "it sent a message that is not due".to_owned()
        }
        E::DecryptError => "what it sent cannot be decrypted: it was changed on the way".to_owned(),
        E::PeerSentOversizedRecord => "it sent a record that is too long".to_owned(),
        E::NoCertificatesPresented => "it showed no certificate".to_owned(),
        E::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => {
            "it signed the handshake in a way that was not offered, with SHA-1 or a P-521 key, say"
                .to_owned()
        }
        E::PeerMisbehaved(what) => {
            format!("it broke the protocol, {}", words(&format!("{what:?}")))
        }
        other => printable(&other.to_string()),
    }
}

/// An alert in words: `HandshakeFailure` is `handshake failure`.
fn alert_words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "unknown authority".to_owned(),
        AlertDescription::Unknown(code) => format!("alert {code}, which has no name"),
        known => words(&format!("{known:?}")),
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
