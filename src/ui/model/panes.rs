//! Where the user is on the screen: which pane or overlay has the keys, and what is selected and visible in each list.

use std::sync::Arc;

use crate::fault::Plan;
use crate::preset::{self, Preset};
use crate::snapshot::{ConnId, ConnRow, EndedConn, ProxyId, Watched};
use crate::syntax::ParseError;
use crate::ui::catalog::{self, Entry};
use crate::ui::find::Place;
use crate::ui::input::Field;
use crate::ui::keymap::{Hint, Mode};

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Focus {
    /// The strips have them.
    #[default]
    Mixer,
    /// The table of connections has them.
    Connections,
    /// The line where proxies are added has them.
    Input,
}

/// Something over the panes that takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// The keys that work in the mode below, filtered by what is typed.
    Help(Help),
    /// The field for a value of the selected knob.
    Value(ValueField),
    /// The palette.
    Palette(Palette),
    /// The list of presets.
    Presets(PresetList),
    /// All knobs, a letter each.
    Knobs,
    /// The field for a file's name.
    Path(PathField),
    /// The field for what is looked for in a list.
    Find(Place),
    /// The columns by which the connections can be sorted.
    Sort(SortList),
    /// One connection, on the whole screen.
    Conn(Box<Detail>),
    /// The selected proxy with all its knobs, on the whole screen.
    Strip,
    /// All that happened, on the whole screen.
    Events(EventList),
    /// What applications do about it, on the whole screen: the first row that is visible.
    Findings(usize),
    /// A fault that is climbed, or was, on the whole screen.
    Sweep(SweepPage),
    /// The selected proxy in large figures, on the whole screen, for who stands far away.
    Presenter,
    /// Whether to reset all these connections, which are those that were looked for.
    ResetAll(Vec<ConnId>),
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
    pub mode: Mode,
    /// What is typed to filter the keys.
    pub filter: Field,
    /// The selected line of `shown`.
    pub line: usize,
    /// The first line that is visible.
    pub first: usize,
}

/// The palette: a line for everything that can be done.
#[derive(Debug, Default)]
pub struct Palette {
    /// The line as it is typed.
    pub field: Field,
    /// What it may mean, the likeliest first.
    pub entries: Vec<Entry>,
    /// Why it is no line of a language; `unfinished` where it only is not complete.
    pub error: Option<ParseError>,
    /// What Enter does with the selected entry, in words.
    pub says: Vec<String>,
    /// The selected entry.
    pub line: usize,
    /// The first entry that is visible.
    pub first: usize,
}

/// What a file holds whose name is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A desk.
    Desk,
    /// The curve of the sweep of this number.
    Sweep(u32),
    /// The tape of the last hour.
    Tape,
}

/// The field for the name of a file.
#[derive(Debug)]
pub struct PathField {
    /// Whether it is to be written; else it is read.
    pub writes: bool,
    /// How many changes there are whose times can be written too, where there are any.
    pub changes: Option<usize>,
    /// Whether they are.
    pub times: bool,
    /// What is in it.
    pub holds: Holds,
    /// The name as it is typed.
    pub field: Field,
}

/// The list of presets.
#[derive(Debug)]
pub struct PresetList {
    /// The proxy that they are for.
    pub proxy: ProxyId,
    /// Its plan when the list was opened; those of all marked ones where it is marked.
    pub before: Vec<(ProxyId, Plan)>,
    /// What is typed to filter the presets.
    pub filter: Field,
    /// The selected line of `shown`.
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
    /// The value as it is typed.
    pub field: Field,
    /// What Enter does; else why the text is not a value, `unfinished` where it only is not complete.
    pub says: Result<String, ParseError>,
}

/// One connection that is looked at closely, open or ended.
#[derive(Debug)]
pub struct Detail {
    /// Its figures, the last that there were.
    pub row: ConnRow,
    /// How it ended, where it has.
    pub ended: Option<Arc<EndedConn>>,
    /// What is seen of it only because it is looked at closely.
    pub watched: Option<Arc<Watched>>,
    /// Whether the keys turn knobs for it alone.
    pub alone: bool,
    /// The first line of what happened to it that is visible.
    pub first: usize,
}

/// All that happened, the newest first.
#[derive(Debug)]
pub struct EventList {
    /// Up to which line they are shown, counted from the start; all, as they come, where nothing is said.
    pub from: Option<u64>,
    /// The first row that is visible.
    pub first: usize,
    /// Whether connections that simply open and end are counted and not listed.
    pub folds: bool,
}

/// Follows what comes, folded.
impl Default for EventList {
    fn default() -> Self {
        Self {
            from: None,
            first: 0,
            folds: true,
        }
    }
}

/// A sweep that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepPage {
    /// Its number.
    pub number: u32,
    /// How many earlier ones of the same fault are laid over it.
    pub over: usize,
}

