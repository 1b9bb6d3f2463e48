//! Runs sweeps on the engine: a task for each proxy that is climbed, and what the last ones came to.
//!
//! A sweep is a user like any other: it sets plans, which are told as events. It only ever takes the place of a plan that it
//! has put there itself, so somebody else's change is never lost. Where none runs, there is nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::counts::{Counts, millis};
use crate::fault::{PerDirection, Plan};
use crate::proxy::engine::Engine;
use crate::proxy::events::FactFeed;
use crate::proxy::port;
use crate::proxy::proxy::Proxy;
use crate::snapshot::{Author, Figure, Finding, Habit, Happening, ProxyId, ProxyRow, Snapshot};
use crate::sweep::{Bench, Curve, GivesUp, Interruption, Step, Sweep, climb};

/// So long after the end of a step its last facts have come, and what is found by them: they come with the beat, ten a second.
const LATE: Duration = Duration::from_millis(150);

/// The next step of a known course is not kept waiting by what is found last of the one before.
const READY: Duration = Duration::from_millis(20);

/// The course that a sweep took: when it did what, since the engine's start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// When it set each of its first values.
    pub sets: VecDeque<Duration>,
    /// When it set again what was before it; `None` where it did not.
    pub restores: Option<Duration>,
}

/// Why a proxy is not swept, or its sweep not ended.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SweepError {
    /// There is no such proxy.
    #[error("that proxy is gone")]
    NoProxy,
    /// It is swept already.
    #[error("{0} is swept already: sweep {0} stop ends that")]
    Runs(String),
    /// Its faults are switched off.
    #[error("{0} is bypassed, so no fault would act: bypass {0} off")]
    Bypassed(String),
    /// No sweep of it goes on.
    #[error("no sweep of {0} goes on")]
    None(String),
    /// None of its sweeps has ended yet.
    #[error("no sweep of {0} has ended yet: sweep {0} latency begins one")]
    NoCurve(String),
}

// === impl Engine ===

impl Engine {
    /// Begins to climb a fault of a proxy, beside whoever asked; events tell how far it has come.
    ///
    /// # Errors
    /// There is no such proxy, it is swept already, or its faults are switched off.
    pub fn sweep(&self, id: ProxyId, sweep: Sweep) -> Result<Arc<Curve>, SweepError> {
        self.begin_sweep(id, sweep, None)
    }

    /// Climbs a fault as it was climbed once: each value is set when it was set then, and the end comes when it came.
    ///
    /// # Errors
    /// As those of [`Self::sweep`].
    pub fn sweep_again(
        &self,
        id: ProxyId,
        sweep: Sweep,
        course: Course,
    ) -> Result<Arc<Curve>, SweepError> {
        self.begin_sweep(id, sweep, Some(course))
    }

    fn begin_sweep(
        &self,
        id: ProxyId,
        sweep: Sweep,
        course: Option<Course>,
    ) -> Result<Arc<Curve>, SweepError> {
        let proxy = self.proxy(id).ok_or(SweepError::NoProxy)?;
        let before = proxy.settings.plan();
        if before.bypassed {
            return Err(SweepError::Bypassed(proxy.name()));
        }
        let sweeps = &self.inner.sweeps;
        let run = sweeps
            .begin(id)
            .ok_or_else(|| SweepError::Runs(proxy.name()))?;
        let curve = Curve::new(sweeps.next_number(), proxy.name(), &sweep);
        let begun = Arc::new(curve.clone());
        let mut bench = EngineBench {
            engine: self.clone(),
            kind: sweep.dial.kind.name,
            proxy,
            standing: Arc::clone(&before),
            before: Arc::clone(&before),
            facts: self.facts(),
            snapshots: self.snapshots(),
            stop: run.stop,
            began: Duration::ZERO,
            course,
            turn: None,
        };
        let done = run.done.drop_guard();
        self.inner.tasks.spawn(async move {
            climb(&mut bench, &sweep, &before, curve).await;
            drop(done);
        });
        Ok(begun)
    }

