//! Tapes and expectations, of the program as a whole.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::session::{Session, client, echo, round_trip};
use super::{desk, succeeds};

/// The faults of each proxy as the program told them: seconds since its start, and what they were.
fn changes(lines: &str) -> Vec<(f64, String)> {
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let faults = lines.filter(|line: &Value| line["event"] == "faults");
    let change = |line: Value| {
        let said = format!("{} {} {}", line["proxy"], line["faults"], line["bypassed"]);
        (line["t"].as_f64().expect("a time"), said)
    };
    faults.map(change).collect()
}

/// Runs the program to its end.
fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultboard"));
    command.args(args).stdin(std::process::Stdio::null());
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

pub(crate) fn path(of: &Path) -> &str {
    of.to_str().expect("a path of text")
}

#[test]
fn a_replay_makes_the_same_changes_at_the_same_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, page) = (folder.path().join("x.tape"), folder.path().join("x.md"));
    let (mut session, addr, _) = desk("--headless", &["--seed", "42", "--tape", path(&file)]);
    let mut told = Vec::new();
    let mut stream = client(addr);
    for command in [
        "set echo latency 2ms",
        "set echo latency 4ms, loss 1%",
        "bypass echo on",
        "bypass echo off",
        "clear echo",
    ] {
        round_trip(&mut stream, b"x");
        session.type_bytes(format!("{command}\n").as_bytes());
        told.push(session.wait("faults").to_string());
        session.wait("done");
    }
    session.ask("quit", "done");
    succeeds(session);

    let first = changes(&told.join("\n"));
    let replayed = || {
        let replay = run(&["replay", path(&file), "--headless", "--report", path(&page)]);
        assert!(replay.status.success(), "{}", text(&replay.stderr));
        replay
    };
    // A busy machine wakes a replay late: of some, one is in time.
    let mut replay = replayed();
    for _ in 0..9 {
        if furthest_apart(&first, &changes(text(&replay.stdout))) < 0.005 {
            break;
        }
        replay = replayed();
    }
    let apart = furthest_apart(&first, &changes(text(&replay.stdout)));
    assert!(apart < 0.005, "{apart} s");
    let begun: Value = text(&replay.stdout)
        .lines()
        .next()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .expect("a line");
    assert_eq!(begun["seed"], 42);
    let last: Value = text(&replay.stdout)
        .lines()
        .last()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .expect("a line");
    assert_eq!(last["reason"], "tape");
    let page = std::fs::read_to_string(&page).expect("a report");
    assert!(page.contains("## `echo`"), "{page}");
}

/// By how many seconds the same change was made at other times; they must be the same changes.
fn furthest_apart(first: &[(f64, String)], again: &[(f64, String)]) -> f64 {
    assert_eq!(first.len(), again.len(), "{first:?} {again:?}");
    let apart = first.iter().zip(again).map(|((at, change), (then, same))| {
        assert_eq!(change, same);
        (at - then).abs()
    });
    apart.fold(0.0, f64::max)
}

#[test]
fn what_was_expected_and_did_not_hold_ends_with_status_3() {
    let upstream = echo();
    for (expected, status, said) in [
        ("failed = 0", 0, ""),
        ("answers >= 1 of echo", 0, ""),
        ("answers > 1000", 3, "expected answers > 1000: echo had 1\n"),
        (
            "recovers < 5s",
            3,
            "expected recovers < 5s: no fault ended after a time without faults\n",
        ),
    ] {
        let mapping = format!("0={upstream} as echo");
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultboard"));
        command.args(["--headless", "--expect", expected, &mapping]);
        let folder = tempfile::tempdir().expect("a folder");
        let errors = folder.path().join("errors");
        command.stderr(std::fs::File::create(&errors).expect("a file"));
        let mut session = Session::of(command);
        let addr = session.address();
        round_trip(&mut client(addr), b"x");
        session.wait("closed");
        session.ask("quit", "done");
        assert_eq!(session.end().code(), Some(status), "{expected}");
        let errors = std::fs::read_to_string(&errors).expect("text");
        assert_eq!(errors, said, "{expected}");
    }
}

