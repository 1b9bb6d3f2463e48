//! The desk of engines elsewhere.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ask::{Asked, Asker, QUEUE};
use super::board::Board;
use super::follow::Follower;
use super::http::Caller;
use super::target::Target;
use crate::desk::{Contact, Desk, Pending};
use crate::format::reason;
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

/// Why there is no desk. Prints as one line.
#[derive(Debug, Error)]
pub enum AttachError {
    /// Nothing answers there.
    #[error("nothing answers on {0}: {1}")]
    Silent(String, String),
    /// It asks for a token, or for another one.
    #[error("{0} asks for {which} token: --token-file FILE or FAULTBOARD_TOKEN", which = if *.1 { "another" } else { "a" })]
    Token(String, bool),
    /// It refuses.
    #[error("{0} refuses: {1}")]
    Refused(String, String),
    /// It is neither faultboard nor toxiproxy.
    #[error("what answers on {0} is no desk ({1}): it knows neither /faultboard/v1 nor /version")]
    Stranger(String, String),
    /// It is toxiproxy's own server, which shows no connections.
    #[error(
        "{0} is toxiproxy {1}, which cannot be followed: attach to faultboard toxiproxy in its place"
    )]
    Toxiproxy(String, String),
    /// It speaks another version of the interface.
    #[error("{0} is faultboard {1} with version {2} of the interface, this program speaks {ours}", ours = crate::wire::API)]
    OtherVersion(String, String, u64),
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
                Ok(name) => name,
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
            let follower = Follower {
                board: Arc::clone(&board),
                place,
                caller: caller.clone(),
                author: options.author.clone(),
                hurry: Arc::clone(&hurry),
            };
            let asker = Asker::new(Arc::clone(&board), place, names[place].0.clone(), caller);
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

/// Asks what a target is; returns the name of its machine, where it tells that.
async fn who(caller: &Caller) -> Result<Option<String>, AttachError> {
    let shown = || caller.target().to_string();
    let ask = async |path| {
        let asked = caller.get(path).await;
        asked.map_err(|error| AttachError::Silent(shown(), reason(&error)))
    };
    let (status, body) = ask("/faultboard/v1").await?;
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    match status {
        StatusCode::OK if text("name").as_deref() == Some("faultboard") => {
            let api = told.get("api").and_then(Value::as_u64).unwrap_or(0);
            if api != u64::from(crate::wire::API) {
                let version = text("version").unwrap_or_default();
                return Err(AttachError::OtherVersion(shown(), version, api));
            }
            return Ok(text("host").filter(|host| !host.is_empty()));
        }
        StatusCode::UNAUTHORIZED => return Err(AttachError::Token(shown(), caller.has_token())),
        StatusCode::FORBIDDEN => {
            let why = text("error").unwrap_or_else(|| status.to_string());
            return Err(AttachError::Refused(shown(), why));
        }
        _ => {}
    }
    let (status, body) = ask("/version").await?;
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let version = told.get("version").and_then(Value::as_str);
    match version.filter(|_| status == StatusCode::OK) {
        Some(version) => Err(AttachError::Toxiproxy(shown(), version.to_owned())),
        None => Err(AttachError::Stranger(shown(), status.to_string())),
    }
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
