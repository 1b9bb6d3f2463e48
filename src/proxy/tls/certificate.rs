//! Says in words why a certificate was refused, and which one of its chain is to blame.
//!
//! rustls tells that a chain is refused, but seldom because of which certificate. Here the certificates are read again for
//! their names, dates, keys and signatures. Nothing is verified, and nothing that is read is trusted: it only ends up in
//! the line of an error.

use std::iter;

use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::{Validity, X509Certificate};
use x509_parser::der_parser::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use crate::format::printable;

/// The certificates of a handshake that failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// What the server sent, its own certificate first.
    pub(crate) sent: Vec<CertificateDer<'static>>,
    /// The files of `--ca-file`.
    pub(crate) given: Vec<CertificateDer<'static>>,
    /// Whether the certificates were found good, and the server's signature below the handshake was not.
    pub(crate) signature: bool,
}

/// Who said which name a server is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// The mapping said it: the name is its host.
    Mapping,
    /// The option `--sni` said it.
    Sni,
}

/// What is wrong, as in "certificate of db.local expired on 2024-05-01", and what helps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) why: String,
    pub(super) advice: String,
}

// === impl Verdict ===

impl Verdict {
    /// A fault for which an option of ours is the first advice.
    fn give(why: impl Into<String>, what: &str) -> Self {
        Self {
            why: why.into(),
            advice: format!("give {what}, or --insecure to try without"),
        }
    }

    /// A fault that must be mended at the server, or by whoever issues its certificate.
    fn mend(why: impl Into<String>, what: &str) -> Self {
        Self {
            why: why.into(),
            advice: format!("{what}, or give --insecure to try without"),
        }
    }
}

/// Why these certificates are refused, for `problem`, which were checked against a name that `named_by` gave.
pub(super) fn judge(problem: &CertificateError, shown: &Shown, named_by: NamedBy) -> Verdict {
    use CertificateError as C;
    let chain = Chain::read(&shown.sent);
    match problem {
        C::ExpiredContext { not_after, .. } => {
            chain.out_of_date(|dates| dates.not_after, *not_after, "expired on")
        }
        C::NotValidYetContext { not_before, .. } => {
            chain.out_of_date(|dates| dates.not_before, *not_before, "is not valid before")
        }
        C::Expired => Verdict::mend("expired", "renew it"),
        C::NotValidYet => Verdict::mend("is not valid yet", "renew it"),
        C::UnknownIssuer => chain.unknown_issuer(),
        C::NotValidForNameContext { presented, .. } => {
            let presented: Vec<String> = presented.iter().filter_map(|name| bare(name)).collect();
            wrong_name(&presented, named_by)
        }
        C::BadSignature => chain
            .unfit_rsa(&shown.given)
            .unwrap_or_else(|| chain.bad_signature(shown.signature)),
        C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            chain.unsupported(shown.signature)
        }
        C::BadEncoding => Verdict::mend("cannot be read", "replace it"),
        C::Revoked => Verdict::mend("was revoked", "replace it"),
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            Verdict::mend("is not a server's", "replace it")
        }
        // Errors of a crate that we see through rustls alone, by their texts; tests notice where these change.
        C::Other(other) => match other.to_string().as_str() {
            AUTHORITY => Verdict::give("is an authority's own", "it as --ca-file"),
            "UnsupportedCertVersion" => Verdict::mend(
                "has the first version of the form, which cannot be read",
                "replace it",
            ),
            other => Verdict::mend(format!("is not valid, {}", words(other)), "replace it"),
        },
        _ => Verdict::mend("is not valid", "replace it"),
    }
}

/// What is said of a certificate of an authority that stands where a server's is due.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// Whether a certificate of an authority stands where a server's is due.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string() == AUTHORITY)
}

/// The certificates that could be read, the server's own first.
struct Chain<'a>(Vec<X509Certificate<'a>>);

// === impl Chain ===

