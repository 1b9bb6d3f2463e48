//! What the console asks its terminal before the first frame: what the background is, and whether frames can be shown whole.
//!
//! The answers come as bytes between keys. Those that come in time are taken out here, and the keys around them are given
//! on. On a slow line an answer may be late: the keyboard then looks out for the one that would be taken for keys.
//!
//! ```text
//!  ask ──► OSC 11 ?, DECRQM 2026, DA1 ──► terminal
//!  terminal ──► ]11;rgb:1e1e/1e1e/2e2e   ?2026;2$y   ?62;22c    DA1 is answered by every terminal, and last
//! ```

use std::io::{self, Write, stdout};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use super::theme::Ground;
use super::tty;

/// For so long an answer is waited for: with what else a start takes, the first frame then comes within 50 ms.
const LIMIT: Duration = Duration::from_millis(30);

/// OSC 11 with a question mark asks for the background.
const BACKGROUND: &str = "\x1b]11;?\x1b\\";

/// DECRQM asks whether mode 2026 is known; DA1 asks what the terminal is.
const MODE_AND_KIND: &str = "\x1b[?2026$p\x1b[c";

/// What the terminal said, and what was typed meanwhile.
#[derive(Debug, Default, PartialEq)]
pub struct Answers {
    /// What its background is, where it said so.
    pub ground: Option<Ground>,
    /// Whether it shows a frame only when it is whole (mode 2026).
    pub synchronizes: bool,
    /// The keys that were pressed before it answered.
    pub typed: Vec<Event>,
    /// Whether the answer about the background may still come.
    pub is_late: bool,
}

/// Whether a terminal knows the sequences of operating systems (OSC): the clipboard, the title, the background. Others may print
/// them. Windows Terminal says what it is in a variable of its own.
pub(super) fn knows_osc(variable: impl Fn(&str) -> Option<String>) -> bool {
    let without = [
        "", "dumb", "linux", "ansi", "cons25", "vt52", "vt100", "vt220",
    ];
    let term = variable("TERM").unwrap_or_default();
    !without.contains(&term.as_str()) || term.is_empty() && variable("WT_SESSION").is_some()
}

/// What is missing on a terminal that knows none of them.
pub(super) const WITHOUT_OSC: &str =
    "this terminal lets programs set no clipboard, no title and no mouse: keys do all";

/// Asks, and waits for the answers, but not for long. The terminal is in raw mode.
pub(super) fn ask(background: bool, now: fn() -> Instant) -> io::Result<Answers> {
    if !tty::HAS_ANSWERS {
        return Ok(Answers::default());
    }
    let mut out = stdout();
    if background {
        out.write_all(BACKGROUND.as_bytes())?;
    }
    out.write_all(MODE_AND_KIND.as_bytes())?;
    out.flush()?;
    let deadline = now() + LIMIT;
    let mut read = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(now());
        let (mut answers, is_whole) = sort(&read);
        // Whoever stands between may pass the question on and answer the others itself.
        answers.is_late = background && answers.ground.is_none();
        if is_whole || left.is_zero() {
            return Ok(answers);
        }
        let mut buffer = [0; 1024];
        match tty::read_within(left, &mut buffer) {
            Ok(0) => return Ok(answers),
            Ok(count) => read.extend_from_slice(&buffer[..count]),
            // A signal came: the next look tells.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Tells answers from keys; says whether the last answer is there.
fn sort(read: &[u8]) -> (Answers, bool) {
    let mut answers = Answers::default();
    let mut is_whole = false;
    let mut rest = read;
    let mut typed = Vec::new();
    while let Some(first) = rest.first() {
        // BEL ends it, or the escape of ST.
        if let Some((answer, after)) =
            between(rest, b"\x1b]11;", |byte| matches!(byte, 0x07 | 0x1b))
        {
            answers.ground = ground(&String::from_utf8_lossy(answer));
            rest = after.strip_prefix(b"\\").unwrap_or(after);
        } else if let Some((answer, after)) = between(rest, b"\x1b[?", u8::is_ascii_alphabetic) {
            let known = [&b"2026;1$"[..], b"2026;2$", b"2026;3$"];
            answers.synchronizes |= known.contains(&answer);
            is_whole |= rest[rest.len() - after.len() - 1] == b'c';
            rest = after;
        } else {
            typed.push(*first);
            rest = &rest[1..];
        }
    }
    answers.typed = keys(&typed);
    (answers, is_whole)
}

/// What stands between a beginning and the first byte that ends it, and what follows.
fn between<'a>(
    read: &'a [u8],
    begin: &[u8],
    is_end: impl Fn(&u8) -> bool,
) -> Option<(&'a [u8], &'a [u8])> {
    let behind = read.strip_prefix(begin)?;
    let end = behind.iter().position(is_end)?;
    Some((&behind[..end], &behind[end + 1..]))
}

/// The background that an answer names, as in `rgb:1e1e/1e1e/2e2e`: light where black text has more contrast on it than
/// white text.
pub(super) fn ground(answer: &str) -> Option<Ground> {
    let (_, channels) = answer.split_once(':')?;
    let shares = channels.split('/').take(3).map(|channel| {
        let digits = u32::try_from(channel.len()).ok()?;
        let value = u32::from_str_radix(channel, 16).ok()?;
        let most = 16_u32.checked_pow(digits)? - 1;
        Some(f64::from(value) / f64::from(most))
    });
    let shares: Vec<f64> = shares.collect::<Option<_>>()?;
    let [red, green, blue] = shares.try_into().ok()?;
    let [red, green, blue] = [red, green, blue].map(|share: f64| share.powf(2.2));
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    // (1 + 0.05) / (luminance + 0.05) = (luminance + 0.05) / 0.05
    Some(if luminance > 0.179 {
        Ground::Light
    } else {
        Ground::Dark
    })
}

/// The keys that were typed: letters, those of control, and the arrows. What else a terminal may have sent in so short a
/// time is dropped.
fn keys(typed: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(typed);
    let mut keys = Vec::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let (code, modifiers) = match letter {
            '\x1b' => match escaped(&mut rest) {
                Some(code) => (code, KeyModifiers::NONE),
                None => continue,
            },
            '\r' => (KeyCode::Enter, KeyModifiers::NONE),
            '\t' => (KeyCode::Tab, KeyModifiers::NONE),
            '\x7f' => (KeyCode::Backspace, KeyModifiers::NONE),
            '\x01'..='\x1a' => {
                let letter = char::from(letter as u8 - 1 + b'a');
                (KeyCode::Char(letter), KeyModifiers::CONTROL)
            }
            letter => (KeyCode::Char(letter), KeyModifiers::NONE),
        };
        keys.push(Event::Key(KeyEvent::new(code, modifiers)));
    }
    keys
}

