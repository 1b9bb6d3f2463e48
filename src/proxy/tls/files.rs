//! The files of the options: roots, our certificate, its key. Errors name the option and the file.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InconsistentKeys, RootCertStore};

use super::certificate::{NamedBy, Shown, judge};
use super::verify::Verifier;
use super::{TlsOptionError, TlsOptions};
use crate::file;
use crate::format::{one_line, reason};

/// No bundle of certificates and no key is longer, in MiB.
const LONGEST: u64 = 16;

/// What judges upstreams' certificates, by Mozilla's roots and those given.
pub(super) fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, TlsOptionError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut given = Vec::new();
    for path in &options.ca_files {
        for cert in certificates("--ca-file", path)? {
            roots
                .add(cert.clone())
                .map_err(|error| senseless("--ca-file", path, error))?;
            given.push(cert);
        }
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| TlsOptionError::Config {
            source: rustls::Error::General(error.to_string()),
        })?;
    Ok(Verifier {
        chain,
        given,
        insecure: options.insecure,
    })
}

/// Our certificate with its key, if there is one.
pub(super) fn client_key(
    options: &TlsOptions,
    provider: &CryptoProvider,
) -> Result<Option<Arc<CertifiedKey>>, TlsOptionError> {
    let half = |given, missing| Err(TlsOptionError::Half { given, missing });
    let (cert, key) = match (&options.client_cert, &options.client_key) {
        (None, None) => return Ok(None),
        (Some(_), None) => return half("--client-cert", "--client-key"),
        (None, Some(_)) => return half("--client-key", "--client-cert"),
        (Some(cert), Some(key)) => (cert, key),
    };
    let chain = certificates("--client-cert", cert)?;
    let private = PrivateKeyDer::from_pem_slice(&text("--client-key", key)?)
        .map_err(|error| no_pem("--client-key", key, error))?;
    match CertifiedKey::from_der(chain, private, provider) {
        Ok(certified) => Ok(Some(Arc::new(certified))),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let (cert, key) = (cert.clone(), key.clone());
            Err(TlsOptionError::Mismatch { cert, key })
        }
        Err(error @ rustls::Error::InvalidCertificate(_)) => {
            Err(senseless("--client-cert", cert, error))
        }
        Err(error) => Err(senseless("--client-key", key, error)),
    }
}

/// The certificates of a file, at least one.
fn certificates(
    option: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsOptionError> {
    let text = text(option, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(certs) if certs.is_empty() => Err(no_pem(option, path, pem::Error::NoItemsFound)),
        Ok(certs) => Ok(certs),
        Err(error) => Err(no_pem(option, path, error)),
    }
}

fn text(option: &'static str, path: &Path) -> Result<Vec<u8>, TlsOptionError> {
    file::read(path, LONGEST).map_err(|error| unfit(option, path, reason(&error), error))
}

/// A file that is not in PEM form, without the reader's own words.
fn no_pem(option: &'static str, path: &Path, error: pem::Error) -> TlsOptionError {
    let why = match &error {
        pem::Error::NoItemsFound if option == "--client-key" => {
            "no private key in PEM form in it, or an encrypted one"
        }
        pem::Error::NoItemsFound => "no certificate in PEM form in it",
        pem::Error::Base64Decode(_) => "its PEM text is damaged",
        pem::Error::MissingSectionEnd { .. } => "its PEM text has no end line",
        pem::Error::IllegalSectionStart { .. } => "its PEM text has a damaged begin line",
        other => &other.to_string(),
    };
    unfit(option, path, why.to_owned(), error)
}

/// A certificate or key that is in the right form but makes no sense.
fn senseless(option: &'static str, path: &Path, error: rustls::Error) -> TlsOptionError {
    let why = match &error {
        rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
            "its certificate is damaged".to_owned()
        }
        rustls::Error::InvalidCertificate(problem) => {
            let verdict = judge(problem, &Shown::default(), NamedBy::Mapping);
            format!("its certificate {}", verdict.why)
        }
        rustls::Error::General(text) => one_line(text),
        other => one_line(&other.to_string()),
    };
    unfit(option, path, why, error)
}

fn unfit(
    option: &'static str,
    path: &Path,
    why: String,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> TlsOptionError {
    TlsOptionError::File {
        option,
        path: path.to_owned(),
        why,
        source: source.into(),
    }
}
