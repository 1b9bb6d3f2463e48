//! The control API: the desk driven by other programs, over HTTP.
//!
//! ```text
//!  client ──► accept ──► guard ─┬► toxiproxy  its paths, objects and errors, for the clients that it has
//!             bounds     who may ├► live       our own: everything, what changes, the words of the `:` line
//!                                └► metrics    figures for Prometheus
//!                                     │
//!                                     ▼
//!                          request, operate, the engine
//! ```
//!
//! It listens where it was asked to and nowhere else; who may do what is `guard`'s. Handlers are thin: bytes in, a request of the
//! engine, bytes out. No answer waits for the peer of a proxied connection. Nothing is done while nobody asks.

mod accept;
pub mod address;
mod answer;
mod desk;
mod guard;
mod live;
mod metrics;
pub mod options;
mod ping;
mod toxiproxy;
mod unix;

use std::sync::Arc;

use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use self::accept::Accepting;
pub use self::accept::{BindApiError, Listener};
pub use self::address::Address;
use self::desk::{Control, Desk};
use self::guard::{Access, Reach};
pub use self::options::{ApiArgs, TOKEN_VARIABLE, Tokens};
pub use self::ping::ping;
pub use self::toxiproxy::LEVEL as TOXIPROXY;
use crate::proxy::Engine;

/// A running API. Dropped, it ends without waiting for requests.
pub struct Api {
    accepting: Accepting,
    control: Control,
    address: Address,
    reach: Reach,
}

// === impl Api ===

impl Api {
    /// Makes an API of what listens, which answers once it is opened; must be called inside a tokio runtime. No proxy of `engine`
    /// can lead to it.
    #[must_use]
    pub fn start(listener: Listener, engine: &Engine, args: &ApiArgs, tokens: Tokens) -> Self {
        if let Some(addr) = listener.addr() {
            engine.bar(addr);
        }
        let (address, reach) = (listener.address().clone(), listener.reach(args));
        let access = Access::new(reach, tokens, args);
        let stop = CancellationToken::new();
        let control = Control::new(engine, args.api_fixed, stop.clone());
        let routes = toxiproxy::routes()
            .merge(live::routes())
            .route("/metrics", get(metrics::metrics))
            .route_layer(from_fn_with_state(Arc::new(access), guard::admit))
            .fallback(toxiproxy::no_such_path)
            .layer(map_response(answer::dressed))
            .with_state(control.clone());
        Self {
            accepting: Accepting::start(listener, routes, stop),
            control,
            address,
            reach,
        }
    }

    /// Answers from now on, those first who have come already, and says where.
    pub fn open(&self) {
        let Self { address, reach, .. } = self;
        self.control.engine.note(match reach {
            Reach::Local | Reach::WithToken => format!("the API answers on {address}"),
            Reach::Open => format!("the API is open to the network without a token: {address}"),
        });
        self.accepting.open();
    }

    /// Makes proxies as toxiproxy's file has them, with their toxics.
    ///
    /// # Errors
    /// What is wrong with the file, or could not be made; what stands before it is there.
    pub async fn populate(&self, config: Vec<u8>) -> Result<(), String> {
        self.control.fill(config.into()).await
    }

    /// Where it is open to other machines without a token.
    #[must_use]
    pub fn open_to_all(&self) -> Option<&Address> {
        (self.reach == Reach::Open).then_some(&self.address)
    }

    /// Ends it: no request is taken any more, and those that were are answered, for a bounded time.
    pub async fn stop(self) {
        self.accepting.stop().await;
    }
}
