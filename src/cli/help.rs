//! What the long help and the manual page say beyond the options: examples, the faults, the exit statuses.
//!
//! The faults are written from the table of kinds, so that a new kind is documented by being there.

use std::fmt::Write as _;
use std::io;

use clap::{Command, CommandFactory};

use super::Cli;
use crate::fault::param::{Default, Unit};
use crate::fault::{KINDS, Kind};

/// The forms of the command line.
pub const USAGE: &str = "faultboard [OPTIONS] [MAPPING]...\n       \
                         faultboard demo [OPTIONS]\n       \
                         faultboard check [--json] MAPPING...\n       \
                         faultboard tour [--auto] [OPTIONS] FILE\n       \
                         faultboard replay [OPTIONS] TAPE\n       \
                         faultboard report [--html|--md|--json] [-o FILE] TAPE\n       \
                         faultboard presets [--json]\n       \
                         faultboard attach [TARGET]...\n       \
                         faultboard toxiproxy [-host ADDR] [-port N] [-config FILE]\n       \
                         faultboard ping [ADDR]\n       \
                         faultboard completions SHELL\n       \
                         faultboard man\n       \
                         faultboard version [--json]";

/// What a mapping is, in one line.
pub const MAPPING: &str =
    "Port of ours and upstream behind it: 9090=https://example.com, 35432=my-db:5432";

/// What a mapping is.
pub const MAPPING_LONG: &str = "Port of ours and upstream behind it: 9090=https://example.com, 35432=my-db:5432\n\n\
    LISTEN=HOST:PORT copies bytes as they are; LISTEN=PROTOCOL://HOST[:PORT] knows the default port, and https, tls and \
    psqls speak TLS to the upstream. Protocols: http, https, psql, psqls, tls. Port 0 is any free port.\n\n\
    More may follow, quoted or not: \"alpn=h2\" or a list of protocols that TLS offers to the upstream, \"as NAME\", and last \
    the proxy's own faults: 9090=https://example.com as web latency 250ms";

/// Command lines worth trying, each with what it does.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "faultboard demo",
        "try it: no network, no other program needed",
    ),
    (
        "faultboard 35432=psql://my-db:5432 9090=https://example.com",
        "two proxies, clear text here, the second with TLS to its upstream",
    ),
    (
        "faultboard -f 'latency 250ms jitter=30ms, bandwidth 1Mbit/s' 8080=localhost:80",
        "start with faults set",
    ),
    (
        "faultboard --plain --duration 30s --expect 'feels p99 < 500ms' -f 'loss 2%' 8080=localhost:80",
        "a smoke test in one line: exit status 3 where clients waited longer",
    ),
    (
        "faultboard attach shop:8474",
        "the console over a desk elsewhere, which was started with --api",
    ),
    (
        "faultboard --tape x.tape 8080=localhost:80; faultboard report x.tape -o x.html",
        "keep what was done and met, and make a page of it",
    ),
    (
        "faultboard --headless 6380=localhost:6379 < commands.txt",
        "no console: JSON lines out, commands in",
    ),
];

/// The commands that the forms without a console read, with their arguments.
const COMMANDS: &[&str] = &[
    "add MAPPING [as NAME] [FAULTS]",
    "remove PROXY",
    "rename PROXY NAME",
    "unname PROXY",
    "port PROXY open|closed|off",
    "repoint PROXY UPSTREAM",
    "set PROXY|all FAULTS",
    "clear PROXY|all [KIND] [as=NAME]",
    "preset PROXY|all NAME",
    "bypass PROXY|all on|off",
    "kill CONNECTION [rst|fin]",
    "exempt CONNECTION on|off",
    "freeze CONNECTION on|off",
    "facts on|off",
    "sweep PROXY FAULT [from=V] [to=V] [steps=N] [hold=T] [until=C] [linear]",
    "sweep PROXY stop|save FILE",
    "save tape FILE",
    "list",
    "quit",
];

