//! What every handler works with: the engine, and what the API keeps beside it.

use std::sync::Arc;

use super::toxiproxy::book::Book;
use crate::proxy::Engine;

/// What the handlers share. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) engine: Engine,
    pub(super) parts: Arc<Parts>,
}

pub(super) struct Parts {
    /// Whether proxies may neither be made, moved nor removed.
    pub(super) fixed: bool,
    pub(super) toxiproxy: Book,
}

// === impl Control ===

impl Control {
    pub(super) fn new(engine: &Engine, fixed: bool) -> Self {
        let parts = Parts {
            fixed,
            toxiproxy: Book::default(),
        };
        Self {
            engine: engine.clone(),
            parts: Arc::new(parts),
        }
    }
}
