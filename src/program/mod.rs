//! The commands of the program: each is read here, and either prints something or runs the engine.
//!
//! ```text
//!  dispatch ──► run ──► console, headless     the engine of this process
//!     │          └────► start                 what it opens first
//!     ├───────► attach                        engines elsewhere
//!     └───────► output                        what only prints
//! ```

#[cfg(all(feature = "api", feature = "tui"))]
mod attach;
#[cfg(feature = "tui")]
mod console;
mod headless;
mod output;
mod run;
mod session;
mod start;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
#[cfg(feature = "api")]
use faultboard::api;
use faultboard::cli::{Cli, Command, Options, Rejected, RunArgs, help, version};
use faultboard::fault::trace;
use faultboard::format::{printable, reason, shown_path, without_secrets};
use faultboard::report::{self, Form};
use faultboard::tape::account::Account;
use faultboard::tape::play::{Part, Play, Unplayable};
#[cfg(feature = "tui")]
use faultboard::ui;
use faultboard::{check, command, file, folders, preset};

pub(crate) use self::output::tell;
use self::output::{print, remark, remark_all};
#[cfg(not(feature = "tui"))]
use self::run::WITHOUT_TUI;
use self::run::desk;
use self::start::{Origin, Upstreams};

/// No file of presets is longer, in MiB.
const LONGEST_PRESETS: u64 = 1;

/// No trace is longer, in MiB.
const LONGEST_TRACE: u64 = 16;

#[expect(clippy::too_many_lines, reason = "one arm for each command")]
pub(crate) fn dispatch(cli: Cli) -> Result<ExitCode> {
    trace::read_with(read_trace);
    let notes = read_presets();
    remark_all(&notes);
    let Cli {
        command,
        run,
        mappings,
    } = cli;
    let printed = match command {
        _ if run.print_config => return print_config(),
        None => {
            let options = Options::read(run, &mappings)?;
            return desk(options, Origin::of(Upstreams::Given), notes);
        }
        Some(Command::Demo {
            tour,
            run: later,
            mappings,
        }) => {
            if let Some(mapping) = mappings.first() {
                let mapping = without_secrets(mapping);
                let why = format!(
                    "the demo has its own upstreams: use faultboard {}",
                    printable(&mapping)
                );
                return Err(Rejected::because(&why).into());
            }
            let options = Options::read(run.and(*later), &[])?;
            let mut origin = Origin::of(Upstreams::BuiltIn);
            origin.tour = tour
                .map(|lead| start::demo_tour(&options, lead))
                .transpose()?;
            return desk(options, origin, notes);
        }
        Some(Command::Tour {
            file,
            auto,
            run: later,
        }) => {
            let mut options = Options::read(run.and(*later), &[])?;
            let mut origin = Origin::of(Upstreams::Given);
            origin.tour = Some(start::read_tour(&file, auto, &mut options)?);
            return desk(options, origin, notes);
        }
        Some(Command::Replay {
            file,
            speed,
            from,
            to,
            run: later,
        }) => {
            let from = from.unwrap_or_default();
            return replay(&file, &Part { from, to, speed }, run.and(*later), notes);
        }
        Some(Command::Report {
            file,
            html,
            md,
            json,
            output,
        }) if run == RunArgs::default() => {
            let form = match (html, md, json) {
                (true, ..) => Form::Html,
                (_, true, _) => Form::Markdown,
                (.., true) => Form::Json,
                _ => output.as_deref().map_or(Form::Markdown, Form::of),
            };
            start::refuse_same_file(&[("the tape", Some(&file)), ("--output", output.as_deref())])?;
            let tape = start::read_tape(&file)?;
            let text = report::report(&tape, &Account::of(&tape), Some(&file), form);
            match output {
                Some(path) => start::write_report(&path, &text),
                None => print(|out| out.write_all(text.as_bytes())),
            }
        }
        Some(_) if run != RunArgs::default() => Err(Rejected::because(
            "the options before this command belong to the console and the demo: leave them out",
        )
        .into()),
        Some(Command::Check { json, mappings }) => {
            let mappings = command::joined(&mappings);
            remark(check::note(&mappings));
            let judged = if json {
                print(|out| check::write_json(&mappings, out))
            } else {
                print(|out| check::write_text(&mappings, out))
            };
            return judged.map(|all_valid| ExitCode::from(if all_valid { 0 } else { 2 }));
        }
        Some(Command::Report { .. }) => unreachable!("it is carried out above"),
        #[cfg(feature = "api")]
        Some(Command::Toxiproxy(args)) => {
            if args.version {
                let version = format!("toxiproxy-server version {}", api::TOXIPROXY);
                return print(|out| writeln!(out, "{version}")).map(|()| ExitCode::SUCCESS);
            }
            let (later, drop_in) = args.read()?;
            let mut options = Options::read(run.and(later), &[])?;
            options.drop_in = Some(drop_in);
            return desk(options, Origin::of(Upstreams::Given), notes);
        }
        #[cfg(all(feature = "api", feature = "tui"))]
        Some(Command::Attach(args)) => {
            let tokens = start::tokens(args.token_file.as_deref())?;
            return attach::attach(args, tokens, notes);
        }
        #[cfg(feature = "api")]
        Some(Command::Ping {
            address,
            api_token_file,
        }) => return ping(&address.unwrap_or_default(), api_token_file.as_deref()),
        Some(Command::Presets { json: true }) => print(preset::write_json),
        Some(Command::Presets { json: false }) => print(preset::write_text),
        Some(Command::Completions { shell }) => print(|out| {
            clap_complete::generate(shell, &mut help::command(), "faultboard", out);
            Ok(())
        }),
        Some(Command::Man) => print(|out| help::write_manual(out)),
        Some(Command::Version { json: true }) => print(|out| version::write_json(out)),
        Some(Command::Version { json: false }) => {
            print(|out| writeln!(out, "faultboard {}", version::LONG))
        }
    };
    printed.map(|()| ExitCode::SUCCESS)
}

