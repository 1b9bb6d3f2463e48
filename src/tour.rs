//! Tours: a desk with acts that an audience is led through, as a file.
//!
//! ```text
//! # what a slow network does to a shop
//! 9090=https://shop.example as shop
//!
//! act  A quarter of a second
//! show shop
//! turn LAT
//! clear shop
//! say  The way to the shop gets longer.
//! press 5
//! look What a visitor waits is 250 ms more.
//! hold 9s
//! ```
//!
//! What stands before the first `act` is a scene ([`scene`]): the proxies. An act begins with its title. In it, `say` is
//! the sentence at its beginning, `press` names the keys that its viewer presses, `look` is the sentence after that, `show` is the
//! proxy in large figures, `turn` the knob that the keys turn, `hold` how long a tour that plays itself stays. Every other
//! line is a command of the language that standard input takes, carried out when the act begins.

use std::time::Duration;

use crate::command::{self, Command, Target};
use crate::fault::{KINDS, language};
use crate::format::{listed, shortened};
use crate::mapping::Name;
use crate::scene::{self, LineError, Scene, without_comment};
use crate::syntax::{ParseError, nearest, unknown, until_blank};

/// A tour, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tour {
    /// The proxies, with the faults that they begin with.
    pub scene: Scene,
    /// The acts, in their order.
    pub acts: Vec<Act>,
    /// What is wrong with lines of acts, or with the tour as a whole.
    pub errors: Vec<LineError>,
    /// The proxies that its acts name, in the order of their lines.
    named: Vec<Named>,
}

/// A proxy that a line of an act names.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    /// Its name.
    name: String,
    /// The number of the line, counted from 1.
    line: usize,
    /// That it is not there, and where the line says so.
    error: ParseError,
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// What it is called.
    pub title: String,
    /// The sentence at its beginning.
    pub say: String,
    /// The keys that its viewer presses, as the console's configuration names keys.
    pub press: Vec<String>,
    /// The sentence once they are pressed: what to look at.
    pub look: String,
    /// The name of the proxy that it shows; none where the one before stays.
    pub show: Option<String>,
    /// The label of the knob that the keys turn; none where the one before stays.
    pub turn: Option<&'static str>,
    /// What is done when it begins.
    pub commands: Vec<Command>,
    /// How long a tour that plays itself stays in it.
    pub hold: Duration,
}

/// How long an act lasts that does not say it.
const HOLD: Duration = Duration::from_secs(9);

/// How short and how long an act that says it may last.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3_600);

/// What a line of an act may begin with, beside the commands.
const WORDS: [&str; 7] = ["act", "say", "press", "look", "show", "turn", "hold"];

/// Reads a tour; it never fails as a whole. `is_key` says whether a word names a key.
#[must_use]
pub fn parse(text: &str, is_key: impl Fn(&str) -> bool) -> Tour {
    let mut tour = Tour::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begins = |line: &str| until_blank(line.trim_start()) == "act";
    let before: Vec<&str> = text.lines().take_while(|line| !begins(line)).collect();
    tour.scene = scene::parse(&before.join("\n"));
    for (line, text) in (1..).zip(text.lines()) {
        let text = without_comment(text).trim_end();
        if text.trim().is_empty() {
            continue;
        }
        let read = if line <= before.len() {
            no_moment(text)
        } else {
            tour.read(line, text, &is_key)
        };
        if let Err(error) = read {
            tour.errors.push(LineError { line, error });
        }
    }
    if tour.acts.is_empty() {
        let message = "a tour needs an act: act A quarter of a second".to_owned();
        let error = ParseError::over("", 0..0, message);
        let line = before.len().max(1);
        tour.errors.push(LineError { line, error });
    }
    tour
}

// === impl Tour ===

impl Tour {
    /// What is wrong, a line each: `FILE:LINE:COLUMN: why`.
    pub fn problems<'a>(&'a self, file: &'a str) -> impl Iterator<Item = String> + 'a {
        let of_acts = self.errors.iter().map(move |wrong| wrong.told(file));
        self.scene.problems(file).chain(of_acts)
    }

    /// The lines that name a proxy which is not there: `is_there` knows those that are.
    pub fn strangers(&self, is_there: impl Fn(&str) -> bool) -> impl Iterator<Item = LineError> {
        let named = self.named.iter();
        named
            .filter(move |named| !is_there(&named.name))
            .map(|Named { line, error, .. }| LineError {
                line: *line,
                error: error.clone(),
            })
    }

