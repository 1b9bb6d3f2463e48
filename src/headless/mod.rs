//! The desk without a screen: events out, commands in, a line each.
//!
//! ```text
//!  engine ── events, snapshots ──► Desk ── bounded queue ──► writer thread ──► standard output
//!    ▲                              ▲
//!    └── operate ◄── commands ──────┘ answers        standard input
//! ```
//!
//! The desk shows what the engine does and never holds it up: what its output cannot take is counted and said. It knows
//! neither signals nor the command line; whoever runs it says when to stop.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, BufReader};
use tokio::time::{MissedTickBehavior, interval};

use crate::farewell::Farewell;
use crate::operate::Answer;
use crate::proxy::{Engine, Events, FactBatch, FactFeed};
use crate::snapshot::{Author, Event, Fact, ProxyRow, Stall};
use crate::tape::Saver;
pub(crate) use commands::{Answered, Bench};
#[cfg(feature = "api")]
pub(crate) use commands::{Refused, carried, read};
use lines::Lines;
use output::Output;
use printer::Printer;

mod commands;
mod json;
mod lines;
mod output;
mod plain;
mod printer;
mod stats;

/// How many bytes of standard input are read at once.
const AT_ONCE: usize = 64 * 1024;

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A JSON object a line.
    Json,
    /// Words, for people.
    Words,
}

