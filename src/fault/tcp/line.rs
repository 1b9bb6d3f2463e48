//! The line that a virtual sender's packets take in one direction: what loses, queues, paces and delays them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control::Control;
use super::nanos;
use super::odds::{Chances, LossChain};
use crate::fault::Direction;
use crate::fault::motion::Lag;
use crate::fault::pace::Pace;
use crate::fault::param::Amount;
use crate::fault::random::mix;
use crate::fault::shared::SharedLinks;
use crate::units::ByteRate;

/// How long the queue before a rate is where none is set.
const DEFAULT_QUEUE: Duration = Duration::from_millis(200);
/// A queue holds this much at any rate: two packets.
const LEAST_QUEUE: u64 = 3_000;
/// Longer delays are not told apart, so that sums of times stay far from the end of `u64`: an hour.
const LONGEST: u64 = 3_600_000_000_000;
/// What comes no sooner than this never comes.
pub(super) const NEVER: u64 = u64::MAX / 2;

/// How long packets are on their way, apart from queues.
pub(in crate::fault) trait Delay: Send {
    /// What a packet takes that sets out at `sent` and draws `draw`; `None` where that is more than can be counted.
    fn of(&mut self, sent: Instant, draw: u64) -> Option<Duration>;
}

/// What is known of the line in one direction of a connection: each kind of fault adds what it is about.
#[derive(Default)]
pub struct Parts {
    /// The sender; none where no fault asks for one, and bytes are delayed and paced as they are.
    pub(in crate::fault) control: Option<Control>,
    /// How often packets are lost on their way, and their acknowledgements on theirs.
    pub(in crate::fault) loss: Chances,
    pub(in crate::fault) answers: Chances,
    /// The delay in this direction, where it strays or moves.
    pub(in crate::fault) delay: Option<Box<dyn Delay>>,
    /// What the delay is, apart from what it strays by, and what it is in the other direction.
    pub(in crate::fault) there: Lag,
    pub(in crate::fault) back: Lag,
    /// What a round trip takes without queues where the line begins.
    pub(in crate::fault) round_trip: Duration,
    /// What of that is there without faults: real handshakes have taken it.
    pub(in crate::fault) path: Duration,
    /// What the sender takes for it, where that is another.
    pub(in crate::fault) heard_after: Option<Duration>,
    pub(in crate::fault) rate: Option<Rate>,
}

/// A link that passes so much in a time, with the queue before it.
pub(in crate::fault) struct Rate {
    pub(in crate::fault) pace: Pace,
    /// How much may wait; absent: 200 ms.
    pub(in crate::fault) queue: Option<Amount>,
    /// What the rate carries with each packet beside its payload, in bytes.
    pub(in crate::fault) framing: u64,
    /// Whether each connection has a queue of its own, and an equal part of the rate while it uses it.
    pub(in crate::fault) fair: bool,
    /// The link that connections share; none where each has its own.
    pub(in crate::fault) shared: Option<Arc<SharedLinks>>,
}

/// The line of one direction of one connection.
pub(super) struct Line {
    origin: Instant,
    direction: Direction,
    seed: u64,
    parts: Parts,
    losses: LossChain,
    answers: LossChain,
    /// Until when the connection's own link is taken.
    free: u64,
    /// On a link that is shared: how far in the stream its packets go, and how long each takes the link. Bound: what the
    /// receiver's application has not read, and what is sent in a round trip.
    turns: VecDeque<(u64, u64)>,
}

// === impl Line ===

impl Line {
    /// A line of these parts, whose losses and delays follow from `seed`; times count from `origin`.
    pub(super) fn new(parts: Parts, origin: Instant, direction: Direction, seed: u64) -> Self {
        Self {
            origin,
            direction,
            seed,
            parts,
            losses: LossChain::new(seed),
            answers: LossChain::new(mix(seed)),
            free: 0,
            turns: VecDeque::new(),
        }
    }

    /// Takes other parts over: what sets out later finds them.
    pub(super) fn change(&mut self, parts: Parts) {
        self.parts = parts;
    }

    /// After how long the sender hears of a packet, without queues.
    pub(super) fn round_trip(&self) -> u64 {
        let heard = self.parts.heard_after;
        nanos(heard.unwrap_or(self.parts.round_trip)).min(LONGEST)
    }

    /// What an acknowledgement takes that sets out at `at`.
    pub(super) fn back(&self, at: u64) -> u64 {
        let at = || instant(self.origin, at);
        let takes = match self.parts.heard_after {
            Some(heard) => heard.saturating_sub(self.parts.there.at(at)),
            None => self.parts.path.saturating_add(self.parts.back.at(at)),
        };
        nanos(takes).min(LONGEST)
    }

