//! The command line: the options and commands that clap, the argument parser, knows.
//!
//! Only the shape of it stands here. Mappings and faults stay text until `options` reads them, so that everything
//! wrong on a command line is said at once, with a caret; the long help and the manual page are made in `help`.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, FromArgMatches, Parser, Subcommand};

pub mod help;
pub mod options;
#[cfg(feature = "api")]
mod toxiproxy;
pub mod version;

pub use options::{Options, Output, Rejected};
#[cfg(feature = "api")]
pub use toxiproxy::{DropIn, ToxiproxyArgs};

#[cfg(feature = "api")]
use crate::api::{Address, ApiArgs};
use crate::format::shortened;
use crate::look::{Glyphs, Scheme};
use crate::proxy::Keepalive;
use crate::proxy::tls::TlsOptions;
#[cfg(all(feature = "api", feature = "tui"))]
use crate::remote::Target;
#[cfg(all(feature = "api", feature = "tui"))]
use crate::snapshot::Author;

/// What was asked for.
#[derive(Debug, Parser)]
#[command(
    name = "faultboard",
    version,
    long_version = version::LONG,
    about = "A terminal mixing desk for network faults",
    long_about = "A terminal mixing desk for network faults.\n\nPoint an application at a local port: faultboard \
                  forwards the bytes to the real server, shows every live connection, and lets you turn latency, \
                  bandwidth, loss and other faults up and down while the application runs.",
    override_usage = help::USAGE,
    max_term_width = 100
)]
pub struct Cli {
    /// A command; without one, the console runs over the mappings.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The mappings, as text.
    #[arg(value_name = "MAPPING", help = help::MAPPING, long_help = help::MAPPING_LONG)]
    pub mappings: Vec<String>,
    /// How the desk runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The commands beside the console.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the console over built-in upstreams with built-in traffic
    ///
    /// Needs no network and no other program: an echo, a request/response service, a bulk download and an upstream
    /// that fails now and then, each with live clients, ready to be disturbed.
    Demo {
        /// Lead through it in six acts; with =auto it presses its keys itself
        #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "keys")]
        tour: Option<Lead>,
        /// How the desk runs.
        #[command(flatten)]
        run: Box<RunArgs>,
        /// Mappings given by mistake, to be refused in words.
        #[arg(hide = true)]
        mappings: Vec<String>,
    },
    /// Lead an audience through a desk of your own: a file with mappings and acts, each a sentence and the keys to press
    Tour {
        /// The file: a scene with acts
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// It presses its keys itself, and begins anew after its last act
        #[arg(long)]
        auto: bool,
        /// How the desk runs.
        #[command(flatten)]
        run: Box<RunArgs>,
    },
    /// Parse mappings and start nothing; exit status 0 when all are valid
    Check {
        /// Print one JSON array, an object for each mapping
        #[arg(long)]
        json: bool,
        /// The mappings to parse
        #[arg(value_name = "MAPPING", required = true)]
        mappings: Vec<String>,
    },
    /// Do again what a tape says was done: the same changes at the same times, with the same seed
    ///
    /// The mappings are those of the tape. Without --headless or --plain the console shows it, and stays when the tape is over.
    Replay {
        /// The tape, which --tape has written
        #[arg(value_name = "TAPE")]
        file: PathBuf,
        /// How many times as fast as it was, as in 2 or 0.5
        #[arg(long, value_name = "N", value_parser = options::speed, default_value = "1", allow_hyphen_values = true)]
        speed: f64,
        /// From when on: what stood then is set at the start
        #[arg(long, value_name = "TIME", value_parser = options::duration, allow_hyphen_values = true)]
        from: Option<Duration>,
        /// Up to when [default: the tape's end]
        #[arg(long, value_name = "TIME", value_parser = options::duration, allow_hyphen_values = true)]
        to: Option<Duration>,
        /// How the desk runs.
        #[command(flatten)]
        run: Box<RunArgs>,
    },
    /// Make a page of a tape: what was set when, what the application waited, and what broke
    ///
    /// As Markdown on standard output; as a page with charts, Markdown or JSON in a file, by its name.
    Report {
        /// The tape, which --tape has written
        #[arg(value_name = "TAPE")]
        file: PathBuf,
        /// A page with charts, in one file
        #[arg(long, group = "form")]
        html: bool,
        /// Markdown, for a ticket
        #[arg(long, group = "form")]
        md: bool,
        /// JSON, for a program
        #[arg(long, group = "form")]
        json: bool,
        /// Where it goes [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// List the presets, with their figures and sources
    Presets {
        /// Print one JSON array, an object for each preset
        #[arg(long)]
        json: bool,
    },
    /// Ask whether an API answers, as health checks do; exit status 0 where it does, 1 where not
    #[cfg(feature = "api")]
    Ping {
        /// Where it listens [default: 127.0.0.1:8474]
        #[arg(value_name = "ADDR", value_parser = Address::parse)]
        address: Option<Address>,
        /// File with the token that it asks for; `FAULTBOARD_TOKEN` is another place for it
        #[arg(long, value_name = "FILE")]
        api_token_file: Option<PathBuf>,
    },
    /// Run the console over desks that run elsewhere: what they show, and every key, as if they ran here
    ///
    /// A desk is started with --api there. Leaving the console ends nothing: the desk goes on. Several desks are one: each
    /// one's name stands before those of its proxies.
    #[cfg(all(feature = "api", feature = "tui"))]
    Attach(AttachArgs),
    /// Stand for toxiproxy's server: its flags, its file, its API on port 8474, and no console
    ///
    /// Flags have one dash or two, as there; all options of this program's own are taken too. Called toxiproxy or
    /// toxiproxy-server, the program is this command.
    #[cfg(feature = "api")]
    Toxiproxy(Box<ToxiproxyArgs>),
    /// Print a completion script: faultboard completions bash > faultboard.bash
    Completions {
        /// The shell that it is for
        shell: clap_complete::Shell,
    },
    /// Print the manual page: faultboard man | man -l -
    Man,
    /// Print what this program was built from: version, commit, target
    Version {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// How the console runs over desks elsewhere.
#[cfg(all(feature = "api", feature = "tui"))]
#[derive(Args, Clone, Debug)]
pub struct AttachArgs {
    /// Where they listen: HOST:PORT, PORT, `http://HOST:PORT`, unix:PATH or `k8s://NAMESPACE/POD` [default: `FAULTBOARD_API`, `TOXIPROXY_URL` or 127.0.0.1:8474]
    #[arg(value_name = "TARGET", value_parser = Target::parse)]
    pub targets: Vec<Target>,
    /// Look only: nothing is changed from here
    #[arg(long)]
    pub read_only: bool,
    /// By what name others see who changed something; without it USER@HOST
    #[arg(long = "as", value_name = "NAME", value_parser = author)]
    pub author: Option<Author>,
    /// File with the token that they ask for; `FAULTBOARD_TOKEN` is another place for it
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Colours of the console [default: auto]
    #[arg(long, value_name = "NAME")]
    pub theme: Option<Scheme>,
    /// Glyphs of the console [default: auto]
    #[arg(long, value_name = "NAME")]
    pub charset: Option<Glyphs>,
}

/// Reads a name by which others see somebody.
#[cfg(all(feature = "api", feature = "tui"))]
fn author(text: &str) -> Result<Author, String> {
    let read = Author::named(text).filter(|it| it.as_str() == text.trim() && text.is_ascii());
    read.ok_or_else(|| {
        format!(
            "a name of letters, digits and signs of ASCII, at most {} of them: ana@laptop",
            Author::LONGEST
        )
    })
}

/// Who presses the keys of a tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Lead {
    /// Its viewer.
    Keys,
    /// The tour itself.
    Auto,
}

/// The options of the console, of its headless forms and of the demo.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option that is given or not"
)]
pub struct RunArgs {
    /// Faults for every mapping given, as in "latency 250ms, bandwidth 1Mbit/s", or a preset's name (repeatable)
    #[arg(short, long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,
    /// Start from a preset, as in 3g; faults given beside it take the place of its own
    #[arg(short, long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Load a scene: a file with a line for each proxy, a mapping and its faults
    #[arg(long, value_name = "FILE")]
    pub scene: Option<PathBuf>,
    /// Address that the listeners use (repeatable) [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = options::address)]
    pub bind: Vec<IpAddr>,
    /// No console: events as JSON lines, commands on standard input
    #[arg(long, conflicts_with = "plain")]
    pub headless: bool,
    /// No console: events as words, one line each, commands on standard input
    #[arg(long)]
    pub plain: bool,
    /// With --headless or --plain: no lines for connections that open and end, which the figures count
    #[arg(long)]
    pub quiet_connections: bool,
    /// With --headless or --plain: lines for what is seen of clients and upstreams, such as requests and who hung up
    #[arg(long)]
    pub facts: bool,
    /// Colours of the console [default: auto]
    #[arg(long, value_name = "NAME")]
    pub theme: Option<Scheme>,
    /// Glyphs of the console [default: auto]
    #[arg(long, value_name = "NAME")]
    pub charset: Option<Glyphs>,
    /// Open the desk again as it was when the console was last left
    #[arg(long)]
    pub resume: bool,
    /// Print a configuration of the console that says what holds without one, with its keys, and start nothing
    #[arg(long)]
    pub print_config: bool,
    /// Stop after this long, as in 90s or 15m [default: until stopped]
    #[arg(long, value_name = "TIME", value_parser = options::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Seed of every random choice; it is shown, so a run can be repeated [default: random]
    #[arg(long, value_name = "N", value_parser = options::seed, allow_hyphen_values = true)]
    pub seed: Option<u64>,
    /// Clients served at once, per proxy; more wait to be accepted [default: 10000, or what descriptors allow]
    #[arg(long, value_name = "N", value_parser = options::max_connections, allow_hyphen_values = true)]
    pub max_connections: Option<u32>,
    /// Time to reach an upstream, name look-up and TLS handshake included; a psqls client's first message has as much [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = options::connect_timeout, allow_hyphen_values = true)]
    pub connect_timeout: Option<Duration>,
    /// Time without a byte until a silent peer is asked whether it lives, or off; gone after twice that [default: 60s]
    #[arg(long, value_name = "TIME|off", value_parser = options::keepalive, allow_hyphen_values = true)]
    pub keepalive: Option<Keepalive>,
    /// Never spin through the last 0.2 ms of a delay (at most 2 % of a core): less exact by as much
    #[arg(long)]
    pub no_spin: bool,
    /// Write a structured log of JSON lines; `FAULTBOARD_LOG` filters it, as in info or faultboard=debug
    #[arg(long, value_name = "PATH")]
    pub log_file: Option<PathBuf>,
    /// Write a tape: every change and each second's figures, as JSON lines; `faultboard replay` and `report` read it
    #[arg(long, value_name = "FILE")]
    pub tape: Option<PathBuf>,
    /// Write a report on leaving: a page with charts, or Markdown or JSON for a FILE that ends in .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// What must hold over the whole run, as in "feels p99 < 500ms", "failed = 0 of shop" or "recovers < 5s" (repeatable);
    /// where one does not, the exit status is 3
    #[arg(long, value_name = "WHAT")]
    pub expect: Vec<String>,
    /// How upstreams that speak TLS are met.
    #[command(flatten)]
    pub tls: TlsOptions,
    /// How other programs drive it.
    #[cfg(feature = "api")]
    #[command(flatten)]
    pub api: ApiArgs,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Unread {
    /// The help or the version was asked for: this prints it.
    Asked(clap::Error),
    /// The command line is wrong.
    Wrong(Rejected),
}

/// Reads the words of a command line, the program's own name first.
pub fn read(words: &[OsString]) -> Result<Cli, Unread> {
    #[cfg(feature = "api")]
    let words = &api_joined(&toxiproxy::translated(words));
    let parse = |words: &[OsString]| {
        let matches = help::command().try_get_matches_from(words)?;
        Cli::from_arg_matches(&matches)
    };
    let error = match parse(words) {
        Ok(cli) => return Ok(cli),
        Err(error) if error.use_stderr() => error,
        Err(asked) => return Err(Unread::Asked(asked)),
    };
    // clap repeats what was typed as it was. So it is asked again, with words that can be printed: it says the same of them.
    let printed: Vec<OsString> = words.iter().map(|word| harmless(word)).collect();
    let again = parse(&printed)
        .err()
        .filter(|again| again.kind() == error.kind());
    let why = again.map_or_else(|| error.kind().to_string(), |again| in_one_line(&again));
    let line = format!("{why}; faultboard --help tells more");
    Err(Unread::Wrong(Rejected::because(&line)))
}

/// The words with an address behind `--api` joined to it: what stands there else is a mapping or a command.
#[cfg(feature = "api")]
fn api_joined(words: &[OsString]) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(words.len());
    for word in words {
        let is_meant = word.to_str().is_some_and(Address::is_meant);
        match joined
            .last_mut()
            .filter(|last| *last == "--api" && is_meant)
        {
            Some(last) => {
                last.push("=");
                last.push(word);
            }
            None => joined.push(word.clone()),
        }
    }
    joined
}