#[test]
fn an_expectation_that_does_not_read_is_refused_with_a_caret() {
    let refused = run(&["--headless", "--expect", "feels p98 < 1s"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.starts_with("feels p98 < 1s\n      ^ unknown share"),
        "{said}"
    );
}

#[test]
fn what_is_no_tape_is_refused_and_a_damaged_one_is_read_as_far_as_it_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.tape");
    let report = || run(&["report", path(&file)]);
    assert_eq!(report().status.code(), Some(1));
    std::fs::write(&file, "9090=https://example.com\n").expect("a file");
    let refused = report();
    assert_eq!(refused.status.code(), Some(1));
    let wanted = format!(
        "cannot read the tape {}: it is no tape: its first line is 9090=https://example.com\n",
        path(&file)
    );
    assert_eq!(text(&refused.stderr), wanted);

    std::fs::remove_file(&file).expect("it is no tape, so none is written over it");
    let (mut session, ..) = desk("--headless", &["--tape", path(&file)]);
    session.ask("set echo latency 2ms", "done");
    session.ask("quit", "done");
    succeeds(session);
    let whole = report();
    assert_eq!(text(&whole.stderr), "");
    let bytes = std::fs::read(&file).expect("a tape");
    std::fs::write(&file, &bytes[..bytes.len() - 9]).expect("a file");
    let cut = report();
    assert!(cut.status.success());
    assert!(
        text(&cut.stderr).starts_with(&format!("the tape {} is cut off in line ", path(&file))),
        "{}",
        text(&cut.stderr)
    );
    assert!(
        text(&cut.stdout).contains("| `latency 2ms` | commands |"),
        "{}",
        text(&cut.stdout)
    );
}

#[test]
fn no_file_is_written_over_that_is_read_or_written_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("w.tape");
    let (mut session, ..) = desk("--headless", &["--tape", path(&file)]);
    session.ask("quit", "done");
    succeeds(session);
    let link = folder.path().join("link.tape");
    std::fs::hard_link(&file, &link).expect("a link");
    let other = folder.path().join(".").join("new.tape");
    let (file, link, other) = (path(&file), path(&link), path(&other));
    let new = folder.path().join("new.tape");
    let whole = std::fs::read(file).expect("a tape");
    for (args, said) in [
        (
            &["report", file, "-o", file][..],
            format!("the tape and --output are the same file, {file}"),
        ),
        (
            &["report", file, "-o", link],
            format!("the tape and --output are the same file, {link}"),
        ),
        (
            &["replay", file, "--plain", "--tape", file],
            format!("the tape that is played and --tape are the same file, {file}"),
        ),
        (
            &["replay", file, "--plain", "--report", link],
            format!("the tape that is played and --report are the same file, {link}"),
        ),
        (
            &["--plain", "--tape", path(&new), "--report", other],
            format!("--tape and --report are the same file, {other}"),
        ),
    ] {
        let refused = run(args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        let wanted = format!("{said}: give each its own\n");
        assert_eq!(text(&refused.stderr), wanted);
        assert_eq!(std::fs::read(file).expect("a tape"), whole, "{args:?}");
    }
    assert!(!new.exists());
}

#[test]
fn a_report_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("w.tape");
    std::fs::write(&tape, "of before").expect("a file");
    for (report, why) in [
        ("/nonexist/r.html", "no such file or directory"),
        (path(folder.path()), "is a directory"),
    ] {
        let refused = run(&["--plain", "--tape", path(&tape), "--report", report]);
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(text(&refused.stdout), "");
        let wanted = format!("cannot write the report {report}: {why}\n");
        assert_eq!(text(&refused.stderr), wanted);
        assert_eq!(std::fs::read(&tape).expect("a file"), b"of before");
    }
}

