//! The command language: what standard input takes without a screen.
//!
//! Reading a command finds no proxy and no connection: whether they exist is the engine's business. Mappings and faults
//! are read by their own grammars in the same line, so the column of an error is the line's.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::fault::name::{in_quotes, quoted_len, unescaped};
use crate::fault::{Direction, KINDS, Kind, Plan, Setting, SettingName};
use crate::format;
use crate::mapping::{Mapping, Name};
use crate::preset::{self, Preset};
use crate::snapshot::{ConnId, Kill};
use crate::sweep::Sweep;
use crate::syntax::{self, ParseError, until_blank};

mod grammar;

/// One command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Listens for a mapping, with these faults from the first connection on.
    Add(Mapping, Vec<Setting>),
    /// Ends the proxy of this name.
    Remove(String),
    /// Gives the proxy of this name another one, or `None` for the one that its mapping comes to.
    Rename(String, Option<Name>),
    /// Opens the port of the proxy of this name, or closes it; its connections live on.
    Port(String, bool),
    /// Closes the port of the proxy of this name and ends its connections.
    Off(String),
    /// Gives the proxy of this name the upstream of this mapping; its connections end.
    Repoint(String, Box<Mapping>),
    /// Sets the kinds, in the directions, that these settings name; leaves the others.
    Set(Target, Vec<Setting>),
    /// Removes faults.
    Clear(Target, Cleared),
    /// Puts a preset's faults in the place of all that are set.
    Preset(Target, &'static Preset),
    /// Switches the faults off for now, or on again.
    Bypass(Target, bool),
    /// Ends a connection.
    Kill(ConnId, Kill),
    /// Has faults spare a connection, or no longer.
    Exempt(ConnId, bool),
    /// Holds all bytes of a connection, or lets them go.
    Freeze(ConnId, bool),
    /// Tells facts from here on, or no more: what is seen of clients and upstreams, byte by byte.
    Facts(bool),
    /// Climbs one fault of the proxy of this name, ends that, or writes what it came to.
    Sweep(String, Sweeping),
    /// Writes the tape of the last hour to a file.
    SaveTape(PathBuf),
    /// Lists the proxies.
    List,
    /// Ends the program.
    Quit,
}

/// Which faults are removed: all, or those without a name of a kind, or those of a name, of one kind or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Those of this kind alone.
    pub kind: Option<&'static Kind>,
    /// Those of this name.
    pub name: Option<SettingName>,
}

/// What is done about the sweep of a proxy.
#[derive(Clone, Debug)]
pub enum Sweeping {
    /// It begins.
    Begin(Box<Sweep>),
    /// It ends, and what was set before is set again.
    Stop,
    /// What the last one came to is written to a file.
    Save(PathBuf),
}

/// Whose faults a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those of every proxy; so no proxy can be called `all` here.
    All,
    /// Those of the proxy of this name.
    Proxy(String),
}

/// Reads a mapping, with its name and its ALPN where they are given, and after a blank the faults that it begins with, or a
/// preset that stands for some: what
/// the command line, the console's input line and scenes take.
pub fn parse_line(text: &str) -> Result<(Mapping, Vec<Setting>), ParseError> {
    syntax::read(text, grammar::line)
}

/// Reads the faults that one option of the command line gives, or a preset that stands for some, where others were given
/// `before`: what is set already is not set again.
pub fn parse_faults(before: &[Setting], text: &str) -> Result<Vec<Setting>, ParseError> {
    syntax::read(text, |input: &mut syntax::Input<'_>| {
        grammar::settings_after(before, input)
    })
}

/// Puts the words of a command line together that belong to one mapping, so that `9090=https://host as web latency 250ms`
/// needs no quotes: `as`, `alpn=` and the name of a fault go on with the mapping before them, and so does whatever follows
/// them, up to the next mapping.
#[must_use]
pub fn joined(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for word in words {
        let first = until_blank(word.trim_start());
        let is_mapping = first
            .split_once('=')
            .is_some_and(|(port, _)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let is_fault = Kind::named(first).is_some();
        let is_preset = || preset::named(first.trim_end_matches(',')).is_some();
        let is_option = ["as", "closed"].contains(&first)
            || ["alpn=", "bind="]
                .iter()
                .any(|option| first.starts_with(option));
        let belongs = is_option || is_fault || is_preset();
        goes_on = !is_mapping && (goes_on || belongs);
        match lines.last_mut().filter(|_| goes_on) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.clone()),
        }
    }
    lines
}

