//! One direction of one connection, without sockets: the bytes that wait, and the chain of faults that says when the first of
//! them may leave.
//!
//! ```text
//!  push ─► [ segment | segment | segment ] ─► head ─► stage ─► stage ─► due ─► slices, wrote
//!       └─► [ bytes .................... ] (store)
//! ```
//!
//! A link does no IO and reads no clock. It never drops, repeats or reorders a byte, and it releases nothing before the
//! current settings allow it. What faults hold is bounded by bytes, so that a sender feels a rate and not our buffer, and by
//! the memory that they take, so that a million small pieces cost no more than one large one: `wants_input` says when its
//! owner may read, and where it may not the sender feels TCP's own back-pressure.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

pub use super::chain::Severed;
use super::chain::{Chain, Whereabouts};
use super::random::Random;
use super::room::Place;
use super::segment::{Payload, Segment};
pub use super::stage::Circumstances;
pub use super::store::SLICES;
use super::store::Store;
use super::{Direction, Head, InForce, Losses, Sending};

/// What a direction holds at most when no fault asks for less: about twice what the best-known peer holds, so that a
/// delay of 50 ms leaves one stream most of its throughput.
pub const CEILING: usize = 64 << 20;

/// What a direction without faults may hold before it is read again: only what the receiver refused waits.
const PASSING: usize = 1;

/// What one read may add beyond the ceiling: less would make reads so small that they cost more than they spare.
const LEAST_READ: usize = 4 << 10;

/// At most how many bytes one write takes: beyond it a write costs no less for a byte, and the others of a worker wait.
const MOST_WRITTEN: usize = 512 << 10;

/// The places for the slices of one vectored write.
pub type Slices<'a> = [IoSlice<'a>; SLICES];

/// What the owner of a link is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write what `slices` gives, then say how much with `wrote`.
    Write,
    /// End the stream to the receiver, then say so with `ended`.
    Shutdown,
    /// Reset the receiver's connection.
    Reset,
    /// Nothing until then; `None` until bytes or settings come.
    Wait(Option<Instant>),
}

/// One direction of one connection.
pub struct Link {
    direction: Direction,
    queue: VecDeque<Segment>,
    store: Store,
    passed: u64,
    /// Up to where in the stream bytes have been changed, where faults change them.
    altered: u64,
    /// How many of them are others than they came, and nobody was told yet.
    changed: u64,
    last_due: Option<Instant>,
    chain: Chain,
    ceiling: usize,
    /// Since when the receiver refuses bytes.
    stalled: Option<Instant>,
    /// Its place before a link that is shared.
    place: Option<Box<Place>>,
    random: Random,
}

// === impl Link ===

impl Link {
    /// An empty link without faults.
    #[must_use]
    pub fn new(direction: Direction, circumstances: &Circumstances) -> Self {
        Self {
            direction,
            queue: VecDeque::new(),
            store: Store::default(),
            passed: 0,
            altered: 0,
            changed: 0,
            last_due: None,
            chain: Chain::default(),
            ceiling: PASSING,
            stalled: None,
            place: None,
            random: Random::new(circumstances.seed_of(direction)),
        }
    }

    /// Puts the faults in force at `now` in place of those before; the queue stays as it is, so what waits is dated anew.
    pub fn replan(&mut self, in_force: &Arc<InForce>, circumstances: &Circumstances, now: Instant) {
        self.count_stall(now);
        let place = Whereabouts {
            direction: self.direction,
            circumstances,
            passed: self.passed,
            queue: &self.queue,
        };
        let head = self.head();
        self.chain.replan(in_force, &place, head.as_ref(), now);
        self.set_ceiling();
        let before = self.place.take();
        if let Some((links, most)) = self.chain.queue() {
            let kept = before.and_then(|mut place| place.retune(links, most).then_some(place));
            let new = || Box::new(Place::new(links, self.direction, most));
            self.place = Some(kept.unwrap_or_else(new));
        }
        self.settle(false);
    }

