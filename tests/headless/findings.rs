//! What is found of an application: told, and taken back once facts turn, on standard output, on the tape and in the report.

use crate::session::{client, round_trip};
use crate::tape::path;
use crate::{desk, succeeds};

/// Each connection had one request, and then one is kept. Nothing happens besides: what is found is told all the same.
#[test]
fn what_was_found_is_taken_back_once_facts_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tape, report) = (folder.path().join("x.tape"), folder.path().join("x.md"));
    let files = ["--tape", path(&tape), "--report", path(&report)];
    let (mut session, addr, _) = desk("--headless", &files);
    for _ in 0..20 {
        round_trip(&mut client(addr), b"once");
    }
    let said = session.wait("finding");
    assert_eq!(
        (&said["which"], &said["state"]),
        (&"one request each".into(), &"new".into())
    );
    let mut kept = client(addr);
    for _ in 0..2 {
        round_trip(&mut kept, b"again");
    }
    let gone = session.wait_where(|line| line["event"] == "finding" && line["state"] != "changed");
    assert_eq!(
        (&gone["which"], &gone["state"]),
        (&said["which"], &"withdrawn".into())
    );
    session.ask("quit", "done");
    succeeds(session);

    let said = "asks once on each connection";
    let tape = std::fs::read_to_string(&tape).expect("a tape");
    let states = ["new", "withdrawn"].map(|state| {
        let state = format!("\"state\":\"{state}\"");
        tape.lines()
            .position(|line| line.contains(said) && line.contains(&state))
    });
    assert!(states[0].is_some() && states[0] < states[1], "{tape}");
    let report = std::fs::read_to_string(&report).expect("a report");
    assert!(report.contains(&format!("~~{said}")), "{report}");
}
