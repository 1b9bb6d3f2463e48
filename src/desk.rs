//! What the console works on: the engine of this process, or engines elsewhere that it is in contact with.
//!
//! The console names this trait alone, so that what works on it (an engine, `remote`, a test) and the console never name
//! each other.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::fault::{Kind, Plan};
use crate::proxy::Engine;
pub use crate::proxy::{Events, Told};
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{ConnId, ProxyId, Snapshot};
use crate::toxic::{self, ToxicType};

/// What a command comes to, later.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The engine as the console needs it; tests put a desk of their own in its place.
pub trait Desk {
    /// The time since the engine's start.
    fn now(&self) -> Duration;
    /// The newest snapshot, at most ten a second.
    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>>;
    /// What happens, from now on.
    fn events(&self) -> Events;
    /// Asks for something. It takes effect when the future is first polled, and the console polls in the order of the
    /// calls. Futures may be dropped at any time: what has begun goes on without them.
    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>>;
    /// How it stands to engines elsewhere; of the engine of this process there is nothing to say.
    fn contact(&self) -> watch::Receiver<Contact> {
        watch::channel(Contact::default()).1
    }
    /// Tries at once to reach what is out of contact: its user has pressed a key.
    fn try_now(&self) {}
}

/// The engines elsewhere that a desk shows; none where it shows the engine of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The engines, in the order of their places.
    pub peers: Vec<Peer>,
    /// How many places there are: of several engines, each has every so manieth number.
    pub places: usize,
}

/// An engine elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its place among the numbers.
    pub place: usize,
    /// What it is called: its machine's name, or its address.
    pub name: String,
    /// Where it is reached.
    pub address: String,
    /// Which program answers there.
    pub program: Program,
    /// Its version.
    pub version: String,
    /// The seed of its random choices, where it has told.
    pub seed: Option<u64>,
    /// How many others look at it.
    pub others: usize,
    /// Whether nothing can be changed from here.
    pub read_only: bool,
    /// How often it was found to be another run than before.
    pub restarts: u32,
    /// Whether it is in contact.
    pub reach: Reach,
}

/// Which program an engine elsewhere is. What can be asked of it is asked here, and nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// This one.
    #[default]
    Faultboard,
    /// toxiproxy's own server.
    Toxiproxy,
}

/// What some programs can, and others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// To show connections one by one, and to end them.
    Connections,
    /// To measure bytes and waits, and what applications do about them.
    Measures,
    /// To call a proxy otherwise than before.
    Names,
}

/// Whether an engine elsewhere is in contact. Times are the desk's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What is shown is what is.
    Here,
    /// What is shown is what was.
    Lost {
        /// Since when.
        since: Duration,
        /// When it is tried next; no more while a try goes on.
        next: Option<Duration>,
        /// Why it is so.
        why: Why,
    },
}

/// Why an engine elsewhere is out of contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It does not answer, or what it told has ended.
    Silent,
    /// It said that it ends, and has.
    Ended,
    /// It has as many clients as it takes.
    Full,
    /// It asks for a token that it was not given.
    Unknown,
    /// It speaks another version of the interface.
    OtherVersion,
    /// What answers there is no desk any more.
    Stranger,
}

// === impl Contact ===

impl Contact {
    /// Of engines that have one place after another.
    #[must_use]
    pub fn of(mut peers: Vec<Peer>) -> Self {
        for (place, peer) in peers.iter_mut().enumerate() {
            peer.place = place;
        }
        let places = peers.len();
        Self { peers, places }
    }

    /// Whether what is shown is elsewhere.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.places > 0
    }

    /// The engine at a place, where there is one.
    #[must_use]
    pub fn peer_at(&self, place: usize) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.place == place)
    }

    /// The engine that a proxy is of; `None` where that is the one of this process.
    #[must_use]
    pub fn peer_of(&self, proxy: ProxyId) -> Option<&Peer> {
        self.peer_at(self.place_of(proxy)?)
    }

    /// The place of the engine that a proxy is of.
    #[must_use]
    pub fn place_of(&self, proxy: ProxyId) -> Option<usize> {
        usize::try_from(proxy.0).ok()?.checked_rem(self.places)
    }

    /// The place of the engine that a connection is of.
    #[must_use]
    pub fn place_of_conn(&self, conn: ConnId) -> Option<usize> {
        usize::try_from(conn.0).ok()?.checked_rem(self.places)
    }

    /// Whether what is shown of a proxy is what was.
    #[must_use]
    pub fn has_lost(&self, proxy: ProxyId) -> bool {
        self.peer_of(proxy).is_some_and(Peer::is_lost)
    }

    /// The engines that are out of contact.
    pub fn lost(&self) -> impl Iterator<Item = &Peer> {
        self.peers.iter().filter(|peer| peer.is_lost())
    }
}

// === impl Program ===

impl Program {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faultboard => "faultboard",
            Self::Toxiproxy => "toxiproxy",
        }
    }

    /// Why it cannot do that, in one line; `None` where it can.
    #[must_use]
    pub const fn lacks(self, ability: Ability) -> Option<&'static str> {
        match (self, ability) {
            (Self::Faultboard, _) => None,
            (Self::Toxiproxy, Ability::Connections) => {
                Some("toxiproxy shows no connections: none can be looked at or ended")
            }
            (Self::Toxiproxy, Ability::Measures) => {
                Some("toxiproxy measures nothing: faultboard toxiproxy in its place does")
            }
            (Self::Toxiproxy, Ability::Names) => {
                Some("toxiproxy cannot rename a proxy: delete it, and add another one")
            }
        }
    }

    /// Why it has no fault of a kind, in one line; `None` where it has.
    #[must_use]
    pub fn lacks_kind(self, kind: &Kind) -> Option<String> {
        let lacks = self == Self::Toxiproxy && !ToxicType::is_of(kind);
        lacks.then(|| format!("{} has no {}", self.name(), kind.name))
    }

    /// What of a plan it cannot do, in one line.
    #[must_use]
    pub fn refuses(self, plan: &Plan) -> Option<String> {
        match self {
            Self::Faultboard => None,
            Self::Toxiproxy => toxic::toxics_of(plan).err(),
        }
    }
}

// === impl Peer ===

impl Peer {
    /// Whether what is shown of it is what was.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.reach != Reach::Here
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "it does not answer",
            Self::Ended => "it has ended",
            Self::Full => "it takes no more clients",
            Self::Unknown => "it asks for another token",
            Self::OtherVersion => "it speaks another version of the interface",
            Self::Stranger => "what answers there is no desk",
        })
    }
}

// === impl Desk for Engine ===

impl Desk for Engine {
    fn now(&self) -> Duration {
        self.now()
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots()
    }

    fn events(&self) -> Events {
        self.events()
    }

    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>> {
        let engine = self.clone();
        Box::pin(async move { request.carry_out(&engine).await })
    }
}
