//! The desk of engines elsewhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ask::{Asked, Asker, QUEUE};
use super::board::Board;
use super::follow::Follower;
use super::http::{Caller, Questions};
use super::target::Target;
use super::toxiproxy::Toxiproxy;
use super::who::{AttachError, who};
use crate::desk::{Contact, Desk, Pending};
use crate::mapping::Mapping;
use crate::proxy::Events;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{Author, Snapshot};

/// An engine that answers shows itself by then.
const PATIENCE: Duration = Duration::from_secs(3);

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

/// Engines elsewhere as one desk. Clones are the same one; with the last of them it lets go of the engines, which go on.
#[derive(Clone)]
pub struct RemoteDesk(Arc<Inner>);

struct Inner {
    board: Arc<Board>,
    names: Vec<String>,
    asks: Vec<mpsc::Sender<Asked>>,
    hurry: Arc<Notify>,
    _stop: DropGuard,
}

// === impl RemoteDesk ===

impl RemoteDesk {
    /// Asks each target what it is, and follows them all; returns once what there is to show is there. Of several, those that do
    /// not answer are tried again meanwhile.
    ///
    /// # Errors
    /// One of them is no desk, asks for a token, or speaks another version; or none answers.
    pub async fn attach(targets: &[Target], options: &Options) -> Result<Self, AttachError> {
        let mut silent = None;
        let mut names = Vec::new();
        let mut callers = Vec::new();
        for target in targets {
            let caller = Caller::new(target.clone(), options.token.as_deref());
            let name = match who(&caller).await {
                Ok(who) => who.name,
                Err(why @ AttachError::Silent(..)) => {
                    silent = Some(why);
                    None
                }
                Err(why) => return Err(why),
            };
            let address = target.to_string();
            let mut name = name.unwrap_or_else(|| address.clone());
            if names.iter().any(|(other, _)| *other == name) {
                name.clone_from(&address);
            }
            if targets.len() > 1 {
                name = as_name(&name);
            }
            names.push((name, address));
            callers.push(caller);
        }
        if let Some(why) = silent.filter(|_| targets.len() == 1) {
            return Err(why);
        }
        let desk = Self::over(&names, callers, options);
        desk.first().await;
        Ok(desk)
    }

    fn over(names: &[(String, String)], callers: Vec<Caller>, options: &Options) -> Self {
        let board = Arc::new(Board::new(names, &options.author, options.read_only));
        let (stop, hurry) = (CancellationToken::new(), Arc::<Notify>::default());
        let ask = |(place, caller): (usize, Caller)| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let questions = || Questions::new(names[place].0.clone(), caller.clone());
            let toxiproxy = Arc::new(Toxiproxy::new(Arc::clone(&board), place, questions()));
            let follower = Follower {
                board: Arc::clone(&board),
                place,
                caller: caller.clone(),
                author: options.author.clone(),
                hurry: Arc::clone(&hurry),
                toxiproxy: Arc::clone(&toxiproxy),
            };
            let asker = Asker::new(Arc::clone(&board), place, questions(), toxiproxy);
            let stop = stop.clone();
            tokio::spawn(async move {
                // Cancel-safe: nothing of it is needed any more.
                tokio::select! {
                    () = stop.cancelled() => {}
                    never = follower.run() => match never {},
                    () = asker.run(waiting) => {}
                }
            });
            queue
        };
        let asks = callers.into_iter().enumerate().map(ask).collect();
        Self(Arc::new(Inner {
            names: names.iter().map(|(name, _)| name.clone()).collect(),
            board,
            asks,
            hurry,
            _stop: stop.drop_guard(),
        }))
    }

    /// Waits until each engine that answers has shown itself, for a bounded time.
    async fn first(&self) {
        let mut contact = self.0.board.contact();
        let all = contact.wait_for(|contact| contact.lost().next().is_none());
        // Who has not by then is shown as lost.
        let _ = timeout(PATIENCE, all).await;
    }

    /// The place of the engine that a request is about.
    fn whom(&self, request: &Request) -> usize {
        let contact = self.0.board.contact().borrow().clone();
        let first = || {
            let reached = contact.peers.iter().position(|peer| !peer.is_lost());
            reached.unwrap_or(0)
        };
        // The name of a new proxy may begin with its engine's.
        let named = |mapping: &Mapping| {
            let name = mapping.name.as_ref()?.to_string();
            let mut names = self.0.names.iter();
            names.position(|whose| {
                name.strip_prefix(&**whose)
                    .is_some_and(|it| it.starts_with('.'))
            })
        };
        let place = match request {
            Request::Add { mapping, .. } => named(mapping),
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
        };
        place.unwrap_or_else(first)
    }
}

/// A name that can stand before those of proxies.
fn as_name(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}

impl Desk for RemoteDesk {
    fn now(&self) -> Duration {
        self.0.board.now()
    }

    fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.board.snapshots()
    }

    fn events(&self) -> Events {
        self.0.board.events().into()
    }

    fn ask(&self, request: Request) -> Pending<Result<Outcome, RequestError>> {
        let desk = self.clone();
        Box::pin(async move {
            let place = desk.whom(&request);
            let name = &desk.0.names[place];
            let is_lost = desk.0.board.contact().borrow().peers[place].is_lost();
            let lost =
                |why: &str| RequestError::NoContact(format!("no contact with {name}: {why}"));
            if is_lost {
                return Err(lost("nothing was asked"));
            }
            let (answer, answered) = oneshot::channel();
            let asked = desk.0.asks[place].try_send(Asked { request, answer });
            asked.map_err(|_| lost("it is slow to answer, and this was not asked"))?;
            let answered = answered.await;
            answered.unwrap_or_else(|_| Err(lost("it was let go of")))
        })
    }

    fn contact(&self) -> watch::Receiver<Contact> {
        self.0.board.contact()
    }

    fn try_now(&self) {
        self.0.hurry.notify_waiters();
    }
}
