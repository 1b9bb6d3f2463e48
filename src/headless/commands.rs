//! Commands from standard input: parsed and carried out, each answered once.

use std::collections::BTreeSet;
use std::path::PathBuf;

use parking_lot::Mutex;

use super::lines::{LONGEST, Line};
use crate::command::{self, Command};
use crate::fault::older_word;
use crate::file::{self, Readers};
use crate::format::without_secrets;
use crate::operate::{self, Answer, Refusal};
use crate::proxy::{AddError, Engine};
use crate::request::RequestError;
use crate::snapshot::Author;
use crate::sweep;
use crate::tape::Saver;

/// A command with what became of it.
pub(crate) struct Answered {
    /// The line as it was read but for passwords, empty where it was no text.
    pub(super) command: String,
    pub(crate) outcome: Result<Answer, Refused>,
    /// What else is to be said: that one of its words is an older one.
    pub(super) note: Option<&'static str>,
}

/// Why a command was refused.
pub(crate) struct Refused {
    pub(super) error: String,
    /// Where in the line, counted from 1; `None` where the line is right and the world is not.
    pub(super) column: Option<usize>,
    /// Whether another change came first than whoever asks had seen.
    #[cfg_attr(
        not(feature = "api"),
        expect(dead_code, reason = "only the API tells it apart")
    )]
    pub(crate) is_late: bool,
}

/// What commands act on.
pub(crate) struct Bench {
    pub(super) engine: Engine,
    /// Whose commands they are.
    pub(super) by: Author,
    /// What saves the tape, where there is one.
    pub(super) tape: Option<Saver>,
    /// The files that commands have written, which they may write again.
    pub(super) written: Mutex<BTreeSet<PathBuf>>,
}

/// Carries out the command of a line.
pub(super) async fn answer(bench: &Bench, line: Line) -> Answered {
    let (error, column) = match line {
        Line::Text(line) => return carried(bench, &line, read(&line)).await,
        Line::TooLong => (
            format!(
                "the line is longer than {LONGEST} bytes: one command stands on a line, and this one is skipped to its end"
            ),
            LONGEST + 1,
        ),
        Line::NotText(column) => (
            "the line is not UTF-8 text: commands are words, as in list".to_owned(),
            column,
        ),
    };
    Answered {
        command: String::new(),
        outcome: Err(Refused {
            error,
            column: Some(column),
            is_late: false,
        }),
        note: None,
    }
}

/// Reads the command of a line.
pub(crate) fn read(line: &str) -> Result<Command, Refused> {
    command::parse(line).map_err(|error| Refused {
        column: Some(error.column()),
        error: error.message,
        is_late: false,
    })
}

/// Carries out what was `read` of a line.
pub(crate) async fn carried(bench: &Bench, line: &str, read: Result<Command, Refused>) -> Answered {
    let note = read.as_ref().ok();
    let note = note.and_then(|command| older_word(command.settings()));
    Answered {
        command: without_secrets(line).into_owned(),
        outcome: match read {
            Ok(command) => carry_out(bench, line, command).await,
            Err(refused) => Err(refused),
        },
        note,
    }
}

/// Carries out the command that `line` says.
async fn carry_out(bench: &Bench, line: &str, command: Command) -> Result<Answer, Refused> {
    let answer = operate::run(&bench.engine, command, &bench.by).await;
    if let Ok(answer) = &answer {
        let saved = bench.save(answer).await;
        saved.map_err(|error| Refused::of_the_whole(&error))?;
    }
    answer.map_err(|refusal| Refused {
        column: match &refusal {
            Refusal::UnknownProxy { name, .. } => column_of_argument(line, name),
            Refusal::UnknownSetting { .. } => {
                line.rfind(" as=").map(|at| line[..at].chars().count() + 2)
            }
            Refusal::OwnPort { .. }
            | Refusal::Engine(
                RequestError::NoConnection(_) | RequestError::Add(AddError::Circle(_)),
            ) => column_of_argument(line, ""),
            Refusal::Engine(
                RequestError::Name(taken) | RequestError::Add(AddError::Name(taken)),
            ) => column_of_name(line, taken.name.as_str()),
            Refusal::NoProxy
            | Refusal::Engine(
                RequestError::NoProxy(_)
                | RequestError::Add(AddError::Bind(_) | AddError::Changed(_))
                | RequestError::Changed(_)
                | RequestError::Port(_)
                | RequestError::Sweep(_)
                | RequestError::NoContact(_)
                | RequestError::Refused(_),
            ) => None,
        },
        error: refusal.to_string(),
        is_late: matches!(
            &refusal,
            Refusal::Engine(RequestError::Changed(_) | RequestError::Add(AddError::Changed(_)))
        ),
    })
}

// === impl Refused ===

impl Refused {
    /// Because of the whole line, not of a place in it.
    pub(crate) fn of_the_whole(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            column: None,
            is_late: false,
        }
    }
}

// === impl Bench ===

impl Bench {
    /// Commands of this author, which save no tape.
    pub(crate) fn of(engine: &Engine, by: Author) -> Self {
        Self {
            engine: engine.clone(),
            by,
            tape: None,
            written: Mutex::default(),
        }
    }

    /// Writes what an answer says is to be written: over no file that was there, but for its own.
    async fn save(&self, answer: &Answer) -> Result<(), String> {
        let (Answer::Save(_, file) | Answer::SaveTape(file)) = answer else {
            return Ok(());
        };
        let replaces = self.written.lock().contains(file);
        if let Answer::Save(curve, _) = answer {
            // Small, so that writing it is over before anyone waits.
            let form = sweep::Form::of(file).unwrap_or(sweep::Form::Json);
            let text = curve.export(form);
            file::write(file, text.as_bytes(), Readers::All, replaces)
                .map_err(|error| file::failed("write", file, &error))?;
        } else {
            let tape = self.tape.as_ref().ok_or("no tape is kept here")?;
            tape.save(file.clone(), replaces).await?;
        }
        self.written.lock().insert(file.clone());
        Ok(())
    }
}

/// Where a command's first argument stands, which begins with `argument`.
fn column_of_argument(line: &str, argument: &str) -> Option<usize> {
    let word = line.trim_start().find(char::is_whitespace)?;
    let rest = line.trim_start()[word..].trim_start();
    rest.starts_with(argument)
        .then(|| line.chars().count() - rest.chars().count() + 1)
}

/// Where the name stands that a mapping or `rename` gives.
fn column_of_name(line: &str, name: &str) -> Option<usize> {
    let mut column = 1;
    let mut words = vec![""];
    for word in line.split(char::is_whitespace) {
        let is_given = words.last() == Some(&"as") || words[1..].first() == Some(&"rename");
        if is_given && words.len() > 2 && word == name {
            return Some(column);
        }
        if !word.is_empty() {
            words.push(word);
        }
        column += word.chars().count() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_given() {
        for (line, column) in [
            ("rename web  web2", None),
            (" rename x web", Some(11)),
            ("add 1=web:2 as  web latency 1s", Some(17)),
        ] {
            assert_eq!(column_of_name(line, "web"), column, "{line}");
        }
    }

    #[test]
    fn the_column_is_the_first_arguments() {
        for (line, column) in [
            ("remove web", Some(8)),
            ("  set   web latency 1ms", Some(9)),
            ("list", None),
        ] {
            assert_eq!(column_of_argument(line, "web"), column, "{line}");
        }
    }
}
