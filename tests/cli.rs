//! The program as a shell sees it: arguments in, text and an exit status out.

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// Runs the program to its end, with nothing on standard input.
fn run(args: &[&str]) -> Output {
    program(args).output().expect("the program starts")
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultboard"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env_remove("FAULTBOARD_LOG");
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("an exit status")
}

#[test]
fn check_says_how_each_valid_mapping_is_carried() {
    let output = run(&[
        "check",
        " 9090=https://example.com ",
        "5432=psqls://db",
        "0=a:1",
    ]);
    assert_eq!(
        stdout(&output),
        "9090=https://example.com  ok: listens on port 9090, TLS to example.com:443\n\
         5432=psqls://db  ok: listens on port 5432, PostgreSQL's TLS to db:5432\n\
         0=a:1  ok: listens on any free port, bytes as they are to a:1\n"
    );
    assert_eq!((stderr(&output), status(&output)), ("", 0));
}

#[test]
fn an_older_word_is_said_on_standard_error_once() {
    let mapping = "0=a:1 loss 2% stalls=on";
    let plain = run(&["check", mapping, "0=a:2 loss 1% stalls=on"]);
    let json = run(&["check", "--json", mapping]);
    let run_for = [
        "--headless",
        "--duration",
        "1ms",
        "--fault",
        "loss 2% stalls=on",
    ];
    for output in [plain, json, run(&run_for)] {
        assert_eq!(stderr(&output), "stalls=on is tcp bbr now\n");
        assert_eq!(status(&output), 0);
    }
}

#[test]
fn check_refuses_mappings_that_lead_back_to_themselves() {
    let output = run(&[
        "check",
        "80=localhost:80",
        "81=[::1]:81",
        "82=127.0.0.1:83",
        "83=localhost:82",
    ]);
    assert_eq!(
        stdout(&output),
        "80=localhost:80\n   \
         ^ 80=localhost:80 leads to the port on which it listens itself: give the port of a server\n\
         81=[::1]:81  ok: listens on port 81, bytes as they are to [::1]:81\n\
         82=127.0.0.1:83  ok: listens on port 82, bytes as they are to 127.0.0.1:83\n\
         83=localhost:82\n   \
         ^ 83=localhost:82 leads back to itself by way of 82=127.0.0.1:83: let one of them lead to a server\n"
    );
    assert_eq!(status(&output), 2);
}

#[test]
fn check_puts_a_caret_under_each_wrong_mapping() {
    let output = run(&["check", "9090=htps://example.com", "80=a:1", "81=b:0"]);
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(lines[0], "9090=htps://example.com");
    assert!(lines[1].starts_with("     ^ unknown protocol \"htps\": did you mean \"https\"?"));
    assert_eq!(
        lines[2],
        "80=a:1  ok: listens on port 80, bytes as they are to a:1"
    );
    assert_eq!(lines[3], "81=b:0");
    assert_eq!((stderr(&output), status(&output)), ("", 2));
}

#[test]
fn check_refuses_a_port_that_comes_again_but_not_any_free_port() {
    let mappings = ["0=a:1", "0=a:1", "80=a:1", " 80=b:2"];
    let output = run(&[&["check"][..], &mappings].concat());
    let wrong: Vec<&str> = stdout(&output).lines().skip(3).collect();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(
        wrong[1].contains("^ port 80 is taken by 80=a:1: give another port, or 0 for any free one")
    );
    assert_eq!(status(&output), 2);
    let output = run(&[&["check", "--json"][..], &mappings].concat());
    let verdicts: Vec<Value> = serde_json::from_str(stdout(&output)).expect("an array");
    let fine: Vec<&Value> = verdicts.iter().map(|verdict| &verdict["ok"]).collect();
    assert_eq!(fine, [true, true, true, false]);
    assert_eq!((&verdicts[3]["column"], status(&output)), (&json!(2), 2));
}

