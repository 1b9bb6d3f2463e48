//! A proxy: a mapping while it runs, with its port, its settings and its counters.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::meter::counters::ProxyMeter;
use super::net::sys::Listeners;
use super::settings::{Change, Settings};
use super::thread::rest::Rest;
use super::tls::UpstreamTls;
use crate::fault::Plan;
use crate::fault::shared::SharedLinks;
use crate::mapping::{Mapping, Name, name_taken};
use crate::snapshot::{PortState, ProxyId, Shut};

/// A mapping while it runs.
pub(super) struct Proxy {
    pub(super) id: ProxyId,
    way: Mutex<Arc<Way>>,
    pub(super) settings: Settings,
    /// A permit for every connection that may be open.
    pub(super) permits: Arc<Semaphore>,
    pub(super) limit: u32,
    called: Mutex<Called>,
    ordinals: AtomicU64,
    meters: Vec<OnceLock<ProxyMeter>>,
    /// Held while its settings are read, changed and told of, so that no change is made of older ones.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Held while the port is opened or closed.
    pub(super) gate: tokio::sync::Mutex<Kept>,
    pub(super) keeper: Keeper,
    port: Mutex<Port>,
    /// Counts what was done to it by others than its connections.
    changes: AtomicU64,
    /// Counts the same over all proxies.
    rest: Arc<Rest>,
}

/// Where a proxy's connections lead, and where their clients come in.
pub(super) struct Way {
    pub(super) mapping: Mapping,
    /// TLS with the upstream, where the mapping asks for it.
    pub(super) tls: UpstreamTls,
}

/// What a new proxy gets of what its engine has.
pub(super) struct Allotted {
    /// Where its connections lead.
    pub(super) way: Arc<Way>,
    /// How many connections it takes at a time.
    pub(super) limit: u32,
    /// How many workers may move its counters.
    pub(super) workers: usize,
    /// Counts what is done to proxies by others than their connections.
    pub(super) rest: Arc<Rest>,
    /// What the connections of all proxies share that ask for it.
    pub(super) desk: Arc<SharedLinks>,
}

/// A name is another proxy's.
#[derive(Debug, Error)]
#[error("{line}")]
pub struct NameTaken {
    /// The name that is taken.
    pub name: Name,
    /// Whose it is, and one that is free.
    line: String,
}

/// What a proxy is called.
#[derive(Default)]
struct Called {
    /// The name that it was given, `None` where it has the one that its mapping comes to.
    given: Option<Name>,
    name: String,
}

/// The listening side of a proxy.
struct Port {
    /// Whether its user wants it open.
    wanted: bool,
    /// Whether it was closed with its connections.
    off: bool,
    state: PortState,
    addrs: Vec<SocketAddr>,
    accepting: Option<Accepting>,
}

/// The accept loop of an open port, and what stops it.
struct Accepting {
    stop: CancellationToken,
    loops: TaskTracker,
    /// The loop's own.
    listeners: Vec<Weak<TcpListener>>,
}

/// Whether a task keeps the port as time passes.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) by_a_task: bool,
}

/// The task that keeps the port, one at most, and how it is reached.
#[derive(Default)]
pub(super) struct Keeper {
    pub(super) tasks: TaskTracker,
    /// Something has changed: it is to look again.
    pub(super) news: Notify,
    pub(super) stop: CancellationToken,
}

// === impl Proxy ===

