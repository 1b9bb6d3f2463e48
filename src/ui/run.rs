//! The loop: takes what comes, updates, draws once.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use crossterm::event::Event as Input;
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tokio::sync::watch;

use super::action::Action;
use super::effect::{self, Desk, Effect, Events, Pending, Told};
use super::farewell::Farewell;
use super::model::Model;
use super::pace::{Dirt, Pace};
use super::{FromOutside, Options, RunError, meaning, update, view};
use crate::request::Request;
use crate::snapshot::{ProxyId, Snapshot};

/// So many events are taken before the screen is looked at again, lest a flood of them hide it.
const DRAIN: usize = 256;

/// The console while it runs.
pub(super) struct Console<B: Backend, E, D> {
    terminal: Terminal<B>,
    /// `None` once it has ended.
    events: Option<E>,
    desk: D,
    options: Options,
    model: Model,
    pace: Pace,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    happenings: Events,
    /// Commands on their way; as many as the user has given and the engine has not answered yet.
    answers: FuturesUnordered<Pending<Action>>,
    /// Effects of this round: of several plans for one proxy, the last one.
    effects: VecDeque<Effect>,
    /// Whether the engine still tells something.
    listens: bool,
    leaves: bool,
}

/// What came first.
enum Came {
    Input(Option<io::Result<Input>>),
    Action(Action),
    Told(FromOutside),
    Happened(Told),
    Sampled(Result<(), watch::error::RecvError>),
}