#[test]
fn a_replay_refuses_what_it_cannot_do_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("w.tape");
    let tape = concat!(
        r#"{"tape":1,"faultboard":"0.1.0","seed":7,"began":"","t":0.0,"proxies":[]}"#,
        "\n",
        r#"{"t":125.0,"event":"end","reason":"stopped"}"#,
        "\n"
    );
    std::fs::write(&file, tape).expect("a file");
    let shown = path(&file);
    let own = "a replay has its proxies and faults from the tape: leave out";
    let cannot = format!("cannot play the tape {shown}:");
    for (args, said) in [
        (&["-f", "latency 1s"][..], format!("{own} --fault")),
        (&["-p", "3g"], format!("{own} --preset")),
        (&["--scene", "x"], format!("{own} --scene")),
        (&["--resume"], format!("{own} --resume")),
        (
            &["--from", "1h"],
            format!("{cannot} it ends at 125s, before --from 3600s"),
        ),
        (
            &["--from", "90s", "--to", "10s"],
            format!("{cannot} --from 90s is after --to 10s"),
        ),
    ] {
        let refused = run(&[&["replay", shown, "--plain"], args].concat());
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert_eq!(text(&refused.stderr), format!("{said}\n"));
    }
}

#[test]
fn how_far_a_fault_holds_is_judged_by_sweeps_and_a_replay_sweeps_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("x.tape");
    let expected = ["--expect", "holds latency >= 1ms of echo"];
    let none = run(&[
        &["--headless", "--duration", "10ms", "0=localhost:9 as echo"][..],
        &expected,
    ]
    .concat());
    assert_eq!(none.status.code(), Some(3));
    assert_eq!(
        text(&none.stderr),
        "expected holds latency >= 1ms of echo: there was no sweep of latency\n"
    );
    let args = [&["--tape", path(&tape)][..], &expected].concat();
    let (mut session, addr, _) = desk("--headless", &args);
    session.ask("sweep echo latency from=1ms to=3ms steps=2 hold=1s", "done");
    let mut stream = client(addr);
    // At least one request in each value.
    for step in ["1ms", "3ms"] {
        round_trip(&mut stream, b"x");
        session.wait_where(|event| event["set"] == step || event["state"] == "ended");
    }
    session.ask("quit", "done");
    succeeds(session);
    let replay = [&["replay", path(&tape), "--headless"][..], &expected].concat();
    let replay = run(&replay);
    assert_eq!(replay.status.code(), Some(3), "{}", text(&replay.stdout));
    assert_eq!(
        text(&replay.stderr),
        "expected holds latency >= 1ms of echo: sweep of echo: nobody asked anything: there is no answer to tell\n"
    );
}

#[test]
fn no_file_is_written_over_that_is_somebody_elses() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (notes, tape, page) = (file("notes.md"), file("x.tape"), file("x.html"));
    std::fs::write(&notes, "# Notes on what the application did\n").expect("a file");
    let run_into = |option: &str, path_of: &Path| {
        run(&["--headless", "--duration", "10ms", option, path(path_of)])
    };
    for (option, what) in [("--tape", "tape"), ("--report", "report")] {
        let refused = run_into(option, &notes);
        assert_eq!(refused.status.code(), Some(1));
        let why = "a file is there that faultboard has not written: give another name";
        let wanted = format!("cannot write the {what} {}: {why}\n", path(&notes));
        assert_eq!(text(&refused.stderr), wanted);
    }
    for again in ["first", "once more"] {
        assert!(run_into("--tape", &tape).status.success(), "{again}");
        assert!(run_into("--report", &page).status.success(), "{again}");
        let made = run(&["report", path(&tape), "-o", path(&page)]);
        assert!(made.status.success(), "{again}: {}", text(&made.stderr));
    }
    let (mut session, ..) = desk("--headless", &[]);
    let save = |file: &Path| format!("save tape {}", path(file));
    for taken in [&notes, &tape] {
        let refused = session.ask(&save(taken), "refused");
        let why = format!("{} is there already: give another name", path(taken));
        assert_eq!(refused["error"], why);
    }
    let saved = file("saved.tape");
    session.ask(&save(&saved), "done");
    session.ask(&save(&saved), "done");
    let made = run(&["report", path(&saved)]);
    assert_eq!(text(&made.stderr), "", "it is whole");
    session.ask("quit", "done");
    succeeds(session);
    let kept = std::fs::read_to_string(&notes).expect("text");
    assert!(kept.starts_with("# Notes"));
}
