//! The faults of one direction of one connection, in the order in which a byte meets them.
//!
//! A chain is a fold: each stage moves the head's due time later or holds it, knowing nothing of the others. The last
//! stages are gates, which hold bytes whatever their pace: time in front of a closed gate counts for no pace.
//!
//! Where a fault asks for a virtual sender (`tcp`), what the kinds say of the line makes one stage of them, the first: the
//! stream of a sender over that line.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::Stage as Place;
use super::knob::{Metric, WaitOf};
use super::segment::Segment;
use super::shared::SharedLinks;
use super::stage::Circumstances;
use super::tcp::{Beginning, Parts, Said, Stream};
use super::{
    Cut, Direction, Fate, Fault, Head, InForce, KINDS, Kind, Losses, OneWay, Sending, SettingName,
    Terms, random,
};

/// The kinds in the order in which a byte meets them.
static ORDER: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    let mut kinds = KINDS.to_vec();
    kinds.sort_by_key(|kind| kind.stage);
    kinds
});

/// The stages of one direction, in the order in which a byte meets them.
#[derive(Default)]
pub(super) struct Chain {
    /// The virtual sender, where a fault asks for one.
    stream: Option<Box<Stream>>,
    /// What the sender will be made from with its first byte: one that has nothing to send takes no memory.
    waits: Option<Box<Waits>>,
    /// What became of the packets of the virtual senders before it.
    losses_before: Option<Box<Losses>>,
    stages: Vec<Stage>,
    /// When the head that `due` was last asked for came to a gate that is closed.
    closed_to: Option<Instant>,
    /// For how long the gates had held the head that `due` last let go: time in which no pace runs.
    gated: Duration,
    /// The end of the connection by a fault that has gone.
    lifted: Option<Severed>,
    /// Whether the head was due when the receiver refused it. It stays due, although the time of the refusal moves the pace.
    owed: bool,
}

struct Stage {
    kind: &'static Kind,
    name: Option<SettingName>,
    fault: Box<dyn Fault>,
    /// How the connection ends when the fault goes, where it does.
    lift: Option<Cut>,
}

/// The end of a connection by a fault.
#[derive(Clone, Copy, Debug)]
pub struct Severed {
    /// The kind of the fault that ends it.
    pub kind: &'static Kind,
    /// Whether by a reset, or by the end of both streams.
    pub cut: Cut,
}

/// A virtual sender that is still to be made.
struct Waits {
    in_force: Arc<InForce>,
    circumstances: Circumstances,
}

/// What a chain is made for, beside the plan in force.
pub(super) struct Whereabouts<'a> {
    pub(super) direction: Direction,
    pub(super) circumstances: &'a Circumstances,
    /// How many bytes have left in this direction.
    pub(super) passed: u64,
    /// What waits, in order.
    pub(super) queue: &'a VecDeque<Segment>,
}

// === impl Chain ===

impl Chain {
    /// Puts the faults in force at `now` in place of those before; `head` is what waits first. A stage that stays keeps what
    /// it counts.
    pub(super) fn replan(
        &mut self,
        in_force: &Arc<InForce>,
        place: &Whereabouts<'_>,
        head: Option<&Head>,
        now: Instant,
    ) {
        let was_held = self.closed_to.is_some_and(|came| came <= now);
        self.owed = false;
        self.restage(in_force, place, false, now);
        // What a gate held until now, and holds no longer, has earned no credit meanwhile.
        if let Some((ready, Some(due))) = head
            .filter(|_| was_held)
            .and_then(|head| self.dates(head, now))
            && due <= now
        {
            self.stalled(now.saturating_duration_since(ready));
            self.closed_to = None;
        }
    }

    /// Makes the sender that waits for its first byte, which arrives at `now`.
    pub(super) fn wake(&mut self, direction: Direction, passed: u64, now: Instant) {
        if let Some(waits) = self.waits.take() {
            let place = Whereabouts {
                direction,
                circumstances: &waits.circumstances,
                passed,
                queue: &VecDeque::new(),
            };
            self.restage(&waits.in_force, &place, true, now);
        }
    }

