//! The faultboard program: reads the command line, and runs what was asked for.
//!
//! Exit status: 0 done, 1 the work failed, 2 the command line or a mapping is wrong, 128+N signal N ended it that asks for no
//! end in order. What fails is told in one line on standard error, a wrong mapping in two.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::future::Future;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
#[cfg(feature = "api")]
use faultboard::api::{self, Api};
use faultboard::check;
use faultboard::cli::{
    self, Cli, Command, Options, Output, Rejected, RunArgs, Unread, help, version,
};
use faultboard::command;
use faultboard::expect;
use faultboard::fault::trace;
use faultboard::file;
use faultboard::folders;
use faultboard::format::{one_line, printable, reason, shown_path, without_secrets};
use faultboard::headless::{self, Desk, Style};
use faultboard::logging::{self, FILTER_VARIABLE, LogError, LogFile, Recorder};
use faultboard::operate;
use faultboard::preset;
use faultboard::proxy::{Engine, StartError};
use faultboard::report::{self, Form};
use faultboard::stop::{self, Stop, StopRequest};
#[cfg(feature = "tui")]
use faultboard::tape::Moment;
use faultboard::tape::account::Account;
use faultboard::tape::play::{Part, Play, Unplayable};
use faultboard::tape::{self, Recorded};
#[cfg(feature = "tui")]
use faultboard::ui;
use tokio::io::AsyncRead;
use tracing::info;

mod allocator;
#[cfg(all(feature = "api", feature = "tui"))]
mod attach;
mod start;

use start::{Opened, Origin, Upstreams, open};

/// What failed where standard output takes nothing.
const WRITING: &str = "cannot write to standard output";

/// Why a program without the feature `tui` shows no console.
const WITHOUT_TUI: &str = "this program was built without the console";

/// What is shown in place of the console where the terminal only goes on writing.
const DUMB: &str = "this terminal cannot redraw (TERM=dumb): events come as words, and commands are read, as with --plain";

/// No file of presets is longer, in MiB.
const LONGEST_PRESETS: u64 = 1;

/// No trace is longer, in MiB.
const LONGEST_TRACE: u64 = 16;

/// What a person who gave no mapping can type.
const NO_PROXIES: &str = "no proxies yet: type add 9090=https://example.com, or quit";

/// What runs, for whatever shows it.
#[derive(Clone, Copy)]
struct Session<'a> {
    engine: &'a Engine,
    options: &'a Options,
    tape: &'a tape::Recorder,
    #[cfg(feature = "api")]
    api: Option<&'a Api>,
}

impl Session<'_> {
    /// From now on all that runs is there: it is recorded, and other programs are answered.
    async fn begin(&self) {
        self.tape.begin().await;
        #[cfg(feature = "api")]
        if let Some(api) = self.api {
            let config = self
                .options
                .drop_in
                .as_ref()
                .and_then(|it| it.config.as_ref());
            if let Some(path) = config
                && let Err(why) = start::populate(api, path).await
            {
                self.engine.report(why);
            }
            api.open();
        }
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().collect();
    let done = match cli::read(&words) {
        Ok(cli) => dispatch(cli),
        Err(Unread::Asked(asked)) => asked.exit(),
        Err(Unread::Wrong(rejected)) => Err(rejected.into()),
    };
    done.unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        // Where even this cannot be written there is nobody to tell.
        let _ = writeln!(io::stderr(), "{}", report(&error));
        ExitCode::from(if is_wrong_usage(&error) { 2 } else { 1 })
    })
}

