//! The exact lines: whoever reads them relies on their fields.

use std::sync::Arc;

use super::*;
use crate::fault::PerDirection;
use crate::fault::language::plan;
use crate::headless::commands::Refused;
use crate::operate::{Answer, Change};
use crate::snapshot::{CloseReason, ConnId, Event, Happening, LegName, Negotiated, Taken};

const AT: Duration = Duration::from_micros(12_340_567);

fn happened(what: Happening) -> String {
    let event = Event {
        at: AT,
        proxy: "db".to_owned(),
        by: None,
        what,
    };
    lines(AT, &Report::Happened(&event))
}

fn closed(reason: CloseReason, truncated: bool) -> String {
    happened(Happening::Closed {
        conn: ConnId(7),
        bytes: PerDirection::of(412, 16_000),
        lasted: Duration::from_micros(1_500_250),
        reason,
        truncated,
    })
}

fn answered(command: &str, outcome: Result<Answer, Refused>) -> String {
    let answered = Answered {
        command: command.to_owned(),
        outcome,
        note: None,
    };
    lines(AT, &Report::Answered(&answered))
}

#[test]
fn a_proxy_on_two_addresses_listens_twice() {
    let addrs = ["127.0.0.1:80", "[::1]:80"].map(|addr| addr.parse().expect("an address"));
    assert_eq!(
        happened(Happening::Listening {
            mapping: "80=db:81".to_owned(),
            addrs: addrs.to_vec(),
        }),
        "{\"t\":12.340567,\"event\":\"listening\",\"proxy\":\"db\",\"mapping\":\"80=db:81\",\"address\":\"127.0.0.1:80\"}\n\
         {\"t\":12.340567,\"event\":\"listening\",\"proxy\":\"db\",\"mapping\":\"80=db:81\",\"address\":\"[::1]:80\"}\n"
    );
}

#[test]
fn a_connection_that_ended_says_how() {
    let begins = "{\"t\":12.340567,\"event\":\"closed\",\"proxy\":\"db\",\"connection\":7,\
                  \"bytes\":{\"up\":412,\"down\":16000},\"duration\":1.50025,";
    let reset = CloseReason::Io {
        leg: LegName::Upstream,
        error: "connection reset".to_owned(),
    };
    for (reason, ends) in [
        (
            CloseReason::ClientDone,
            "\"reason\":\"client_done\",\"error\":null}\n",
        ),
        (
            CloseReason::Killed,
            "\"reason\":\"killed\",\"error\":null}\n",
        ),
        (
            CloseReason::Fault("timeout"),
            "\"reason\":\"fault\",\"fault\":\"timeout\",\"error\":null}\n",
        ),
        (
            reset,
            "\"reason\":\"io\",\"error\":\"upstream: connection reset\"}\n",
        ),
        (
            CloseReason::Dial("cannot find db: name does not resolve".to_owned()),
            "\"reason\":\"dial\",\"error\":\"cannot find db: name does not resolve\"}\n",
        ),
    ] {
        assert_eq!(closed(reason, false), format!("{begins}{ends}"));
    }
}

#[test]
fn a_handshake_says_what_was_agreed_on() {
    let tls = Arc::new(Negotiated {
        version: "TLS 1.3",
        alpn: Some("http/1.1".to_owned()),
        offered: Vec::new(),
        resumed: true,
        round_trips: 1,
        took: Duration::from_micros(18_700),
    });
    let conn = ConnId(7);
    assert_eq!(
        happened(Happening::Secured { conn, tls }),
        "{\"t\":12.340567,\"event\":\"secured\",\"proxy\":\"db\",\"connection\":7,\"version\":\"TLS 1.3\",\
         \"alpn\":\"http/1.1\",\"resumed\":true,\"duration\":0.0187}\n"
    );
}

#[test]
fn an_end_of_tls_without_notice_is_a_note_and_no_error() {
    assert!(closed(CloseReason::UpstreamDone, true).ends_with(
        "\"reason\":\"upstream_done\",\"error\":null,\"note\":\"closed without close_notify\"}\n"
    ));
}

#[test]
fn faults_stand_in_the_fault_language() {
    let plan = Arc::new(plan("bw 1Mbit/s, lat 250ms down"));
    assert_eq!(
        happened(Happening::Faults { before: None, plan }),
        "{\"t\":12.340567,\"event\":\"faults\",\"proxy\":\"db\",\
         \"faults\":\"latency 250ms down, bandwidth 125kB/s\",\"bypassed\":false}\n"
    );
}

#[test]
fn a_change_of_several_proxies_is_their_sum_and_the_slowest() {
    let change = |proxy: &str, taken, of, micros| Change {
        proxy: proxy.to_owned(),
        before: Arc::default(),
        plan: Arc::default(),
        taken: Taken {
            taken,
            cut: 0,
            of,
            micros,
        },
    };
    let changes = vec![change("db", 4, 4, 310), change("web", 2, 3, 2_750)];
    assert_eq!(
        answered("clear all", Ok(Answer::Changed(changes))),
        "{\"t\":12.340567,\"event\":\"done\",\"command\":\"clear all\",\"taken\":6,\"of\":7,\"micros\":2750}\n"
    );
}

#[test]
fn a_refusal_has_a_column_or_null() {
    for (column, written) in [(Some(5), "5"), (None, "null")] {
        let refused = Refused {
            column,
            ..Refused::of_the_whole("no")
        };
        assert_eq!(
            answered("set x", Err(refused)),
            format!(
                "{{\"t\":12.340567,\"event\":\"refused\",\"command\":\"set x\",\"error\":\"no\",\"column\":{written}}}\n"
            )
        );
    }
}

#[test]
fn an_error_of_no_proxy_names_none() {
    assert_eq!(
        lines(
            AT,
            &Report::Failed {
                error: "cannot read",
                lost: None
            }
        ),
        "{\"t\":12.340567,\"event\":\"error\",\"error\":\"cannot read\"}\n"
    );
}
