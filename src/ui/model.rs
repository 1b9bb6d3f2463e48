//! Everything that the console shows or remembers, as plain data.
//!
//! `update` is the only one that changes it, `view` only reads it. Nothing here draws, waits or talks to the engine, so
//! a test makes a model by hand and looks at what an action made of it.
//!
//! ```text
//!  Sampled(snapshot) ─► snapshot ─┐
//!                                 ├─ plan(id): what the knobs show
//!  keys ─► drafts ────────────────┘  (the draft until a snapshot shows it)
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Size;

use super::effect::Effect;
use super::find::{Finds, Place};
use super::format::RateUnit;
use super::input::InputLine;
use super::keymap::Mode;
use super::theme::Theme;
use crate::command::Command;
use crate::desk::Contact;
use crate::farewell::Farewell;
use crate::fault::{Directions, Own, Plan};
use crate::look::{Glyphs, Scheme};
use crate::request::Request;
use crate::snapshot::{ConnId, ProxyId, ProxyRow, Snapshot};

mod guide;
mod lines;
mod panes;
mod private;
mod settings;
mod sweeps;
pub(in crate::ui) mod undo;

pub use guide::Guide;
pub use lines::{Change, Content, Felt, Line, Passing, Said, Tone};
pub use panes::{
    Column, ConnList, Detail, EventList, Focus, Help, Holds, Overlay, Palette, PathField,
    PresetList, Sort, SortList, SweepPage, ValueField,
};
pub(in crate::ui) use private::{Asked, Dragged, Kept, Listed, Origin, Picked, Private, Turned};
pub use settings::{Side, TwoSettings};
pub use sweeps::{Sweeps, Swept};
use undo::{Edit, Held, Step, Swap};
pub use undo::{Solo, Undo};

/// How many lines of what happened are kept; the oldest go first.
pub const LOG_LEN: usize = 5_000;

/// How many changes of faults are kept.
const CHANGES_LEN: usize = 500;

/// The state of the console.
#[derive(Debug, Default)]
pub struct Model {
    /// The seed of every random choice of the run.
    pub seed: u64,
    /// The addresses that proxies listen on.
    pub bind: Vec<IpAddr>,
    /// Who can drive the desk beside its user.
    pub driven: Driven,
    /// How the desk stands to engines elsewhere, where it shows such.
    pub contact: Contact,
    /// What the screen looks like.
    pub theme: Theme,
    /// What the terminal shows where its user asks for nothing.
    pub terminal: Theme,
    /// Which colours its user asks for.
    pub scheme: Scheme,
    /// Which glyphs its user asks for.
    pub glyphs: Glyphs,
    /// Whether the mouse is used; else it selects text, as the terminal does.
    pub has_mouse: bool,
    /// The columns of the table of connections that its user wants, the most needed first; none where the view chooses.
    pub columns: Vec<String>,
    /// The time since the engine's start, as of the last event.
    pub now: Duration,
    /// The snapshot that is shown.
    pub snapshot: Arc<Snapshot>,
    /// Whether the screen is frozen, and what came since.
    pub frozen: Option<Frozen>,
    /// Whether nothing has moved and no key was pressed for a while: clock and ages lose their seconds.
    pub quiet: bool,
    /// How many events were lost because the console was too slow for them.
    pub lost: u64,
    /// Until when connections may end by themselves before the program ends, where it is about to.
    pub draining: Option<Duration>,

