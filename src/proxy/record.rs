//! What everybody may know of one connection, and how its task is told to end or to take over a new plan.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use super::meter::counters::ConnMeter;
use super::meter::watch::Watch;
use super::net::rounds::Sign;
use crate::fault::{InForce, Own};
use crate::snapshot::{CloseReason, ConnId, Kill};

/// What a connection's task is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Kill(Kill),
    /// Its engine or its proxy ends.
    Stop,
    /// Its proxy goes on without it: both streams end.
    End,
}

/// How a connection's task has come to its end; its sockets may still be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// A fault ended the connection.
    Cut,
    /// Anything else did.
    Otherwise,
}

/// What is known of a connection, and how its task is reached.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: ConnId,
    pub(super) client: SocketAddr,
    /// Since the engine's start.
    pub(super) opened: Duration,
    pub(super) upstream: OnceLock<SocketAddr>,
    /// When its upstream was reached, since the engine's start.
    reached: OnceLock<Duration>,
    /// What holds for it alone, and since when; absent until something does.
    own: OnceLock<Box<Mutex<(Own, Instant)>>>,
    /// What is noted of it, once somebody has looked closely, and whether somebody does.
    watch: OnceLock<Box<Watch>>,
    watched: AtomicBool,
    /// What tells the next desk on the way of it.
    sign: OnceLock<Sign>,
    pub(super) closed: OnceLock<Closed>,
    pub(super) meter: ConnMeter,
    /// The kinds of fault that act on it, a bit for each place in the table.
    pub(super) hit: AtomicU32,
    waker: AtomicWaker,
    holds: AtomicBool,
    order: OnceLock<Order>,
    over: OnceLock<Over>,
    /// Whether the upstream's TLS ended without `close_notify`. Stored before `closed`, read after it.
    pub(super) truncated: AtomicBool,
    generation: AtomicU64,
    /// Nanoseconds since the engine's start.
    taken_at: AtomicU64,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) reason: CloseReason,
    /// Since the engine's start.
    pub(super) at: Duration,
}

// === impl Record ===

impl Record {
    pub(super) fn new(id: ConnId, client: SocketAddr, opened: Duration) -> Self {
        Self {
            id,
            client,
            opened,
            upstream: OnceLock::new(),
            reached: OnceLock::new(),
            own: OnceLock::new(),
            watch: OnceLock::new(),
            watched: AtomicBool::new(false),
            sign: OnceLock::new(),
            closed: OnceLock::new(),
            meter: ConnMeter::default(),
            hit: AtomicU32::new(0),
            waker: AtomicWaker::new(),
            holds: AtomicBool::new(false),
            order: OnceLock::new(),
            over: OnceLock::new(),
            truncated: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            taken_at: AtomicU64::new(0),
        }
    }

    /// Its upstream has been dialed by `at`; only its task says so, and once.
    pub(super) fn reached(&self, addr: SocketAddr, sign: Option<Sign>, at: Duration) {
        let _ = self.upstream.set(addr);
        let _ = self.reached.set(at);
        if let Some(sign) = sign {
            let _ = self.sign.set(sign);
        }
    }

    /// How long it took until its upstream was reached.
    pub(super) fn reached_after(&self) -> Option<Duration> {
        Some(self.reached.get()?.saturating_sub(self.opened))
    }

    /// Whether its user has done something to it alone.
    pub(super) fn is_set_apart(&self) -> bool {
        self.own.get().is_some()
    }

    /// What holds for it alone.
    pub(super) fn own(&self) -> Own {
        let own = self.own.get().map(|own| own.lock().0.clone());
        own.unwrap_or_default()
    }

    /// From `since` on, this holds for it alone. Its task takes it over with the next generation of the settings.
    pub(super) fn set_own(&self, own: Own, since: Instant) {
        let first = || Box::new(Mutex::new((Own::default(), since)));
        *self.own.get_or_init(first).lock() = (own, since);
    }

