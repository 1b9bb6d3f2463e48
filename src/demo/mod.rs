//! The built-in upstreams with their traffic: something to disturb for whoever has nothing at hand.
//!
//! ```text
//!  visitors ── connect like an outside application ──► proxies of the engine ──► upstreams
//!  (traffic, by their habits)                                                    (upstreams)
//! ```
//!
//! Everything is on loopback and any free port, nothing leaves the machine, and how much runs is bounded. No fault is set but
//! those that the command line asks for: what fails by itself is only the upstream that is there to fail.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::random::{Random, derive};
use crate::fault::{Plan, Setting};
use crate::format::reason;
use crate::mapping::{Host, Mapping, Name, Protocol};
use crate::proxy::{AddError, Engine};
use crate::snapshot::ProxyId;
use traffic::Visitor;
use upstreams::Upstream;

mod habits;
mod http;
mod traffic;
mod upstreams;

/// A part in the play: an upstream, and the clients that visit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Small messages that come back as they went, over connections that stay open.
    Echo,
    /// HTTP with a little time to think, over connections that are kept for a while.
    Shop,
    /// Downloads of some megabytes, one after another.
    Files,
    /// As the shop, but answers break off, and now and then nobody is there. Its port is closed at first.
    Flaky,
}

/// Why the demo could not begin.
#[derive(Debug, Error)]
pub enum DemoError {
    /// An upstream found no port.
    #[error("cannot start the demo's upstream {name}: {}", reason(source))]
    Upstream {
        /// The name of the upstream.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A proxy could not be added.
    #[error(transparent)]
    Proxy(#[from] AddError),
}

/// The play: upstreams that serve and proxies before them, and later the traffic.
pub struct Demo {
    engine: Engine,
    cast: Vec<(Part, ProxyId)>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

// === impl Demo ===

impl Demo {
    /// Starts the upstreams and adds a proxy for each, with these faults. There is no traffic yet.
    pub async fn open(engine: &Engine, settings: &[Setting]) -> Result<Self, DemoError> {
        let mut demo = Self {
            engine: engine.clone(),
            cast: Vec::with_capacity(Part::ALL.len()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        for part in Part::ALL {
            let name = part.name();
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .and_then(|listener| Ok((listener.local_addr()?, listener)));
            let (addr, listener) =
                listener.map_err(|source| DemoError::Upstream { name, source })?;
            let upstream = Upstream {
                part,
                random: demo.random(name, 0),
                places: Arc::new(Semaphore::new(upstreams::CLIENTS)),
                stop: demo.stop.clone(),
                tasks: demo.tasks.clone(),
            };
            demo.spawn(upstream.serve(listener, addr));
            let plan = Plan::of(settings.iter().cloned());
            let proxy = engine.add(part.mapping(addr), plan).await?;
            if part == Part::Flaky {
                // Quiet until its act: whoever opens its port lets its clients in. Closing one cannot fail.
                let _ = engine.set_port(proxy, false).await;
            }
            demo.cast.push((part, proxy));
        }
        Ok(demo)
    }

    /// Lets the clients in.
    pub fn play(&self) {
        for (part, proxy) in &self.cast {
            let name = part.name();
            for number in 1..=part.habits().clients {
                let visitor = Visitor {
                    part: *part,
                    proxy: *proxy,
                    snapshots: self.engine.snapshots(),
                    random: self.random(name, number),
                    failures: 0,
                    request: None,
                };
                self.spawn(visitor.visit());
            }
        }
    }

    /// Ends the traffic and the upstreams, and waits for their tasks, which end at once.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn random(&self, name: &str, number: u64) -> Random {
        Random::new(derive(self.engine.seed(), name, number))
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks
            .spawn(async move { stop.run_until_cancelled(work).await });
    }
}

/// A demo that did not get as far as `stop` leaves no task behind either.
impl Drop for Demo {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

// === impl Part ===

impl Part {
    /// In the order of the desk: first what people know, a page that takes tens of milliseconds; last what fails by itself.
    const ALL: [Self; 4] = [Self::Shop, Self::Echo, Self::Files, Self::Flaky];

    /// What its proxy is called.
    const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Shop => "shop",
            Self::Files => "files",
            Self::Flaky => "flaky",
        }
    }

    fn mapping(self, upstream: SocketAddr) -> Mapping {
        let protocol = (self != Self::Echo).then_some(Protocol::Http);
        let host = Host::V4(Ipv4Addr::LOCALHOST);
        let mapping = Mapping::new(0, protocol, host, upstream.port());
        mapping.called(Name::parse(self.name()).ok())
    }
}

/// A number from `least` to `most`, both included.
fn between(random: &mut Random, least: u64, most: u64) -> u64 {
    least + random.draw() % (most - least + 1)
}
