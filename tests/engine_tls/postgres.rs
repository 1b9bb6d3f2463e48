//! PostgreSQL's way to TLS, against servers that behave and servers that do not.

use faultboard::mapping::{Mapping, Protocol};
use faultboard::proxy::dial::Dialed;
use faultboard::proxy::leg::Leg;
use faultboard::proxy::postgres::{First, negotiate_client, reply};
use faultboard::proxy::tls::{TlsOptions, UpstreamTls};
use faultboard::proxy::{TlsError, UpstreamError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Valid};
use crate::server::{Tls, accept, deadline, dial_with, line, listen, load, localhost};

const SSL: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";
const OFFER: &[u8] = b"R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
const FILTERED: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";

/// A server with TLS, the listener of it, its mapping, and what trusts it.
struct Database {
    listener: TcpListener,
    mapping: Mapping,
    acceptor: TlsAcceptor,
    tls: UpstreamTls,
}

impl Database {
    async fn new() -> Self {
        let authority = Authority::new();
        let server = Tls {
            alpn: &["postgresql"],
            ..Tls::default()
        };
        let (listener, mapping) = listen(Protocol::Psqls, localhost()).await;
        let tls = load(&TlsOptions {
            ca_files: vec![authority.ca_file()],
            ..TlsOptions::default()
        });
        Self {
            listener,
            acceptor: server.acceptor(authority.issue(&["localhost"], Valid::Now)),
            tls: UpstreamTls::new(&tls, &mapping),
            mapping,
        }
    }

