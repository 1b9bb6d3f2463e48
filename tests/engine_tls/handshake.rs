//! Whom TLS lets through, and what it says of the others.

use std::net::Ipv4Addr;

use faultboard::mapping::{Host, Mapping, Protocol};
use faultboard::proxy::dial::Dialed;
use faultboard::proxy::tls::{TlsConfigs, TlsOptions, UpstreamTls};
use faultboard::snapshot::Negotiated;
use rustls::SupportedProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Issued, Valid};
use crate::server::{ONLY_12, ONLY_13, Tls, accept, dial_with, line, listen, load, localhost};

/// A TLS server that echoes four bytes, and its mapping.
struct Echo {
    acceptor: TlsAcceptor,
    listener: TcpListener,
    mapping: Mapping,
}

impl Echo {
    async fn new(acceptor: TlsAcceptor, host: Host) -> Self {
        let (listener, mapping) = listen(Protocol::Https, host).await;
        Self {
            acceptor,
            listener,
            mapping,
        }
    }

    /// Dials; checks the echo where that succeeds.
    async fn reach(&self, tls: &UpstreamTls) -> Result<Negotiated, String> {
        let server = async {
            let socket = accept(&self.listener).await;
            let Ok(mut stream) = self.acceptor.accept(socket).await else {
                return;
            };
            let mut bytes = [0; 4];
            if stream.read_exact(&mut bytes).await.is_ok() {
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        };
        let client = async {
            let (dialed, ()) = dial_with(&self.mapping, tls, async {}).await;
            let Dialed { mut leg, tls, .. } = dialed.map_err(|error| error.to_string())?;
            let mut bytes = Vec::new();
            leg.write_all(b"echo")
                .await
                .map_err(|error| error.to_string())?;
            leg.read_to_end(&mut bytes)
                .await
                .map_err(|error| error.to_string())?;
            assert_eq!(bytes, b"echo");
            Ok(tls.expect("TLS"))
        };
        let (result, ()) = tokio::join!(client, server);
        // The port is the test's own, and new each time.
        result.map_err(|error: String| error.replace(&format!(":{}", self.mapping.port), ":PORT"))
    }
}

/// Dials such a server for the first time.
async fn echo(acceptor: &TlsAcceptor, tls: &TlsConfigs, host: Host) -> Result<Negotiated, String> {
    let server = Echo::new(acceptor.clone(), host).await;
    server.reach(&UpstreamTls::new(tls, &server.mapping)).await
}

/// The same with a server's certificate for these names, and nothing special about the server.
async fn reach(issued: Issued, options: &TlsOptions) -> Result<Negotiated, String> {
    echo(
        &Tls::default().acceptor(issued),
        &load(options),
        localhost(),
    )
    .await
}

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions {
        ca_files: vec![authority.ca_file()],
        ..TlsOptions::default()
    }
}

/// TLS without any option.
fn untrusting(mapping: &Mapping) -> UpstreamTls {
    UpstreamTls::new(&load(&TlsOptions::default()), mapping)
}

fn insecure() -> TlsOptions {
    TlsOptions {
        insecure: true,
        ..TlsOptions::default()
    }
}

#[tokio::test]
async fn a_ca_file_makes_its_certificates_good() {
    let authority = Authority::new();
    let issued = authority.issue(&["localhost"], Valid::Now);
    let agreed = reach(issued, &trusting(&authority)).await.unwrap();
    assert_eq!((agreed.version, agreed.resumed), ("TLS 1.3", false));
}

#[tokio::test]
async fn an_unknown_authority_is_refused_with_advice() {
    let authority = Authority::new();
    let issued = authority.issue(&["localhost"], Valid::Now);
    assert_eq!(
        reach(issued, &TlsOptions::default()).await.unwrap_err(),
        format!(
            "certificate of localhost is signed by \"{}\", which is unknown here and was not sent along: give it as --ca-file, have the server send it, or give --insecure to try without",
            authority.name()
        )
    );
}