/// A word as it may be repeated in an error.
fn harmless(word: &OsStr) -> OsString {
    shortened(&word.to_string_lossy()).into()
}

/// What clap says is wrong and its tip, without the usage.
fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraphs = text.split("\n\n").take_while(|paragraph| {
        !["Usage:", "For more"]
            .iter()
            .any(|begin| paragraph.starts_with(begin))
    });
    let lines = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    paragraphs.map(lines).collect::<Vec<_>>().join("; ")
}

// === impl RunArgs ===

impl RunArgs {
    /// These options together with those that stand after the command; where both set one, the later wins.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a line for each option")]
    pub fn and(mut self, later: Self) -> Self {
        // Taken apart, so that none is forgotten.
        let Self {
            faults,
            preset,
            scene,
            bind,
            headless,
            plain,
            quiet_connections,
            facts,
            theme,
            charset,
            resume,
            print_config,
            duration,
            seed,
            max_connections,
            connect_timeout,
            keepalive,
            no_spin,
            log_file,
            tape,
            report,
            expect,
            tls,
            #[cfg(feature = "api")]
            api,
        } = later;
        self.faults.extend(faults);
        self.preset = preset.or(self.preset);
        self.scene = scene.or(self.scene);
        self.bind.extend(bind);
        self.headless |= headless;
        self.plain |= plain;
        self.quiet_connections |= quiet_connections;
        self.facts |= facts;
        self.theme = theme.or(self.theme);
        self.charset = charset.or(self.charset);
        self.resume |= resume;
        self.print_config |= print_config;
        self.duration = duration.or(self.duration);
        self.seed = seed.or(self.seed);
        self.max_connections = max_connections.or(self.max_connections);
        self.connect_timeout = connect_timeout.or(self.connect_timeout);
        self.keepalive = keepalive.or(self.keepalive);
        self.no_spin |= no_spin;
        self.log_file = log_file.or(self.log_file);
        self.tape = tape.or(self.tape);
        self.report = report.or(self.report);
        self.expect.extend(expect);
        self.tls = self.tls.and(tls);
        #[cfg(feature = "api")]
        {
            self.api = self.api.and(api);
        }
        self
    }
}
