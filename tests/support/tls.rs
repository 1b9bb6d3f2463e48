//! Certificates of an authority that nobody else trusts, and servers that use them.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::serve;

/// The name of an authority's own certificate.
const CA_FILE: &str = "ca.crt";

/// An authority, and a folder for its files.
pub struct Authority {
    cert: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate with its key.
pub struct Issued {
    cert: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate as a file.
    pub cert_file: PathBuf,
    /// Its key as a file.
    pub key_file: PathBuf,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Valid {
    /// Before and after every test.
    Now,
    /// Until the end of 2001.
    Past,
}

/// Whom a server speaks to.
#[derive(Clone, Copy)]
pub enum Clients<'a> {
    /// Anybody.
    Any,
    /// Those with a certificate of this authority.
    Of(&'a Authority),
}

// === impl Authority ===

impl Authority {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut params = params(&[], Valid::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own, so that no two are taken for each other.
        let name = folder.path().display().to_string();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate");
        let authority = Self {
            cert,
            issuer: Issuer::new(params, key),
            folder,
        };
        // Written here and never again: tests at the same time share an authority, and a file is empty while it is
        // written anew.
        authority.file(CA_FILE, &authority.cert.pem());
        authority
    }

    /// A certificate for these names, signed by the authority. Its files live as long as the authority.
    pub fn issue(&self, names: &[&str], valid: Valid) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let cert = params(names, valid)
            .signed_by(&key, &self.issuer)
            .expect("a certificate");
        let stem = names.join("+");
        Issued {
            cert: cert.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            cert_file: self.file(&format!("{stem}.crt"), &cert.pem()),
            key_file: self.file(&format!("{stem}.key"), &key.serialize_pem()),
        }
    }

    /// The authority's own certificate as a file.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join(CA_FILE)
    }

    /// Writes a file that is not there yet.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut file = File::create_new(&path).expect("a file of this name is written once");
        file.write_all(text.as_bytes()).expect("a file is written");
        path
    }
}

fn params(names: &[&str], valid: Valid) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names and addresses");
    let until = match valid {
        Valid::Now => 4096,
        Valid::Past => 2002,
    };
    params.not_before = date_time_ymd(1975, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}

// === servers ===

/// An HTTP/1.1 server behind TLS that tells each client what the handshake agreed on: `alpn=http/1.1 sni=localhost
/// client=none`, or sends as many bytes of the pattern as the path says.
pub async fn https(issued: &Issued, clients: Clients<'_>) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config(issued, clients)));
    serve(move |socket| {
        let acceptor = acceptor.clone();
        async move {
            // A client that refuses the certificate is what some tests are about.
            let Ok(mut stream) = acceptor.accept(socket).await else {
                return;
            };
            while let Some(path) = request(&mut stream).await {
                let body = match path.trim_start_matches('/').parse() {
                    Ok(len) => super::pattern(len),
                    Err(_) => agreed(stream.get_ref().1).into_bytes(),
                };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let answer = [head.into_bytes(), body].concat();
                if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// It would rather speak HTTP/2, so that a client that offers it is caught.
pub fn config(issued: &Issued, clients: Clients<'_>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has both");
    let builder = match clients {
        Clients::Any => builder.with_no_client_auth(),
        Clients::Of(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.cert.der().clone()).expect("a root");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    let mut config = builder
        .with_single_cert(vec![issued.cert.clone()], issued.key.clone_key())
        .expect("a certificate and its key");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// The path of the next request, once its head is whole.
async fn request(stream: &mut tokio_rustls::server::TlsStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head);
    head.split(' ').nth(1).map(str::to_owned)
}

fn agreed(session: &ServerConnection) -> String {
    let alpn = session
        .alpn_protocol()
        .map_or("none".into(), String::from_utf8_lossy);
    let client = session.peer_certificates().map_or("none", |_| "known");
    let sni = session.server_name().unwrap_or("none");
    format!("alpn={alpn} sni={sni} client={client}")
}
