//! What is known of a connection, and how its task is told to obey.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;

use super::error::Attempts;
use super::meter::slots::SlotRef;
use super::net::rounds::Sign;
use crate::snapshot::{CloseReason, ConnId, Kill, Negotiated, ProxyId};

/// What a connection's task is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Kill(Kill),
    Stop,
}

/// A connection's task goes on.
const RUNNING: u8 = 0;
/// A connection's task has come to its end; its sockets may still be open.
const OVER: u8 = 1;
/// A connection's task has come to its end because a fault ended the connection; its sockets may still be open.
const CUT: u8 = 2;

/// What is known of a connection, and how its task is reached.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: ConnId,
    pub(super) proxy: ProxyId,
    pub(super) client: SocketAddr,
    /// Since the engine's start.
    pub(super) opened: Duration,
    pub(super) upstream: OnceLock<SocketAddr>,
    /// Where addresses were tried in vain before the one that answered; in a box, as most connections have none.
    pub(super) detour: OnceLock<Box<Detour>>,
    /// What tells the next desk on the way of it.
    sign: OnceLock<Sign>,
    /// Where its upstream speaks TLS; in a box, as most connections have none.
    pub(super) secured: OnceLock<Box<Agreed>>,
    pub(super) closed: OnceLock<Closed>,
    pub(super) slot: SlotRef,
    /// The kinds of fault that act on it, a bit for each place in the table.
    pub(super) hit: AtomicU32,
    waker: AtomicWaker,
    holds: AtomicBool,
    order: AtomicU8,
    /// Whether its task has come to its end, and how: `RUNNING`, `OVER` or `CUT`.
    end: AtomicU8,
    /// Whether the upstream's TLS ended without `close_notify`. Stored before `closed`, read after it.
    pub(super) truncated: AtomicBool,
    generation: AtomicU64,
    /// Nanoseconds since the engine's start.
    taken_at: AtomicU64,
}

/// The addresses of an upstream that were tried in vain.
#[derive(Debug)]
pub(super) struct Detour {
    /// Each with its reason.
    pub(super) tried: Attempts,
    /// Since the engine's start.
    pub(super) at: Duration,
}

/// What a connection's TLS agreed on.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) tls: Arc<Negotiated>,
    /// Since the engine's start.
    pub(super) at: Duration,
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
    pub(super) fn new(
        id: ConnId,
        proxy: ProxyId,
        client: SocketAddr,
        opened: Duration,
        slot: SlotRef,
    ) -> Self {
        Self {
            id,
            proxy,
            client,
            opened,
            upstream: OnceLock::new(),
            detour: OnceLock::new(),
            sign: OnceLock::new(),
            secured: OnceLock::new(),
            closed: OnceLock::new(),
            slot,
            hit: AtomicU32::new(0),
            waker: AtomicWaker::new(),
            holds: AtomicBool::new(false),
            order: AtomicU8::new(0),
            end: AtomicU8::new(RUNNING),
            truncated: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            taken_at: AtomicU64::new(0),
        }
    }

    /// How its upstream was found: after these addresses, of which those are told that cost time.
    pub(super) fn came_by(&self, tried: Attempts, sign: Option<Sign>, at: Duration) {
        if tried.cost_time() {
            let _ = self.detour.set(Box::new(Detour { tried, at }));
        }
        if let Some(sign) = sign {
            let _ = self.sign.set(sign);
        }
    }

    /// Its upstream has been dialed; only its task says so, and once.
    pub(super) fn reached(&self, addr: SocketAddr, tls: Option<Negotiated>, at: Duration) {
        let _ = self.upstream.set(addr);
        if let Some(tls) = tls.map(Arc::new) {
            let _ = self.secured.set(Box::new(Agreed { tls, at }));
        }
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
            // Sequentially consistent, as in `park`: a task that parks just now looks at the generation after.
            self.holds.store(true, Ordering::SeqCst);
        }
    }

    /// The generation that it runs.
    pub(super) fn generation(&self) -> u64 {
        // Acquire: with the release in `reported`, whoever sees the generation sees its time.
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it runs this generation: one that holds nothing obeys, as it looks before its next byte.
    pub(super) fn runs(&self, generation: u64) -> bool {
        !self.holds() || self.generation() >= generation || self.is_over()
    }

    /// Its task has come to its end, for this reason; the first one that is given holds.
    pub(super) fn end(&self, reason: &CloseReason) {
        let end = match reason {
            CloseReason::Fault(_) => CUT,
            _ => OVER,
        };
        // Release, before the generation is reported: whoever sees that generation sees what it did. Failed, another reason
        // stands already.
        let (done, failed) = (Ordering::Release, Ordering::Relaxed);
        let _ = self.end.compare_exchange(RUNNING, end, done, failed);
    }

    /// Whether its task has come to its end.
    pub(super) fn is_over(&self) -> bool {
        // Acquire: with the release in `end`.
        self.end.load(Ordering::Acquire) != RUNNING
    }

    /// Whether a fault ended it.
    pub(super) fn is_cut(&self) -> bool {
        // Acquire: with the release in `end`.
        self.end.load(Ordering::Acquire) == CUT
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

    pub(super) fn give(&self, order: Order) {
        let code = match order {
            Order::Kill(Kill::Rst) => 1,
            Order::Kill(Kill::Fin) => 2,
            Order::Stop => 3,
        };
        self.order.store(code, Ordering::SeqCst);
        self.waker.wake();
    }

    pub(super) fn ordered(&self) -> Option<Order> {
        match self.order.load(Ordering::SeqCst) {
            1 => Some(Order::Kill(Kill::Rst)),
            2 => Some(Order::Kill(Kill::Fin)),
            3 => Some(Order::Stop),
            _ => None,
        }
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
