//! The program as a child process: commands on its standard input, its answers, and what it costs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value;

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

    /// Its part of the memory that processes share, in KiB.
    pub(crate) fn pss(&self) -> f64 {
        let text = self.proc("smaps_rollup");
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kib.unwrap_or(f64::NAN)
    }

    /// The processor time that all its threads have taken, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let times = self.tasks("schedstat", |text| {
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times).as_secs_f64()
    }

    /// How often its threads have gone to sleep, and so been woken.
    pub(crate) fn wake_ups(&self) -> u64 {
        self.tasks("status", |text| {
            let prefix = "voluntary_ctxt_switches:";
            let line = text.lines().find_map(|line| line.strip_prefix(prefix))?;
            line.trim().parse().ok()
        })
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    fn tasks(&self, file: &str, figure: impl Fn(&str) -> Option<u64>) -> u64 {
        let folder = format!("/proc/{}/task", self.child.id());
        let tasks = fs::read_dir(folder).into_iter().flatten().flatten();
        let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join(file)).ok());
        texts.filter_map(|text| figure(&text)).sum()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
