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
    /// How often packets are lost on their way, and their acknowledgements on theirs, by each fault.
    pub(in crate::fault) loss: Vec<Chances>,
    pub(in crate::fault) answers: Vec<Chances>,
    /// The delays in this direction, each as it strays or moves.
    pub(in crate::fault) delays: Vec<Box<dyn Delay>>,
    /// What of the delay neither strays nor moves.
    pub(in crate::fault) steady: Duration,
    /// What the delay is, apart from what it strays by, and what it is in the other direction.
    pub(in crate::fault) there: Lags,
    pub(in crate::fault) back: Lags,
    /// What a round trip takes without queues where the line begins.
    pub(in crate::fault) round_trip: Duration,
    /// What of that is there without faults: real handshakes have taken it.
    pub(in crate::fault) path: Duration,
    /// What the sender takes for it, where that is another.
    pub(in crate::fault) heard_after: Option<Duration>,
    /// The links on its way, one behind the other.
    pub(in crate::fault) rates: Vec<Rate>,
}

/// Delays that add up.
#[derive(Default)]
pub(in crate::fault) struct Lags(Vec<Lag>);

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
    losses: Vec<LossChain>,
    answers: Vec<LossChain>,
    /// What the stream takes of each of its links.
    takes: Vec<Takes>,
}

/// What a stream takes of a link.
#[derive(Default)]
struct Takes {
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
        // Each draws apart from the others, the first as one that is alone.
        let chains = |of: &[Chances], seed: u64| {
            let seeds = std::iter::successors(Some(seed), |seed| Some(mix(seed ^ 1)));
            seeds.map(LossChain::new).take(of.len()).collect()
        };
        Self {
            origin,
            direction,
            seed,
            losses: chains(&parts.loss, seed),
            answers: chains(&parts.answers, mix(seed)),
            takes: parts.rates.iter().map(|_| Takes::default()).collect(),
            parts,
        }
    }

    /// Takes other parts over, as many of each as before: what sets out later finds them.
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
        let lost = lost(&mut self.losses, &self.parts.loss, || {
            instant(self.origin, at)
        });
        if lost && !sure {
            return None;
        }
        let rates = 0..self.parts.rates.len();
        let leaves = rates
            .into_iter()
            .try_fold(at, |at, rate| self.leave(rate, at, payload, end))?;
        Some(self.deliver(leaves, end))
    }

    /// When a packet comes to the receiver that goes to `end` in the stream and left the queue at `leaves`.
    pub(super) fn deliver(&mut self, leaves: u64, end: u64) -> u64 {
        let leaves_at = instant(self.origin, leaves);
        let mut draw = self.seed ^ mix(end);
        let strays = self.parts.delays.iter_mut().map(|delay| {
            draw = mix(draw);
            delay.of(leaves_at, draw).map_or(LONGEST, nanos)
        });
        let delay = strays.fold(nanos(self.parts.steady), u64::saturating_add);
        leaves.saturating_add(delay.min(LONGEST))
    }

    /// When a packet that comes to the queue before a link at `at` has left it; `None` where the queue is full.
    fn leave(&mut self, link: usize, at: u64, payload: u64, end: u64) -> Option<u64> {
        let (rate, own) = (self.parts.rates.get(link)?, self.takes.get_mut(link)?);
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
            _ => leave(instant(self.origin, own.free))?,
        };
        if let Some(shared) = &rate.shared {
            if rate.fair {
                shared.busy(self.direction, self.seed, leaves);
            }
            let takes = rate.pace.at(came).time_for(size);
            own.turns.push_back((end, nanos(takes)));
        }
        own.free = nanos(leaves.saturating_duration_since(self.origin));
        Some(own.free)
    }

    /// Whether nothing passes from `now` on, ever.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        let mut paces = self.parts.rates.iter().map(|rate| rate.pace);
        let nothing = |rate: ByteRate| rate.bytes_per_second() == 0;
        paces.any(|pace| nothing(pace.at(now)) && nothing(pace.most(now)))
    }

    /// What came through up to `end` has left.
    pub(super) fn forget(&mut self, end: u64) {
        for own in &mut self.takes {
            while own.turns.front().is_some_and(|(to, _)| *to <= end) {
                own.turns.pop_front();
            }
        }
    }

    /// Gives back what its packets took of a shared link beyond `end` in the stream: others are to send that.
    pub(super) fn give_back(&mut self, end: u64) {
        for (own, rate) in self.takes.iter().zip(&self.parts.rates) {
            let waiting = own.turns.iter().filter(|(to, _)| *to > end);
            let takes = waiting.fold(0, |sum: u64, (_, takes)| sum.saturating_add(*takes));
            if let Some(shared) = &rate.shared {
                shared.give_back(self.direction, Duration::from_nanos(takes));
            }
        }
    }

    /// A receiver's acknowledgement sets out at `at`: when it comes to the sender; `None` where it is lost.
    pub(super) fn answer(&mut self, at: u64, sure: bool) -> Option<u64> {
        let lost = lost(&mut self.answers, &self.parts.answers, || {
            instant(self.origin, at)
        });
        (!lost || sure).then(|| at.saturating_add(self.back(at)))
    }
}

// === impl Lags ===

impl Lags {
    pub(in crate::fault) fn add(&mut self, lag: Lag) {
        self.0.push(lag);
    }

    /// What they are at a time.
    pub(super) fn at(&self, at: impl Fn() -> Instant) -> Duration {
        let each = self.0.iter().map(|lag| lag.at(&at));
        each.fold(Duration::ZERO, Duration::saturating_add)
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

/// Whether the next packet is lost by any of these.
fn lost(chains: &mut [LossChain], chances: &[Chances], at: impl Fn() -> Instant) -> bool {
    let each = chains.iter_mut().zip(chances);
    // All of them: whether one loses a packet depends on those before it.
    each.fold(false, |lost, (chain, chances)| {
        chain.loses_next(chances.at(&at)) | lost
    })
}

/// The time so many nanoseconds after an origin, as far as times can be counted.
fn instant(origin: Instant, nanos: u64) -> Instant {
    let after = |nanos| origin.checked_add(Duration::from_nanos(nanos));
    after(nanos).or_else(|| after(LONGEST)).unwrap_or(origin)
}
