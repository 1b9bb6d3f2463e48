//! The real program on a pseudo-terminal, with real clients: what is typed, what is shown, and what is left behind.

#![cfg(all(unix, feature = "tui"))]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use faultboard::proxy::clock;
use faultboard::ui::terminal::{self, Answers};
use rustix::process::Signal;
use support::PATIENCE;
use support::pty::{Answers as Told, Shown, Terminal, command};
use support::services::free_port;

/// An upstream that sends back what it gets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let addr = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    addr
}

/// A client of the proxy on `port`.
fn client(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the proxy listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// How long a byte takes there and back.
fn round_trip(mut stream: &TcpStream) -> Duration {
    let before = clock::now();
    stream.write_all(b"x").expect("sent");
    stream.read_exact(&mut [0]).expect("an echo");
    clock::now() - before
}

/// The console with a proxy before an echo, its mapping typed; returns the proxy's port.
fn with_a_proxy(size: (u16, u16)) -> (Terminal, u16) {
    let terminal = Terminal::faultboard(size, &[]);
    terminal.text("no proxies yet");
    let (port, upstream) = (free_port(), echo());
    terminal.keys(&format!("{port}={upstream}"));
    terminal.text(&format!("listens on 127.0.0.1:{port}"));
    terminal.keys("\r");
    terminal.text(&format!("▌1 :{port} {port}={upstream}"));
    (terminal, port)
}

/// The milliseconds in `250ms▸251ms`, behind the arrow.
fn measured(shown: &Shown, set: &str) -> Option<u64> {
    // An equals sign stands between the two where they agree.
    let marks = ["▸", "="].map(|mark| format!("{set}{mark}"));
    let rows = shown.rows();
    let behind = |mark: &String| rows.iter().find_map(|row| row.split_once(mark));
    let (_, behind) = marks.iter().find_map(behind)?;
    let (number, _) = behind.trim_start().split_once("ms")?;
    number.parse().ok()
}

#[test]
fn a_key_is_felt_by_an_outside_client_and_the_screen_says_the_same() {
    let (terminal, port) = with_a_proxy((80, 24));
    let client = client(port);
    round_trip(&client);
    terminal.text("1 conn");
    terminal.keys("5");
    terminal.text("250ms▸");
    terminal.text("LAT off → 250ms");
    let took = round_trip(&client);
    assert!(took.as_millis() >= 250, "a byte left early: {took:?}");
    // Set and measured agree within 2 % or 2 ms; a busy machine may need another second for it.
    terminal.wait("250ms measured", |shown| {
        round_trip(&client);
        measured(shown, "250ms").filter(|ms| (250..=255).contains(ms))
    });
    terminal.keys("0");
    terminal.text("off▸");
    terminal.wait("nothing added any more", |shown| {
        round_trip(&client);
        measured(shown, "off").filter(|ms| *ms <= 2)
    });
}

#[test]
fn wrong_input_has_a_caret_under_its_column() {
    let terminal = Terminal::faultboard((80, 24), &[]);
    terminal.text("no proxies yet");
    terminal.keys("9090=htps://example.com");
    let wrong = "unknown protocol \"htps\": did you mean \"https\"?";
    terminal.text(wrong);
    let (typed, caret) = terminal.wait("a caret under what was typed", |shown| {
        let (row, typed) = shown.row_with("htps://example.com")?;
        let caret = shown.rows()[row + 1].chars().position(|char| char == '^')?;
        Some((typed, caret))
    });
    assert_eq!(typed, caret);
    terminal.keys("\r");
    terminal.text(wrong);
    // What was typed stays, to be put right: htps, less the p, and tp instead.
    terminal.keys(&format!(
        "{}\x7ftp",
        "\x1b[D".repeat("s://example.com".len())
    ));
    terminal.text("9090=https://example.com");
    terminal.without(wrong);
    terminal.text("no proxies yet");
}

/// Each connection had one request, and then one is kept.
#[test]
fn what_was_found_is_taken_back_on_the_screen_once_facts_turn() {
    let (port, upstream) = (free_port(), echo());
    let terminal = Terminal::faultboard((120, 35), &[&format!("{port}={upstream} as shop")]);
    terminal.text("shop");
    for _ in 0..20 {
        round_trip(&client(port));
    }
    let said = "asks once on each connection";
    terminal.keys("I");
    terminal.text(said);
    let kept = client(port);
    round_trip(&kept);
    round_trip(&kept);
    terminal.text("nothing yet: a habit is stated once three cases have shown it");
    terminal.text(&format!("not so any more: {said}"));
}

#[test]
fn a_pasted_line_is_text_and_not_keys() {
    let terminal = Terminal::faultboard((80, 24), &[]);
    terminal.text("no proxies yet");
    let (port, upstream) = (free_port(), echo());
    terminal.paste(&format!("{port}={upstream} lat 20ms"));
    terminal.text(&format!("+ {port}={upstream} lat 20ms"));
    terminal.text("no proxies yet");
    terminal.keys("\r");
    terminal.text("20ms▸");
}

#[test]
fn a_connection_that_is_frozen_from_its_detail_holds_its_bytes_until_it_thaws() {
    let (terminal, port) = with_a_proxy((80, 24));
    let (one, other) = (client(port), client(port));
    round_trip(&one);
    terminal.text("#1 ");
    round_trip(&other);
    terminal.keys("cS");
    terminal.text("sort connections by");
    // From the column that sorts up to the first, the number.
    terminal.keys(&format!("{}\r/id:1\r\r", "\x1b[A".repeat(10)));
    terminal.text("connection #1 of");
    terminal.text("reached its upstream in");
    terminal.keys("~");
    terminal.text("#1: frozen: all its bytes wait");
    (&one).write_all(b"held").expect("sent");
    terminal.text("held ↑ 4 B");
    round_trip(&other);
    terminal.keys("~");
    let mut back = [0; 4];
    (&one).read_exact(&mut back).expect("it goes on");
    assert_eq!(&back, b"held");
    terminal.text("nothing waits");
    terminal.keys("u");
    terminal.text("undo: frozen");
    terminal.keys("uX");
    terminal.text("was open");
    let error = (&one).read(&mut [0]).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    terminal.keys("\x1b");
    terminal.text("1 (1 ended)  / id:1");
    terminal.keys("\x1b");
    terminal.text("2 (1 ended)");
}

#[test]
fn y_gives_the_strip_to_the_terminals_clipboard() {
    let (terminal, port) = with_a_proxy((80, 24));
    terminal.keys("y");
    terminal.text(&format!("copied faultboard {port}="));
    // OSC 52, and "faultboard " in base64.
    terminal.wait("the clipboard's sequence", |shown| {
        let wrote = shown.wrote(b"\x1b]52;c;ZmF1bHRib2FyZC");
        wrote.then_some(())
    });
}

#[test]
fn every_size_is_drawn_anew() {
    let (terminal, port) = with_a_proxy((80, 24));
    let mapping = format!("{port}=127.0.0.1:");
    for (width, height) in [(120, 35), (200, 50), (60, 16), (80, 24)] {
        terminal.resize(width, height);
        terminal.wait(&format!("{width}x{height}"), |shown| {
            let rows = shown.rows();
            let last = rows.last()?;
            let header = rows[0].trim_end().chars().count();
            let is_whole = header > usize::from(width) - 8 && last.contains("←→ turn");
            (is_whole && shown.row_with(&mapping).is_some()).then_some(())
        });
    }
    terminal.resize(38, 8);
    terminal.text("too small: 38x8");
    terminal.resize(80, 24);
    terminal.text(&mapping);
}

#[test]
fn leaving_open_connections_is_asked_about() {
    let (terminal, port) = with_a_proxy((80, 24));
    let mut client = client(port);
    round_trip(&client);
    terminal.text("1 conn");
    terminal.keys("q");
    terminal.text("1 live connection");
    terminal.keys("\x1b");
    terminal.without("1 live connection");
    round_trip(&client);
    terminal.keys("q");
    terminal.text("1 live connection");
    terminal.keys("q");
    assert!(terminal.ended().success());
    let read = client.read(&mut [0]);
    assert!(
        matches!(read, Ok(0) | Err(_)),
        "the connection ends with the program"
    );
    is_given_back(&terminal, "q");
}

/// Fails unless the terminal is as it was: every mode that was switched on is off.
fn is_given_back(terminal: &Terminal, how: &str) {
    // What was written last may still be on its way to the emulator.
    terminal.wait(&format!("a terminal given back after {how}"), |shown| {
        let screen = shown.screen();
        let off = !screen.alternate_screen()
            && !screen.bracketed_paste()
            && !screen.hide_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
            && shown.is_off("1004");
        off.then_some(())
    });
    assert!(terminal.is_cooked(), "{how} leaves the terminal raw");
    terminal.wait("what was taken", |shown| {
        let taken = shown.wrote(b"\x1b[?1049h") && shown.wrote(b"\x1b[?2004h");
        taken.then_some(())
    });
}

#[test]
fn keys_that_leave_give_the_terminal_back() {
    for (how, key) in [("q", "q"), ("Ctrl-C", "\x03")] {
        let terminal = Terminal::faultboard((80, 24), &[]);
        // The last row is drawn last.
        terminal.text("Enter add");
        assert!(!terminal.is_cooked(), "the console reads keys, not lines");
        if how == "q" {
            // In the input line q would be text.
            terminal.keys("\x1b");
            terminal.text("Press a, type a mapping");
        }
        terminal.keys(key);
        assert!(terminal.ended().success(), "{how}");
        is_given_back(&terminal, how);
    }
}

#[test]
fn signals_that_end_it_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let (terminal, port) = with_a_proxy((80, 24));
        let client = client(port);
        round_trip(&client);
        terminal.signal(signal);
        assert!(terminal.ended().success(), "{signal:?}");
        is_given_back(&terminal, &format!("{signal:?}"));
    }
}