impl<'a> Chain<'a> {
    fn read(sent: &'a [CertificateDer<'_>]) -> Self {
        let certs = sent.iter().map_while(|der| {
            let (_, cert) = X509Certificate::from_der(der).ok()?;
            Some(cert)
        });
        Self(certs.collect())
    }

    /// What is wrong with the certificate at this place of the chain: `has` of the server's own, else of one that it relies
    /// on.
    fn told(&self, place: usize, has: &str) -> String {
        match self.0.get(place) {
            Some(cert) if place > 0 => format!("relies on {}, which {has}", name(cert.subject())),
            _ => has.to_owned(),
        }
    }

    /// One whose time is over or has not come, the one with this date.
    fn out_of_date(
        &self,
        end: impl Fn(&Validity) -> ASN1Time,
        at: UnixTime,
        when: &str,
    ) -> Verdict {
        let dated = |cert: &X509Certificate<'_>| {
            u64::try_from(end(cert.validity()).timestamp()) == Ok(at.as_secs())
        };
        let place = self.0.iter().position(dated).unwrap_or(0);
        let renew = if place == 0 {
            "renew it"
        } else {
            "renew that one"
        };
        Verdict::mend(self.told(place, &format!("{when} {}", date(at))), renew)
    }

    /// One whose signer is neither trusted nor sent.
    fn unknown_issuer(&self) -> Verdict {
        let [own, others @ ..] = self.0.as_slice() else {
            return Verdict::give("is signed by an unknown authority", "--ca-file");
        };
        if signed(own, own) {
            return Verdict::give("is signed by itself", "it as --ca-file");
        }
        // As far as those that were sent lead.
        let signer = |cert: &&'_ X509Certificate<'a>| others.iter().find(|by| signed(by, cert));
        let chain = iter::successors(Some(own), signer).take(self.0.len());
        let last = chain.last().unwrap_or(own);
        let issuer = name(last.issuer());
        if std::ptr::eq(last, own) {
            return Verdict::mend(
                format!("is signed by {issuer}, which is unknown here and was not sent along"),
                "give it as --ca-file, have the server send it",
            );
        }
        Verdict::give(
            format!("leads to {issuer}, which is unknown here"),
            "its certificate as --ca-file",
        )
    }

    /// An RSA key whose signatures are not verified, in a certificate that was sent or that signed one.
    fn unfit_rsa(&self, given: &[CertificateDer<'_>]) -> Option<Verdict> {
        let sent = self.0.iter().enumerate().rev();
        let mut sent = sent.filter_map(|(place, cert)| Some((place, unfit_rsa(cert)?)));
        if let Some((place, key)) = sent.next() {
            let why = self.told(place, &format!("has {key}"));
            return Some(Verdict::mend(why, "replace it"));
        }
        let given = Chain::read(given);
        let mut given = given.0.iter();
        given.find_map(|by| {
            let key = unfit_rsa(by).filter(|_| self.0.iter().any(|cert| signed(by, cert)))?;
            let why = format!("is signed by {} with {key}", name(by.subject()));
            Some(Verdict::mend(why, "replace both"))
        })
    }

    fn bad_signature(&self, handshake: bool) -> Verdict {
        match self.0.last() {
            _ if handshake => Verdict::mend(
                "is not the server's, which does not have its key",
                "give the server the right key",
            ),
            Some(last) => Verdict::give(
                format!(
                    "names {} as its signer, but the one of that name that is known has another key",
                    name(last.issuer())
                ),
                "the right --ca-file",
            ),
            None => Verdict::mend("has a wrong signature", "replace it"),
        }
    }

    /// A signature of a kind that is not verified.
    fn unsupported(&self, handshake: bool) -> Verdict {
        if handshake {
            let own = self.0.first();
            let key = own.map(|own| called(&own.public_key().algorithm.algorithm));
            let key = key.unwrap_or_else(|| "unknown".to_owned());
            let why = format!("has a key of a kind that is not supported ({key})");
            return Verdict::mend(why, "replace it");
        }
        let is_unfit = |(_, cert): &(usize, &X509Certificate<'_>)| {
            let kind = cert.signature_algorithm.algorithm.to_id_string();
            !ALGORITHMS.iter().any(|(id, _, ok)| *ok && *id == kind)
        };
        let why = match self.0.iter().enumerate().find(is_unfit) {
            Some((place, cert)) => {
                let kind = called(&cert.signature_algorithm.algorithm);
                self.told(
                    place,
                    &format!("is signed with {kind}, which is not accepted"),
                )
            }
            None => {
                "is signed with a key that does not go with the kind of its signature".to_owned()
            }
        };
        Verdict::mend(why, "replace it")
    }
}

