//! What `update` remembers between actions and the screen does not show.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::panes::Sort;
use super::undo::Edited;
use crate::fault::{PerDirection, Plan};
use crate::snapshot::{Author, ConnId, ProxyId, Snapshot};
use crate::ui::effect::Effect;
use crate::ui::find::Query;

/// What `update` remembers between actions and the screen does not show.
#[derive(Debug, Default)]
pub(in crate::ui) struct Private {
    /// What must happen outside because of the action that is being taken, in this order.
    pub(in crate::ui) effects: Vec<Effect>,
    /// When a key was last pressed or a byte last moved.
    pub(in crate::ui) woken: Duration,
    /// The track that the mouse has pressed.
    pub(in crate::ui) dragged: Option<Dragged>,
    /// When the terminal's window got the focus, where nothing was clicked since.
    pub(in crate::ui) focused: Option<Duration>,
    /// When Ctrl-C was last pressed.
    pub(in crate::ui) interrupted: Option<Duration>,
    /// The number of the last change of faults.
    pub(in crate::ui) changes: u32,
    /// The number of the last command that was sent to the engine.
    pub(in crate::ui) tickets: u64,
    /// Commands about one proxy that are not answered yet; who waits for plans is kept with the changes.
    pub(in crate::ui) asked: BTreeMap<u64, Asked>,
    /// Proxies that were added and are in no snapshot yet.
    pub(in crate::ui) awaited: Vec<ProxyId>,
    /// Where the selected proxy stood, so that its neighbour is selected when it goes.
    pub(in crate::ui) selected_at: usize,
    /// Where the selected connection stood.
    pub(in crate::ui) conn_at: usize,
    /// The places of the connections that are looked for, and of what they are.
    pub(in crate::ui) picked: Option<Picked>,
    /// The order that the connections had when their list got the keys.
    pub(in crate::ui) kept: Option<Kept>,
    /// The connection that the engine was asked to look at closely.
    pub(in crate::ui) watched: Option<ConnId>,
    /// Connections and bytes, up and down, of proxies that were removed.
    pub(in crate::ui) gone: (u64, PerDirection<u64>),
    /// The kinds of fault that were set, by their names.
    pub(in crate::ui) used: BTreeSet<&'static str>,
    /// The file that a scene was last read from or written to.
    pub(in crate::ui) scene: Option<PathBuf>,
    /// Every plan that was set, with the one before it, oldest first.
    pub(in crate::ui) course: VecDeque<Turned>,
    /// Who else has changed a kind of fault of a proxy last, or its bypass, and when.
    pub(in crate::ui) others: BTreeMap<(ProxyId, &'static str), (Author, Duration)>,
    /// How many steps there were when undoing the last one was put to the question.
    pub(in crate::ui) doubted: Option<usize>,
    /// The files that curves and tapes were written to, which may be written again.
    pub(in crate::ui) written: BTreeSet<PathBuf>,
    /// Version and protocol of each proxy's last TLS handshake, by its name: at most one for each that there was.
    pub(in crate::ui) agreed: BTreeMap<String, (&'static str, Option<String>)>,
}

/// A plan that was set on a proxy.
#[derive(Debug)]
pub(in crate::ui) struct Turned {
    pub(in crate::ui) at: Duration,
    pub(in crate::ui) proxy: ProxyId,
    pub(in crate::ui) before: Plan,
    pub(in crate::ui) after: Plan,
}

/// The connections of a proxy that are looked for, as long as nothing of that has changed.
#[derive(Debug)]
pub(in crate::ui) struct Picked {
    pub(in crate::ui) snapshot: Arc<Snapshot>,
    pub(in crate::ui) list: Listed,
    pub(in crate::ui) sort: Sort,
    /// Whether each keeps its place.
    pub(in crate::ui) keeps: bool,
    /// Their numbers and places, as `Snapshot::conn` takes them, in their order.
    pub(in crate::ui) rows: Vec<(ConnId, usize)>,
    /// How many there would be if nothing were looked for.
    pub(in crate::ui) all: usize,
    /// How many of them have ended.
    pub(in crate::ui) ended: usize,
}

/// What makes a list of connections: whose they are, and what is looked for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Listed {
    pub(in crate::ui) proxy: Option<ProxyId>,
    pub(in crate::ui) query: Query,
}

/// An order that stands still.
#[derive(Debug)]
pub(in crate::ui) struct Kept {
    pub(in crate::ui) list: Listed,
    pub(in crate::ui) sort: Sort,
    /// The rank of each connection, by number.
    pub(in crate::ui) ranks: Vec<(ConnId, u32)>,
}

/// A track that the mouse has pressed, and where on the screen it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Dragged {
    pub(in crate::ui) proxy: ProxyId,
    /// Its first column, and how many it has.
    pub(in crate::ui) left: u16,
    pub(in crate::ui) cells: u16,
}

/// An edit whose answer is awaited.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Asked {
    pub(in crate::ui) proxy: ProxyId,
    /// The proxy's name when the engine was asked.
    pub(in crate::ui) name: String,
    /// What is to become of it.
    pub(in crate::ui) what: Edited,
    pub(in crate::ui) origin: Origin,
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Origin {
    /// A key, or the input line.
    User,
    /// The last step is taken back.
    Undo,
    /// A step that was taken back is taken again.
    Redo,
}

// === impl Picked ===

impl Picked {
    /// How many rows come before a connection's.
    pub(in crate::ui) fn rank(&self, id: ConnId) -> Option<usize> {
        self.rows.iter().position(|(other, _)| *other == id)
    }

    /// The connection at a rank.
    pub(in crate::ui) fn at(&self, rank: usize) -> Option<ConnId> {
        self.rows.get(rank).map(|(id, _)| *id)
    }
}
