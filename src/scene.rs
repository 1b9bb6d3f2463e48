//! Scenes: a desk as a file, a line for each proxy.
//!
//! ```text
//! # what it shows
//! 35432=psql://my-db:5432 latency 250ms, loss 1%
//! 9090=https://www.google.com
//! at 12.5s set my-db latency 1s
//! ```
//!
//! A line is what the console's input line takes: a mapping, its name if it has one, and after a blank its faults. Blank
//! lines and what follows a `#` at the beginning of a line or after a blank are ignored. A line that is wrong is told with
//! its place, and the others hold. A tour ([`tour`](crate::tour)) is a scene with acts.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::command::{self, Command};
use crate::fault::name::outside_quotes;
use crate::fault::{Setting, language, older_word};
use crate::file;
use crate::format::joined;
use crate::mapping::{Mapping, Other, clash};
use crate::syntax::{ParseError, until_blank};
use crate::units::Time;

/// A scene, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The proxies, in the order of the lines.
    pub proxies: Vec<(Mapping, Vec<Setting>)>,
    /// What is done to them, each at its time since the scene was opened, in the order of the times.
    pub moments: Vec<(Duration, Command)>,
    /// What is wrong with the other lines.
    pub errors: Vec<LineError>,
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct LineError {
    /// Its number, counted from 1.
    pub line: usize,
    /// What is wrong with it, and where in the line.
    pub error: ParseError,
}

/// No scene is longer, in MiB.
const LONGEST: u64 = 1;

/// Reads the text of a scene from a file, or from whatever else has a path and ends.
pub fn read(path: &Path) -> io::Result<String> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(file::read(path, LONGEST)?).map_err(no_text)
}

/// Reads a scene; it never fails as a whole. A byte order mark before it is nothing.
#[must_use]
pub fn parse(text: &str) -> Scene {
    let mut scene = Scene::default();
    let mut earlier = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, text) in (1..).zip(text.lines()) {
        let text = without_comment(text);
        if text.trim().is_empty() {
            continue;
        }
        if until_blank(text.trim_start()) == AT {
            match moment(text) {
                Ok(moment) => scene.moments.push(moment),
                Err(error) => scene.errors.push(LineError { line, error }),
            }
            continue;
        }
        let read = command::parse_line(text);
        let read = read.and_then(|proxy| match clash(text, &proxy.0, &earlier) {
            Some(error) => Err(error),
            None => Ok(proxy),
        });
        match read {
            Ok(proxy) => {
                earlier.push(Other::of(&proxy.0, proxy.0.to_string()));
                scene.proxies.push(proxy);
            }
            Err(error) => scene.errors.push(LineError { line, error }),
        }
    }
    scene.moments.sort_by_key(|(at, _)| *at);
    scene
}

/// With what a line begins that says when something is done.
pub(crate) const AT: &str = "at";

/// No line of a scene is later.
const LATEST: Duration = Duration::from_secs(360_000);

/// `at TIME COMMAND`
fn moment(text: &str) -> Result<(Duration, Command), ParseError> {
    let rest = text.trim_start()[AT.len()..].trim_start();
    let time = until_blank(rest);
    let command = rest[time.len()..].trim_start();
    let column = |tail: &str| text.chars().count() - tail.chars().count();
    let shifted = |error: ParseError, by: usize| {
        let span = error.span.start + by..error.span.end + by;
        ParseError::over(text, span, error.message)
    };
    let at = language::parse_time(time, Duration::ZERO, LATEST);
    let at = at.map_err(|error| shifted(error, column(rest)))?;
    if command.is_empty() {
        let message = "at wants a time and a command: at 12s clear all".to_owned();
        let end = text.chars().count();
        return Err(ParseError::over(text, end..end, message));
    }
    let read = command::parse(command).map_err(|error| shifted(error, column(command)))?;
    if !read.changes_the_desk() {
        let message = "only what changes the desk is done at a time: at 12s clear all".to_owned();
        let start = column(command);
        return Err(ParseError::over(
            text,
            start..start + until_blank(command).len(),
            message,
        ));
    }
    Ok((at, read))
}