/// What there is to print.
enum Report<'a> {
    Started {
        seed: u64,
    },
    Happened(&'a Event),
    /// What was seen of a connection of the proxy of this name.
    Seen {
        proxy: &'a str,
        fact: &'a Fact,
    },
    /// The desk itself did not run for a while.
    Stalled(Stall),
    Stats(&'a ProxyRow),
    Answered(&'a Answered),
    /// Something failed; `lost` events are what it cost.
    Failed {
        error: &'a str,
        lost: Option<u64>,
    },
    Stopped {
        reason: &'static str,
        farewell: &'a Farewell,
    },
}

/// The desk, from before its proxies are added: no event is missed.
pub struct Desk {
    engine: Engine,
    events: Events,
    /// What is seen of clients and upstreams, where it is to be told.
    facts: Option<FactFeed>,
    /// What saves the tape, where there is one.
    tape: Option<Saver>,
    options: Options,
}

/// What is printed, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The form of what is printed.
    pub style: Style,
    /// Whether connections that open and end get no lines of their own.
    pub quiet_connections: bool,
    /// Whether facts are told from the start.
    pub facts: bool,
    /// The options of a command line that does the same again; none where nothing would.
    pub again: Option<Vec<String>>,
}

// === impl Desk ===

impl Desk {
    /// Listens to the engine's events from now on, and prints nothing yet.
    #[must_use]
    pub fn new(engine: &Engine, options: &Options) -> Self {
        Self {
            engine: engine.clone(),
            events: engine.events(),
            facts: options.facts.then(|| engine.facts()),
            tape: None,
            options: options.clone(),
        }
    }

    /// Has the tape of this saver saved where a command says so.
    #[must_use]
    pub fn saving(self, tape: Saver) -> Self {
        let tape = Some(tape);
        Self { tape, ..self }
    }

    /// Prints what happens to `sink` and carries out the commands of `input`, until `stop` says with a word why to end,
    /// a command does, or nobody reads `sink` any more. Then stops the engine; its connections are ended, not waited
    /// for. `existing` proxies are those from before the desk was made: they are announced first.
    pub async fn run(
        mut self,
        existing: &[ProxyRow],
        input: impl AsyncRead + Unpin,
        sink: impl Write + Send + 'static,
        stop: impl Future<Output = &'static str>,
    ) -> io::Result<()> {
        let engine = self.engine.clone();
        let mut printer = Printer::new(&engine, self.options.clone(), Output::new(sink)?);
        printer.announce(existing);
        let end = self.serve(&mut printer, input, stop).await;
        // What can be had again is what was set before them.
        engine.end_sweeps().await;
        printer.note_proxies().await;
        self.stop(&engine, &mut printer).await;
        self.catch_up(&mut printer, false);
        let written = match end {
            Ok(reason) => printer.finish(reason).await,
            Err(error) => Err(error),
        };
        written.or_else(|error| match error.kind() {
            // Whoever read has enough: `faultboard … | head` is no failure.
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })
    }

    /// Stops the engine and prints meanwhile what ends: more may than events may wait.
    async fn stop(&mut self, engine: &Engine, printer: &mut Printer) {
        let mut stopping = pin!(engine.stop(Duration::ZERO));
        loop {
            // Cancel-safe: `next` loses nothing when dropped, and `stopping` lives outside the loop.
            tokio::select! {
                () = &mut stopping => return,
                told = self.events.next() => if printer.tell(told, false).is_break() {
                    return stopping.await;
                },
            }
        }
    }

    /// Runs until there is a reason to end, or standard output is gone.
    async fn serve(
        &mut self,
        printer: &mut Printer,
        input: impl AsyncRead + Unpin,
        stop: impl Future<Output = &'static str>,
    ) -> io::Result<&'static str> {
        let bench = Bench {
            tape: self.tape.clone(),
            ..Bench::of(&self.engine, Author::COMMANDS)
        };
        let mut lines = Lines::new(BufReader::with_capacity(AT_ONCE, input));
        let mut reading = true;
        // The command that is being carried out: never more than one, the next is read when its answer is printed.
        let mut command = FuturesUnordered::new();
        let mut stop = pin!(stop);
        let mut beat = interval(self.options.style.beat());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // At the start there is nothing to say yet.
        beat.reset();
        loop {
            // Cancel-safe: `next` and `tick` lose nothing when dropped, `unread` keeps its state, and `stop` and `command`
            // live outside the loop.
            tokio::select! {
                reason = &mut stop => return Ok(reason),
                error = printer.unread() => return Err(error),
                Some(answered) = command.next() => {
                    // What the command made happen stands before its answer.
                    self.catch_up(printer, true);
                    tokio::select! {
                        // Whoever does not read must not keep the desk from ending: the answer is lost then.
                        reason = &mut stop => return Ok(reason),
                        () = printer.answer(&answered) => {}
                    }
                    match answered.outcome {
                        Ok(Answer::Quit) => return Ok("quit"),
                        Ok(Answer::Facts(on)) => self.facts = on.then(|| self.engine.facts()),
                        _ => {}
                    }
                }
                line = lines.next(), if reading && command.is_empty() => match line {
                    Ok(Some(line)) => command.push(commands::answer(&bench, line)),
                    Ok(None) => reading = false,
                    Err(error) => {
                        reading = false;
                        printer.fail(&format!("cannot read standard input: {error}"));
                    }
                },
                told = self.events.next() => {
                    if printer.tell(told, !command.is_empty()).is_break() {
                        return Ok("engine");
                    }
                }
                Some(batch) = next_facts(&mut self.facts) => printer.print_facts(&batch),
                _ = beat.tick() => printer.print_stats(),
            }
        }
    }

    /// Prints what has happened up to now.
    fn catch_up(&mut self, printer: &mut Printer, commanded: bool) {
        // That there will be no more is said again by the next wait.
        let _ = self
            .events
            .drain()
            .try_for_each(|told| printer.tell(told, commanded));
    }
}

/// The line of an answer as it is printed in JSON, with its line ending.
#[cfg(feature = "api")]
pub(crate) fn line(at: Duration, answered: &Answered) -> String {
    json::lines(at, &Report::Answered(answered))
}

/// What is seen next, where it is to be told; never where not, or where the engine has ended. Cancel-safe.
async fn next_facts(facts: &mut Option<FactFeed>) -> Option<Arc<FactBatch>> {
    let feed = facts.as_mut()?;
    feed.next().await
}