    /// Makes the stages of the faults in force at `now`, or keeps those that are there. A new sender waits for its first byte,
    /// unless that `has_come` or any byte waits.
    fn restage(
        &mut self,
        in_force: &Arc<InForce>,
        place: &Whereabouts<'_>,
        has_come: bool,
        now: Instant,
    ) {
        let round_trip = in_force.round_trip(place.circumstances, now);
        let round_trip = place.circumstances.path.saturating_add(round_trip);
        let mut parts = Parts {
            round_trip,
            path: place.circumstances.path,
            ..Parts::default()
        };
        let mut made_of = Vec::new();
        let all = Acting::all(in_force, place, now);
        for acting in &all {
            if let Some(line) = acting.kind.line {
                line(&acting.terms(in_force, place, now, round_trip), &mut parts);
                made_of.push(Said {
                    here: acting.here.clone(),
                    back: acting.back.clone(),
                });
            }
        }
        let sends = parts.control.is_some();
        let is_idle = self.stream.is_none() && place.queue.is_empty() && !has_come;
        self.waits = (sends && is_idle).then(|| {
            Box::new(Waits {
                in_force: Arc::clone(in_force),
                circumstances: *place.circumstances,
            })
        });
        if self.waits.is_none() {
            self.restream(parts, made_of, place, now);
        }
        let mut before = std::mem::take(&mut self.stages);
        let has_stage = |acting: &Acting| !sends || acting.kind.line.is_none();
        for acting in all.into_iter().filter(has_stage) {
            let terms = acting.terms(in_force, place, now, round_trip);
            self.set_stage(&acting, &terms, &mut before);
        }
        let gone = before.iter().find_map(|stage| {
            let kind = stage.kind;
            stage.lift.map(|cut| Severed { kind, cut })
        });
        self.lifted = self.lifted.or(gone);
    }

    /// Adds the stage of what acts on these terms: the one that was there `before` and is taken out of those, or a new one.
    fn set_stage(&mut self, acting: &Acting, terms: &Terms<'_>, before: &mut Vec<Stage>) {
        let kind = acting.kind;
        let is_same = |stage: &Stage| stage.kind == kind && stage.name == acting.name;
        let at = before.iter().position(is_same);
        let mut old = at.map(|at| before.remove(at));
        let lift = terms.here.and_then(|here| kind.lifts?(here));
        let kept = old.take_if(|stage| stage.fault.retune(terms));
        let kept = kept.map(|stage| Stage { lift, ..stage });
        match kept.or_else(|| acting.stage(terms, lift)) {
            Some(stage) => self.stages.push(stage),
            None => before.extend(old),
        }
    }

    /// Has the stream go on over a line of these parts, or begin with what waits, or end.
    fn restream(
        &mut self,
        parts: Parts,
        made_of: Vec<Said>,
        place: &Whereabouts<'_>,
        now: Instant,
    ) {
        let sends = parts.control.is_some();
        let mut before = self.stream.take();
        if let Some(stream) = &mut before {
            if sends && stream.goes_on(&made_of) {
                stream.retune(parts, made_of, now);
                self.stream = before;
                return;
            }
            let before = self.losses_before.get_or_insert_default();
            **before = before.plus(stream.losses());
            stream.end(place.passed);
        }
        let seed = place.circumstances.seed_of(place.direction);
        let begins = Beginning {
            direction: place.direction,
            opened: place.circumstances.opened,
            handshakes: place.circumstances.handshakes,
            passed: place.passed,
            seed: random::derive(seed, "sender", 0),
        };
        self.stream = Stream::of(parts, made_of, &begins).map(Box::new);
        if let Some(stream) = &mut self.stream {
            for segment in place.queue {
                stream.arrived(segment.arrived, segment.bytes());
            }
        }
    }

