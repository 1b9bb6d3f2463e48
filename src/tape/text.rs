//! A tape as text: a line for each record, and what becomes of one that is cut off or damaged.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use super::Tape;
use super::record::{Head, Record, What};
use crate::format::figures::clock_exact;
use crate::format::shortened;

/// What was read of a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The tape, up to its last whole record.
    pub tape: Tape,
    /// Why there is no more of it, where it has no end.
    pub damage: Option<Damage>,
}

/// Why a tape has no end. Prints as a sentence without its beginning: `is cut off in line 7; read up to 00:00:04.000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub what: Flaw,
    /// When the last record that could be read had happened.
    pub until: Duration,
}

/// What is wrong with a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The text ends within this line.
    Cut(usize),
    /// This line is no record, and why.
    Wrong(usize, String),
    /// The last line is whole, and does not say that it is the last.
    NoEnd,
}

/// Why a text is no tape.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoTape {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// Its first line is not that of a tape.
    #[error("it is no tape: its first line is {}", shortened(.0))]
    NoHead(String),
    /// It ends within its first line.
    #[error("it is cut off in its first line: nothing of it can be read")]
    Cut,
    /// A later version of the program has written it.
    #[error("it is a tape of form {0}, which a later faultboard writes: this one reads up to {form}", form = Head::FORM)]
    Later(u32),
}

/// The line of the head or of a record, with its line ending.
///
/// # Panics
/// What is written has a map whose keys are not text, which nothing on a tape has.
#[must_use]
pub fn line(of: &impl Serialize) -> String {
    let json = serde_json::to_string(of);
    json.expect("no map here has keys that are not text") + "\n"
}

/// A tape as it stands now, from its first line to a last one.
#[must_use]
pub(super) fn whole(tape: &Tape) -> String {
    let mut text = line(&tape.head);
    tape.records().for_each(|record| text += &line(record));
    let reason = "saved".to_owned();
    let what = What::End { reason };
    let t = tape.end();
    text + &line(&Record { t, what })
}

/// Whether a file that begins so is a tape.
#[must_use]
pub fn is_tape(begins: &[u8]) -> bool {
    begins.starts_with(b"{\"tape\":")
}

/// Reads a tape as far as it is whole.
///
/// # Errors
/// It does not begin as a tape does.
pub fn read(bytes: &[u8]) -> Result<Read, NoTape> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().ok_or(NoTape::Empty)?;
    let head: Head = serde_json::from_slice(first).map_err(|_| no_head(first))?;
    if head.tape > Head::FORM {
        return Err(NoTape::Later(head.tape));
    }
    let (mut tape, mut flaw) = (Tape::new(head), Some(Flaw::NoEnd));
    for (number, line) in (2..).zip(lines) {
        match serde_json::from_slice::<Record>(line) {
            Ok(record) => {
                let is_end = matches!(record.what, What::End { .. });
                tape.push(record);
                if is_end {
                    flaw = None;
                    break;
                }
            }
            Err(_) if !line.ends_with(b"\n") => {
                flaw = Some(Flaw::Cut(number));
                break;
            }
            Err(error) => {
                flaw = Some(Flaw::Wrong(number, why(&error)));
                break;
            }
        }
    }
    let until = tape.end();
    let damage = flaw.map(|what| Damage { what, until });
    Ok(Read { tape, damage })
}

/// What a first line is, that is not a tape's.
fn no_head(first: &[u8]) -> NoTape {
    #[derive(serde::Deserialize)]
    struct Form {
        tape: u32,
    }
    match serde_json::from_slice::<Form>(first) {
        Ok(Form { tape }) if tape > Head::FORM => NoTape::Later(tape),
        Err(_) if is_tape(first) && !first.ends_with(b"\n") => NoTape::Cut,
        _ => NoTape::NoHead(String::from_utf8_lossy(first).trim().to_owned()),
    }
}

/// What is wrong with a line, without its number within the line, which is always one.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    shortened(text)
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Flaw::Cut(line) => write!(f, "is cut off in line {line}")?,
            Flaw::Wrong(line, why) => write!(f, "is damaged in line {line} ({why})")?,
            Flaw::NoEnd => f.write_str("has no last line: it was cut off, or is still written")?,
        }
        write!(f, "; it is read up to {}", clock_exact(self.until))
    }
}
