//! The faults of one direction of one connection, in the order in which a byte meets them.
//!
//! A chain is a fold: each stage moves the head's due time later or holds it, knowing nothing of the others.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::Stage as Place;
use super::{Cut, Direction, Fate, Fault, Head, KINDS, Kind, Plan, Terms, random};

/// The kinds in the order in which a byte meets them.
static ORDER: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    let mut kinds = KINDS.to_vec();
    kinds.sort_by_key(|kind| kind.stage);
    kinds
});

/// The stages of one direction, in the order in which a byte meets them.
#[derive(Default)]
pub(super) struct Chain {
    stages: Vec<Stage>,
    /// Since when a gate holds a head that would have left.
    gated: Option<Instant>,
    /// Whether the head was due when the receiver refused it: it stays so, however the pace moves meanwhile.
    owed: bool,
}

struct Stage {
    kind: &'static Kind,
    fault: Box<dyn Fault>,
}

/// That a fault ends a connection.
#[derive(Clone, Copy, Debug)]
pub struct Severed {
    /// Whose doing it is.
    pub kind: &'static Kind,
    /// How.
    pub cut: Cut,
}

/// What decides which settings hit a connection, and when their pacing began.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The connection's seed: what hits it, and both its links' generators, are derived from it.
    pub seed: u64,
    /// The origin of the times that a proxy's connections share.
    pub origin: Instant,
    /// When it was opened.
    pub opened: Instant,
    /// What a round trip to its upstream takes without faults.
    pub path: Duration,
}

/// What a chain is made for, beside the plan.
pub(super) struct Whereabouts<'a> {
    pub(super) direction: Direction,
    pub(super) circumstances: &'a Circumstances,
    /// How many bytes have left in this direction.
    pub(super) passed: u64,
}

// === impl Circumstances ===

impl Circumstances {
    /// Whether a setting with this share hits the connection. One number for a kind and a connection: it survives every
    /// change of settings, and a greater share hits all that a smaller one hit.
    #[must_use]
    pub fn hits(&self, kind: &Kind, share: crate::units::Percent) -> bool {
        random::unit(random::derive(self.seed, kind.name, 0)) < share.fraction()
    }

    /// The connection's own random number for what a kind asks of its opening.
    #[must_use]
    pub fn draw(&self, kind: &Kind) -> u64 {
        random::derive(self.seed, kind.name, 1)
    }

    /// The seed of one direction.
    pub(super) fn seed_of(&self, direction: Direction) -> u64 {
        random::derive(self.seed, "link", direction.index() as u64)
    }
}

// === impl Chain ===

impl Chain {
    /// Puts the faults of `plan` in place of those before. A stage that stays keeps what it counts.
    pub(super) fn replan(&mut self, plan: &Plan, place: &Whereabouts<'_>, now: Instant) {
        let Whereabouts {
            direction,
            circumstances,
            passed,
        } = *place;
        let origin = circumstances.origin;
        let seed = circumstances.seed_of(direction);
        let round_trip = circumstances.path + plan.round_trip(circumstances, now);
        self.gated = None;
        self.owed = false;
        let mut before = std::mem::take(&mut self.stages).into_iter().peekable();
        for kind in ORDER.iter().copied() {
            let old = before.next_if(|stage| stage.kind.name == kind.name);
            let one_way = |direction| {
                plan.one_way(kind, direction)
                    .filter(|setting| !plan.bypassed && setting.acts(origin, now))
                    .filter(|setting| circumstances.hits(kind, setting.share))
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
                origin,
                now,
                since: here
                    .as_ref()
                    .or(back.as_ref())
                    .map_or(origin, |it| it.since(origin)),
                opened: circumstances.opened,
                passed,
                round_trip,
                seed: random::derive(seed, kind.name, 0),
            };
            let kept = old.and_then(|mut stage| stage.fault.retune(&terms).then_some(stage.fault));
            let fault = kept.or_else(|| (kind.build)(&terms));
            self.stages.extend(fault.map(|fault| Stage { kind, fault }));
        }
    }

    /// When the head may leave, or `None` while it is held.
    pub(super) fn due(&mut self, head: &Head, now: Instant) -> Option<Instant> {
        let gates = self
            .stages
            .partition_point(|stage| stage.kind.stage < Place::Gate);
        let (paced, gates) = self.stages.split_at_mut(gates);
        let date = |due, stage: &mut Stage| stage.fault.due(head, due, now);
        let ready = paced.iter_mut().try_fold(head.arrived, date)?;
        let ready = if self.owed { ready.min(now) } else { ready };
        if gates.is_empty() {
            return Some(ready);
        }
        let due = gates.iter_mut().try_fold(ready, date);
        match due.filter(|due| *due <= now) {
            Some(opened) => {
                // While a gate is closed no pace runs: it earns no credit.
                let since = self.gated.take().unwrap_or(ready);
                if opened > since {
                    self.stalled(opened - since);
                }
            }
            None if ready <= now => {
                self.gated.get_or_insert(ready);
            }
            None => {}
        }
        due
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
        self.owed = false;
        for stage in &mut self.stages {
            stage.fault.sent(head, n, now);
        }
    }

    /// What the stages have in mind for the connection: the first that ends it, by its kind, or when the next might.
    pub(super) fn fate(&mut self, passed: u64, now: Instant) -> Result<Option<Instant>, Severed> {
        let mut next: Option<Instant> = None;
        for stage in self.stages.iter_mut().filter(|stage| stage.kind.ends) {
            match stage.fault.fate(passed, now) {
                Fate::Ends(cut) => {
                    return Err(Severed {
                        kind: stage.kind,
                        cut,
                    });
                }
                Fate::Lives(Some(at)) => next = Some(next.map_or(at, |next| next.min(at))),
                Fate::Lives(None) => {}
            }
        }
        Ok(next)
    }

    /// Whether the stages change bytes.
    pub(super) fn alters(&self) -> bool {
        self.stages.iter().any(|stage| stage.fault.alters())
    }

    /// Changes bytes that are about to leave.
    pub(super) fn alter(&self, offset: u64, bytes: &mut [u8]) {
        for stage in &self.stages {
            stage.fault.alter(offset, bytes);
        }
    }

    /// The receiver refused the head, which was due.
    pub(super) fn refused(&mut self) {
        // Where stages do not count, a due time never moves, and other segments than the head are asked for.
        self.owed = self.counts();
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

    /// For how long at most the stages hold each byte whatever the rate.
    pub(super) fn delay(&self) -> Duration {
        self.stages.iter().map(|stage| stage.fault.delay()).sum()
    }

    /// At most how many bytes should wait, where a stage says.
    pub(super) fn backlog(&self) -> Option<usize> {
        let delay = self.delay();
        self.stages
            .iter()
            .filter_map(|stage| stage.fault.backlog(delay))
            .min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }
}
