//! Programs of the machine that tests drive: found or not, started, awaited by what they print, ended.
//!
//! A service ends with its value, also when the test panics. Where a program is missing, its tests say so and pass;
//! with `CI=true` they fail.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::process::{Pid, Signal, kill_process};

/// So long a service may take to become ready, or a client program to finish, on a machine that is busy.
pub const LONG: Duration = Duration::from_secs(120);

/// Where `program` is, on the path or in one of `folders`; `package` is what Debian calls the package that has it.
pub fn find(program: &str, package: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let found = on_path(program, folders);
    if found.is_none() {
        let needed = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(
            !needed,
            "{program} is missing: CI installs {package} for it"
        );
        eprintln!("left out: there is no {program} here (apt install {package})");
    }
    found
}

/// Where a program is: in one of these folders, or on the path.
pub fn on_path(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders
        .iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A service that runs until this is dropped.
pub struct Service {
    child: Child,
    stop: Signal,
    log: Arc<Log>,
}

/// What a service has printed.
#[derive(Default)]
struct Log {
    text: Mutex<Printed>,
    grown: Condvar,
}

#[derive(Default)]
struct Printed {
    lines: Vec<String>,
    /// Of standard output and standard error, how many are at their end.
    ended: u32,
}

// === impl Service ===

impl Service {
    /// Starts a program that is to be stopped by `stop`.
    pub fn start(command: &mut Command, stop: Signal) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let log = Arc::new(Log::default());
        log.follow(child.stdout.take().expect("piped"));
        log.follow(child.stderr.take().expect("piped"));
        Self { child, stop, log }
    }

    /// Starts a program on a free port, on another one where that was taken meanwhile, and waits until it prints `ready`.
    pub fn on_a_free_port(
        command: impl Fn(u16) -> Command,
        ready: &str,
        stop: Signal,
    ) -> (Self, u16) {
        let mut printed = String::new();
        for _ in 0..5 {
            let port = free_port();
            let service = Self::start(&mut command(port), stop);
            match service.printed(ready) {
                Ok(()) => return (service, port),
                Err(log) => printed = log,
            }
        }
        panic!("never printed {ready:?}:\n{printed}");
    }

    /// Waits until it has printed `text`, else says what it did print.
    pub fn printed(&self, text: &str) -> Result<(), String> {
        let mut printed = self.log.text.lock();
        loop {
            if printed.lines.iter().any(|line| line.contains(text)) {
                return Ok(());
            }
            let late = self.log.grown.wait_for(&mut printed, LONG).timed_out();
            if late || printed.ended == 2 {
                return Err(printed.lines.join("\n"));
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended by itself.
        let _ = kill_process(pid.expect("a child has a number"), self.stop);
        let _ = self.child.wait();
    }
}

// === impl Log ===

impl Log {
    /// Takes down what is printed until the end.
    fn follow(self: &Arc<Self>, stream: impl Read + Send + 'static) {
        let log = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                log.text.lock().lines.push(line);
                log.grown.notify_all();
            }
            log.text.lock().ended += 1;
            log.grown.notify_all();
        });
    }
}

/// A port that was free a moment ago, another one each time. It lies below those that a system gives to whoever asks for any (from
/// 32,768 on at the lowest), so that it is not given away before it is used.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = TAKEN.fetch_add(1, Ordering::Relaxed);
        // Programs of tests that run at the same time begin at different places.
        let place = std::process::id().wrapping_mul(61).wrapping_add(number) % 20_000;
        let port = u16::try_from(10_000 + place).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Runs a client program to its end; it is killed where that takes too long.
pub async fn run(command: &mut tokio::process::Command) -> Output {
    run_with(Stdio::null(), command).await
}

/// The same with something to read.
pub async fn run_with(input: impl Into<Stdio>, command: &mut tokio::process::Command) -> Output {
    let output = command.stdin(input).kill_on_drop(true).output();
    let output = tokio::time::timeout(LONG, output).await;
    output
        .unwrap_or_else(|_| panic!("{command:?} does not end"))
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// What a client program printed, where it succeeded.
pub async fn succeed(command: &mut tokio::process::Command) -> String {
    let output = run(command).await;
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        stderr(&output)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// What a client program complained about, where it failed.
pub async fn fail(command: &mut tokio::process::Command) -> String {
    let output = run(command).await;
    assert!(!output.status.success(), "{command:?} succeeded");
    stderr(&output)
}

/// What a program printed on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether we are the superuser, as whom some services refuse to run.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gives `path` and what is in it to the user `owner`.
pub fn give_away(path: &Path, (user, group): (u32, u32)) {
    std::os::unix::fs::chown(path, Some(user), Some(group)).expect("root may give files away");
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a readable folder") {
            give_away(&entry.expect("an entry").path(), (user, group));
        }
    }
}
