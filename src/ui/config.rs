//! What its user has chosen once and for all: colours, glyphs, the mouse, columns and keys, in a file of TOML.
//!
//! ```text
//! theme = "light"
//! [keys]
//! undo = ["u", "ctrl-z"]
//! ```
//!
//! Where something in it is wrong, one line says what and where, and all is as if there were no file. Nothing here opens a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::keymap::{self, Clash, Key, Owner, Wish};
use super::view;
use crate::look::{Glyphs, Scheme};
use crate::syntax::nearest;

/// What the file says, or what holds without it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which colours the console has.
    pub scheme: Scheme,
    /// Which glyphs it draws with.
    pub glyphs: Glyphs,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// The columns of the table of connections, the most needed first; none where the console chooses them.
    pub columns: Vec<String>,
    /// The actions that have other keys than by default.
    pub keys: Vec<Wish>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    theme: Scheme,
    charset: Glyphs,
    mouse: bool,
    columns: Vec<Spanned<String>>,
    keys: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
}

/// What is wrong, and where in the text.
struct Wrong(Range<usize>, String);

/// Reads the text of a file.
///
/// # Errors
/// One line: `FILE:LINE:COLUMN: why`.
pub fn read(file: &str, text: &str) -> Result<Config, String> {
    parse(text).map_err(|Wrong(span, why)| {
        let (line, column) = place(text, span.start);
        format!("{file}:{line}:{column}: {why}")
    })
}

/// The line and the column of a byte, counted from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let begun = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[begun..].chars().count() + 1)
}

fn parse(text: &str) -> Result<Config, Wrong> {
    let written: Written = toml::from_str(text)
        .map_err(|error| Wrong(error.span().unwrap_or(0..0), error.message().to_owned()))?;
    let mut columns = Vec::new();
    for column in &written.columns {
        known(column, "column", view::columns())?;
        columns.push(column.get_ref().clone());
    }
    let mut wishes = Vec::new();
    let mut spans = Vec::new();
    let mut written_keys: Vec<_> = written.keys.iter().collect();
    written_keys.sort_by_key(|(action, _)| action.span().start);
    for (action, keys) in written_keys {
        known(action, "action", keymap::names())?;
        let read = keys.iter().map(|key| {
            let why = || {
                format!(
                    "no key is called \"{}\": a, ctrl-a, shift-left, f5",
                    key.get_ref()
                )
            };
            Key::named(key.get_ref()).ok_or_else(|| Wrong(key.span(), why()))
        });
        wishes.push(Wish {
            action: action.get_ref().clone(),
            keys: read.collect::<Result<_, _>>()?,
        });
        spans.push(keys.iter().map(Spanned::span).collect::<Vec<_>>());
    }
    if let Err(Clash { wish, mode, owner }) = keymap::granted(&wishes) {
        let (wish, key) = wish;
        let word = wishes[wish].keys[key].word();
        let why = match owner {
            Owner::Wish(other, key) => {
                let (line, _) = place(text, spans[other][key].start);
                let other = &wishes[other].action;
                format!("\"{word}\" is {other}'s in the {mode} (line {line})")
            }
            Owner::Action(other) => format!("\"{word}\" is {other}'s in the {mode}, by default"),
            Owner::Text => format!("\"{word}\" is typed as a letter in the {mode}"),
        };
        return Err(Wrong(spans[wish][key].clone(), why));
    }
    Ok(Config {
        scheme: written.theme,
        glyphs: written.charset,
        mouse: written.mouse,
        columns,
        keys: wishes,
    })
}

/// That a word is one of these.
fn known(
    word: &Spanned<String>,
    what: &str,
    words: impl Iterator<Item = String>,
) -> Result<(), Wrong> {
    let words: Vec<String> = words.collect();
    if words.contains(word.get_ref()) {
        return Ok(());
    }
    let near = nearest(word.get_ref(), words.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!(": did you mean \"{near}\"?"));
    let why = format!("no {what} is called \"{}\"{near}", word.get_ref());
    Err(Wrong(word.span(), why))
}

