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

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod alarm;
pub mod clock;
pub mod dial;
pub mod error;
mod flow;
pub mod leg;
pub mod postgres;
pub mod pump;
pub mod tls;
