//! The console among other programs: stopped and continued by a shell, and inside tmux, whose screen is another's.

#![cfg(all(unix, feature = "tui"))]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output};

use faultboard::proxy::clock;
use support::PATIENCE;
use support::pty::{Terminal, command};
use support::services::{find, free_port, stderr};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_faultboard");

/// An upstream that sends one byte to each client and waits for its end; returns its port.
fn greeter() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                stream.write_all(b"!")?;
                stream.read(&mut [0])
            });
        }
    });
    port
}

/// A client of the proxy on `port` that has been served.
fn served(port: u16) -> TcpStream {
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the proxy listens");
    client.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    client.read_exact(&mut [0]).expect("a greeting");
    client
}

#[test]
fn a_shell_stops_it_and_lets_it_go_on() {
    let Some(bash) = find("bash", "bash", &[]) else {
        return;
    };
    let bash = bash.to_str().expect("a plain path");
    let mut shell = command(bash, &["--norc", "--noprofile", "-i"]);
    shell.env("PS1", "ready> ");
    shell.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let terminal = Terminal::start((100, 30), shell);
    terminal.text("ready>");
    let (port, upstream) = (free_port(), greeter());
    let mapping = format!("{port}=127.0.0.1:{upstream}");
    terminal.keys(&format!("{PROGRAM} {mapping}\r"));
    terminal.text(&format!("point a client at 127.0.0.1:{port}"));
    terminal.keys("5");
    terminal.text("250ms");

    terminal.keys("\x1a");
    terminal.text("Stopped");
    terminal.wait("the shell's own screen", |shown| {
        let screen = shown.screen();
        // Whether paste is bracketed is the shell's own affair.
        let own = !screen.alternate_screen() && !screen.hide_cursor();
        own.then_some(())
    });
    terminal.keys("stty -a; echo all of it\r");
    terminal.wait("the terminal's modes", |shown| {
        let rows = shown.rows();
        let all = rows.iter().any(|row| row.trim_end() == "all of it");
        let has = |mode: &str| {
            rows.iter()
                .any(|row| row.split([' ', ';']).any(|word| word == mode))
        };
        (all && has("icanon") && has("echo") && has("isig")).then_some(())
    });

    terminal.keys("fg\r");
    terminal.text(&format!("point a client at 127.0.0.1:{port}"));
    terminal.text("250ms");
    // The proxy lives on.
    let client = served(port);
    terminal.text("1 conn");
    drop(client);
    terminal.text("0 conn");
    terminal.keys("q");
    // What is typed before the shell asks for more may still go to the program that leaves.
    terminal.wait("the shell's next line", |shown| {
        let rows = shown.rows();
        let mut rows = rows.iter().map(|row| row.trim_end());
        rows.find(|row| row.contains("fg"))?;
        rows.find(|row| *row == "ready>").map(drop)
    });
    terminal.keys("echo it left with $?\r");
    terminal.text("it left with 0");
}

/// A tmux server of our own; it ends when this is dropped.
struct Tmux {
    program: PathBuf,
    folder: TempDir,
}

impl Tmux {
    fn start(size: (u16, u16), arguments: &[&str]) -> Option<Self> {
        let program = find("tmux", "tmux", &[])?;
        let folder = TempDir::new().expect("a temporary folder");
        let tmux = Self { program, folder };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let options = ["new-session", "-d", "-x", &width, "-y", &height, PROGRAM];
        tmux.ask(&[&options, arguments].concat());
        Some(tmux)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .args(["-f", "/dev/null", "-u"])
            .args(arguments)
            .env_remove("TMUX")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("tmux runs")
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Waits until the screen shows this. tmux tells nobody when it draws, so it is asked again and again.
    fn shows(&self, text: &str) {
        let deadline = clock::now() + PATIENCE;
        loop {
            let screen = self.ask(&["capture-pane", "-p"]);
            if screen.contains(text) {
                return;
            }
            assert!(clock::now() < deadline, "never shown: {text}\n{screen}");
        }
    }

    fn is_over(&self) -> bool {
        !self.run(&["has-session"]).status.success()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn tmux_shows_the_same_screen() {
    let Some(tmux) = Tmux::start((80, 24), &[]) else {
        return;
    };
    tmux.shows("no proxies yet");
    let (port, upstream) = (free_port(), greeter());
    tmux.ask(&[
        "send-keys",
        "-l",
        &format!("{port}=127.0.0.1:{upstream} lat 1ms"),
    ]);
    tmux.ask(&["send-keys", "Enter"]);
    tmux.shows(&format!("▌1 :{port} {port}=127.0.0.1:{upstream}"));
    let client = served(port);
    tmux.shows("1 conn");
    tmux.ask(&["send-keys", "5"]);
    tmux.shows("━━━━●╌╌╌╌ 250ms");
    tmux.ask(&["resize-window", "-x", "120", "-y", "35"]);
    tmux.shows("▸ ··················");
    drop(client);
    tmux.shows("0 conn");
    tmux.ask(&["send-keys", "q"]);
    let deadline = clock::now() + PATIENCE;
    while !tmux.is_over() {
        assert!(clock::now() < deadline, "it does not leave");
    }
}