impl Proxy {
    /// A proxy whose port is bound, and yet to be opened; or is not, where its mapping says so.
    pub(super) fn new(
        id: ProxyId,
        plan: Plan,
        listeners: &[Arc<TcpListener>],
        allotted: Allotted,
    ) -> Self {
        let limit = allotted.limit;
        let wanted = !allotted.way.mapping.closed;
        let state = if wanted {
            PortState::Refusing
        } else {
            PortState::Closed
        };
        Self {
            id,
            way: Mutex::new(allotted.way),
            settings: Settings::new(plan, &allotted.desk),
            permits: Arc::new(Semaphore::new(limit as usize)),
            limit,
            called: Mutex::default(),
            ordinals: AtomicU64::new(0),
            meters: (0..allotted.workers).map(|_| OnceLock::new()).collect(),
            changing: tokio::sync::Mutex::default(),
            gate: tokio::sync::Mutex::default(),
            keeper: Keeper::default(),
            changes: AtomicU64::new(1),
            rest: allotted.rest,
            port: Mutex::new(Port {
                wanted,
                off: false,
                state,
                addrs: addrs(listeners),
                accepting: None,
            }),
        }
    }

    pub(super) fn name(&self) -> String {
        self.called.lock().name.clone()
    }

    /// Where its connections lead from now on.
    pub(super) fn way(&self) -> Arc<Way> {
        Arc::clone(&self.way.lock())
    }

    /// Has its connections lead elsewhere from now on. It stays called as it is.
    pub(super) fn take_way(&self, way: Arc<Way>) {
        let mut called = self.called.lock();
        if called.given.is_none() {
            called.given = Name::parse(&called.name).ok();
        }
        *self.way.lock() = way;
        drop(called);
        self.touch();
    }

    /// The mapping with the name that the proxy has been given by now. That it was closed at first says nothing of now.
    pub(super) fn mapping(&self) -> Mapping {
        let given = self.called.lock().given.clone();
        let mapping = self.way().mapping.clone().called(given);
        Mapping {
            closed: false,
            ..mapping
        }
    }

    /// Changes the plan as the settings do, for a caller that then waits until it is taken.
    pub(super) fn change(
        &self,
        expected: Option<u64>,
        edit: impl FnOnce(&mut Plan),
    ) -> Result<([Arc<Plan>; 2], Change), u64> {
        let changed = self.settings.change(expected, edit);
        self.touch();
        changed
    }

    /// Says that something was done to it, after that is so.
    pub(super) fn touch(&self) {
        // Release: whoever sees the count sees what was done.
        self.changes.fetch_add(1, Ordering::Release);
        self.rest.changed();
    }

    /// Grows with everything that is done to it.
    pub(super) fn changes(&self) -> u64 {
        // Acquire: with the release in `touch`.
        self.changes.load(Ordering::Acquire)
    }

    /// Takes the name that is given, or else the one that the mapping comes to, beside all `proxies`. A given name that is
    /// the default one counts as not given.
    pub(super) fn take_name(
        &self,
        given: Option<Name>,
        proxies: &[Arc<Self>],
    ) -> Result<(), NameTaken> {
        let of = |name: &str| {
            let mut others = proxies.iter().filter(|other| other.id != self.id);
            others.find(|other| other.name() == name)
        };
        if let Some(name) = &given
            && let Some(other) = of(name.as_str())
        {
            let by = other.mapping().called(None).to_string();
            return Err(NameTaken {
                line: name_taken(name.as_str(), &by, |name| of(name).is_some()),
                name: name.clone(),
            });
        }
        let port = self.number();
        let own = self.way();
        let is_default = |name: &Name| name.as_str() == own.mapping.default_name(port);
        let given = given.filter(|name| !is_default(name));
        let mapping = own.mapping.clone().called(given.clone());
        let name = mapping.name_beside(port, |name| of(name).is_some());
        *self.called.lock() = Called { given, name };
        self.touch();
        Ok(())
    }

    /// The number of the next connection within this proxy.
    pub(super) fn next_ordinal(&self) -> u64 {
        self.ordinals.fetch_add(1, Ordering::Relaxed)
    }

    /// The counters that connections of this worker move.
    pub(super) fn meter(&self, worker: usize) -> &ProxyMeter {
        self.meters[worker].get_or_init(ProxyMeter::default)
    }

    /// The counters of all workers that have moved any.
    pub(super) fn meters(&self) -> impl Iterator<Item = &ProxyMeter> + Clone {
        self.meters.iter().filter_map(OnceLock::get)
    }

