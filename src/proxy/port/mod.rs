//! Opens and closes proxies' ports: as their users want them, unless a fault refuses all clients.
//!
//! A port is opened and closed by one task at a time. Where it must change as time passes, because a schedule turns the
//! fault or because another program holds the port, one task for each proxy keeps it; the proxy owns that task, and a change
//! of settings wakes it.

mod listener;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::listener::BindError;
use self::listener::Listening;
pub(super) use self::listener::{bind, probe};
use crate::fault::Direction;
use crate::mapping::Mapping;
use crate::proxy::net::intake::{Intake, Peer};
use crate::proxy::net::rounds;
use crate::proxy::net::sys::Listeners;
use crate::proxy::proxy::{Kept, Proxy};
use crate::proxy::shared::Shared;
use crate::proxy::thread::clock;
use crate::snapshot::{Author, Happening, Shut};

/// How often a port that another program took is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// Opens the port of a new proxy, whose listeners are bound; closes it where its faults refuse all clients. Tells which of the
/// two it did, and the faults.
pub(super) async fn begin(
    proxy: &Arc<Proxy>,
    listeners: Listeners,
    engine: &Arc<Shared>,
    by: &Author,
) {
    let mut kept = proxy.gate.lock().await;
    let port = take(proxy, listeners, engine, by);
    let plan = proxy.settings.plan();
    if !plan.is_empty() {
        let faults = Happening::Faults { before: None, plan };
        engine.tell_by(proxy, faults, Some(by));
    }
    if let Some(port) = port {
        accept(port, engine).await;
    }
    keep(proxy, engine, &mut kept, false);
}

/// Opens the port of a proxy that listens elsewhere from now on, as `begin` does.
pub(super) async fn move_to(
    proxy: &Arc<Proxy>,
    listeners: Listeners,
    engine: &Arc<Shared>,
    by: &Author,
) {
    let mut kept = proxy.gate.lock().await;
    if let Some(port) = take(proxy, listeners, engine, by) {
        accept(port, engine).await;
    }
    keep(proxy, engine, &mut kept, false);
}

/// Has a port listen with these, unless nobody wants it or its faults refuse all clients; tells which.
fn take(
    proxy: &Arc<Proxy>,
    listeners: Listeners,
    engine: &Arc<Shared>,
    by: &Author,
) -> Option<Listening> {
    proxy.listens_on(&listeners);
    let port = if refuses(proxy) {
        None
    } else {
        let Ok(port) = claim(proxy, engine, || Ok::<_, Infallible>(listeners));
        port
    };
    renew_intake(proxy);
    match &port {
        Some(_) => engine.tell_listening(proxy, Some(by)),
        None => engine.tell_by(proxy, Happening::PortClosed(proxy.shut()), Some(by)),
    }
    port
}

/// Opens or closes the port as its user and the faults want it now, and sees to it that it stays so as time passes.
///
/// # Errors
/// The port cannot be listened on: another program took it while it was closed, say. It is asked for again until it can.
pub(super) async fn settle(
    proxy: &Arc<Proxy>,
    engine: &Arc<Shared>,
    by: &Author,
) -> Result<(), BindError> {
    let mut kept = proxy.gate.lock().await;
    let settled = open_or_close(proxy, engine, Some(by)).await;
    keep(proxy, engine, &mut kept, settled.is_err());
    settled
}

/// Opens or closes the port as `settle` does, and tells an error as an event.
pub(super) async fn settle_or_tell(proxy: &Arc<Proxy>, engine: &Arc<Shared>, by: &Author) {
    if let Err(error) = settle(proxy, engine, by).await {
        let lost = format!("{error}; trying again every second");
        engine.tell(proxy, Happening::Error(lost));
    }
}

/// Closes the port of a proxy whose connections end with it, and tells so, also where it was closed already.
pub(super) async fn close_with_all(proxy: &Arc<Proxy>, engine: &Arc<Shared>, by: &Author) {
    let mut kept = proxy.gate.lock().await;
    stop_accepting(proxy).await;
    keep(proxy, engine, &mut kept, false);
    engine.tell_by(proxy, Happening::PortClosed(Shut::Off), Some(by));
}

/// Binds listeners to the port of a proxy that goes, for the one that comes in its place. Where that fails, the port opens again
/// as it was.
///
/// # Errors
/// The port cannot be listened on.
pub(super) async fn take_over(
    proxy: &Arc<Proxy>,
    mapping: &Mapping,
    engine: &Arc<Shared>,
) -> Result<Listeners, BindError> {
    let mut kept = proxy.gate.lock().await;
    stop_accepting(proxy).await;
    let bound = listener::bind(&engine.options, mapping, mapping.listen);
    if bound.is_err() {
        let settled = open_or_close(proxy, engine, None).await;
        keep(proxy, engine, &mut kept, settled.is_err());
    }
    bound
}

/// Closes the port of a proxy that goes, and ends the task that keeps it: clients are refused from when this returns.
pub(super) async fn close(proxy: &Proxy) {
    // All of it before the first wait: a caller that goes away leaves nothing open behind.
    proxy.retire();
    {
        let _alone = proxy.gate.lock().await;
        stop_accepting(proxy).await;
    }
    // Not in turn: the task may be waiting for its own.
    proxy.keeper.tasks.close();
    proxy.keeper.tasks.wait().await;
}

