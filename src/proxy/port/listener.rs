//! Listens on proxies' ports, and accepts their clients.
//!
//! The accept loop awaits only a permit, a client and the stop: looking names up, dialing and handshakes belong to the
//! connection's own task, so that no client delays another.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::format::reason;
use crate::mapping::Mapping;
use crate::proxy::conn::task::{self, Job, Places};
use crate::proxy::net::rounds::Sign;
use crate::proxy::net::sys;
use crate::proxy::net::sys::{Acceptor, Listeners};
use crate::proxy::proxy::Proxy;
use crate::proxy::shared::{Options, Shared};
use crate::proxy::thread::worker::Worker;
use crate::proxy::thread::{clock, panics};
use crate::snapshot::{Happening, PortState};

/// The first wait after the process ran short of something; it doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LAST_WAIT: Duration = Duration::from_millis(100);

/// Binds every address of a mapping, or of the engine where it has none of its own, to one port; with port 0, whichever is free
/// on the first.
pub(in crate::proxy) fn bind(
    options: &Options,
    mapping: &Mapping,
    port: u16,
) -> Result<Listeners, BindError> {
    let own = Some(&mapping.bind).filter(|own| !own.is_empty());
    let addrs = own.unwrap_or(&options.bind);
    let mut listeners = Vec::with_capacity(addrs.len());
    let mut port = port;
    for addr in addrs {
        let addr = SocketAddr::new(*addr, port);
        let failed = |source| BindError { addr, source };
        let listener = sys::listen(addr, options.keepalive).map_err(failed)?;
        port = listener.local_addr().map_err(failed)?.port();
        listeners.push(Arc::new(listener));
    }
    Ok(listeners)
}

/// Whether all addresses could be listened on with this port. Nothing is: whoever connects meanwhile is refused.
pub(in crate::proxy) fn probe(addrs: &[std::net::IpAddr], port: u16) -> Result<(), BindError> {
    addrs.iter().try_for_each(|addr| {
        let addr = SocketAddr::new(*addr, port);
        let bound = sys::bind(addr).map(drop);
        bound.map_err(|source| BindError { addr, source })
    })
}

/// A listener could not be opened.
#[derive(Debug, Error)]
#[error("cannot listen on {addr}: {}{}", reason(source), self.hint())]
pub struct BindError {
    /// The address that was to be listened on.
    pub addr: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// A proxy's listeners on their way to the worker that accepts its clients.
pub(super) struct Listening {
    pub(super) listeners: Listeners,
    pub(super) proxy: Arc<Proxy>,
    pub(super) engine: Arc<Shared>,
    pub(super) stop: CancellationToken,
    /// Tells desks that dial the port that a desk listens there.
    pub(super) sign: Option<Sign>,
    /// Whoever closes the port waits until this is dropped.
    pub(super) open: TaskTrackerToken,
}

impl BindError {
    fn hint(&self) -> &'static str {
        let privileged = (1..1024).contains(&self.addr.port());
        if privileged && self.source.kind() == io::ErrorKind::PermissionDenied {
            " (ports below 1024 are the system's)"
        } else {
            ""
        }
    }
}

/// Accepts clients of a proxy until it is told to stop. The listeners close with it: from then on connections are refused.
/// One loop serves all of a proxy's addresses, since they share its limit.
pub(super) async fn accept(port: Listening, worker: Rc<Worker>) {
    let Listening {
        listeners,
        proxy,
        engine,
        stop,
        sign: _sign,
        open,
    } = port;
    let acceptors: io::Result<Vec<_>> = listeners.into_iter().map(Acceptor::new).collect();
    match acceptors {
        Ok(acceptors) => {
            let accepting = accept_all(acceptors, &proxy, &engine, stop, worker);
            if let Err(panic) = panics::contain_task(Box::pin(accepting)).await {
                wait_for(
                    &proxy,
                    &engine,
                    format!("clients are accepted no more: {panic}"),
                );
            }
        }
        Err(error) => wait_for(&proxy, &engine, cannot_accept(&error)),
    }
    drop(open);
}

