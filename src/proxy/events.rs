//! What an engine tells as it happens, for one who listens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};

use crate::snapshot::{Event, Happening};

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

/// Tells whoever listens of what happened so long after the engine's start; nobody needs to.
pub(super) fn tell(events: &Sender<Arc<Event>>, at: Duration, proxy: String, what: Happening) {
    let _ = events.send(Arc::new(Event { at, proxy, what }));
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
