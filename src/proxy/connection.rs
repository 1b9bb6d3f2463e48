//! One connection, one task: dial, negotiate, then the poll loop over both directions until the end.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::alarm::Timer;
use super::collector::Opened;
use super::ending::{Ending, reason_of, refuse, take_down};
use super::leg::Leg;
use super::listener::Places;
use super::opening::{self, Failure, Ready};
use super::port::Proxy;
use super::pump::Pump;
use super::reading::Reading;
use super::record::{Closed, Kill, Order, Record};
use super::waiting::Waiting;
use super::watched::Watched;
use super::worker::{Load, Worker};
use super::{Inner, clock};
use crate::fault::link::Circumstances;
use crate::fault::{Direction, Plan, random};
use crate::snapshot::{CloseReason, ConnId, LegName};

/// An accepted client on its way to a worker.
pub(super) struct Job {
    pub(super) stream: std::net::TcpStream,
    pub(super) client: SocketAddr,
    pub(super) id: ConnId,
    /// The connection's number within its proxy, from which its randomness is derived.
    pub(super) ordinal: u64,
    pub(super) accepted: Instant,
    pub(super) proxy: Arc<Proxy>,
    pub(super) engine: Arc<Inner>,
    pub(super) load: Load,
    pub(super) places: Places,
}

/// Closes the books on a connection, however its task ends.
pub(super) struct Books {
    pub(super) record: Arc<Record>,
    pub(super) proxy: Arc<Proxy>,
    engine: Arc<Inner>,
    pub(super) worker: Rc<Worker>,
    reason: Option<CloseReason>,
    _load: Load,
    _places: Places,
}

/// Runs a connection from its accept to its end.
///
/// Its three phases are in boxes of their own: an idle connection keeps the memory of the second only.
pub(super) async fn run(job: Job, worker: Rc<Worker>) {
    let Some((mut books, opened)) = Box::pin(open(job, worker)).await else {
        return;
    };
    let ended = match opened {
        Err(ended) => ended,
        Ok(pump) => {
            let mut relay = Relay::new(&books, pump);
            let ending = std::future::poll_fn(|cx| relay.poll(cx)).await;
            let legs = relay.into_legs();
            Box::pin(take_down(&books.record, legs, ending)).await
        }
    };
    let left = has_left(&ended, &books.record);
    books.reason = Some(if left { CloseReason::ClientDone } else { ended });
}

/// Opens the books on a client and dials its upstream: the loop between them, or why there is none. Nothing where the
/// engine has stopped.
async fn open(
    job: Job,
    worker: Rc<Worker>,
) -> Option<(Books, Result<Box<Pump<Watched>>, CloseReason>)> {
    let stream = TcpStream::from_std(job.stream).ok()?;
    let opened = job.accepted.saturating_duration_since(job.engine.start);
    let record = Arc::new(Record::new(
        job.id,
        job.proxy.id,
        job.client,
        opened,
        worker.pages.take(),
    ));
    job.proxy.settings.enter(&record);
    let books = Books {
        record,
        proxy: job.proxy,
        engine: job.engine,
        worker,
        reason: None,
        _load: job.load,
        _places: job.places,
    };
    let news = Opened {
        record: Arc::clone(&books.record),
        proxy: Arc::clone(&books.proxy),
    };
    // Refused only when the engine has stopped; then the connection ends at once.
    books.engine.opened.send(news).await.ok()?;
    let pump = dial(Leg::clear(stream), job.ordinal, &books).await;
    Some((books, pump))
}

/// Makes the upstream ready, unless an order comes before.
async fn dial(
    mut client: Leg,
    ordinal: u64,
    books: &Books,
) -> Result<Box<Pump<Watched>>, CloseReason> {
    let Books {
        record,
        proxy,
        engine,
        ..
    } = books;
    let seed = random::derive(engine.options.seed, "proxy", u64::from(proxy.id.0));
    let circumstances = Circumstances {
        seed: random::derive(seed, "connection", ordinal),
        origin: engine.start,
        opened: engine.start + record.opened,
        path: Duration::ZERO,
    };
    let waiting = Waiting {
        books,
        circumstances: &circumstances,
    };
    let open = async {
        waiting.pass().await?;
        opening::open(&mut client, proxy, engine, record).await
    };
    let opened = tokio::select! {
        // Cancel-safe in effect: an order ends the connection, and with it what was being dialed.
        order = std::future::poll_fn(|cx| record.poll_ordered(cx)) => {
            Err(Failure { reason: reason_of(order), told: order != Order::Kill(Kill::Rst) })
        }
        // Cancel-safe in effect: as above.
        opened = open => opened,
    };
    let Ready {
        upstream,
        before,
        path,
    } = match opened {
        Ok(ready) => ready,
        Err(failure) => return Err(refuse(client, failure).await),
    };
    let circumstances = Circumstances {
        path,
        ..circumstances
    };
    let mut pump = Pump::new(Watched::new(client), Watched::new(upstream), circumstances)
        .within(&engine.budget);
    pump.push(Direction::Up, &before, clock::now());
    Ok(Box::new(pump))
}

