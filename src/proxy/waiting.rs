//! What faults ask of a new connection before its first byte: that it is refused, waits, or does not reach its upstream.

use std::task::Poll;
use std::time::{Duration, Instant};

use super::clock;
use super::connection::Books;
use super::opening::Failure;
use crate::fault::link::Circumstances;
use crate::fault::{Opening, dial_fail, refuse};
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
        let opening = self.until(|opening| (opened, opening.accept)).await;
        if opening.refused {
            return Err(self.failed(refuse::KIND.name));
        }
        let served = clock::now();
        let opening = self.until(|opening| (served, opening.dial)).await;
        if opening.fails {
            return Err(self.failed(dial_fail::KIND.name));
        }
        self.books.record.rest();
        Ok(())
    }

    /// Waits for what `wait` makes of the demands of the faults: so long from then on. A refused client waits for nothing.
    async fn until(&self, wait: impl Fn(&Opening) -> (Instant, Duration)) -> Opening {
        let settings = &self.books.proxy.settings;
        let record = &self.books.record;
        let origin = self.circumstances.origin;
        let mut timer = None;
        std::future::poll_fn(|cx| {
            loop {
                let generation = settings.generation();
                let plan = settings.plan();
                let now = clock::now();
                let opening = self.opening(now);
                let (since, time) = wait(&opening);
                let due = since + time;
                if due <= now || opening.refused {
                    return Poll::Ready(opening);
                }
                let since_start = now.saturating_duration_since(origin);
                if record.generation() != generation {
                    settings.reported(record, generation, since_start);
                }
                let turn = plan.next_turn(origin, now);
                let timer = timer.get_or_insert_with(|| self.books.worker.alarm.timer());
                timer.set(Some(turn.map_or(due, |turn| turn.min(due))), cx.waker());
                // Register, mark, look again: see `settings`.
                record.park(cx, true);
                if settings.generation() == generation {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    fn opening(&self, now: Instant) -> Opening {
        let circumstances = self.circumstances;
        let plan = self.books.proxy.settings.plan();
        plan.opening(
            |setting| circumstances.hits(setting.kind, setting.share),
            |kind| circumstances.draw(kind),
            circumstances.origin,
            now,
        )
    }

    fn failed(&self, kind: &'static str) -> Failure {
        let reason = CloseReason::Fault(kind);
        self.books.record.end(&reason);
        Failure {
            reason,
            told: false,
        }
    }
}