    /// What acts on it, where this is in force for its proxy.
    pub(super) fn in_force(&self, of_proxy: Arc<InForce>) -> Arc<InForce> {
        match self.own.get().map(|own| own.lock().clone()) {
            Some((own, since)) if !own.is_empty() => Arc::new(of_proxy.with_own(&own, since)),
            _ => of_proxy,
        }
    }

    /// Says whether somebody looks closely; `start` is the engine's.
    pub(super) fn set_watched(&self, watched: bool, start: Instant) {
        if watched {
            self.watch.get_or_init(|| Box::new(Watch::new(start)));
        }
        self.watched.store(watched, Ordering::Relaxed);
    }

    /// Where more is to be noted of it, while somebody looks closely.
    pub(super) fn watch(&self) -> Option<&Watch> {
        // Relaxed: nothing depends on the moment at which the task sees it.
        let watched = self.watched.load(Ordering::Relaxed);
        let watch = self.watch.get().filter(|_| watched)?;
        Some(watch)
    }

    /// Registers the task and says whether it holds something. After this it must look at the generation and at its
    /// orders once more before it parks: both sides store first and look second, sequentially consistent, so at least
    /// one of them sees the other.
    pub(super) fn park(&self, cx: &Context<'_>, holds: bool) {
        self.waker.register(cx.waker());
        self.holds.store(holds, Ordering::SeqCst);
    }

    /// The task moves bytes: until it parks, or reports another generation, it may be at those of the one before.
    pub(super) fn run(&self) {
        // Sequentially consistent, as in `park`.
        self.holds.store(true, Ordering::SeqCst);
    }

    /// Its task is to take over settings although it may hold nothing: until it reports, it runs those of before. Not said of
    /// one that has taken over none yet, since it may be dialing.
    pub(super) fn expect_news(&self) {
        if self.generation() > 0 {
            // A task that parks just now looks at the generation after.
            self.run();
        }
    }

    /// The generation that it runs.
    pub(super) fn generation(&self) -> u64 {
        // Acquire: with the release in `took`, whoever sees the generation sees its time.
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it runs this generation: one that holds nothing obeys, as it looks before its next byte.
    pub(super) fn runs(&self, generation: u64) -> bool {
        !self.holds() || self.generation() >= generation || self.is_over()
    }

    /// Its task has come to its end, for this reason, before it reports its last generation: whoever sees that generation sees
    /// what it did. The first reason that is given holds.
    pub(super) fn end(&self, reason: &CloseReason) {
        let _ = self.over.set(match reason {
            CloseReason::Fault(_) => Over::Cut,
            _ => Over::Otherwise,
        });
    }

    /// Whether its task has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.over.get().is_some()
    }

    /// Whether a fault ended it.
    pub(super) fn is_cut(&self) -> bool {
        self.over.get() == Some(&Over::Cut)
    }

    /// It holds nothing from here on.
    pub(super) fn rest(&self) {
        // Sequentially consistent, as in `park`.
        self.holds.store(false, Ordering::SeqCst);
    }

    pub(super) fn holds(&self) -> bool {
        self.holds.load(Ordering::SeqCst)
    }

    pub(super) fn taken_after(&self, began: Duration) -> Duration {
        Duration::from_nanos(self.taken_at.load(Ordering::Relaxed)).saturating_sub(began)
    }

    /// Tells its task to obey. The first order holds: says whether this one is.
    pub(super) fn give(&self, order: Order) -> bool {
        let first = self.order.set(order).is_ok();
        self.wake();
        first
    }

    pub(super) fn ordered(&self) -> Option<Order> {
        self.order.get().copied()
    }

    /// Waits for an order.
    pub(super) fn poll_ordered(&self, cx: &Context<'_>) -> Poll<Order> {
        self.waker.register(cx.waker());
        self.ordered().map_or(Poll::Pending, Poll::Ready)
    }

    /// Its task runs this generation since `at`.
    pub(super) fn took(&self, generation: u64, at: Duration) {
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.taken_at.store(nanos, Ordering::Relaxed);
        // Release: whoever sees the generation sees the time too.
        self.generation.store(generation, Ordering::Release);
    }

    pub(super) fn wake(&self) {
        self.waker.wake();
    }
}