/// A file that says what holds without any, and what may stand in it.
#[must_use]
pub fn defaults() -> String {
    let default = Config::default();
    let names = Scheme::ALL.map(Scheme::name).join(", ");
    let columns: Vec<String> = view::columns().collect();
    let mut text = format!(
        "# The console of faultboard: $XDG_CONFIG_HOME/faultboard/config.toml, or ~/.config/faultboard/config.toml.\n\
         # What stands here holds without such a file; one needs to have only what differs.\n\n\
         # Colours: {names}.\ntheme = \"{}\"\n\n\
         # Glyphs: auto, unicode, ascii.\ncharset = \"auto\"\n\n\
         # Whether the mouse is used; off, the terminal selects text with it.\nmouse = {}\n\n\
         # The columns of the table of connections, the most needed first; what has no room is not shown. None: the\n\
         # console chooses. There are {}.\ncolumns = []\n\n\
         # The keys of each action, in place of those it has. A key is a letter or a sign, or backspace, delete, down, end, enter,\n\
         # esc, f1 …, home, insert, left, pagedown, pageup, right, space, tab or up, with ctrl-, alt- or shift- before it.\n[keys]\n",
        default.scheme.name(),
        default.mouse,
        columns.join(", ")
    );
    for (name, keys, words) in keymap::default_keys() {
        // Quoted as in Rust: a key has no character of control.
        let keys: Vec<String> = keys.iter().map(|key| format!("{:?}", key.word())).collect();
        let _ = writeln!(text, "{name} = [{}]  # {words}", keys.join(", "));
    }
    text
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            scheme: Scheme::default(),
            glyphs: Glyphs::default(),
            mouse: true,
            columns: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl Default for Written {
    fn default() -> Self {
        let Config {
            scheme: theme,
            glyphs: charset,
            mouse,
            ..
        } = Config::default();
        Self {
            theme,
            charset,
            mouse,
            columns: Vec::new(),
            keys: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_what_holds_without_a_file() {
        let printed = defaults();
        let config = read("config.toml", &printed).unwrap_or_else(|why| panic!("{why}\n{printed}"));
        let default = keymap::granted(&[]).expect("the defaults do not clash");
        let named = keymap::granted(&config.keys).expect("nor do they by name");
        assert_eq!(format!("{named:?}"), format!("{default:?}"));
        let keys = Vec::new();
        assert_eq!(Config { keys, ..config }, Config::default());
        assert_eq!(read("", ""), Ok(Config::default()));
    }

    #[test]
    fn each_thing_in_the_file_is_taken() {
        let text = "theme = \"high-contrast\"\ncharset = \"ascii\"\nmouse = false\n\
                    columns = [\"id\", \"down-rate\"]\n[keys]\nundo = [\"ctrl-x\", \"Z\"]\n";
        let config = read("config.toml", text).expect("right");
        let wanted = Config {
            scheme: Scheme::HighContrast,
            glyphs: Glyphs::Ascii,
            mouse: false,
            columns: vec!["id".to_owned(), "down-rate".to_owned()],
            keys: vec![Wish {
                action: "undo".to_owned(),
                keys: ["ctrl-x", "Z"]
                    .map(|key| Key::named(key).expect("a key"))
                    .into(),
            }],
        };
        assert_eq!(config, wanted);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, why) in [
            (
                "theme = \"drak\"",
                "1:9: unknown variant `drak`, expected one of `auto`, `dark`, `light`, `ansi`, `mono`, `high-contrast`",
            ),
            (
                "\nthem = \"dark\"",
                "2:1: unknown field `them`, expected one of `theme`, `charset`, `mouse`, `columns`, `keys`",
            ),
            (
                "theme =",
                "1:8: string values must be quoted, expected literal string",
            ),
            (
                "columns = [\"id\", \"pear\"]",
                "1:18: no column is called \"pear\": did you mean \"peer\"?",
            ),
            (
                "[keys]\nund = [\"u\"]",
                "2:1: no action is called \"und\": did you mean \"undo\"?",
            ),
            (
                "[keys]\nundo = [\"hyper-u\"]",
                "2:9: no key is called \"hyper-u\": a, ctrl-a, shift-left, f5",
            ),
            (
                "[keys]\nundo = \"u\"",
                "2:8: invalid type: string \"u\", expected a sequence",
            ),
            (
                "[keys]\nundo = [\"a\"]",
                "2:9: \"a\" is add's in the mixer, by default",
            ),
            (
                "[keys]\nredo = [\"Z\"]\nundo = [\"u\", \"Z\"]",
                "3:14: \"Z\" is redo's in the mixer (line 2)",
            ),
            (
                "[keys]\nclear-text = [\"a\"]",
                "2:15: \"a\" is typed as a letter in the input line",
            ),
        ] {
            assert_eq!(
                read("config.toml", text),
                Err(format!("config.toml:{why}")),
                "{text}"
            );
        }
    }
}
