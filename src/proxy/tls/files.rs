//! The files of the options: roots, our certificate, its key. Errors name the option and the file.

use std::path::Path;
use std::sync::Arc;

use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::verify::{Unverified, Verified};
use super::{TlsOptionError, TlsOptions};

/// What judges upstreams' certificates: Mozilla's roots and those given, or nothing.
pub(super) fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsOptionError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut given = Vec::new();
    for path in &options.ca_files {
        for cert in certificates("--ca-file", path)? {
            roots
                .add(cert.clone())
                .map_err(|source| content("--ca-file", path, source))?;
            given.push(cert);
        }
    }
    if options.insecure {
        let algorithms = provider.signature_verification_algorithms;
        let verified = algorithms.supported_schemes();
        return Ok(Arc::new(Unverified { verified }));
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| TlsOptionError::Config {
            source: rustls::Error::General(error.to_string()),
        })?;
    Ok(Arc::new(Verified { chain, given }))
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
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|source| unreadable("--client-key", key, source))?;
    match CertifiedKey::from_der(chain, private, provider) {
        Ok(certified) => Ok(Some(Arc::new(certified))),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let (cert, key) = (cert.clone(), key.clone());
            Err(TlsOptionError::Mismatch { cert, key })
        }
        Err(source @ rustls::Error::InvalidCertificate(_)) => {
            Err(content("--client-cert", cert, source))
        }
        Err(source) => Err(content("--client-key", key, source)),
    }
}

/// The certificates of a file, at least one.
fn certificates(
    option: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsOptionError> {
    let found =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(certs) if certs.is_empty() => Err(unreadable(option, path, pem::Error::NoItemsFound)),
        Ok(certs) => Ok(certs),
        Err(source) => Err(unreadable(option, path, source)),
    }
}

fn unreadable(option: &'static str, path: &Path, source: pem::Error) -> TlsOptionError {
    let path = path.to_owned();
    TlsOptionError::Pem {
        option,
        path,
        source,
    }
}

fn content(option: &'static str, path: &Path, source: rustls::Error) -> TlsOptionError {
    let path = path.to_owned();
    TlsOptionError::Content {
        option,
        path,
        source,
    }
}
