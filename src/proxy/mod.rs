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

mod collector;
mod conn;
mod engine;
mod events;
pub mod leg;
mod meter;
mod net;
mod port;
pub mod postgres;
#[expect(
    clippy::module_inception,
    reason = "a proxy is what this module is about"
)]
mod proxy;
mod record;
mod relay;
mod settings;
mod shared;
mod sweeps;
mod thread;
pub mod tls;

pub use self::engine::{AddError, Changed, EditError, Engine, RenameError, StartError};
pub use self::events::{Events, FactBatch, FactFeed, Told};
pub use self::leg::dial;
pub use self::leg::error::{DialError, UpstreamError};
pub use self::net::socket::Keepalive;
pub use self::net::{barred, look_up, sys};
pub use self::port::BindError;
pub use self::proxy::NameTaken;
pub use self::relay::{budget, pump};
pub use self::shared::Options;
pub use self::sweeps::run::{Course, SweepError};
pub use self::thread::{clock, panics};
pub use self::tls::{TlsError, TlsOptionError};
