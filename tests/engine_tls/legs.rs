//! Legs under TLS: the two directions, their ends, and resets.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::Poll;

use faultboard::mapping::Protocol;
use faultboard::proxy::leg::Leg;
use faultboard::proxy::tls::{TlsOptions, UpstreamTls};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::authority::{Authority, Valid};
use crate::server::{Tls, accept, dial_with, listen, load, localhost};

/// A leg under TLS, and the server's end.
async fn pair() -> (Leg, TlsStream<TcpStream>) {
    let authority = Authority::new();
    let acceptor = Tls::default().acceptor(authority.issue(&["localhost"], Valid::Now));
    let options = TlsOptions {
        ca_files: vec![authority.ca_file()],
        ..TlsOptions::default()
    };
    let (listener, mapping) = listen(Protocol::Tls, localhost()).await;
    let server = async { acceptor.accept(accept(&listener).await).await.unwrap() };
    let (dialed, server) = dial_with(
        &mapping,
        &UpstreamTls::new(&load(&options), &mapping),
        server,
    )
    .await;
    let leg = dialed.unwrap().leg;
    assert!(leg.is_tls());
    (leg, server)
}

/// Bytes that do not repeat soon.
fn bytes(count: u32) -> Vec<u8> {
    (0..count).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test]
async fn a_direction_that_ended_leaves_the_other_open() {
    let (mut leg, mut server) = pair().await;
    let sent = bytes(1 << 18);
    let answer = async {
        let mut asked = Vec::new();
        server.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, b"question");
        server.write_all(&sent).await.unwrap();
        server.shutdown().await.unwrap();
    };
    let ask = async {
        leg.write_all(b"question").await.unwrap();
        leg.shutdown().await.unwrap();
        let mut read = Vec::new();
        leg.read_to_end(&mut read).await.unwrap();
        read
    };
    let ((), read) = tokio::join!(answer, ask);
    assert!(read == sent);
    assert!(!leg.closed_without_notify());
}

#[tokio::test]
async fn an_end_without_notice_is_an_end_and_is_remembered() {
    let (mut leg, mut server) = pair().await;
    server.write_all(b"all of it").await.unwrap();
    server.flush().await.unwrap();
    let (mut socket, _session) = server.into_inner();
    socket.shutdown().await.unwrap();
    let mut read = Vec::new();
    leg.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"all of it");
    assert!(leg.closed_without_notify());
}

#[tokio::test]
async fn a_reset_reaches_the_socket_below() {
    let (leg, mut server) = pair().await;
    leg.reset();
    let error = server.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_reset_by_the_upstream_is_noticed_without_reading() {
    let (leg, server) = pair().await;
    let watch = leg.watch_error();
    server.get_ref().0.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(watch.await.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn what_a_full_socket_refuses_waits_and_is_flushed_in_order() {
    let (mut leg, mut server) = pair().await;
    let chunk = bytes(16 * 1024);
    let mut sent = Vec::new();
    // Until the socket takes no more.
    loop {
        let leg = &mut leg;
        let written = poll_fn(|cx| Poll::Ready(Pin::new(&mut *leg).poll_write(cx, &chunk))).await;
        let Poll::Ready(written) = written else {
            break;
        };
        sent.extend_from_slice(&chunk[..written.unwrap()]);
    }
    assert!(leg.wants_flush());
    let flush = async {
        leg.flush().await.unwrap();
        assert!(!leg.wants_flush());
        leg.shutdown().await.unwrap();
    };
    let mut read = Vec::new();
    let ((), received) = tokio::join!(flush, server.read_to_end(&mut read));
    received.unwrap();
    assert!(read == sent);
}

#[tokio::test]
async fn many_slices_of_many_records_arrive_in_order() {
    let (mut leg, mut server) = pair().await;
    let sent = bytes(1 << 18);
    let write = async {
        let mut at = 0;
        while at < sent.len() {
            // Slices that end anywhere in a record, and more than rustls takes at once.
            let slices: Vec<IoSlice<'_>> = sent[at..].chunks(50_021).map(IoSlice::new).collect();
            at += leg.write_vectored(&slices).await.unwrap();
        }
        leg.shutdown().await.unwrap();
    };
    let mut read = Vec::new();
    let ((), received) = tokio::join!(write, server.read_to_end(&mut read));
    received.unwrap();
    assert!(read == sent);
}

#[tokio::test]
async fn bytes_in_both_directions_at_once_arrive_complete() {
    let (leg, server) = pair().await;
    let (up, down) = (bytes(1 << 18), bytes(1 << 17));
    let (mut leg_in, mut leg_out) = tokio::io::split(leg);
    let (mut server_in, mut server_out) = tokio::io::split(server);
    let send_up = async {
        leg_out.write_all(&up).await.unwrap();
        leg_out.shutdown().await.unwrap();
    };
    let send_down = async {
        server_out.write_all(&down).await.unwrap();
        server_out.shutdown().await.unwrap();
    };
    let (mut at_server, mut at_leg) = (Vec::new(), Vec::new());
    let read_up = server_in.read_to_end(&mut at_server);
    let read_down = leg_in.read_to_end(&mut at_leg);
    let (.., up_read, down_read) = tokio::join!(send_up, send_down, read_up, read_down);
    up_read.unwrap();
    down_read.unwrap();
    assert!(at_server == up && at_leg == down);
}