/// The key behind an escape; `None` where it is none that is known.
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<KeyCode> {
    let behind = rest.as_str();
    let Some(sequence) = behind.strip_prefix(['[', 'O']) else {
        return Some(KeyCode::Esc);
    };
    let is_end = |letter: char| letter.is_ascii_alphabetic() || letter == '~';
    let end = sequence.find(is_end).map_or(sequence.len(), |end| end + 1);
    *rest = sequence[end..].chars();
    Some(match &sequence[..end] {
        "A" => KeyCode::Up,
        "B" => KeyCode::Down,
        "C" => KeyCode::Right,
        "D" => KeyCode::Left,
        "H" => KeyCode::Home,
        "F" => KeyCode::End,
        "Z" => KeyCode::BackTab,
        "3~" => KeyCode::Delete,
        "5~" => KeyCode::PageUp,
        "6~" => KeyCode::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Vec<Event> {
        let keys = keys.chars().map(KeyCode::Char);
        keys.map(|code| Event::Key(code.into())).collect()
    }

    #[test]
    fn answers_are_told_from_keys_wherever_they_stand() {
        let answers = |read: &str| sort(read.as_bytes());
        for (read, ground, synchronizes, keys, is_whole) in [
            (
                "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?2026;2$y\x1b[?62;22c",
                Some(Ground::Dark),
                true,
                "",
                true,
            ),
            (
                "\x1b]11;rgb:ff/ff/ff\x07\x1b[?2026;0$y\x1b[?6c",
                Some(Ground::Light),
                false,
                "",
                true,
            ),
            ("ab\x1b[?2026;1$yc\x1b[?62cd", None, true, "abcd", true),
            (
                "9090\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\=",
                Some(Ground::Light),
                false,
                "9090=",
                false,
            ),
            ("\x1b]11;nonsense\x07\x1b[?1c", None, false, "", true),
            ("", None, false, "", false),
        ] {
            let (found, whole) = answers(read);
            assert_eq!(found.ground, ground, "{read:?}");
            assert_eq!(found.synchronizes, synchronizes, "{read:?}");
            assert_eq!(found.typed, typed(keys), "{read:?}");
            assert_eq!(whole, is_whole, "{read:?}");
        }
    }

    #[test]
    fn the_keys_that_people_press_first_are_keys() {
        use KeyCode::{Backspace, Char, Down, Enter, Esc, PageDown, Tab};
        for (read, codes) in [
            ("é=\r", vec![Char('é'), Char('='), Enter]),
            ("\x1b[B\x1bOB\t\x7f", vec![Down, Down, Tab, Backspace]),
            ("\x1b[6~q", vec![PageDown, Char('q')]),
            ("\x1b[?1;2zq", vec![Char('q')]),
            ("\x1b", vec![Esc]),
            ("\x1b[", vec![]),
        ] {
            let keys = keys(read.as_bytes());
            let found: Vec<KeyCode> = keys
                .iter()
                .filter_map(|key| Some(key.as_key_event()?.code))
                .collect();
            assert_eq!(found, codes, "{read:?}");
        }
        let quit = keys(b"\x03");
        assert_eq!(
            quit,
            [Event::Key(KeyEvent::new(Char('c'), KeyModifiers::CONTROL))]
        );
    }

    #[test]
    fn a_background_is_light_where_black_is_read_better_on_it() {
        for (answer, wanted) in [
            ("rgb:0000/0000/0000", Some(Ground::Dark)),
            ("rgb:2828/2a2a/3636", Some(Ground::Dark)),
            ("rgb:002b/0036/0042", Some(Ground::Dark)),
            ("rgb:ffff/ffff/ffff", Some(Ground::Light)),
            ("rgba:fdfd/f6f6/e3e3/ffff", Some(Ground::Light)),
            ("rgb:f/f/f", Some(Ground::Light)),
            ("rgb:ff/ff", None),
            ("rgb:xx/00/00", None),
            ("rgb:000000000/0/0", None),
            ("rgb://", None),
        ] {
            assert_eq!(ground(answer), wanted, "{answer}");
        }
    }

    #[test]
    fn terminals_that_would_print_a_title_are_told_none() {
        for (variables, knows) in [
            (&[("TERM", "xterm-256color")][..], true),
            (&[("TERM", "tmux")], true),
            (&[("TERM", "linux"), ("WT_SESSION", "b1")], false),
            (&[("OS", "Windows_NT")], false),
            (&[("OS", "Windows_NT"), ("WT_SESSION", "b1")], true),
            (&[("TERM", "")], false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(knows_osc(variable), knows, "{variables:?}");
        }
    }
}
