//! How the ends of a TLS stream pass through a running proxy, and what is said of them.

use std::io::{ErrorKind, Write};

use faultboard::fault::Plan;
use faultboard::proxy::tls::TlsOptions;
use faultboard::snapshot::{CloseReason, LegName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::authority::Authority;
use crate::desk::Desk;
use crate::server::{ONLY_13, Tls};

/// Bytes that do not repeat soon.
fn bytes(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn an_end_by_the_client_is_a_close_notify_and_the_answer_still_comes() {
    let mut desk = Desk::start().await;
    let (mut client, mut server) = desk.connect().await;
    let sent = bytes(1 << 18);
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let answer = async {
        let mut asked = Vec::new();
        // An end without `close_notify` would be an error here.
        server.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, b"question");
        server.write_all(&sent).await.unwrap();
        server.shutdown().await.unwrap();
    };
    let mut read = Vec::new();
    let ((), received) = tokio::join!(answer, client.read_to_end(&mut read));
    received.unwrap();
    assert!(read == sent);
    assert_eq!(desk.closed().await, (CloseReason::ClientDone, false));
}

#[tokio::test]
async fn an_end_by_the_upstream_with_close_notify_leaves_the_way_up_open() {
    let mut desk = Desk::start().await;
    let (mut client, mut server) = desk.connect().await;
    server.write_all(b"welcome, and that is all").await.unwrap();
    server.shutdown().await.unwrap();
    let mut read = Vec::new();
    client.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"welcome, and that is all");
    client.write_all(b"thanks").await.unwrap();
    client.shutdown().await.unwrap();
    let mut thanked = Vec::new();
    server.read_to_end(&mut thanked).await.unwrap();
    assert_eq!(thanked, b"thanks");
    assert_eq!(desk.closed().await, (CloseReason::UpstreamDone, false));
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_plain_end_that_is_marked() {
    let mut desk = Desk::start().await;
    let (mut client, mut server) = desk.connect().await;
    let sent = bytes(1 << 18);
    let serve = async {
        server.write_all(&sent).await.unwrap();
        server.flush().await.unwrap();
        // Below TLS.
        server.get_mut().0.shutdown().await.unwrap();
    };
    let mut read = Vec::new();
    let ((), received) = tokio::join!(serve, client.read_to_end(&mut read));
    received.expect("a plain end");
    assert!(read == sent);
    client.write_all(b"still there").await.unwrap();
    client.shutdown().await.unwrap();
    let mut late = Vec::new();
    server.read_to_end(&mut late).await.unwrap();
    assert_eq!(late, b"still there");
    let (reason, truncated) = desk.closed().await;
    assert_eq!((&reason, truncated), (&CloseReason::UpstreamDone, true));
    assert!(!reason.failed());
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_reset_where_that_is_asked_for() {
    let strict = TlsOptions {
        strict_close: true,
        ..TlsOptions::default()
    };
    for client_is_done in [false, true] {
        let mut desk = Desk::with(strict.clone()).await;
        let (mut client, mut server) = desk.connect().await;
        if client_is_done {
            client.shutdown().await.unwrap();
            assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
        }
        server.write_all(b"part").await.unwrap();
        server.flush().await.unwrap();
        let mut part = [0; 4];
        client.read_exact(&mut part).await.unwrap();
        assert_eq!(&part, b"part");
        server.get_mut().0.shutdown().await.unwrap();
        let error = client.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let why = format!(
            "upstream {} closed without close_notify: there may have been more to come",
            desk.upstream
        );
        assert_eq!(desk.closed().await, (CloseReason::Tls(why), false));
    }
}

#[tokio::test]
async fn a_strict_end_with_close_notify_is_an_end() {
    let mut desk = Desk::with(TlsOptions {
        strict_close: true,
        ..TlsOptions::default()
    })
    .await;
    let (mut client, mut server) = desk.connect().await;
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(desk.closed().await, (CloseReason::UpstreamDone, false));
}

#[tokio::test]
async fn a_reset_by_the_upstream_stays_one() {
    let mut desk = Desk::start().await;
    let (mut client, server) = desk.connect().await;
    server.get_ref().0.set_zero_linger().unwrap();
    drop(server);
    let error = client.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let reason = CloseReason::Io {
        leg: LegName::Upstream,
        error: "connection reset".to_owned(),
    };
    assert_eq!(desk.closed().await, (reason, false));
}

#[tokio::test]
async fn a_reset_by_the_client_reaches_the_upstream() {
    let mut desk = Desk::start().await;
    let (client, mut server) = desk.connect().await;
    client.set_zero_linger().unwrap();
    drop(client);
    let error = server.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(!desk.closed().await.1);
}

#[tokio::test]
async fn the_fault_reset_is_a_reset_to_both_peers_under_tls_too() {
    let mut desk = Desk::start().await;
    let (mut client, mut server) = desk.connect().await;
    client.write_all(b"hello").await.unwrap();
    server.read_exact(&mut [0; 5]).await.unwrap();
    let (id, _) = desk.engine.proxies().remove(0);
    let reset = faultboard::fault::language::parse("reset").unwrap();
    let taken = desk.engine.set_plan(id, Plan::of(reset)).await.unwrap();
    assert_eq!(taken.taken, taken.of);
    let [of_client, of_server] = [
        client.read(&mut [0]).await.unwrap_err(),
        server.read(&mut [0]).await.unwrap_err(),
    ];
    assert_eq!(of_client.kind(), ErrorKind::ConnectionReset);
    assert_eq!(of_server.kind(), ErrorKind::ConnectionReset);
    assert_eq!(desk.closed().await, (CloseReason::Fault("reset"), false));
}

#[tokio::test]
async fn the_fault_close_ends_tls_in_order() {
    let mut desk = Desk::start().await;
    let (id, _) = desk.engine.proxies().remove(0);
    let close = faultboard::fault::language::parse("close after=5B up").unwrap();
    desk.engine.set_plan(id, Plan::of(close)).await.unwrap();
    let (mut client, mut server) = desk.connect().await;
    client.write_all(b"hello, and more").await.unwrap();
    let mut read = Vec::new();
    // An end without `close_notify` would be an error here.
    server.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"hello");
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    drop((client, server));
    assert_eq!(desk.closed().await, (CloseReason::Fault("close"), false));
}

#[tokio::test]
async fn bytes_ahead_of_a_broken_record_reach_the_client() {
    let mut desk = Desk::start().await;
    let (mut client, mut server) = desk.connect().await;
    let good = bytes(1_250);
    let (socket, session) = server.get_mut();
    session.writer().write_all(&good).unwrap();
    let mut wire = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut wire).unwrap();
    }
    // A record whose seal is wrong, in the same segment.
    wire.extend([0x17, 3, 3, 0, 32]);
    wire.extend([0; 32]);
    socket.write_all(&wire).await.unwrap();
    let mut read = Vec::new();
    let error = client.read_to_end(&mut read).await.unwrap_err();
    assert_eq!((read, error.kind()), (good, ErrorKind::ConnectionReset));
    let (reason, truncated) = desk.closed().await;
    assert!(
        matches!(reason, CloseReason::Tls(_)) && !truncated,
        "{reason}"
    );
}

#[tokio::test]
async fn a_refused_client_is_told_so_although_it_had_said_all() {
    let roots = Authority::new().roots();
    let tls = Tls {
        clients: Some(roots),
        versions: ONLY_13,
        ..Tls::default()
    };
    let mut desk = Desk::serving(tls, TlsOptions::default()).await;
    let mut client = desk.client().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    assert!(desk.serve().await.is_err());
    let (reason, _) = desk.closed().await;
    assert!(matches!(reason, CloseReason::Tls(_)), "{reason}");
}