    /// Whether clients are accepted, and where.
    pub(super) fn port(&self) -> (PortState, Vec<SocketAddr>) {
        let port = self.port.lock();
        (port.state.clone(), port.addrs.clone())
    }

    /// The port that it listens on: the one that was found where its mapping asked for any free one.
    pub(super) fn number(&self) -> u16 {
        let bound = self.port.lock().addrs.first().map(SocketAddr::port);
        bound.unwrap_or_else(|| self.way().mapping.listen)
    }

    /// Says whether its user wants the port open; one that has retired stays closed.
    pub(super) fn want_port(&self, open: bool) {
        let mut port = self.port.lock();
        port.wanted = open && !self.keeper.stop.is_cancelled();
        port.off &= !port.wanted;
        if port.accepting.is_none() {
            port.state = if open {
                PortState::Refusing
            } else {
                PortState::Closed
            };
        }
        self.touch();
    }

    /// Says that its user wants the port closed, and its connections ended with it.
    pub(super) fn turn_off(&self) {
        self.want_port(false);
        self.port.lock().off = true;
    }

    /// How its port is closed, where it is.
    pub(super) fn shut(&self) -> Shut {
        let port = self.port.lock();
        match (port.off, port.wanted) {
            (true, _) => Shut::Off,
            (false, true) => Shut::Refusing,
            (false, false) => Shut::Closed,
        }
    }

    pub(super) fn wants_port(&self) -> bool {
        self.port.lock().wanted
    }

    /// Says whether an open port is in a new state.
    pub(super) fn set_port_state(&self, state: PortState) -> bool {
        let mut port = self.port.lock();
        let news = port.accepting.is_some() && port.state != state;
        if news {
            port.state = state;
            self.touch();
        }
        news
    }

    /// Notes where it listens as soon as its port is open; nowhere yet where there is no listener.
    pub(super) fn listens_on(&self, listeners: &[Arc<TcpListener>]) {
        self.port.lock().addrs = addrs(listeners);
        self.touch();
    }

    /// Notes that the port is open, with the listeners that `bind` makes. `None` where it is open already, or is not to be.
    pub(super) fn open<E>(
        &self,
        stop: CancellationToken,
        loops: TaskTracker,
        bind: impl FnOnce() -> Result<Listeners, E>,
    ) -> Result<Option<Listeners>, E> {
        let mut port = self.port.lock();
        if port.accepting.is_some() || !port.wanted {
            return Ok(None);
        }
        let listeners = bind()?;
        port.addrs = addrs(&listeners);
        port.state = PortState::Open;
        port.accepting = Some(Accepting {
            stop,
            loops,
            listeners: listeners.iter().map(Arc::downgrade).collect(),
        });
        self.touch();
        Ok(Some(listeners))
    }

    /// The listeners of an open port, for a moment: while the gate is held, which closing waits for.
    pub(super) fn listeners(&self) -> Listeners {
        let port = self.port.lock();
        let accepting = port.accepting.iter();
        let listeners = accepting.flat_map(|accepting| &accepting.listeners);
        listeners.filter_map(Weak::upgrade).collect()
    }

    /// Has the accept loop end; returns what to wait for where there was one.
    pub(super) fn stop_accepting(&self) -> Option<TaskTracker> {
        let Accepting { stop, loops, .. } = self.port.lock().accepting.take()?;
        stop.cancel();
        Some(loops)
    }

    /// Takes the port from its user for good: it closes, and so does whatever keeps it.
    pub(super) fn retire(&self) {
        self.keeper.stop.cancel();
        self.want_port(false);
        if let Some(Accepting { stop, .. }) = &self.port.lock().accepting {
            stop.cancel();
        }
    }
}

fn addrs(listeners: &[Arc<TcpListener>]) -> Vec<SocketAddr> {
    let addrs = listeners.iter().filter_map(|one| one.local_addr().ok());
    addrs.collect()
}
