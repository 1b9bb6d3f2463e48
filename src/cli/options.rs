//! Makes of a command line, as clap has read it, what the program runs with.
//!
//! Mappings and faults are parsed here, all of them before anything is refused: a command line with three mistakes is
//! mended in one go.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory;

#[cfg(feature = "api")]
use super::DropIn;
use super::{Cli, RunArgs};
#[cfg(feature = "api")]
use crate::api::ApiArgs;
use crate::command;
use crate::expect::{self, Expectation};
use crate::fault::{Setting, language, older_word};
use crate::look::{Glyphs, Scheme};
use crate::mapping::{Mapping, Other, clash};
use crate::preset::{self, Preset};
use crate::proxy::{self, Keepalive};
use crate::syntax::{ParseError, nearest};
use crate::units::Time;

/// What the program runs with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The mappings, in the order given, each with faults of its own.
    pub mappings: Vec<(Mapping, Vec<Setting>)>,
    /// The faults for all of them; a mapping's own take the place of those of their kinds.
    pub settings: Vec<Setting>,
    /// The file with more of them, each with faults of its own.
    pub scene: Option<PathBuf>,
    /// Where events go.
    pub output: Output,
    /// Whether connections that open and end get no events.
    pub quiet_connections: bool,
    /// Whether what is seen of clients and upstreams gets lines.
    pub facts: bool,
    /// Which colours the console has, where that is said.
    pub scheme: Option<Scheme>,
    /// Which glyphs the console draws with, where that is said.
    pub glyphs: Option<Glyphs>,
    /// Whether the desk that was left last is opened again.
    pub resume: bool,
    /// After how long to stop.
    pub duration: Option<Duration>,
    /// Where the log goes.
    pub log_file: Option<PathBuf>,
    /// Where the tape goes.
    pub tape: Option<PathBuf>,
    /// Where the report goes on leaving.
    pub report: Option<PathBuf>,
    /// What must hold over the whole run.
    pub expect: Vec<Expectation>,
    /// How other programs drive it.
    #[cfg(feature = "api")]
    pub api: ApiArgs,
    /// What is different where it stands for toxiproxy's server.
    #[cfg(feature = "api")]
    pub drop_in: Option<DropIn>,
    /// What the engine needs to know.
    pub engine: proxy::Options,
    /// The options that a command line must repeat to run the same desk again, beside the seed and the faults.
    pub repeated: Vec<String>,
}

/// How the program shows what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// On a screen, with keys.
    Console,
    /// As JSON lines.
    Json,
    /// As words, a line an event.
    Words,
}

/// Everything that is wrong on a command line, a text of one or two lines each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected(pub Vec<String>);

/// Reads the value of `--duration`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    time(text, Duration::ZERO, Duration::from_secs(360_000_000))
}

/// Reads the value of `--connect-timeout`.
pub(super) fn connect_timeout(text: &str) -> Result<Duration, String> {
    time(text, Duration::from_millis(1), Duration::from_secs(3_600))
}

/// Reads the value of `--keepalive`: Linux counts to 32,767 seconds.
pub(super) fn keepalive(text: &str) -> Result<Keepalive, String> {
    if text == "off" {
        return Ok(Keepalive::Off);
    }
    let read = time(text, Duration::from_secs(1), Duration::from_secs(9 * 3_600));
    read.map(Keepalive::After)
        .map_err(|why| format!("{why}, or off"))
}

/// Reads a time of an option, as the fault language reads times.
fn time(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    if text.starts_with("--") {
        return Err("wants a time: 90s, 15m".to_owned());
    }
    language::parse_time(text, least, most).map_err(|error| error.message)
}

/// Reads the value of `--seed`.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    let number = text.parse().ok();
    number.ok_or_else(|| format!("a whole number, up to {}", u64::MAX))
}

/// Reads the value of `--max-connections`.
pub(super) fn max_connections(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("1 or more, up to {}", u32::MAX))
}

/// Reads the value of `--speed`.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.01..=1_000.0).contains(number));
    number.ok_or_else(|| "a number from 0.01 to 1000: 2, 0.5".to_owned())
}

/// Reads the value of `--bind`: an address, IPv6 in brackets or not.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match bare {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
    .ok_or_else(|| "not an IP address: 127.0.0.1, 0.0.0.0, ::1".to_owned())
}

// === impl Options ===

impl Options {
    /// What to say of faults that are written in an older word: the word that it is now.
    #[must_use]
    pub fn note(&self) -> Option<&'static str> {
        let own = self.mappings.iter().flat_map(|(_, settings)| settings);
        older_word(self.settings.iter().chain(own))
    }

    /// The options that `run` and `mappings` come to, or all that is wrong with them.
    pub fn read(run: RunArgs, mappings: &[String]) -> Result<Self, Rejected> {
        let mut wrong = Vec::new();
        let mappings = read_mappings(&command::joined(mappings), &mut wrong);
        let mut given = Vec::new();
        for spec in &run.faults {
            let read = named("--fault", command::parse_faults(&given, spec));
            given.extend(keep(read, &mut wrong).into_iter().flatten());
        }
        let preset = run.preset.as_deref().map(preset::find);
        let preset = preset.and_then(|read| {
            read.map_err(|why| wrong.push(format!("--preset: {why}")))
                .ok()
        });
        let mut settings = preset.map_or_else(Vec::new, Preset::settings);
        settings.extend(given);
        let expect = run.expect.iter();
        let expect: Vec<Expectation> = expect
            .filter_map(|text| keep(named("--expect", expect::parse(text)), &mut wrong))
            .collect();
        wrong.extend(at_odds(&run));
        if !wrong.is_empty() {
            return Err(Rejected(wrong));
        }
        Ok(Self {
            mappings,
            settings,
            scene: run.scene.clone(),
            output: match (run.headless, run.plain) {
                (true, _) => Output::Json,
                (false, true) => Output::Words,
                (false, false) => Output::Console,
            },
            quiet_connections: run.quiet_connections,
            facts: run.facts,
            scheme: run.theme,
            glyphs: run.charset,
            resume: run.resume,
            duration: run.duration,
            log_file: run.log_file.clone(),
            tape: run.tape.clone(),
            report: run.report.clone(),
            expect,
            repeated: repeated(&run),
            #[cfg(feature = "api")]
            api: run.api.clone(),
            #[cfg(feature = "api")]
            drop_in: None,
            engine: engine_options(run),
        })
    }
}

