//! The terminal's state: taken at the start, given back on every way out.
//!
//! There is one `restore`, and everything that ends or stops the console calls it: the guard's drop (a return, an error,
//! a panic that unwinds), the hook of panics that end the console, and what stops the process. It undoes what was done
//! and nothing else, and only once, so that what is printed after it stays on the normal screen.

use std::io::{self, Stdout, Write, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    KeyCode, KeyEventKind, KeyModifiers, read,
};
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::watch;

pub use super::ask::Answers;
use super::effect::ToTerminal;
use super::frames::Frames;
use super::tty;

/// The terminal as the console draws on it.
pub type Screen = Terminal<CrosstermBackend<Frames<Stdout>>>;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether a thread panicked, other than in a connection's task, since the terminal was first taken.
static PANICKED: LazyLock<watch::Sender<bool>> = LazyLock::new(watch::Sender::default);

/// Whether the terminal's window has a title of ours.
static TITLED: AtomicBool = AtomicBool::new(false);

/// Whether the terminal tells what is done with the mouse, as long as it is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses and the wheel (1000), drags (1002), in a form without a largest column (1006); and when the window gets the focus
/// (1004). Not every movement, as crossterm would have it: nothing follows the pointer.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?1004h";
const MOUSE_OFF: &str = "\x1b[?1004l\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Has the terminal remember its title, and bring it back. One that remembers none is left without any, as it was.
const KEEP_TITLE: &str = "\x1b[22;2t";
const TITLE_AS_BEFORE: &str = "\x1b]2;\x1b\\\x1b[23;2t";

/// Asks for a line on the terminal of standard error without showing what is typed; `None` where nothing is. Blocks.
///
/// # Errors
/// The terminal cannot be read, or set so that it shows nothing.
pub fn ask_unseen(question: &str) -> io::Result<Option<String>> {
    let mut shown = io::stderr();
    write!(shown, "{question}")?;
    shown.flush()?;
    enable_raw_mode()?;
    let read = read_unseen();
    disable_raw_mode()?;
    writeln!(shown)?;
    Ok(read?.filter(|line| !line.is_empty()))
}

fn read_unseen() -> io::Result<Option<String>> {
    let mut line = String::new();
    loop {
        let Event::Key(key) = read()? else {
            continue;
        };
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Enter => return Ok(Some(line)),
            KeyCode::Esc => return Ok(None),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return Ok(None);
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => line.clear(),
            KeyCode::Char(letter) => line.push(letter),
            KeyCode::Backspace => drop(line.pop()),
            _ => {}
        }
    }
}

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the terminal back"]
pub struct Guard(());

/// Takes the terminal of standard output: raw mode, alternate screen, bracketed paste. A panic gives it back, unless
/// `is_contained` says in its thread that it ends no more than what the thread just did. `asks` puts questions to the
/// terminal once it is taken.
pub fn open(
    is_contained: fn() -> bool,
    asks: impl FnOnce() -> io::Result<Answers>,
) -> io::Result<(Guard, Screen, Answers)> {
    restore_on_panic(is_contained);
    take()?;
    let guard = Guard(());
    let answers = asks()?;
    let frames = Frames::new(stdout(), answers.synchronizes);
    let screen = Terminal::new(CrosstermBackend::new(frames))?;
    Ok((guard, screen, answers))
}

/// Gives the terminal back, stops the process, and takes the terminal again when it goes on.
pub fn suspend() -> io::Result<()> {
    restore()?;
    tty::stop()?;
    take()
}

/// Takes the terminal as it is now: the process was stopped and goes on, and whoever had the terminal meanwhile may have
/// set it otherwise.
pub fn retake() -> io::Result<()> {
    // crossterm enables a raw mode that it takes for enabled by doing nothing.
    disable_raw_mode()?;
    take()
}

/// Tells the terminal what is not drawn.
pub fn tell(what: &ToTerminal) -> io::Result<()> {
    match what {
        ToTerminal::Copy(text) => execute!(stdout(), CopyToClipboard::to_clipboard_from(text)),
        ToTerminal::Mouse(on) => {
            MOUSE.store(*on, Ordering::Relaxed);
            mouse(*on)
        }
        ToTerminal::Title(title) => {
            // Relaxed: the flags are all that threads share.
            if !TITLED.swap(true, Ordering::Relaxed) {
                execute!(stdout(), Print(KEEP_TITLE))?;
            }
            execute!(stdout(), Print(format!("\x1b]2;{title}\x1b\\")))
        }
    }
}

/// Gives the terminal back, where it is ours.
pub fn restore() -> io::Result<()> {
    // Relaxed: the flag is all that threads share, and the swap lets one of them through.
    if !TAKEN.swap(false, Ordering::Relaxed) {
        return Ok(());
    }
    let mut out = stdout();
    // Each on its own: where one fails, the others still have to be undone.
    let mouse = mouse(false);
    let modes = execute!(
        out,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    if TITLED.swap(false, Ordering::Relaxed) {
        execute!(out, Print(TITLE_AS_BEFORE))?;
    }
    let raw = disable_raw_mode();
    out.flush()?;
    mouse.and(modes).and(raw)
}

/// Has the terminal tell what is done with the mouse, or no more.
fn mouse(on: bool) -> io::Result<()> {
    if cfg!(not(windows)) {
        return execute!(stdout(), Print(if on { MOUSE_ON } else { MOUSE_OFF }));
    }
    // A console of Windows hands out its mouse as it does its keys, where that is asked of the system.
    if on {
        execute!(stdout(), EnableMouseCapture)
    } else {
        execute!(stdout(), DisableMouseCapture)
    }
}

/// Waits until a thread has panicked: its message is on the normal screen, and the console may not draw over it.
pub(super) async fn panicked() {
    let mut panicked = PANICKED.subscribe();
    // The sender is never dropped.
    let _ = panicked.wait_for(|panicked| *panicked).await;
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    // Relaxed: see `restore`.
    TAKEN.store(true, Ordering::Relaxed);
    execute!(
        stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    )?;
    if MOUSE.load(Ordering::Relaxed) {
        mouse(true)?;
    }
    Ok(())
}

/// A panic's message goes to the normal screen, whichever thread it is in; then it is printed as always.
fn restore_on_panic(is_contained: fn() -> bool) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if is_contained() {
                // It ends a connection, and is told as an event: nothing is printed.
                return print(panic);
            }
            // There is no better place to say that this failed than what is printed next.
            let _ = restore();
            print(panic);
            PANICKED.send_replace(true);
        }));
    });
}

impl Drop for Guard {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back, and a drop cannot fail.
        let _ = restore();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use futures_util::FutureExt;

    use super::*;
    use crate::proxy::panics::{contain, is_contained};

    #[test]
    fn a_panic_in_a_connections_task_leaves_the_console_alone() {
        restore_on_panic(is_contained);
        let caught = contain(|| panic!("of a connection"));
        assert!(caught.is_err());
        assert!(panicked().now_or_never().is_none());
        let own = thread::spawn(|| panic!("of the console"));
        assert!(own.join().is_err());
        assert!(panicked().now_or_never().is_some());
    }
}
