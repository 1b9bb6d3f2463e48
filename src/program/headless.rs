//! The engine without a screen: events out on standard output, commands in on standard input.

use std::future::Future;
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use faultboard::cli::Options;
use faultboard::headless::{self, Desk, Style};
use faultboard::operate;
use faultboard::proxy::Engine;
use faultboard::stop;
use tokio::io::AsyncRead;

use super::output::WRITING;
use super::session::{Session, is_drop_in, meanwhile};
use super::start::{Opened, Origin, Upstreams, open};

/// What a person who gave no mapping can type.
const NO_PROXIES: &str = "no proxies yet: type add 9090=https://example.com, or quit";

pub(super) async fn headless(
    session: Session<'_>,
    mut origin: Origin,
    stop: impl Future<Output = &'static str>,
    style: Style,
) -> Result<()> {
    let Session {
        engine, options, ..
    } = session;
    let upstreams = origin.upstreams;
    let is_empty = options.mappings.is_empty() && origin.play.is_none() && !is_drop_in(options);
    if upstreams == Upstreams::Given && is_empty && io::stdin().is_terminal() {
        // A hint; where it cannot be written there is nobody to read it.
        let _ = writeln!(io::stderr(), "{NO_PROXIES}");
    }
    let shown = shown(options, upstreams, style);
    let mut desk = Desk::new(engine, &shown).saving(session.tape.saver());
    let mut existing = Vec::new();
    let proxies = origin.proxies.take();
    let Opened {
        demo,
        problems,
        note,
        moments,
        play,
    } = open(engine, options, origin).await?;
    session.begin(proxies).await;
    tell_of_scene(engine, problems, note);
    if let Some(demo) = &demo {
        // Its proxies have got their names only now.
        desk = Desk::new(engine, &shown).saving(session.tape.saver());
        existing = operate::rows(engine).await;
        demo.play();
    }
    let stop = async {
        let stop = meanwhile(stop, Box::pin(operate::play(engine, moments)));
        let Some(player) = play else {
            return stop.await;
        };
        // Cancel-safe: whichever comes first ends the desk.
        tokio::select! {
            reason = stop => reason,
            () = player.play() => "tape",
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
