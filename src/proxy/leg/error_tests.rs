//! The lines that people read when something cannot be reached.

use std::io::ErrorKind;

use super::*;

fn refused() -> io::Error {
    io::Error::new(ErrorKind::ConnectionRefused, "connection refused")
}

fn silent(after: &str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("no answer within {after}"))
}

fn unreachable(attempts: Vec<(&str, io::Error)>) -> String {
    let attempts = attempts
        .into_iter()
        .map(|(addr, error)| Attempt {
            addr: SocketAddr::new(addr.parse().expect("an address"), 5432),
            error,
        })
        .collect();
    DialError::Unreachable {
        upstream: "my-db:5432".to_owned(),
        source: Attempts(attempts),
    }
    .to_string()
}

#[test]
fn a_refused_dial_names_the_upstream_and_the_reason() {
    assert_eq!(
        unreachable(vec![("127.0.0.1", refused())]),
        "cannot reach my-db:5432: connection refused"
    );
}

#[test]
fn addresses_that_failed_alike_share_one_reason() {
    assert_eq!(
        unreachable(vec![("::1", refused()), ("127.0.0.1", refused())]),
        "cannot reach my-db:5432: connection refused (::1, 127.0.0.1)"
    );
}

#[test]
fn addresses_that_failed_differently_each_say_why() {
    assert_eq!(
        unreachable(vec![("::1", silent("5s")), ("127.0.0.1", refused())]),
        "cannot reach my-db:5432: ::1 no answer within 5s, 127.0.0.1 connection refused"
    );
}

#[test]
fn many_addresses_are_counted_after_the_fourth() {
    let many = (1..=7).map(|_| ("10.0.0.1", silent("1s"))).collect();
    assert_eq!(
        unreachable(many),
        "cannot reach my-db:5432: no answer within 1s (10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, and 3 more)"
    );
}

#[test]
fn a_lack_of_local_ports_says_how_many_are_in_use_and_what_frees_more() {
    let taken = io::Error::new(ErrorKind::AddrNotAvailable, PortsTaken);
    let unreachable = |error| {
        UpstreamError::Dial(DialError::Unreachable {
            upstream: "my-db:5432".to_owned(),
            source: Attempts(vec![Attempt {
                addr: "10.0.0.1:5432".parse().expect("an address"),
                error,
            }]),
        })
    };
    assert_eq!(
        unreachable(taken).counted(|| 28_231).to_string(),
        "cannot reach my-db:5432: no local port is free towards it, this proxy has 28231 connections to it and \
         closed ones keep their port for a minute: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\" frees more"
    );
    assert_eq!(
        unreachable(refused()).counted(|| 28_231).to_string(),
        "cannot reach my-db:5432: connection refused"
    );
}

#[test]
fn the_last_failure_stays_the_source() {
    let error = DialError::Unreachable {
        upstream: "my-db:5432".to_owned(),
        source: Attempts(vec![Attempt {
            addr: "10.0.0.1:5432".parse().expect("an address"),
            error: silent("5s"),
        }]),
    };
    let root = error.source().and_then(Error::source).expect("a root");
    let root = root.downcast_ref::<io::Error>().expect("an io error");
    assert_eq!(root.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_look_up_says_whether_the_name_or_the_service_failed() {
    for (said, line) in [
        (
            "failed to lookup address information: Name or service not known",
            "cannot find my-db: name does not resolve",
        ),
        (
            "failed to lookup address information: Temporary failure in name resolution",
            "cannot find my-db: the name service does not answer",
        ),
    ] {
        let error = DialError::Unknown {
            host: "my-db".to_owned(),
            source: io::Error::other(said).into(),
        };
        assert_eq!(error.to_string(), line);
    }
}
