//! The console: a mixing desk in the terminal.
//!
//! It shows what the engine tells and tells the engine what the user means; it holds no socket and no setting of its
//! own. The engine never waits for it: snapshots that it is too slow for are skipped, events that it loses are counted.
//!
//! ```text
//!  terminal ─► keymap ─► Action ─┐                  ┌─► Effect ─► Desk (the engine)
//!  engine ─► Sampled, Happened ──┼─► update(Model) ─┤                 │
//!  answers ◄─────────────────────┘                  └─► view(&Model)  │
//!     ▲───────────────────────────────────────────────────────────────┘
//! ```

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::pin::Pin;

use crossterm::event::{Event as Input, KeyEventKind};
use futures_util::stream::select;
use futures_util::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;

use action::Action;
use config::Config;
use effect::Tell;
use keyboard::Keyboard;
use model::Model;

use crate::desk::{Desk, Events, Pending};
use crate::farewell::Farewell;
use crate::folders;
use crate::preset;
use crate::proxy::{clock, panics};
use crate::tape::Saver;
use crate::tour::Tour;

mod ability;
pub mod action;
mod ask;
pub mod catalog;
mod changes;
mod complete;
pub mod config;
pub mod difference;
pub mod effect;
mod files;
pub mod find;
mod fold;
pub mod format;
mod frames;
pub mod home;
pub mod input;
mod keyboard;
pub mod keymap;
pub mod model;
mod named;
mod pace;
mod proof;
mod run;
pub mod terminal;
pub mod theme;
mod tty;
mod typed;
pub mod update;
pub mod view;

pub use crate::fault::dial as knob;
pub use update::OpenScene;

/// What the console is told at its start.
pub struct Options {
    /// The seed of every random choice.
    pub seed: u64,
    /// Where proxies listen.
    pub bind: Vec<IpAddr>,
    /// Whether other machines can drive the desk without a token.
    pub api_open: bool,
    /// Options of the command line that the command which repeats the session repeats.
    pub arguments: Vec<String>,
    /// The file that the desk was read from.
    pub scene: Option<OpenScene>,
    /// Whether `--resume` opens the desk again as it was left.
    pub resumes: bool,
    /// What saves the tape, where there is one.
    pub tape: Option<Saver>,
    /// What the terminal shows; `start` asks the environment, and the terminal itself, where nothing is said.
    pub theme: Option<theme::Theme>,
    /// The file of the user's own presets; `start` asks the environment where nothing is said.
    pub presets: Option<PathBuf>,
    /// What was wrong with the user's files, to be told.
    pub notes: Vec<String>,
    /// What has happened since the engine began, where somebody has listened; what happens from now on, else.
    pub happened: Option<Events>,
    /// What its user has chosen once and for all.
    pub config: Config,
    /// A tour to lead through, and whether it plays itself.
    pub tour: Option<(Tour, bool)>,
    /// The lines that were entered in earlier sessions, oldest first.
    pub history: Vec<String>,
    /// Ends the program: a signal, or a time that is over.
    pub until: Pending<()>,
    /// What other programs ask of the console's terminal; `start` listens to the process's signals, where the system has such.
    pub told: Told,
    /// Gives the terminal back, stops the process, and takes the terminal again when it goes on.
    pub suspend: fn() -> io::Result<()>,
    /// Takes the terminal again after others may have changed it.
    pub retake: fn() -> io::Result<()>,
    /// Tells the terminal what is not drawn; `start` writes it to standard output.
    pub tell: Tell,
}

/// What the process is told about its terminal from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromOutside {
    /// To stop, as by Ctrl-Z: somebody sent SIGTSTP.
    Suspend,
    /// It goes on after it was stopped, and others may have used the terminal: SIGCONT came.
    GoesOn,
    /// What the terminal's background is, where it says so only after the first frame.
    Background(theme::Ground),
}

/// What the process is told about its terminal, as it comes.
pub type Told = Pin<Box<dyn Stream<Item = FromOutside> + Send>>;

