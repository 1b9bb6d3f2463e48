//! One connection, one task: dial, negotiate, then the poll loop over both directions until the end.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::ending::{Failure, reason_of, refuse, take_down};
use super::opening::{Opening, Ready};
use crate::fault::link::Circumstances;
use crate::fault::{Direction, Plan, random};
use crate::mapping::TlsMode;
use crate::proxy::leg::Leg;
use crate::proxy::leg::error::broken;
use crate::proxy::meter::gauge::ConnGauge;
use crate::proxy::proxy::Proxy;
use crate::proxy::record::{Closed, Order, Record};
use crate::proxy::relay::pump::{End, Pump, TakeDown};
use crate::proxy::settings::Current;
use crate::proxy::shared::{News, Shared};
use crate::proxy::thread::alarm::Timer;
use crate::proxy::thread::clock;
#[cfg(test)]
use crate::proxy::thread::panics::injected::{self, Place};
use crate::proxy::thread::panics::{self, Panic};
use crate::proxy::thread::worker::Worker;
use crate::snapshot::{Amid, By, CloseReason, ConnId, Fact, Happening, Kill, Leave, LegName, Seen};

/// A client's places: in its proxy's limit, and among the connections that the descriptor limit allows.
pub(crate) type Places = [OwnedSemaphorePermit; 2];

/// An accepted client on its way to a worker.
pub(crate) struct Job {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) client: SocketAddr,
    pub(crate) id: ConnId,
    /// The connection's number within its proxy, from which its randomness is derived.
    pub(crate) ordinal: u64,
    pub(crate) accepted: Instant,
    /// How often all connections of the proxy had been ended then.
    pub(crate) epoch: u64,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) engine: Arc<Shared>,
    /// Counts it among its worker's connections.
    pub(crate) load: TaskTrackerToken,
    pub(crate) places: Places,
}

/// Closes the books on a connection, however its task ends.
pub(crate) struct Books {
    pub(crate) record: Arc<Record>,
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) engine: Arc<Shared>,
    pub(crate) worker: Rc<Worker>,
    reason: Option<CloseReason>,
    _load: TaskTrackerToken,
    _places: Places,
}

/// Runs a connection from its accept to its end. A panic in it is told as an event, and resets both peers.
///
/// Its three phases are in boxes of their own: an idle connection keeps the memory of the second only.
pub(crate) fn run(job: Job, worker: Rc<Worker>) -> impl Future<Output = ()> {
    // Boxed out here: what an async function is given, it keeps until its end.
    let opening = Box::pin(open(job, worker));
    async move {
        let Some((mut books, opened)) = opening.await else {
            return;
        };
        let ended = match opened {
            Err(ended) => ended,
            Ok((pump, current)) => {
                let mut relay = Relay::new(&books, pump, current);
                let end = std::future::poll_fn(|cx| relay.poll_contained(cx)).await;
                let taken_down = Box::pin(take_down(&books.record, relay.pump.into_legs(), end));
                let reason = panics::contain_task(taken_down).await;
                reason.unwrap_or_else(|panic| books.tell_bug(&panic))
            }
        };
        let left = has_left(&ended, &books.record);
        books.reason = Some(if left { CloseReason::ClientDone } else { ended });
    }
}

/// The loop between a client and its upstream with the settings that were in force last, or why there is none.
type Open = Result<(Box<Pump<Leg>>, Current), CloseReason>;

/// Opens the books on a client and makes its upstream ready. Nothing where the engine has stopped.
async fn open(job: Job, worker: Rc<Worker>) -> Option<(Books, Open)> {
    let ordinal = job.ordinal;
    let (books, mut client) = Books::open(job, worker).await?;
    let making = Box::pin(make_ready(&mut client, ordinal, &books));
    let opened = match panics::contain_task(making).await {
        Err(panic) => {
            client.reset();
            Err(books.tell_bug(&panic))
        }
        Ok(Err(failure)) => Err(refuse(client, failure).await),
        Ok(Ok(ready)) => {
            let legs = [client, ready.upstream];
            let pump = Pump::new(legs, ready.circumstances, &books.engine.budget);
            let mut pump = Box::new(pump);
            pump.push(Direction::Up, &ready.before, clock::now());
            Ok((pump, ready.current))
        }
    };
    Some((books, opened))
}

