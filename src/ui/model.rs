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

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Size;

use super::input::{Field, InputLine};
use super::theme::Theme;
use super::undo::Undo;
use crate::fault::{Directions, Plan};
use crate::snapshot::{ConnId, ConnRow, ProxyId, ProxyRow, Snapshot};
use crate::syntax::ParseError;

/// How many lines of what happened are kept; the oldest go first.
pub const LOG_LEN: usize = 500;

/// How many marks of a proxy are kept; older ones have left its charts.
pub const MARKS_LEN: usize = 32;

/// The state of the console.
#[derive(Debug)]
pub struct Model {
    /// The seed of every random choice of the run.
    pub seed: u64,
    /// The addresses that proxies listen on.
    pub bind: Vec<IpAddr>,
    /// What the screen looks like.
    pub theme: Theme,
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
    /// The first strip that is visible: an index into `snapshot.proxies`.
    pub first_strip: usize,
    /// The connections of the selected proxy.
    pub conns: ConnList,
    /// The line where proxies are added.
    pub input: InputLine,

    /// Plans that were set and that the snapshot does not show yet.
    pub drafts: BTreeMap<ProxyId, Draft>,
    /// The changes of each proxy's faults, oldest first, for its charts.
    pub marks: BTreeMap<ProxyId, VecDeque<Mark>>,
    /// What happened, oldest first.
    pub log: VecDeque<LogLine>,
    /// The last answer to the user, in one line.
    pub notice: Option<Notice>,
    /// What can be undone and done again.
    pub undo: Undo,
    /// The proxy that the others are bypassed for.
    pub solo: Option<ProxyId>,

    /// What only `update` needs.
    pub(super) private: Private,
}

/// What `update` remembers between actions and the screen does not show.
#[derive(Debug, Default)]
pub(super) struct Private {
    /// When a key was last pressed or a byte last moved.
    pub(super) stirred: Duration,
    /// When Ctrl-C was last pressed.
    pub(super) interrupted: Option<Duration>,
    /// The number of the last mark, over all proxies.
    pub(super) marks: u32,
    /// The number of the last command that was sent to the engine.
    pub(super) tickets: u64,
    /// Where the selected proxy stood, so that its neighbour is selected when it goes.
    pub(super) selected_at: usize,
    /// Proxies that were added and are in no snapshot yet.
    pub(super) awaited: Vec<ProxyId>,
    /// Whether the last screen must be drawn again from nothing.
    pub(super) repaint: bool,
}

/// A frozen screen.
#[derive(Debug)]
pub struct Frozen {
    /// Since when.
    pub since: Duration,
    /// The newest snapshot, which is not shown.
    pub latest: Arc<Snapshot>,
    /// What happened since; at most `LOG_LEN` lines.
    pub held: VecDeque<LogLine>,
}

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The strips.
    #[default]
    Mixer,
    /// The table of connections.
    Connections,
    /// The line where proxies are added.
    Input,
}

/// Something over the panes that takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// The keys that work in the mode below it, filtered by what is typed.
    Help(Help),
    /// A value for the selected knob.
    Value(ValueField),
    /// Whether to quit, while connections are open.
    Quit,
    /// Whether to delete this proxy, while it has connections.
    Delete(ProxyId),
    /// Whether to stop the process, while connections are open: they stall.
    Suspend,
}

/// The help overlay.
#[derive(Debug)]
pub struct Help {
    /// The mode whose keys it shows.
    pub mode: super::keymap::Mode,
    /// The filter.
    pub filter: Field,
    /// The selected line of `keymap::help(mode, filter)`.
    pub line: usize,
    /// The first line that is visible.
    pub first: usize,
}

/// The field of `=`: a value for a knob, typed.
#[derive(Debug)]
pub struct ValueField {
    /// The proxy that it is for.
    pub proxy: ProxyId,
    /// The knob: an index into `knob::all()`.
    pub knob: usize,
    /// The text.
    pub field: Field,
    /// Why the text is not a value; `unfinished` where it only is not complete. `None` where Enter sets it.
    pub error: Option<ParseError>,
}

/// The connections of the selected proxy, as sorted: only the rows that are visible are picked.
#[derive(Debug, Default)]
pub struct ConnList {
    /// The visible rows, in their order: indices into `snapshot.conns`.
    pub rows: Vec<usize>,
    /// How many rows stand above the first visible one.
    pub first: usize,
    /// How many connections the selected proxy has.
    pub total: usize,
    /// The selected connection.
    pub selected: Option<ConnId>,
    /// The order.
    pub sort: Sort,
}