/// Options that do not go together.
fn at_odds(run: &RunArgs) -> Vec<String> {
    let mut wrong = Vec::new();
    if run.headless && run.plain {
        wrong.push("--headless and --plain exclude each other".to_owned());
    }
    #[cfg(feature = "api")]
    if let Some(option) = run.api.of_no_api() {
        wrong.push(format!(
            "{option} says how the API behaves, and there is none: give --api too"
        ));
    }
    wrong
}

/// Parses every mapping, and notes ports and names that are given twice: the second one could never have them.
fn read_mappings(texts: &[String], wrong: &mut Vec<String>) -> Vec<(Mapping, Vec<Setting>)> {
    let (mut mappings, mut earlier) = (Vec::new(), Vec::new());
    for text in texts {
        let Some((mapping, own)) = keep(read_mapping(text), wrong) else {
            continue;
        };
        if let Some(error) = clash(text, &mapping, &earlier) {
            wrong.push(error.to_string());
            continue;
        }
        earlier.push(Other::of(&mapping, text.trim()));
        mappings.push((mapping, own));
    }
    mappings
}

/// Parses a mapping with its faults; a word that is no mapping at all may be a command with a slip in it.
fn read_mapping(text: &str) -> Result<(Mapping, Vec<Setting>), ParseError> {
    command::parse_line(text).map_err(|error| {
        let word = text.trim();
        let cli = Cli::command();
        let commands = cli.get_subcommands().map(clap::Command::get_name);
        match nearest(word, commands) {
            Some(command) if !text.contains('=') => ParseError {
                message: format!(
                    "neither a mapping nor a command: did you mean \"faultboard {command}\"? \
                     (a mapping is 9090=https://example.com)"
                ),
                span: 0..text.chars().count(),
                ..error
            },
            _ => error,
        }
    })
}

/// What an option's text was read as; where nothing is written, the error says which option that is.
fn named<T>(option: &str, read: Result<T, ParseError>) -> Result<T, ParseError> {
    read.map_err(|mut error| {
        if error.input.trim().is_empty() {
            error.message = format!("{option}: {}", error.message);
        }
        error
    })
}

fn keep<T>(read: Result<T, ParseError>, wrong: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| wrong.push(error.to_string())).ok()
}

/// The options that say how listeners are bound, how upstreams are met, and what is to become of the run, as words. Those that name
/// a tape and a report to write are not among them: running it again would write over what is told of this run.
fn repeated(run: &RunArgs) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |option: &str, values: &mut dyn Iterator<Item = String>| {
        words.extend(values.flat_map(|value| [option.to_owned(), value]));
    };
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let time = |time: &Duration| Time(*time).to_string();
    let tls = &run.tls;
    add("--bind", &mut run.bind.iter().map(IpAddr::to_string));
    add("--ca-file", &mut tls.ca_files.iter().map(path));
    add("--sni", &mut tls.sni.iter().cloned());
    add(
        "--alpn",
        &mut tls.alpn.iter().map(|offers| offers.join(",")),
    );
    add("--client-cert", &mut tls.client_cert.iter().map(path));
    add("--client-key", &mut tls.client_key.iter().map(path));
    add(
        "--connect-timeout",
        &mut run.connect_timeout.iter().map(time),
    );
    add(
        "--keepalive",
        &mut run.keepalive.iter().map(Keepalive::to_string),
    );
    add(
        "--max-connections",
        &mut run.max_connections.iter().map(u32::to_string),
    );
    add("--duration", &mut run.duration.iter().map(time));
    add("--log-file", &mut run.log_file.iter().map(path));
    add("--expect", &mut run.expect.iter().cloned());
    for (option, given) in [
        ("--no-spin", run.no_spin),
        ("--insecure", tls.insecure),
        ("--no-resumption", tls.no_resumption),
        ("--strict-close", tls.strict_close),
    ] {
        words.extend(given.then(|| option.to_owned()));
    }
    words
}

fn engine_options(run: RunArgs) -> proxy::Options {
    let defaults = proxy::Options::default();
    let mut bind = Vec::new();
    for addr in run.bind {
        if !bind.contains(&addr) {
            bind.push(addr);
        }
    }
    if bind.is_empty() {
        bind = defaults.bind;
    }
    proxy::Options {
        bind,
        seed: run.seed.unwrap_or_else(random_seed),
        connect_timeout: run.connect_timeout.unwrap_or(defaults.connect_timeout),
        keepalive: run.keepalive.unwrap_or_default(),
        max_connections: run.max_connections,
        spin: !run.no_spin,
        tls: run.tls,
        ..defaults
    }
}

/// A seed that differs from run to run, short enough to be typed again.
fn random_seed() -> u64 {
    RandomState::new().hash_one("seed") & 0xFFFF_FFFF
}

// === impl Rejected ===

impl Rejected {
    /// One thing that is wrong.
    #[must_use]
    pub fn because(what: &str) -> Self {
        Self(vec![what.to_owned()])
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Rejected {}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
