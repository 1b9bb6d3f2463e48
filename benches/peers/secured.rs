//! Upstreams that speak TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::Row;
use super::own::Effort;
use super::program::Program;
use super::traffic::{crowd, exchange, median, rest, sink, upload};

/// What a server does with what it is sent.
#[derive(Clone)]
enum Manner {
    Count(Arc<AtomicU64>),
    Echo,
}

/// The certificate of `localhost`, and its file.
struct Identity {
    config: Arc<ServerConfig>,
    file: PathBuf,
    _folder: TempDir,
}

/// Uploads over TLS beside plain ones to the sink itself, and idle connections.
pub(crate) fn secured(runtime: &Runtime, effort: Effort) -> Row {
    let identity = Identity::new();
    let file = identity.file.to_str().expect("a path").to_owned();
    let (plain, plain_count) = sink();
    let count = Arc::<AtomicU64>::default();
    let counting = serve(runtime, &identity, &Manner::Count(Arc::clone(&count)));
    let right = |addr: SocketAddr| format!("tls://localhost:{}", addr.port());
    let program = Program::start(&right(counting), &["--ca-file", &file]);
    let (mut direct, mut proxied) = (Vec::new(), Vec::new());
    let warm = Duration::from_millis(400);
    for _ in 0..effort.rounds {
        direct.push(upload(plain, &plain_count, warm, effort.time));
        proxied.push(upload(program.addr, &count, warm, effort.time));
    }
    drop(program);
    let each = idle(runtime, &identity, right, &file);
    let (direct, proxied) = (median(direct), median(proxied));
    let ratio = proxied / direct;
    Row::new(
        "plain -> TLS bulk, of direct plain; idle TLS connection",
        ">= 0.2; <= 20 KiB",
        format!("{ratio:.2} of {direct:.2} GiB/s; {each:.1} KiB"),
        ratio >= 0.2 && each <= 20.0,
    )
}

/// What a connection takes after 64 KiB each way, in KiB.
fn idle(
    runtime: &Runtime,
    identity: &Identity,
    right: impl Fn(SocketAddr) -> String,
    file: &str,
) -> f64 {
    const CONNS: usize = 1_000;
    let echoing = serve(runtime, identity, &Manner::Echo);
    let program = Program::start(&right(echoing), &["--ca-file", file]);
    rest(Duration::from_millis(500));
    let before = program.process().pss();
    let mut clients = crowd(program.addr, CONNS);
    let block = vec![5; 64 << 10];
    for client in &mut clients {
        exchange(client, &block);
    }
    rest(Duration::from_secs(2));
    (program.process().pss() - before) / CONNS as f64
}

fn serve(runtime: &Runtime, identity: &Identity, manner: &Manner) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
    let manner = manner.clone();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, manner) = (acceptor.clone(), manner.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut block = vec![0; 64 << 10];
                while let Ok(n @ 1..) = stream.read(&mut block).await {
                    match &manner {
                        Manner::Count(count) => {
                            count.fetch_add(n as u64, Ordering::Relaxed);
                        }
                        Manner::Echo => {
                            let _ = stream.write_all(&block[..n]).await;
                            let _ = stream.flush().await;
                        }
                    }
                }
            });
        }
    });
    addr
}

// === impl Identity ===

impl Identity {
    fn new() -> Self {
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("a certificate");
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("cert.pem");
        std::fs::write(&file, cert.pem()).expect("a file");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("its versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate with its key");
        Self {
            config: Arc::new(config),
            file,
            _folder: folder,
        }
    }
}