    /// Takes a line of an act.
    fn read(
        &mut self,
        number: usize,
        text: &str,
        is_key: &impl Fn(&str) -> bool,
    ) -> Result<(), ParseError> {
        let line = Line::of(text);
        if line.word == "act" {
            let title = line.rest("a title: act A quarter of a second")?;
            self.acts.push(Act::called(title));
        } else if let Some(act) = self.acts.last_mut() {
            act.read(&line, is_key)?;
            let shown = act.show.as_deref().filter(|_| line.word == "show");
            let done = act.commands.last().filter(|_| line.is_command());
            let target = match done.and_then(Command::target) {
                Some(Target::Proxy(name)) => Some(name.as_str()),
                Some(Target::All) | None => None,
            };
            if let Some(name) = shown.or(target) {
                let named = line.names(name, number);
                self.named.push(named);
            }
        }
        Ok(())
    }
}

/// Refuses a line before the first act that says when something is done.
fn no_moment(text: &str) -> Result<(), ParseError> {
    let line = Line::of(text);
    if line.word != scene::AT {
        return Ok(());
    }
    let begin = text.chars().count() - text.trim_start().chars().count();
    let at = begin..begin + line.word.chars().count();
    let message = "at has no place in a tour: its acts say when";
    Err(ParseError::over(text, at, message.to_owned()))
}

/// A line of an act: the word that it begins with, and what follows it.
struct Line<'a> {
    text: &'a str,
    word: &'a str,
    rest: &'a str,
}

// === impl Line ===

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Self {
        let line = text.trim_start();
        let word = until_blank(line);
        let rest = line[word.len()..].trim();
        Self { text, word, rest }
    }

    /// What follows the word; there must be something, which `what` describes.
    fn rest(&self, what: &str) -> Result<&'a str, ParseError> {
        match self.rest {
            "" => Err(self.wrong(format!("{} wants {what}", self.word))),
            rest => Ok(rest),
        }
    }

    /// Whether it is a command, and none of the words of an act.
    fn is_command(&self) -> bool {
        !WORDS.contains(&self.word)
    }

    /// That it names a proxy, which stands behind its word.
    fn names(&self, name: &str, line: usize) -> Named {
        let written = if self.is_command() {
            command::first_proxy(self.rest)
        } else {
            self.rest
        };
        let chars = |text: &str| text.chars().count();
        let begin = chars(self.text) - chars(self.rest);
        let example = Name::parse(name).map_or_else(|_| "shop".to_owned(), |name| name.to_string());
        let message = format!(
            "no proxy of this tour is called {}: 9090=https://example.com as {example}",
            shortened(name)
        );
        Named {
            name: name.to_owned(),
            line,
            error: ParseError::over(self.text, begin..begin + chars(written), message),
        }
    }

    /// What follows the word is wrong.
    fn wrong(&self, message: String) -> ParseError {
        let end = self.text.chars().count();
        ParseError::over(self.text, end - self.rest.chars().count()..end, message)
    }
}