async fn accept_all(
    acceptors: Vec<Acceptor>,
    proxy: &Arc<Proxy>,
    engine: &Arc<Shared>,
    stop: CancellationToken,
    worker: Rc<Worker>,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let accepted = tokio::select! {
            // Cancel-safe: the token only reports.
            () = stop.cancelled() => return,
            // Cancel-safe: a permit that was not returned is not taken, and tokio's accept loses no client.
            accepted = accept_one(&acceptors, proxy, engine) => accepted,
        };
        match accepted {
            Ok((stream, client, places)) => {
                if std::mem::replace(&mut wait, FIRST_WAIT) != FIRST_WAIT {
                    proxy.set_port_state(PortState::Open);
                }
                hand_over(stream, client, places, proxy, engine, &worker);
            }
            // The client went away between its connect and our accept.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                wait_for(proxy, engine, cannot_accept(&error));
                tokio::select! {
                    // Cancel-safe, both: they only wait.
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(wait) => wait = (wait * 2).min(LAST_WAIT),
                }
            }
        }
    }
}

fn cannot_accept(error: &io::Error) -> String {
    format!("cannot accept clients: {}", reason(error))
}

async fn accept_one(
    acceptors: &[Acceptor],
    proxy: &Proxy,
    engine: &Shared,
) -> io::Result<(TcpStream, SocketAddr, Places)> {
    let of_proxy = || {
        let limit = proxy.limit;
        format!("the limit of {limit} connections is reached: further clients wait")
    };
    let of_all = || {
        "all connections that the limit of open files allows are open: further clients wait".into()
    };
    let places = [
        place(&proxy.permits, proxy, engine, of_proxy).await?,
        place(&engine.places, proxy, engine, of_all).await?,
    ];
    let (stream, client) = std::future::poll_fn(|cx| {
        let mut ready = acceptors.iter().map(|acceptor| acceptor.poll_accept(cx));
        ready.find(Poll::is_ready).unwrap_or(Poll::Pending)
    })
    .await?;
    Ok((stream, client, places))
}

/// Takes a place, or says why clients wait until there is one.
async fn place(
    places: &Arc<Semaphore>,
    proxy: &Proxy,
    engine: &Shared,
    full: impl FnOnce() -> String,
) -> io::Result<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
        return Ok(permit);
    }
    wait_for(proxy, engine, full());
    let permit = Arc::clone(places).acquire_owned().await;
    proxy.set_port_state(PortState::Open);
    permit.map_err(io::Error::other)
}

/// Clients wait in the kernel's backlog: shown on the proxy, and told once.
fn wait_for(proxy: &Proxy, engine: &Shared, why: String) {
    if proxy.set_port_state(PortState::Waiting(why.clone())) {
        engine.tell(proxy, Happening::Error(why));
    }
}

/// Gives a client to the worker that has the fewest; to this one, unless it has a quarter more than that: a wake-up costs
/// more than so little unevenness. A worker that has no room for more work is not waited for: the client stays here.
fn hand_over(
    stream: TcpStream,
    client: SocketAddr,
    places: Places,
    proxy: &Arc<Proxy>,
    engine: &Arc<Shared>,
    here: &Rc<Worker>,
) {
    let own = &engine.workers[here.index];
    let mut least = own;
    for worker in &engine.workers {
        if worker.active() < least.active() {
            least = worker;
        }
    }
    let stays = own.active() <= least.active() + least.active() / 4;
    let job = Job {
        stream,
        client,
        id: engine.next_connection(),
        ordinal: proxy.next_ordinal(),
        epoch: proxy.settings.epoch(),
        accepted: clock::now(),
        proxy: Arc::clone(proxy),
        engine: Arc::clone(engine),
        load: if stays { own } else { least }.connection(),
        places,
    };
    let serve = |worker| task::run(job, worker);
    if stays {
        here.spawn(serve);
    } else {
        least.hand_or_run(here, serve);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, TcpStream};

    use super::*;

    #[test]
    fn a_probe_tells_a_port_that_another_has_and_leaves_a_free_one_closed() {
        let here = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let other = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let addr = other.local_addr().expect("it is bound");
        let error = probe(&here, addr.port()).expect_err("another has it");
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
        drop(other);
        probe(&here, addr.port()).expect("it is free again");
        assert!(TcpStream::connect(addr).is_err(), "nothing listens");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_listener_says_which_address_and_why() {
        for (addr, code, line) in [
            (
                "127.0.0.1:5432",
                98,
                "cannot listen on 127.0.0.1:5432: address already in use",
            ),
            (
                "127.0.0.1:80",
                13,
                "cannot listen on 127.0.0.1:80: permission denied (ports below 1024 are the system's)",
            ),
            (
                "[::1]:8080",
                99,
                "cannot listen on [::1]:8080: cannot assign requested address",
            ),
        ] {
            let addr = addr.parse().expect("an address");
            let source = io::Error::from_raw_os_error(code);
            let error = BindError { addr, source };
            assert_eq!(error.to_string(), line);
        }
    }
}
