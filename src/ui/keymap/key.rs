//! A key with its modifiers: how it is pressed, and how help and the footers print it.
//!
//! The names of keys are read here and not by a crate. Looked at in November 2026: `crokey` 1.5 takes the small letter for the
//! capital (`U` would be `u`), a letter for one byte (no `ä`, no U+00A0, which Option and Space send on a Mac), `shift-tab`
//! for a key that no terminal sends, and brings one more `syn`; `keybinds` 0.2 refuses `ctrl-r` and `shift-x` and has no way
//! back to crossterm's keys; `terminput` 0.5 wants Rust 1.95; `keymap` 1.0 is not out; `crossterm-keybind` 0.4 wants its own
//! file.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key without its modifiers.
    pub code: KeyCode,
    /// Ctrl, Alt, and Shift where it makes no letter of its own.
    pub modifiers: KeyModifiers,
}

/// The keys that are no letter and no sign, as the configuration calls them.
const WORDS: [(&str, KeyCode); 16] = [
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("down", KeyCode::Down),
    ("end", KeyCode::End),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("home", KeyCode::Home),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("pagedown", KeyCode::PageDown),
    ("pageup", KeyCode::PageUp),
    ("right", KeyCode::Right),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("up", KeyCode::Up),
];

/// What stands before a key, as the configuration calls it.
const BEFORE: [(&str, KeyModifiers); 3] = [
    ("ctrl-", KeyModifiers::CONTROL),
    ("alt-", KeyModifiers::ALT),
    ("shift-", KeyModifiers::SHIFT),
];

/// A key without modifiers.
pub(super) const fn plain(code: KeyCode) -> Key {
    with(code, KeyModifiers::NONE)
}

/// A letter, a digit or a sign.
pub(super) const fn letter(letter: char) -> Key {
    plain(KeyCode::Char(letter))
}

/// A letter with Ctrl.
pub(super) const fn ctrl(letter: char) -> Key {
    with(KeyCode::Char(letter), KeyModifiers::CONTROL)
}

/// A letter with Alt.
pub(super) const fn alt(letter: char) -> Key {
    with(KeyCode::Char(letter), KeyModifiers::ALT)
}

/// A key with modifiers.
pub(super) const fn with(code: KeyCode, modifiers: KeyModifiers) -> Key {
    Key { code, modifiers }
}

impl Key {
    /// The key that the configuration calls so: `u`, `ctrl-r`, `shift-left`, `f5`. What is longer than a letter may be written
    /// in any case.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = word;
        let code = loop {
            let mut letters = rest.chars();
            if let (Some(letter), None) = (letters.next(), letters.next()) {
                break KeyCode::Char(letter);
            }
            let lower = rest.to_lowercase();
            if let Some((_, code)) = WORDS.iter().find(|(name, _)| *name == lower) {
                break *code;
            }
            if let Some(number) = lower.strip_prefix('f').and_then(|n| n.parse().ok()) {
                break KeyCode::F(number);
            }
            let (before, modifier) = BEFORE.iter().find(|(name, _)| lower.starts_with(name))?;
            modifiers |= *modifier;
            rest = rest.get(before.len()..)?;
        };
        // As a terminal sends it.
        let is_letter = matches!(code, KeyCode::Char(_));
        let code = match code {
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::SHIFT) => {
                KeyCode::Char(letter.to_ascii_uppercase())
            }
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(letter.to_ascii_lowercase())
            }
            code => code,
        };
        if is_letter {
            modifiers -= KeyModifiers::SHIFT;
        }
        Some(Self { code, modifiers })
    }

    /// What the configuration calls it.
    #[must_use]
    pub fn word(self) -> String {
        let before = BEFORE
            .iter()
            .filter(|(_, modifier)| self.modifiers.contains(*modifier));
        let before: String = before.map(|(name, _)| *name).collect();
        let named = WORDS.iter().find(|(_, code)| *code == self.code);
        let name = named.map(|(name, _)| (*name).to_owned());
        let name = name.unwrap_or_else(|| match self.code {
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::F(number) => format!("f{number}"),
            _ => "?".to_owned(),
        });
        before + &name
    }

    /// The letter that a text takes for it. `AltGr` arrives as Ctrl and Alt together.
    pub(super) fn printable(self) -> Option<char> {
        let alt_gr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        match self.code {
            KeyCode::Char(letter)
                if self.modifiers.is_empty() || self.modifiers.contains(alt_gr) =>
            {
                Some(letter)
            }
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    /// A capital letter is the letter alone, whether or not the terminal reports Shift beside it; Shift-Tab is one key. The blank
    /// that a Mac's Option-Space types is a blank: it comes from a hand that is slow to leave Option, and no language here
    /// knows it.
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        if matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        let code = match event.code {
            KeyCode::Char('\u{a0}') => KeyCode::Char(' '),
            code => code,
        };
        Self { code, modifiers }
    }
}

/// As help prints it: `a`, `Ctrl-R`, `⇧←`, `F1`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            f.write_str("⇧")?;
        }
        let name = match self.code {
            KeyCode::Up => "↑",
            KeyCode::Down => "↓",
            KeyCode::Left => "←",
            KeyCode::Right => "→",
            KeyCode::PageUp => "PgUp",
            KeyCode::PageDown => "PgDn",
            KeyCode::Home => "Home",
            KeyCode::End => "End",
            KeyCode::Enter => "Enter",
            KeyCode::Esc => "Esc",
            KeyCode::Tab => "Tab",
            KeyCode::BackTab => "⇧Tab",
            KeyCode::Backspace => "Backspace",
            KeyCode::Delete => "Del",
            KeyCode::Insert => "Ins",
            KeyCode::Char(' ') => "Space",
            KeyCode::Char(letter) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                return write!(f, "{}", letter.to_ascii_uppercase());
            }
            KeyCode::Char(letter) => return write!(f, "{letter}"),
            KeyCode::F(number) => return write!(f, "F{number}"),
            _ => "that key",
        };
        f.write_str(name)
    }
}