    /// Queues bytes that arrived at `now`.
    pub fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.store.append(bytes);
        self.enqueue_bytes(now, bytes.len());
    }

    /// Room for at most `most` bytes to be read into the queue without a copy; `filled` must follow.
    pub fn spare(&mut self, most: usize) -> &mut [u8] {
        self.store.spare(most)
    }

    /// Queues the `n` bytes that were read into what `spare` gave, and had arrived by `now`; none is nothing.
    pub fn filled(&mut self, now: Instant, n: usize) {
        self.store.fill(n);
        self.enqueue_bytes(now, n);
    }

    /// Queues the end of the stream.
    pub fn push_eof(&mut self, now: Instant) {
        self.enqueue(now, Payload::Eof);
    }

    /// Queues the news that the sender's connection broke.
    pub fn push_reset(&mut self, now: Instant) {
        self.enqueue(now, Payload::Reset);
    }

    fn enqueue_bytes(&mut self, now: Instant, n: usize) {
        if n > 0 {
            self.chain.wake(self.direction, self.passed, now);
            self.chain.arrived(now, n);
            self.enqueue(now, Payload::Data(n));
            self.settle(true);
        }
    }

    /// Tells a link that is shared how much waits for it: not what the receiver refuses, nor what a gate holds.
    fn settle(&mut self, came: bool) {
        if let Some(place) = &mut self.place {
            let has_passed = self.stalled.is_some() || self.chain.is_gated();
            let held = if has_passed { 0 } else { self.store.len() };
            place.settle(held as u64, came);
        }
    }

    /// Whether a link that is shared has room for more; else the task of `waker` is woken when it has.
    pub fn admits(&mut self, waker: &Waker) -> bool {
        self.place.as_mut().is_none_or(|place| place.admits(waker))
    }

    /// Its owner does not read now: room that it was admitted to is for others.
    pub fn waive(&mut self) {
        if let Some(place) = &mut self.place {
            place.waive();
        }
    }

    /// Whether it waits to be admitted.
    #[must_use]
    pub fn waits_for_room(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.waits())
    }

    fn enqueue(&mut self, now: Instant, payload: Payload) {
        self.chain.wake(self.direction, self.passed, now);
        let draw = self.random.draw();
        self.queue.push_back(Segment {
            arrived: now,
            draw,
            payload,
        });
    }

    /// What to do next.
    pub fn poll(&mut self, now: Instant) -> Step {
        let due = self.head_due(now);
        if self.chain.sends() {
            // What a sender's socket holds grows with its window.
            self.set_ceiling();
        }
        self.settle(false);
        let Some(due) = due else {
            return Step::Wait(None);
        };
        if due > now {
            return Step::Wait(Some(due));
        }
        match self.queue.front().map(|segment| segment.payload) {
            Some(Payload::Data(_)) => Step::Write,
            Some(Payload::Eof) => Step::Shutdown,
            Some(Payload::Reset) => Step::Reset,
            None => Step::Wait(None),
        }
    }

    /// Gives the bytes to write after `poll` said `Write`: the head's, as many as may leave at once, and where no stage
    /// counts what was sent before, those of the segments behind it that are due too. Says how many places are filled.
    pub fn slices<'a>(&'a mut self, now: Instant, out: &mut Slices<'a>) -> usize {
        let Some(head) = self.head() else {
            return 0;
        };
        let quantum = self.chain.quantum(&head, now);
        let due = if self.chain.counts() {
            head.len
        } else {
            self.due_bytes(now)
        };
        let most = due.min(quantum).min(MOST_WRITTEN);
        self.alter(most);
        self.store.slices(most, out)
    }

    /// How much later than the faults asked for the head leaves, where it does at `now`.
    #[must_use]
    pub fn late(&self, now: Instant) -> Duration {
        let due = self.last_due.unwrap_or(now);
        now.saturating_duration_since(due)
    }

    /// `n` bytes of what `slices` gave were written at `now`. Tells `released` how long each segment of them was held.
    pub fn wrote(&mut self, mut n: usize, now: Instant, mut released: impl FnMut(Duration)) {
        while n > 0
            && let Some(segment) = self.queue.front()
        {
            let head = segment.head(self.passed, self.store.len());
            let part = n.min(head.len);
            self.chain.sent(&head, part, now);
            released(now.saturating_duration_since(head.arrived));
            self.passed += part as u64;
            self.store.take(part);
            n -= part;
            if part == head.len {
                self.pop();
            } else if let Some(segment) = self.queue.front_mut() {
                segment.payload = Payload::Data(head.len - part);
            }
        }
        self.settle(false);
    }

    /// The end of the stream was passed on, or the reset carried out: the head is done with.
    pub fn ended(&mut self) {
        self.pop();
    }

    /// Bytes passed straight through, past the empty queue.
    pub fn passed_through(&mut self, n: usize) {
        debug_assert!(self.is_clear());
        self.passed += n as u64;
    }

    /// The receiver refused bytes that were due at `now`: until it is tried again, no pace runs.
    pub fn refused(&mut self, now: Instant) {
        self.stalled = Some(now);
        if self.head_due(now).is_some_and(|due| due <= now) {
            self.chain.refused();
        }
        self.settle(false);
    }

    /// The receiver may take bytes again. What was due when it refused is still due.
    pub fn resumed(&mut self, now: Instant) {
        self.count_stall(now);
        self.stalled = None;
    }

    fn count_stall(&mut self, now: Instant) {
        if let Some(since) = &mut self.stalled {
            self.chain.stalled(now.saturating_duration_since(*since));
            *since = now;
        }
    }

    /// Throws away what waits: its receiver is gone.
    pub fn discard(&mut self) {
        self.queue = VecDeque::new();
        self.store.clear();
        if let Some(place) = &mut self.place {
            place.settle(0, false);
        }
    }

    /// For how long at most faults hold each byte whatever the rate.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.chain.delay()
    }

    /// What the virtual sender is at, where a fault asks for one.
    #[must_use]
    pub fn sending(&self) -> Option<Sending> {
        self.chain.sending()
    }

    /// What became of the packets of virtual senders.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.chain.losses()
    }

    /// Whether bytes may pass straight through: nothing waits and no fault acts.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.queue.is_empty() && self.chain.is_empty()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many bytes were changed since this was asked last.
    pub fn take_changed(&mut self) -> u64 {
        std::mem::take(&mut self.changed)
    }

    /// When the end of the stream arrived, where it is at the front and a fault holds it back.
    #[must_use]
    pub fn held_end(&self) -> Option<Instant> {
        let head = self.queue.front().filter(|_| self.chain.holds_end())?;
        Some(head.arrived)
    }

    /// How many bytes have left.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Whether a fault ends the whole connection now, and how; else when one might.
    pub fn fate(&mut self, now: Instant) -> Result<Option<Instant>, Severed> {
        if self.chain.may_end() {
            // A fault may wait for bytes that come to it.
            let _ = self.head_due(now);
        }
        self.chain.fate(self.passed, now)
    }

    /// Whether a fault may end the whole connection.
    #[must_use]
    pub fn may_end(&self) -> bool {
        self.chain.may_end()
    }

    /// Has the faults change the first `n` bytes, those that have not been yet.
    fn alter(&mut self, n: usize) {
        let done = self.altered.saturating_sub(self.passed);
        let done = usize::try_from(done).unwrap_or(usize::MAX);
        if n <= done || !self.chain.alters() {
            return;
        }
        let (chain, passed) = (&self.chain, self.passed);
        let mut changed: u64 = 0;
        self.store.change(done..n, |place, bytes| {
            changed = changed.saturating_add(chain.alter(passed + place as u64, bytes));
        });
        self.changed = self.changed.saturating_add(changed);
        self.altered = passed + n as u64;
    }

    /// Sets how much may wait under the faults that act now.
    fn set_ceiling(&mut self) {
        self.ceiling = match self.chain.backlog() {
            _ if self.chain.is_empty() => PASSING,
            Some(backlog) => backlog.min(CEILING),
            None => CEILING,
        };
    }

    /// Whether its owner may read more.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.held() < self.ceiling && self.footprint() < CEILING
    }

    /// Whether faults hold all that may wait, so that the sender is not read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.chain.is_empty() && (!self.wants_input() || self.waits_for_room())
    }

    /// How many bytes one read may add.
    #[must_use]
    pub fn room(&self) -> usize {
        let own = self.ceiling - self.held().min(self.ceiling);
        let place = self.place.as_ref().map(|place| place.room());
        let shared = place.and_then(|room| usize::try_from(room).ok());
        own.min(shared.unwrap_or(usize::MAX)).max(LEAST_READ)
    }

    /// How many bytes wait.
    #[must_use]
    pub fn held(&self) -> usize {
        self.store.len()
    }

    /// How much memory what waits takes: its buffers, and what is known of it.
    #[must_use]
    pub fn footprint(&self) -> usize {
        self.store.footprint() + self.queue.len() * size_of::<Segment>()
    }

    fn pop(&mut self) {
        self.queue.pop_front();
        if self.queue.is_empty() {
            // What many segments needed is given back.
            self.queue = VecDeque::new();
        }
    }

    fn head(&self) -> Option<Head> {
        let first = self.queue.front()?;
        Some(first.head(self.passed, self.store.len()))
    }

    /// When the head may leave: each stage moves it later or holds it, and none leaves before the one ahead of it.
    fn head_due(&mut self, now: Instant) -> Option<Instant> {
        let head = self.head()?;
        let due = self.chain.due(&head, now)?;
        let due = self.last_due.map_or(due, |last| due.max(last));
        if due <= now {
            self.last_due = Some(due);
        }
        Some(due)
    }

    /// How many bytes from the head on are due, as far as one write takes them.
    fn due_bytes(&mut self, now: Instant) -> usize {
        let mut due = 0;
        for segment in &self.queue {
            let Payload::Data(_) = segment.payload else {
                break;
            };
            let waiting = self.store.len() - due;
            let head = segment.head(self.passed + due as u64, waiting);
            let at = self.chain.due(&head, now);
            if due >= MOST_WRITTEN || at.is_none_or(|at| at > now) {
                break;
            }
            due += head.len;
        }
        due
    }
}