/// The name of a proxy as a command has it: in quotation marks where it has blanks or begins with such a mark.
#[must_use]
pub fn spelled(name: &str) -> Cow<'_, str> {
    if name.starts_with('"') || name.contains(char::is_whitespace) {
        in_quotes(name).into()
    } else {
        name.into()
    }
}

/// The name of a proxy of what a command has for it.
#[must_use]
pub fn unspelled(written: &str) -> String {
    let quoted = written
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'));
    quoted.map_or_else(|| written.to_owned(), unescaped)
}

/// What stands for a proxy at the beginning of a text: up to a blank, or up to the mark that closes a quoted name.
pub(crate) fn first_proxy(text: &str) -> &str {
    let len = text.starts_with('"').then(|| quoted_len(text)).flatten();
    let quoted = len.and_then(|len| text.split_at_checked(len));
    match quoted {
        Some((quoted, rest)) if rest.is_empty() || rest.starts_with(char::is_whitespace) => quoted,
        _ => until_blank(text),
    }
}

/// A file as a command has it: in quotation marks where it begins with one, or has a blank at its end.
fn spelled_file(file: &Path) -> String {
    let text = file.display().to_string();
    if !text.starts_with('"') && text.trim() == text {
        text
    } else if cfg!(windows) {
        format!("\"{text}\"")
    } else {
        in_quotes(&text)
    }
}

/// The file of what a command has for it; `None` where that begins with a quotation mark and does not end with its like.
fn unspelled_file(written: &str) -> Option<PathBuf> {
    let Some(begun) = written.strip_prefix('"') else {
        return Some(PathBuf::from(written));
    };
    let inner = begun.strip_suffix('"').filter(|inner| !inner.is_empty())?;
    if cfg!(windows) {
        // There a path has backslashes, and no quotation mark.
        return (!inner.contains('"')).then(|| PathBuf::from(inner));
    }
    let is_whole = quoted_len(written) == Some(written.len());
    is_whole.then(|| PathBuf::from(unescaped(inner)))
}

/// Reads a command.
pub fn parse(text: &str) -> Result<Command, ParseError> {
    syntax::read(text, grammar::command)
}

/// The commands that make `after` of the plan `before` on the proxy of this name. A setting that stays is turned without a gap.
#[must_use]
pub fn between(name: &str, before: &Plan, after: &Plan) -> Vec<Command> {
    if !after.is_empty() || before.is_empty() {
        return kind_by_kind(name, before, after);
    }
    let target = || Target::Proxy(name.to_owned());
    let mut commands = vec![Command::Clear(target(), Cleared::default())];
    if before.bypassed != after.bypassed {
        commands.push(Command::Bypass(target(), after.bypassed));
    }
    commands
}

/// What becomes of the plan `now` where somebody makes `after` of `before`, which it was when they saw it: the kinds that
/// differ between these two are as they want them, and what others have set of other kinds since stays.
#[must_use]
pub fn merged(now: &Plan, before: &Plan, after: &Plan) -> Plan {
    if now == before {
        return after.clone();
    }
    let mut plan = now.clone();
    for command in kind_by_kind("", before, after) {
        command.edit(&mut plan);
    }
    plan
}

