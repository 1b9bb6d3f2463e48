//! Runs the engine with whatever shows it, from the log's first line to the exit status.

use std::env;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use faultboard::cli::{Options, Output, Rejected, version};
use faultboard::expect;
use faultboard::format::one_line;
use faultboard::headless::Style;
use faultboard::logging::{self, FILTER_VARIABLE, LogFile, Recorder};
use faultboard::proxy::Engine;
use faultboard::report::{self, Form};
use faultboard::stop::{self, Stop, StopRequest};
use faultboard::tape::{self, Recorded};
#[cfg(feature = "tui")]
use faultboard::ui;
use tracing::info;

#[cfg(feature = "tui")]
use super::console::console;
use super::headless::headless;
use super::output::{remark, remark_all};
use super::session::Session;
use super::start::{self, Origin};

/// Why a program without the feature `tui` shows no console.
pub(super) const WITHOUT_TUI: &str = "this program was built without the console";

/// What is shown in place of the console where the terminal only goes on writing.
const DUMB: &str = "this terminal cannot redraw (TERM=dumb): events come as words, and commands are read, as with --plain";

/// The exit status of a run in which what was expected did not hold.
const EXPECTED: u8 = 3;

/// How a run has ended that was shown to its end.
struct Ended {
    stop: Option<Stop>,
    /// Whether its tape could be written to the end, where it had a file.
    written: bool,
    /// Whether all held that was expected.
    held: bool,
}

/// Runs the engine with whatever shows it.
pub(super) fn desk(mut options: Options, origin: Origin, notes: Vec<String>) -> Result<ExitCode> {
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
    let status = |ended: Ended| match ended_by(ended.stop) {
        ExitCode::SUCCESS if !ended.written => ExitCode::FAILURE,
        ExitCode::SUCCESS if !ended.held => ExitCode::from(EXPECTED),
        status => status,
    };
    result.map(status)
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
    mut origin: Origin,
    notes: Vec<String>,
    log: Option<&Arc<LogFile>>,
) -> Result<Ended> {
    let file = start::open_outputs(&options)?;
    #[cfg(feature = "api")]
    let listens = start::listen(&mut options)?;
    let engine = Engine::start(options.engine.clone())?;
    start::read_inputs(&options, &mut origin)?;
    // Not before: a file that is opened may be a pipe, which is waited for, and a signal is to end that.
    let request = StopRequest::new(options.duration).context("cannot catch signals")?;
    let made = Arc::<OnceLock<Stop>>::default();
    let stop = {
        let made = Arc::clone(&made);
        async move {
            let stop = request.made().await;
            made.get_or_init(|| stop).reason
        }
    };
    let recorder = log.map(|log| Recorder::start(&engine, log));
    let tape = tape::Recorder::start(&engine, start::tape_setup(&options, &origin, file));
    #[cfg(feature = "api")]
    let api = start::serve(listens, &engine, &options);
    let session = Session {
        engine: &engine,
        options: &options,
        tape: &tape,
        #[cfg(feature = "api")]
        api: api.as_ref(),
    };
    // Boxed, as it holds all that a tour and a tape say.
    let result = Box::pin(show(session, origin, notes, stop)).await;
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
    let written = taken.problem.is_none();
    let held = conclude(&options, &taken);
    result?;
    let stop = made.get().copied();
    held.map(|held| Ended {
        stop,
        written,
        held,
    })
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
