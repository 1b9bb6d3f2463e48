//! How the two ends of a handshake are judged: the upstream's certificate, and ours where the upstream asks for it.

use std::cell::Cell;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::explain::{is_authority, is_version_1};

tokio::task_local! {
    /// Whether the handshake that runs in this task was asked for a client certificate. rustls tells the resolver, which
    /// all handshakes share so that sessions can be resumed, and nobody else.
    pub(super) static ASKED: Cell<bool>;
}

/// Verifies the chain up to a root, the dates and the name.
///
/// A server's certificate may be its own authority's, as `openssl req -x509` and PostgreSQL's manual make them. As part of
/// a chain that is refused; where that very certificate was given with `--ca-file`, it is trusted for itself.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) chain: Arc<WebPkiServerVerifier>,
    pub(super) given: Vec<CertificateDer<'static>>,
}

/// Accepts any certificate, of `--insecure`. That the server has the certificate's key is checked all the same.
#[derive(Debug)]
pub(super) struct Unverified {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// Our own certificate, if any, for upstreams that ask; and a note of it that they asked.
#[derive(Debug)]
pub(super) struct ClientCert {
    pub(super) key: Option<Arc<CertifiedKey>>,
}

// === impl Verified ===

impl ServerCertVerifier for Verified {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self
            .chain
            .verify_server_cert(end_entity, intermediates, name, ocsp, now);
        match verdict {
            // The dates are checked before this is found, so only the name is left.
            Err(Error::InvalidCertificate(ref problem))
                if is_authority(problem) && self.given.iter().any(|cert| cert == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

// === impl Unverified ===

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        readable(verify_tls12_signature(
            message,
            cert,
            signed,
            &self.algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        readable(verify_tls13_signature(
            message,
            cert,
            signed,
            &self.algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Lets a certificate pass whose key cannot be read because it has the first version of the form, as OpenSSL before 3.2
/// makes them by default. Nothing is lost: whose key it is was not asked either.
fn readable(
    verdict: Result<HandshakeSignatureValid, Error>,
) -> Result<HandshakeSignatureValid, Error> {
    match verdict {
        Err(Error::InvalidCertificate(ref problem)) if is_version_1(problem) => {
            Ok(HandshakeSignatureValid::assertion())
        }
        verdict => verdict,
    }
}

// === impl ClientCert ===

impl ResolvesClientCert for ClientCert {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        // Fails outside of a handshake of ours alone, where nobody wants to know.
        let _ = ASKED.try_with(|asked| asked.set(true));
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
