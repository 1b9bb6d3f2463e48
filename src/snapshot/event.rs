//! What happens to proxies and connections, an event at a time, and why a connection ended.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{ConnId, Finding};
use crate::fault::{PerDirection, Plan};
use crate::format::is_shown;
use crate::sweep::Curve;
use crate::units::Time;

/// Something that happened, at a moment since the engine's start.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened, since the engine's start.
    pub at: Duration,
    /// The name of the proxy that it concerns, empty where none.
    pub proxy: String,
    /// What happened, with what belongs to it.
    pub what: Happening,
    /// Who did it, where somebody did.
    pub by: Option<Author>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A proxy listens.
    Listening {
        /// The mapping of the proxy, as text that reads back.
        mapping: String,
        /// The addresses on which it listens, one for each that it is bound to.
        addrs: Vec<SocketAddr>,
    },
    /// A proxy was removed.
    Removed,
    /// A proxy has another name, which is the event's.
    Renamed {
        /// The name that it had.
        before: String,
    },
    /// A proxy has another mapping: its upstream is another one, or it listens elsewhere. Its connections end.
    Repointed {
        /// The mapping that it had.
        before: String,
        /// The mapping that it has.
        mapping: String,
    },
    /// A port was closed, so.
    PortClosed(Shut),
    /// A client connected.
    Opened {
        /// The connection.
        conn: ConnId,
        /// The client's address.
        client: SocketAddr,
        /// The upstream as the mapping names it.
        upstream: String,
    },
    /// An upstream was reached only after others of its addresses had been silent.
    Reached {
        /// The connection.
        conn: ConnId,
        /// The address that answered.
        addr: SocketAddr,
        /// The others, each with its reason.
        tried: String,
    },
    /// A connection speaks TLS with its upstream.
    Secured {
        /// The connection.
        conn: ConnId,
        /// What they agreed on.
        tls: Arc<Negotiated>,
    },
    /// A connection ended.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Bytes delivered, up and down.
        bytes: PerDirection<u64>,
        /// How long it was open.
        lasted: Duration,
        /// Why it ended.
        reason: CloseReason,
        /// Whether the upstream ended its TLS stream without saying so (no `close_notify`): all that came was passed on,
        /// but whether it is all that was sent, nobody knows.
        truncated: bool,
    },
    /// The faults of a proxy changed.
    Faults {
        /// What they were, where they were anything before.
        before: Option<Arc<Plan>>,
        /// What they are now.
        plan: Arc<Plan>,
    },
    /// A sweep has come one step further, begins with its first value, or has ended.
    Swept {
        /// What it has measured so far.
        curve: Arc<Curve>,
        /// The plan that was in force before it, and is again at its end.
        before: Arc<Plan>,
    },
    /// Something was found out about what an application does, or is not held any more.
    Found {
        /// What became of it.
        what: Found,
        /// The finding, as it is stated now or was at last.
        finding: Finding,
    },
    /// Something is worth knowing that is no failure and no proxy's own, in one line.
    Note(String),
    /// Something failed that is not one connection's own end, in one line.
    Error(String),
}

/// Who changes something, by a name: a part of this program, or whoever says so of themselves, as `ana@laptop`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Author(Cow<'static, str>);

/// How a port is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// By its user; connections live on.
    Closed,
    /// By its user, and its connections end with it.
    Off,
    /// By a fault.
    Refusing,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is stated for the first time.
    New,
    /// It was stated before, with other figures or less sure.
    Changed,
    /// Facts have turned against it.
    Withdrawn,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Both directions ended, the client's first.
    ClientDone,
    /// Both directions ended, the upstream's first.
    UpstreamDone,
    /// A fault of this kind ended it.
    Fault(&'static str),
    /// The upstream could not be reached.
    Dial(String),
    /// TLS or PostgreSQL's negotiation of it failed.
    Tls(String),
    /// A leg broke.
    Io {
        /// Which of the two.
        leg: LegName,
        /// How it broke, in words.
        error: String,
    },
    /// Ended by the user.
    Killed,
    /// The proxy or the program stopped.
    Stopped,
    /// A bug of this program ended it; an event of its own says where.
    Internal,
}

/// One of a connection's two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegName {
    /// The socket to the client.
    Client,
    /// The socket to the upstream.
    Upstream,
}

