//! What every handler works with: the engine, by whom it is asked, and what the API keeps beside it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts as Head;

use super::toxiproxy::book::Book;
use crate::proxy::Engine;
use crate::snapshot::Author;

/// The field in which a client says who it is.
const AUTHOR: &str = "x-faultboard-author";

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

/// What a handler works with for one request: what it changes is its author's doing.
pub(super) struct Desk(pub(super) Control);

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

impl FromRequestParts<Control> for Desk {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Head, control: &Control) -> Result<Self, Infallible> {
        let field = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let agent = field(USER_AGENT.as_str()).and_then(|agent| agent.split(' ').next());
        let by_agent = agent.map_or_else(|| "api".to_owned(), |agent| format!("api ({agent})"));
        let author = field(AUTHOR).and_then(Author::named);
        let author = author.or_else(|| Author::named(&by_agent));
        let mut control = control.clone();
        if let Some(author) = author {
            control.engine = control.engine.by(author);
        }
        Ok(Self(control))
    }
}
