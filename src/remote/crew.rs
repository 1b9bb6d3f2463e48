//! Those who follow and ask the engines of a desk: two for each engine, from when it comes until it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ask::{Asked, Asker, QUEUE};
use super::board::Board;
use super::follow::Follower;
use super::http::{Caller, Questions};
use super::toxiproxy::Toxiproxy;
use crate::desk::Contact;
use crate::mapping::Mapping;
use crate::request::Request;
use crate::snapshot::Author;

/// How a desk of engines elsewhere behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// By what name the engines know who changes something.
    pub author: Author,
    /// The token that they ask for, where a target has none of its own.
    pub token: Option<String>,
    /// Whether nothing is to be changed from here.
    pub read_only: bool,
}

/// Those who follow and ask the engines of a desk.
pub(super) struct Crew {
    pub(super) board: Arc<Board>,
    pub(super) hurry: Arc<Notify>,
    options: Options,
    /// How many engines there can be at once.
    places: usize,
    /// Nobody wants any of it any more.
    stop: CancellationToken,
    engines: Mutex<Engines>,
}

#[derive(Default)]
struct Engines {
    /// By their places.
    here: BTreeMap<usize, Engine>,
    /// The place that is taken next, where it is free: one that was given up is taken again as late as can be.
    next: usize,
}

struct Engine {
    name: String,
    asks: mpsc::Sender<Asked>,
    _stop: DropGuard,
}

/// A name that can stand before those of proxies.
fn as_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}

// === impl Crew ===

impl Crew {
    /// Nobody yet, with places for so many engines; must be called inside a tokio runtime. All end with `stop`.
    pub(super) fn new(places: usize, options: &Options, stop: CancellationToken) -> Self {
        let board = Arc::new(Board::new(places, &options.author, options.read_only));
        let (shows, until) = (Arc::clone(&board), stop.clone());
        // Cancel-safe: nothing of it is needed any more.
        tokio::spawn(async move { until.run_until_cancelled(shows.run()).await });
        Self {
            board,
            hurry: Arc::default(),
            options: options.clone(),
            places,
            stop,
            engines: Mutex::default(),
        }
    }

    /// How an engine is asked.
    pub(super) fn caller(&self, target: super::Target) -> Caller {
        Caller::new(target, self.options.token.as_deref())
    }

    /// Begins to follow an engine; returns its place, or nothing where all are taken.
    pub(super) fn begin(&self, name: Option<String>, caller: &Caller) -> Option<usize> {
        let mut engines = self.engines.lock();
        let from = engines.next;
        let mut places = (from..from + self.places).map(|place| place % self.places);
        let place = places.find(|place| !engines.here.contains_key(place))?;
        engines.next = place + 1;
        let address = caller.target().to_string();
        let mut name = name.unwrap_or_else(|| address.clone());
        if engines.here.values().any(|other| other.name == name) {
            name.clone_from(&address);
        }
        if self.places > 1 {
            name = as_name(&name);
        }
        self.board.enter(place, &name, &address);
        let (asks, waiting) = mpsc::channel(QUEUE);
        let questions = || Questions::new(name.clone(), caller.clone());
        let toxiproxy = Toxiproxy::new(Arc::clone(&self.board), place, questions());
        let toxiproxy = Arc::new(toxiproxy);
        let follower = Follower {
            board: Arc::clone(&self.board),
            place,
            caller: caller.clone(),
            author: self.options.author.clone(),
            hurry: Arc::clone(&self.hurry),
            toxiproxy: Arc::clone(&toxiproxy),
        };
        let asker = Asker::new(Arc::clone(&self.board), place, questions(), toxiproxy);
        let stop = self.stop.child_token();
        let engine = Engine {
            name,
            asks,
            _stop: stop.clone().drop_guard(),
        };
        engines.here.insert(place, engine);
        tokio::spawn(async move {
            // Cancel-safe: nothing of it is needed any more.
            tokio::select! {
                () = stop.cancelled() => {}
                never = follower.run() => match never {},
                () = asker.run(waiting) => {}
            }
        });
        Some(place)
    }

    /// An engine is gone: it is followed and shown no more.
    pub(super) fn end(&self, place: usize) {
        self.engines.lock().here.remove(&place);
        self.board.leave(place);
    }

    /// Whom a request is for: by what name, where it is to be put, and whether that one is out of contact; nothing where there
    /// is no engine.
    pub(super) fn whom(&self, request: &Request) -> Option<(String, mpsc::Sender<Asked>, bool)> {
        let contact = self.board.contact().borrow().clone();
        let first = || {
            let reached = contact.peers.iter().find(|peer| !peer.is_lost());
            Some(reached.or(contact.peers.first())?.place)
        };
        let place = self.place_of(request, &contact).or_else(first)?;
        let is_lost = contact
            .peer_at(place)
            .is_none_or(crate::desk::Peer::is_lost);
        let engines = self.engines.lock();
        let engine = engines.here.get(&place)?;
        Some((engine.name.clone(), engine.asks.clone(), is_lost))
    }

    /// The place of the engine that a request is about.
    fn place_of(&self, request: &Request, contact: &Contact) -> Option<usize> {
        match request {
            Request::Add { mapping, .. } => self.named(mapping),
            Request::Probe(_) | Request::Stop(_) | Request::Watch(None) => None,
            Request::Replace { proxy, .. }
            | Request::Remove(proxy)
            | Request::Rename { proxy, .. }
            | Request::SetPlan { proxy, .. }
            | Request::SetPort { proxy, .. }
            | Request::Close(proxy)
            | Request::Repoint { proxy, .. }
            | Request::Sweep(proxy, _)
            | Request::StopSweep(proxy) => contact.place_of(*proxy),
            Request::Kill(conn, _) | Request::SetOwn(conn, _) | Request::Watch(Some(conn)) => {
                contact.place_of_conn(*conn)
            }
            Request::KillAll(conns, _) => {
                conns.first().and_then(|conn| contact.place_of_conn(*conn))
            }
        }
    }

    /// The place of the engine with whose name that of a new proxy begins.
    fn named(&self, mapping: &Mapping) -> Option<usize> {
        let name = mapping.name.as_ref()?.to_string();
        let is_its = |engine: &Engine| {
            let rest = name.strip_prefix(&*engine.name);
            rest.is_some_and(|it| it.starts_with('.'))
        };
        let engines = self.engines.lock();
        let mut here = engines.here.iter();
        here.find_map(|(place, engine)| is_its(engine).then_some(*place))
    }
}
