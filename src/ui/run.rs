//! The console's loop: waits for keys, for the engine and for the time to draw, and has the model updated and drawn.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::Event as Input;
use futures_util::stream::{Fuse, FusedStream as _, FuturesUnordered};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tokio::sync::watch;

use super::action::{Action, Answer};
use super::effect::{Effect, ToTerminal};
use super::files;
use super::model::{Driven, Guide, Model};
use super::pace::{Dirt, Pace};
use super::{FromOutside, Options, RunError, meaning, update, view};
use crate::desk::{Contact, Desk, Events, Pending, Told};
use crate::farewell::Farewell;
use crate::request::Request;
use crate::snapshot::{Happening, ProxyId, Snapshot};

/// So many events are taken before the screen is looked at again, lest a flood of them hide it.
const DRAIN: usize = 256;

/// The console while it runs.
pub(super) struct Console<B: Backend, E, D> {
    terminal: Terminal<B>,
    events: Fuse<E>,
    desk: D,
    options: Options,
    model: Model,
    pace: Pace,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    happenings: Events,
    contact: watch::Receiver<Contact>,
    /// Whether it can still be told of another contact.
    has_contact: bool,
    /// Commands on their way; as many as the user has given and the engine has not answered yet.
    answers: FuturesUnordered<Pending<Answer>>,
    /// Effects of this round: of several plans for one proxy, the last one.
    effects: VecDeque<Effect>,
    /// The title that the terminal's window has.
    title: String,
    /// Whether the engine still tells something.
    listens: bool,
    leaves: bool,
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
        if options.api_open {
            model.driven = Driven::ByAll;
        }
        model.terminal = options.theme.unwrap_or_default();
        let config = &options.config;
        (model.scheme, model.glyphs) = (config.scheme, config.glyphs);
        model.has_mouse = config.mouse;
        model.resumes = options.resumes;
        model.columns.clone_from(&config.columns);
        model.input.history = std::mem::take(&mut options.history);
        model.theme = model.terminal.wished(model.scheme, model.glyphs);
        let mut happenings = options.happened.take().unwrap_or_else(|| desk.events());
        for told in happenings.drain() {
            match told {
                // The first frame shows which ports there are.
                Told::Event(event) if matches!(event.what, Happening::Listening { .. }) => {}
                Told::Event(event) => drop(update::update(&mut model, Action::Happened(event))),
                Told::Lost(events) => drop(update::update(&mut model, Action::Lost(events))),
                Told::Ended => {}
            }
        }
        update::note(&mut model, &options.notes);
        if let Some(scene) = options.scene.take() {
            update::begin_with(&mut model, scene);
        }
        let guide = options.tour.take();
        model.guide = guide.map(|(tour, plays)| Guide::new(Arc::new(tour), plays));
        let mut contact = desk.contact();
        model.contact = contact.borrow_and_update().clone();
        model.resumes &= !model.contact.is_remote();
        let mut snapshots = desk.snapshots();
        snapshots.mark_changed();
        Ok(Self {
            terminal,
            events: events.fuse(),
            options,
            model,
            pace: Pace::new(),
            snapshots,
            happenings,
            contact,
            has_contact: true,
            answers: FuturesUnordered::new(),
            effects: VecDeque::new(),
            title: String::new(),
            listens: true,
            leaves: false,
            desk,
        })
    }

    /// Runs until the user leaves.
    pub(super) async fn run(mut self) -> Result<Farewell, RunError> {
        if self.model.has_mouse {
            self.tell(&ToTerminal::Mouse(true))?;
        }
        self.drain().await?;
        loop {
            self.draw_if_due()?;
            if self.leaves {
                return Ok(self.model.farewell(self.options.arguments));
            }
            self.next().await?;
            self.drain().await?;
        }
    }

    /// Waits for what comes first, and takes it.
    async fn next(&mut self) -> Result<(), RunError> {
        let due = self.model.due();
        let due = due.map_or(Duration::MAX, |due| due.saturating_sub(self.model.now));
        let wait = self.pace.wait(&self.model).min(due);
        // Keys come first: the drain after each round takes what else is ready, so none of the arms starves.
        tokio::select! {
            biased;
            // Cancel-safe: the future is kept and polled on.
            () = &mut self.options.until => self.update(Action::Terminated, Dirt::Key),
            // Cancel-safe: a stream's item is taken only when it is ready.
            Some(told) = self.options.told.next() => self.obey(told)?,
            // Cancel-safe: as above.
            input = self.events.next(), if !self.events.is_terminated() => self.input(input)?,
            // Cancel-safe: as above; the futures stay in the set.
            Some(answer) = self.answers.next() => self.answered(answer),
            // Cancel-safe: marks a snapshot as seen only when it is ready.
            changed = self.snapshots.changed(), if self.listens => match changed {
                Ok(()) => self.sample(),
                Err(_) => self.listens = false,
            },
            // Cancel-safe: as above.
            changed = self.contact.changed(), if self.has_contact => match changed {
                Ok(()) => self.contacted(),
                Err(_) => self.has_contact = false,
            },
            // Cancel-safe: takes an event only when it is ready.
            told = self.happenings.next(), if self.listens => self.happened(told),
            // Cancel-safe: the next round counts anew.
            () = tokio::time::sleep(wait) => self.update(Action::Tick, Dirt::None),
        }
        self.model.now = self.desk.now();
        let due = self.model.due();
        if due.is_some_and(|due| due <= self.model.now) {
            self.update(Action::PlayOn, Dirt::Key);
        }
        Ok(())
    }

    /// An event of the terminal; `None` where there will be no more.
    fn input(&mut self, input: Option<io::Result<Input>>) -> Result<(), RunError> {
        match input.transpose().map_err(RunError::Read)? {
            Some(input) => {
                if let Some(action) = meaning(&self.model, input) {
                    self.update(action, Dirt::Key);
                }
                if self.model.contact.lost().next().is_some() {
                    self.desk.try_now();
                }
            }
            // Nobody can press a key any more.
            None => self.update(Action::Terminated, Dirt::None),
        }
        Ok(())
    }

    fn obey(&mut self, told: FromOutside) -> Result<(), RunError> {
        match told {
            FromOutside::Suspend => self.effects.push_back(Effect::Suspend),
            FromOutside::Background(ground) => self.update(Action::Background(ground), Dirt::Key),
            FromOutside::GoesOn => {
                (self.options.retake)().map_err(RunError::Suspend)?;
                self.repaint()?;
            }
        }
        Ok(())
    }

    fn happened(&mut self, told: Told) {
        match told {
            Told::Event(event) => self.update(Action::Happened(event), Dirt::Data),
            Told::Lost(events) => self.update(Action::Lost(events), Dirt::Data),
            Told::Ended => self.listens = false,
        }
    }

    /// Takes what else is ready, then carries out the effects of all of it.
    async fn drain(&mut self) -> Result<(), RunError> {
        for _ in 0..DRAIN {
            if self.events.is_terminated() {
                break;
            }
            match ready(&mut self.events).await {
                Poll::Ready(input) => self.input(input)?,
                Poll::Pending => break,
            }
        }
        let waiting: Vec<Told> = self.happenings.drain().take(DRAIN).collect();
        for told in waiting {
            self.happened(told);
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

    /// Takes the newest snapshot. What only grew older is not drawn while the console is quiet, nor while it is frozen; a
    /// connection that leaves its list is.
    fn sample(&mut self) {
        let snapshot = self.snapshots.borrow_and_update().clone();
        let listed = self.model.snapshot.ended.len();
        self.update(Action::Sampled(snapshot), Dirt::None);
        let moves = !self.model.quiet || self.model.snapshot.ended.len() != listed;
        if moves && self.model.frozen.is_none() {
            self.pace.touch(Dirt::Data);
        }
    }

    fn contacted(&mut self) {
        let contact = self.contact.borrow_and_update().clone();
        self.update(Action::Contact(contact), Dirt::Key);
    }

    fn update(&mut self, action: Action, dirt: Dirt) {
        self.model.now = self.desk.now();
        for mut effect in update::update(&mut self.model, action) {
            let planned = plan_of(&effect);
            let is_older = |older: &Effect| planned.is_some() && plan_of(older) == planned;
            let older = self.effects.iter().position(is_older);
            if let Some(overtaken) = older.and_then(|place| self.effects.remove(place)) {
                begin_where(&overtaken, &mut effect);
            }
            self.effects.push_back(effect);
        }
        self.pace.touch(dirt);
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<(), RunError> {
        match effect {
            Effect::Quit => self.leaves = true,
            Effect::Copy(text) => self.tell(&ToTerminal::Copy(text))?,
            Effect::Mouse(on) => self.tell(&ToTerminal::Mouse(on))?,
            Effect::Repaint => self.repaint()?,
            Effect::Suspend => {
                (self.options.suspend)().map_err(RunError::Suspend)?;
                self.repaint()?;
            }
            Effect::Ask(ticket, request) => {
                let asked = self.desk.ask(request);
                let mut answer: Pending<Answer> =
                    Box::pin(async move { Answer::Engine(ticket, asked.await.map_err(Arc::new)) });
                // The first poll is what gives the command: commands keep the order of the keys.
                match poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
                    Poll::Ready(answer) => self.answered(answer),
                    Poll::Pending => self.answers.push(answer),
                }
            }
            Effect::WriteScene {
                file,
                text,
                replaces,
            } => {
                let result = files::write(&file, &text, replaces);
                self.answered(Answer::SceneWritten { file, result });
            }
            Effect::WriteSweep {
                file,
                text,
                replaces,
            } => {
                let result = files::write(&file, &text, replaces);
                self.answered(Answer::SweepWritten { file, result });
            }
            Effect::SaveTape { file, replaces } => self.save_tape(file, replaces),
            Effect::KeepPreset { name, faults } => {
                let file = self.options.presets.as_deref();
                let result = files::keep_preset(file, &name, &faults);
                self.answered(Answer::PresetKept { name, result });
            }
            Effect::ReadScene(file) => {
                let text = files::read(&file);
                self.answered(Answer::SceneRead { file, text });
            }
        }
        Ok(())
    }

    fn save_tape(&self, file: PathBuf, replaces: bool) {
        let tape = self.options.tape.clone();
        self.answers.push(Box::pin(async move {
            let result = match tape {
                Some(tape) => tape.save(file.clone(), replaces).await,
                None => Err("no tape is kept here".to_owned()),
            };
            Answer::TapeSaved { file, result }
        }));
    }

    fn answered(&mut self, answer: Answer) {
        self.update(Action::Answered(answer), Dirt::Key);
    }

    fn tell(&mut self, what: &ToTerminal) -> Result<(), RunError> {
        (self.options.tell)(what).map_err(draw_error)
    }

    /// Draws the next frame from nothing. `Terminal::clear` would do, but it asks the terminal where its cursor is and
    /// waits for the answer, which the keyboard's stream would take for keys.
    fn repaint(&mut self) -> Result<(), RunError> {
        self.title.clear();
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
            let title = view::title(model);
            if title != self.title {
                self.title.clone_from(&title);
                self.tell(&ToTerminal::Title(title))?;
            }
        }
        Ok(())
    }
}

