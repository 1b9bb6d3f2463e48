//! The faults of one direction of one connection, in the order in which a byte meets them.
//!
//! A chain is a fold: each stage moves the head's due time later or holds it, knowing nothing of the others.

use std::time::{Duration, Instant};

use super::{Direction, Fault, Head, KINDS, Kind, Plan, Terms, random};

/// The stages of one direction, in the order of the table of kinds.
#[derive(Default)]
pub(super) struct Chain {
    stages: Vec<Stage>,
}

struct Stage {
    kind: &'static Kind,
    fault: Box<dyn Fault>,
}

/// What decides which settings hit a connection, and when their pacing began.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The connection's seed: what hits it, and both its links' generators, are derived from it.
    pub seed: u64,
    /// The origin of the times that a proxy's connections share.
    pub origin: Instant,
}

// === impl Circumstances ===

impl Circumstances {
    /// Whether a setting with this share hits the connection. One number for a kind and a connection: it survives every
    /// change of settings, and a greater share hits all that a smaller one hit.
    #[must_use]
    pub fn hits(&self, kind: &Kind, share: crate::units::Percent) -> bool {
        random::unit(random::derive(self.seed, kind.name, 0)) < share.fraction()
    }
}

// === impl Chain ===

impl Chain {
    /// Puts the faults of `plan` in place of those before. A stage that stays keeps what it counts.
    pub(super) fn replan(
        &mut self,
        direction: Direction,
        plan: &Plan,
        circumstances: &Circumstances,
        now: Instant,
    ) {
        let mut before = std::mem::take(&mut self.stages).into_iter().peekable();
        for kind in KINDS.iter().copied() {
            let old = before.next_if(|stage| stage.kind.index() == kind.index());
            let one_way = |direction| {
                plan.one_way(kind, direction)
                    .filter(|setting| !plan.bypassed && circumstances.hits(kind, setting.share))
            };
            let (here, back) = (one_way(direction), one_way(direction.opposite()));
            if here.is_none() && back.is_none() {
                continue;
            }
            let terms = Terms {
                direction,
                here: here.as_ref(),
                back: back.as_ref(),
                shared: plan.shared(),
                origin: circumstances.origin,
                now,
            };
            let kept = old.and_then(|mut stage| stage.fault.retune(&terms).then_some(stage.fault));
            let fault = kept.or_else(|| (kind.build)(&terms));
            self.stages.extend(fault.map(|fault| Stage { kind, fault }));
        }
    }

    /// When the head may leave, or `None` while it is held.
    pub(super) fn due(&mut self, head: &Head, now: Instant) -> Option<Instant> {
        self.stages
            .iter_mut()
            .try_fold(head.arrived, |due, stage| stage.fault.due(head, due, now))
    }

    /// At most how many of the head's bytes may leave in one write.
    pub(super) fn quantum(&self, head: &Head, now: Instant) -> usize {
        let quanta = self
            .stages
            .iter()
            .map(|stage| stage.fault.quantum(head, now));
        quanta.min().unwrap_or(usize::MAX)
    }

    pub(super) fn sent(&mut self, head: &Head, n: usize, now: Instant) {
        for stage in &mut self.stages {
            stage.fault.sent(head, n, now);
        }
    }

    pub(super) fn stalled(&mut self, time: Duration) {
        for stage in &mut self.stages {
            stage.fault.stalled(time);
        }
    }

    /// Whether when a segment is due depends on what was sent before it.
    pub(super) fn counts(&self) -> bool {
        self.stages.iter().any(|stage| stage.fault.counts())
    }

    /// At most how many bytes should wait, where a stage says.
    pub(super) fn backlog(&self) -> Option<usize> {
        let delay: Duration = self.stages.iter().map(|stage| stage.fault.delay()).sum();
        self.stages
            .iter()
            .filter_map(|stage| stage.fault.backlog(delay))
            .min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }
}
