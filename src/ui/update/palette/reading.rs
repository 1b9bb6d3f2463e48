//! What a line of the palette is read as: a command of the language, with what may be left out put in.
//!
//! ```text
//!  loss 2            ─► set db loss 2%            (db is the selected proxy)
//!  3g on all         ─► preset all 3g
//!  250ms             ─► set db latency 250ms      (the selected knob)
//!  bypass            ─► bypass db on
//!  9091=x:80         ─► add 9091=x:80
//! ```
//!
//! Where the line says all of it, it is taken as it is, so what standard input takes is taken here too.

use crate::command::{self, Cleared, Command, Target};
use crate::fault::{Directions, KINDS, Kind, Plan};
use crate::operate::{self, Refusal};
use crate::preset;
use crate::snapshot::ProxyId;
use crate::syntax::{ParseError, nearest};
use crate::ui::knob::{self, Dial};
use crate::ui::model::Model;
use crate::ui::typed::{self, Beside, Spelled};

/// A line as it was read.
#[derive(Debug)]
pub(super) struct Reading {
    /// The line as people would type it.
    pub(super) line: String,
    /// The command that it comes to.
    pub(super) command: Command,
}

/// What a line may be read as, the likeliest first, or what is wrong with it. Nothing where it is no line of a language.
/// With `to_the_letter`, values are read as the language alone has them.
pub(super) fn read(
    model: &Model,
    text: &str,
    to_the_letter: bool,
) -> Result<Vec<Reading>, ParseError> {
    let reader = Reader {
        model,
        text,
        to_the_letter,
    };
    let line = text.trim();
    let first = line.split_whitespace().next().unwrap_or("");
    let (body, target) = reader.target(line);
    if first.is_empty() {
        Ok(Vec::new())
    } else if command::words().any(|word| word == first) {
        reader.command(first).map(|read| vec![read])
    } else if first
        .split_once('=')
        .is_some_and(|(port, _)| is_number(port))
    {
        let mut spelled = Spelled::default();
        spelled.push("", "add ");
        spelled.keep(text);
        Ok(vec![reader.finish(line.to_owned(), &spelled)?])
    } else if preset::named(body).is_some() {
        reader.each(target, body, |name| {
            let mut spelled = Spelled::default();
            spelled.push(text, &format!("preset {} {body}", command::spelled(name)));
            Ok(spelled)
        })
    } else if let Some(dial) = named(first).filter(|_| Kind::named(first).is_none() || is_off(body))
    {
        let value = body
            .split_once(char::is_whitespace)
            .map_or("", |(_, value)| value);
        reader.knobs(dial, value, target)
    } else if Kind::named(first).is_some() {
        reader.each(target, body, |name| {
            let mut spelled = Spelled::default();
            spelled.push("", &format!("set {} ", command::spelled(name)));
            let plan = reader.plan(name);
            typed::faults(body_of(text, body), reader.beside(&plan), &mut spelled)?;
            Ok(spelled)
        })
    } else {
        Ok(reader.value(body, target))
    }
}

struct Reader<'a> {
    model: &'a Model,
    text: &'a str,
    to_the_letter: bool,
}