    /// Ends the sweep of a proxy, and returns what it came to once the plan from before it is in force again.
    ///
    /// # Errors
    /// There is no such proxy, or no sweep of it.
    pub async fn stop_sweep(&self, id: ProxyId) -> Result<Arc<Curve>, SweepError> {
        let name = || {
            self.proxy(id)
                .map(|proxy| proxy.name())
                .ok_or(SweepError::NoProxy)
        };
        let Some(run) = self.inner.sweeps.running(id) else {
            return Err(SweepError::None(name()?));
        };
        run.stop.cancel();
        run.done.cancelled().await;
        self.swept(id)
    }

    /// What the last sweep of a proxy came to that has ended.
    ///
    /// # Errors
    /// There is no such proxy, or none of its sweeps has ended.
    pub fn swept(&self, id: ProxyId) -> Result<Arc<Curve>, SweepError> {
        if let Some(curve) = self.inner.sweeps.swept(id) {
            return Ok(curve);
        }
        let proxy = self.proxy(id).ok_or(SweepError::NoProxy)?;
        Err(SweepError::NoCurve(proxy.name()))
    }
}

/// The engine as a sweep's bench.
struct EngineBench {
    engine: Engine,
    proxy: Arc<Proxy>,
    /// The kind of fault that is climbed.
    kind: &'static str,
    /// The plan that it has put in force last, or found.
    standing: Arc<Plan>,
    before: Arc<Plan>,
    facts: FactFeed,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    stop: CancellationToken,
    /// When the plan was put in force that stands.
    began: Duration,
    /// When plans are to be put in force, where that is known beforehand.
    course: Option<Course>,
    /// When the plan that stands was to be put in force, on a known course.
    turn: Option<Duration>,
}

// === impl EngineBench ===

impl EngineBench {
    /// Whether what it has put in force still stands.
    fn check(&self) -> Result<(), Interruption> {
        if self.engine.proxy(self.proxy.id).is_none() {
            return Err(Interruption::Gone);
        }
        if Arc::ptr_eq(&self.proxy.settings.plan(), &self.standing) {
            Ok(())
        } else {
            Err(Interruption::Changed)
        }
    }

    /// When the next plan is to be put in force, on a known course.
    fn next(&self) -> Option<Duration> {
        let course = self.course.as_ref()?;
        course.sets.front().copied().or(course.restores)
    }

    /// Waits until a plan is to be put in force, on a known course.
    async fn await_turn(&mut self, plan: &Plan) -> Result<(), Interruption> {
        let restores = *plan == *self.before;
        let Some(course) = &mut self.course else {
            return Ok(());
        };
        let at = match course.sets.pop_front() {
            Some(at) => at,
            None if restores => course.restores.unwrap_or_default(),
            // All values were set that were set then.
            None => return Err(Interruption::Stopped),
        };
        self.turn = Some(at);
        let wait = at.saturating_sub(self.engine.now());
        // Cancel-safe: both only wait.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => restores.then_some(()).ok_or(Interruption::Stopped),
            () = sleep(wait) => Ok(()),
        }
    }

    /// What the newest snapshot shows of the proxy, and when that was.
    fn row(&self) -> Option<(Duration, ProxyRow)> {
        let snapshot = self.snapshots.borrow();
        let mut rows = snapshot.proxies.iter();
        let row = rows.find(|row| row.id == self.proxy.id)?;
        Some((snapshot.at, row.clone()))
    }
}

