//! From what rustls reports to the line that a person can act on. Pure: errors in, errors out.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use super::TlsError;
use crate::format::printable;

/// Whom we speak TLS with: what an explanation needs to know of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The name that the certificate is checked against, or the address.
    pub(crate) host: String,
    /// Whether `host` is an address, so that the server was told no name.
    pub(crate) nameless: bool,
    /// Host and port of the mapping.
    pub(crate) upstream: String,
    /// The forms of a mapping to try where the upstream does not speak TLS; `None` where it agreed to.
    pub(crate) instead: Option<&'static str>,
    /// Whether the upstream asked for a client certificate.
    pub(crate) asked: bool,
    /// Whether we have one.
    pub(crate) client_cert: bool,
}

// === impl Peer ===

impl Peer {
    /// Explains why a handshake failed.
    pub(crate) fn handshake(&self, error: io::Error) -> TlsError {
        let upstream = self.upstream.clone();
        if let Some(source) = rustls_error(&error) {
            return self.explain(source, true);
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
        rustls_error(error).map(|source| self.explain(source, false))
    }

    fn explain(&self, source: rustls::Error, handshake: bool) -> TlsError {
        use rustls::Error as E;
        let upstream = self.upstream.clone();
        match (&source, self.instead) {
            (E::InvalidCertificate(problem), _) => {
                let problem = problem.clone();
                self.certificate(&problem, source)
            }
            (E::AlertReceived(alert), _) => {
                let alert = *alert;
                self.alert(alert, source)
            }
            (E::InvalidMessage(what), Some(instead)) if handshake && is_no_record(what) => {
                TlsError::NotTls {
                    upstream,
                    instead,
                    source,
                }
            }
            (E::PeerIncompatible(what), _) => TlsError::Refused {
                upstream,
                why: incompatibility(what),
                source,
            },
            _ => TlsError::Protocol { upstream, source },
        }
    }

    fn certificate(&self, problem: &CertificateError, source: rustls::Error) -> TlsError {
        use CertificateError as C;
        let host = self.host.clone();
        let when = match problem {
            C::ExpiredContext { not_after, .. } => format!("expired on {}", date(*not_after)),
            C::Expired => "expired".to_owned(),
            C::NotValidYetContext { not_before, .. } => {
                format!("is not valid before {}", date(*not_before))
            }
            C::NotValidYet => "is not valid yet".to_owned(),
            C::UnknownIssuer => return TlsError::UnknownIssuer { host, source },
            C::NotValidForNameContext { presented, .. } => {
                let presented = presented.iter().filter_map(|name| bare(name)).collect();
                return TlsError::WrongName {
                    host,
                    presented,
                    source,
                };
            }
            other if is_authority(other) => return TlsError::Authority { host, source },
            other => {
                let why = match other {
                    _ if is_version_1(other) => "X.509 version 1".to_owned(),
                    C::BadSignature => "its signature is wrong".to_owned(),
                    C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
                        "it is not a server's".to_owned()
                    }
                    C::Revoked => "it was revoked".to_owned(),
                    other => printable(&other.to_string()),
                };
                return TlsError::Certificate { host, why, source };
            }
        };
        TlsError::OutOfDate { host, when, source }
    }

    fn alert(&self, alert: AlertDescription, source: rustls::Error) -> TlsError {
        use AlertDescription as A;
        let upstream = self.upstream.clone();
        let about_client = self.asked && concerns_client_cert(alert);
        if !self.client_cert && (alert == A::CertificateRequired || about_client) {
            return TlsError::ClientCertWanted { upstream, source };
        }
        if self.client_cert && about_client {
            return TlsError::ClientCertRefused {
                upstream,
                alert: words(alert),
                source,
            };
        }
        let why = match alert {
            A::UnrecognisedName => format!("it does not know {}, give --sni NAME", self.host),
            A::NoApplicationProtocol => "it speaks none of the protocols offered".to_owned(),
            A::ProtocolVersion => incompatibility(&PeerIncompatible::ServerDoesNotSupportTls12Or13),
            _ if self.nameless => {
                format!(
                    "{}; an address tells it no name, it may want --sni NAME",
                    words(alert)
                )
            }
            _ => words(alert),
        };
        TlsError::Refused {
            upstream,
            why,
            source,
        }
    }
}

/// Whether a certificate of an authority stands where a server's is due. It names the error of a crate that we see through
/// rustls alone, by its text; tests notice where that changes.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity")
}

/// Whether the certificate is in the first, long obsolete form, which cannot be read. By its text, as above.
pub(super) fn is_version_1(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string() == "UnsupportedCertVersion")
}

/// What a certificate says of names: `is for a.example, b.example`.
pub(super) fn names(presented: &[String]) -> String {
    const SHOWN: usize = 4;
    if presented.is_empty() {
        return "names no host, and its common name does not count".to_owned();
    }
    let shown = presented[..presented.len().min(SHOWN)].join(", ");
    match presented.len().saturating_sub(SHOWN) {
        0 => format!("is for {shown}"),
        more => format!("is for {shown} and {more} more"),
    }
}

/// What to try where the names do not fit: a name that the certificate has, where it has a whole one.
pub(super) fn suggestion(presented: &[String]) -> String {
    let name = presented.iter().find(|name| !name.starts_with('*'));
    match (name, presented.is_empty()) {
        (Some(name), _) => format!("give --sni {name}, or --insecure to try without"),
        (None, false) => "give --sni NAME, or --insecure to try without".to_owned(),
        (None, true) => "give --insecure to try without".to_owned(),
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
        other => format!("nothing in common ({other:?})"),
    }
}

/// `DnsName("a.example")` and `IpAddress(10.0.0.1)` without the wrapping; `None` for what is not a host.
fn bare(name: &str) -> Option<String> {
    let inner = name
        .strip_prefix("DnsName(\"")
        .and_then(|rest| rest.strip_suffix("\")"))
        .or_else(|| {
            name.strip_prefix("IpAddress(")
                .and_then(|rest| rest.strip_suffix(')'))
        })?;
    Some(printable(inner))
}

/// An alert in words: `HandshakeFailure` is `handshake failure`.
fn words(alert: AlertDescription) -> String {
    let name: Cow<'_, str> = match alert {
        AlertDescription::UnknownCA => "UnknownAuthority".into(),
        other => format!("{other:?}").into(),
    };
    let mut line = String::new();
    for char in name.chars() {
        if char.is_uppercase() && !line.is_empty() {
            line.push(' ');
        }
        line.extend(char.to_lowercase());
    }
    line
}

/// The day of a moment, `2024-05-01`, in UTC.
fn date(at: UnixTime) -> String {
    let days = Duration::from_secs(at.as_secs()).as_secs() / 86_400;
    // Counted in years that begin in March, so that the leap day is a year's last; 719,468 days lie between 0000-03-01
    // and 1970-01-01, and 146,097 in 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
