//! What an engine tells as it happens, for one who listens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};

use crate::fault::Plan;
use crate::snapshot::{Event, Fact, ProxyId, Stall};

/// The events of an engine from the moment at which somebody began to listen. They wait in a bounded queue: one who is too
/// slow is told how many of the oldest are lost.
#[derive(Debug)]
pub struct Events(Receiver<Arc<Event>>);

/// What a listener is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// Something happened.
    Event(Arc<Event>),
    /// So many events are lost, which happened before the next one.
    Lost(u64),
    /// The engine has ended, and nothing more is told.
    Ended,
}

/// The facts of an engine from the moment at which somebody began to listen, a beat's at a time.
#[derive(Debug)]
pub struct FactFeed(Receiver<Arc<FactBatch>>);

/// What was seen in one beat.
#[derive(Clone, Debug, Default)]
pub struct FactBatch {
    /// The facts in the order of their times.
    pub facts: Vec<Fact>,
    /// When a thread of the engine did not run although it was due, in the order in which that ended: what was seen then was seen late.
    pub stalls: Vec<Stall>,
    /// The plans that were put in force meanwhile, each with when that was, a proxy's in their order.
    pub plans: Vec<(Duration, ProxyId, Arc<Plan>)>,
    /// How many more there were, for which there was no room.
    pub dropped: u64,
    /// The proxies whose facts those were.
    pub lost: Vec<ProxyId>,
}

/// Tells whoever listens of what happened so long after the engine's start; nobody needs to.
pub(super) fn tell(events: &Sender<Arc<Event>>, event: Event) {
    let _ = events.send(Arc::new(event));
}

// === impl Events ===

impl Events {
    /// Waits for what is told next. Cancel-safe: a call that is dropped has taken nothing.
    pub async fn next(&mut self) -> Told {
        match self.0.recv().await {
            Ok(event) => Told::Event(event),
            Err(RecvError::Lagged(events)) => Told::Lost(events),
            Err(RecvError::Closed) => Told::Ended,
        }
    }

    /// What waits now, one after another: events, and how many were lost between them.
    pub fn drain(&mut self) -> impl Iterator<Item = Told> {
        std::iter::from_fn(|| match self.0.try_recv() {
            Ok(event) => Some(Told::Event(event)),
            Err(TryRecvError::Lagged(events)) => Some(Told::Lost(events)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        })
    }
}

// === impl FactFeed ===

impl FactFeed {
    /// What was seen next; `None` once the engine has ended. Each beat that a listener was too slow for counts as one that was
    /// dropped, whatever it held.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Arc<FactBatch>> {
        match self.0.recv().await {
            Ok(seen) => Some(seen),
            Err(RecvError::Lagged(beats)) => Some(Arc::new(FactBatch {
                dropped: beats,
                ..FactBatch::default()
            })),
            Err(RecvError::Closed) => None,
        }
    }
}

impl From<Receiver<Arc<FactBatch>>> for FactFeed {
    fn from(batches: Receiver<Arc<FactBatch>>) -> Self {
        Self(batches)
    }
}

// === impl Told ===

impl Told {
    /// The event, where it is one.
    #[must_use]
    pub fn event(self) -> Option<Arc<Event>> {
        match self {
            Self::Event(event) => Some(event),
            Self::Lost(_) | Self::Ended => None,
        }
    }
}

impl From<Receiver<Arc<Event>>> for Events {
    fn from(events: Receiver<Arc<Event>>) -> Self {
        Self(events)
    }
}
