//! What became of what was asked.

use std::path::PathBuf;

use crate::snapshot::{ConnId, Kill, ProxyId, Taken};

/// What the engine made of a command; `ticket` is the number of the command.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A plan was set; `None` where the proxy is gone.
    Set {
        /// The command.
        ticket: u64,
        /// The proxy.
        proxy: ProxyId,
        /// Which connections run it.
        taken: Option<Taken>,
    },
    /// A proxy was added, or could not be.
    Added {
        /// The command.
        ticket: u64,
        /// Its number, or why not.
        result: Result<ProxyId, String>,
    },
    /// A proxy was removed; false where it was gone.
    Removed {
        /// The command.
        ticket: u64,
        /// Whether it was there.
        found: bool,
    },
    /// A proxy was given another name, or could not be.
    Renamed {
        /// The command.
        ticket: u64,
        /// The name that it has now, or why it has the old one.
        result: Result<String, String>,
    },
    /// A port was opened or closed, or could not be.
    Port {
        /// The command.
        ticket: u64,
        /// Why not.
        result: Result<(), String>,
    },
    /// A proxy took another's place.
    Replaced {
        /// The command.
        ticket: u64,
        /// Its number; or why not, and then the old one stands as it was.
        result: Result<ProxyId, String>,
    },
    /// A port was looked at.
    Probed {
        /// Its number.
        port: u16,
        /// Why it cannot be listened on, in one line.
        result: Result<(), String>,
    },
    /// A connection was ended.
    Cut {
        /// The connection that was to be ended.
        conn: ConnId,
        /// How it was to be ended.
        how: Kill,
        /// Whether it was there.
        found: bool,
    },
    /// A scene was written, or could not be.
    SceneWritten {
        /// The file, as its name was typed.
        file: PathBuf,
        /// Why not.
        result: Result<(), String>,
    },
    /// A scene's text was read, or could not be.
    SceneRead {
        /// The file, as its name was typed.
        file: PathBuf,
        /// The text, or why not.
        text: Result<String, String>,
    },
    /// The engine stopped.
    Stopped,
}
