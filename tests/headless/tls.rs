//! TLS as the program tells of it, and the options about it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::session::{Session, client};

/// An upstream that greets each client over TLS and ends its socket, but not its TLS.
fn rude() -> SocketAddr {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let cert = params.self_signed(&key).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has both")
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            let mut stream = StreamOwned::new(session, socket);
            if stream
                .write_all(b"hello")
                .and_then(|()| stream.flush())
                .is_ok()
            {
                let _ = stream.sock.shutdown(Shutdown::Write);
                // Until the other side ends as well: bytes left unread would make a reset of it.
                let _ = stream.sock.read_to_end(&mut Vec::new());
            }
        }
    });
    addr
}

/// The program in front of such an upstream.
fn desk(options: &[&str]) -> (Session, SocketAddr) {
    let mapping = format!("0=tls://localhost:{}", rude().port());
    let args = [&["--headless", "--insecure", mapping.as_str()], options].concat();
    let mut session = Session::start(&args);
    let addr = session.address();
    (session, addr)
}

/// A connection from its start to its end: what was told of its TLS, and of its end.
fn visit(session: &mut Session, addr: SocketAddr) -> (Value, Value) {
    let mut stream = client(addr);
    let mut read = [0; 5];
    stream.read_exact(&mut read).expect("a greeting");
    assert_eq!(&read, b"hello");
    // An end, or a reset where that was asked for.
    let _ = stream.read(&mut [0; 1]);
    drop(stream);
    let secured = session.wait("secured");
    let closed = session.wait("closed");
    assert_eq!(secured["connection"], closed["connection"]);
    (secured, closed)
}

#[test]
fn a_handshake_and_an_end_without_notice_are_told() {
    let (mut session, addr) = desk(&[]);
    for resumed in [false, true] {
        let (secured, closed) = visit(&mut session, addr);
        assert_eq!(
            (&secured["version"], &secured["alpn"], &secured["resumed"]),
            (&json!("TLS 1.3"), &Value::Null, &json!(resumed))
        );
        assert!(secured["duration"].is_number());
        assert_eq!(
            (&closed["reason"], &closed["error"], &closed["note"]),
            (
                &json!("upstream_done"),
                &Value::Null,
                &json!("closed without close_notify")
            )
        );
    }
    let listed = session.ask("list", "done");
    assert_eq!(listed["proxies"][0]["tls"]["resumed"], true, "{listed}");
    assert_eq!(listed["proxies"][0]["failed"], 0, "{listed}");
    session.ask("quit", "done");
}

#[test]
fn the_strict_options_reach_the_engine() {
    let (mut session, addr) = desk(&["--strict-close", "--no-resumption"]);
    for _ in 0..2 {
        let (secured, closed) = visit(&mut session, addr);
        assert_eq!(secured["resumed"], false);
        assert_eq!(closed["reason"], "tls");
        let error = closed["error"].as_str().expect("an error");
        assert!(error.contains("closed without close_notify"), "{error}");
    }
    session.ask("quit", "done");
}

#[test]
fn words_say_the_same() {
    let mapping = format!("0=tls://localhost:{}", rude().port());
    let mut session = Session::start(&["--plain", "--insecure", &mapping]);
    let line = session.wait_words(&["listening on "]);
    let (_, rest) = line.split_once("listening on ").expect("an address");
    let addr = rest.split(' ').next().expect("an address");
    let mut stream = client(addr.parse().expect("an address and a port"));
    stream.read_to_end(&mut Vec::new()).expect("a plain end");
    drop(stream);
    session.wait_words(&["connection 1 upstream TLS 1.3 ok "]);
    session.wait_words(&["connection 1 closed: upstream done (closed without close_notify); "]);
}