/// The commands that make `after` of `before`, none of which is about a kind that is the same in both.
#[must_use]
pub fn kind_by_kind(name: &str, before: &Plan, after: &Plan) -> Vec<Command> {
    let target = || Target::Proxy(name.to_owned());
    let mut commands = Vec::new();
    let mut set = Vec::new();
    for kind in KINDS.iter().copied() {
        let [old, new] = [before, after].map(|plan| names(plan, kind));
        let stays = old.iter().filter(|name| new.contains(name));
        // Of another age than before: it is set anew, behind the others.
        let count = stays.clone().count();
        let is_moved = !stays.eq(new.iter().take(count));
        let gone = old.iter().filter(|name| !new.contains(name));
        for name in new.iter().chain(gone).copied() {
            let of = |plan: &Plan| of(plan, kind, name);
            let (was, is) = (of(before), of(after));
            let is_moved = is_moved && name.is_some();
            if was == is && !is_moved {
                continue;
            }
            let acts = |settings: &[Setting], way| {
                let mut settings = settings.iter();
                settings.any(|setting| !kind.directed || setting.directions.contain(way))
            };
            let ends = |way| acts(&was, way) && (is_moved || !acts(&is, way));
            if Direction::BOTH.into_iter().any(ends) {
                let cleared = Cleared {
                    kind: Some(kind),
                    name: name.cloned(),
                };
                commands.push(Command::Clear(target(), cleared));
            }
            set.extend(is);
        }
    }
    if !set.is_empty() {
        commands.push(Command::Set(target(), set));
    }
    if before.bypassed != after.bypassed {
        commands.push(Command::Bypass(target(), after.bypassed));
    }
    commands
}

/// The names under which a plan sets a kind, by age, and first that it is set without one.
fn names<'a>(plan: &'a Plan, kind: &Kind) -> Vec<Option<&'a SettingName>> {
    let of_kind = plan.settings().iter().filter(|it| it.kind == kind);
    let mut names: Vec<_> = of_kind.map(|it| it.name.as_ref()).collect();
    names.dedup();
    names
}

/// The settings of a kind under a name, or without one.
fn of(plan: &Plan, kind: &Kind, name: Option<&SettingName>) -> Vec<Setting> {
    let settings = plan.settings().iter();
    settings.filter(|it| it.is(kind, name)).cloned().collect()
}

/// The words that begin a command, in the order in which help lists them.
pub fn words() -> impl Iterator<Item = &'static str> {
    grammar::words()
}

/// An example of each command.
pub fn examples() -> impl Iterator<Item = &'static str> {
    grammar::examples()
}

// === impl Command ===

impl Command {
    /// Whose faults it changes; `None` where it is about something else.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Set(target, _)
            | Self::Clear(target, _)
            | Self::Preset(target, _)
            | Self::Bypass(target, _) => Some(target),
            Self::Add(..)
            | Self::Remove(_)
            | Self::Rename(..)
            | Self::Port(..)
            | Self::Off(_)
            | Self::Repoint(..)
            | Self::Kill(..)
            | Self::Exempt(..)
            | Self::Freeze(..)
            | Self::Facts(_)
            | Self::Sweep(..)
            | Self::SaveTape(_)
            | Self::List
            | Self::Quit => None,
        }
    }

    /// Whether it changes the desk; else it asks something, prints something, or ends the program.
    #[must_use]
    pub fn changes_the_desk(&self) -> bool {
        match self {
            Self::Add(..)
            | Self::Remove(_)
            | Self::Rename(..)
            | Self::Port(..)
            | Self::Off(_)
            | Self::Repoint(..)
            | Self::Set(..)
            | Self::Clear(..)
            | Self::Preset(..)
            | Self::Bypass(..)
            | Self::Kill(..)
            | Self::Exempt(..)
            | Self::Freeze(..)
            | Self::Sweep(_, Sweeping::Begin(_) | Sweeping::Stop) => true,
            Self::Sweep(_, Sweeping::Save(_))
            | Self::Facts(_)
            | Self::SaveTape(_)
            | Self::List
            | Self::Quit => false,
        }
    }

    /// Does to a plan of its target what the command says.
    pub fn edit(&self, plan: &mut Plan) {
        let set_all = |plan: &mut Plan, settings: &[Setting]| {
            for setting in settings {
                plan.set(setting.clone());
            }
        };
        match self {
            Self::Set(_, settings) => set_all(plan, settings),
            Self::Clear(_, Cleared { kind, name }) => match (kind, name) {
                (kind, Some(name)) => plan.clear_named(*kind, name),
                (Some(kind), None) => plan.clear(kind),
                (None, None) => plan.clear_all(),
            },
            Self::Preset(_, preset) => {
                plan.clear_all();
                set_all(plan, &preset.settings());
            }
            Self::Bypass(_, on) => plan.bypassed = *on,
            Self::Add(..)
            | Self::Remove(_)
            | Self::Rename(..)
            | Self::Port(..)
            | Self::Off(_)
            | Self::Repoint(..)
            | Self::Kill(..)
            | Self::Exempt(..)
            | Self::Freeze(..)
            | Self::Facts(_)
            | Self::Sweep(..)
            | Self::SaveTape(_)
            | Self::List
            | Self::Quit => {}
        }
    }

    /// The settings that it was given.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        match self {
            Self::Add(_, settings) | Self::Set(_, settings) => settings,
            Self::Remove(_)
            | Self::Rename(..)
            | Self::Port(..)
            | Self::Off(_)
            | Self::Repoint(..)
            | Self::Clear(..)
            | Self::Preset(..)
            | Self::Bypass(..)
            | Self::Kill(..)
            | Self::Exempt(..)
            | Self::Freeze(..)
            | Self::Facts(_)
            | Self::Sweep(..)
            | Self::SaveTape(_)
            | Self::List
            | Self::Quit => &[],
        }
    }
}

