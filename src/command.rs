//! The command language: what standard input takes without a screen.
//!
//! Reading a command finds no proxy and no connection: whether they exist is the engine's business. Mappings and faults
//! are read by their own grammars in the same line, so the column of an error is the line's.

use std::fmt;

use crate::fault::{Kind, Setting};
use crate::mapping::Mapping;
use crate::preset::Preset;
use crate::snapshot::ConnId;
use crate::syntax::{self, ParseError};

mod grammar;

/// One command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Listens for a mapping, with these faults from the first connection on.
    Add(Mapping, Vec<Setting>),
    /// Ends the proxy of this name.
    Remove(String),
    /// Sets the kinds, in the directions, that these settings name; leaves the others.
    Set(Target, Vec<Setting>),
    /// Removes the faults of one kind, or all of them.
    Clear(Target, Option<&'static Kind>),
    /// Puts a preset's faults in the place of all that are set.
    Preset(Target, &'static Preset),
    /// Switches the faults off for now, or on again.
    Bypass(Target, bool),
    /// Ends a connection.
    Kill(ConnId, KillHow),
    /// Lists the proxies.
    List,
    /// Ends the program.
    Quit,
}

/// Whose faults a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those of every proxy; so no proxy can be called `all` here.
    All,
    /// Those of the proxy of this name.
    Proxy(String),
}

/// How a connection is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KillHow {
    /// By a reset, as a crashed peer's.
    #[default]
    Rst,
    /// In order, as a peer that is done.
    Fin,
}

/// Reads the console's input line: a mapping, and after a blank the faults that it begins with.
pub fn parse_line(text: &str) -> Result<(Mapping, Vec<Setting>), ParseError> {
    syntax::read(text, grammar::line)
}

/// Reads a command.
pub fn parse(text: &str) -> Result<Command, ParseError> {
    syntax::read(text, grammar::command)
}

/// The words that begin a command, in the order in which help lists them.
pub fn words() -> impl Iterator<Item = &'static str> {
    grammar::words()
}

// === impl Command ===

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
                write!(f, "add {mapping}")?;
                print_faults(f, faults)
            }
            Self::Remove(name) => write!(f, "remove {name}"),
            Self::Set(target, faults) => {
                write!(f, "set {target}")?;
                print_faults(f, faults)
            }
            Self::Clear(target, None) => write!(f, "clear {target}"),
            Self::Clear(target, Some(kind)) => write!(f, "clear {target} {}", kind.name),
            Self::Preset(target, preset) => write!(f, "preset {target} {}", preset.name),
            Self::Bypass(target, true) => write!(f, "bypass {target} on"),
            Self::Bypass(target, false) => write!(f, "bypass {target} off"),
            Self::Kill(conn, KillHow::Rst) => write!(f, "kill {}", conn.0),
            Self::Kill(conn, KillHow::Fin) => write!(f, "kill {} fin", conn.0),
            Self::List => f.write_str("list"),
            Self::Quit => f.write_str("quit"),
        }
    }
}

fn print_faults(f: &mut fmt::Formatter<'_>, faults: &[Setting]) -> fmt::Result {
    for (index, fault) in faults.iter().enumerate() {
        let separator = if index == 0 { " " } else { ", " };
        write!(f, "{separator}{fault}")?;
    }
    Ok(())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Proxy(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_read_and_printed() {
        for (text, printed) in [
            ("add 9090=x:80", "add 9090=x:80"),
            (
                " add  9090=https://x:443  lat 250ms ,bw 1MB/s down ",
                "add 9090=https://x latency 250ms, bandwidth 1MB/s down",
            ),
            ("remove my-db", "remove my-db"),
            ("remove all", "remove all"),
            ("set all lat 0", "set all latency 0ms"),
            ("set my-db lat 1s up", "set my-db latency 1s up"),
            ("clear all", "clear all"),
            ("clear my-db lat", "clear my-db latency"),
            ("preset all  3g", "preset all 3g"),
            ("preset my-db offline", "preset my-db offline"),
            ("bypass all on", "bypass all on"),
            ("bypass ::1 off", "bypass ::1 off"),
            ("kill 31", "kill 31"),
            ("kill #31 rst", "kill 31"),
            ("kill 31 fin", "kill 31 fin"),
            ("list", "list"),
            ("\tquit\n", "quit"),
        ] {
            let command = parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(command.to_string(), printed);
            assert_eq!(parse(printed), Ok(command), "{text}");
        }
    }

    #[test]
    fn all_is_every_proxy_but_for_remove() {
        assert!(matches!(
            parse("clear all"),
            Ok(Command::Clear(Target::All, None))
        ));
        assert!(matches!(parse("remove all"), Ok(Command::Remove(name)) if name == "all"));
    }

    #[test]
    fn a_line_is_a_mapping_with_or_without_faults() {
        let (mapping, faults) = parse_line("35432=psql://my-db latency 250ms").expect("a line");
        assert_eq!(mapping.to_string(), "35432=psql://my-db");
        assert_eq!(faults.len(), 1);
        let (_, faults) = parse_line("35432=psql://my-db ").expect("a line");
        assert!(faults.is_empty());
    }
}