/// The exit statuses.
const STATUSES: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "the work failed: a port that is taken, say"),
    ("2", "the command line or a mapping is wrong"),
    (
        "3",
        "what --expect demands did not hold: standard error says what was measured",
    ),
    (
        "128+N",
        "signal N ended it that asks for no end in order, such as SIGQUIT",
    ),
];

/// The command line's definition with the whole help.
#[must_use]
pub fn command() -> Command {
    Cli::command()
        .after_help(
            "Examples:\n  faultboard demo\n  faultboard 35432=psql://my-db:5432 9090=https://example.com\n\n\
             --help tells more: faults, commands, exit statuses.",
        )
        .after_long_help(long_text())
}

/// Writes the manual page.
pub fn write_manual(out: &mut dyn io::Write) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    writeln!(out, ".SH COMMANDS")?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let about = sub.get_long_about().or_else(|| sub.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        entry(out, &format!("faultboard {}", sub.get_name()), &about)?;
    }
    writeln!(
        out,
        ".SH FAULTS\nEvery fault also takes up, down or both, share=PERCENT of the connections, \
         start=TIME and for=TIME."
    )?;
    for kind in KINDS {
        let what = format!("{}; {}", kind.summary, kind.example);
        entry(out, &form(kind), &what)?;
    }
    writeln!(
        out,
        ".SH COMMANDS ON STANDARD INPUT\nWith --headless and --plain, one a line:"
    )?;
    for command in COMMANDS {
        writeln!(out, ".br\n{}", escaped(command))?;
    }
    for (title, entries) in [("EXAMPLES", EXAMPLES), ("EXIT STATUS", STATUSES)] {
        writeln!(out, ".SH {title}")?;
        for (tag, what) in entries {
            entry(out, tag, what)?;
        }
    }
    man.render_version_section(out)
}

/// One tagged paragraph.
fn entry(out: &mut dyn io::Write, tag: &str, text: &str) -> io::Result<()> {
    writeln!(out, ".TP\n\\fB{}\\fR", escaped(tag))?;
    for line in text.lines() {
        match line {
            "" => writeln!(out, ".sp")?,
            line => writeln!(out, "{}", escaped(line))?,
        }
    }
    Ok(())
}

/// Text that roff prints as it stands; every line here begins with a word of ours, never with a control character.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
}

fn long_text() -> String {
    let mut text = String::from("Examples:\n");
    for (line, what) in EXAMPLES {
        let _ = writeln!(text, "  {line}\n      {what}");
    }
    text.push_str(
        "\nFaults, each with up, down or both, share=PERCENT of the connections, \
         start=TIME and for=TIME:\n",
    );
    for kind in KINDS {
        let (form, summary, example) = (form(kind), kind.summary, kind.example);
        let _ = writeln!(text, "  {form}\n      {summary}\n      {example}");
    }
    text.push_str("\nCommands on standard input (--headless, --plain), one a line:\n");
    for command in COMMANDS {
        let _ = writeln!(text, "  {command}");
    }
    text.push_str("\nExit status:\n");
    for (status, what) in STATUSES {
        let _ = writeln!(text, "  {status}  {what}");
    }
    text.trim_end().to_owned()
}

/// A kind with its parameters: `bandwidth (bw) RATE [scope=connection|proxy] [queue=TIME|SIZE]`.
fn form(kind: &Kind) -> String {
    let mut form = kind.name.to_owned();
    if let Some(short) = kind.short {
        let _ = write!(form, " ({short})");
    }
    for param in kind.params {
        let value = match param.unit {
            Unit::Time => "TIME",
            Unit::Rate => "RATE",
            Unit::Size => "SIZE",
            Unit::Percent => "PERCENT",
            Unit::Number => "NUMBER",
            Unit::Switch => "on|off",
            Unit::Word(words) => &words.join("|"),
            Unit::TimeOrSize => "TIME|SIZE",
            Unit::Trace(_) => "FILE",
        };
        let written = if param.bare {
            value.to_owned()
        } else {
            format!("{}={value}", param.name)
        };
        let _ = match param.default {
            Default::Required => write!(form, " {written}"),
            Default::Absent | Default::Is(_) => write!(form, " [{written}]"),
        };
    }
    form
}
