//! The engine: proxies over real connections, with faults that are turned while bytes flow.
//!
//! ```text
//!  listener ──accept──► worker (least loaded) ──► connection task: dial, poll loop over both directions
//!                                                    │ counters, one writer each
//!  Engine ──plan, generation, wakers──► connection   ▼
//!     ▲                                          collector ──10 Hz──► watch<Arc<Snapshot>>, events
//!     └── console, headless
//! ```
//!
//! The data path takes no lock and waits for nobody who watches it. Every task has an owner that stops it and waits for
//! it: the engine its workers and its collector, a proxy's port its accept loops, a worker its connections.

// As in `fault`: a sum of times that is too great for the clock panics.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

mod alarm;
pub mod budget;
pub mod clock;
mod collector;
mod connection;
pub mod dial;
mod ending;
mod engine;
pub mod error;
mod events;
mod flow;
mod followed;
mod gate;
mod gauge;
mod histogram;
mod inner;
pub mod leg;
mod listener;
pub mod look_up;
mod meter;
mod opening;
pub mod panics;
mod port;
pub mod postgres;
pub mod pump;
mod record;
mod rounds;
mod seen;
mod settings;
pub mod sys;
pub mod tls;
mod wait;
mod window;
mod worker;

pub use engine::Engine;
pub use error::{AddError, BindError, DialError, NameTaken, RenameError, TlsError};
pub use events::{Events, Told};
pub use leg::Keepalive;

use self::inner::Inner;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses that its proxies listen on.
    pub bind: Vec<IpAddr>,
    /// The seed of every random choice.
    pub seed: u64,
    /// How upstreams' certificates are verified.
    pub tls: tls::TlsOptions,
    /// How long dialing an upstream may take, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How a peer that vanished without a word is noticed, on both legs.
    pub keepalive: Keepalive,
    /// How many connections each proxy takes at a time; 10,000 or what the descriptor limit
    /// allows where `None`.
    pub max_connections: Option<u32>,
    /// How many worker threads move bytes.
    pub workers: usize,
    /// Whether the last 0.2 ms of a delay may be spent spinning, at most 2 % of a core for each worker. Delays are more
    /// exact with it.
    pub spin: bool,
}

/// Why an engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A certificate, key or authority could not be loaded.
    #[error(transparent)]
    Tls(#[from] error::TlsOptionError),
    /// A worker thread could not be started.
    #[error("cannot start a worker thread")]
    Worker(#[source] std::io::Error),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            seed: 0,
            tls: tls::TlsOptions::default(),
            connect_timeout: Duration::from_secs(10),
            keepalive: Keepalive::default(),
            max_connections: None,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            spin: true,
        }
    }
}