/// Whether a client that had ended its stream takes no more: it has gone, and did not fail. TLS clients leave so, before
/// their server's farewell.
fn has_left(reason: &CloseReason, record: &Record) -> bool {
    matches!(
        reason,
        CloseReason::Io {
            leg: LegName::Client,
            ..
        }
    ) && record.slot.ended(Direction::Up)
}

/// The poll loop in its worker: what it is told from outside, and what it tells.
struct Relay<'a> {
    record: &'a Record,
    proxy: &'a Proxy,
    engine: &'a Inner,
    worker: &'a Worker,
    pump: Box<Pump<Watched>>,
    timer: Timer,
    reading: Reading<'a>,
    /// The generation of the settings that it runs.
    generation: u64,
    /// When it took them over, until that is reported.
    unreported: Option<Duration>,
}

// === impl Relay ===

impl<'a> Relay<'a> {
    fn new(books: &'a Books, pump: Box<Pump<Watched>>) -> Self {
        let worker = &books.worker;
        Self {
            record: &books.record,
            proxy: &books.proxy,
            engine: &books.engine,
            worker,
            pump,
            timer: worker.alarm.timer(),
            reading: Reading::new(&books.record, books.proxy.meter(worker.index)),
            generation: 0,
            unreported: None,
        }
    }

    fn into_legs(self) -> [Leg; 2] {
        self.pump.into_legs().map(Watched::into_leg)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        loop {
            if let Some(order) = self.record.ordered() {
                return Poll::Ready(Ending::Ordered(order));
            }
            self.take_settings();
            // Mark first, look again after: whoever changes the settings from here on waits for this task's report.
            self.record.run();
            self.take_settings();
            let polled = {
                let mut buffer = self.worker.buffer.borrow_mut();
                let gauge = &mut self.reading;
                self.pump.poll(cx, &mut buffer, clock::now, gauge)
            };
            if let Poll::Ready(end) = &polled {
                self.record.end(&end.reason);
            }
            self.report();
            if let Poll::Ready(end) = polled {
                return Poll::Ready(Ending::Over(end));
            }
            self.timer.set(self.pump.next_due(), cx.waker());
            self.worker.stir();
            // Register, mark, look again: see `settings`.
            self.record.park(cx, !self.pump.is_idle());
            if self.proxy.settings.generation() == self.generation
                && self.record.ordered().is_none()
            {
                return Poll::Pending;
            }
        }
    }

    /// Takes over the plan where it has changed.
    fn take_settings(&mut self) {
        let generation = self.proxy.settings.generation();
        if generation == self.generation {
            return;
        }
        let plan = self.proxy.settings.plan();
        let now = clock::now();
        self.pump.replan(&plan, now);
        self.generation = generation;
        self.record.hit.store(self.hits(&plan), Ordering::Relaxed);
        self.unreported = Some(now.saturating_duration_since(self.engine.start));
    }

    /// Reports the settings that it runs once it has obeyed them: what they release has left, and where they end the
    /// connection, its record says so.
    fn report(&mut self) {
        if let Some(since) = self.unreported.take() {
            let settings = &self.proxy.settings;
            settings.reported(self.record, self.generation, since);
        }
    }

    /// The kinds of fault that act on this connection, a bit for each place in the table.
    fn hits(&self, plan: &Plan) -> u32 {
        let acting = plan.settings().iter().filter(|setting| {
            !plan.bypassed && self.pump.circumstances().hits(setting.kind, setting.share)
        });
        acting.fold(0, |bits, setting| bits | 1 << setting.kind.index())
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        // A task that ended without a reason was ended with its worker.
        let reason = self.reason.take().unwrap_or(CloseReason::Stopped);
        self.record.end(&reason);
        let _ = self.record.closed.set(Closed {
            reason,
            at: self.engine.now(),
        });
        self.worker.stir();
        self.proxy.settings.leave(self.record.id);
    }
}
