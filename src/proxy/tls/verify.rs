//! How the two ends of a handshake are judged: the upstream's certificate, and ours where the upstream asks for it.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::{Shown, is_authority};

tokio::task_local! {
    /// What the handshake that runs in this task has met. rustls tells the verifier and the resolver, which all handshakes
    /// share so that sessions can be resumed, and nobody else.
    pub(super) static MET: RefCell<Met>;
}

/// What a handshake has met that its explanation needs, should it fail.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// Whether it was asked for a client certificate.
    pub(super) asked: bool,
    /// The certificates that were refused.
    pub(super) shown: Shown,
}

/// Verifies the chain up to a root, the dates and the name.
///
/// A server's certificate may be its own authority's, as `openssl req -x509` and PostgreSQL's manual make them. As part of
/// a chain that is refused; where that very certificate was given with `--ca-file`, it is trusted for itself.
///
/// With `--insecure`, any certificate is accepted. Whether the server has its key is not asked either: whose key it is,
/// nobody knows, and keys and signatures that ring cannot verify are what the option is given for.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) chain: Arc<WebPkiServerVerifier>,
    pub(super) given: Vec<CertificateDer<'static>>,
    pub(super) insecure: bool,
}

/// What `--insecure` lets a server sign with besides what can be verified.
const UNVERIFIED: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1_Legacy,
];

/// Our own certificate, if any, for upstreams that ask; and a note of it that they asked.
#[derive(Debug)]
pub(super) struct ClientCert {
    pub(super) key: Option<Arc<CertifiedKey>>,
}

// === impl Verifier ===

impl Verifier {
    /// Keeps what was refused for the explanation.
    fn note(&self, sent: impl IntoIterator<Item = CertificateDer<'static>>, signature: bool) {
        let shown = Shown {
            sent: sent.into_iter().collect(),
            given: self.given.clone(),
            signature,
        };
        // Fails outside of a handshake of ours alone, where nobody wants to know.
        let _ = MET.try_with(|met| met.borrow_mut().shown = shown);
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.insecure {
            return Ok(ServerCertVerified::assertion());
        }
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
            Err(error) => {
                let sent = [end_entity].into_iter().chain(intermediates);
                self.note(sent.map(|cert| cert.clone().into_owned()), false);
                Err(error)
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
        if self.insecure {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let verdict = self.chain.verify_tls12_signature(message, cert, signed);
        verdict.inspect_err(|_| self.note([cert.clone().into_owned()], true))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.insecure {
            return Ok(HandshakeSignatureValid::assertion());
        }
        let verdict = self.chain.verify_tls13_signature(message, cert, signed);
        verdict.inspect_err(|_| self.note([cert.clone().into_owned()], true))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.chain.supported_verify_schemes();
        if self.insecure {
            schemes.extend(UNVERIFIED);
        }
        schemes
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
        let _ = MET.try_with(|met| met.borrow_mut().asked = true);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