#[tokio::test]
async fn insecure_accepts_every_certificate() {
    let authority = Authority::new();
    for (name, issued) in [
        ("unknown", authority.issue(&["localhost"], Valid::Now)),
        ("another's", authority.issue(&["other.test"], Valid::Now)),
        ("expired", authority.issue(&["localhost"], Valid::Past)),
        ("an authority's", Authority::own(&["localhost"], Valid::Now)),
        (
            "unreadable",
            authority.issue(&["localhost"], Valid::Now).in_version_1(),
        ),
    ] {
        assert!(reach(issued, &insecure()).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_the_servers_fault_and_nothing_to_insecure() {
    for versions in [ONLY_13, ONLY_12] {
        let authority = Authority::new();
        for (options, refused) in [
            (
                trusting(&authority),
                Some(
                    "certificate of localhost is not the server's, which does not have its key: give the server the right \
                     key, or give --insecure to try without",
                ),
            ),
            (insecure(), None),
        ] {
            let mut issued = authority.issue(&["localhost"], Valid::Now);
            issued.key = authority.issue(&["localhost"], Valid::Now).key;
            let server = Tls {
                versions,
                ..Tls::default()
            };
            let reached = echo(&server.acceptor(issued), &load(&options), localhost()).await;
            assert_eq!(reached.err().as_deref(), refused);
        }
    }
}

#[tokio::test]
async fn the_certificate_that_is_to_blame_is_named() {
    let root = Authority::new();
    let expired = root.under(Valid::Past);
    let issued = expired.issue(&["localhost"], Valid::Now).with(&expired);
    assert_eq!(
        reach(issued, &trusting(&root)).await.unwrap_err(),
        format!(
            "certificate of localhost relies on \"{}\", which expired on 2002-01-01: renew that one, or give --insecure to \
             try without",
            expired.name()
        )
    );
    let stranger = Authority::new();
    let middle = root.under(Valid::Now);
    let issue = || middle.issue(&["localhost"], Valid::Now).with(&middle);
    assert_eq!(
        reach(issue(), &trusting(&stranger)).await.unwrap_err(),
        format!(
            "certificate of localhost leads to \"{}\", which is unknown here: give its certificate as --ca-file, or \
             --insecure to try without",
            root.name()
        )
    );
    assert!(reach(issue(), &trusting(&root)).await.is_ok());
}

#[tokio::test]
async fn an_authority_of_the_same_name_with_another_key_is_not_taken_for_it() {
    let (known, other) = (Authority::named("Corp"), Authority::named("Corp"));
    let issued = other.issue(&["localhost"], Valid::Now);
    assert_eq!(
        reach(issued, &trusting(&known)).await.unwrap_err(),
        "certificate of localhost names \"Corp\" as its signer, but the one of that name that is known has another key: \
         give the right --ca-file, or --insecure to try without"
    );
}

#[tokio::test]
async fn a_wrong_name_is_refused_and_its_own_name_accepted() {
    let authority = Authority::new();
    let issue = || authority.issue(&["db.test", "*.test"], Valid::Now);
    let mut options = trusting(&authority);
    assert_eq!(
        reach(issue(), &options).await.unwrap_err(),
        "certificate of localhost is for db.test, *.test: give --sni db.test, or --insecure to try without"
    );
    options.sni = Some("db.test".to_owned());
    assert!(reach(issue(), &options).await.is_ok());
    // No advice that is in force already.
    options.sni = Some("web.example".to_owned());
    assert_eq!(
        reach(issue(), &options).await.unwrap_err(),
        "certificate of web.example is for db.test, *.test: give --sni db.test instead, or --insecure to try without"
    );
}

#[tokio::test]
async fn a_certificate_out_of_date_is_refused_with_its_date() {
    let authority = Authority::new();
    for (valid, expected) in [
        (Valid::Past, "expired on 2002-01-01"),
        (Valid::Future, "is not valid before 2900-01-01"),
    ] {
        let issued = authority.issue(&["localhost"], valid);
        assert_eq!(
            reach(issued, &trusting(&authority)).await.unwrap_err(),
            format!(
                "certificate of localhost {expected}: renew it, or give --insecure to try without"
            )
        );
    }
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_good_where_it_was_given() {
    let folder = Authority::new();
    for (issued, expected) in [
        (Authority::own(&["localhost"], Valid::Now), None),
        (
            Authority::own(&["other.test"], Valid::Now),
            Some("is for other.test: give --sni other.test, or --insecure to try without"),
        ),
        (
            Authority::own(&["localhost"], Valid::Past),
            Some("expired on 2002-01-01: renew it, or give --insecure to try without"),
        ),
    ] {
        let options = TlsOptions {
            ca_files: vec![folder.files(&issued).0],
            ..TlsOptions::default()
        };
        let expected = expected.map(|why| format!("certificate of localhost {why}"));
        assert_eq!(reach(issued, &options).await.err(), expected);
    }
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_asked_for() {
    let issued = Authority::own(&["localhost"], Valid::Now);
    assert_eq!(
        reach(issued, &TlsOptions::default()).await.unwrap_err(),
        "certificate of localhost is an authority's own: give it as --ca-file, or --insecure to try without"
    );
}

#[tokio::test]
async fn certificates_of_addresses_work() {
    let authority = Authority::new();
    let acceptor = Tls::default().acceptor(authority.issue(&["127.0.0.1"], Valid::Now));
    let host = Host::V4(Ipv4Addr::LOCALHOST);
    let said = echo(&acceptor, &load(&trusting(&authority)), host).await;
    assert!(said.is_ok(), "{said:?}");
}

#[tokio::test]
async fn https_offers_http_1_1_and_nothing_else() {
    let authority = Authority::new();
    let tls = load(&trusting(&authority));
    let issue = || authority.issue(&["localhost"], Valid::Now);
    let server = |alpn| Tls {
        alpn,
        ..Tls::default()
    };
    let both = server(&["h2", "http/1.1"]).acceptor(issue());
    let agreed = echo(&both, &tls, localhost()).await.unwrap();
    assert_eq!(agreed.alpn.as_deref(), Some("http/1.1"));
    let other = server(&["h2"]).acceptor(issue());
    assert_eq!(
        echo(&other, &tls, localhost()).await.unwrap_err(),
        "upstream localhost:PORT refused the TLS handshake: it speaks none of the protocols offered"
    );
}

/// A server that speaks this version alone, and the TLS that trusts it.
async fn resuming(versions: &'static [&SupportedProtocolVersion]) -> (Echo, TlsConfigs) {
    let authority = Authority::new();
    let server = Tls {
        versions,
        ..Tls::default()
    };
    let acceptor = server.acceptor(authority.issue(&["localhost"], Valid::Now));
    let tls = load(&trusting(&authority));
    (Echo::new(acceptor, localhost()).await, tls)
}

#[tokio::test]
async fn a_second_connection_resumes_the_session() {
    for versions in [ONLY_13, ONLY_12] {
        let (server, tls) = resuming(versions).await;
        let tls = UpstreamTls::new(&tls, &server.mapping);
        assert!(!server.reach(&tls).await.unwrap().resumed);
        assert!(server.reach(&tls).await.unwrap().resumed);
    }
}

#[tokio::test]
async fn without_resumption_every_handshake_is_a_full_one() {
    for versions in [ONLY_13, ONLY_12] {
        let options = TlsOptions {
            no_resumption: true,
            ..insecure()
        };
        let (server, _) = resuming(versions).await;
        let tls = UpstreamTls::new(&load(&options), &server.mapping);
        assert!(!server.reach(&tls).await.unwrap().resumed);
        assert!(!server.reach(&tls).await.unwrap().resumed);
    }
}

#[tokio::test]
async fn a_session_is_not_offered_to_another_upstream_of_the_same_name() {
    for versions in [ONLY_13, ONLY_12] {
        let (server, tls) = resuming(versions).await;
        // It would know the session: another port of a host, with the same keys.
        let other = Echo::new(server.acceptor.clone(), localhost()).await;
        let first = UpstreamTls::new(&tls, &server.mapping);
        assert!(!server.reach(&first).await.unwrap().resumed);
        let second = UpstreamTls::new(&tls, &other.mapping);
        assert!(!other.reach(&second).await.unwrap().resumed);
    }
}

#[tokio::test]
async fn a_client_certificate_is_asked_for_in_either_version() {
    let authority = Authority::new();
    for versions in [ONLY_13, ONLY_12] {
        let server = Tls {
            clients: Some(authority.roots()),
            versions,
            ..Tls::default()
        };
        let acceptor = server.acceptor(authority.issue(&["localhost"], Valid::Now));
        assert_eq!(
            echo(&acceptor, &load(&trusting(&authority)), localhost())
                .await
                .unwrap_err(),
            "upstream localhost:PORT asks for a client certificate: give --client-cert and --client-key"
        );
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (signer, accepted) in [(&authority, true), (&stranger, false)] {
        let server = Tls {
            clients: Some(authority.roots()),
            ..Tls::default()
        };
        let acceptor = server.acceptor(authority.issue(&["localhost"], Valid::Now));
        let (cert, key) = signer.files(&signer.issue(&["me"], Valid::Now));
        let options = TlsOptions {
            client_cert: Some(cert),
            client_key: Some(key),
            ..trusting(&authority)
        };
        let result = echo(&acceptor, &load(&options), localhost()).await;
        match result {
            Ok(_) => assert!(accepted),
            Err(error) => {
                assert!(!accepted, "{error}");
                assert_eq!(
                    error,
                    "upstream localhost:PORT does not accept the client certificate of --client-cert: unknown authority"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_plain_server_is_known_as_one() {
    for (protocol, instead) in [
        (Protocol::Https, "http:// or host:port"),
        (Protocol::Tls, "host:port"),
    ] {
        let (listener, mapping) = listen(protocol, localhost()).await;
        let server = async {
            let mut stream = accept(&listener).await;
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            stream
        };
        let (dialed, _stream) = dial_with(&mapping, &untrusting(&mapping), server).await;
        assert_eq!(
            line(dialed),
            format!(
                "upstream localhost:{} does not speak TLS: use {instead}",
                mapping.port
            )
        );
    }
}

#[tokio::test]
async fn an_upstream_that_hangs_up_on_the_handshake_is_told_of() {
    let (listener, mapping) = listen(Protocol::Tls, localhost()).await;
    let server = async {
        let mut stream = accept(&listener).await;
        // All of the first message, so that closing is an end and no reset.
        let mut header = [0; 5];
        stream.read_exact(&mut header).await.unwrap();
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        stream.read_exact(&mut hello).await.unwrap();
    };
    let (dialed, ()) = dial_with(&mapping, &untrusting(&mapping), server).await;
    assert_eq!(
        line(dialed),
        format!(
            "upstream localhost:{} closed the connection during the TLS handshake: does it speak TLS there?",
            mapping.port
        )
    );
}

#[tokio::test]
async fn a_silent_upstream_ends_at_the_deadline() {
    let (listener, mapping) = listen(Protocol::Tls, Host::V4(Ipv4Addr::LOCALHOST)).await;
    let server = async {
        let stream = accept(&listener).await;
        // From here on nothing happens, so the clock jumps to the deadline.
        tokio::time::pause();
        stream
    };
    let (dialed, _stream) = dial_with(&mapping, &untrusting(&mapping), server).await;
    let said = line(dialed);
    // The time that was given, not what the look-up and the connect left of it.
    let expected = format!(
        "no TLS handshake with 127.0.0.1:{} within 60s",
        mapping.port
    );
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_mapping_in_clear_text_speaks_no_tls() {
    let (listener, mapping) = listen(Protocol::Http, localhost()).await;
    let server = async { accept(&listener).await };
    let (dialed, mut stream) = dial_with(&mapping, &untrusting(&mapping), server).await;
    let Dialed {
        mut leg, addr, tls, ..
    } = dialed.unwrap();
    assert_eq!((tls, addr), (None, listener.local_addr().unwrap()));
    leg.write_all(b"as it is").await.unwrap();
    drop(leg);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"as it is");
}