/// Whether it is what was typed that must be mended, not the world.
fn is_wrong_usage(error: &anyhow::Error) -> bool {
    let option = matches!(error.downcast_ref(), Some(StartError::Tls(tls)) if tls.is_wrong_usage());
    let filter = matches!(error.downcast_ref(), Some(LogError::Filter { .. }));
    option || filter || error.is::<Rejected>()
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

#[expect(clippy::too_many_lines, reason = "one arm for each command")]
fn dispatch(cli: Cli) -> Result<ExitCode> {
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
    let play = Some(play);
    let origin = Origin {
        upstreams,
        play,
        tour: None,
    };
    desk(options, origin, notes)
}

/// The desk that was left last takes the place of a scene.
fn resume(options: &mut Options) -> Result<()> {
    #[cfg(feature = "tui")]
    let last = ui::home::Home::of_user()
        .last_desk()
        .filter(|path| path.exists());
    #[cfg(not(feature = "tui"))]
    let last = None;
    if options.resume && last.is_none() {
        let why = "--resume: no console was left yet that had a proxy";
        return Err(Rejected::because(why).into());
    }
    if options.resume {
        options.scene = last;
    }
    Ok(())
}

/// Says on standard error what is worth knowing and no failure; where it cannot be written there is nobody to tell.
fn remark(note: Option<&str>) {
    if let Some(note) = note {
        let _ = writeln!(io::stderr(), "{note}");
    }
}

fn remark_all(notes: &[String]) {
    for note in notes {
        remark(Some(note));
    }
}

/// Prints what `write` writes, and returns what it comes to.
fn print<T>(write: impl FnOnce(&mut Vec<u8>) -> io::Result<T>) -> Result<T> {
    let mut bytes = Vec::new();
    let done = write(&mut bytes)?;
    let mut out = io::stdout().lock();
    let written = out.write_all(&bytes).and_then(|()| out.flush());
    written.context(WRITING)?;
    Ok(done)
}

/// Runs the engine with whatever shows it.
fn desk(mut options: Options, origin: Origin, notes: Vec<String>) -> Result<ExitCode> {
    start::refuse_same_file(&[
        ("--scene", options.scene.as_deref()),
        ("--tape", options.tape.as_deref()),
        ("--report", options.report.as_deref()),
        ("--log-file", options.log_file.as_deref()),
    ])?;
    choose_output(&mut options)?;
    resume(&mut options)?;
    remark(options.note());
    start::check_memory()?;
    let log = match &options.log_file {
        Some(path) => {
            let filter = env::var(FILTER_VARIABLE).ok();
            Some(logging::start(path, filter.as_deref())?)
        }
        None => None,
    };
    info!(
        version = version::LONG,
        seed = options.engine.seed,
        "started"
    );
    // One thread for all that is not bytes: a second one would be woken by each beat of the collector, for nothing.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(run(options, origin, notes, log.as_ref()));
    // Not waited for: a read of standard input may never return.
    runtime.shutdown_background();
    info!("stopped");
    if let Some(lost) = log.and_then(|log| log.lost()) {
        // Where it cannot be said there is nobody to tell.
        let _ = writeln!(io::stderr(), "{lost}");
    }
    result.map(|Ended { stop, held }| match ended_by(stop) {
        ExitCode::SUCCESS if !held => ExitCode::from(EXPECTED),
        status => status,
    })
}

/// The exit status of a run in which what was expected did not hold.
const EXPECTED: u8 = 3;

/// How a run that nothing went wrong in has ended.
struct Ended {
    stop: Option<Stop>,
    /// Whether all held that was expected.
    held: bool,
}

/// Writes the report, and says what of the expected did not hold; returns whether all did.
fn conclude(options: &Options, recorded: &Recorded) -> Result<bool> {
    if let Some(path) = &options.report {
        let (tape, account) = (&recorded.tape, &recorded.account);
        let text = report::report(tape, account, options.tape.as_deref(), Form::of(path));
        start::write_report(path, &text)?;
    }
    let broken = expect::broken(&options.expect, &recorded.account);
    let lines: Vec<String> = broken
        .iter()
        .map(|broken| one_line(&broken.to_string()))
        .collect();
    remark_all(&lines);
    Ok(broken.is_empty())
}

/// The exit status of a run that nothing went wrong in. One that a signal ended which kills others ends by that signal.
fn ended_by(stop: Option<Stop>) -> ExitCode {
    let Some(signal) = stop.and_then(|stop| stop.killer) else {
        return ExitCode::SUCCESS;
    };
    stop::end_by(signal);
    // As a shell says it.
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// The console needs a terminal that can redraw.
fn choose_output(options: &mut Options) -> Result<()> {
    if options.output != Output::Console {
        return Ok(());
    }
    if !io::stdout().is_terminal() {
        return Err(no_console("standard output is not a terminal"));
    }
    if env::var_os("TERM").is_some_and(|term| term == "dumb") {
        remark(Some(DUMB));
        options.output = Output::Words;
    } else if cfg!(not(feature = "tui")) {
        return Err(no_console(WITHOUT_TUI));
    }
    Ok(())
}

fn no_console(why: &str) -> anyhow::Error {
    Rejected::because(&format!(
        "{why}: give --headless for JSON lines, or --plain for words"
    ))
    .into()
}

/// Opens every port, then shows what happens until something ends it.
async fn run(
    #[cfg_attr(not(feature = "api"), expect(unused_mut))] mut options: Options,
    origin: Origin,
    notes: Vec<String>,
    log: Option<&Arc<LogFile>>,
) -> Result<Ended> {
    let request = StopRequest::new(options.duration).context("cannot catch signals")?;
    let made = Arc::<OnceLock<Stop>>::default();
    let stop = {
        let made = Arc::clone(&made);
        async move {
            let stop = request.made().await;
            made.get_or_init(|| stop).reason
        }
    };
    let file = start::open_outputs(&options)?;
    #[cfg(feature = "api")]
    let listens = start::listen(&mut options)?;
    let engine = Engine::start(options.engine.clone())?;
    let recorder = log.map(|log| Recorder::start(&engine, log));
    let tape = tape::Recorder::start(&engine, start::tape_setup(&options, &origin, file));
    #[cfg(feature = "api")]
    let api = start::serve(listens, &engine, &options);
    #[cfg(feature = "api")]
    let stop = start::or_quit(stop, api.as_ref());
    let session = Session {
        engine: &engine,
        options: &options,
        tape: &tape,
        #[cfg(feature = "api")]
        api: api.as_ref(),
    };
    let result = show(session, origin, notes, stop).await;
    #[cfg(feature = "api")]
    if let Some(api) = api {
        api.stop().await;
    }
    engine.stop(Duration::ZERO).await;
    if let Some(recorder) = recorder {
        recorder.finish().await;
    }
    let taken = tape
        .finish()
        .await
        .context("the tape has a fault of its own")?;
    remark(taken.problem.as_deref());
    let held = conclude(&options, &taken);
    result?;
    let stop = made.get().copied();
    held.map(|held| Ended { stop, held })
}

/// Shows what runs until something ends it.
async fn show(
    session: Session<'_>,
    origin: Origin,
    notes: Vec<String>,
    stop: impl Future<Output = &'static str> + Send + 'static,
) -> Result<()> {
    match session.options.output {
        #[cfg(feature = "tui")]
        Output::Console => console(session, origin, notes, stop).await,
        #[cfg(not(feature = "tui"))]
        Output::Console => {
            let _ = notes;
            Err(no_console(WITHOUT_TUI))
        }
        Output::Json => headless(session, origin, stop, Style::Json).await,
        Output::Words => headless(session, origin, stop, Style::Words).await,
    }
}

async fn headless(
    session: Session<'_>,
    origin: Origin,
    stop: impl Future<Output = &'static str>,
    style: Style,
) -> Result<()> {
    let Session {
        engine, options, ..
    } = session;
    let Origin {
        upstreams, play, ..
    } = origin;
    let is_empty = options.mappings.is_empty() && play.is_none() && !is_drop_in(options);
    if upstreams == Upstreams::Given && is_empty && io::stdin().is_terminal() {
        // A hint; where it cannot be written there is nobody to read it.
        let _ = writeln!(io::stderr(), "{NO_PROXIES}");
    }
    let shown = shown(options, upstreams, style);
    let mut desk = Desk::new(engine, &shown).saving(session.tape.saver());
    let mut existing = Vec::new();
    let Opened {
        demo,
        problems,
        note,
        moments,
        play,
    } = open(engine, options, upstreams, play).await?;
    session.begin().await;
    tell_of_scene(engine, problems, note);
    if let Some(demo) = &demo {
        // Its proxies have got their names only now.
        desk = Desk::new(engine, &shown).saving(session.tape.saver());
        existing = operate::rows(engine).await;
        demo.play();
    }
    let stop = async {
        let stop = meanwhile(stop, Box::pin(operate::play(engine, moments)));
        let Some((moments, end)) = play else {
            return stop.await;
        };
        // Cancel-safe: whichever comes first ends the desk.
        tokio::select! {
            reason = stop => reason,
            () = tape::play::play(engine.clone(), moments, end) => "tape",
        }
    };
    let result = desk
        .run(&existing, commands(options), io::stdout(), stop)
        .await
        .context(WRITING);
    if let Some(demo) = demo {
        demo.stop().await;
    }
    result
}

/// Waits for `stop`; meanwhile something is played, which may be over before.
async fn meanwhile<T>(stop: impl Future<Output = T>, playing: impl Future<Output = ()>) -> T {
    let playing = async {
        playing.await;
        pending::<Infallible>().await
    };
    // Cancel-safe: playing never ends, and nobody waits for it when the desk does.
    tokio::select! {
        done = stop => done,
        never = playing => match never {},
    }
}

/// Tells what could not be opened of a scene, and what is worth knowing of it.
fn tell_of_scene(engine: &Engine, problems: Vec<String>, note: Option<String>) {
    for problem in problems {
        engine.report(problem);
    }
    if let Some(note) = note {
        engine.note(note);
    }
}

/// What the desk without a screen prints, and how.
fn shown(options: &Options, upstreams: Upstreams, style: Style) -> headless::Options {
    let given = match style {
        Style::Json => "--headless",
        Style::Words => "--plain",
    };
    let quiet = options.quiet_connections.then_some("--quiet-connections");
    let facts = options.facts.then_some("--facts");
    let shown = [given]
        .into_iter()
        .chain(quiet)
        .chain(facts)
        .map(str::to_owned);
    // The demo's upstreams end with it, so there is nothing to have again but the demo.
    let again = (upstreams == Upstreams::Given).then(|| shown.chain(options.repeated.clone()));
    headless::Options {
        style,
        quiet_connections: options.quiet_connections,
        facts: options.facts,
        again: again.map(Iterator::collect),
    }
}

/// Standard input, or nothing where reading it would stop the process: a job in the background of its terminal.
fn commands(options: &Options) -> Box<dyn AsyncRead + Send + Unpin> {
    if is_drop_in(options) {
        return Box::new(tokio::io::empty());
    }
    if stop::reading_stops() {
        Box::new(tokio::io::empty())
    } else {
        Box::new(tokio::io::stdin())
    }
}

/// Whether the program stands for another one, which has no commands on standard input.
fn is_drop_in(options: &Options) -> bool {
    #[cfg(feature = "api")]
    let is = options.drop_in.is_some();
    #[cfg(not(feature = "api"))]
    let is = {
        let _ = options;
        false
    };
    is
}

/// The console's configuration, with what the command line says; what is wrong with the file becomes a note.
#[cfg(feature = "tui")]
fn config(home: &ui::home::Home, options: &Options, notes: &mut Vec<String>) -> ui::config::Config {
    let (mut config, wrong) = home.config();
    notes.extend(wrong);
    config.scheme = options.scheme.unwrap_or(config.scheme);
    config.glyphs = options.glyphs.unwrap_or(config.glyphs);
    config
}

/// Shows the engine on the terminal and turns it by keys.
#[cfg(feature = "tui")]
async fn console(
    session: Session<'_>,
    origin: Origin,
    mut notes: Vec<String>,
    stop: impl Future<Output = &'static str> + Send + 'static,
) -> Result<()> {
    let Session {
        engine, options, ..
    } = session;
    let opened = open(engine, options, origin.upstreams, origin.play).await?;
    let demo = opened.demo;
    session.begin().await;
    let home = ui::home::Home::of_user();
    let config = config(&home, options, &mut notes);
    let told = ui::Options {
        config,
        history: home.history(),
        tour: origin.tour,
        seed: options.engine.seed,
        bind: options.engine.bind.clone(),
        #[cfg(feature = "api")]
        api_open: session.api.is_some_and(|api| api.open_to_all().is_some()),
        arguments: options.repeated.clone(),
        scene: options.scene.clone().map(|file| ui::OpenScene {
            file: (!options.resume).then_some(file),
            problems: opened.problems,
            note: opened.note,
            moments: opened.moments,
        }),
        notes,
        // The demo's upstreams end with it.
        resumes: demo.is_none(),
        tape: Some(session.tape.saver()),
        until: Box::pin(until(engine.clone(), opened.play, stop)),
        ..ui::Options::default()
    };
    if let Some(demo) = &demo {
        demo.play();
    }
    // The first frame shows all of them: without this it would be the screen of an empty desk.
    operate::rows(engine).await;
    let mut farewell = ui::start(engine.by(faultboard::snapshot::Author::CONSOLE), told).await?;
    if let Some(demo) = demo {
        // First the engine: that the demo's clients go is nothing that they did.
        engine.stop(Duration::ZERO).await;
        demo.stop().await;
        // Its upstreams end with it, so there is nothing to have again but the demo.
        farewell.proxies.clear();
    }
    if let Err(why) = home.keep(&farewell) {
        remark(Some(&why));
    }
    // A terminal that is gone needs no farewell.
    let _ = write!(io::stdout(), "{farewell}");
    Ok(())
}

/// Waits for what ends the console, and plays a tape meanwhile; the console stays when that is over.
#[cfg(feature = "tui")]
async fn until(
    engine: Engine,
    play: Option<(Vec<Moment>, Duration)>,
    stop: impl Future<Output = &'static str>,
) {
    let playing = async {
        if let Some((moments, end)) = play {
            tape::play::play(engine.clone(), moments, end).await;
            engine.note("the tape is over".to_owned());
        }
    };
    meanwhile(stop, playing).await;
}

/// Whether all that went wrong is that nobody reads standard output any more.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The error, and what the system said where the error does not say it itself; ours are whole lines, of which none
/// moves the cursor.
fn report(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).filter_map(<dyn Error>::downcast_ref) {
        let cause = reason(cause);
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.lines().map(one_line).collect::<Vec<_>>().join("\n")
}
