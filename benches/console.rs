//! The console in a pseudo-terminal of 120 by 35 over the demo's traffic: from a key to the frame that shows it.
//!
//! `cargo bench --bench console` prints a table. The key is the one that bypasses a proxy; its frame has come when the
//! screen says so.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use faultboard::proxy::clock;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: NonZero<u16> = NonZero::new(35).expect("not zero");
const COLS: NonZero<u16> = NonZero::new(120).expect("not zero");

/// Between keys: a person does not press thirty a second, at which the console begins to skip frames.
const PAUSE: Duration = Duration::from_millis(70);

/// How many keys are timed.
const KEYS: usize = 200;

fn main() {
    let size = PtySize {
        rows: ROWS.get(),
        cols: COLS.get(),
        pixel_width: 0,
        pixel_height: 0,
    };
    let pty = native_pty_system()
        .openpty(size)
        .expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_faultboard"));
    command.args(["demo", "--seed", "1"]);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let began = now();
    let mut child = pty
        .slave
        .spawn_command(command)
        .expect("the program starts");
    drop(pty.slave);
    let mut screen = Screen::new(pty.master.try_clone_reader().expect("its output"));
    let mut keyboard = pty.master.take_writer().expect("its input");
    let (first, whole) = screen.first_frames(began, &mut keyboard);
    screen.wait("15 conn");
    let times = keys(&mut keyboard, &mut screen);
    keyboard.write_all(b"\x03\x03").expect("the last keys");
    child.wait().expect("the program ends");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("| figure | value |\n|---|---|");
    println!(
        "| start to the first bytes / to the first whole frame, all proxies in it | {:.0} / {:.0} ms |",
        ms(first),
        ms(whole)
    );
    println!(
        "| key to the frame that shows it, p50 / p99 / max | {:.1} / {:.1} / {:.1} ms |",
        ms(times[KEYS / 2]),
        ms(times[KEYS * 99 / 100]),
        ms(times[KEYS - 1]),
    );
}

/// Bypasses the first proxy and back, again and again: how long each key took to show.
fn keys(keyboard: &mut dyn Write, screen: &mut Screen) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..KEYS)
        .map(|turn| {
            let pressed = now();
            keyboard.write_all(b" ").expect("a key");
            screen.wait_for("BYPASS", turn % 2 == 0);
            let took = now() - pressed;
            screen.watch(PAUSE);
            took
        })
        .collect();
    times.sort_unstable();
    times
}

/// What the terminal would show.
struct Screen {
    chunks: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Screen {
    fn new(mut output: Box<dyn Read + Send>) -> Self {
        // A chunk waits here until the screen is asked for; a full channel holds the reader, and so the program, back.
        let (tx, chunks) = sync_channel(1024);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                if tx.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            chunks,
            parser: vt100::Parser::new(ROWS, COLS, 0),
        }
    }

    /// How long after `began` the first bytes came, and the first frame that is whole: each of the demo's proxies with its
    /// port, and the last row. A frame of an empty desk before it is a fault.
    /// The terminal answers the questions before it as an xterm does.
    fn first_frames(&mut self, began: Instant, answers: &mut dyn Write) -> (Duration, Duration) {
        let mut first = None;
        loop {
            let chunk = self
                .chunks
                .recv_timeout(Duration::from_secs(20))
                .expect("a first frame comes in time");
            let at = now() - began;
            if chunk.ends_with(b"\x1b[c") {
                answers
                    .write_all(b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?2026;2$y\x1b[?62;22c")
                    .expect("it listens");
            }
            self.parser.process(&chunk);
            let screen = self.parser.screen();
            let rows: Vec<String> = screen.rows(0, COLS.get()).collect();
            let shows = |text: &str| rows.iter().any(|row| row.contains(text));
            assert!(!shows("no proxies yet"), "an empty desk is shown first");
            let whole = ["echo", "shop", "files", "flaky", "←→ turn"];
            let first = *first.get_or_insert(at);
            if whole.iter().all(|text| shows(text)) {
                return (first, at);
            }
        }
    }

    /// Takes what comes for so long.
    fn watch(&mut self, time: Duration) {
        let end = now() + time;
        while let Ok(chunk) = self
            .chunks
            .recv_timeout(end.saturating_duration_since(now()))
        {
            self.parser.process(&chunk);
        }
    }

    /// Waits until the strip of the first proxy, or the header, shows `text`.
    fn wait(&mut self, text: &str) {
        self.wait_for(text, true);
    }

    /// Waits until it shows `text`, or shows it no more.
    fn wait_for(&mut self, text: &str, there: bool) {
        let shows = |parser: &vt100::Parser| {
            let mut rows = parser.screen().rows(0, COLS.get());
            rows.by_ref().take(5).any(|row| row.contains(text))
        };
        while shows(&self.parser) != there {
            let chunk = self
                .chunks
                .recv_timeout(Duration::from_secs(20))
                .expect("the screen shows it in time");
            self.parser.process(&chunk);
        }
    }
}

fn now() -> Instant {
    clock::now()
}
