//! The program without a console, in a process of its own: events on standard output, commands on standard input,
//! signals where the system has them, and its end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use faultboard::proxy::clock;
use serde_json::{Value, json};

use session::{Session, client, echo, round_trip};

mod findings;
mod session;
#[cfg(unix)]
mod signals;
mod tape;
mod tls;

/// A program with one proxy, `echo`, in front of an echo, and the proxy's address.
fn desk(form: &str, more: &[&str]) -> (Session, SocketAddr, SocketAddr) {
    let upstream = echo();
    let mapping = format!("0={upstream} as echo");
    let mut session = Session::start(&[&[form, mapping.as_str()], more].concat());
    let addr = if form == "--headless" {
        session.address()
    } else {
        let line = session.wait_words(&["listening on "]);
        let (_, rest) = line.split_once("listening on ").expect("an address");
        let addr = rest.split(' ').next().expect("an address");
        addr.parse().expect("an address and a port")
    };
    (session, addr, upstream)
}

fn succeeds(session: Session) {
    assert_eq!(session.end().code(), Some(0));
}

#[test]
fn a_connection_is_told_from_its_opening_to_its_end() {
    let (mut session, addr, upstream) = desk("--headless", &[]);
    let mut stream = client(addr);
    let opened = session.wait("opened");
    assert_eq!(opened["proxy"], "echo");
    assert_eq!(
        opened["client"],
        stream.local_addr().expect("bound").to_string()
    );
    assert_eq!(opened["upstream"], upstream.to_string());
    round_trip(&mut stream, b"hello");
    drop(stream);
    let closed = session.wait("closed");
    assert_eq!(closed["connection"], opened["connection"]);
    assert_eq!(closed["bytes"], json!({"up": 5, "down": 5}));
    assert_eq!(
        (&closed["reason"], &closed["error"]),
        (&json!("client_done"), &Value::Null)
    );
    assert!(closed["duration"].is_number() && closed["t"].is_number());
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn the_seed_is_said_first() {
    let mut session = Session::start(&["--headless", "--seed", "42"]);
    let line: Value = serde_json::from_str(&session.line()).expect("JSON");
    assert_eq!(
        (&line["event"], &line["seed"]),
        (&json!("started"), &json!(42))
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn faults_of_the_command_line_act_on_every_mapping_from_the_start() {
    let upstream = echo();
    let mapping = format!("0={upstream}");
    let args = [
        "--headless",
        "-f",
        "latency 7ms down, bw 1MB/s",
        "-f",
        "lat 5ms up",
        &mapping,
        &mapping,
    ];
    let mut session = Session::start(&args);
    for _ in 0..2 {
        assert_eq!(
            session.wait("faults")["faults"],
            "latency 5ms up, latency 7ms down, bandwidth 1MB/s"
        );
    }
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_change_is_answered_when_the_open_connections_run_it() {
    let (mut session, addr, _) = desk("--headless", &[]);
    let mut stream = client(addr);
    round_trip(&mut stream, b"x");
    session.type_bytes(b"set echo latency 2ms\n");
    let faults = session.wait("faults");
    assert_eq!(
        (&faults["proxy"], &faults["faults"]),
        (&json!("echo"), &json!("latency 2ms"))
    );
    let done = session.wait("done");
    assert_eq!((&done["taken"], &done["of"]), (&json!(1), &json!(1)));
    assert!(done["micros"].is_u64(), "{done}");
    round_trip(&mut stream, b"y");
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn set_replaces_what_it_names_and_leaves_the_rest() {
    let (mut session, ..) = desk("--headless", &[]);
    for (command, faults, bypassed) in [
        (
            "set all latency 2ms, bandwidth 1MB/s",
            "latency 2ms, bandwidth 1MB/s",
            false,
        ),
        (
            "set echo latency 4ms",
            "latency 4ms, bandwidth 1MB/s",
            false,
        ),
        (
            "set all latency 9ms down",
            "latency 2ms up, latency 9ms down, bandwidth 1MB/s",
            false,
        ),
        (
            "bypass all on",
            "latency 2ms up, latency 9ms down, bandwidth 1MB/s",
            true,
        ),
        ("clear all latency", "bandwidth 1MB/s", true),
        ("bypass echo off", "bandwidth 1MB/s", false),
        ("clear echo", "", false),
    ] {
        session.type_bytes(format!("{command}\n").as_bytes());
        let line = session.wait("faults");
        assert_eq!(
            (&line["faults"], &line["bypassed"]),
            (&json!(faults), &json!(bypassed)),
            "{command}"
        );
        session.wait_where(|line| line["command"] == command && line["event"] == "done");
    }
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn list_tells_each_proxy_as_it_is_now() {
    let (mut session, addr, upstream) = desk("--headless", &[]);
    let mut stream = client(addr);
    round_trip(&mut stream, b"x");
    session.ask("set all latency 2ms", "done");
    let done = session.ask("list", "done");
    let proxies = done["proxies"].as_array().expect("an array");
    assert_eq!(proxies.len(), 1);
    let expected = json!({
        "name": "echo", "mapping": format!("0={upstream} as echo"), "address": addr.to_string(),
        "faults": "latency 2ms", "bypassed": false, "connections": 1, "port": "open",
    });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&proxies[0][field], value, "{field}");
    }
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_proxy_comes_and_goes_by_command() {
    let upstream = echo();
    let mut session = Session::start(&["--headless"]);
    let done = session.ask(&format!("add 0={upstream} latency 1ms"), "done");
    let name = done["proxy"].as_str().expect("a name").to_owned();
    let addr: SocketAddr = done["address"]
        .as_str()
        .expect("an address")
        .parse()
        .expect("an address");
    let mut stream = client(addr);
    round_trip(&mut stream, b"through");
    let done = session.ask(&format!("port {name} closed"), "done");
    assert_eq!(done["open"], false);
    assert!(TcpStream::connect(addr).is_err(), "nobody new is let in");
    round_trip(&mut stream, b"what is open goes on");
    session.ask(&format!("port {name} open"), "done");
    round_trip(&mut client(addr), b"and again");
    session.wait("closed");
    session.ask(&format!("remove {name}"), "done");
    let closed = session.wait("closed");
    assert_eq!(closed["reason"], "stopped");
    assert!(
        TcpStream::connect(addr).is_err(),
        "nothing listens any more"
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_connection_is_killed_by_its_number() {
    let (mut session, addr, _) = desk("--headless", &[]);
    let mut stream = client(addr);
    let number = session.wait("opened")["connection"].clone();
    round_trip(&mut stream, b"x");
    session.ask(&format!("kill {number} rst"), "done");
    let error = stream.read(&mut [0; 1]).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let closed = session.wait("closed");
    assert_eq!(
        (&closed["connection"], &closed["reason"]),
        (&number, &json!("killed"))
    );
    let refused = session.ask(&format!("kill {number}"), "refused");
    assert_eq!(refused["error"], format!("no open connection {number}"));
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_connection_is_exempt_and_frozen_by_its_number() {
    let (mut session, addr, _) = desk("--headless", &[]);
    let mut stream = client(addr);
    let number = session.wait("opened")["connection"].clone();
    session.ask("set all latency 1h", "done");
    let done = session.ask(&format!("exempt {number} on"), "done");
    assert_eq!((&done["exempt"], &done["of"]), (&json!(true), &json!(1)));
    round_trip(&mut stream, b"at once");
    let done = session.ask(&format!("freeze {number} on"), "done");
    assert_eq!(
        (&done["exempt"], &done["frozen"]),
        (&json!(true), &json!(true))
    );
    stream.write_all(b"held").expect("it is taken");
    session.ask(&format!("freeze {number} off"), "done");
    let mut back = [0; 4];
    stream.read_exact(&mut back).expect("it goes on");
    assert_eq!(&back, b"held");
    let refused = session.ask("exempt 99 on", "refused");
    assert_eq!(refused["error"], "no open connection 99");
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn what_cannot_be_done_is_refused_with_its_column() {
    let (mut session, addr, _) = desk("--headless", &[]);
    for (command, says, column) in [
        ("frobnicate", "frobnicate", json!(1)),
        ("set ecko latency 1ms", "did you mean \"echo\"?", json!(5)),
        ("remove nobody", "unknown proxy \"nobody\" (echo)", json!(8)),
        ("set all latncy 1ms", "did you mean \"latency\"?", json!(9)),
        ("add 80=htps://a", "did you mean \"https\"?", json!(8)),
        ("kill 99", "no open connection 99", json!(6)),
    ] {
        let refused = session.ask(command, "refused");
        let error = refused["error"].as_str().expect("text");
        assert!(error.contains(says), "{command}: {error}");
        assert_eq!(refused["column"], column, "{command}: {error}");
    }
    let refused = session.ask(&format!("add {}=127.0.0.1:1", addr.port()), "refused");
    let port = addr.port();
    assert_eq!(
        refused["error"],
        format!("port {port} is taken by proxy echo: give another port, or 0 for any free one")
    );
    assert_eq!(refused["column"], 5);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = taken.local_addr().expect("its address");
    let refused = session.ask(&format!("add {}=127.0.0.1:1", addr.port()), "refused");
    assert_eq!(
        refused["error"],
        format!("cannot listen on {addr}: address already in use")
    );
    assert_eq!(refused["column"], Value::Null);
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_proxy_without_a_name_is_called_by_its_port() {
    let upstream = echo();
    let mut session = Session::start(&["--headless", &format!("0={upstream}")]);
    let name = format!(":{}", session.address().port());
    session.ask(&format!("set {name} latency 2ms"), "done");
    let done = session.ask(&format!("rename {name} web"), "done");
    assert_eq!(
        (&done["proxy"], &done["before"]),
        (&json!("web"), &json!(name))
    );
    let refused = session.ask(&format!("remove {name}"), "refused");
    assert_eq!(refused["column"], 8);
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_new_name_is_told_kept_and_nobody_elses() {
    let (mut session, addr, upstream) = desk("--headless", &[]);
    session.type_bytes(b"rename echo orders\n");
    let renamed = session.wait("renamed");
    assert_eq!(
        (&renamed["proxy"], &renamed["before"]),
        (&json!("orders"), &json!("echo"))
    );
    round_trip(&mut client(addr), b"x");
    assert_eq!(session.wait("opened")["proxy"], "orders");
    let listed = session.ask("list", "done");
    let expected = format!("0={upstream} as orders");
    assert_eq!(listed["proxies"][0]["mapping"], expected);
    session.ask("add 0=db:1", "done");
    let taken =
        format!("the name orders is taken by 0={upstream}: give another one, as in orders-2");
    for (command, says, column) in [
        ("add 0=db:2 as orders latency 1ms", &*taken, 15),
        ("rename db orders", &taken, 11),
        ("rename nobody x", "unknown proxy \"nobody\"", 8),
        ("rename db all", "\"all\" means every proxy", 11),
    ] {
        let refused = session.ask(command, "refused");
        let error = refused["error"].as_str().expect("text");
        assert!(error.starts_with(says), "{command}: {error}");
        assert_eq!(refused["column"], column, "{command}");
    }
    assert_eq!(
        session.ask("add 0=db:2", "done")["proxy"]
            .as_str()
            .map(|name| name.starts_with("db:")),
        Some(true)
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn what_is_no_command_is_answered_with_all_commands() {
    let mut session = Session::start(&["--headless"]);
    for command in ["help", "?"] {
        let refused = session.ask(command, "refused");
        let error = refused["error"].as_str().expect("text");
        assert!(
            error.contains(
                "add, remove, rename, unname, port, repoint, set, clear, preset, bypass, kill, exempt, freeze, facts, sweep, save, list, quit"
            ),
            "{error}"
        );
    }
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_sweep_is_answered_at_once_told_step_by_step_and_written() {
    let (mut session, addr, _) = desk("--headless", &[]);
    round_trip(&mut client(addr), b"x");
    session.ask("set echo loss 1%", "done");
    let begun = session.ask("sweep echo latency from=1ms to=3ms steps=2 hold=1s", "done");
    assert_eq!(
        (&begun["steps"], &begun["seconds"]),
        (&json!(2), &json!(2.0))
    );
    let again = session.ask("sweep echo latency", "refused");
    assert_eq!(
        again["error"],
        "echo is swept already: sweep echo stop ends that"
    );
    let step = session.wait("sweep");
    assert_eq!(
        (&step["state"], &step["step"], &step["set"]),
        (&json!("step"), &json!(1), &json!("1ms"))
    );
    let set = session.wait("faults");
    assert_eq!(
        (&set["faults"], &set["by"]),
        (&json!("latency 3ms, loss 1%"), &json!("sweep"))
    );
    let ended = session.wait_where(|event| event["state"] == "ended");
    assert_eq!(
        (&ended["why"], &ended["steps"]),
        (&json!("done"), &json!(2))
    );
    let listed = session.ask("list", "done");
    assert_eq!(listed["proxies"][0]["faults"], "loss 1%");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("curve.csv");
    session.ask(&format!("sweep echo save {}", file.display()), "done");
    let csv = std::fs::read_to_string(&file).expect("it is written");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let wrong = session.ask("sweep echo save curve.txt", "refused");
    assert_eq!(wrong["column"], 17);
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_name_that_no_fault_has_clears_nothing() {
    let (mut session, ..) = desk("--headless", &[]);
    let refused = session.ask("clear echo as=slow", "refused");
    assert_eq!(
        (refused["error"].as_str(), &refused["column"]),
        (
            Some("no fault is called \"slow\": none has a name"),
            &Value::from(12)
        )
    );
    session.ask("set echo latency 1ms as=slow, loss 1% as=lossy", "done");
    for target in ["echo", "all"] {
        let refused = session.ask(&format!("clear {target} as=slo"), "refused");
        assert_eq!(
            refused["error"],
            "no fault is called \"slo\": did you mean \"slow\"? (lossy, slow)"
        );
    }
    session.ask("clear echo as=slow", "done");
    session.ask("clear all as=lossy", "done");
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn with_no_proxy_all_is_refused() {
    let mut session = Session::start(&["--headless"]);
    session.ask("set all latency 1ms", "refused");
    let refused = session.ask("clear nobody", "refused");
    assert_eq!(
        refused["error"],
        "unknown proxy \"nobody\": there is none yet"
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn input_that_is_no_line_of_text_is_refused_and_the_next_line_is_read() {
    let mut session = Session::start(&["--headless"]);
    session.type_bytes(&vec![b'x'; 100_000]);
    session.type_bytes(b"\n");
    assert!(
        session.wait("refused")["error"]
            .as_str()
            .is_some_and(|error| error.contains("longer than"))
    );
    session.type_bytes(b"list \xff\xfe\n");
    let refused = session.wait("refused");
    assert!(
        refused["error"]
            .as_str()
            .is_some_and(|error| error.contains("UTF-8")),
        "{refused}"
    );
    assert_eq!(refused["column"], 6);
    session.type_bytes(b"\n  \r\nlist\r\n");
    assert_eq!(session.wait("done")["command"], "list");
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn commands_are_obeyed_while_nobody_reads_the_output() {
    let (mut session, addr, _) = desk("--headless", &[]);
    // Nothing is read from here on, and these are more lines than the pipe and the queue hold.
    for _ in 0..3_000 {
        round_trip(&mut client(addr), b"x");
    }
    for _ in 0..2 {
        session.type_bytes(b"set all blackhole\nset all latency 0ms\nclear all\n");
    }
    session.type_bytes(b"bypass all on\nremove all\nquit\n");
    succeeds(session);
}

#[test]
fn a_run_of_a_set_time_ends_by_itself() {
    let mut session = Session::start(&["--headless", "--duration", "50ms", "0=127.0.0.1:1"]);
    assert_eq!(session.wait("stopped")["reason"], "duration");
    succeeds(session);
}

#[test]
fn an_upstream_that_refuses_is_a_failure_with_its_reason() {
    let closed_port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let upstream = closed_port.expect("a free port");
    let mut session = Session::start(&["--headless", &format!("0={upstream}")]);
    let addr = session.address();
    let _stream = client(addr);
    let closed = session.wait("closed");
    assert_eq!(closed["reason"], "dial");
    assert_eq!(
        closed["error"],
        format!("cannot reach {upstream}: connection refused")
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn figures_of_a_proxy_that_moves_bytes_are_printed() {
    let (mut session, addr, _) = desk("--headless", &["-f", "latency 4ms"]);
    let mut stream = client(addr);
    // Until the program ends the connection.
    std::thread::spawn(move || {
        let mut back = [0; 5];
        while stream.write_all(b"hello").is_ok() && stream.read_exact(&mut back).is_ok() {}
    });
    let figures = [
        "/added/up/p50_ms",
        "/added/down/p99_ms",
        "/feels/p50_ms",
        "/rates/up",
        "/bytes/down",
    ];
    let stats = session.wait_where(|line| {
        let has = |figure: &&str| line.pointer(figure).is_some_and(Value::is_number);
        line["event"] == "stats" && figures.iter().all(has)
    });
    assert_eq!(
        (&stats["proxy"], &stats["connections"]),
        (&json!("echo"), &json!(1))
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn what_the_virtual_sender_is_at_is_told_with_the_figures() {
    let (mut session, addr, _) = desk("--headless", &["-f", "tcp cubic, latency 20ms"]);
    let mut stream = client(addr);
    round_trip(&mut stream, b"hello");
    let stats =
        session.wait_where(|line| line["event"] == "stats" && line["sender"]["messages"] == 2);
    let sender = &stats["sender"];
    let round_trip = sender["round_trip_ms"].as_f64().expect("a number");
    assert!(round_trip >= 20.0, "{sender}");
    assert_eq!(
        (&sender["window"], &sender["dropped"]),
        (&json!(10), &json!(0))
    );
    assert_eq!(sender["late"], json!(0));
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_reader_that_goes_ends_the_desk_quietly() {
    let (mut session, addr, _) = desk("--headless", &[]);
    session.stop_reading();
    // Each connection is two lines to nobody; there are more until the desk has noticed.
    while TcpStream::connect(addr).is_ok() {}
    succeeds(session);
}

#[test]
fn in_words_a_change_is_one_line() {
    let (mut session, addr, upstream) = desk("--plain", &["-f", "latency 1ms"]);
    session.wait_words(&["echo faults latency 1ms"]);
    let mut stream = client(addr);
    session.wait_words(&["echo connection 1 opened from ", &format!(" to {upstream}")]);
    round_trip(&mut stream, b"x");
    session.type_bytes(b"set all latency 250ms\n");
    let line = session.wait_words(&["latency 250ms"]);
    let (time, words) = line.split_once(' ').expect("a time");
    assert_eq!(time.len(), "00:00:00".len());
    assert!(
        words.starts_with("echo faults latency 1ms -> latency 250ms taken by 1 of 1 in "),
        "{line}"
    );
    for (command, faults) in [
        ("preset all 3g", "latency 250ms -> latency 300ms"),
        ("clear all", " -> none"),
    ] {
        session.type_bytes(format!("{command}\n").as_bytes());
        let line = session.wait_words(&["faults "]);
        assert!(
            line.contains(faults) && line.contains(" taken by 1 of 1 in "),
            "{line}"
        );
    }
    session.type_bytes(b"set all ltency 250ms\nquit\n");
    session.wait_words(&["refused: ", "did you mean \"latency\"?", "column 9"]);
    session.wait_words(&["stopped: quit"]);
    session.wait_words(&["faultboard: 00:00:", "1 connection, 1 B up, 1 B down"]);
    session.wait_words(&["faults: bandwidth, latency, tcp"]);
    session.wait_words(&["again: faultboard --seed ", " --plain '0=127.0.0.1:"]);
    succeeds(session);
}

#[test]
fn without_lines_of_connections_the_figures_and_the_end_tell_of_them() {
    let options = ["--quiet-connections", "--seed", "7"];
    let (mut session, addr, upstream) = desk("--headless", &options);
    round_trip(&mut client(addr), b"x");
    session.type_bytes(b"quit\n");
    let mut seen = Vec::new();
    let stopped = session.wait_where(|line| {
        seen.push(line["event"].clone());
        line["event"] == "stopped"
    });
    assert!(
        !seen.contains(&json!("opened")) && !seen.contains(&json!("closed")),
        "{seen:?}"
    );
    assert_eq!(
        (&stopped["total"], &stopped["bytes"]),
        (&json!(1), &json!({ "up": 1, "down": 1 }))
    );
    let again =
        format!("faultboard --seed 7 --headless --quiet-connections '0={upstream} as echo'");
    assert_eq!(stopped["again"], json!([again]));
    succeeds(session);
}

#[test]
fn the_demo_runs_without_a_screen() {
    let mut session = Session::start(&["demo", "--headless", "-f", "latency 3ms"]);
    let mut silent = vec!["shop", "echo", "files", "flaky"];
    for name in &silent {
        let said = if *name == "flaky" {
            "port_closed"
        } else {
            "listening"
        };
        assert_eq!(session.wait(said)["proxy"], *name);
        assert_eq!(session.wait("faults")["faults"], "latency 3ms");
    }
    session.ask("port flaky open", "done");
    session.wait_where(|line| {
        if line["bytes"]["down"].as_u64() > Some(0) {
            silent.retain(|name| line["proxy"] != *name);
        }
        silent.is_empty()
    });
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn the_log_is_json_lines_of_proxies_and_of_what_fails() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("log.json");
    let path = log.to_str().expect("text");
    let (mut session, addr, _) = desk("--headless", &["--seed", "9", "--log-file", path]);
    round_trip(&mut client(addr), b"x");
    session.wait("closed");
    session.ask("quit", "done");
    succeeds(session);
    let text = std::fs::read_to_string(&log).expect("the log is there");
    let lines = text.lines().map(serde_json::from_str);
    let lines: Vec<Value> = lines.collect::<Result<_, _>>().expect("each line is JSON");
    let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(
        messages,
        ["started", "listening", "stopped"],
        "connections are for debug"
    );
    assert_eq!(
        (&lines[0]["seed"], &lines[1]["proxy"]),
        (&json!(9), &json!("echo"))
    );
}

#[test]
fn a_preset_takes_the_place_of_all_faults_and_faults_beside_it_of_its_own() {
    let more = ["--preset", "3g", "--fault", "latency 5ms"];
    let (mut session, addr, _) = desk("--headless", &more);
    let faults = session.wait("faults");
    assert_eq!(
        faults["faults"],
        "latency 5ms, bandwidth 96kB/s queue=75kB framing=ip up, bandwidth 200kB/s queue=75kB framing=ip down, \
         tcp cubic"
    );
    round_trip(&mut client(addr), b"hello");
    session.ask("preset all offline", "done");
    let refused = session.ask("preset all moon", "refused");
    let error = refused["error"].as_str().expect("a text");
    assert!(
        error.starts_with("unknown preset \"moon\" (dial-up"),
        "{error}"
    );
    session.ask("quit", "done");
    succeeds(session);
}

#[test]
fn a_scene_is_loaded_but_for_its_bad_lines() {
    let upstream = echo();
    let file = std::env::temp_dir().join(format!("faultboard-{}.scene", std::process::id()));
    let scene = format!("# a scene\n0={upstream} latency 1ms # slow\n0=htps://x\n");
    std::fs::write(&file, scene).expect("a file");
    let path = file.to_str().expect("a name");
    let mut session = Session::start(&["--headless", "--scene", path]);
    let addr = session.address();
    let faults = session.wait("faults");
    assert_eq!(faults["faults"], "latency 1ms");
    let error = session.wait("error");
    let error = error["error"].as_str().expect("a text");
    assert!(
        error.starts_with(&format!("{path}:3:3: unknown protocol")),
        "{error}"
    );
    round_trip(&mut client(addr), b"hello");
    session.ask("quit", "done");
    succeeds(session);
    std::fs::remove_file(file).expect("the file");
}

#[test]
fn an_older_word_is_read_and_its_new_one_is_said_once() {
    const NOTE: &str = "stalls=on is tcp bbr now";
    let file = std::env::temp_dir().join(format!("faultboard-old-{}.scene", std::process::id()));
    let scene = format!("0={} as old loss 2% stalls=on\n", echo());
    std::fs::write(&file, scene).expect("a file");
    let path = file.to_str().expect("a name");
    let mut session = Session::start(&["--headless", "--scene", path]);
    assert_eq!(session.wait("faults")["faults"], "loss 2% stalls=on");
    assert_eq!(session.wait("note")["note"], format!("{path}: {NOTE}"));
    let done = session.ask("set old loss 1% stalls=on", "done");
    assert_eq!(done["note"], NOTE);
    let done = session.ask("set old loss 1%, tcp bbr", "done");
    assert_eq!(done["note"], Value::Null);
    session.ask("quit", "done");
    succeeds(session);
    std::fs::remove_file(file).expect("the file");
}

#[test]
fn what_time_moves_is_told_with_the_figures() {
    let (mut session, addr, _) = desk("--headless", &[]);
    session.ask("set all latency 100ms ramp=1h, blackhole start=1h", "done");
    let mut stream = client(addr);
    round_trip(&mut stream, b"hello");
    let stats = session.wait_where(|line| line["event"] == "stats" && line["now"].is_string());
    let now = stats["now"].as_str().expect("a text");
    assert!(
        now.starts_with("latency ") && !now.contains("blackhole"),
        "{now}"
    );
    session.ask("quit", "done");
    succeeds(session);
}

/// To be run where the timers are in doubt: the system's own tick may be 15.6 ms. A busy machine makes any answer late,
/// so the best of twenty counts, and all is asked again until the machine was idle enough; with coarse timers every
/// answer waits for a tick, however often one asks.
#[test]
#[ignore = "asks the clock how exact this machine is"]
fn half_of_all_delays_are_over_within_a_tenth_of_a_tick_of_windows() {
    let (mut session, addr, _) = desk("--headless", &[]);
    let mut stream = client(addr);
    let mut best = || {
        let rounds = (0..20).map(|_| {
            let began = clock::now();
            round_trip(&mut stream, b"x");
            clock::now() - began
        });
        rounds.min().expect("twenty rounds")
    };
    let mut late_at_half = || {
        session.ask("clear echo", "done");
        let free = best();
        let mut late = Vec::new();
        for step in 0..20 {
            let delay = Duration::from_micros(1_500 + 970 * step);
            let command = format!("set echo latency {}us down", delay.as_micros());
            session.ask(&command, "done");
            let delayed = best();
            assert!(delayed >= delay, "never early");
            late.push(delayed.saturating_sub(free + delay));
        }
        late.sort_unstable();
        println!(
            "delays of 1.5 to 20 ms are late by {:?} (p50), {:?} (most), the best of twenty each",
            late[10], late[19]
        );
        late[10]
    };
    assert!((0..20).any(|_| late_at_half() < Duration::from_micros(1_560)));
    session.ask("quit", "done");
    succeeds(session);
}