#[test]
fn the_first_frame_shows_the_proxies_there_are() {
    for (arguments, shown) in [
        (&["0=127.0.0.1:9"][..], "point a client at"),
        (&["demo"], "4 proxies"),
    ] {
        let terminal = Terminal::faultboard((100, 30), arguments);
        terminal.text(shown);
        terminal.wait("no empty desk before", |shown| {
            (!shown.wrote(b"application")).then_some(())
        });
        terminal.keys("\x03\x03");
        assert!(terminal.ended().success());
    }
}

#[test]
fn signals_that_kill_give_the_terminal_back_first() {
    for signal in [
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::XCPU,
    ] {
        let terminal = Terminal::faultboard((80, 24), &[]);
        terminal.text("Enter add");
        terminal.signal(signal);
        let ended = terminal.ended();
        // The process ends by the signal itself, as whoever sent it expects.
        assert!(ended.signal().is_some(), "{signal:?}: {ended:?}");
        is_given_back(&terminal, &format!("{signal:?}"));
    }
}

#[test]
fn a_stop_from_outside_gives_the_terminal_back_and_going_on_draws_anew() {
    let (terminal, port) = with_a_proxy((80, 24));
    let mapping = format!("{port}=127.0.0.1:");
    for round in 1..=2 {
        terminal.signal(Signal::TSTP);
        // Its modes are on the screen before the terminal is a shell's again, and going on must come after stopping.
        terminal.stopped();
        is_given_back(&terminal, &format!("SIGTSTP, time {round}"));
        terminal.signal(Signal::CONT);
        terminal.wait("the screen again", |shown| {
            let own = shown.screen().alternate_screen() && shown.screen().hide_cursor();
            (own && shown.row_with(&mapping).is_some()).then_some(())
        });
    }
    // Stopped in a way that no program hears of, and the terminal used by others meanwhile.
    terminal.signal(Signal::STOP);
    terminal.cook();
    terminal.signal(Signal::CONT);
    terminal.wait("raw mode", |_| (!terminal.is_cooked()).then_some(()));
    terminal.keys("q");
    assert!(terminal.ended().success());
    is_given_back(&terminal, "q");
}