impl Reader<'_> {
    /// The line without the `on PROXY` at its end, and whom that names.
    fn target<'t>(&'t self, line: &'t str) -> (&'t str, Option<&'t str>) {
        let rows = self.model.newest().proxies.iter();
        let names = rows.map(|row| (row.name.as_str(), command::spelled(&row.name)));
        let mut names = [("all", "all".into())].into_iter().chain(names);
        let body = names.find_map(|(name, written)| {
            let rest = line.strip_suffix(&*written)?;
            let body = rest.strip_suffix(char::is_whitespace)?;
            Some((body.trim_end().strip_suffix(" on")?, name))
        });
        body.map_or((line, None), |(body, name)| (body.trim_end(), Some(name)))
    }

    fn find(&self, name: &str) -> Option<ProxyId> {
        let mut rows = self.model.newest().proxies.iter();
        rows.find(|row| row.name == name).map(|row| row.id)
    }

    /// The name of the selected proxy.
    fn selected(&self) -> Result<&str, ParseError> {
        let row = self.model.selected_row().map(|row| row.name.as_str());
        row.ok_or_else(|| {
            let all = 0..self.text.chars().count();
            ParseError::over(self.text, all, Refusal::NoProxy.to_string())
        })
    }

    /// What is set on a proxy; nothing where all are meant.
    fn plan(&self, name: &str) -> Plan {
        let id = self.find(name);
        let plan = id.and_then(|id| self.model.plan(id));
        plan.cloned().unwrap_or_default()
    }

    fn beside<'p>(&self, plan: &'p Plan) -> Beside<'p> {
        Beside {
            plan,
            directions: Directions::Both,
            rates: self.model.rates,
            to_the_letter: self.to_the_letter,
        }
    }

    /// A line for the proxy that it names; else for the selected one, and for all where there are others.
    fn each(
        &self,
        target: Option<&str>,
        body: &str,
        spell: impl Fn(&str) -> Result<Spelled, ParseError>,
    ) -> Result<Vec<Reading>, ParseError> {
        if let Some(name) = target {
            let line = format!("{body} on {}", command::spelled(name));
            return Ok(vec![self.finish(line, &spell(name)?)?]);
        }
        let first = spell(self.selected()?)?;
        let first = self.finish(body.to_owned(), &first)?;
        let line = format!("{body} on all");
        let others = (self.model.newest().proxies.len() > 1).then(|| spell("all"));
        let others = others.and_then(|spelled| self.finish(line, &spelled.ok()?).ok());
        Ok([first].into_iter().chain(others).collect())
    }

    /// A command, with the proxy or the connection that it leaves out.
    fn command(&self, word: &str) -> Result<Reading, ParseError> {
        let at = self.text.find(word).unwrap_or(0) + word.len();
        let (head, rest) = self.text.split_at(at);
        let arguments = rest.trim_start();
        let first = command::first_proxy(arguments);
        let named = command::unspelled(first);
        let others = arguments[first.len()..].split_whitespace().count();
        let count = usize::from(!first.is_empty()) + others;
        let names_one = first == "all" || self.find(&named).is_some();
        let leaves_out = leaves_out(word, count, names_one);
        if leaves_out && count == 1 && rest.ends_with(first) {
            self.ends_in_a_name(first)?;
        }
        if leaves_out && let Some(error) = self.stranger(word, first, rest) {
            return Err(error);
        }
        let mut spelled = Spelled::default();
        spelled.keep(head);
        let name = if leaves_out {
            let name = self.selected()?;
            spelled.push("", &format!(" {}", Target::Proxy(name.to_owned())));
            name
        } else {
            &named
        };
        let behind = arguments.strip_prefix(first).filter(|_| !leaves_out);
        let behind = behind.unwrap_or(rest);
        spelled.keep(&rest[..rest.len() - behind.len()]);
        let plan = self.plan(name);
        match word {
            "set" => {
                let blanks = behind.len() - behind.trim_start().len();
                spelled.keep(&behind[..blanks]);
                typed::faults(&behind[blanks..], self.beside(&plan), &mut spelled)?;
            }
            "kill" if first.is_empty() => {
                let conn = self.model.conns.selected;
                spelled.push(
                    "",
                    &conn.map_or_else(String::new, |conn| format!(" {}", conn.0)),
                );
            }
            "bypass" if behind.trim().is_empty() => {
                spelled.push(behind, if plan.bypassed { " off" } else { " on" });
            }
            _ => spelled.keep(behind),
        }
        self.finish(self.text.trim().to_owned(), &spelled)
    }

    /// That a word stands where the name of a proxy does, and none has it: without the word the line would be right.
    fn stranger(&self, word: &str, first: &str, rest: &str) -> Option<ParseError> {
        let is_meant = first.is_empty()
            || Kind::named(first).is_some()
            || named(first).is_some()
            || preset::named(first).is_some();
        if is_meant || !["set", "clear", "preset", "bypass", "sweep"].contains(&word) {
            return None;
        }
        let behind = rest.trim_start().strip_prefix(first)?;
        let name = self.selected().ok()?;
        let is_begun = command::parse(&format!("{word} {name}{rest}"))
            .map_or_else(|error| error.unfinished, |_| true);
        let faults = KINDS.iter().map(|kind| kind.name);
        let is_slip = nearest(first, faults).is_some();
        if is_begun || is_slip {
            return None;
        }
        command::parse(&format!("{word} {name}{behind}")).ok()?;
        Some(self.unknown_proxy(first))
    }

    /// That the line names a proxy that is not there.
    fn unknown_proxy(&self, name: &str) -> ParseError {
        let rows = self.model.newest().proxies.iter();
        let names = rows.map(|row| row.name.clone()).collect();
        let at = self.text.find(name).unwrap_or(0);
        let start = self.text[..at].chars().count();
        let end = start + name.chars().count();
        let name = name.to_owned();
        let refusal = Refusal::UnknownProxy { name, names };
        ParseError::over(self.text, start..end, refusal.to_string())
    }

    /// That a word at the end of the line may become the name of a proxy.
    fn ends_in_a_name(&self, word: &str) -> Result<(), ParseError> {
        let names = self
            .model
            .newest()
            .proxies
            .iter()
            .map(|row| command::spelled(&row.name).into_owned());
        let names = names.chain(["all".to_owned()]);
        let names: Vec<String> = names.filter(|name| name.starts_with(word)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let end = self.text.chars().count();
        Err(ParseError {
            unfinished: true,
            expected: names,
            ..ParseError::over(self.text, end..end, "needs a proxy".to_owned())
        })
    }

    /// A knob with a value, for the proxy that the line names; else for the selected one, and for all where there are others.
    fn knobs(
        &self,
        dial: &Dial,
        value: &str,
        target: Option<&str>,
    ) -> Result<Vec<Reading>, ParseError> {
        let first = self.knob(dial, value, target)?;
        let has_others = target.is_none() && self.model.newest().proxies.len() > 1;
        let others = has_others.then(|| self.knob(dial, value, Some("all")));
        let others = others.and_then(Result::ok);
        Ok([first].into_iter().chain(others).collect())
    }

    /// A knob with a value, as the field of `=` takes it.
    fn knob(&self, dial: &Dial, value: &str, target: Option<&str>) -> Result<Reading, ParseError> {
        let name = match target {
            Some(name) => name,
            None => self.selected()?,
        };
        let before = self.plan(name);
        let at = self.text.rfind(value).unwrap_or(0);
        let shift = self.text[..at].chars().count();
        let wanted =
            typed::field(dial, value, self.beside(&before)).map_err(|error| ParseError {
                input: self.text.to_owned(),
                span: error.span.start + shift..error.span.end + shift,
                ..error
            })?;
        let of_kind = wanted
            .plan
            .settings()
            .iter()
            .filter(|it| it.is(dial.kind, None));
        let settings = of_kind.cloned().collect::<Vec<_>>();
        let who = match name {
            "all" => Target::All,
            name => Target::Proxy(name.to_owned()),
        };
        let mut lines: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let command = if settings.is_empty() {
            lines.push(format!("clear {}", dial.kind.name));
            Command::Clear(
                who,
                Cleared {
                    kind: Some(dial.kind),
                    name: None,
                },
            )
        } else {
            Command::Set(who, settings)
        };
        Ok(Reading {
            line: lines.join(", ")
                + &target.map_or_else(String::new, |name| {
                    format!(" on {}", command::spelled(name))
                }),
            command,
        })
    }

    /// A value alone, for the knobs that read it; else a fault whose name is cut short or misspelled.
    fn value(&self, body: &str, target: Option<&str>) -> Vec<Reading> {
        let (first, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        let counts = first.starts_with(['+', '-', 'x', '*', '/', '×']);
        let knobs = typed::knobs_that_read(first, self.model.knob, self.model.rates);
        let knobs = if counts && first.len() > 1 {
            vec![self.model.knob]
        } else {
            knobs
        };
        let dials = knobs.iter().filter_map(|index| knob::all().get(*index));
        let read = dials.map(|dial| self.knobs(dial, body, target));
        let read: Vec<Reading> = read.filter_map(Result::ok).flatten().collect();
        if !read.is_empty() || rest.is_empty() {
            return read;
        }
        let names = command::words().chain(KINDS.iter().map(|kind| kind.name));
        let Some(meant) = nearest(first, names) else {
            return Vec::new();
        };
        let line = self.text.trim().replacen(first, meant, 1);
        read_again(self.model, &line, self.to_the_letter)
    }

    /// The command that a text was spelled out to, where the proxy that it names is there.
    fn finish(&self, line: String, spelled: &Spelled) -> Result<Reading, ParseError> {
        let command = command::parse(spelled.text()).map_err(|error| spelled.error(error))?;
        let name = match (&command, command.target()) {
            (_, Some(Target::Proxy(name)))
            | (
                Command::Remove(name)
                | Command::Rename(name, _)
                | Command::Port(name, _)
                | Command::Off(name)
                | Command::Repoint(name, _),
                _,
            ) => Some(name),
            _ => None,
        };
        if let Some(name) = name.filter(|name| self.find(name).is_none()) {
            return Err(self.unknown_proxy(name));
        }
        let rows = self.model.newest().proxies.iter();
        let is_meant = |name: &str| match command.target() {
            Some(Target::Proxy(target)) => target == name,
            Some(Target::All) | None => true,
        };
        let meant = rows.filter(|row| is_meant(&row.name));
        let plans = meant.filter_map(|row| self.model.plan(row.id));
        operate::knows(&command, plans).map_err(|refusal| {
            let at = self.text.rfind("as=").unwrap_or(0);
            let [start, end] = [&self.text[..at], self.text].map(|it| it.chars().count());
            ParseError::over(self.text, start..end, refusal.to_string())
        })?;
        Ok(Reading { line, command })
    }
}

/// Reads a line in which a word was put right; what is still wrong with it is not said of what was typed.
fn read_again(model: &Model, line: &str, to_the_letter: bool) -> Vec<Reading> {
    read(model, line, to_the_letter).unwrap_or_default()
}

/// The knob of this label or title.
fn named(word: &str) -> Option<&'static Dial> {
    let mut dials = knob::all().iter();
    let word = word.to_uppercase();
    let kind = Kind::named(&word.to_lowercase());
    dials.find(|dial| dial.knob.label == word || dial.knob.title == word || Some(dial.kind) == kind)
}

/// Whether what a knob's name is given is `off`.
fn is_off(body: &str) -> bool {
    body.split_whitespace().skip(1).eq(["off"])
}

/// Whether a command with so many words, of which the first is a proxy's name or not, leaves that name out.
fn leaves_out(word: &str, count: usize, names_one: bool) -> bool {
    match (word, count) {
        ("set" | "sweep", len) => len > 0 && !names_one,
        ("clear" | "preset" | "bypass", _) => !names_one,
        ("remove" | "unname", len) => len == 0,
        ("rename", len) => len == 1,
        _ => false,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The typed text up to the end of its body: blanks before it and behind it count.
fn body_of<'t>(text: &'t str, body: &str) -> &'t str {
    let start = text.len() - text.trim_start().len();
    match text[start + body.len()..].trim() {
        "" => text,
        _ => &text[..start + body.len()],
    }
}