    /// Whether a stage holds the end of the stream back.
    pub(super) fn holds_end(&self) -> bool {
        let mut knobs = self.stages.iter().flat_map(|stage| stage.kind.knobs);
        knobs.any(|knob| knob.metric == Metric::Waited(WaitOf::Close))
    }

    /// Whether a virtual sender sends the stream.
    pub(super) fn sends(&self) -> bool {
        self.stream.is_some() || self.waits.is_some()
    }

    /// What the virtual sender is at, where there is one.
    pub(super) fn sending(&self) -> Option<Sending> {
        self.stream.as_ref().map(|stream| stream.sending())
    }

    /// What became of the packets of virtual senders, this one's and those before it.
    pub(super) fn losses(&self) -> Losses {
        let losses = self.stream.as_ref().map(|stream| stream.losses());
        let before = self.losses_before.as_deref().copied().unwrap_or_default();
        before.plus(losses.unwrap_or_default())
    }

    /// `n` bytes arrived at `at`.
    pub(super) fn arrived(&mut self, at: Instant, n: usize) {
        if let Some(stream) = &mut self.stream {
            stream.arrived(at, n);
        }
    }

    /// When the head may leave, or `None` while it is held.
    pub(super) fn due(&mut self, head: &Head, now: Instant) -> Option<Instant> {
        let (ready, due) = self.dates(head, now)?;
        let open = due.filter(|due| *due <= now);
        let is_closed = due.is_none_or(|due| due > now && due > ready);
        self.closed_to = is_closed.then_some(ready);
        self.gated = open.map_or(Duration::ZERO, |due| due.saturating_duration_since(ready));
        due
    }

    /// When the head comes to the gates, and when they let it go; `None` for a time that never comes.
    fn dates(&mut self, head: &Head, now: Instant) -> Option<(Instant, Option<Instant>)> {
        let gates = self.gates();
        let sent = match &mut self.stream {
            Some(stream) => stream.due(head, now)?,
            None => head.arrived,
        };
        let (paced, gates) = self.stages.split_at_mut(gates);
        let date = |due, stage: &mut Stage| stage.fault.due(head, due, now);
        let ready = paced.iter_mut().try_fold(sent, date)?;
        let ready = if self.owed { ready.min(now) } else { ready };
        Some((ready, gates.iter_mut().try_fold(ready, date)))
    }

    /// How many stages stand before the first gate.
    fn gates(&self) -> usize {
        self.stages
            .partition_point(|stage| stage.kind.stage < Place::Gate)
    }

    /// At most how many of the head's bytes may leave in one write.
    pub(super) fn quantum(&self, head: &Head, now: Instant) -> usize {
        let gates = self.gates();
        let paced_at = now.checked_sub(self.gated).unwrap_or(now);
        let quanta = self.stages.iter().enumerate().map(|(index, stage)| {
            let now = if index < gates { paced_at } else { now };
            stage.fault.quantum(head, now)
        });
        let stream = self.stream.as_ref();
        let through = stream.map(|stream| stream.quantum(head, paced_at));
        quanta.chain(through).min().unwrap_or(usize::MAX)
    }

    pub(super) fn sent(&mut self, head: &Head, n: usize, now: Instant) {
        self.owed = false;
        self.closed_to = None;
        let gated = std::mem::take(&mut self.gated);
        if !gated.is_zero() {
            self.stalled(gated);
        }
        for stage in &mut self.stages {
            stage.fault.sent(head, n, now);
        }
    }