/// What a handshake agreed on; prints as `TLS 1.3 ok 18ms, ALPN http/1.1`, or `TLS 1.3 ok 18ms, without ALPN: h2 not taken`
/// where the upstream took nothing of what its user had offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The protocol that the upstream chose, if any.
    pub alpn: Option<String>,
    /// The protocols that the upstream was offered by `alpn=` or `--alpn`; empty where neither was given.
    pub offered: Vec<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// How many round trips it took before the client's first byte.
    pub round_trips: u32,
    /// How long it took.
    pub took: Duration,
}

/// What is said of a connection that is `truncated`.
pub const TRUNCATED: &str = "closed without close_notify";

// === impl Author ===

impl Author {
    /// What the command line says.
    pub const START: Self = Self(Cow::Borrowed("start"));
    /// The keys of this program's own console.
    pub const CONSOLE: Self = Self(Cow::Borrowed("console"));
    /// Standard input.
    pub const COMMANDS: Self = Self(Cow::Borrowed("commands"));
    /// What a scene does at its times.
    pub const SCENE: Self = Self(Cow::Borrowed("scene"));
    /// A tape that is played again.
    pub const REPLAY: Self = Self(Cow::Borrowed("replay"));
    /// A sweep that goes on.
    pub const SWEEP: Self = Self(Cow::Borrowed("sweep"));

    /// A program that asks through the API and does not say who it is.
    pub const API: Self = Self(Cow::Borrowed("api"));

    /// A name has no more bytes.
    pub const LONGEST: usize = 64;

    /// An author who is called so: as much of the name as one line shows. `None` where nothing of it does.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let shown = name.trim().chars().filter(|c| is_shown(*c));
        let mut text = String::new();
        for c in shown {
            if text.len() + c.len_utf8() > Self::LONGEST {
                break;
            }
            text.push(c);
        }
        (!text.is_empty()).then_some(Self(Cow::Owned(text)))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is whoever runs this program, by what they have it do: the others are to be named beside what they did.
    #[must_use]
    pub fn is_own(&self) -> bool {
        [Self::START, Self::CONSOLE, Self::COMMANDS].contains(self)
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Event ===

impl Event {
    /// ` by ana@laptop` behind what somebody else did than whoever runs this program.
    #[must_use]
    pub fn by_another(&self) -> String {
        let another = self.by.as_ref().filter(|by| !by.is_own());
        another.map_or_else(String::new, |by| format!(" by {by}"))
    }
}

// === impl CloseReason ===

impl CloseReason {
    /// Whether it is a failure that a person should see.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(
            self,
            Self::Dial(_) | Self::Tls(_) | Self::Io { .. } | Self::Internal
        )
    }

    /// Whether it failed because the client hung up: it reset its connection, as one does that gave up.
    #[must_use]
    pub fn left(&self) -> bool {
        let leg = match self {
            Self::Io { leg, .. } => Some(*leg),
            _ => None,
        };
        leg == Some(LegName::Client)
    }

    /// The line with a note behind it where the connection was `truncated`.
    #[must_use]
    pub fn noted(&self, truncated: bool) -> String {
        if truncated {
            format!("{self} ({TRUNCATED})")
        } else {
            self.to_string()
        }
    }
}

/// One line: what, and why.
impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientDone => f.write_str("client done"),
            Self::UpstreamDone => f.write_str("upstream done"),
            Self::Fault(kind) => write!(f, "cut by {kind}"),
            Self::Dial(why) | Self::Tls(why) => f.write_str(why),
            Self::Io { leg, error } => write!(f, "{leg}: {error}"),
            Self::Killed => f.write_str("ended by you"),
            Self::Stopped => f.write_str("stopped"),
            Self::Internal => f.write_str("reset by a bug of faultboard itself"),
        }
    }
}

impl fmt::Display for LegName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
        })
    }
}

// === impl Negotiated ===

impl fmt::Display for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let took = Time(Duration::from_millis(millis));
        write!(f, "{} ok {took}", self.version)?;
        match &self.alpn {
            Some(alpn) => write!(f, ", ALPN {alpn}")?,
            None if self.offered.is_empty() => {}
            None => write!(f, ", without ALPN: {} not taken", self.offered.join(", "))?,
        }
        f.write_str(if self.resumed { ", resumed" } else { "" })
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