#[test]
fn check_json_is_one_array_in_the_order_given() {
    let output = run(&[
        "check",
        "--json",
        "9090=https://example.com",
        "1=[::1]:80",
        "x=y",
    ]);
    let mut verdicts: Vec<Value> = serde_json::from_str(stdout(&output)).expect("an array");
    assert_eq!(
        verdicts[..2],
        [
            json!({"mapping": "9090=https://example.com", "ok": true, "listen": 9090, "protocol": "https",
                   "host": "example.com", "port": 443, "tls": true}),
            json!({"mapping": "1=[::1]:80", "ok": true, "listen": 1, "protocol": null,
                   "host": "::1", "port": 80, "tls": false}),
        ]
    );
    let error = verdicts[2]["error"].take();
    assert!(
        error.as_str().is_some_and(|error| error.contains("port")),
        "{error}"
    );
    assert_eq!(
        verdicts[2],
        json!({"mapping": "x=y", "ok": false, "error": null, "column": 1})
    );
    assert_eq!(
        (verdicts.len(), stderr(&output), status(&output)),
        (3, "", 2)
    );
}

#[test]
fn check_tells_names_alpn_and_faults_with_or_without_quotes() {
    let mappings = [
        "9090=https://x.com as web alpn=h2 lat 5ms",
        "81=b:1",
        "as",
        "orders",
        "latency",
        "1s",
        "down",
        "82=c:1",
        "as",
        "web",
    ];
    let output = run(&[&["check"][..], &mappings].concat());
    assert_eq!(
        stdout(&output),
        "9090=https://x.com as web alpn=h2 lat 5ms  ok: listens on port 9090, TLS to x.com:443, offering h2, called web, \
         with latency 5ms\n\
         81=b:1 as orders latency 1s down  ok: listens on port 81, bytes as they are to b:1, called orders, with latency 1s \
         down\n\
         82=c:1 as web\n          ^ the name web is taken by 9090=https://x.com as web alpn=h2 lat 5ms: give another one, as \
         in web-2\n"
    );
    assert_eq!(status(&output), 2);
    let output = run(&[&["check", "--json"][..], &mappings].concat());
    let verdicts: Vec<Value> = serde_json::from_str(stdout(&output)).expect("an array");
    assert_eq!(
        verdicts[0],
        json!({"mapping": mappings[0], "ok": true, "listen": 9090, "protocol": "https", "host": "x.com", "port": 443,
               "tls": true, "name": "web", "alpn": ["h2"], "faults": "latency 5ms"})
    );
    assert_eq!(
        (&verdicts[1]["name"], &verdicts[2]["column"]),
        (&json!("orders"), &json!(11))
    );
}

#[test]
fn check_json_of_valid_mappings_exits_with_0() {
    assert_eq!(status(&run(&["check", "--json", "5432=psql://db"])), 0);
}

#[test]
fn everything_wrong_on_a_command_line_is_said_at_once() {
    let output = run(&[
        "--headless",
        "9090=foo",
        "80",
        "-f",
        "latncy 3ms",
        "-f",
        "latency 250",
    ]);
    let errors: Vec<&str> = stderr(&output).lines().collect();
    assert_eq!(errors.len(), 8, "{errors:?}");
    let inputs: Vec<&str> = errors.iter().copied().step_by(2).collect();
    assert_eq!(inputs, ["9090=foo", "80", "latncy 3ms", "latency 250"]);
    let carets: Vec<usize> = errors
        .iter()
        .skip(1)
        .step_by(2)
        .filter_map(|line| line.find('^'))
        .collect();
    assert_eq!(carets, [8, 2, 0, 11]);
    assert_eq!((stdout(&output), status(&output)), ("", 2));
}

#[test]
fn an_option_with_nothing_in_it_is_one_line() {
    for (args, told) in [
        (
            ["-f", ""],
            "--fault: needs a fault: latency 250ms jitter=30ms dist=normal\n",
        ),
        (
            ["--expect", " "],
            "--expect: what is expected begins with one of feels, waits, recovers, failed, cut, answers, holds\n",
        ),
        (["--plain", ""], "needs a mapping: 9090=https://host\n"),
    ] {
        let output = run(&args);
        assert_eq!((stderr(&output), status(&output)), (told, 2), "{args:?}");
    }
}

