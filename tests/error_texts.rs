//! Whatever is typed, what is said of it is one line that does nothing but say it: the languages and the command line.

use std::ffi::OsString;

use faultboard::cli::{self, Options, Unread};
use faultboard::fault::language;
use faultboard::format::is_shown;
use faultboard::{check, command, mapping, preset, scene};
use proptest::prelude::*;

/// A password, wherever one is given.
const SECRET: &str = "hunter2";

/// No line of an error is longer, in characters: what it says, pieces of what was typed, the names that there are.
const LONGEST: usize = 1_200;

/// Pieces of which texts are made: words of the languages, and what somebody may have meant to do to a terminal.
const PIECES: &[&str] = &[
    "9090",
    "=",
    "://",
    "https",
    "psql",
    "postgres",
    "my-db",
    ":",
    ".",
    "5432",
    "@",
    " ",
    ",",
    "latency",
    "250ms",
    "loss",
    "1%",
    "set",
    "add",
    "remove",
    "kill",
    "preset",
    "all",
    "3g",
    "#",
    "[",
    "]",
    "/",
    "?",
    "-f",
    "--seed",
    "--preset",
    "--scene",
    "--duration",
    "--bind",
    "demo",
    "check",
    "completions",
    "\u{1b}[31m",
    "\n",
    "\r",
    "\t",
    "\u{202e}",
    "\u{2028}",
    "\u{200b}",
    "\u{feff}",
    "\u{7f}",
    "\u{85}",
    "e\u{301}",
    "大",
    "\u{a0}",
    "\0",
];

/// Ways of giving a password away.
const SECRETS: &[&str] = &[
    "5432=psql://me:hunter2@db",
    "5432=me:hunter2@db:5432",
    "postgres://me:hunter2@db/shop",
    "5432=psql://me:p@hunter2@db?sslmode=off",
    "5432=psql://db/shop?user=me&password=hunter2",
    "5432=db password=hunter2",
    "me:hunter2@db",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => prop::sample::select(PIECES).prop_map(str::to_owned),
        2 => prop::sample::select(SECRETS).prop_map(str::to_owned),
        1 => Just("7".repeat(16_000)),
        1 => Just("x".repeat(5_000)),
        1 => any::<char>().prop_map(String::from),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

/// Fails unless `said` has at most so many lines, and none of them can harm.
fn is_harmless(said: &str, lines: usize) -> Result<(), TestCaseError> {
    prop_assert!(said.lines().count() <= lines, "{said:?}");
    for line in said.split('\n') {
        prop_assert!(line.chars().all(is_shown), "{line:?}");
        prop_assert!(
            line.chars().count() <= LONGEST,
            "{} characters: {line}",
            line.chars().count()
        );
    }
    prop_assert!(!said.contains(SECRET), "{said}");
    Ok(())
}

proptest! {
    #[test]
    fn an_error_of_a_language_is_harmless(text in text()) {
        let errors = [
            mapping::parse(&text).err(),
            language::parse(&text).err(),
            command::parse(&text).err(),
            command::parse_line(&text).err(),
        ];
        for error in errors.into_iter().flatten() {
            // The text with its caret, and the message alone.
            is_harmless(&error.to_string(), 2)?;
            is_harmless(&error.message, 1)?;
        }
        if let Err(error) = preset::find(&text) {
            is_harmless(&error, 1)?;
        }
        for problem in scene::parse(&text).problems("desk.scene") {
            is_harmless(&problem, 1)?;
        }
        let mut verdict = Vec::new();
        check::write_text(&[text], &mut verdict).expect("memory takes it");
        let verdict = String::from_utf8(verdict).expect("text");
        is_harmless(verdict.trim_end(), 2)?;
    }

    #[test]
    fn an_error_of_the_command_line_is_harmless(words in prop::collection::vec(text(), 0..4)) {
        let words = std::iter::once("faultboard".to_owned()).chain(words);
        let words: Vec<OsString> = words.map(OsString::from).collect();
        match cli::read(&words) {
            Err(Unread::Wrong(wrong)) => is_harmless(&wrong.to_string(), 1)?,
            Err(Unread::Asked(_)) => {}
            Ok(cli) => if let Err(wrong) = Options::read(cli.run, &cli.mappings) {
                // Two lines for each mapping and each fault.
                for wrong in &wrong.0 {
                    is_harmless(wrong, 2)?;
                }
            }
        }
    }
}
