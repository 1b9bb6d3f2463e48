//! One direction of one connection: a queue of facts, and the chain of faults that dates its head.
//!
//! ```text
//!  push ─► [ segment | segment | segment ] ─► head ─► stage ─► stage ─► due ─► slices, wrote
//! ```
//!
//! A link does no IO and reads no clock. It never drops, repeats or reorders a byte, and it releases nothing before the
//! current settings allow it. What it holds is bounded by `wants_input`: its owner stops reading, and the sender feels
//! that as TCP's own back-pressure.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use super::chain::Chain;
pub use super::chain::Circumstances;
use super::random::{self, Random};
use super::segment::{Payload, Segment};
use super::{Direction, Plan};

/// What a direction holds at most when no fault asks for less: about twice what the best-known peer holds, so that a
/// delay of 50 ms leaves one stream most of its throughput.
pub const CEILING: usize = 64 << 20;

/// What a direction without faults may hold before it is read again: only what the receiver refused waits.
const PASSING: usize = 1;

/// What one read may add beyond the ceiling: less would make reads so small that they cost more than they spare.
const LEAST_READ: usize = 4 << 10;

/// How many segments one vectored write takes.
const SLICES: usize = 64;

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
    held: usize,
    passed: u64,
    last_due: Option<Instant>,
    chain: Chain,
    ceiling: usize,
    /// Since when the receiver refuses bytes.
    stalled: Option<Instant>,
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
            held: 0,
            passed: 0,
            last_due: None,
            chain: Chain::default(),
            ceiling: PASSING,
            stalled: None,
            random: Random::new(random::derive(
                circumstances.seed,
                "link",
                direction.index() as u64,
            )),
        }
    }

    /// Puts the faults of `plan` in place of those before; the queue stays as it is, so what waits is dated anew.
    pub fn replan(&mut self, plan: &Plan, circumstances: &Circumstances, now: Instant) {
        self.count_stall(now);
        self.chain.replan(self.direction, plan, circumstances, now);
        self.ceiling = match self.chain.backlog() {
            _ if self.chain.is_empty() => PASSING,
            Some(backlog) => backlog.min(CEILING),
            None => CEILING,
        };
    }

    /// Queues bytes that arrived at `now`.
    pub fn push(&mut self, now: Instant, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.held += bytes.len();
            self.enqueue(now, Payload::Data { bytes, sent: 0 });
        }
    }

    /// Queues the end of the stream.
    pub fn push_eof(&mut self, now: Instant) {
        self.enqueue(now, Payload::Eof);
    }

    /// Queues the news that the sender's connection broke.
    pub fn push_reset(&mut self, now: Instant) {
        self.enqueue(now, Payload::Reset);
    }

    fn enqueue(&mut self, now: Instant, payload: Payload) {
        let draw = self.random.draw();
        self.queue.push_back(Segment {
            arrived: now,
            draw,
            payload,
        });
    }

    /// What to do next.
    pub fn poll(&mut self, now: Instant) -> Step {
        let Some(due) = self.head_due(now) else {
            return Step::Wait(None);
        };
        if due > now {
            return Step::Wait(Some(due));
        }
        match self.queue.front().map(|segment| &segment.payload) {
            Some(Payload::Data { .. }) => Step::Write,
            Some(Payload::Eof) => Step::Shutdown,
            Some(Payload::Reset) => Step::Reset,
            None => Step::Wait(None),
        }
    }

    /// Gives the bytes to write after `poll` said `Write`: the head's, as many as may leave at once, and where no stage
    /// counts what was sent before, those of the segments behind it that are due too.
    pub fn slices<'a>(&'a mut self, now: Instant, out: &mut Vec<IoSlice<'a>>) {
        let take = if self.chain.counts() {
            1
        } else {
            self.due_segments(now)
        };
        let Some(head) = self.queue.front() else {
            return;
        };
        let limit = self.chain.quantum(&head.head(self.passed), now);
        for segment in self.queue.iter().take(take) {
            let rest = segment.payload.rest();
            out.push(IoSlice::new(&rest[..rest.len().min(limit)]));
        }
    }

    /// `n` bytes of what `slices` gave were written at `now`. Tells `released` how long each segment of them was held.
    pub fn wrote(&mut self, mut n: usize, now: Instant, mut released: impl FnMut(Duration)) {
        while n > 0
            && let Some(segment) = self.queue.front()
        {
            let head = segment.head(self.passed);
            let part = n.min(head.len);
            self.chain.sent(&head, part, now);
            released(now.saturating_duration_since(head.arrived));
            self.passed += part as u64;
            self.held -= part;
            n -= part;
            if part == head.len {
                self.pop();
            } else if let Some(Segment {
                payload: Payload::Data { sent, .. },
                ..
            }) = self.queue.front_mut()
            {
                *sent += part;
            }
        }
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
        self.held = 0;
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

    /// Whether its owner may read more.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.held < self.ceiling && self.held + self.queue.len() * size_of::<Segment>() < CEILING
    }

    /// Whether faults hold all that may wait, so that the sender is not read.
    #[must_use]
    pub fn is_full(&self) -> bool {
        !self.chain.is_empty() && !self.wants_input()
    }

    /// How many bytes one read may add.
    #[must_use]
    pub fn room(&self) -> usize {
        (self.ceiling - self.held.min(self.ceiling)).max(LEAST_READ)
    }

    /// How many bytes wait.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }

    /// How many bytes have left.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed
    }

    fn pop(&mut self) {
        self.queue.pop_front();
        if self.queue.is_empty() {
            // A storm's queue is given back.
            self.queue = VecDeque::new();
        }
    }

    /// When the head may leave: each stage moves it later or holds it, and none leaves before the one ahead of it.
    fn head_due(&mut self, now: Instant) -> Option<Instant> {
        let head = self.queue.front()?.head(self.passed);
        let due = self.chain.due(&head, now)?;
        let due = self.last_due.map_or(due, |last| due.max(last));
        if due <= now {
            self.last_due = Some(due);
        }
        Some(due)
    }

    /// How many segments from the head on are due, at most as many as one write takes.
    fn due_segments(&mut self, now: Instant) -> usize {
        let mut due = 0;
        let mut offset = self.passed;
        for segment in self.queue.iter().take(SLICES) {
            let Payload::Data { .. } = segment.payload else {
                break;
            };
            let head = segment.head(offset);
            if self.chain.due(&head, now).is_none_or(|at| at > now) {
                break;
            }
            offset += head.len as u64;
            due += 1;
        }
        due
    }
}
