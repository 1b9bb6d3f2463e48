//! `faultboard toxiproxy` as toxiproxy's clients and its users' command lines meet it.
//!
//! The libraries come from `PyPI`, npm and crates.io; `.ci/run` installs them below `target/clients`, and one that is missing is
//! left out with a word.
#![cfg(feature = "api")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

/// A server in a process of its own; it ends with this.
struct Server {
    child: Child,
    /// What it said before it listened.
    said: Vec<String>,
    port: u16,
}

impl Server {
    /// One on any free port, by these flags beside.
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_faultboard"))
            .args(["toxiproxy", "-port", "0"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut said = Vec::new();
        let mut lines = output.lines().map_while(Result::ok);
        for line in lines.by_ref() {
            said.push(line);
            if said.iter().any(|line| line.contains("the API")) {
                break;
            }
        }
        // Where nobody reads, the program ends.
        thread::spawn(move || lines.for_each(drop));
        let last = said.pop().expect("it listens");
        let last: Value = serde_json::from_str(&last).expect("JSON");
        let note = last["note"].as_str().expect("a note");
        let port = note.rsplit(':').next().and_then(|port| port.parse().ok());
        Self {
            child,
            said,
            port: port.expect("a port"),
        }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        write!(
            stream,
            "{request}\r\nHost: toxiproxy\r\nConnection: close\r\n\r\n"
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An upstream that sends back what it gets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut to = stream.try_clone().expect("a handle");
                // Whoever resets it has had enough.
                let _ = std::io::copy(&mut &stream, &mut to);
            });
        }
    });
    addr
}

/// Where `.ci/run` installs libraries.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clients")
}

/// Runs a client over a server of its own, with the server's port and the upstream behind its other words. `needs` is what must
/// be installed.
fn drive(program: &Path, words: &[&str], needs: Option<PathBuf>) {
    if !needs.is_some_and(|needs| needs.exists()) {
        eprintln!("left out: {words:?} (not installed: .ci/run does)");
        return;
    }
    let server = Server::start(&[]);
    let output = Command::new(program)
        .current_dir(installed())
        .args(words)
        .args([server.port.to_string(), echo().to_string()])
        .output()
        .expect("the client starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}:\n{said}");
}

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    folder.join(name).display().to_string()
}

#[test]
fn the_python_client_finds_all_that_it_asks_for() {
    let versions = std::fs::read_dir(installed().join("venv/lib"));
    let mut versions = versions.into_iter().flatten().flatten();
    let needs = versions.find_map(|version| {
        let module = version.path().join("site-packages/toxiproxy");
        module.exists().then_some(module)
    });
    let python = installed().join("venv/bin/python");
    drive(&python, &[&script("toxiproxy_api.py")], needs);
}

#[test]
fn the_node_client_finds_all_that_it_asks_for() {
    let needs = installed().join("node_modules/toxiproxy-node-client");
    let script = script("toxiproxy_api.mjs");
    drive(Path::new("node"), &[&script], Some(needs));
}

#[test]
fn the_rust_clients_find_all_that_they_ask_for() {
    let program = installed().join("rust/debug/faultboard-clients");
    for library in ["toxiproxy_rust", "noxious-client"] {
        drive(&program, &[library], Some(program.clone()));
    }
}

#[test]
fn the_file_makes_proxies_with_their_toxics_before_the_api_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("toxiproxy.json");
    let config = serde_json::json!([
        {"name": "db:1", "listen": "127.0.0.1:0", "upstream": echo().to_string(),
         "toxics": [{"type": "latency", "name": "slow", "attributes": {"latency": 30}}]},
        {"name": "off", "listen": "localhost:0", "upstream": "db:5432", "enabled": false},
    ]);
    std::fs::write(&file, config.to_string()).expect("a file");
    let server = Server::start(&[&format!("-config={}", file.display())]);
    let answer = server.ask("GET /proxies HTTP/1.1");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let proxies: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(proxies["db:1"]["toxics"][0]["attributes"]["latency"], 30);
    assert_eq!(proxies["off"]["enabled"], false);
}

#[test]
fn a_wrong_file_is_said_and_the_server_starts_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("toxiproxy.json");
    std::fs::write(&file, r#"[{"name": "a"}]"#).expect("a file");
    for (path, why) in [
        (
            file.display().to_string(),
            "missing required field: upstream at proxy 1",
        ),
        ("/no/such/file".to_owned(), "cannot read /no/such/file"),
    ] {
        let server = Server::start(&["-config", &path]);
        assert!(server.ask("GET /version HTTP/1.1").contains("200 OK"));
        let is_said = |line: &String| line.contains("\"error\"") && line.contains(why);
        assert!(server.said.iter().any(is_said), "{:?}", server.said);
    }
}

#[test]
fn other_machines_are_let_in_where_it_listens_for_them() {
    let server = Server::start(&["-host=0.0.0.0"]);
    assert!(server.ask("GET /version HTTP/1.1").contains("200 OK"));
}

#[test]
fn a_port_that_is_taken_ends_it_and_its_version_is_toxiproxys() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultboard"));
        let output = command
            .arg("toxiproxy")
            .args(args)
            .stdin(Stdio::null())
            .output();
        output.expect("the program starts")
    };
    let output = run(&["-port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("address already in use"), "{why}");
    let output = run(&["-version"]);
    assert_eq!(output.stdout, b"toxiproxy-server version 2.12.0\n");
    assert_eq!(run(&["-nosuch"]).status.code(), Some(2));
}

/// A tool that makes requests of the document alone, right and wrong ones. The texts of commands and faults are languages that
/// no schema tells, so what it believes to be right may be refused; and toxiproxy's paths take and answer what toxiproxy's do.
#[test]
fn the_document_holds_whatever_a_fuzzer_makes_of_it() {
    const OF_LANGUAGES: &str = "positive_data_acceptance";
    const OF_TOXIPROXY: &str =
        "positive_data_acceptance,negative_data_rejection,not_a_server_error";
    let tool = installed().join("venv/bin/schemathesis");
    if !tool.exists() {
        eprintln!("left out: schemathesis (not installed: .ci/run does)");
        return;
    }
    for (tag, without) in [("faultboard", OF_LANGUAGES), ("toxiproxy", OF_TOXIPROXY)] {
        let server = Server::start(&[]);
        let api = format!("http://127.0.0.1:{}", server.port);
        let output = Command::new(&tool)
            .current_dir(installed())
            .args([
                "run",
                &format!("{api}/faultboard/v1/openapi.json"),
                "--url",
                &api,
            ])
            .args(["--include-tag", tag, "--exclude-checks", without])
            // It goes on until its reader ends it.
            .args(["--exclude-path", "/faultboard/v1/stream"])
            .args([
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "20",
            ])
            .args([
                "--seed",
                "1",
                "--max-time",
                "20",
                "--request-timeout",
                "10",
                "--no-color",
            ])
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tag}:\n{said}\n{failed}");
    }
}
