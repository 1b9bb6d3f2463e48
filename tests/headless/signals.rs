//! What only Unix has: signals, and on Linux a device that is always full.

#[cfg(feature = "api")]
use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rustix::process::Signal;

use super::session::{Session, client, round_trip};
use super::{desk, succeeds};

#[test]
fn the_desk_goes_on_when_standard_input_ends() {
    let (mut session, addr, _) = desk("--headless", &[]);
    session.end_input();
    round_trip(&mut client(addr), b"still here");
    session.wait("closed");
    session.signal(Signal::TERM);
    session.wait("stopped");
    succeeds(session);
}

#[test]
fn each_signal_that_asks_for_the_end_gets_an_orderly_one() {
    for (signal, name) in [
        (Signal::INT, "SIGINT"),
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
    ] {
        let (mut session, addr, _) = desk("--headless", &[]);
        let mut stream = client(addr);
        round_trip(&mut stream, b"x");
        session.signal(signal);
        assert_eq!(session.wait("closed")["reason"], "stopped");
        assert_eq!(session.wait("stopped")["reason"], name);
        assert!(
            !matches!(stream.read(&mut [0; 1]), Ok(1..)),
            "the connection ended"
        );
        succeeds(session);
    }
}

#[test]
fn a_signal_that_kills_ends_it_in_order_and_by_the_signal() {
    for (signal, name) in [(Signal::QUIT, "SIGQUIT"), (Signal::USR1, "SIGUSR1")] {
        let (mut session, ..) = desk("--headless", &[]);
        session.signal(signal);
        assert_eq!(session.wait("stopped")["reason"], name);
        assert_eq!(session.end().signal(), Some(signal.as_raw()));
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let program = env!("CARGO_BIN_EXE_faultboard");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$0\" --headless", program]);
    let mut session = Session::of(command);
    session.wait("started");
    session.signal(Signal::HUP);
    session.signal(Signal::INT);
    session.ask("list", "done");
    session.signal(Signal::TERM);
    assert_eq!(session.wait("stopped")["reason"], "SIGTERM");
    succeeds(session);
}

#[cfg(feature = "api")]
#[test]
fn a_file_of_toxiproxy_may_be_a_pipe_and_a_signal_ends_the_wait_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("proxies.json");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let path = pipe.to_str().expect("a path");
    let arguments = ["toxiproxy", "-port=0", "-config", path];
    let mut session = Session::start(&arguments);
    let json = r#"[{"name":"db","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}]"#;
    std::fs::write(&pipe, json).expect("it is read");
    assert_eq!(session.wait("listening")["proxy"], "db");
    session.signal(Signal::TERM);
    session.wait("stopped");
    succeeds(session);
    let mut waits = Session::start(&arguments);
    // It is read from here on, and nothing comes.
    let writer = File::options().write(true).open(&pipe);
    waits.signal(Signal::TERM);
    waits.wait_for_silence();
    drop(writer);
    assert_eq!(waits.end().signal(), Some(Signal::TERM.as_raw()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_is_an_event() {
    let (mut session, ..) = desk("--headless", &["--log-file", "/dev/full"]);
    let error = session.wait("error");
    assert_eq!(
        error["error"],
        "cannot write the log file /dev/full: no space left on device; lines that are lost are counted"
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[cfg(target_os = "linux")]
#[test]
fn a_tape_that_cannot_be_written_is_told_and_makes_the_run_fail() {
    for expected in [&[][..], &["--expect", "failed = 0"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_faultboard"))
            .args(["--headless", "--duration", "10ms", "--tape", "/dev/full"])
            .args(expected)
            .stdin(std::process::Stdio::null())
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&run.stderr);
        let why = "cannot write the tape /dev/full: no space left on device; it ends here";
        assert!(said.starts_with(why), "{said}");
        assert_eq!(run.status.code(), Some(1));
    }
}

#[test]
fn a_reader_that_stands_still_keeps_neither_traffic_nor_the_end() {
    let (session, addr, _) = desk("--headless", &[]);
    // Nothing is read from here on, and these are more lines than the pipe and the queue hold.
    for _ in 0..3_000 {
        round_trip(&mut client(addr), b"x");
    }
    session.signal(Signal::TERM);
    succeeds(session);
}