    /// A packet with so much payload, up to `end` in the stream, sets out at `at`: when it comes to the receiver; `None` where it is
    /// lost. One that is `sure` is not lost by chance.
    pub(super) fn carry(&mut self, at: u64, payload: u64, end: u64, sure: bool) -> Option<u64> {
        let odds = self.parts.loss.at(|| instant(self.origin, at));
        let lost = self.losses.loses_next(odds);
        if lost && !sure {
            return None;
        }
        let leaves = self.leave(at, payload, end)?;
        Some(self.deliver(leaves, end))
    }

    /// When a packet comes to the receiver that goes to `end` in the stream and left the queue at `leaves`.
    pub(super) fn deliver(&mut self, leaves: u64, end: u64) -> u64 {
        let leaves_at = || instant(self.origin, leaves);
        let delay = if let Some(delay) = &mut self.parts.delay {
            let draw = mix(self.seed ^ mix(end));
            delay.of(leaves_at(), draw).map_or(LONGEST, nanos)
        } else {
            nanos(self.parts.there.at(leaves_at))
        };
        leaves.saturating_add(delay.min(LONGEST))
    }

    /// When a packet that comes to the queue at `at` has left it; `None` where the queue is full.
    fn leave(&mut self, at: u64, payload: u64, end: u64) -> Option<u64> {
        let Some(rate) = &self.parts.rate else {
            return Some(at);
        };
        let size = payload.saturating_add(rate.framing);
        let came = instant(self.origin, at);
        // Approximate: a packet's part of the rate is that of the moment when it comes.
        let others = match &rate.shared {
            Some(shared) if rate.fair => shared.others(self.direction, self.seed, came),
            _ => 0,
        };
        let most = rate.most_waiting(came);
        let leave = |free: Instant| {
            let waiting = rate.pace.passed(came, free.max(came)) / (others + 1);
            if waiting.saturating_add(size) > most {
                return None;
            }
            let never = || instant(self.origin, NEVER);
            let size = size.saturating_mul(others + 1);
            Some(rate.pace.passes(free.max(came), size).unwrap_or_else(never))
        };
        let leaves = match &rate.shared {
            Some(shared) if !rate.fair => shared.enter(self.direction, leave)?,
            _ => leave(instant(self.origin, self.free))?,
        };
        if let Some(shared) = &rate.shared {
            if rate.fair {
                shared.busy(self.direction, self.seed, leaves);
            }
            let takes = rate.pace.at(came).time_for(size);
            self.turns.push_back((end, nanos(takes)));
        }
        self.free = nanos(leaves.saturating_duration_since(self.origin));
        Some(self.free)
    }

    /// Whether nothing passes from `now` on, ever.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        let pace = self.parts.rate.as_ref().map(|rate| rate.pace);
        let nothing = |rate: ByteRate| rate.bytes_per_second() == 0;
        pace.is_some_and(|pace| nothing(pace.at(now)) && nothing(pace.most(now)))
    }

    /// What came through up to `end` has left.
    pub(super) fn forget(&mut self, end: u64) {
        while self.turns.front().is_some_and(|(to, _)| *to <= end) {
            self.turns.pop_front();
        }
    }

    /// Gives back what its packets took of a shared link beyond `end` in the stream: others are to send that.
    pub(super) fn give_back(&mut self, end: u64) {
        let waiting = self.turns.iter().filter(|(to, _)| *to > end);
        let takes = waiting.fold(0, |sum: u64, (_, takes)| sum.saturating_add(*takes));
        let rate = self.parts.rate.as_ref();
        if let Some(shared) = rate.and_then(|rate| rate.shared.as_ref()) {
            shared.give_back(self.direction, Duration::from_nanos(takes));
        }
    }

    /// A receiver's acknowledgement sets out at `at`: when it comes to the sender; `None` where it is lost.
    pub(super) fn answer(&mut self, at: u64, sure: bool) -> Option<u64> {
        let odds = self.parts.answers.at(|| instant(self.origin, at));
        let lost = self.answers.loses_next(odds);
        (!lost || sure).then(|| at.saturating_add(self.back(at)))
    }
}

// === impl Rate ===

impl Rate {
    /// How many bytes may wait in the queue at a time.
    fn most_waiting(&self, now: Instant) -> u64 {
        match self.queue.unwrap_or(Amount::Time(DEFAULT_QUEUE)) {
            Amount::Time(time) => self.pace.at(now).bytes_in(time),
            Amount::Size(size) => size.bytes(),
        }
        .max(LEAST_QUEUE)
    }
}

/// The time so many nanoseconds after an origin, as far as times can be counted.
fn instant(origin: Instant, nanos: u64) -> Instant {
    let after = |nanos| origin.checked_add(Duration::from_nanos(nanos));
    after(nanos).or_else(|| after(LONGEST)).unwrap_or(origin)
}
