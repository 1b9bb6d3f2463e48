//! A program on a pseudo-terminal of its own, and the emulator that shows what a person would see.
//!
//! Nothing here sleeps: a test waits until the screen shows what it wants, and says what it showed when it does not.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultboard::proxy::clock;
use parking_lot::{Condvar, Mutex};
use portable_pty::{CommandBuilder, ExitStatus, PtyPair, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::PATIENCE;

/// A program on a terminal; it is killed when this is dropped.
pub struct Terminal {
    pty: PtyPair,
    tty: PathBuf,
    input: Arc<Mutex<Box<dyn Write + Send>>>,
    shared: Arc<Shared>,
    pid: Pid,
}

#[derive(Default)]
struct Shared {
    shown: Mutex<Shown>,
    changed: Condvar,
}

/// What the terminal shows, and all that was written to it.
#[derive(Default)]
pub struct Shown {
    emulator: vt100::Parser,
    /// Every byte that the program wrote.
    pub written: Vec<u8>,
    ended: Option<ExitStatus>,
}

/// The questions that a program may put to its terminal, and what an xterm answers.
pub type Answers = &'static [(&'static [u8], &'static [u8])];

pub const ANSWERS: Answers = &[
    (b"\x1b[6n", b"\x1b[1;1R"),
    (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    (b"\x1b[c", b"\x1b[?62;22c"),
];

// === impl Terminal ===

impl Terminal {
    /// The faultboard program on a terminal of this size.
    pub fn faultboard(size: (u16, u16), arguments: &[&str]) -> Self {
        Self::start(size, command(env!("CARGO_BIN_EXE_faultboard"), arguments))
    }

    /// Any program.
    pub fn start(size: (u16, u16), command: CommandBuilder) -> Self {
        Self::answering(size, command, ANSWERS)
    }

    /// Any program, on a terminal that answers questions like this.
    pub fn answering(
        (width, height): (u16, u16),
        command: CommandBuilder,
        answers: Answers,
    ) -> Self {
        let pty = native_pty_system()
            .openpty(of_size(width, height))
            .expect("a pseudo-terminal");
        let mut child = pty.slave.spawn_command(command).expect("it starts");
        let shared = Arc::new(Shared::default());
        shared.resize(width, height);
        let input = pty.master.take_writer().expect("its only writer");
        let input = Arc::new(Mutex::new(input));
        let output = pty.master.try_clone_reader().expect("a reader");
        shared.follow(output, Arc::clone(&input), answers);
        let pid = child.process_id().expect("it runs").cast_signed();
        let ending = Arc::clone(&shared);
        std::thread::spawn(move || {
            ending.shown.lock().ended = child.wait().ok();
            ending.changed.notify_all();
        });
        Self {
            tty: pty.master.tty_name().expect("a name"),
            pty,
            input,
            shared,
            pid: Pid::from_raw(pid).expect("a child has a number"),
        }
    }

    /// Types.
    pub fn keys(&self, keys: &str) {
        let mut input = self.input.lock();
        input.write_all(keys.as_bytes()).expect("it reads its keys");
        input.flush().expect("it reads its keys");
    }

    /// Pastes, as a terminal does for a program that asked to be told.
    pub fn paste(&self, text: &str) {
        self.keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it runs");
    }

    /// Makes the terminal another size and tells the program.
    pub fn resize(&self, width: u16, height: u16) {
        self.shared.resize(width, height);
        let size = of_size(width, height);
        self.pty.master.resize(size).expect("resized");
    }

    /// Waits until `wanted` makes something of what is shown.
    pub fn wait<T>(&self, what: &str, mut wanted: impl FnMut(&Shown) -> Option<T>) -> T {
        let deadline: Instant = clock::now() + PATIENCE;
        let mut shown = self.shared.shown.lock();
        loop {
            if let Some(found) = wanted(&shown) {
                return found;
            }
            let late = self.shared.changed.wait_until(&mut shown, deadline);
            assert!(
                !late.timed_out(),
                "never shown: {what}\n{}",
                shown.rows().join("\n")
            );
        }
    }

    /// Waits until this text stands in one row of the screen.
    pub fn text(&self, text: &str) {
        self.wait(text, |shown| shown.row_with(text).map(drop));
    }

    /// Waits until no row has this text any more.
    pub fn without(&self, text: &str) {
        let what = format!("a screen without {text}");
        self.wait(&what, |shown| shown.row_with(text).is_none().then_some(()));
    }

    /// Waits for the program's end.
    pub fn ended(&self) -> ExitStatus {
        self.wait("its end", |shown| shown.ended.clone())
    }

    /// Sets the terminal's modes as a shell does for another program.
    pub fn cook(&self) {
        let tty = std::fs::File::open(&self.tty).expect("its terminal");
        let mut modes = tcgetattr(&tty).expect("its modes");
        modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(&tty, OptionalActions::Now, &modes).expect("other modes");
    }

    /// Waits until the program is stopped, as a shell sees it.
    pub fn stopped(&self) {
        let deadline: Instant = clock::now() + PATIENCE;
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        let mut shown = self.shared.shown.lock();
        while !matches!(waitid(WaitId::Pid(self.pid), options), Ok(Some(_))) {
            assert!(clock::now() < deadline, "never stopped");
            let soon = clock::now() + Duration::from_millis(5);
            let _ = self.shared.changed.wait_until(&mut shown, soon);
        }
    }

    /// Whether the terminal takes lines and echoes them, as a shell expects.
    pub fn is_cooked(&self) -> bool {
        let tty = std::fs::File::open(&self.tty).expect("its terminal");
        let modes = tcgetattr(&tty).expect("its modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where it has ended its number may be another's by now.
        if self.shared.shown.lock().ended.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

// === impl Shown ===

impl Shown {
    /// The screen, a text for each row.
    pub fn rows(&self) -> Vec<String> {
        let screen = self.screen();
        let (_, width) = screen.size();
        screen.rows(0, width.get()).collect()
    }

    /// The first row with this text, and the column at which it begins; both from 0.
    pub fn row_with(&self, text: &str) -> Option<(usize, usize)> {
        self.rows().iter().enumerate().find_map(|(row, line)| {
            let at = line.find(text)?;
            Some((row, line[..at].chars().count()))
        })
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    /// Whether a mode of the terminal is off, which the emulator does not know.
    pub fn is_off(&self, mode: &str) -> bool {
        let last = |end: char| {
            let sequence = format!("\x1b[?{mode}{end}");
            let mut windows = self.written.windows(sequence.len());
            windows.rposition(|window| window == sequence.as_bytes())
        };
        last('h') <= last('l')
    }

    /// Whether the program wrote this.
    pub fn wrote(&self, bytes: &[u8]) -> bool {
        self.written
            .windows(bytes.len())
            .any(|window| window == bytes)
    }
}

// === impl Shared ===

impl Shared {
    fn resize(&self, width: u16, height: u16) {
        let size = |size| NonZero::new(size).expect("a size");
        let mut shown = self.shown.lock();
        shown.emulator.set_size(size(height), size(width));
    }

    /// Shows what is written, and answers what is asked, until the terminal is gone.
    fn follow(
        self: &Arc<Self>,
        mut output: Box<dyn Read + Send>,
        input: Arc<Mutex<Box<dyn Write + Send>>>,
        answers: Answers,
    ) {
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                let bytes = &buffer[..n];
                for (question, answer) in answers {
                    if bytes
                        .windows(question.len())
                        .any(|window| window == *question)
                    {
                        // A program that has ended wants no answer.
                        let _ = input.lock().write_all(answer);
                    }
                }
                let mut shown = shared.shown.lock();
                shown.emulator.process(bytes);
                shown.written.extend_from_slice(bytes);
                drop(shown);
                shared.changed.notify_all();
            }
        });
    }
}

/// A program with an environment that does not depend on the machine: a terminal with many colours, UTF-8.
pub fn command(program: &str, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    command.env("LC_ALL", "C.UTF-8");
    command.env("RUST_BACKTRACE", "0");
    command
}

fn of_size(width: u16, height: u16) -> PtySize {
    PtySize {
        cols: width,
        rows: height,
        ..PtySize::default()
    }
}