#[test]
fn a_mistyped_command_is_not_taken_for_a_mapping() {
    for (typed, meant) in [
        ("chek", "check"),
        ("dmeo", "demo"),
        ("completion", "completions"),
    ] {
        let output = run(&["--plain", typed]);
        let expected =
            format!("^ neither a mapping nor a command: did you mean \"faultboard {meant}\"?");
        assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
        assert_eq!(status(&output), 2);
    }
}

#[test]
fn a_port_that_is_given_twice_is_refused_before_anything_listens() {
    let output = run(&["--plain", "9090=a:1", "9090=b:2"]);
    assert!(stderr(&output).contains("port 9090 is taken by 9090=a:1: give another port"));
    assert_eq!((stdout(&output), status(&output)), ("", 2));
}

#[test]
fn faults_of_two_options_collide_as_those_of_one() {
    let output = run(&["--plain", "-f", "lat 5ms", "-f", "bw 1MB/s, lat 7ms up"]);
    let error = stderr(&output);
    assert!(
        error.starts_with("bw 1MB/s, lat 7ms up\n          ^ latency is set"),
        "{error}"
    );
    assert_eq!((stdout(&output), status(&output)), ("", 2));
}

#[test]
fn too_little_memory_is_a_line_and_no_abort() {
    let program = env!("CARGO_BIN_EXE_faultboard");
    for limit in ["-v", "-d"] {
        let script = format!("ulimit {limit} 60000; exec \"$0\" --headless");
        let output = Command::new("bash").args(["-c", &script, program]).output();
        let output = output.expect("a shell");
        // The allocator may have had a word before.
        let expected = format!(
            "the limit of this process's memory is 58 MiB: give it at least 96 MiB (ulimit {limit})"
        );
        assert_eq!(stderr(&output).lines().last(), Some(expected.as_str()));
        assert_eq!((stdout(&output), status(&output)), ("", 1));
    }
}

#[test]
fn wrong_options_exit_with_2_and_say_what_would_work() {
    for (args, says) in [
        (&["--duration", "5"][..], "5ms"),
        (&["--connect-timeout", "0s"], "a time is 1ms to 3600s"),
        (&["--keepalive", "10h"], "a time is 1s to 32400s, or off"),
        (&["--bind", "localhost"], "not an IP address: 127.0.0.1"),
        (&["--bind", "[127.0.0.1]"], "not an IP address"),
        (&["--duration", "-5s"], "time is never negative"),
        (&["--duration", "999999h"], "a time is 0ms to 360000000s"),
        (&["--duration", "99999999999999999999s"], "a time is 0ms to"),
        (&["--headless", "--plain"], "cannot be used with"),
        (&["--headless", "demo", "--plain"], "exclude each other"),
        (&["--client-cert", "a.pem"], "--client-key"),
        (&["--client-key", "a.pem"], "--client-cert"),
        (&["--max-connections", "0"], "1 or more"),
        (&["--alpn", "http/2"], "TLS knows \"http/2\" as h2"),
        (&["--alpn", "h2,"], "needs a protocol: alpn=h2"),
        (&["--max-connections", "-1"], "1 or more"),
        (&["demo", "80=a:1"], "own upstreams: use faultboard 80=a:1"),
        (&["--seed", "x"], "a whole number, up to"),
        (&["--seed", "-1"], "a whole number, up to"),
        (&["--hedless"], "--headless"),
        (&["check"], "MAPPING"),
        (&["--seed", "1", "check", "80=a:1"], "leave them out"),
        (&["completions", "cmd"], "bash"),
    ] {
        let output = run(args);
        assert!(
            stderr(&output).contains(says),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_eq!((stdout(&output), status(&output)), ("", 2), "{args:?}");
    }
}

#[test]
fn without_a_terminal_one_line_names_both_ways_out() {
    for args in [&[][..], &["demo"], &["9090=a:1"]] {
        let output = run(args);
        let error = stderr(&output);
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(
            error.contains("--headless") && error.contains("--plain"),
            "{error}"
        );
        assert_eq!((stdout(&output), status(&output)), ("", 2));
    }
}

#[test]
fn a_port_that_is_taken_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = taken.local_addr().expect("its address");
    let mapping = format!("{}=127.0.0.1:1", addr.port());
    for form in ["--headless", "--plain"] {
        let output = run(&[form, &mapping]);
        let expected = format!("cannot listen on {addr}: address already in use\n");
        assert_eq!((stderr(&output), stdout(&output)), (expected.as_str(), ""));
        assert_eq!(status(&output), 1);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_one_line_and_status_1() {
    for args in [
        &["--headless", "--ca-file", "/nowhere/ca.pem"][..],
        &["--headless", "--log-file", "/nowhere/log.json"],
    ] {
        let output = run(args);
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains("/nowhere/"), "{}", stderr(&output));
        assert_eq!((stdout(&output), status(&output)), ("", 1));
    }
}

#[test]
fn a_tls_option_that_makes_no_sense_is_one_line_and_status_2() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    };
    let none = file("none", "hello\n");
    let open = file("open", "-----BEGIN CERTIFICATE-----\nabc\n");
    let damaged = file(
        "damaged",
        "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
    );
    for (option, value, says) in [
        (
            "--sni",
            "",
            "cannot use --sni \"\": not a host name or an address",
        ),
        (
            "--sni",
            "a b",
            "cannot use --sni \"a b\": not a host name or an address",
        ),
        ("--ca-file", &none, "no certificate in PEM form in it"),
        ("--ca-file", &open, "its PEM text has no end line"),
        ("--ca-file", &damaged, "its certificate is damaged"),
    ] {
        let output = run(&["--headless", option, value]);
        let error = stderr(&output);
        assert!(error.ends_with(&format!("{says}\n")), "{error}");
        assert_eq!((error.lines().count(), status(&output)), (1, 2), "{error}");
    }
}