    /// The size of the terminal.
    pub size: Size,
    /// Which pane has the keys, where no overlay has them.
    pub focus: Focus,
    /// What lies over the panes; the last one has the keys.
    pub overlays: Vec<Overlay>,
    /// The selected proxy; may name one whose first snapshot is still to come.
    pub selected: Option<ProxyId>,
    /// The selected knob: an index into `knob::all()`.
    pub knob: usize,
    /// Which directions the keys turn.
    pub directions: Directions,
    /// What rates are shown in.
    pub rates: RateUnit,
    /// The marked proxies: what turns one of them turns them all.
    pub marked: BTreeSet<ProxyId>,
    /// Whether each strip has one row only, where the user has said so; else the room decides.
    pub compact: Option<bool>,
    /// The first strip that is visible, of those that are looked for.
    pub first_strip: usize,
    /// What is looked for in the lists.
    pub finds: Finds,
    /// The connections of the selected proxy.
    pub conns: ConnList,
    /// The line where proxies are added.
    pub input: InputLine,

    /// Plans that were set and that the snapshot does not show yet.
    pub drafts: BTreeMap<ProxyId, Draft>,
    /// The proxies that have two settings, and the one of them that does not act.
    pub settings: BTreeMap<ProxyId, TwoSettings>,
    /// What was set for single connections alone.
    pub owns: BTreeMap<ConnId, Own>,
    /// The changes of faults, oldest first.
    pub changes: VecDeque<Change>,
    /// What happened, oldest first.
    pub log: VecDeque<Line>,
    /// How many lines there have been so far.
    pub logged: u64,
    /// The last answer to the user.
    pub notice: Option<Line>,
    /// The faults that were climbed in this session, or are.
    pub sweeps: Sweeps,
    /// What can be undone and done again.
    pub undo: Undo,
    /// The proxy that the others are bypassed for.
    pub solo: Option<Solo>,
    /// Whether the desk can be had again by `--resume` when it was left.
    pub resumes: bool,
    /// What is done by itself, each at its time, the next first.
    pub timeline: VecDeque<(Duration, Command)>,
    /// The tour that the audience is led through, and where it is.
    pub guide: Option<Guide>,

    /// What only `update` needs.
    pub(super) private: Private,
}

/// A frozen screen.
#[derive(Debug)]
pub struct Frozen {
    /// The moment from which on nothing moves on it.
    pub since: Duration,
    /// The newest snapshot, which is not shown.
    pub latest: Arc<Snapshot>,
    /// What happened since; at most `LOG_LEN` lines.
    pub held: VecDeque<Line>,
}

/// A plan that was set: it is what the knobs show until a snapshot shows it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The plan that was set.
    pub plan: Plan,
    /// The number of the command that carries it.
    pub(super) ticket: u64,
    /// When the engine answered.
    pub(super) answered: Option<Duration>,
}

/// Who can drive the desk by its API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driven {
    /// Nobody, or whom its guard lets in.
    #[default]
    Guarded,
    /// Every machine that reaches it.
    ByAll,
}

// === impl Model ===

impl Model {
    /// A console that knows nothing yet; the keys are in the input line until there is a proxy.
    #[must_use]
    pub fn new(seed: u64, bind: Vec<IpAddr>, size: Size) -> Self {
        Self {
            seed,
            bind,
            size,
            focus: Focus::Input,
            has_mouse: true,
            resumes: true,
            ..Self::default()
        }
    }

