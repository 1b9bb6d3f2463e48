//! Legs over real sockets: what only the kernel can show.

use std::net::Ipv4Addr;
#[cfg(target_os = "linux")]
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::proxy::net::socket::prepare;
#[cfg(target_os = "linux")]
use crate::proxy::net::socket::{Keepalive, Young};

/// A leg, and the socket of its peer.
async fn pair() -> (Leg, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (ours, accepted) = tokio::join!(TcpStream::connect(addr), listener.accept());
    (Leg::clear(ours.unwrap()), accepted.unwrap().0)
}

#[tokio::test]
async fn bytes_pass_both_ways() {
    let (mut leg, mut peer) = pair().await;
    leg.write_all(b"ping").await.unwrap();
    let mut read = [0; 4];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"ping");
    peer.write_all(b"pong").await.unwrap();
    leg.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"pong");
}

#[tokio::test]
async fn many_slices_leave_in_one_write() {
    let (mut leg, mut peer) = pair().await;
    let slices = [IoSlice::new(b"one "), IoSlice::new(b"two")];
    assert_eq!(leg.write_vectored(&slices).await.unwrap(), 7);
    let mut read = [0; 16];
    assert_eq!(peer.read(&mut read).await.unwrap(), 7);
}

#[tokio::test]
async fn a_direction_that_ended_leaves_the_other_open() {
    let (mut leg, mut peer) = pair().await;
    leg.shutdown().await.unwrap();
    let mut read = Vec::new();
    peer.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"");
    peer.write_all(b"late").await.unwrap();
    drop(peer);
    leg.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"late");
}

#[tokio::test]
async fn ending_a_direction_twice_is_no_error() {
    let (mut leg, peer) = pair().await;
    leg.shutdown().await.unwrap();
    drop(peer);
    assert_eq!(leg.read(&mut [0; 1]).await.unwrap(), 0);
    leg.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reset_is_seen_as_one() {
    let (leg, mut peer) = pair().await;
    leg.reset();
    let error = peer.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reset_discards_what_waits_to_be_sent() {
    let (mut leg, mut peer) = pair().await;
    let chunk = vec![0; 64 * 1024];
    let slices = [IoSlice::new(&chunk)];
    loop {
        let full = std::future::poll_fn(|cx| {
            Poll::Ready(Pin::new(&mut leg).poll_write_vectored(cx, &slices))
        });
        if full.await.is_pending() {
            break;
        }
    }
    leg.reset();
    let end = peer.read_to_end(&mut Vec::new()).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reset_goes_out_when_the_last_watch_is_dropped() {
    let (leg, mut peer) = pair().await;
    let watch = leg.watch_error();
    leg.reset();
    drop(watch);
    let error = peer.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_reset_by_the_peer_is_noticed_without_reading() {
    let (leg, mut peer) = pair().await;
    peer.write_all(b"unread").await.unwrap();
    let watch = leg.watch_error();
    peer.set_zero_linger().unwrap();
    drop(peer);
    assert_eq!(watch.await.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_accepted_socket_is_prepared() {
    let (leg, _peer) = pair().await;
    prepare(leg.socket()).unwrap();
    assert!(leg.socket().nodelay().unwrap());
    // The kernel counts its own overhead in, and may allow less than was asked for: no figure to compare with.
    assert!(!leg.is_tls() && !leg.wants_flush());
}

#[tokio::test]
async fn a_filter_acts_until_authentication_and_not_behind_it() {
    let (leg, mut peer) = pair().await;
    let mut leg = leg.filtered(SaslFilter::new("db:5432".to_owned()));
    let offer = b"R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
    peer.write_all(offer).await.unwrap();
    peer.write_all(b"SCRAM-SHA-256-PLUS").await.unwrap();
    drop(peer);
    let mut read = Vec::new();
    leg.read_to_end(&mut read).await.unwrap();
    assert_eq!(
        read,
        b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0SCRAM-SHA-256-PLUS"
    );
    assert!(leg.refusal().is_none());
}

#[tokio::test]
async fn a_refusal_of_the_filter_is_an_answer_and_an_end() {
    let (leg, mut peer) = pair().await;
    let mut leg = leg.filtered(SaslFilter::new("db:5432".to_owned()));
    let offer = b"R\0\0\0\x1c\0\0\0\x0aSCRAM-SHA-256-PLUS\0\0";
    peer.write_all(offer).await.unwrap();
    let mut read = Vec::new();
    leg.read_to_end(&mut read).await.unwrap();
    assert_eq!(read[0], b'E');
    let why = leg.refusal().expect("a reason").to_string();
    assert!(why.starts_with("upstream db:5432 offers SCRAM-SHA-256-PLUS alone"));
}

/// Whether a socket is asked for signs of life, and after how long, how far apart, how often.
#[cfg(target_os = "linux")]
fn asked(socket: &TcpStream) -> (bool, Duration, Duration, u32) {
    use rustix::net::sockopt;
    (
        sockopt::socket_keepalive(socket).unwrap(),
        sockopt::tcp_keepidle(socket).unwrap(),
        sockopt::tcp_keepintvl(socket).unwrap(),
        sockopt::tcp_keepcnt(socket).unwrap(),
    )
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_clients_socket_inherits_the_signs_of_life_of_its_listener() {
    for (keepalive, wanted) in [
        (Keepalive::default(), Some([60, 10])),
        (Keepalive::After(Duration::from_secs(3)), Some([3, 1])),
        (
            Keepalive::After(Duration::from_secs(9 * 3_600)),
            Some([32_400, 5_400]),
        ),
        (Keepalive::Off, None),
    ] {
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = crate::proxy::sys::listen(any, keepalive).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let addr = listener.local_addr().unwrap();
        let (_peer, accepted) = tokio::join!(TcpStream::connect(addr), listener.accept());
        let (is_asked, idle, interval, probes) = asked(&accepted.unwrap().0);
        assert_eq!(is_asked, wanted.is_some(), "{keepalive}");
        if let Some(seconds) = wanted {
            assert_eq!(
                [idle, interval],
                seconds.map(Duration::from_secs),
                "{keepalive}"
            );
            assert_eq!(probes, 6);
        }
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn an_upstream_that_lives_on_is_asked_for_signs_of_life() {
    let (leg, _peer) = pair().await;
    let young = Young::default();
    young.push(leg.socket(), Keepalive::default());
    assert!(!asked(leg.socket()).0, "it may end soon");
    tokio::time::pause();
    let soon = tokio::time::sleep(Duration::from_secs(2));
    tokio::select! {
        () = young.look_after() => {}
        () = soon => {}
    }
    let seconds = Duration::from_secs;
    let wanted = (true, seconds(60), seconds(10), 6);
    assert_eq!(asked(leg.socket()), wanted);
}
