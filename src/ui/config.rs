//! What its user has chosen once and for all: colours, glyphs, the mouse, columns and keys, in a file of TOML.
//!
//! ```text
//! theme = "light"
//! [keys]
//! undo = ["u", "ctrl-z"]
//! ```
//!
//! Where something in it is wrong, one line says what and where, and all is as if there were no file. Nothing here opens a file.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keymap::{self, Clash, Key, Owner, Wish};
use super::view;
use crate::format::quoted;
use crate::look::{Glyphs, Scheme};
use crate::syntax::{nearest, no_toml, place};

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

/// What the file may have, beside keys.
const OPTIONS: [&str; 5] = ["theme", "charset", "mouse", "columns", "keys"];

/// What is wrong, and where in the text.
struct Wrong(Range<usize>, String);

/// Where each key of each action stands.
type Places = Vec<Vec<Range<usize>>>;

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

fn parse(text: &str) -> Result<Config, Wrong> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Wrong(span, no_toml(error.message()))
    })?;
    let mut config = Config::default();
    let mut spans = Places::new();
    for (option, value) in in_order(table.get_ref()) {
        let wants = |what: &str| Wrong(value.span(), format!("{} wants {what}", option.get_ref()));
        match &**option.get_ref() {
            "theme" => config.scheme = one_of(value).map_err(|what| wants(&what))?,
            "charset" => config.glyphs = one_of(value).map_err(|what| wants(&what))?,
            "mouse" => {
                let mouse = value.get_ref().as_bool();
                config.mouse = mouse.ok_or_else(|| wants("true or false"))?;
            }
            "columns" => {
                let columns = texts(value).ok_or_else(|| wants(LIST_OF_COLUMNS))?;
                for column in columns {
                    known(&column, "column", view::columns())?;
                    config.columns.push(column.into_inner());
                }
            }
            "keys" => {
                let keys = value.get_ref().as_table();
                (config.keys, spans) = wishes(keys.ok_or_else(|| wants("lines behind [keys]"))?)?;
            }
            _ => known(
                &Spanned::new(option.span(), option.get_ref().to_string()),
                "option",
                OPTIONS.map(str::to_owned).into_iter(),
            )?,
        }
    }
    check(text, &config.keys, &spans)?;
    Ok(config)
}

/// What columns and keys are written as.
const LIST_OF_COLUMNS: &str = "a list of texts in quotes: [\"id\", \"state\"]";
const LIST_OF_KEYS: &str = "a list of texts in quotes: [\"u\", \"ctrl-x\"]";

/// A table's lines, in the order in which they stand.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut lines: Vec<_> = table.iter().collect();
    lines.sort_by_key(|(name, _)| name.span().start);
    lines
}

/// One of the words that a choice has; else which there are.
fn one_of<T: ValueEnum>(value: &Spanned<DeValue<'_>>) -> Result<T, String> {
    let word = value.get_ref().as_str();
    let read = word.and_then(|word| T::from_str(word, false).ok());
    read.ok_or_else(|| {
        let words = T::value_variants().iter();
        let words: Vec<String> = words
            .filter_map(|it| Some(format!("\"{}\"", it.to_possible_value()?.get_name())))
            .collect();
        format!("one of {}", words.join(", "))
    })
}

/// The texts of a list; nothing where something else stands there.
fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<Spanned<String>>> {
    let items = value.get_ref().as_array()?.iter();
    items
        .map(|item| {
            Some(Spanned::new(
                item.span(),
                item.get_ref().as_str()?.to_owned(),
            ))
        })
        .collect()
}

/// The actions that are given keys, and where each key stands.
fn wishes(keys: &DeTable<'_>) -> Result<(Vec<Wish>, Places), Wrong> {
    let (mut wishes, mut spans) = (Vec::new(), Places::new());
    for (action, value) in in_order(keys) {
        let name = action.get_ref().to_string();
        known(
            &Spanned::new(action.span(), name.clone()),
            "action",
            keymap::names(),
        )?;
        let why = || Wrong(value.span(), format!("{name} wants {LIST_OF_KEYS}"));
        let texts = texts(value).ok_or_else(why)?;
        let read = texts.iter().map(|key| {
            let why = format!(
                "no key is called \"{}\": a, ctrl-a, shift-left, f5",
                key.get_ref()
            );
            Key::named(key.get_ref()).ok_or_else(|| Wrong(key.span(), why))
        });
        let keys = read.collect::<Result<_, _>>()?;
        spans.push(texts.iter().map(Spanned::span).collect());
        wishes.push(Wish { action: name, keys });
    }
    Ok((wishes, spans))
}

/// That no two actions of one pane have one key.
fn check(text: &str, wishes: &[Wish], spans: &[Vec<Range<usize>>]) -> Result<(), Wrong> {
    if let Err(Clash { wish, mode, owner }) = keymap::granted(wishes) {
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
    Ok(())
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
    // The actions are too many for a line.
    let all = if words.len() > 24 {
        String::new()
    } else {
        format!(" ({})", words.join(", "))
    };
    let why = format!("no {what} is called {}{near}{all}", quoted(word.get_ref()));
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
    #[expect(clippy::too_many_lines, reason = "a row for each fault")]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, why) in [
            (
                "theme = \"drak\"",
                "1:9: theme wants one of \"auto\", \"dark\", \"light\", \"ansi\", \"mono\", \"high-contrast\"",
            ),
            (
                "\nthem = \"dark\"",
                "2:1: no option is called \"them\": did you mean \"theme\"? (theme, charset, mouse, columns, keys)",
            ),
            (
                "theme =",
                "1:8: not as TOML is written: string values must be quoted",
            ),
            (
                "columns = [\"id\", \"pear\"]",
                "1:18: no column is called \"pear\": did you mean \"peer\"? (COLUMNS)",
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
                "2:8: undo wants a list of texts in quotes: [\"u\", \"ctrl-x\"]",
            ),
            ("mouse = 1", "1:9: mouse wants true or false"),
            (
                "columns = [1]",
                "1:11: columns wants a list of texts in quotes: [\"id\", \"state\"]",
            ),
            ("keys = 1", "1:8: keys wants lines behind [keys]"),
            (
                "charset = \"utf8\"",
                "1:11: charset wants one of \"auto\", \"unicode\", \"ascii\"",
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
            let columns: Vec<String> = view::columns().collect();
            let why = why.replace("COLUMNS", &columns.join(", "));
            assert_eq!(
                read("config.toml", text),
                Err(format!("config.toml:{why}")),
                "{text}"
            );
        }
    }
}