fn refuses(proxy: &Proxy) -> bool {
    proxy.settings.in_force().refuses(clock::now())
}

async fn open_or_close(
    proxy: &Arc<Proxy>,
    engine: &Arc<Shared>,
    by: Option<&Author>,
) -> Result<(), BindError> {
    if proxy.wants_port() && !refuses(proxy) {
        let number = proxy.number();
        let way = proxy.way();
        let bind = || listener::bind(&engine.options, &way.mapping, number);
        let port = claim(proxy, engine, bind)?;
        renew_intake(proxy);
        if let Some(port) = port {
            engine.tell_listening(proxy, by);
            accept(port, engine).await;
        }
    } else {
        // As it is wanted now: closing takes a while, and somebody may want something else meanwhile, which is told after it.
        let shut = proxy.shut();
        if stop_accepting(proxy).await {
            engine.tell_by(proxy, Happening::PortClosed(shut), by);
        }
    }
    Ok(())
}

/// Has clients of an open port begin, from now on, with as much taken in as the faults of this moment ask for: a rate or a
/// sender in their direction that hits all of them.
fn renew_intake(proxy: &Proxy) {
    let rate = proxy
        .settings
        .in_force()
        .passes_of_all(Direction::Up, clock::now());
    for listener in proxy.listeners() {
        let Ok(addr) = listener.local_addr() else {
            continue;
        };
        let intake = Intake::before(rate, Peer::of_listener(addr.ip()));
        // Nothing that the system refuses; without it bytes would be older, and all the rest is the same.
        let _ = intake.renew(&SockRef::from(&*listener));
    }
}

/// Listens, so that clients may connect, and leaves accepting them to `accept`. `None` where the port is open already, or
/// nobody wants it any more.
fn claim<E>(
    proxy: &Arc<Proxy>,
    engine: &Arc<Shared>,
    bind: impl FnOnce() -> Result<Listeners, E>,
) -> Result<Option<Listening>, E> {
    let (stop, loops) = (CancellationToken::new(), TaskTracker::new());
    let (stopped, open) = (stop.clone(), loops.token());
    loops.close();
    let listeners = proxy.open(stop, loops, bind)?;
    let sign = |listeners: &Listeners| {
        let addr = listeners.first()?.local_addr().ok()?;
        rounds::listens(addr.port())
    };
    Ok(listeners.map(|listeners| Listening {
        // Before any client is taken: what its connection is dialed for may come back here.
        sign: sign(&listeners),
        listeners,
        proxy: Arc::clone(proxy),
        engine: Arc::clone(engine),
        stop: stopped,
        open,
    }))
}

/// Has one of the workers accept clients until the port is closed.
async fn accept(port: Listening, engine: &Shared) {
    // Each proxy's clients come to another worker.
    let worker = &engine.workers[port.proxy.id.0 as usize % engine.workers.len()];
    worker.hand(|worker| listener::accept(port, worker)).await;
}

/// Stops accepting and closes the listeners: connections are refused from when this returns. False where the port was closed
/// already.
async fn stop_accepting(proxy: &Proxy) -> bool {
    let Some(loops) = proxy.stop_accepting() else {
        return false;
    };
    loops.wait().await;
    // Told only now that it is so.
    proxy.want_port(proxy.wants_port());
    true
}

/// Has one task keep the port where it must change as time passes, and look anew where one does already.
fn keep(proxy: &Arc<Proxy>, engine: &Arc<Shared>, kept: &mut Kept, lost: bool) {
    if kept.by_a_task {
        proxy.keeper.news.notify_one();
    } else if let Some(turn) = next_turn(proxy, lost) {
        kept.by_a_task = true;
        let keeper = keeper(Arc::clone(proxy), Arc::clone(engine), turn);
        proxy.keeper.tasks.spawn(keeper);
    }
}

/// When the port is to be looked at again although nobody changes anything.
fn next_turn(proxy: &Proxy, lost: bool) -> Option<Instant> {
    let in_force = proxy.settings.in_force();
    let now = clock::now();
    let turn = if in_force.mentions_refusal() || in_force.mentions_rate() {
        in_force.next_turn(now)
    } else {
        None
    };
    let retry = if lost { now.checked_add(RETRY) } else { None };
    turn.into_iter().chain(retry).min()
}

/// Settles a proxy's port whenever its plan changes by itself, and asks again for one that was taken by another program, until
/// there is nothing more of that kind to do.
async fn keeper(proxy: Arc<Proxy>, engine: Arc<Shared>, mut turn: Instant) {
    loop {
        tokio::select! {
            // Cancel-safe, all of them: they only wait, and a notice that was not taken stays.
            () = proxy.keeper.stop.cancelled() => return,
            () = tokio::time::sleep_until(turn.into()) => {}
            () = proxy.keeper.news.notified() => {}
        }
        let mut kept = proxy.gate.lock().await;
        let settled = open_or_close(&proxy, &engine, None).await;
        let Some(next) = next_turn(&proxy, settled.is_err()) else {
            kept.by_a_task = false;
            return;
        };
        turn = next;
    }
}
