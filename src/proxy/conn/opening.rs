//! What happens before bytes flow: the waits that faults ask for, PostgreSQL's first message, and the dial.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use super::ending::Failure;
use super::task::Books;
use crate::fault::link::Circumstances;
use crate::fault::{Demands, Direction, Kind, Setting};
use crate::mapping::TlsMode;
use crate::proxy::leg::Leg;
use crate::proxy::leg::dial;
use crate::proxy::leg::error::{UpstreamError, broken};
use crate::proxy::meter::counters::Latest;
use crate::proxy::net::socket::Young;
use crate::proxy::postgres::{self, ClientError};
use crate::proxy::proxy::Way;
use crate::proxy::settings::Current;
use crate::proxy::thread::clock::{self, Deadline};
use crate::snapshot::{CloseReason, Happening, LegName, Seen};
use crate::units::ByteRate;

/// A new connection whose upstream is not ready yet. A change of settings acts on it at once.
pub(crate) struct Opening<'a> {
    books: &'a Books,
    way: Arc<Way>,
    circumstances: Circumstances,
    current: Current,
}

/// An upstream that is ready for the client's first byte.
pub(crate) struct Ready {
    pub(crate) upstream: Leg,
    /// What the client sent while it was being dialed.
    pub(crate) before: Vec<u8>,
    /// With what a round trip to the upstream takes.
    pub(crate) circumstances: Circumstances,
    /// The settings that were in force last.
    pub(crate) current: Current,
}

// === impl Opening ===

impl<'a> Opening<'a> {
    pub(crate) fn new(books: &'a Books, circumstances: Circumstances) -> Self {
        Self {
            books,
            way: books.proxy.way(),
            circumstances,
            current: books.proxy.settings.current(),
        }
    }

    /// Makes the upstream ready, and notes in the record what was reached. May be cancelled at any point; what was open
    /// closes.
    pub(crate) async fn run(mut self, client: &mut Leg) -> Result<Ready, Failure> {
        self.wait().await?;
        let opened = if self.way.mapping.tls() == TlsMode::Postgres {
            // In a box: most connections do without, and are small so.
            Box::pin(self.reach_postgres(client)).await?
        } else {
            let dialed = self.dial().await.map_err(|error| untold(&error))?;
            (dialed, Vec::new())
        };
        let ((upstream, circumstances), before) = opened;
        Ok(Ready {
            upstream,
            before,
            circumstances,
            current: self.current,
        })
    }

    /// Waits as the faults say before the client is served, then before the upstream is dialed.
    async fn wait(&mut self) -> Result<(), Failure> {
        let opened = self.circumstances.opened;
        let demands = self.wait_until(|demands| (opened, demands.accept)).await;
        if let Some(kind) = demands.refused {
            return Err(self.fail(kind));
        }
        let served = clock::now();
        let books = self.books;
        let waits = &books.proxy.meter(books.worker.index).waits;
        let start = books.engine.start;
        let over = |wait: &Latest, asked: Duration, since: Instant, now: Instant| {
            if !asked.is_zero() {
                let at = now.saturating_duration_since(start);
                wait.set(at, now.saturating_duration_since(since));
            }
        };
        over(&waits.accept, demands.accept, opened, served);
        let demands = self.wait_until(|demands| (served, demands.dial)).await;
        if let Some(kind) = demands.fails {
            return Err(self.fail(kind));
        }
        over(&waits.dial, demands.dial, served, clock::now());
        self.books.record.rest();
        Ok(())
    }