/// The columns by which the connections can be sorted, as a list.
#[derive(Debug)]
pub struct SortList {
    /// The selected one: an index into `Column::ALL`.
    pub line: usize,
    /// The first one that is visible.
    pub first: usize,
}

/// The connections of the selected proxy that are looked for, as sorted: only the rows that are visible are picked.
#[derive(Debug, Default)]
pub struct ConnList {
    /// The visible rows, in their order: places as `Snapshot::conn` takes them.
    pub rows: Vec<usize>,
    /// How many rows stand above the first visible one.
    pub first: usize,
    /// How many connections there are in the list.
    pub total: usize,
    /// How many there would be if nothing were looked for.
    pub all: usize,
    /// How many of those in the list have ended.
    pub ended: usize,
    /// Whether rows keep their places, because the list has the keys.
    pub keeps: bool,
    /// The selected connection.
    pub selected: Option<ConnId>,
    /// In which order they stand.
    pub sort: Sort,
}

/// The order of the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column that is compared.
    pub column: Column,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// A column of the table of connections by which it can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The connection's number.
    Id,
    /// The client's address.
    Peer,
    /// How long it has been open.
    Age,
    /// Bytes delivered from client to upstream.
    BytesUp,
    /// Bytes delivered from upstream to client.
    BytesDown,
    /// Bytes per second from client to upstream.
    RateUp,
    /// Bytes per second from upstream to client.
    RateDown,
    /// The last added delay.
    Added,
    /// Bytes that wait, both directions together.
    Held,
    /// What it is doing.
    State,
}

// === impl Overlay ===

impl Overlay {
    /// Whether it takes the whole screen but for its header and footer.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        matches!(
            self,
            Self::Conn(_)
                | Self::Strip
                | Self::Events(_)
                | Self::Findings(_)
                | Self::Sweep(_)
                | Self::Presenter
        )
    }

    /// The lines of a list: how many there are, which one is selected, and which one is the first that is visible. `None`
    /// where it shows no list.
    pub(in crate::ui) fn lines(&mut self) -> Option<(usize, &mut usize, &mut usize)> {
        match self {
            Self::Help(help) => Some((help.shown().len(), &mut help.line, &mut help.first)),
            Self::Palette(line) => Some((line.entries.len(), &mut line.line, &mut line.first)),
            Self::Presets(list) => Some((list.shown().len(), &mut list.line, &mut list.first)),
            Self::Sort(list) => Some((Column::ALL.len(), &mut list.line, &mut list.first)),
            Self::Value(_)
            | Self::Knobs
            | Self::Path(_)
            | Self::Find(_)
            | Self::Conn(_)
            | Self::Strip
            | Self::Events(_)
            | Self::Findings(_)
            | Self::Sweep(_)
            | Self::Presenter
            | Self::Quit
            | Self::Delete(_)
            | Self::ResetAll(_)
            | Self::Suspend => None,
        }
    }
}

// === impl Help ===

impl Help {
    /// The keys that have the filter in their words.
    #[must_use]
    pub fn shown(&self) -> Vec<Hint> {
        catalog::help(self.mode, self.filter.text.value())
    }
}

// === impl PresetList ===

impl PresetList {
    /// The presets that have the filter in their name, else in their figures or source; those whose name begins with it
    /// come first.
    #[must_use]
    pub fn shown(&self) -> Vec<&'static Preset> {
        let filter = self.filter.text.value().trim().to_lowercase();
        let rank = |preset: &Preset| match preset.name.to_lowercase() {
            name if name == filter => Some(0),
            name if name.starts_with(&filter) => Some(1),
            name if name.contains(&filter) => Some(2),
            _ => {
                let about = format!("{} {}", preset.summary(), preset.source).to_lowercase();
                about.contains(&filter).then_some(3)
            }
        };
        let ranked = preset::all()
            .into_iter()
            .filter_map(|preset| Some((rank(preset)?, preset)));
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, preset)| preset).collect()
    }

    /// The proxies that they are for.
    pub(in crate::ui) fn proxies(&self) -> Vec<ProxyId> {
        self.before.iter().map(|(id, _)| *id).collect()
    }

    /// The selected preset; `None` where the filter leaves none.
    #[must_use]
    pub fn selected(&self) -> Option<&'static Preset> {
        self.shown().get(self.line).copied()
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
    /// All of them, in the order in which the table has them.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Peer,
        Self::Age,
        Self::BytesUp,
        Self::BytesDown,
        Self::RateUp,
        Self::RateDown,
        Self::Added,
        Self::Held,
        Self::State,
    ];

    /// Whether figures stand in it, of which the greatest are looked for first.
    #[must_use]
    pub const fn is_figure(self) -> bool {
        !matches!(self, Self::Id | Self::Peer | Self::State)
    }

    /// What the title of the table calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Peer => "peer",
            Self::State => "state",
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