#[test]
fn what_the_system_says_of_a_file_is_said_once() {
    let output = run(&["--headless", "--ca-file", "/nowhere/ca.pem"]);
    assert_eq!(
        stderr(&output),
        "cannot use --ca-file /nowhere/ca.pem: no such file or directory\n"
    );
}

#[test]
fn a_filter_of_the_log_that_does_not_parse_is_one_line_and_status_2() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("log.json");
    let output = program(&["--headless", "--log-file"])
        .arg(&log)
        .env("FAULTBOARD_LOG", "faultboard=loud")
        .output()
        .expect("the program starts");
    let error = stderr(&output);
    assert!(
        error.starts_with("FAULTBOARD_LOG=faultboard=loud: "),
        "{error}"
    );
    assert_eq!((error.lines().count(), status(&output)), (1, 2));
}

#[test]
fn the_version_says_what_the_program_was_built_from() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(stdout(&run(&["-V"])), format!("faultboard {version}\n"));
    let output = run(&["--version"]);
    let long = stdout(&output);
    assert!(
        long.starts_with(&format!("faultboard {version} (")),
        "{long}"
    );
    assert_eq!(stdout(&run(&["version"])), long);
    let json: Value = serde_json::from_str(stdout(&run(&["version", "--json"]))).expect("JSON");
    assert_eq!(json["version"], version);
    assert!(
        long.contains(json["target"].as_str().expect("a target")),
        "{long}"
    );
}

#[test]
fn help_shows_every_command_and_option() {
    let output = run(&["--help"]);
    let help = stdout(&output);
    for word in [
        "faultboard [OPTIONS] [MAPPING]...",
        "faultboard demo",
        "faultboard check [--json] MAPPING...",
        "faultboard ping [ADDR]",
        "faultboard toxiproxy [-host ADDR] [-port N] [-config FILE]",
        "faultboard completions SHELL",
        "faultboard man",
        "faultboard version [--json]",
        "--bind",
        "-f, --fault",
        "--headless",
        "--plain",
        "--duration",
        "--seed",
        "--ca-file",
        "--insecure",
        "--sni",
        "--client-cert",
        "--client-key",
        "--no-resumption",
        "--strict-close",
        "--connect-timeout",
        "--max-connections",
        "--log-file",
        "--api",
        "FAULTBOARD_TOKEN",
        "FAULTBOARD_LOG",
        "Examples:",
        "Exit status:",
    ] {
        assert!(help.contains(word), "{word} is not in:\n{help}");
    }
    assert_eq!(status(&output), 0);
}

