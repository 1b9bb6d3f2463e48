//! The program in a pseudo-terminal, and what its user would see there, with the time at which it came.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::process::Process;
use super::traffic::now;

/// Columns and rows.
pub(crate) type Size = (u16, u16);

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The last question that the program puts to its terminal, and what an xterm answers to all of them.
const QUESTION: &[u8] = b"\x1b[c";
const ANSWERS: &[u8] = b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?2026;2$y\x1b[?62;22c";

/// Between them stands a frame, where the terminal has said that it knows mode 2026.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Whether a terminal answers what it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// As an xterm does.
    AtOnce,
    /// Nothing, as one behind a slow line does at first.
    Never,
}

/// The program on its terminal; it is killed when this is dropped.
pub(crate) struct Console {
    child: Box<dyn Child + Send + Sync>,
    _terminal: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    pieces: Receiver<Piece>,
    answers: Answers,
    emulator: vt100::Parser,
    columns: u16,
    /// What came since somebody last asked for it.
    written: Vec<u8>,
    /// When it was started.
    pub(crate) began: Instant,
}

/// What the program has written, in one piece, and when it came.
struct Piece {
    at: Instant,
    bytes: Vec<u8>,
}

// === impl Console ===

impl Console {
    /// Starts the program.
    pub(crate) fn start(size: Size, arguments: &[&str], answers: Answers) -> Self {
        let (columns, rows) = size;
        let size = PtySize {
            rows,
            cols: columns,
            ..PtySize::default()
        };
        let pty = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_faultboard"));
        command.args(arguments);
        // Without a home, nobody's configuration is read, and no history written.
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let began = now();
        let child = pty.slave.spawn_command(command).expect("it starts");
        let output = pty.master.try_clone_reader().expect("its output");
        let size = |size| NonZero::new(size).expect("a size");
        Self {
            child,
            keyboard: pty.master.take_writer().expect("its input"),
            _terminal: pty.master,
            pieces: read(output),
            answers,
            emulator: vt100::Parser::new(size(rows), size(columns), 0),
            columns,
            written: Vec::new(),
            began,
        }
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.process_id().expect("it runs"))
    }

    /// The rows of the screen.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.emulator.screen().rows(0, self.columns).collect()
    }

    /// The first row with this text.
    pub(crate) fn row_with(&self, text: &str) -> Option<String> {
        self.rows().into_iter().find(|row| row.contains(text))
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("its keys");
    }

    /// Presses keys and waits for the screen that shows what they do: for how long.
    pub(crate) fn time(&mut self, keys: &str, shows: impl Fn(&[String]) -> bool) -> Duration {
        assert!(!shows(&self.rows()), "it is shown already: {keys}");
        let pressed = now();
        self.press(keys);
        self.wait(keys, shows) - pressed
    }

    /// Waits until the screen shows something, and says when the piece came with which it does.
    pub(crate) fn wait(&mut self, what: &str, shows: impl Fn(&[String]) -> bool) -> Instant {
        let (mut at, deadline) = (now(), now() + PATIENCE);
        while !shows(&self.rows()) {
            let Some(came) = self.take(deadline) else {
                panic!("never shown after {what}:\n{}", self.rows().join("\n"));
            };
            at = came;
        }
        at
    }

    /// Takes what comes for so long.
    pub(crate) fn watch(&mut self, time: Duration) {
        let end = now() + time;
        while self.take(end).is_some() {}
    }

    /// What was written since this was last asked.
    pub(crate) fn written(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    /// Takes the next piece that comes until then.
    fn take(&mut self, until: Instant) -> Option<Instant> {
        let left = until.saturating_duration_since(now());
        let piece = self.pieces.recv_timeout(left).ok()?;
        if self.answers == Answers::AtOnce && piece.bytes.ends_with(QUESTION) {
            self.keyboard.write_all(ANSWERS).expect("it listens");
        }
        self.emulator.process(&piece.bytes);
        self.written.extend_from_slice(&piece.bytes);
        Some(piece.at)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long each of the frames is that stand whole among what was written.
pub(crate) fn frames(written: &[u8]) -> Vec<usize> {
    let find = |text: &[u8], from: usize| {
        let windows = written.get(from..)?.windows(text.len());
        Some(from + windows.into_iter().position(|window| window == text)?)
    };
    let mut frames = Vec::new();
    let mut from = 0;
    while let Some(begin) = find(BEGIN, from)
        && let Some(end) = find(END, begin)
    {
        from = end + END.len();
        frames.push(from - begin);
    }
    frames
}

/// Reads what a program writes, as it comes. A full channel holds the reader, and so the program, back: whoever measures
/// something else meanwhile has to take what comes.
fn read(mut output: Box<dyn Read + Send>) -> Receiver<Piece> {
    let (tx, pieces) = sync_channel(4096);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(n @ 1..) = output.read(&mut buffer) {
            let bytes = buffer[..n].to_vec();
            if tx.send(Piece { at: now(), bytes }).is_err() {
                return;
            }
        }
    });
    pieces
}