/// Kinds of signatures and keys by their numbers, what they are called, and whether ring verifies such signatures in
/// certificates (RFC 3279, 4055, 5758, 8410).
const ALGORITHMS: [(&str, &str, bool); 16] = [
    ("1.2.840.113549.1.1.11", "RSA and SHA-256", true),
    ("1.2.840.113549.1.1.12", "RSA and SHA-384", true),
    ("1.2.840.113549.1.1.13", "RSA and SHA-512", true),
    ("1.2.840.113549.1.1.10", "RSA-PSS", true),
    ("1.2.840.10045.4.3.2", "ECDSA and SHA-256", true),
    ("1.2.840.10045.4.3.3", "ECDSA and SHA-384", true),
    ("1.3.101.112", "Ed25519", true),
    ("1.2.840.113549.1.1.4", "RSA and MD5", false),
    ("1.2.840.113549.1.1.5", "RSA and SHA-1", false),
    ("1.2.840.10045.4.1", "ECDSA and SHA-1", false),
    ("1.2.840.10045.4.3.4", "ECDSA and SHA-512", false),
    ("1.2.840.10040.4.3", "DSA and SHA-1", false),
    ("1.2.840.113549.1.1.1", "RSA", false),
    ("1.2.840.10045.2.1", "elliptic curve", false),
    ("1.2.840.10040.4.1", "DSA", false),
    ("1.3.101.113", "Ed448", false),
];

/// What a kind of signature or key is called, or its number.
fn called(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    let known = ALGORITHMS.iter().find(|(known, ..)| *known == id);
    known.map_or(id, |(_, name, _)| (*name).to_owned())
}

/// Whether `by` is named as the signer of a certificate.
fn signed(by: &X509Certificate<'_>, cert: &X509Certificate<'_>) -> bool {
    by.subject().as_raw() == cert.issuer().as_raw()
}

/// The RSA key of a certificate whose signatures are not verified, where it has one.
fn unfit_rsa(cert: &X509Certificate<'_>) -> Option<String> {
    let Ok(PublicKey::RSA(key)) = cert.public_key().parsed() else {
        return None;
    };
    let bits = key.key_size();
    // What ring verifies signatures of.
    let limit = match bits {
        2048..=8192 => return None,
        0..2048 => "fewer than 2048",
        _ => "more than 8192",
    };
    Some(format!(
        "an RSA key of {bits} bits, and {limit} are not verified"
    ))
}

/// A name in quotes: the common name, else the organisation, else all of it.
fn name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let attribute = name
        .iter_common_name()
        .chain(name.iter_organization())
        .next();
    let text = attribute.and_then(|attribute| attribute.as_str().ok());
    let text = text.map_or_else(|| name.to_string(), str::to_owned);
    if text.is_empty() {
        return "an authority without a name".to_owned();
    }
    format!("\"{}\"", printable(&text))
}

/// What a certificate says of names, and what to try where they do not fit: a name that it has, where it has a whole one.
fn wrong_name(presented: &[String], named_by: NamedBy) -> Verdict {
    const SHOWN: usize = 4;
    if presented.is_empty() {
        return Verdict {
            why: "names no host, and its common name does not count".to_owned(),
            advice: "give --insecure to try without".to_owned(),
        };
    }
    let shown = presented[..presented.len().min(SHOWN)].join(", ");
    let why = match presented.len().saturating_sub(SHOWN) {
        0 => format!("is for {shown}"),
        more => format!("is for {shown} and {more} more"),
    };
    let whole = presented.iter().find(|name| !name.starts_with('*'));
    let give = match (whole, named_by) {
        (Some(name), NamedBy::Mapping) => format!("--sni {name}"),
        (None, NamedBy::Mapping) => "--sni NAME".to_owned(),
        (Some(name), NamedBy::Sni) => format!("--sni {name} instead"),
        (None, NamedBy::Sni) => "another --sni".to_owned(),
    };
    Verdict::give(why, &give)
}

/// `DnsName("a.example")` and `IpAddress(10.0.0.1)` without the wrapping; `None` for what is not a host.
fn bare(name: &str) -> Option<String> {
    let (kind, inner) = name.strip_suffix(')')?.split_once('(')?;
    matches!(kind, "DnsName" | "IpAddress").then(|| printable(inner.trim_matches('"')))
}

/// A name of a program's own in words, `HandshakeFailure` as `handshake failure`; what is more than a name is left out.
pub(super) fn words(name: &str) -> String {
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    let mut line = String::new();
    for char in name[..end.unwrap_or(name.len())].chars() {
        if char.is_uppercase() && !line.is_empty() {
            line.push(' ');
        }
        line.extend(char.to_lowercase());
    }
    line
}

/// The day of a moment, `2024-05-01`, in UTC.
fn date(at: UnixTime) -> String {
    let time = i64::try_from(at.as_secs()).map(ASN1Time::from_timestamp);
    match time {
        Ok(Ok(time)) => time.to_datetime().date().to_string(),
        _ => "a day beyond the year 9999".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_right_around_leap_days() {
        for (secs, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (978_307_199, "2000-12-31"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(
                date(UnixTime::since_unix_epoch(Duration::from_secs(secs))),
                expected
            );
        }
    }
}