impl Bench for EngineBench {
    async fn set(&mut self, plan: &Plan) -> Result<(), Interruption> {
        self.await_turn(plan).await?;
        self.check()?;
        let settings = &self.proxy.settings;
        let plan = settings
            .change_from(&self.standing, plan.clone())
            .ok_or(Interruption::Changed)?;
        self.began = self.engine.now();
        self.proxy.touch();
        let before = Some(std::mem::replace(&mut self.standing, Arc::clone(&plan)));
        let what = Happening::Faults { before, plan };
        let by = Author::SWEEP;
        let engine = &self.engine.inner;
        engine.tell_by(&self.proxy, what, Some(&by));
        port::settle_or_tell(&self.proxy, engine, &by).await;
        Ok(())
    }

    async fn hold(&mut self, time: Duration) -> Result<Step, Interruption> {
        let next = self.next().unwrap_or(Duration::MAX);
        // On a known course it may have been ended before its time. A busy machine begins a step late: that is no end.
        let is_cut = next < self.turn.unwrap_or(self.began).saturating_add(time);
        let last = next.saturating_sub(READY);
        let until = self.began.saturating_add(time).min(last);
        let until = until.max(self.began);
        self.engine.snapshot().await;
        let first = self.row().map(|(_, row)| row).ok_or(Interruption::Gone)?;
        let mut counts = Counts::new(self.began, until);
        let mut bytes = first.bytes;
        let end = until.saturating_add(LATE).min(last);
        let end = end.saturating_sub(self.engine.now());
        let mut over = std::pin::pin!(sleep(end));
        loop {
            // Cancel-safe: each of them loses nothing when it is dropped, and `over` lives outside the loop.
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Interruption::Stopped),
                Some(batch) = self.facts.next() => counts.take(&batch, self.proxy.id),
                Ok(()) = self.snapshots.changed() => {
                    self.check()?;
                    self.snapshots.mark_unchanged();
                    if let Some((_, row)) = self.row().filter(|(at, _)| *at <= until) {
                        bytes = row.bytes;
                        counts.oldest = counts.oldest.max(row.unanswered.oldest);
                    }
                }
                () = &mut over => break,
            }
        }
        self.check()?;
        if is_cut {
            return Err(Interruption::Stopped);
        }
        self.engine.snapshot().await;
        let findings = self.row().map(|(_, row)| row.findings).unwrap_or_default();
        Ok(Step {
            bytes: PerDirection::from_fn(|way| bytes[way].saturating_sub(first.bytes[way])),
            gives_up: gives_up(&first.findings, &findings, self.kind),
            ..counts.step()
        })
    }

    fn since(&self) -> f64 {
        self.began.as_secs_f64()
    }

    fn tell(&mut self, curve: &Curve) {
        let curve = Arc::new(Curve {
            // It may have another one by now.
            proxy: self.proxy.name(),
            ..curve.clone()
        });
        if curve.ended.is_some() {
            let sweeps = &self.engine.inner.sweeps;
            sweeps.keep(self.proxy.id, Arc::clone(&curve));
        }
        let before = Arc::clone(&self.before);
        let what = Happening::Swept { curve, before };
        self.engine.inner.tell(&self.proxy, what);
    }
}

/// What the finding says that clients give up under this kind of fault and that has gained the most cases; none where none has.
fn gives_up(before: &[Finding], now: &[Finding], kind: &str) -> Option<GivesUp> {
    let gained = |finding: &Finding| {
        let known = before.iter().find(|known| known.is_about(finding));
        finding.n.saturating_sub(known.map_or(0, |known| known.n))
    };
    let is_it = |finding: &&Finding| {
        let mut under = finding
            .under
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        finding.kind == Habit::GivesUp && under.any(|fault| fault == kind)
    };
    let most = now
        .iter()
        .filter(is_it)
        .max_by_key(|finding| gained(finding))?;
    let after = most.values.iter().find_map(|(_, figure)| match figure {
        Figure::Time(time) => Some(*time),
        Figure::Count(_) | Figure::Factor(_) => None,
    });
    after.filter(|_| gained(most) > 0).map(|after| GivesUp {
        after_ms: millis(after),
        n: most.n,
        of: most.of,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