#[test]
fn keys_beyond_1024_bytes_in_one_go_are_all_obeyed() {
    let terminal = Terminal::faultboard((80, 24), &["0=127.0.0.1:9"]);
    terminal.text("point a client at");
    terminal.keys(&format!("{}q", "]".repeat(3_000)));
    assert!(terminal.ended().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_is_a_line_of_what_happened() {
    let arguments = ["--log-file", "/dev/full", "0=127.0.0.1:9"];
    let terminal = Terminal::faultboard((120, 24), &arguments);
    terminal.text("cannot write the log file /dev/full: no space left on device");
    terminal.keys("q");
    assert!(terminal.ended().success());
    is_given_back(&terminal, "q");
    terminal.text("the log file /dev/full lacks ");
    terminal.wait("nothing else", |shown| {
        (!shown.wrote(b"Unable to write")).then_some(())
    });
}

/// Not a test: the program of the next one, which starts it on a terminal.
#[test]
#[ignore = "started by another test"]
fn a_console_that_panics() {
    let (_guard, ..) = terminal::open(|| false, || Ok(Answers::default())).expect("a terminal");
    let elsewhere = std::thread::spawn(|| panic!("a fault of our own"));
    let _ = elsewhere.join();
    // The message is out; the guard must not hide it by leaving the screen a second time.
    panic!("and another");
}

#[test]
fn a_panic_gives_the_terminal_back_and_its_message_is_seen() {
    let this = std::env::current_exe().expect("a program");
    let arguments = [
        "--exact",
        "a_console_that_panics",
        "--ignored",
        "--nocapture",
    ];
    let program = command(this.to_str().expect("a plain path"), &arguments);
    let terminal = Terminal::start((80, 24), program);
    assert_eq!(terminal.ended().exit_code(), 101);
    is_given_back(&terminal, "a panic");
    terminal.text("a fault of our own");
    terminal.text("and another");
}

#[test]
fn the_screen_has_what_the_environment_says_that_it_can() {
    let utf_8 = "C.UTF-8";
    for (variable, value, locale, colours, wide) in [
        ("COLORTERM", "truecolor", utf_8, "38;2;", true),
        ("COLORTERM", "", utf_8, "38;5;", true),
        ("NO_COLOR", "1", utf_8, "", true),
        ("COLORTERM", "truecolor", "C", "38;2;", false),
    ] {
        let mut program = command(env!("CARGO_BIN_EXE_faultboard"), &[]);
        program.env(variable, value);
        program.env("LC_ALL", locale);
        let terminal = Terminal::start((80, 24), program);
        terminal.text("Enter add");
        // Shown in the colour of errors, and then by a light that is green.
        terminal.keys("9090=htps://x");
        terminal.text("unknown protocol");
        terminal.wait(&format!("{variable}={value} {locale}"), |shown| {
            let used = ["38;2;", "38;5;"]
                .iter()
                .filter(|colours| shown.wrote(colours.as_bytes()));
            let is_right = used.eq(Some(&colours).filter(|colours| !colours.is_empty()));
            (is_right && shown.written.is_ascii() != wide).then_some(())
        });
    }
}

#[test]
fn colours_fit_the_background_that_the_terminal_names() {
    const WHITE: Told = &[
        (b"\x1b]11;?", b"\x1b]11;rgb:ffff/ffff/ffff\x07"),
        (b"\x1b[c", b"\x1b[?62;22c"),
    ];
    // The colour of errors on dark, on light, and with high contrast.
    let [dark, light, high] = ["233;110;38", "139;0;0", "238;170;153"];
    for (answers, arguments, colour) in [
        (WHITE, &[][..], light),
        (WHITE, &["--theme", "dark"], dark),
        (&[], &[], dark),
        (&[], &["--theme", "light"], light),
        (&[], &["--theme=high-contrast"], high),
        (WHITE, &["--theme", "ansi"], "m"),
    ] {
        let program = command(env!("CARGO_BIN_EXE_faultboard"), arguments);
        let terminal = Terminal::answering((80, 24), program, answers);
        terminal.text("Enter add");
        terminal.keys("9090=htps://x");
        terminal.text("unknown protocol");
        terminal.wait(&format!("{arguments:?}: {colour}"), |shown| {
            shown.wrote(colour.as_bytes()).then_some(())
        });
    }
}

#[test]
fn glyphs_are_those_that_are_asked_for() {
    let arguments = ["--charset", "ascii", "0=127.0.0.1:9"];
    let terminal = Terminal::faultboard((80, 24), &arguments);
    terminal.text("LAT -------");
    terminal.wait("ASCII alone", |shown| {
        shown.written.is_ascii().then_some(())
    });
}

#[test]
fn keys_that_come_before_the_first_frame_are_not_lost() {
    let terminal = Terminal::faultboard((80, 24), &[]);
    terminal.keys("9090=localhost:1");
    terminal.text("+ 9090=localhost:1");
}

#[test]
fn frames_are_whole_where_the_terminal_knows_how_and_its_window_has_a_title() {
    let terminal = Terminal::faultboard((80, 24), &["0=127.0.0.1:9 as shop"]);
    terminal.text("shop");
    terminal.keys("5");
    terminal.wait("a frame and a title", |shown| {
        let frame = shown.wrote(b"\x1b[?2026h") && shown.wrote(b"\x1b[?2026l");
        (frame && shown.wrote(b"\x1b]2;faultboard: shop 250ms\x1b\\")).then_some(())
    });
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.wait("the title as it was", |shown| {
        (shown.wrote(b"\x1b[22;2t") && shown.wrote(b"\x1b[23;2t")).then_some(())
    });

    let program = command(env!("CARGO_BIN_EXE_faultboard"), &["0=127.0.0.1:9"]);
    let silent = Terminal::answering((80, 24), program, &[]);
    silent.text("point a client at");
    silent.wait("no bracket", |shown| {
        (!shown.wrote(b"\x1b[?2026h")).then_some(())
    });
}

/// A press of the left button where this text begins, and its release.
fn click(terminal: &Terminal, text: &str) {
    let (row, column) = terminal.wait(text, |shown| shown.row_with(text));
    let (row, column) = (row + 1, column + 1);
    terminal.keys(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
}

#[test]
fn the_mouse_alone_slows_a_connection_down() {
    let (upstream, port) = (echo(), free_port());
    let terminal = Terminal::faultboard((80, 24), &[&format!("{port}={upstream}")]);
    terminal.text("point a client at");
    let client = client(port);
    round_trip(&client);
    let (row, column) = terminal.wait("a track", |shown| shown.row_with("╌╌╌╌╌╌╌╌╌"));
    // The fifth cell is the fifth stop.
    let (row, column) = (row + 1, column + 5);
    terminal.keys(&format!("\x1b[<0;{column};{row}M"));
    terminal.text("LAT off → 250ms");
    assert!(round_trip(&client).as_millis() >= 250);
    // It is dragged to the end of the track, some rows further down, and let go.
    let (row, column) = (row + 4, column + 4);
    terminal.keys(&format!("\x1b[<32;{column};{row}M\x1b[<0;{column};{row}m"));
    terminal.text("LAT off → 10s");
    click(&terminal, "? help");
    terminal.text("keys here: mixer");
    click(&terminal, "FAULTBOARD");
    terminal.without("keys here: mixer");
    terminal.keys("%");
    terminal.wait("no mouse any more", |shown| {
        let mode = shown.screen().mouse_protocol_mode();
        (mode == vt100::MouseProtocolMode::None).then_some(())
    });
    terminal.text("% mouse off");
    terminal.keys("%\x03\x03");
    assert!(terminal.ended().success());
    is_given_back(&terminal, "Ctrl-C");
}

#[test]
fn the_configuration_is_obeyed_and_the_desk_is_there_again() {
    let home = tempfile::tempdir().expect("a folder");
    let config = home.path().join(".config/faultboard");
    std::fs::create_dir_all(&config).expect("a folder");
    let file = config.join("config.toml");
    let write = |text: &str| std::fs::write(&file, text).expect("written");
    let start = |arguments: &[&str]| {
        let mut program = command(env!("CARGO_BIN_EXE_faultboard"), arguments);
        program.env("HOME", home.path());
        Terminal::start((100, 30), program)
    };
    write("charset = \"ascii\"\nmouse = false\n[keys]\nstop-5 = [\"Z\"]\n");
    let terminal = start(&["0=127.0.0.1:9 as shop"]);
    terminal.text("% mouse off");
    terminal.keys("Z");
    terminal.text("LAT off > 250ms");
    terminal.keys("a0=localhost:1 as second\r");
    terminal.text("2 second");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.wait("ASCII, and no mouse", |shown| {
        (shown.written.is_ascii() && !shown.wrote(b"\x1b[?1000h")).then_some(())
    });

    write("theme = \"drak\"");
    let terminal = start(&["--resume"]);
    terminal.text("config.toml:1:9: theme wants one of");
    terminal.text("250ms");
    terminal.text("2 second");
    terminal.keys("a\x1b[A");
    terminal.text("+ 0=localhost:1 as second");
    terminal.keys("\x03");
    assert!(terminal.ended().success());
}

#[test]
fn a_terminal_without_a_clipboard_says_so_once_and_has_the_console() {
    let mut program = command(env!("CARGO_BIN_EXE_faultboard"), &["0=127.0.0.1:9 as shop"]);
    program.env("TERM", "linux");
    let terminal = Terminal::start((100, 30), program);
    terminal.text("this terminal lets programs set no clipboard, no title and no mouse");
    terminal.keys("5");
    terminal.text("LAT off > 250ms");
    terminal.without("this terminal lets programs");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.wait("no sequence of an operating system", |shown| {
        (!shown.wrote(b"\x1b]")).then_some(())
    });
}

#[test]
fn without_a_terminal_it_names_the_other_ways() {
    let output = Command::new(env!("CARGO_BIN_EXE_faultboard"))
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("--headless") && error.contains("--plain"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}