#[test]
fn help_and_manual_show_every_kind_of_fault() {
    let (help, manual) = (run(&["--help"]), run(&["man"]));
    for kind in faultboard::fault::KINDS {
        let listed = |text: &str| text.lines().any(|line| line.contains(kind.name));
        assert!(listed(stdout(&help)), "{} is not in the help", kind.name);
        assert!(
            listed(&stdout(&manual).replace("\\-", "-")),
            "{} is not in the manual",
            kind.name
        );
    }
}

#[test]
fn the_manual_page_is_roff_with_the_usual_sections() {
    let output = run(&["man"]);
    let manual = stdout(&output);
    for section in [
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "FAULTS",
        "EXAMPLES",
        "\"EXIT STATUS\"",
        "VERSION",
    ] {
        let heading = manual.lines().any(|line| {
            let name = line.strip_prefix(".SH ");
            name.is_some_and(|name| name.trim_matches('"') == section.trim_matches('"'))
        });
        assert!(heading, "{section} is not in:\n{manual}");
    }
    assert!(manual.contains(".TH faultboard"), "{manual}");
    assert_eq!(status(&output), 0);
}

#[test]
fn each_shell_gets_a_completion_script_with_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        for word in ["demo", "check", "headless"] {
            assert!(stdout(&output).contains(word), "{word} is not in {shell}'s");
        }
        assert_eq!(status(&output), 0);
    }
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    // More than a pipe holds, so the program is still writing when its reader goes.
    let many = vec!["9090=https://example.com"; 4_000];
    for args in [
        [&["check", "--json"][..], &many].concat(),
        [&["check"][..], &many].concat(),
    ] {
        let mut child = program(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut first = [0; 1];
        let mut out = child.stdout.take().expect("a pipe");
        out.read_exact(&mut first).expect("some output");
        drop(out);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((stderr(&output), status(&output)), ("", 0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_one_line_and_status_1() {
    for args in [
        &["check", "80=a:1"][..],
        &["check", "--json", "80=a:1"],
        &["man"],
        &["completions", "bash"],
        &["--headless"],
        &["--help"],
        &["check", "-h"],
        &["--version"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = program(args)
            .stdout(full.expect("a device that is always full"))
            .stderr(Stdio::piped())
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .expect("the program starts");
        assert_eq!(
            stderr(&output),
            "cannot write to standard output: no space left on device\n"
        );
        assert_eq!(status(&output), 1, "{args:?}");
    }
}

/// A program on a terminal of its own.
struct OnTerminal {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    screen: Box<dyn Read + Send>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

fn on_terminal(term: &str, args: &[&str]) -> OnTerminal {
    let system = portable_pty::native_pty_system();
    let pair = system
        .openpty(portable_pty::PtySize::default())
        .expect("a terminal");
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_faultboard"));
    command.args(args);
    command.env("TERM", term);
    OnTerminal {
        child: pair
            .slave
            .spawn_command(command)
            .expect("the program starts"),
        screen: pair.master.try_clone_reader().expect("a reader"),
        _master: pair.master,
    }
}

impl OnTerminal {
    /// What is written until it contains `end`, or until nobody holds the terminal any more.
    fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        // Linux ends a terminal that nobody holds any more with an error.
        while let Ok(n @ 1..) = self.screen.read(&mut buffer) {
            text.extend_from_slice(&buffer[..n]);
            if text
                .windows(end.len())
                .any(|window| window == end.as_bytes())
            {
                break;
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[test]
fn a_person_without_proxies_is_told_how_to_add_one() {
    let mut program = on_terminal("xterm", &["--headless", "--duration", "1ms"]);
    let screen = program.read_until("\"stopped\"");
    assert_eq!(screen.matches("no proxies yet: type add ").count(), 1);
    assert!(program.child.wait().expect("it ends").success());
    assert_eq!(stderr(&run(&["--headless", "--duration", "1ms"])), "");
}

#[test]
fn a_terminal_that_cannot_redraw_gets_words() {
    let mut program = on_terminal("dumb", &["--seed", "7", "--duration", "1ms"]);
    let screen = program.read_until("stopped: duration");
    assert!(screen.contains("00:00:00 faultboard "), "{screen}");
    assert_eq!(screen.matches("this terminal cannot redraw").count(), 1);
    assert!(screen.contains("stopped: duration"), "{screen}");
    assert!(program.child.wait().expect("it ends").success());
}

#[cfg(feature = "tui")]
#[test]
fn the_console_gives_its_terminal_back_when_its_time_is_up() {
    let mut program = on_terminal("xterm-256color", &["--duration", "50ms", "demo"]);
    let screen = program.read_until("faultboard: 00:00:0");
    let taken = screen
        .find("\u{1b}[?1049h")
        .expect("the alternate screen is entered");
    let given_back = screen
        .find("\u{1b}[?1049l")
        .expect("the alternate screen is left");
    assert!(taken < given_back, "{screen:?}");
    assert!(program.child.wait().expect("it ends").success());
}

#[test]
fn the_users_own_files_are_where_the_environment_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for (below, preset) in [("h/.config", "at-home"), ("c", "elsewhere")] {
        let folder = path(below).join("faultboard");
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = format!("[{preset}]\nfaults = \"latency 80ms\"\n");
        std::fs::write(folder.join("presets.toml"), text).expect("written");
    }
    let (home, elsewhere) = (path("h"), path("c"));
    for (home, config, found) in [
        (Some(&home), None, Some("at-home")),
        (Some(&home), Some(&elsewhere), Some("elsewhere")),
        (Some(&home), Some(&PathBuf::from("c")), Some("at-home")),
        (None, Some(&elsewhere), Some("elsewhere")),
        (None, None, None),
    ] {
        let mut program = program(&["presets", "--json"]);
        program.env_clear().current_dir(folder.path());
        for (name, path) in [("HOME", home), ("XDG_CONFIG_HOME", config)] {
            path.map(|path| program.env(name, path));
        }
        let output = program.output().expect("the program starts");
        let presets: Value = serde_json::from_str(stdout(&output)).expect("JSON");
        let names = presets.as_array().expect("an array").iter();
        let names = names.filter_map(|preset| preset["name"].as_str());
        let own = names.filter(|name| ["at-home", "elsewhere"].contains(name));
        assert!(own.eq(found), "{home:?} {config:?}");
    }
}

#[test]
fn presets_are_listed_with_their_figures_and_sources() {
    let output = run(&["presets"]);
    let text = stdout(&output);
    assert!(
        text.contains("3g             1600/768 kbit/s, 300ms\n"),
        "{text}"
    );
    assert!(text.contains("source: WebPageTest 3G\n"), "{text}");
    let output = run(&["presets", "--json"]);
    let json: Value = serde_json::from_str(stdout(&output)).expect("one JSON array");
    let presets = json.as_array().expect("an array");
    assert_eq!(presets.len(), 24);
    assert!(presets.iter().all(|preset| preset["source"].is_string()));
    let starlink = presets.iter().find(|preset| preset["name"] == "starlink");
    let starlink = starlink.expect("starlink is one");
    assert_eq!(starlink["down_kbit"], 104_710);
    assert_eq!(starlink["delay_up_us"], 23_000);
}

#[test]
fn an_unknown_preset_is_refused_with_the_names() {
    let output = run(&["--headless", "--preset", "3gg", "0=x:1"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    let wanted = "--preset: unknown preset \"3gg\": did you mean \"3g\"? (dial-up, 2g, ";
    assert!(text.starts_with(wanted), "{text}");
}

#[test]
fn a_trace_that_cannot_be_read_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lte.csv");
    std::fs::write(&path, "time,rate\n0,12x\n").expect("a file");
    let path = path.to_str().expect("a path of text");
    for (trace, why) in [
        (
            path,
            format!("{path}:2: \"12x\" is no rate: 4000000, 4Mbit/s"),
        ),
        (
            "no.csv",
            "cannot read the trace no.csv: no such file or directory".to_owned(),
        ),
        (
            "/dev/zero",
            "cannot read the trace /dev/zero: it is no file".to_owned(),
        ),
    ] {
        let fault = format!("bandwidth trace={trace}");
        let output = run(&["--headless", "--fault", &fault, "0=x:1"]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.trim_end().ends_with(&why), "{text}");
    }
}

#[test]
fn a_tour_that_cannot_be_led_starts_nothing_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (wrong, none) = (path("wrong.tour"), path("none.tour"));
    let text = "1=a:80 as shop\nact One\nshow shp\npres 5\n";
    std::fs::write(&wrong, text).expect("written");
    let console = "a tour is led through in the console: leave out --headless and --plain";
    for (arguments, told, ends) in [
        (["demo", "--tour", "--headless"], console.to_owned(), 2),
        (["tour", "--plain", &wrong], console.to_owned(), 2),
        (
            ["tour", "--auto", &wrong],
            format!(
                "{wrong}:4:1: no line of an act: did you mean \"press\"?\n\
                 {wrong}:3:6: no proxy of this tour is called shp: 9090=https://example.com as shp"
            ),
            2,
        ),
        (
            ["tour", "--auto", &none],
            format!("cannot read the tour {none}: no such file or directory"),
            1,
        ),
    ] {
        let output = run(&arguments);
        assert_eq!(
            (stderr(&output).trim_end(), status(&output)),
            (&*told, ends)
        );
    }
}

#[test]
fn help_and_readme_list_every_command() {
    let help = run(&["--help"]);
    let readme = include_str!("../README.md");
    for word in faultboard::command::words() {
        let in_help = stdout(&help).lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(word)
        });
        assert!(in_help, "{word} is not in --help");
        let in_readme =
            readme.contains(&format!("| `{word}`")) || readme.contains(&format!("| `{word} "));
        assert!(in_readme, "{word} is not in README");
    }
}

#[cfg(feature = "api")]
#[test]
fn an_api_that_other_machines_reach_wants_a_token_or_the_word_open() {
    let wanted = "--api 0.0.0.0:0 would let every machine that reaches it in: give --api-token-file FILE or \
                  FAULTBOARD_TOKEN, a loopback address such as 127.0.0.1:8474, or --api-open to have it so\n";
    let begun = |more: &[&str]| {
        let args = [
            &["--headless", "--duration", "1ms", "--api", "0.0.0.0:0"],
            more,
        ]
        .concat();
        run(&args)
    };
    let refused = begun(&[]);
    assert_eq!((stderr(&refused), status(&refused)), (wanted, 2));
    let open = begun(&["--api-open"]);
    assert_eq!(status(&open), 0, "{}", stderr(&open));
    let note = "the API is open to the network without a token: 0.0.0.0:";
    assert!(stdout(&open).contains(note), "{}", stdout(&open));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "secret\n").expect("a file");
    let file = file.to_str().expect("text");
    let guarded = begun(&["--api-token-file", file]);
    assert_eq!(status(&guarded), 0);
    assert_eq!(
        stderr(&guarded),
        format!("others can read the token file {file}: chmod 600 {file}\n")
    );
    assert!(!stdout(&guarded).contains("secret"));
}

#[cfg(feature = "api")]
#[test]
fn an_address_may_follow_api_and_a_mapping_is_none() {
    for (args, said) in [
        (&["--api", "0"][..], "the API answers on 127.0.0.1:"),
        (&["--api=0"], "the API answers on 127.0.0.1:"),
        (&["--api", "[::1]:0"], "the API answers on [::1]:"),
    ] {
        let output = run(&[&["--headless", "--duration", "1ms", "0=localhost:1"], args].concat());
        assert!(stdout(&output).contains(said), "{}", stderr(&output));
    }
    for (args, why) in [
        (
            &["--api", "127.0.0.1:99999"][..],
            "not an address of this machine",
        ),
        (
            &["--api-open"],
            "--api-open says how the API behaves, and there is none: give --api too",
        ),
        (&["--api", "9090=htps://a"], "did you mean \"https\"?"),
    ] {
        let output = run(&[&["--headless"], args].concat());
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert_eq!(status(&output), 2);
    }
}

#[cfg(feature = "api")]
#[test]
fn ping_ends_with_1_where_nothing_answers() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = free.local_addr().expect("bound").to_string();
    drop(free);
    let output = run(&["ping", &addr]);
    assert_eq!(status(&output), 1);
    assert_eq!(
        stderr(&output),
        format!("nothing answers on {addr}: connection refused\n")
    );
}
