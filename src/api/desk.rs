//! What every handler works with: the engine, by whom it is asked, and what the API keeps beside it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts as Head;

use tokio_util::sync::CancellationToken;

use super::live::Live;
use super::toxiproxy::book::Book;
use crate::proxy::Engine;
use crate::snapshot::Author;

/// The field in which a client says who it is.
const AUTHOR: &str = "x-faultboard-author";

/// What the handlers share. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) engine: Engine,
    /// Who asks.
    pub(super) author: Author,
    pub(super) parts: Arc<Parts>,
}

pub(super) struct Parts {
    /// Whether proxies may neither be made, moved nor removed.
    pub(super) fixed: bool,
    pub(super) toxiproxy: Book,
    pub(super) live: Arc<Live>,
}

/// What a handler works with for one request: what it changes is its author's doing.
pub(super) struct Desk(pub(super) Control);

// === impl Control ===

impl Control {
    pub(super) fn new(engine: &Engine, fixed: bool, stop: CancellationToken) -> Self {
        let parts = Parts {
            fixed,
            toxiproxy: Book::default(),
            live: Arc::new(Live::new(stop)),
        };
        Self {
            engine: engine.clone(),
            author: Author::API,
            parts: Arc::new(parts),
        }
    }
}

impl FromRequestParts<Control> for Desk {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Head, control: &Control) -> Result<Self, Infallible> {
        let field = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let agent = field(USER_AGENT.as_str()).and_then(|agent| agent.split(' ').next());
        let by_agent = || Author::named(&format!("api ({})", agent?));
        let author = field(AUTHOR).and_then(Author::named).or_else(by_agent);
        let mut control = control.clone();
        control.author = author.unwrap_or(Author::API);
        control.engine = control.engine.by(control.author.clone());
        Ok(Self(control))
    }
}
