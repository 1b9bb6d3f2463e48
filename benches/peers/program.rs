//! The program as a child process: commands on its standard input, its answers, and what it costs.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value;

use super::process::Process;

/// The binary that cargo built for this benchmark.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_faultboard");

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A headless faultboard with one proxy.
pub(crate) struct Program {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<Value>,
    /// Where its proxy listens.
    pub(crate) addr: SocketAddr,
}

// === impl Program ===

impl Program {
    /// Starts it in front of `right`, the right side of a mapping, with these options.
    pub(crate) fn start(right: &str, options: &[&str]) -> Self {
        let mut child = Command::new(BINARY)
            .arg("--headless")
            .args(options)
            .arg(format!("0={right}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let commands = child.stdin.take().expect("its input");
        let output = child.stdout.take().expect("its output");
        // One answer for each command; what else it tells is dropped at once, so that it never waits for this reader.
        let (tx, answers) = sync_channel(16);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                let kind = event["event"].as_str().unwrap_or_default();
                let wanted = ["listening", "done", "refused"].contains(&kind);
                if wanted && tx.send(event).is_err() {
                    return;
                }
            }
        });
        let listening = answers.recv_timeout(PATIENCE).expect("it listens");
        let addr = listening["address"].as_str().expect("an address");
        Self {
            child,
            commands,
            answers,
            addr: addr.parse().expect("an address"),
        }
    }

    /// Gives a command and waits for its answer.
    pub(crate) fn tell(&mut self, command: &str) -> Value {
        writeln!(self.commands, "{command}").expect("it reads");
        let answer = self.answers.recv_timeout(PATIENCE).expect("an answer");
        assert_eq!(answer["event"], "done", "{command}: {answer}");
        answer
    }

    /// What it costs is asked of its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