/// Why the console could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The terminal could not be set up.
    #[error("cannot set up the terminal")]
    Open(#[source] io::Error),
    /// Some thread panicked; what it said is printed already.
    #[error("the program has a fault of its own: what it said stands above")]
    Panicked,
    /// The terminal could not be drawn on, or told anything.
    #[error("cannot draw on the terminal")]
    Draw(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The keyboard could not be read.
    #[error("cannot read the keyboard")]
    Read(#[source] io::Error),
    /// The process could not be suspended.
    #[error("cannot suspend")]
    Suspend(#[source] io::Error),
}

/// Runs the console on the terminal of standard output until its user leaves, and gives the terminal back. The caller
/// prints the farewell and stops the engine.
pub async fn start<D>(desk: D, mut options: Options) -> Result<Farewell, RunError>
where
    D: Desk + Clone + Send + Sync + 'static,
{
    let variable = |name: &str| std::env::var(name).ok();
    let mut theme = options
        .theme
        .unwrap_or_else(|| theme::Theme::of_environment(variable));
    // A program that is given a look needs to ask for none, and where keys come from elsewhere no answer comes.
    let knows_osc = ask::knows_osc(variable);
    if !knows_osc {
        options.notes.push(ask::WITHOUT_OSC.to_owned());
    }
    let wants = options.theme.is_none();
    let asks = || {
        if !io::stdin().is_terminal() {
            return Ok(ask::Answers::default());
        }
        ask::ask(
            wants && knows_osc && theme.depth != theme::Depth::Mono,
            clock::now,
        )
    };
    if let Ok(keymap) = keymap::granted(&options.config.keys) {
        keymap::choose(keymap);
    }
    let (guard, screen, answers) =
        terminal::open(panics::is_contained, asks).map_err(RunError::Open)?;
    theme.ground = answers.ground.unwrap_or(theme.ground);
    options.theme = Some(theme);
    let file = || Some(preset::own::path(&folders::config()?));
    options.presets = options.presets.or_else(file);
    let told = options.until;
    options.until = Box::pin(async move {
        // Cancel-safe: whichever comes first ends the console.
        tokio::select! {
            () = told => {}
            () = terminal::panicked() => {}
        }
    });
    let (keyboard, late) = Keyboard::open(answers);
    let told = tty::told_from_outside().map_err(RunError::Open)?;
    options.told = Box::pin(select(told, late.map(FromOutside::Background)));
    if knows_osc {
        options.tell = Box::new(terminal::tell);
    }
    let farewell = run(screen, keyboard, desk, options).await;
    drop(guard);
    if terminal::panicked().now_or_never().is_some() {
        return Err(RunError::Panicked);
    }
    farewell
}

/// Runs the console until its user leaves. The terminal is set up and restored by the caller, who also stops the engine.
pub async fn run<B, E, D>(
    terminal: Terminal<B>,
    events: E,
    desk: D,
    options: Options,
) -> Result<Farewell, RunError>
where
    B: Backend<Error: Send + Sync + 'static>,
    E: Stream<Item = io::Result<Input>> + Unpin,
    D: Desk + Clone + Send + Sync + 'static,
{
    run::Console::new(terminal, events, desk, options)?
        .run()
        .await
}

/// What an event of the terminal means; `None` where it means nothing.
fn meaning(model: &Model, event: Input) -> Option<Action> {
    match event {
        Input::Key(key) if key.kind != KeyEventKind::Release => {
            Some(keymap::lookup(model.mode(), key))
        }
        Input::Paste(text) => Some(Action::Pasted(text)),
        Input::Mouse(event) if model.has_mouse => Some(Action::Mouse(event)),
        Input::FocusGained => Some(Action::Focused),
        Input::Resize(width, height) => {
            Some(Action::Resized(ratatui::layout::Size::new(width, height)))
        }
        Input::Key(_) | Input::Mouse(_) | Input::FocusLost => None,
    }
}

/// Listens on loopback, runs until its user leaves, suspends the terminal of standard output, and tells it nothing.
impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            api_open: false,
            arguments: Vec::new(),
            scene: None,
            resumes: true,
            tape: None,
            theme: None,
            presets: None,
            notes: Vec::new(),
            happened: None,
            config: Config::default(),
            tour: None,
            history: Vec::new(),
            until: Box::pin(std::future::pending()),
            told: Box::pin(futures_util::stream::pending()),
            suspend: terminal::suspend,
            retake: terminal::retake,
            tell: Box::new(|_| Ok(())),
        }
    }
}