    /// When something is done by itself next: by a tour that plays itself, or because a scene says so.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let played = self.guide.as_ref().and_then(Guide::due);
        let next = self.timeline.front().map(|(at, _)| *at);
        played.into_iter().chain(next).min()
    }

    /// Whether the seed of the run is known: of engines elsewhere, where one has told.
    #[must_use]
    pub fn has_seed(&self) -> bool {
        let mut peers = self.contact.peers.iter();
        !self.contact.is_remote() || peers.any(|peer| peer.seed.is_some())
    }

    /// A proxy's row and its place, counted from 0.
    #[must_use]
    pub fn proxy(&self, id: ProxyId) -> Option<(usize, &ProxyRow)> {
        self.snapshot
            .proxies
            .iter()
            .enumerate()
            .find(|(_, row)| row.id == id)
    }

    /// The proxies that are looked for, each with its place among all of them, counted from 0.
    pub fn strips(&self) -> impl Iterator<Item = (usize, &ProxyRow)> {
        let find = self.finds.of(Place::Strips);
        let rows = self.snapshot.proxies.iter().enumerate();
        rows.filter(move |(_, row)| {
            find.is_empty() || find.takes_proxy(row, self.plan(row.id).unwrap_or(&row.plan))
        })
    }

    /// The selected proxy's row.
    #[must_use]
    pub fn selected_row(&self) -> Option<&ProxyRow> {
        self.proxy(self.selected?).map(|(_, row)| row)
    }

    /// The plan that a proxy's strip shows: what was set last, even where the snapshot does not show it yet.
    #[must_use]
    pub fn plan(&self, id: ProxyId) -> Option<&Plan> {
        match self.drafts.get(&id) {
            Some(draft) => Some(&draft.plan),
            None => self.proxy(id).map(|(_, row)| &*row.plan),
        }
    }

    /// Which of a proxy's two settings acts, where it has two.
    #[must_use]
    pub fn side(&self, id: ProxyId) -> Option<Side> {
        self.settings.get(&id).map(|two| two.side)
    }

    /// The plan that a proxy's strip shows, in the values of this moment where time moves them.
    #[must_use]
    pub fn present<'a>(&'a self, row: &'a ProxyRow) -> &'a Plan {
        match (self.drafts.get(&row.id), &row.present) {
            (Some(draft), _) => &draft.plan,
            (None, Some(present)) => present,
            (None, None) => &row.plan,
        }
    }

    /// The changes of a proxy's faults, oldest first.
    #[must_use]
    pub fn changes_of(&self, id: ProxyId) -> impl DoubleEndedIterator<Item = &Change> {
        let changes = self.changes.iter();
        changes.filter(move |change| change.proxies.contains(&id))
    }

    /// A line with what it refers to; `None` where the change that it tells of is no longer kept.
    #[must_use]
    pub fn said<'a>(&'a self, line: &'a Line) -> Option<Said<'a>> {
        let at = line.at;
        match &line.content {
            Content::Change(number) => {
                let mut changes = self.changes.iter().rev();
                let change = changes.find(|change| change.number == *number)?;
                Some(Said {
                    at,
                    ..change.said()
                })
            }
            Content::Text { proxy, text, tone } => Some(Said {
                at,
                change: None,
                proxy,
                text,
                tone: *tone,
                passing: None,
            }),
            Content::Passing { proxy, text, what } => Some(Said {
                at,
                change: None,
                proxy,
                text,
                tone: what.tone(),
                passing: Some(*what),
            }),
        }
    }

    /// What holds for one connection alone.
    #[must_use]
    pub fn own(&self, conn: ConnId) -> Own {
        self.owns.get(&conn).cloned().unwrap_or_default()
    }

    /// The connection that is looked at closely.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        let mut overlays = self.overlays.iter().rev();
        overlays.find_map(|overlay| match overlay {
            Overlay::Conn(detail) => Some(&**detail),
            _ => None,
        })
    }

    /// What takes the whole screen.
    #[must_use]
    pub fn page(&self) -> Option<&Overlay> {
        self.overlays.iter().rfind(|overlay| overlay.is_page())
    }

    /// The sweep that is looked at and goes on: any key ends it.
    #[must_use]
    pub fn climbing(&self) -> Option<&Swept> {
        let Some(Overlay::Sweep(page)) = self.overlays.last() else {
            return None;
        };
        let swept = self.sweeps.of(page.number)?;
        swept.curve.ended.is_none().then_some(swept)
    }

    /// The lines of what happened that are looked for, the newest first, up to this one.
    pub fn found_lines(&self, until: Option<u64>) -> impl Iterator<Item = Said<'_>> {
        let find = self.finds.of(Place::Events);
        let newer = until.map_or(0, |until| self.logged.saturating_sub(until));
        let newer = usize::try_from(newer).unwrap_or(usize::MAX);
        let lines = self.log.iter().rev().skip(newer);
        let lines = lines.filter_map(|line| self.said(line));
        lines.filter(|said| find.is_empty() || find.takes_line(said))
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.newest().proxies.iter().map(|row| row.open).sum()
    }

    /// What has the keys.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match (self.overlays.last(), self.focus) {
            (Some(Overlay::Help(_)), _) => Mode::Help,
            (Some(Overlay::Value(_)), _) => Mode::Value,
            (Some(Overlay::Path(_)), _) => Mode::Path,
            (Some(Overlay::Presets(_)), _) => Mode::Presets,
            (Some(Overlay::Palette(_)), _) => Mode::Palette,
            (Some(Overlay::Find(_)), _) => Mode::Find,
            (Some(Overlay::Sort(_)), _) => Mode::Sort,
            (Some(Overlay::Conn(_)), _) => Mode::Detail,
            (Some(Overlay::Strip), _) => Mode::Strip,
            (Some(Overlay::Events(_)), _) => Mode::Events,
            (Some(Overlay::Findings(_)), _) => Mode::Findings,
            (Some(Overlay::Sweep(_)), _) => Mode::Sweep,
            (Some(Overlay::Presenter), _) => Mode::Presenter,
            (Some(Overlay::Knobs), _) => Mode::Knobs,
            (Some(Overlay::Quit), _) => Mode::Quit,
            (Some(Overlay::Delete(_) | Overlay::ResetAll(_) | Overlay::Suspend), _) => {
                Mode::Confirm
            }
            (None, Focus::Mixer) => Mode::Mixer,
            (None, Focus::Connections) => Mode::Connections,
            (None, Focus::Input) => Mode::Input,
        }
    }

    /// The time that the screen shows, since the engine's start: a frozen one stands still.
    #[must_use]
    pub fn shown_at(&self) -> Duration {
        match &self.frozen {
            Some(_) => self.snapshot.at,
            // What was stands still until it is known what is.
            None if self.is_out_of_contact() => self.snapshot.at,
            None => self.now.max(self.snapshot.at),
        }
    }

    /// Whether nothing of what is shown is known to be so still.
    #[must_use]
    pub fn is_out_of_contact(&self) -> bool {
        self.contact.is_remote() && self.contact.lost().count() == self.contact.peers.len()
    }

    /// The newest snapshot, shown or not.
    #[must_use]
    pub fn newest(&self) -> &Snapshot {
        self.frozen
            .as_ref()
            .map_or(&self.snapshot, |frozen| &frozen.latest)
    }

    /// A key was pressed, or a byte moved.
    pub(in crate::ui) fn wake(&mut self) {
        self.private.woken = self.now;
        self.quiet = false;
    }

    /// The number of the next command.
    pub(in crate::ui) fn ticket(&mut self) -> u64 {
        self.private.tickets += 1;
        self.private.tickets
    }

    /// Something must happen outside, after what the same action has caused already.
    pub(in crate::ui) fn cause(&mut self, effect: Effect) {
        self.private.effects.push(effect);
    }

    /// Asks the engine for something; returns the number of the command.
    pub(in crate::ui) fn ask(&mut self, request: Request) -> u64 {
        let ticket = self.ticket();
        self.cause(Effect::Ask(ticket, request));
        ticket
    }

    /// The proxies that the keys turn together with this one: all marked ones where it is marked, else itself.
    pub(in crate::ui) fn group(&self, id: ProxyId) -> Vec<ProxyId> {
        if self.marked.contains(&id) {
            self.marked.iter().copied().collect()
        } else {
            vec![id]
        }
    }

    /// Whether a proxy is there, or about to be in a snapshot.
    pub(in crate::ui) fn knows(&self, id: ProxyId) -> bool {
        self.proxy(id).is_some() || self.private.awaited.contains(&id)
    }

    /// A proxy's name.
    pub(in crate::ui) fn name(&self, id: ProxyId) -> String {
        self.proxy(id)
            .map_or_else(|| "new proxy".to_owned(), |(_, row)| row.name.clone())
    }

    /// What leaving says of the session; the command that repeats it has these options.
    pub(in crate::ui) fn farewell(&self, arguments: Vec<String>) -> Farewell {
        let rows = &self.newest().proxies;
        let (connections, bytes) = self.private.gone;
        let proxy = |row: &ProxyRow| {
            // What is set before a sweep is set again when the engine ends.
            let swept = self.sweeps.running(row.id);
            let before = swept.and_then(|swept| swept.before.as_deref());
            let plan = before.or(self.plan(row.id)).unwrap_or(&row.plan);
            Farewell::proxy(row, plan)
        };
        Farewell {
            lasted: self.now,
            connections: connections + rows.iter().map(|row| row.total).sum::<u64>(),
            bytes: rows.iter().fold(bytes, |sum, row| sum.plus(row.bytes)),
            seed: self.seed,
            arguments,
            used: self.private.used.clone(),
            proxies: rows.iter().map(proxy).collect(),
            history: self.input.history.clone(),
        }
    }

    /// Answers the user in one line.
    pub(in crate::ui) fn say(&mut self, tone: Tone, text: impl AsRef<str>) {
        self.notice = Some(Line::new(self.now, "", text.as_ref(), tone));
    }

    /// Gives a text to the terminal's clipboard and says which. Whether the terminal took it cannot be known.
    pub(in crate::ui) fn copy(&mut self, text: String) {
        let said = format!("copied {text}, if the terminal allows it (OSC 52)");
        self.say(Tone::Good, said);
        self.cause(Effect::Copy(text));
    }

    /// The engine did what nobody asked it for.
    pub(in crate::ui) fn unasked(&mut self) {
        let text = "the engine did what nobody asked for: please report this";
        self.say(Tone::Trouble, text);
    }

    /// Adds a line of what happened; a frozen screen keeps those aside that tell of no change by the user.
    pub(in crate::ui) fn log(&mut self, line: Line) {
        let is_own = matches!(line.content, Content::Change(number) if self.is_own(number));
        let log = if let Some(frozen) = self.frozen.as_mut().filter(|_| !is_own) {
            &mut frozen.held
        } else {
            self.logged += 1;
            &mut self.log
        };
        log.push_back(line);
        if log.len() > LOG_LEN {
            log.pop_front();
        }
    }

    /// Keeps edits as one step that can be undone, after which this proxy acts alone, or none does.
    pub(in crate::ui) fn keep_step(
        &mut self,
        edits: Vec<Edit>,
        solo: Option<Solo>,
        held: Option<Held>,
    ) {
        let before = std::mem::replace(&mut self.solo, solo.clone());
        if !edits.is_empty() {
            let solo = Swap {
                before,
                after: solo,
            };
            self.undo.push(Step {
                edits,
                solo,
                held,
                at: self.now,
            });
        }
    }

    /// Whether the user has made the change of this number.
    fn is_own(&self, number: u32) -> bool {
        let mut changes = self.changes.iter().rev();
        let change = changes.find(|change| change.number == number);
        change.is_some_and(|change| change.by.is_own())
    }

    /// Keeps a change by the user: as the answer to it, as a line of what happened, as a mark in the charts.
    pub(in crate::ui) fn keep(&mut self, change: Change) {
        self.notice = Some(Line::of_change(change.at, change.number));
        self.mark(change);
    }

    /// Keeps a change: as a line of what happened, as a mark in the charts.
    pub(in crate::ui) fn mark(&mut self, change: Change) {
        let line = Line::of_change(change.at, change.number);
        self.changes.push_back(change);
        self.log(line);
        if self.changes.len() > CHANGES_LEN {
            self.changes.pop_front();
        }
    }
}
