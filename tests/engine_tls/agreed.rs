//! What a running proxy tells of its TLS.

use faultboard::proxy::tls::TlsOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::desk::Desk;

/// One connection from its start to its end.
async fn visit(desk: &Desk) {
    let (mut client, mut server) = desk.connect().await;
    server.write_all(b"hello").await.unwrap();
    server.shutdown().await.unwrap();
    let mut read = Vec::new();
    client.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"hello");
}

#[tokio::test]
async fn a_handshake_is_told_and_its_proxy_shows_the_last_one() {
    let mut desk = Desk::start().await;
    for resumed in [false, true] {
        visit(&desk).await;
        let agreed = desk.secured().await;
        assert_eq!((agreed.version, agreed.resumed), ("TLS 1.3", resumed));
        let mut snapshots = desk.engine.snapshots();
        let shown = snapshots
            .wait_for(|now| now.proxies[0].tls.as_ref() == Some(&agreed))
            .await;
        assert!(shown.is_ok());
    }
}

#[tokio::test]
async fn without_resumption_a_second_connection_begins_anew() {
    let mut desk = Desk::with(TlsOptions {
        no_resumption: true,
        ..TlsOptions::default()
    })
    .await;
    for _ in 0..2 {
        visit(&desk).await;
        assert!(!desk.secured().await.resumed);
    }
}