    /// What the stages have in mind for the connection: the first that ends it, by its kind, or when the next might.
    pub(super) fn fate(&mut self, passed: u64, now: Instant) -> Result<Option<Instant>, Severed> {
        if let Some(severed) = self.lifted {
            return Err(severed);
        }
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

    /// Whether a fault may end the connection.
    pub(super) fn may_end(&self) -> bool {
        self.lifted.is_some() || self.stages.iter().any(|stage| stage.kind.ends)
    }

    /// Whether the stages change bytes.
    pub(super) fn alters(&self) -> bool {
        self.stages.iter().any(|stage| stage.kind.alters)
    }

    /// Changes bytes that are about to leave, and says how many were changed.
    pub(super) fn alter(&self, offset: u64, bytes: &mut [u8]) -> u64 {
        let stages = self.stages.iter();
        let hit = stages.map(|stage| stage.fault.alter(offset, bytes));
        hit.fold(0, u64::saturating_add)
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
        self.sends() || self.stages.iter().any(|stage| stage.fault.counts())
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
            .chain(self.stream.as_ref().map(|stream| stream.backlog()))
            .chain(self.waits.as_ref().map(|_| Stream::FIRST_BACKLOG))
            .min()
    }

    /// The link whose queue all connections fill together that share it, and how many bytes that takes: of several the shortest
    /// queue.
    pub(super) fn queue(&self) -> Option<(&Arc<SharedLinks>, u64)> {
        let delay = self.delay();
        let stages = self.stages.iter();
        let queues = stages.filter_map(|stage| stage.fault.queue(delay));
        queues.min_by_key(|(_, most)| *most)
    }

    /// Whether a closed gate holds what waits.
    pub(super) fn is_gated(&self) -> bool {
        self.closed_to.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.sends() && self.stages.is_empty()
    }
}

/// A kind that acts under a name, or without one, in one direction of a connection, or in the other.
struct Acting {
    kind: &'static Kind,
    name: Option<SettingName>,
    here: Option<OneWay>,
    back: Option<OneWay>,
    since: Instant,
}

// === impl Acting ===

impl Acting {
    /// All that acts on a connection, in the order in which a byte meets it.
    fn all(in_force: &InForce, place: &Whereabouts<'_>, now: Instant) -> Vec<Self> {
        let kinds = ORDER.iter().copied();
        let of_kind = |kind| {
            let names = in_force.names(kind);
            names.filter_map(move |name| Self::of(kind, name, in_force, place, now))
        };
        kinds.flat_map(of_kind).collect()
    }

    fn of(
        kind: &'static Kind,
        name: Option<&SettingName>,
        in_force: &InForce,
        place: &Whereabouts<'_>,
        now: Instant,
    ) -> Option<Self> {
        let one_way = |direction| {
            in_force
                .acting(kind, name, direction, now)
                .filter(|it| place.circumstances.hits(&it.setting))
        };
        let here = one_way(place.direction);
        let back = one_way(place.direction.opposite());
        let since = here.as_ref().or(back.as_ref())?.since;
        Some(Self {
            kind,
            name: name.cloned(),
            here,
            back,
            since,
        })
    }

    /// A stage for it, where its kind makes one of these terms.
    fn stage(&self, terms: &Terms<'_>, lift: Option<Cut>) -> Option<Stage> {
        Some(Stage {
            kind: self.kind,
            name: self.name.clone(),
            fault: (self.kind.build)(terms)?,
            lift,
        })
    }

    fn terms<'a>(
        &'a self,
        in_force: &'a InForce,
        place: &Whereabouts<'_>,
        now: Instant,
        round_trip: Duration,
    ) -> Terms<'a> {
        let circumstances = place.circumstances;
        let seed = circumstances.seed_of(place.direction);
        let links = in_force.links(self.name.as_ref());
        let setting = self.here.as_ref().or(self.back.as_ref());
        Terms {
            direction: place.direction,
            here: self.here.as_ref().map(|it| &it.setting),
            back: self.back.as_ref().map(|it| &it.setting),
            shared: links.map(|links| &links.proxy),
            desk: links.and_then(|links| links.desk.as_ref()),
            now,
            since: self.since,
            motion: self.here.as_ref().and_then(OneWay::motion),
            back_motion: self.back.as_ref().and_then(OneWay::motion),
            opened: circumstances.opened,
            handshakes: circumstances.handshakes,
            passed: place.passed,
            round_trip,
            seed: setting.map_or(seed, |it| it.setting.seed(seed, 0)),
        }
    }
}