impl<B, E, D> Console<B, E, D>
where
    B: Backend<Error: Send + Sync + 'static>,
    E: Stream<Item = io::Result<Input>> + Unpin,
    D: Desk + Clone + Send + Sync + 'static,
{
    /// A console on this terminal.
    pub(super) fn new(
        terminal: Terminal<B>,
        events: E,
        desk: D,
        mut options: Options,
    ) -> Result<Self, RunError> {
        let size = terminal.size().map_err(draw_error)?;
        let mut model = Model::new(options.seed, options.bind.clone(), size);
        model.input.history = std::mem::take(&mut options.history);
        model.theme = options.theme.unwrap_or_default();
        if let Some((file, problems)) = options.scene.take() {
            update::begin_with(&mut model, file, problems);
        }
        let happenings = desk.events();
        let mut snapshots = desk.snapshots();
        snapshots.mark_changed();
        Ok(Self {
            terminal,
            events: Some(events),
            options,
            model,
            pace: Pace::new(),
            snapshots,
            happenings,
            answers: FuturesUnordered::new(),
            effects: VecDeque::new(),
            listens: true,
            leaves: false,
            desk,
        })
    }

    /// Runs until the user leaves.
    pub(super) async fn run(mut self) -> Result<Farewell, RunError> {
        self.drain().await?;
        loop {
            self.draw_if_due()?;
            if self.leaves {
                return Ok(Farewell::of(&self.model, self.options.arguments));
            }
            let came = self.next().await;
            self.take(came)?;
            self.drain().await?;
        }
    }

    /// Waits for what comes first.
    async fn next(&mut self) -> Came {
        let wait = self.pace.wait(&self.model);
        // Keys come first: the drain after each round takes what else is ready, so none of the arms starves.
        tokio::select! {
            biased;
            // Cancel-safe: the future is kept and polled on.
            () = &mut self.options.until => Came::Action(Action::Terminated),
            // Cancel-safe: a stream's item is taken only when it is ready.
            Some(told) = self.options.told.next() => Came::Told(told),
            // Cancel-safe: as above.
            input = next_input(&mut self.events) => Came::Input(input),
            // Cancel-safe: as above; the futures stay in the set.
            Some(action) = self.answers.next() => Came::Action(action),
            // Cancel-safe: marks a snapshot as seen only when it is ready.
            changed = self.snapshots.changed(), if self.listens => Came::Sampled(changed),
            // Cancel-safe: takes an event only when it is ready.
            told = self.happenings.next(), if self.listens => Came::Happened(told),
            // Cancel-safe: the next round counts anew.
            () = tokio::time::sleep(wait) => Came::Action(Action::Tick),
        }
    }

    fn take(&mut self, came: Came) -> Result<(), RunError> {
        match came {
            Came::Input(Some(Ok(input))) => {
                if let Some(action) = meaning(&self.model, input) {
                    self.update(action, Dirt::Key);
                }
            }
            Came::Input(Some(Err(error))) => return Err(RunError::Read(error)),
            // Nobody can press a key any more.
            Came::Input(None) => {
                self.events = None;
                self.update(Action::Terminated, Dirt::None);
            }
            Came::Told(FromOutside::Suspend) => self.effects.push_back(Effect::Suspend),
            Came::Told(FromOutside::GoesOn) => {
                (self.options.retake)().map_err(RunError::Suspend)?;
                self.repaint()?;
            }
            Came::Action(action) => {
                let is_tick = matches!(action, Action::Tick);
                self.update(action, if is_tick { Dirt::None } else { Dirt::Key });
            }
            Came::Happened(Told::Event(event)) => self.update(Action::Happened(event), Dirt::Data),
            Came::Happened(Told::Lost(events)) => self.update(Action::Lost(events), Dirt::Data),
            Came::Happened(Told::Ended) | Came::Sampled(Err(_)) => self.listens = false,
            Came::Sampled(Ok(())) => self.sample(),
        }
        Ok(())
    }

    /// Takes what else is ready, then carries out the effects of all of it.
    async fn drain(&mut self) -> Result<(), RunError> {
        for _ in 0..DRAIN {
            match ready_input(&mut self.events).await {
                Poll::Ready(input) => self.take(Came::Input(input))?,
                Poll::Pending => break,
            }
        }
        let waiting: Vec<Told> = self.happenings.drain().take(DRAIN).collect();
        for told in waiting {
            self.take(Came::Happened(told))?;
        }
        if self.snapshots.has_changed().unwrap_or(false) {
            self.sample();
        }
        if self.waits_for_a_frame() {
            return Ok(());
        }
        while let Some(effect) = self.effects.pop_front() {
            self.carry_out(effect).await?;
        }
        Ok(())
    }

    /// Whether all that is to be done is to change settings, and the screen shows no newer ones yet: a key that is held
    /// changes them once a frame, however fast it repeats.
    fn waits_for_a_frame(&mut self) -> bool {
        let changes = |effect: &Effect| plan_of(effect).is_some();
        self.effects.iter().all(changes) && !self.pace.wait(&self.model).is_zero()
    }

    /// Takes the newest snapshot. What only grew older is not drawn while the console is quiet, nor while it is frozen.
    fn sample(&mut self) {
        let snapshot = self.snapshots.borrow_and_update().clone();
        self.update(Action::Sampled(snapshot), Dirt::None);
        if !self.model.quiet && self.model.frozen.is_none() {
            self.pace.touch(Dirt::Data);
        }
    }

    fn update(&mut self, action: Action, dirt: Dirt) {
        self.model.now = self.desk.now();
        for effect in update::update(&mut self.model, action) {
            let planned = plan_of(&effect);
            let overtakes = |older: &Effect| planned.is_some() && plan_of(older) == planned;
            self.effects.retain(|older| !overtakes(older));
            self.effects.push_back(effect);
        }
        self.pace.touch(dirt);
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<(), RunError> {
        match effect {
            Effect::Quit => self.leaves = true,
            Effect::Repaint => self.repaint()?,
            Effect::Suspend => {
                (self.options.suspend)().map_err(RunError::Suspend)?;
                self.repaint()?;
            }
            effect => {
                let Some(mut pending) = effect::carry_out(&self.desk, effect) else {
                    return Ok(());
                };
                // The first poll is what gives the command: commands keep the order of the keys.
                let first = poll_fn(|context| Poll::Ready(pending.as_mut().poll(context))).await;
                match first {
                    Poll::Ready(action) => self.update(action, Dirt::Key),
                    Poll::Pending => self.answers.push(pending),
                }
            }
        }
        Ok(())
    }

    /// Draws the next frame from nothing. `Terminal::clear` would do, but it asks the terminal where its cursor is and
    /// waits for the answer, which the keyboard's stream would take for keys.
    fn repaint(&mut self) -> Result<(), RunError> {
        let size = self.terminal.size().map_err(draw_error)?;
        let whole = Rect::from((Position::ORIGIN, size));
        self.terminal.resize(whole).map_err(draw_error)?;
        self.update(Action::Resized(size), Dirt::Key);
        Ok(())
    }

    fn draw_if_due(&mut self) -> Result<(), RunError> {
        self.model.now = self.desk.now();
        if self.pace.wait(&self.model).is_zero() && !self.leaves {
            let model = &self.model;
            let drawn = self.terminal.draw(|frame| view::draw(model, frame));
            drawn.map_err(draw_error)?;
            self.pace.drawn(&self.model);
        }
        Ok(())
    }
}

/// Whose plan an effect sets.
fn plan_of(effect: &Effect) -> Option<ProxyId> {
    match effect {
        Effect::Ask(_, Request::SetPlan { proxy, .. }) => Some(*proxy),
        _ => None,
    }
}

/// The terminal's next event; never one once it has ended.
async fn next_input<E>(events: &mut Option<E>) -> Option<io::Result<Input>>
where
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

/// What the terminal has ready now. The stream is polled with the waker of the console's own task: crossterm wakes only
/// whoever asked first, so a look with a waker that does nothing would lose the next key until something else came.
async fn ready_input<E>(events: &mut Option<E>) -> Poll<Option<io::Result<Input>>>
where
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    poll_fn(|context| {
        Poll::Ready(match events {
            Some(events) => events.poll_next_unpin(context),
            None => Poll::Pending,
        })
    })
    .await
}

fn draw_error(error: impl std::error::Error + Send + Sync + 'static) -> RunError {
    RunError::Draw(Box::new(error))
}
