//! What `update` remembers between actions and the screen does not show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::fault::{PerDirection, Plan};
use crate::mapping::{Mapping, Name};
use crate::snapshot::ProxyId;

/// What `update` remembers between actions and the screen does not show.
#[derive(Debug, Default)]
pub(in crate::ui) struct Private {
    /// When a key was last pressed or a byte last moved.
    pub(in crate::ui) woken: Duration,
    /// When Ctrl-C was last pressed.
    pub(in crate::ui) interrupted: Option<Duration>,
    /// The number of the last change of faults.
    pub(in crate::ui) changes: u32,
    /// The number of the last command that was sent to the engine.
    pub(in crate::ui) tickets: u64,
    /// Commands that set plans and are not answered yet.
    pub(in crate::ui) setting: BTreeSet<(u64, ProxyId)>,
    /// Other commands that are not answered yet.
    pub(in crate::ui) asked: BTreeMap<u64, Asked>,
    /// Proxies that were added and are in no snapshot yet.
    pub(in crate::ui) awaited: Vec<ProxyId>,
    /// Where the selected proxy stood, so that its neighbour is selected when it goes.
    pub(in crate::ui) selected_at: usize,
    /// Where the selected connection stood.
    pub(in crate::ui) conn_at: usize,
    /// Connections and bytes, up and down, of proxies that were removed.
    pub(in crate::ui) gone: (u64, PerDirection<u64>),
    /// The file that a scene was last read from or written to.
    pub(in crate::ui) scene: Option<PathBuf>,
    /// Version and protocol of each proxy's last TLS handshake, by its name: at most one for each that there was.
    pub(in crate::ui) agreed: BTreeMap<String, (&'static str, Option<String>)>,
}

/// A command whose answer is awaited.
#[derive(Clone, Debug)]
pub(in crate::ui) enum Asked {
    /// A proxy is added.
    Add {
        mapping: Mapping,
        plan: Plan,
        origin: Origin,
    },
    /// A proxy takes another's place.
    Replace {
        proxy: ProxyId,
        old: (Mapping, Plan),
        new: (Mapping, Plan),
        origin: Origin,
    },
    /// A proxy is removed.
    Remove { proxy: ProxyId, name: String },
    /// A proxy gets another name.
    Rename {
        proxy: ProxyId,
        /// The given names before and after.
        names: (Option<Name>, Option<Name>),
        origin: Origin,
    },
    /// A port opens or closes.
    Port {
        proxy: ProxyId,
        name: String,
        open: bool,
    },
}

/// Where a command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Origin {
    /// From the input line.
    User,
    /// From undoing: the proxy had this number.
    Undo(ProxyId),
    /// From doing again: the proxy had this number.
    Redo(ProxyId),
}
