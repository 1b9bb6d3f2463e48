//! What faults ask of a new connection before its first byte: that it is refused, waits, or does not reach its upstream.

use std::task::Poll;
use std::time::{Duration, Instant};

use super::clock;
use super::connection::Books;
use super::opening::Failure;
use crate::fault::link::Circumstances;
use crate::fault::{Demands, InForce, Kind};
use crate::snapshot::CloseReason;

/// A new connection under the faults that act before its first byte. A change of settings acts on it at once.
pub(super) struct Waiting<'a> {
    pub(super) books: &'a Books,
    pub(super) circumstances: &'a Circumstances,
}

// === impl Waiting ===

impl Waiting<'_> {
    /// Waits as the faults say before the client is served, then before the upstream is dialed. May be cancelled.
    pub(super) async fn pass(&self) -> Result<(), Failure> {
        let opened = self.circumstances.opened;
        let demands = self.until(|demands| (opened, demands.accept)).await;
        if let Some(kind) = demands.refused {
            return Err(self.failed(kind));
        }
        let served = clock::now();
        let demands = self.until(|demands| (served, demands.dial)).await;
        if let Some(kind) = demands.fails {
            return Err(self.failed(kind));
        }
        self.books.record.rest();
        Ok(())
    }

    /// Waits for what `wait` makes of the demands of the faults: so long from then on. A refused client waits for nothing.
    async fn until(&self, wait: impl Fn(&Demands) -> (Instant, Duration)) -> Demands {
        let settings = &self.books.proxy.settings;
        let record = &self.books.record;
        let start = self.books.engine.start;
        let mut timer = None;
        std::future::poll_fn(|cx| {
            loop {
                let generation = settings.generation();
                let in_force = settings.in_force();
                let now = clock::now();
                let demands = self.demands(&in_force, now);
                let (since, time) = wait(&demands);
                let due = since.checked_add(time);
                if due.is_some_and(|due| due <= now) || demands.refused.is_some() {
                    return Poll::Ready(demands);
                }
                let since_start = now.saturating_duration_since(start);
                if record.generation() != generation {
                    settings.reported(record, generation, since_start);
                }
                let turns = [due, in_force.next_turn(now)];
                let timer = timer.get_or_insert_with(|| self.books.worker.alarm.timer());
                timer.set(turns.into_iter().flatten().min(), cx.waker());
                // Register, mark, look again: see `settings`.
                record.park(cx, true);
                if settings.generation() == generation {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    fn demands(&self, in_force: &InForce, now: Instant) -> Demands {
        let circumstances = self.circumstances;
        in_force.demands(
            |setting| circumstances.hits(setting),
            |kind| circumstances.draw(kind),
            now,
        )
    }

    fn failed(&self, kind: &Kind) -> Failure {
        let reason = CloseReason::Fault(kind.name);
        self.books.record.end(&reason);
        Failure {
            reason,
            told: false,
        }
    }
}