/// Two commands are equal where their texts are: a text says all of a command.
impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

/// The text form: what is printed parses to the same command.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(mapping, faults) => {
                let line = format!("add {mapping} {}", format::joined(faults));
                f.write_str(line.trim_end())
            }
            Self::Remove(name) => write!(f, "remove {}", spelled(name)),
            Self::Rename(proxy, Some(name)) => write!(f, "rename {} {name}", spelled(proxy)),
            Self::Rename(proxy, None) => write!(f, "unname {}", spelled(proxy)),
            Self::Port(name, true) => write!(f, "port {} open", spelled(name)),
            Self::Port(name, false) => write!(f, "port {} closed", spelled(name)),
            Self::Off(name) => write!(f, "port {} off", spelled(name)),
            Self::Repoint(name, to) => write!(f, "repoint {} {}", spelled(name), to.right()),
            Self::Set(target, faults) => write!(f, "set {target} {}", format::joined(faults)),
            Self::Clear(target, Cleared { kind, name }) => {
                write!(f, "clear {target}")?;
                kind.map_or(Ok(()), |kind| write!(f, " {}", kind.name))?;
                let mut name = name.iter();
                name.try_for_each(|name| write!(f, " as={name}"))
            }
            Self::Preset(target, preset) => write!(f, "preset {target} {}", preset.name),
            Self::Bypass(target, on) => write!(f, "bypass {target} {}", on_or_off(*on)),
            Self::Kill(conn, Kill::Rst) => write!(f, "kill {}", conn.0),
            Self::Kill(conn, Kill::Fin) => write!(f, "kill {} fin", conn.0),
            Self::Exempt(conn, on) => write!(f, "exempt {} {}", conn.0, on_or_off(*on)),
            Self::Freeze(conn, on) => write!(f, "freeze {} {}", conn.0, on_or_off(*on)),
            Self::Facts(on) => write!(f, "facts {}", on_or_off(*on)),
            Self::Sweep(proxy, what) => write!(f, "sweep {} {what}", spelled(proxy)),
            Self::SaveTape(file) => write!(f, "save tape {}", spelled_file(file)),
            Self::List => f.write_str("list"),
            Self::Quit => f.write_str("quit"),
        }
    }
}

const fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