/// The line up to a `#` that begins it or follows a blank: a `#` within a word or a quoted name is its own.
pub(crate) fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in outside_quotes(line) {
        if c == '#' && before.is_whitespace() {
            return &line[..at];
        }
        before = c;
    }
    line
}

// === impl Scene ===

impl Scene {
    /// That one of its words is an older one, and which it is now: `FILE: note`.
    #[must_use]
    pub fn note(&self, file: &str) -> Option<String> {
        let settings = self.proxies.iter().flat_map(|(_, settings)| settings);
        older_word(settings).map(|note| format!("{file}: {note}"))
    }

    /// What is wrong, a line each: `FILE:LINE:COLUMN: why`.
    pub fn problems<'a>(&'a self, file: &'a str) -> impl Iterator<Item = String> + 'a {
        self.errors.iter().map(move |wrong| wrong.told(file))
    }
}

// === impl LineError ===

impl LineError {
    /// The place and what is wrong there: `FILE:LINE:COLUMN: why`.
    #[must_use]
    pub fn told(&self, file: &str) -> String {
        let Self { line, error } = self;
        format!("{file}:{line}:{}: {}", error.column(), error.message)
    }
}

/// The text form: what is printed reads as the same scene.
impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# a scene of faultboard: faultboard --scene FILE")?;
        for (mapping, settings) in &self.proxies {
            let line = format!("{mapping} {}", joined(settings));
            writeln!(f, "{}", line.trim_end())?;
        }
        for (at, command) in &self.moments {
            writeln!(f, "{AT} {} {command}", Time(*at))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_read_and_printed() {
        let text = "# shop\n\n35432=psql://db:5432 as orders lat 250ms, loss 1%  # slow\n  9090=https://x.com\n";
        let scene = parse(text);
        assert_eq!(scene.errors, []);
        assert_eq!(
            scene.to_string(),
            "# a scene of faultboard: faultboard --scene FILE\n\
             35432=psql://db as orders latency 250ms, loss 1%\n9090=https://x.com\n"
        );
        assert_eq!(parse(&scene.to_string()), scene);
    }

    #[test]
    fn what_is_done_at_a_time_is_read_and_printed() {
        let scene = parse("at 1m clear all\n1=a:80 as a\n  at 12.5s set a lat 1s # slow\n");
        assert_eq!(scene.errors, []);
        assert_eq!(
            scene.to_string(),
            "# a scene of faultboard: faultboard --scene FILE\n\
             1=a:80 as a\nat 12.5s set a latency 1s\nat 60s clear all\n"
        );
        assert_eq!(parse(&scene.to_string()), scene);
        for (line, told) in [
            ("at noon clear all", "x:1:4: "),
            ("at 5 clear all", "x:1:5: a time needs a unit"),
            (
                "at 5s",
                "x:1:6: at wants a time and a command: at 12s clear all",
            ),
            (
                "at 5s claer all",
                "x:1:7: unknown command \"claer\": did you mean \"clear\"?",
            ),
            ("at 5s set a lat 5", "x:1:18: a time needs a unit"),
            (
                "at 5s list",
                "x:1:7: only what changes the desk is done at a time",
            ),
        ] {
            let scene = parse(line);
            let problems: Vec<String> = scene.problems("x").collect();
            assert!(
                problems.len() == 1 && problems[0].starts_with(told),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let scene = parse("\u{feff}1=a:80\r\n2=b\r\n");
        assert_eq!(scene.proxies.len(), 1);
        assert_eq!((scene.errors.len(), scene.errors[0].line), (1, 2));
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_holds() {
        let scene = parse("1=a:80\n2=htps://b\n3=c:80 latency 5\n1=d:80\n4=e:80\n");
        assert_eq!(scene.proxies.len(), 2);
        let problems: Vec<String> = scene.problems("shop.scene").collect();
        assert!(
            problems[0].starts_with("shop.scene:2:3: unknown protocol \"htps\""),
            "{problems:?}"
        );
        assert!(
            problems[1].starts_with("shop.scene:3:17: a time needs a unit"),
            "{problems:?}"
        );
        assert_eq!(
            problems[2],
            "shop.scene:4:1: port 1 is taken by 1=a:80: give another port, or 0 for any free one"
        );
    }
}