/// The order of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub column: Column,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A column of the table of connections by which it can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The connection's number.
    Id,
    /// How long it has been open.
    Age,
    /// Bytes up.
    BytesUp,
    /// Bytes down.
    BytesDown,
    /// Bytes per second up.
    RateUp,
    /// Bytes per second down.
    RateDown,
    /// The last added delay.
    Added,
    /// Bytes that wait, both directions together.
    Held,
}

/// A plan that was set: it is what the knobs show until a snapshot shows it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The plan.
    pub plan: Plan,
    /// The number of the command that carries it.
    pub(super) ticket: u64,
    /// When the engine answered.
    pub(super) answered: Option<Duration>,
}

/// A change of a proxy's faults, for its charts and the line under them.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Numbered from 1 over all proxies: `▲1`.
    pub number: u32,
    /// When.
    pub at: Duration,
    /// What, before and after: `LAT off → 250ms`.
    pub text: String,
    /// Which connections run it, once that is known.
    pub taken: Option<TakenBy>,
    /// The number of the command.
    pub(super) ticket: u64,
}

/// How a change reached the open connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBy {
    /// How many run it.
    pub taken: u32,
    /// How many were open.
    pub of: u32,
    /// How long it took until the last of them did.
    pub micros: u64,
}

/// A line of what happened.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When.
    pub at: Duration,
    /// The name of the proxy that it concerns, empty where none.
    pub proxy: String,
    /// What.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Which connections run it, for a change of faults.
    pub taken: Option<TakenBy>,
    /// The number of the command, 0 where it was none.
    pub(super) ticket: u64,
}

/// An answer to the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// When.
    pub at: Duration,
    /// One line: who, what, before and after, taken by how many.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// The number of the command, 0 where it was none.
    pub(super) ticket: u64,
}

/// How a line is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A fact.
    #[default]
    Plain,
    /// A change of faults, by the user.
    Injected,
    /// Something that went well.
    Good,
    /// Something that went wrong.
    Trouble,
}

// === impl Model ===

impl Model {
    /// A console that knows nothing yet; the keys are in the input line until there is a proxy.
    #[must_use]
    pub fn new(seed: u64, bind: Vec<IpAddr>, size: Size) -> Self {
        Self {
            seed,
            bind,
            theme: Theme::default(),
            now: Duration::ZERO,
            snapshot: Arc::default(),
            frozen: None,
            quiet: false,
            lost: 0,
            size,
            focus: Focus::Input,
            overlays: Vec::new(),
            selected: None,
            knob: 0,
            directions: Directions::Both,
            first_strip: 0,
            conns: ConnList::default(),
            input: InputLine::default(),
            drafts: BTreeMap::new(),
            marks: BTreeMap::new(),
            log: VecDeque::new(),
            notice: None,
            undo: Undo::default(),
            solo: None,
            private: Private::default(),
        }
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

    /// The selected connection's row.
    #[must_use]
    pub fn selected_conn(&self) -> Option<&ConnRow> {
        let id = self.conns.selected?;
        self.snapshot.conns.iter().find(|conn| conn.id == id)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.newest().proxies.iter().map(|row| row.open).sum()
    }

    /// The newest snapshot, shown or not.
    #[must_use]
    pub fn newest(&self) -> &Snapshot {
        self.frozen
            .as_ref()
            .map_or(&self.snapshot, |frozen| &frozen.latest)
    }
}

// === impl Sort ===

/// The fastest down first.
impl Default for Sort {
    fn default() -> Self {
        Self {
            column: Column::RateDown,
            descending: true,
        }
    }
}

// === impl Column ===

impl Column {
    /// All of them, in the order in which `S` goes through them.
    pub const ALL: [Self; 8] = [
        Self::RateDown,
        Self::RateUp,
        Self::BytesDown,
        Self::BytesUp,
        Self::Added,
        Self::Held,
        Self::Age,
        Self::Id,
    ];

    /// What the title of the table calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Age => "age",
            Self::BytesUp => "↑bytes",
            Self::BytesDown => "↓bytes",
            Self::RateUp => "↑rate",
            Self::RateDown => "↓rate",
            Self::Added => "added",
            Self::Held => "held",
        }
    }
}