/// Goes on with a text that may stand on several lines.
fn add(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

/// A line that is a command, or else should be one of the words of an act.
fn command_of(line: &Line<'_>) -> Result<Command, ParseError> {
    let known = || command::words().chain(WORDS);
    let Line { text, word, .. } = *line;
    if known().any(|known| known == word) {
        return command::parse(text);
    }
    let start = text.chars().count() - text.trim_start().chars().count();
    let message = match nearest(word, known()) {
        Some(guess) => format!("no line of an act: did you mean \"{guess}\"?"),
        None => format!("no line of an act begins so: {}", listed(&WORDS)),
    };
    let end = start + word.chars().count();
    Err(ParseError::over(text, start..end, message))
}

// === impl Act ===

impl Act {
    fn called(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            say: String::new(),
            press: Vec::new(),
            look: String::new(),
            show: None,
            turn: None,
            commands: Vec::new(),
            hold: HOLD,
        }
    }

    fn read(&mut self, line: &Line<'_>, is_key: impl Fn(&str) -> bool) -> Result<(), ParseError> {
        match line.word {
            "say" => add(
                &mut self.say,
                line.rest("a sentence: say The line gets longer.")?,
            ),
            "look" => add(
                &mut self.look,
                line.rest("a sentence: look It takes longer.")?,
            ),
            "show" => self.show = Some(line.rest("a proxy: show shop")?.to_owned()),
            "press" => {
                let keys = line.rest("keys: press 5")?;
                if let Some(other) = keys.split_whitespace().find(|key| !is_key(key)) {
                    return Err(line.wrong(format!("{other} is no key: press 5, press ctrl-r")));
                }
                self.press
                    .extend(keys.split_whitespace().map(str::to_owned));
            }
            "turn" => {
                let labels = KINDS.iter().flat_map(|kind| kind.knobs);
                let labels: Vec<&str> = labels.map(|knob| knob.label).collect();
                let typed = line.rest(&format!("a knob: turn {}", labels[0]))?;
                let found = labels
                    .iter()
                    .find(|label| label.eq_ignore_ascii_case(typed));
                let guess = nearest(typed, labels.iter().copied());
                let stranger = || line.wrong(unknown("knob", typed, guess, &labels));
                self.turn = Some(found.ok_or_else(stranger)?);
            }
            "hold" => {
                let wanted = "a time: hold 9s";
                let read = language::parse_time(line.rest(wanted)?, SHORTEST, LONGEST);
                self.hold = read.map_err(|_| line.wrong(format!("hold wants {wanted}")))?;
            }
            _ => self.commands.push(command_of(line)?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a shop\n9090=https://shop.example as shop lat 5ms\n\n\
        act A quarter of a second  # the first\nshow shop\nturn lat\nclear shop\n\
        say The way gets longer.\nsay Much longer.\npress ' v\npress 5\nlook It takes longer.\nhold 4s\n\
        act The end\n";

    fn read(text: &str) -> Tour {
        parse(text, |key| key.chars().count() == 1 || key == "ctrl-r")
    }

    #[test]
    fn a_tour_is_proxies_and_acts() {
        let tour = read(TEXT);
        assert_eq!(tour.problems("x").collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(tour.scene.proxies.len(), 1);
        let [first, last] = tour.acts.as_slice() else {
            panic!("{:?}", tour.acts)
        };
        assert_eq!(first.title, "A quarter of a second");
        assert_eq!(first.say, "The way gets longer. Much longer.");
        assert_eq!(first.press, ["'", "v", "5"]);
        assert_eq!(
            (first.show.as_deref(), first.turn),
            (Some("shop"), Some("LAT"))
        );
        assert_eq!(
            first.commands,
            [command::parse("clear shop").expect("a command")]
        );
        assert_eq!(first.hold, Duration::from_secs(4));
        assert_eq!((last.hold, last.title.as_str()), (HOLD, "The end"));
        assert_eq!(tour.strangers(|name| name == "shop").count(), 0);
        assert_eq!(tour.strangers(|_| false).count(), 2);
    }

    #[test]
    fn a_proxy_that_is_not_there_is_told_where_it_is_named() {
        let tour = read(
            "9=shop:80\nact One\nshow shp\n\n  set nope lat 5ms  # who?\nclear all\nset \"a b\" loss 1%\nshow shop\n",
        );
        let strangers = tour.strangers(|name| name == "shop");
        let told: Vec<String> = strangers.map(|wrong| wrong.told("x")).collect();
        let said = |place: &str, name: &str, example: &str| {
            format!(
                "x:{place}: no proxy of this tour is called {name}: 9090=https://example.com as {example}"
            )
        };
        assert_eq!(
            told,
            [
                said("3:6", "shp", "shp"),
                said("5:7", "nope", "nope"),
                said("7:5", "a b", "shop")
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (line, told) in [
            ("press 5 six", "x:2:7: six is no key: press 5, press ctrl-r"),
            ("press", "x:2:6: press wants keys: press 5"),
            ("  hold on", "x:2:8: hold wants a time: hold 9s"),
            (
                "turn LTA",
                "x:2:6: unknown knob \"LTA\": did you mean \"LAT\"?",
            ),
            ("set shop lat 5", "x:2:15: a time needs a unit"),
            (
                "sya The end.",
                "x:2:1: no line of an act: did you mean \"say\"?",
            ),
            ("act", "x:2:4: act wants a title: act A quarter of a second"),
            ("show", "x:2:5: show wants a proxy: show shop"),
        ] {
            let tour = read(&format!("act One\n{line}\n"));
            let problems: Vec<String> = tour.problems("x").collect();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(told), "{problems:?}");
        }
        let none: Vec<String> = read("1=a:80\n").problems("x").collect();
        assert_eq!(
            none,
            ["x:1:1: a tour needs an act: act A quarter of a second"]
        );
        let moment: Vec<String> = read("1=a:80\n at 1s clear all\nact One\n")
            .problems("x")
            .collect();
        assert_eq!(
            moment,
            ["x:2:2: at has no place in a tour: its acts say when"]
        );
        let scene: Vec<String> = read("1=htps://b\nact One\n").problems("x").collect();
        assert!(scene[0].starts_with("x:1:3: unknown protocol"), "{scene:?}");
    }
}