/// Makes the upstream ready, unless an order comes before, or the client goes.
async fn make_ready(client: &mut Leg, ordinal: u64, books: &Books) -> Result<Ready, Failure> {
    let Books {
        record,
        proxy,
        engine,
        ..
    } = books;
    let seed = random::derive(engine.options.seed, "proxy", u64::from(proxy.id.0));
    let circumstances = Circumstances {
        seed: random::derive(seed, "connection", ordinal),
        opened: engine
            .start
            .checked_add(record.opened)
            .unwrap_or(engine.start),
        path: Duration::ZERO,
        handshakes: 1,
    };
    let gone = client.watch_error();
    let first_byte = client.watch_first_byte();
    // Who speaks PostgreSQL is answered while it is being dialed for.
    let asks = async {
        if proxy.way().mapping.tls() == TlsMode::Postgres {
            return std::future::pending().await;
        }
        first_byte.await;
        record.meter.set_asked(Some(engine.now()));
        std::future::pending().await
    };
    let open = async {
        #[cfg(test)]
        injected::reach(Place::Opening, record.client);
        Opening::new(books, circumstances).run(client).await
    };
    tokio::select! {
        // What a client's break means is said best by what reads from it, if anything does: it is asked before `gone`.
        biased;
        // Cancel-safe in effect: an order ends the connection, and with it what was being dialed.
        order = std::future::poll_fn(|cx| record.poll_ordered(cx)) => {
            Err(Failure { reason: reason_of(order), told: order != Order::Kill(Kill::Rst) })
        }
        // Cancel-safe in effect: as above.
        opened = open => opened,
        // Cancel-safe: it only waits. A client that has ended its stream is not gone; one whose connection broke is.
        error = gone => {
            let now = books.engine.now();
            let amid = Amid { silent_up: now.saturating_sub(record.opened), ..Amid::default() };
            books.see(now, Seen::Left { leg: LegName::Client, how: Leave::Rst, amid });
            Err(Failure { reason: broken(LegName::Client, &error), told: false })
        }
        // Cancel-safe: it only waits.
        never = asks => match never {},
    }
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
    ) && record.meter.ended(Direction::Up)
}

/// The poll loop in its worker: what it is told from outside, and what it tells.
struct Relay<'a> {
    books: &'a Books,
    pump: Box<Pump<Leg>>,
    timer: Timer,
    gauge: ConnGauge<'a>,
    /// The settings that were in force last, until it runs them or others.
    ready: Option<Current>,
    /// The generation of the settings that it runs.
    generation: u64,
    /// When it took them over, until that is reported.
    unreported: Option<Duration>,
}

// === impl Relay ===

impl<'a> Relay<'a> {
    fn new(books: &'a Books, pump: Box<Pump<Leg>>, current: Current) -> Self {
        let worker = &books.worker;
        Self {
            books,
            timer: worker.alarm.timer(),
            gauge: ConnGauge::new(
                (books.record.id, &books.record.meter),
                (books.proxy.id, books.proxy.meter(worker.index)),
                &worker.facts,
                books.engine.start,
                pump.circumstances().opened,
            ),
            pump,
            ready: Some(current),
            generation: 0,
            unreported: None,
        }
    }

    /// Polls the loop; a panic is told and ends it.
    fn poll_contained(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        panics::contain(|| self.poll(cx)).unwrap_or_else(|panic| {
            Poll::Ready(End {
                reason: self.books.tell_bug(&panic),
                how: TakeDown::Reset,
            })
        })
    }

    fn obey(&self, order: Order) -> End {
        let how = match order {
            Order::Kill(Kill::Rst) => TakeDown::Reset,
            Order::Kill(Kill::Fin) | Order::End => TakeDown::Close,
            // An end in order behind a part would look like the end of the whole.
            Order::Stop if !self.pump.is_idle() => TakeDown::Reset,
            Order::Stop => TakeDown::Leave,
        };
        End {
            reason: reason_of(order),
            how,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Some(order) = self.books.record.ordered() {
                return Poll::Ready(self.obey(order));
            }
            self.gauge.watch = self.books.record.watch();
            self.take_settings();
            // Mark first, look again after: whoever changes the settings from here on waits for this task's report.
            self.books.record.run();
            self.take_settings();
            let polled = {
                let mut buffer = self.books.worker.buffer.borrow_mut();
                let gauge = &mut self.gauge;
                self.pump.poll(cx, &mut buffer, clock::now, gauge)
            };
            #[cfg(test)]
            if self.books.record.meter.delivered().sum() > 0 {
                injected::reach(Place::Relaying, self.books.record.client);
            }
            if let Poll::Ready(end) = &polled {
                self.books.record.end(&end.reason);
            }
            self.report();
            if let Poll::Ready(end) = polled {
                return Poll::Ready(end);
            }
            self.timer.set(self.pump.next_due(), cx.waker());
            self.books.worker.stir();
            // Register, mark, look again: see `settings`.
            self.books.record.park(cx, !self.pump.is_idle());
            if self.books.proxy.settings.generation() == self.generation
                && self.books.record.ordered().is_none()
            {
                return Poll::Pending;
            }
        }
    }

