//! Which addresses are tried, for how long, and what is said of those that fail.

use std::future::pending;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::net::TcpListener;

use super::*;

const LOOPBACK: Host = Host::V4(Ipv4Addr::LOCALHOST);

fn after(secs: u64) -> Instant {
    Instant::from_std(clock::now()) + Duration::from_secs(secs)
}

fn addrs(text: &[&str]) -> Vec<SocketAddr> {
    text.iter()
        .map(|addr| SocketAddr::new(addr.parse().expect("an address"), 80))
        .collect()
}

#[test]
fn families_alternate_from_the_one_that_the_system_prefers() {
    for (found, expected) in [
        (
            &["::1", "::2", "::3", "10.0.0.1"][..],
            &["::1", "10.0.0.1", "::2", "::3"][..],
        ),
        (
            &["10.0.0.1", "10.0.0.2", "::1"],
            &["10.0.0.1", "::1", "10.0.0.2"],
        ),
        (&["10.0.0.1", "10.0.0.1"], &["10.0.0.1"]),
        (&[], &[]),
    ] {
        assert_eq!(alternating(addrs(found)), addrs(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_takes_only_its_part_of_the_time() {
    let addrs = addrs(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    let deadline = after(9);
    let reached = in_turn(&addrs, deadline, |addr| async move {
        if addr.ip() != Ipv4Addr::new(10, 0, 0, 3) {
            pending::<()>().await;
        }
        Ok(addr)
    });
    assert_eq!(reached.await.expect("the third answers").1, addrs[2]);
    assert_eq!(time_left(deadline), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn time_that_a_quick_refusal_leaves_goes_to_those_behind_it() {
    let addrs = addrs(&["10.0.0.1", "10.0.0.2"]);
    let tried = in_turn(&addrs, after(10), |addr| async move {
        if addr.ip() == Ipv4Addr::new(10, 0, 0, 1) {
            return Err(ErrorKind::ConnectionRefused.into());
        }
        pending::<()>().await;
        Ok(())
    });
    let attempts = tried.await.expect_err("none answers");
    assert_eq!(
        Attempts(attempts).to_string(),
        "10.0.0.1 connection refused, 10.0.0.2 no answer within 10s"
    );
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_never_answers_ends_at_the_deadline() {
    let addrs = addrs(&["10.0.0.1"]);
    let deadline = after(10);
    let tried = in_turn(&addrs, deadline, |_| pending::<io::Result<()>>());
    let attempts = tried.await.expect_err("none answers");
    assert_eq!(Attempts(attempts).to_string(), "no answer within 10s");
    assert_eq!(time_left(deadline), Duration::ZERO);
}

#[tokio::test]
async fn an_upstream_that_listens_is_reached_without_delayed_packets() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = connect(&LOOPBACK, addr.port(), after(10)).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap(), addr);
    assert!(socket.nodelay().unwrap());
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = Host::Name("localhost".to_owned());
    let socket = connect(&host, port, after(10)).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap().port(), port);
}

#[tokio::test]
async fn a_closed_port_is_said_to_refuse() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = connect(&LOOPBACK, port, after(10)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot reach 127.0.0.1:{port}: connection refused")
    );
}

#[tokio::test]
async fn literals_are_not_looked_up() {
    let six = Host::V6(Ipv6Addr::LOCALHOST);
    let found = resolve(&six, 80, after(10)).await.unwrap();
    assert_eq!(found, addrs(&["::1"]));
}