/// Reads a trace that a fault names; its path counts from the working directory.
fn read_trace(path: &str) -> Result<Vec<u8>, String> {
    let path = Path::new(path);
    let read = path.metadata().and_then(|found| {
        if found.is_file() {
            file::read(path, LONGEST_TRACE)
        } else {
            // A pipe would have the desk wait for whoever writes it.
            Err(io::Error::other("it is no file"))
        }
    });
    read.map_err(|error| reason(&error))
}

/// Reads the user's own presets; says what is wrong with their file, a line each.
fn read_presets() -> Vec<String> {
    let Some(path) = folders::config().map(|folder| preset::own::path(&folder)) else {
        return Vec::new();
    };
    let shown = shown_path(&path);
    match file::read(&path, LONGEST_PRESETS) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => vec![format!("cannot read {shown}: {}", reason(&error))],
        Ok(bytes) => match str::from_utf8(&bytes) {
            Ok(text) => preset::own::take(&shown, text),
            Err(_) => vec![format!("cannot read {shown}: it is not UTF-8 text")],
        },
    }
}

/// Says whether an API answers.
#[cfg(feature = "api")]
fn ping(address: &api::Address, token_file: Option<&Path>) -> Result<ExitCode> {
    let tokens = start::tokens(token_file)?;
    let answered = api::ping(address, tokens.operator.as_deref());
    let line = answered.map_err(|why| anyhow!(why))?;
    print(|out| writeln!(out, "{line}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a configuration that says what holds without one.
#[cfg(feature = "tui")]
fn print_config() -> Result<ExitCode> {
    print(|out| out.write_all(ui::config::defaults().as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "tui"))]
fn print_config() -> Result<ExitCode> {
    Err(Rejected::because(WITHOUT_TUI).into())
}

/// Runs the desk again as a tape says that it was.
fn replay(path: &Path, part: &Part, mut run: RunArgs, notes: Vec<String>) -> Result<ExitCode> {
    let of_the_tape = [
        ("--fault", !run.faults.is_empty()),
        ("--preset", run.preset.is_some()),
        ("--scene", run.scene.is_some()),
        ("--resume", run.resume),
    ];
    if let Some((option, _)) = of_the_tape.iter().find(|(_, given)| *given) {
        let why = format!("a replay has its proxies and faults from the tape: leave out {option}");
        return Err(Rejected::because(&why).into());
    }
    start::refuse_same_file(&[
        ("the tape that is played", Some(path)),
        ("--tape", run.tape.as_deref()),
        ("--report", run.report.as_deref()),
        ("--log-file", run.log_file.as_deref()),
    ])?;
    let tape = start::read_tape(path)?;
    let play = Play::of(&tape, part).map_err(|why| {
        let line = format!("cannot play the tape {}: {why}", shown_path(path));
        match why {
            Unplayable::Text { .. } => anyhow!(line),
            Unplayable::Empty { .. } | Unplayable::Backwards { .. } => {
                Rejected::because(&line).into()
            }
        }
    })?;
    run.seed = run.seed.or(Some(tape.head.seed));
    let options = Options::read(run, &[])?;
    let upstreams = if tape.head.demo {
        Upstreams::BuiltIn
    } else {
        Upstreams::Given
    };
    let origin = Origin {
        play: Some(play),
        ..Origin::of(upstreams)
    };
    desk(options, origin, notes)
}