    /// Takes over the plan in force where it has changed.
    fn take_settings(&mut self) {
        let settings = &self.books.proxy.settings;
        let generation = settings.generation();
        if generation == self.generation {
            return;
        }
        let ready = self.ready.take();
        let ready = ready.filter(|ready| ready.generation == generation);
        let Current {
            generation,
            in_force,
        } = ready.unwrap_or_else(|| settings.current());
        let in_force = self.books.record.in_force(in_force);
        let now = clock::now();
        self.pump.replan(&in_force, now);
        self.generation = generation;
        let hits = self.hits(in_force.plan());
        self.books.record.hit.store(hits, Ordering::Relaxed);
        self.unreported = Some(now.saturating_duration_since(self.books.engine.start));
    }

    /// Reports the settings that it runs once it has obeyed them: what they release has left, and where they end the
    /// connection, its record says so.
    fn report(&mut self) {
        if let Some(since) = self.unreported.take() {
            let settings = &self.books.proxy.settings;
            settings.reported(&self.books.record, self.generation, since);
            if let Some(watch) = self.gauge.watch {
                watch.took(self.generation, since);
            }
        }
    }

    /// The kinds of fault that act on this connection, a bit for each place in the table.
    fn hits(&self, plan: &Plan) -> u32 {
        let acting = plan
            .settings()
            .iter()
            .filter(|setting| !plan.bypassed && self.pump.circumstances().hits(setting));
        acting.fold(0, |bits, setting| bits | 1 << setting.kind.index())
    }
}

// === impl Books ===

impl Books {
    /// Opens the books on a client. Nothing where the engine has stopped.
    async fn open(job: Job, worker: Rc<Worker>) -> Option<(Self, Leg)> {
        let stream = TcpStream::from_std(job.stream).ok()?;
        let opened = job.accepted.saturating_duration_since(job.engine.start);
        let record = Arc::new(Record::new(job.id, job.client, opened));
        job.proxy.settings.enter(&record, job.epoch);
        let books = Self {
            record,
            proxy: job.proxy,
            engine: job.engine,
            worker,
            reason: None,
            _load: job.load,
            _places: job.places,
        };
        let client = books.record.client;
        books.see(opened, Seen::Opened { client });
        let news = News::Opened(Arc::clone(&books.record), Arc::clone(&books.proxy));
        // Refused only when the engine has stopped; then the connection ends at once.
        books.engine.news.send(news).await.ok()?;
        Some((books, Leg::clear(stream)))
    }

    /// Has the collector tell of what happened to the connection, behind what it was told before.
    pub(crate) async fn tell(&self, what: Happening) {
        let news = News::Since {
            proxy: Arc::clone(&self.proxy),
            at: self.engine.now(),
            what,
        };
        // Refused only when the engine has stopped.
        let _ = self.engine.news.send(news).await;
    }

    /// Something was seen of the connection.
    pub(crate) fn see(&self, at: Duration, seen: Seen) {
        let (proxy, conn) = (self.proxy.id, self.record.id);
        self.worker.facts.push(Fact {
            at,
            proxy,
            conn,
            seen,
        });
    }

    /// Tells of a panic in the connection's task, as the reason why it ended.
    fn tell_bug(&self, panic: &Panic) -> CloseReason {
        let number = self.record.id.0;
        let line = format!("connection {number} was reset, all else goes on: {panic}");
        self.engine.tell(&self.proxy, Happening::Error(line));
        CloseReason::Internal
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        // A task that ended without a reason was ended with its worker.
        let reason = self.reason.take().unwrap_or(CloseReason::Stopped);
        self.record.end(&reason);
        let at = self.engine.now();
        let (by, bytes) = (By::from(&reason), self.record.meter.delivered().sum());
        self.see(at, Seen::Closed { by, bytes });
        let _ = self.record.closed.set(Closed { reason, at });
        self.worker.stir();
        self.proxy.settings.leave(self.record.id);
    }
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
