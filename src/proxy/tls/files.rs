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
        let file = Given::new("--ca-file", path);
        for cert in file.certificates()? {
            let added = roots.add(cert.clone());
            added.map_err(|error| file.senseless(error))?;
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
        (Some(cert), Some(key)) => (
            Given::new("--client-cert", cert),
            Given::new("--client-key", key),
        ),
    };
    let chain = cert.certificates()?;
    let private = PrivateKeyDer::from_pem_slice(&key.text()?).map_err(|error| key.no_pem(error))?;
    match CertifiedKey::from_der(chain, private, provider) {
        Ok(certified) => Ok(Some(Arc::new(certified))),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let (cert, key) = (cert.path.to_owned(), key.path.to_owned());
            Err(TlsOptionError::Mismatch { cert, key })
        }
        Err(error @ rustls::Error::InvalidCertificate(_)) => Err(cert.senseless(error)),
        Err(error) => Err(key.senseless(error)),
    }
}

/// A file that an option names.
struct Given<'a> {
    option: &'static str,
    path: &'a Path,
}

// === impl Given ===

impl<'a> Given<'a> {
    fn new(option: &'static str, path: &'a Path) -> Self {
        Self { option, path }
    }

    /// Its certificates, at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsOptionError> {
        let text = self.text()?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match found {
            Ok(certs) if certs.is_empty() => Err(self.no_pem(pem::Error::NoItemsFound)),
            Ok(certs) => Ok(certs),
            Err(error) => Err(self.no_pem(error)),
        }
    }

    fn text(&self) -> Result<Vec<u8>, TlsOptionError> {
        let text = file::read(self.path, LONGEST);
        text.map_err(|error| self.unfit(&reason(&error), error))
    }

    /// Says that it is not in PEM form, without the reader's own words.
    fn no_pem(&self, error: pem::Error) -> TlsOptionError {
        let why = match &error {
            pem::Error::NoItemsFound if self.option == "--client-key" => {
                "no private key in PEM form in it, or an encrypted one"
            }
            pem::Error::NoItemsFound => "no certificate in PEM form in it",
            pem::Error::Base64Decode(_) => "its PEM text is damaged",
            pem::Error::MissingSectionEnd { .. } => "its PEM text has no end line",
            pem::Error::IllegalSectionStart { .. } => "its PEM text has a damaged begin line",
            other => &other.to_string(),
        };
        self.unfit(why, error)
    }

    /// Says that its certificate or key is in the right form but makes no sense.
    fn senseless(&self, error: rustls::Error) -> TlsOptionError {
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
        self.unfit(&why, error)
    }

    fn unfit(&self, why: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> TlsOptionError {
        TlsOptionError::File {
            option: self.option,
            path: self.path.to_owned(),
            why: why.to_owned(),
            source: source.into(),
        }
    }
}
