//! A running program without a console, and what stands around it: an upstream, clients, a way to wait for a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
#[cfg(all(unix, feature = "api"))]
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A wait that takes this long is a failure.
const TOO_LONG: Duration = Duration::from_secs(60);

/// The program, from its start to its end.
pub(crate) struct Session {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Session {
    /// Starts the program with pipes for all it reads and writes.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultboard"));
        command.args(args);
        Self::of(command)
    }

    /// Starts a command that becomes the program.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        // Small: where a test does not take lines, nobody reads the program's output.
        let (tx, lines) = sync_channel(16);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if tx.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    /// Gives a command, bytes as they are.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("standard input is open");
        input.write_all(bytes).expect("the program reads");
    }

    /// Gives a command and waits for its answer, which must be `event`.
    pub(crate) fn ask(&mut self, command: &str, event: &str) -> Value {
        self.type_bytes(format!("{command}\n").as_bytes());
        let answer = self.wait_where(|line| line["command"] == command);
        assert_eq!(answer["event"], event, "{answer}");
        answer
    }

    /// Ends standard input.
    #[cfg(unix)]
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> String {
        self.lines
            .recv_timeout(TOO_LONG)
            .expect("a line comes in time")
    }

    /// Waits for the first line with all of `words`.
    pub(crate) fn wait_words(&mut self, words: &[&str]) -> String {
        loop {
            let line = self.line();
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    /// Waits for the first JSON line of which `holds` is true.
    pub(crate) fn wait_where(&mut self, mut holds: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let line = self.line();
            let value: Value = serde_json::from_str(&line).expect("each line is JSON");
            if holds(&value) {
                return value;
            }
        }
    }

    /// Waits for an event.
    pub(crate) fn wait(&mut self, event: &str) -> Value {
        self.wait_where(|line| line["event"] == event)
    }

    /// Waits until a proxy listens and says where.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let listening = self.wait("listening");
        let address = listening["address"].as_str().expect("an address");
        address.parse().expect("an address and a port")
    }

    /// Waits until it writes no more.
    #[cfg(all(unix, feature = "api"))]
    pub(crate) fn wait_for_silence(&mut self) {
        loop {
            match self.lines.recv_timeout(TOO_LONG) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("it goes on"),
            }
        }
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the program runs");
    }

    /// Stops reading what the program writes.
    pub(crate) fn stop_reading(&mut self) {
        let (_, closed) = sync_channel(1);
        self.lines = closed;
    }

    /// Waits for the program's end.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("it ends")
    }
}

/// No test leaves a program behind.
impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An upstream on a port of its own that gives back what it gets.
pub(crate) fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut reader = stream.try_clone().expect("a second handle");
                let mut writer = stream;
                let mut buffer = [0; 4096];
                while let Ok(n @ 1..) = reader.read(&mut buffer) {
                    if writer.write_all(&buffer[..n]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

/// A client that is connected.
pub(crate) fn client(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).expect("the proxy listens");
    stream.set_read_timeout(Some(TOO_LONG)).expect("a socket");
    stream
}

/// Sends `bytes` and waits for them to come back.
pub(crate) fn round_trip(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).expect("the proxy takes bytes");
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).expect("they come back");
    assert_eq!(back, bytes);
}
