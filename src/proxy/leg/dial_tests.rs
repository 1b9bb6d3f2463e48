//! Which addresses are tried, for how long, and what is said of those that fail.

use std::future::pending;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::net::TcpListener;

use super::*;

const LOOPBACK: Host = Host::V4(Ipv4Addr::LOCALHOST);

fn after(secs: u64) -> Deadline {
    Deadline::after(Duration::from_secs(secs))
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
        assert_eq!(alternating(&addrs(found)), addrs(expected));
    }
}

/// What happens to an address in a race.
#[derive(Clone, Copy)]
enum Fate {
    /// It never answers.
    Dead,
    /// It answers after so many milliseconds.
    Answers(u64),
    /// It refuses after so many milliseconds.
    Refuses(u64),
}

/// How a race between addresses of these fates ends, 10 seconds before its deadline: the winner or the error, what is
/// said of the others, and the milliseconds that it took.
async fn run(fates: &[Fate]) -> (Option<usize>, String, u128) {
    let list: Vec<SocketAddr> = (1..)
        .zip(fates)
        .map(|(n, _)| SocketAddr::from(([10, 0, 0, n], 80)))
        .collect();
    let began = clock::now();
    let won = race(&list, after(10), |addr| {
        let place = list.iter().position(|other| *other == addr);
        let fate = fates[place.expect("an address of the list")];
        async move {
            match fate {
                Fate::Dead => pending().await,
                Fate::Answers(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Ok(place)
                }
                Fate::Refuses(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Err(ErrorKind::ConnectionRefused.into())
                }
            }
        }
    });
    let (winner, others) = match won.await {
        Ok((winner, _, others)) => (winner, others),
        Err(others) => (None, others),
    };
    let took = clock::now().duration_since(began).as_millis();
    (winner, Attempts(others).to_string(), took)
}

#[tokio::test(start_paused = true)]
async fn the_next_address_is_tried_a_quarter_of_a_second_later_or_where_one_fails() {
    use Fate::{Answers, Dead, Refuses};
    for (fates, winner, others, took) in [
        (&[Answers(3)][..], Some(0), "no address", 3),
        // A dead address costs a quarter of a second, each.
        (&[Dead, Answers(1)], Some(1), "no answer within 251ms", 251),
        (
            &[Dead, Dead, Answers(0)],
            Some(2),
            "10.0.0.1 no answer within 500ms, 10.0.0.2 no answer within 250ms",
            500,
        ),
        // A refusal has the next one tried at once, also where it comes late.
        (&[Refuses(1), Answers(2)], Some(1), "connection refused", 3),
        (
            &[Dead, Refuses(10), Answers(0)],
            Some(2),
            "10.0.0.1 no answer within 260ms, 10.0.0.2 connection refused",
            260,
        ),
        // A slow one may still win, and one that is behind it is dropped.
        (&[Answers(300), Dead], Some(0), "no address", 300),
        (
            &[Answers(300), Answers(20)],
            Some(1),
            "no answer within 270ms",
            270,
        ),
        // None answers.
        (
            &[Refuses(0), Refuses(1)],
            None,
            "connection refused (10.0.0.1, 10.0.0.2)",
            1,
        ),
        (&[Dead], None, "no answer within 10s", 10_000),
        (
            &[Dead, Dead],
            None,
            "no answer within 10s (10.0.0.1, 10.0.0.2)",
            10_000,
        ),
        (
            &[Refuses(5), Dead],
            None,
            "10.0.0.1 connection refused, 10.0.0.2 no answer within 10s",
            10_000,
        ),
    ] {
        let ended = run(fates).await;
        assert_eq!(ended, (winner, others.to_owned(), took));
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_many_addresses_is_tried_before_the_deadline() {
    let mut fates = vec![Fate::Dead; 99];
    fates.push(Fate::Answers(0));
    let (winner, _, took) = run(&fates).await;
    assert_eq!((winner, took), (Some(99), 9_900));
}

/// A socket to `port` of `host`, connected within 10 seconds.
async fn connect(host: &Host, port: u16) -> Result<TcpStream, String> {
    let (deadline, client) = (after(10), SocketAddr::from(([127, 0, 0, 1], 1)));
    let addrs = resolve(host, port, &LookUps::default(), deadline).await;
    let won = race(&addrs.unwrap(), deadline, |addr| open(addr, client, None)).await;
    let (connected, ..) = won.map_err(|attempts| Attempts(attempts).to_string())?;
    Ok(connected.socket)
}

#[tokio::test]
async fn an_upstream_that_listens_is_reached_without_delayed_packets() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = connect(&LOOPBACK, addr.port()).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap(), addr);
    assert!(socket.nodelay().unwrap());
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = Host::Name("localhost".to_owned());
    let socket = connect(&host, port).await.unwrap();
    assert_eq!(socket.peer_addr().unwrap().port(), port);
}

#[tokio::test]
async fn a_closed_port_is_said_to_refuse() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = connect(&LOOPBACK, port).await.unwrap_err();
    assert_eq!(error, "connection refused");
}

#[tokio::test]
async fn literals_are_not_looked_up() {
    let six = Host::V6(Ipv6Addr::LOCALHOST);
    let found = resolve(&six, 80, &LookUps::default(), after(10)).await;
    assert_eq!(found.unwrap(), addrs(&["::1"]));
}