    /// Accepts, reads the request for TLS and sends this answer.
    async fn answer(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = accept(&self.listener).await;
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(request, SSL);
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Dials, and says what the server of this answer leads to; the server must see nothing else, then the end.
    async fn refused(&self, answer: &[u8]) -> TlsError {
        let server = async {
            let mut stream = self.answer(answer).await;
            stream.shutdown().await.unwrap();
            let mut more = Vec::new();
            // A reset is an end as well: bytes of ours may lie unread.
            let _ = stream.read_to_end(&mut more).await;
            assert_eq!(more, b"", "clear text for a server without TLS");
        };
        let (dialed, ()) = dial_with(&self.mapping, &self.tls, server).await;
        match dialed.expect_err("a failure") {
            UpstreamError::Tls(error) => error,
            UpstreamError::Dial(error) => panic!("{error}"),
        }
    }

    fn upstream(&self) -> String {
        self.mapping.upstream()
    }
}

#[tokio::test]
async fn a_server_with_tls_gets_the_startup_and_its_offer_is_filtered() {
    let database = Database::new().await;
    let server = async {
        let stream = database.answer(b"S").await;
        let mut stream = database.acceptor.accept(stream).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.alpn_protocol(), Some(&b"postgresql"[..]));
        assert_eq!(session.server_name(), Some("localhost"));
        let mut startup = vec![0; STARTUP.len()];
        stream.read_exact(&mut startup).await.unwrap();
        assert_eq!(startup, STARTUP);
        stream.write_all(OFFER).await.unwrap();
        stream.write_all(OFFER).await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let client = async {
        let (dialed, ()) = dial_with(&database.mapping, &database.tls, async {}).await;
        let Dialed { mut leg, tls, .. } = dialed.unwrap();
        let agreed = tls.expect("TLS");
        assert_eq!(agreed.alpn.as_deref(), Some("postgresql"));
        leg.write_all(STARTUP).await.unwrap();
        let mut read = Vec::new();
        leg.read_to_end(&mut read).await.unwrap();
        // What comes behind the first offer is not looked at.
        assert_eq!(read, [FILTERED, OFFER].concat());
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_server_without_tls_gets_no_clear_text_and_the_client_an_error() {
    let database = Database::new().await;
    let error = database.refused(b"N").await;
    assert_eq!(
        error.to_string(),
        format!(
            "upstream {} offers no TLS: psqls:// never falls back to clear text, use psql:// if that will do",
            database.upstream()
        )
    );
    let answer = reply(&error);
    assert_eq!(answer[0], b'E');
    let fields = format!("SFATAL\0VFATAL\0C08P01\0Mfaultboard: {error}\0\0");
    assert_eq!(&answer[5..], fields.as_bytes());
    let length = u32::from_be_bytes([answer[1], answer[2], answer[3], answer[4]]);
    assert_eq!(length as usize, answer.len() - 1);
}

#[tokio::test]
async fn an_error_in_place_of_an_answer_is_passed_on_as_it_is() {
    let database = Database::new().await;
    let body = b"SFATAL\0C53300\0Msorry, too many clients already\0\0";
    let length = u32::try_from(body.len() + 4).unwrap();
    let sent = [&b"E"[..], &length.to_be_bytes(), body].concat();
    for sent in [&sent[..], b"Ecould not fork\n\0"] {
        let error = database.refused(sent).await;
        assert_eq!(reply(&error), sent);
        let said = error.to_string();
        assert!(
            said.ends_with("with an error: sorry, too many clients already")
                || said.ends_with("with an error: could not fork"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn clear_text_behind_the_agreement_is_refused() {
    let database = Database::new().await;
    let error = database.refused(b"SR\0\0\0\x08\0\0\0\0").await;
    assert_eq!(
        error.to_string(),
        format!(
            "upstream {} sent clear text before the TLS handshake: refused",
            database.upstream()
        )
    );
}

#[tokio::test]
async fn what_is_no_answer_is_not_postgresql() {
    let database = Database::new().await;
    for (answer, why) in [
        (&b"H"[..], "it answered \"H\" to the request for TLS"),
        (
            b"",
            "it closed the connection instead of answering the request for TLS",
        ),
    ] {
        let error = database.refused(answer).await;
        assert_eq!(
            error.to_string(),
            format!(
                "upstream {} does not speak PostgreSQL: {why}",
                database.upstream()
            )
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused_as_elsewhere() {
    let database = Database::new().await;
    let server = async {
        let stream = database.answer(b"S").await;
        database.acceptor.accept(stream).await.map(drop)
    };
    let nobody = UpstreamTls::new(&load(&TlsOptions::default()), &database.mapping);
    let (dialed, accepted) = dial_with(&database.mapping, &nobody, server).await;
    assert!(accepted.is_err());
    let said = line(dialed);
    assert!(
        said.starts_with("certificate of localhost is signed by "),
        "{said}"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_ends_at_the_deadline() {
    let database = Database::new().await;
    let server = async {
        let stream = database.answer(b"").await;
        // From here on nothing happens, so the clock jumps to the deadline.
        tokio::time::pause();
        stream
    };
    let (dialed, _stream) = dial_with(&database.mapping, &database.tls, server).await;
    let said = line(dialed);
    assert!(
        said.starts_with("no TLS handshake with localhost:"),
        "{said}"
    );
}

#[tokio::test]
async fn channel_binding_alone_ends_with_an_error_for_the_client() {
    let database = Database::new().await;
    let server = async {
        let stream = database.answer(b"S").await;
        let mut stream = database.acceptor.accept(stream).await.unwrap();
        let offer = b"R\0\0\0\x1c\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0";
        stream.write_all(offer).await.unwrap();
        stream
    };
    let (dialed, _stream) = dial_with(&database.mapping, &database.tls, server).await;
    let mut leg = dialed.unwrap().leg;
    let mut read = Vec::new();
    leg.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, reply(leg.refusal().expect("a reason")));
}

#[tokio::test]
async fn a_client_in_clear_text_is_led_to_its_cancel_request() {
    const CANCEL: &[u8] = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x2a\x01\x02\x03\x04";
    let (listener, mapping) = listen(Protocol::Psql, localhost()).await;
    let nothing = UpstreamTls::new(&load(&TlsOptions::default()), &mapping);
    let (dialed, accepted) = dial_with(&mapping, &nothing, accept(&listener)).await;
    let mut client = dialed.unwrap().leg;
    let mut ours = Leg::clear(accepted);
    let ask = async {
        let mut answer = [0];
        client.write_all(&SSL).await.unwrap();
        client.read_exact(&mut answer).await.unwrap();
        client.write_all(CANCEL).await.unwrap();
        answer
    };
    let (first, answer) = tokio::join!(negotiate_client(&mut ours, deadline()), ask);
    assert_eq!(&answer, b"N");
    assert_eq!(
        first.unwrap(),
        First {
            bytes: CANCEL.to_vec(),
            rest: Vec::new(),
            cancel: true,
        }
    );
}