/// Lets a plan that overtakes another one begin where that one began.
fn begin_where(overtaken: &Effect, later: &mut Effect) {
    if let Effect::Ask(_, Request::SetPlan { before: first, .. }) = overtaken
        && let Effect::Ask(_, Request::SetPlan { before, .. }) = later
    {
        before.clone_from(first);
    }
}

/// Whose plan an effect sets.
fn plan_of(effect: &Effect) -> Option<ProxyId> {
    match effect {
        Effect::Ask(_, Request::SetPlan { proxy, .. }) => Some(*proxy),
        Effect::Ask(..)
        | Effect::WriteScene { .. }
        | Effect::WriteSweep { .. }
        | Effect::SaveTape { .. }
        | Effect::ReadScene(_)
        | Effect::Copy(_)
        | Effect::KeepPreset { .. }
        | Effect::Mouse(_)
        | Effect::Quit
        | Effect::Suspend
        | Effect::Repaint => None,
    }
}

/// What a stream has ready now. It is polled with the waker of the console's own task: crossterm wakes only whoever asked
/// first, so a look with a waker that does nothing would lose the next key until something else came.
async fn ready<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    poll_fn(|context| Poll::Ready(stream.poll_next_unpin(context))).await
}

fn draw_error(error: impl std::error::Error + Send + Sync + 'static) -> RunError {
    RunError::Draw(Box::new(error))
}