impl fmt::Display for Sweeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(sweep) => sweep.fmt(f),
            Self::Stop => f.write_str("stop"),
            Self::Save(file) => write!(f, "save {}", spelled_file(file)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            // A proxy that other programs call so is not every proxy.
            Self::Proxy(name) if name == "all" => f.write_str(&in_quotes(name)),
            Self::Proxy(name) => f.write_str(&spelled(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a row for each form")]
    fn each_command_is_read_and_printed() {
        for (text, printed) in [
            ("add 9090=x:80", "add 9090=x:80"),
            (
                " add  9090=https://x:443  lat 250ms ,bw 1MB/s down ",
                "add 9090=https://x latency 250ms, bandwidth 1MB/s down",
            ),
            ("remove my-db", "remove my-db"),
            ("rename  :18081 orders ", "rename :18081 orders"),
            (" unname  orders", "unname orders"),
            (
                "add 1=tls://h as x alpn=h2 lat 1s",
                "add 1=tls://h alpn=h2 as x latency 1s",
            ),
            ("remove all", "remove all"),
            (" port  my-db open", "port my-db open"),
            ("port :18081  closed ", "port :18081 closed"),
            ("port my-db  off", "port my-db off"),
            ("repoint my-db  tls://x:443 ", "repoint my-db tls://x"),
            ("set all lat 0", "set all latency 0ms"),
            ("set my-db lat 1s up", "set my-db latency 1s up"),
            ("set my-db offline", "set my-db blackhole"),
            ("add 1=x:1 cross-zone", "add 1=x:1 latency 1.6ms, tcp cubic"),
            (
                "add 1=x:1 offline , loss 2%",
                "add 1=x:1 blackhole, loss 2%",
            ),
            ("clear all", "clear all"),
            ("clear my-db lat", "clear my-db latency"),
            ("clear my-db  as=slow ", "clear my-db as=slow"),
            (
                "clear all lat as=\"my toxic\"",
                "clear all latency as=\"my toxic\"",
            ),
            ("set all lat 1s as=x down", "set all latency 1s as=x down"),
            ("preset all  3g", "preset all 3g"),
            ("preset my-db offline", "preset my-db offline"),
            ("bypass all on", "bypass all on"),
            ("bypass ::1 off", "bypass ::1 off"),
            ("kill 31", "kill 31"),
            ("kill #31 rst", "kill 31"),
            ("kill 31 fin", "kill 31 fin"),
            ("exempt #31 on", "exempt 31 on"),
            ("freeze 31  off", "freeze 31 off"),
            (
                "sweep shop lat down hold=5s to=10s from=1ms",
                "sweep shop latency down from=1ms to=10s",
            ),
            (
                "sweep shop latency jitter steps=4 until=waits>2s linear",
                "sweep shop latency jitter steps=4 until=waits>2s linear",
            ),
            (
                "sweep shop bw until=rate<50%",
                "sweep shop bandwidth until=rate<50%",
            ),
            ("sweep shop  stop ", "sweep shop stop"),
            ("sweep shop save a b.svg", "sweep shop save a b.svg"),
            ("save tape  my desk.tape ", "save tape my desk.tape"),
            ("list", "list"),
            ("\tquit\n", "quit"),
        ] {
            let command = parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(command.to_string(), printed);
            assert_eq!(parse(printed), Ok(command), "{text}");
        }
    }

    #[test]
    fn a_file_in_quotation_marks_is_called_as_stands_between_them() {
        for (written, file) in [
            ("\"a c.json\"", "a c.json"),
            ("\"a.json\" ", "a.json"),
            ("a c.json", "a c.json"),
            ("a\"c.json", "a\"c.json"),
            ("\" a.json\"", " a.json"),
        ] {
            let path = PathBuf::from(file);
            let tape = parse(&format!("save tape {written}"));
            assert_eq!(tape, Ok(Command::SaveTape(path.clone())), "{written}");
            let curve = parse(&format!("sweep web save {written}"));
            let what = Sweeping::Save(path);
            assert_eq!(
                curve,
                Ok(Command::Sweep("web".to_owned(), what)),
                "{written}"
            );
            for command in [tape, curve] {
                assert_eq!(
                    parse(&command.as_ref().expect("a command").to_string()),
                    command
                );
            }
        }
        for (text, column) in [
            ("save tape \"a b.tape", 11),
            ("save tape \"a\" b.tape", 11),
            ("save tape \"\"", 11),
            ("sweep web save \"a c.json", 16),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.column(), column, "{error}");
            assert!(error.message.contains("quotation mark"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_begins_with_a_quotation_mark_is_read_as_it_is_printed() {
        let command = Command::SaveTape(PathBuf::from("\"a\\b\" c.tape"));
        assert_eq!(parse(&command.to_string()), Ok(command));
    }

    #[test]
    fn all_is_every_proxy_for_what_changes_faults() {
        assert!(matches!(
            parse("clear all"),
            Ok(Command::Clear(Target::All, cleared)) if cleared == Cleared::default()
        ));
        assert!(matches!(parse("remove all"), Ok(Command::Remove(name)) if name == "all"));
    }

    #[test]
    fn a_name_with_blanks_or_quotation_marks_is_read_as_it_is_printed() {
        for name in [
            "my db",
            "\"db\"",
            "a\"b",
            "\"a",
            "a \\ b\"",
            "all",
            "tab\there",
            "größe 2",
        ] {
            let of = || Target::Proxy(name.to_owned());
            for command in [
                Command::Remove(name.to_owned()),
                Command::Rename(name.to_owned(), None),
                Command::Port(name.to_owned(), false),
                Command::Off(name.to_owned()),
                Command::Sweep(name.to_owned(), Sweeping::Stop),
                Command::Bypass(of(), true),
                Command::Clear(of(), Cleared::default()),
                Command::Set(of(), parse_faults(&[], "latency 1s").expect("a fault")),
            ] {
                let printed = command.to_string();
                assert_eq!(parse(&printed), Ok(command), "{printed}");
            }
        }
        assert_eq!(spelled("a\"b"), "a\"b");
        assert!(
            matches!(parse("clear \"my db\" latency"), Ok(Command::Clear(Target::Proxy(name), _)) if name == "my db")
        );
    }

    #[test]
    fn a_line_is_a_mapping_with_or_without_faults() {
        let (mapping, faults) = parse_line("35432=psql://my-db latency 250ms").expect("a line");
        assert_eq!(mapping.to_string(), "35432=psql://my-db");
        assert_eq!(faults.len(), 1);
        let (_, faults) = parse_line("35432=psql://my-db ").expect("a line");
        assert!(faults.is_empty());
        let (mapping, faults) = parse_line("1=db:2 as orders lat 1s").expect("a line");
        assert_eq!(mapping.to_string(), "1=db:2 as orders");
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_preset_stands_for_its_faults_and_says_what_may_follow_it() {
        for (text, message) in [
            ("1=x:1 3gg", "no fault and no preset: did you mean \"3g\"?"),
            (
                "1=x:1 4g",
                "no fault and no preset: did you mean \"slow-4g\" or \"fast-4g\"?",
            ),
            (
                "1=x:1 nosuch",
                "no fault and no preset is called \"nosuch\": faults are latency, bandwidth,",
            ),
            ("1=x:1 3g loss 2%", "faults beside a preset: 3g, latency"),
            ("1=x:1 3g, lat 1s, loss 2%", "latency is set already"),
            ("1=x:1 loss 2%, 3g", "unknown fault \"3g\""),
        ] {
            let error = parse_line(text).expect_err("wrong");
            assert!(error.message.starts_with(message), "{error}");
            assert!(!error.unfinished, "{error}");
        }
        let begun = parse_line("1=x:1 3").expect_err("begun");
        assert!(begun.unfinished);
        assert_eq!(begun.expected, ["3g-slow", "3g"]);
        assert_eq!(
            parse("3g").expect_err("no command").message,
            "faults are set: set all 3g"
        );
    }

    #[test]
    fn the_words_of_a_command_line_need_no_quotes() {
        let words = |text: &str| joined(&text.split('|').map(str::to_owned).collect::<Vec<_>>());
        for (given, lines) in [
            ("1=a:1|2=b:2", "1=a:1|2=b:2"),
            (
                "1=a:1|as|x|2=b:2|lat|5ms,|loss|2%",
                "1=a:1 as x|2=b:2 lat 5ms, loss 2%",
            ),
            ("1=tls://a|alpn=h2|as|x", "1=tls://a alpn=h2 as x"),
            ("1=a:1|3g,|loss|2%|2=b:2|dsl", "1=a:1 3g, loss 2%|2=b:2 dsl"),
            (
                "1=a:1 as x|lat 5ms|2=b:2 lat 1s",
                "1=a:1 as x lat 5ms|2=b:2 lat 1s",
            ),
            ("1=a:1|htps://b|=c:1", "1=a:1|htps://b|=c:1"),
            ("as|x", "as x"),
        ] {
            assert_eq!(words(given).join("|"), lines, "{given}");
        }
    }
}