    /// Waits for what `wait` makes of the faults' demands: from when on, and for how long. A refused client waits for
    /// nothing.
    async fn wait_until(&mut self, wait: impl Fn(&Demands) -> (Instant, Duration)) -> Demands {
        let Books {
            proxy,
            record,
            worker,
            engine,
            ..
        } = self.books;
        let mut timer = None;
        std::future::poll_fn(|cx| {
            loop {
                if proxy.settings.generation() != self.current.generation {
                    self.current = proxy.settings.current();
                }
                let Current {
                    generation,
                    in_force,
                } = &self.current;
                let now = clock::now();
                let demands = in_force.demands(
                    |setting| self.circumstances.hits(setting),
                    |setting| self.circumstances.draw(setting),
                    now,
                );
                let (since, time) = wait(&demands);
                let due = since.checked_add(time);
                if due.is_some_and(|due| due <= now) || demands.refused.is_some() {
                    return Poll::Ready(demands);
                }
                if record.generation() != *generation {
                    let since_start = now.saturating_duration_since(engine.start);
                    proxy.settings.reported(record, *generation, since_start);
                }
                let turns = [due, in_force.next_turn(now)];
                let timer = timer.get_or_insert_with(|| worker.alarm.timer());
                timer.set(turns.into_iter().flatten().min(), cx.waker());
                // Register, mark, look again: see `settings`.
                record.park(cx, true);
                if proxy.settings.generation() == *generation {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// A fault of this kind ends the connection.
    fn fail(&self, kind: &Kind) -> Failure {
        let reason = CloseReason::Fault(kind.name);
        self.books.record.end(&reason);
        Failure {
            reason,
            told: false,
        }
    }

    /// Hears the client's first message, which it has as long for as an upstream to be reached, then dials.
    async fn reach_postgres(
        &self,
        client: &mut Leg,
    ) -> Result<((Leg, Circumstances), Vec<u8>), Failure> {
        let deadline = Deadline::after(self.books.engine.options.connect_timeout);
        let first = postgres::negotiate_client(client, deadline).await;
        let first = first.map_err(|error| Failure {
            reason: match error {
                ClientError::Io { source } => broken(LegName::Client, &source),
                error => CloseReason::Tls(error.to_string()),
            },
            told: true,
        })?;
        match self.dial().await {
            Ok(dialed) => Ok((dialed, [first.bytes, first.rest].concat())),
            Err(UpstreamError::Tls(error)) if !first.cancel => {
                // A client that is gone needs no answer.
                let _ = client.write_all(&postgres::reply(&error)).await;
                Err(Failure {
                    reason: CloseReason::Tls(error.to_string()),
                    told: true,
                })
            }
            Err(error) => Err(untold(&error)),
        }
    }

    /// About how many bytes a second the faults let the upstream send.
    fn passes_down(&self) -> Option<ByteRate> {
        let hits = |setting: &Setting| self.circumstances.hits(setting);
        let in_force = &self.current.in_force;
        in_force.passes(Direction::Down, hits, clock::now())
    }

    /// The upstream's leg, and what reaching it told of the way there.
    async fn dial(&self) -> Result<(Leg, Circumstances), UpstreamError> {
        let Books {
            proxy,
            engine,
            record,
            ..
        } = self.books;
        let dialed = dial::dial(
            &self.way.mapping,
            &self.way.tls,
            &engine.look_ups,
            &engine.barred,
            record.client,
            self.passes_down(),
            Deadline::after(engine.options.connect_timeout),
        );
        let dialed = dialed
            .await
            .map_err(|error| error.counted(|| proxy.settings.connected()))?;
        let keepalive = engine.options.keepalive;
        Young::of_this_thread().push(dialed.leg.socket(), keepalive);
        let now = engine.now();
        record.reached(dialed.addr, dialed.sign, now);
        self.books.see(now, Seen::Reached);
        let conn = record.id;
        if dialed.tried.cost_time() {
            let (addr, tried) = (dialed.addr, dialed.tried.each());
            let reached = Happening::Reached { conn, addr, tried };
            self.books.tell(reached).await;
        }
        if let Some(tls) = dialed.tls.map(Arc::new) {
            self.books.tell(Happening::Secured { conn, tls }).await;
        }
        let circumstances = Circumstances {
            path: dialed.path,
            handshakes: dialed.handshakes,
            ..self.circumstances
        };
        Ok((dialed.leg, circumstances))
    }
}

fn untold(error: &UpstreamError) -> Failure {
    let reason = match error {
        UpstreamError::Dial(error) => CloseReason::Dial(error.to_string()),
        UpstreamError::Tls(error) => CloseReason::Tls(error.to_string()),
    };
    Failure {
        reason,
        told: false,
    }
}
