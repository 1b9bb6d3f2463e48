//! The poll loop of one connection: both directions, in one task.
//!
//! ```text
//!  client ──poll_read──► link up ──poll_write──► upstream
//!  client ◄─poll_write── link down ◄─poll_read── upstream
//! ```
//!
//! A direction that cannot go on has registered what it waits for: readability, writability, an error of a socket that is
//! not being read, or a due time, which `next_due` reports for the owner's alarm. A lost wake-up is the easiest bug to
//! write here, so the loop is generic over the few things that it asks of a socket and is told the time: the
//! simulation in `tests/engine_simulation.rs` implements both and looks for one.
//!
//! The loop never splits a socket, because half of one cannot be reset.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::flow::{Flow, Moved, Refusal, RoundClock, Sink, Source};
use crate::fault::link::{Circumstances, Severed};
use crate::fault::{Cut, Direction, InForce, PerDirection};
pub use crate::proxy::leg::Socket;
use crate::proxy::leg::error::broken;
pub use crate::proxy::meter::gauge::Gauge;
use crate::snapshot::{CloseReason, Leave, LegName};

/// After so many rounds without waiting, other connections of the worker get their turn. Each asks a socket four things at
/// most, so that tokio's own budget of 128 is never what ends a turn.
const ROUNDS: usize = 24;

/// After so many bytes without waiting, other connections of the worker get their turn: a full read, a fraction of a
/// millisecond.
const TURN: usize = 512 << 10;

/// How long a peer waits at most, beside what faults delay each byte by, until it hears that the other one has gone: then it
/// is reset, whatever else waits for it. With what a busy machine adds, that is within a second.
const HEARD: Duration = Duration::from_millis(900);

/// One connection's two sockets with the links between them.
pub struct Pump<S> {
    client: S,
    upstream: S,
    flows: PerDirection<Flow>,
    circumstances: Circumstances,
    first_done: Option<Direction>,
    broken: Option<CloseReason>,
    /// What is in force and next changes by itself, and when it does.
    turns: Option<(Arc<InForce>, Instant)>,
    /// When a fault may end the connection.
    fate: Option<Instant>,
    /// When both peers are reset at the latest, since one of them has gone.
    doomed: Option<Instant>,
}

/// How a connection is to be taken down, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// Why it is taken down, as its row and its event say it.
    pub reason: CloseReason,
    /// What its two peers get to see.
    pub how: TakeDown,
}

/// What is left to do to a connection's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeDown {
    /// Nothing: both streams have ended in order.
    Done,
    /// Both peers are to be reset.
    Reset,
    /// Both streams are to be ended in order; what waits is dropped.
    Close,
    /// Both streams are to be ended in order as far as that goes at once; nothing waits.
    Leave,
}

// === impl Pump ===

impl<S: Socket> Pump<S> {
    /// The loop between a client and its upstream, in this order, without faults until `replan`. It holds what the budget
    /// leaves to it, which it shares with other connections.
    pub fn new(
        [client, upstream]: [S; 2],
        circumstances: Circumstances,
        budget: &Arc<Budget>,
    ) -> Self {
        let flow = |direction| Flow::new(direction, &circumstances, budget);
        Self {
            client,
            upstream,
            flows: PerDirection::from_fn(flow),
            circumstances,
            first_done: None,
            broken: None,
            turns: None,
            fate: None,
            doomed: None,
        }
    }

    /// Takes over new settings: what waits is dated anew on the next `poll`.
    pub fn replan(&mut self, in_force: &Arc<InForce>, now: Instant) {
        for direction in Direction::BOTH {
            let link = &mut self.flows[direction].link;
            link.replan(in_force, &self.circumstances, now);
        }
        let turn = in_force.next_turn(now);
        self.turns = turn.map(|turn| (Arc::clone(in_force), turn));
    }

    /// Queues bytes that were read before the loop began.
    pub fn push(&mut self, direction: Direction, bytes: &[u8], now: Instant) {
        self.flows[direction].link.push(now, bytes);
    }

    /// When the loop must be polled again although no socket wakes it; valid after `poll` returned `Pending`.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let turn = self.turns.as_ref().map(|(_, turn)| *turn);
        let dues = self.flows.iter().map(|flow| flow.due);
        dues.chain([turn, self.fate, self.doomed]).flatten().min()
    }

    /// Whether nothing waits in either direction, so that a change of settings has nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.flows.iter().all(Flow::is_idle)
    }

    /// What decides which settings hit the connection.
    #[must_use]
    pub fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// The two legs, client first.
    #[must_use]
    pub fn into_legs(self) -> [S; 2] {
        [self.client, self.upstream]
    }

    /// Moves bytes until nothing can move, and waits for what would change that. `buffer` is scratch space; `clock` is
    /// asked at most once a round, and after each read: a time before it would let bytes leave before they have waited.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        clock: impl Fn() -> Instant,
        gauge: &mut impl Gauge,
    ) -> Poll<End> {
        let polled = self.go_round(cx, buffer, &mut RoundClock::new(clock), gauge);
        for direction in Direction::BOTH {
            self.flows[direction].tell(gauge);
        }
        polled
    }

    /// Moves bytes until nothing can move, or others are to have their turn.
    fn go_round(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        clock: &mut RoundClock<impl Fn() -> Instant>,
        gauge: &mut impl Gauge,
    ) -> Poll<End> {
        let mut turn = 0;
        for _ in 0..ROUNDS {
            clock.forget();
            if let Some(end) = self.severed(clock) {
                return Poll::Ready(end);
            }
            let mut moved = false;
            for direction in Direction::BOTH {
                let (client, upstream) = (&mut self.client, &mut self.upstream);
                let (source, sink) = match direction {
                    Direction::Up => (client, upstream),
                    Direction::Down => (upstream, client),
                };
                let flow = &mut self.flows[direction];
                let step = match flow.write_out(sink, cx, clock, gauge) {
                    Moved::Nothing => flow.read_in(source, sink, cx, buffer, clock, gauge),
                    other => other,
                };
                match step {
                    Moved::Nothing => continue,
                    Moved::Something(bytes) => {
                        turn += bytes;
                        self.note_end(direction);
                        self.went_on(direction, clock);
                    }
                    Moved::Reset => return Poll::Ready(self.reset()),
                    Moved::SourceBroke(error) => {
                        self.source_broke(direction, &error, clock.look(), gauge);
                    }
                    Moved::SourceRefuses(error) => {
                        self.sink_broke(direction.opposite(), &error, clock.look(), gauge);
                    }
                    Moved::SinkBroke(error) => {
                        self.sink_broke(direction, &error, clock.look(), gauge);
                    }
                }
                moved = true;
            }
            if let Some(end) = self.finished() {
                return Poll::Ready(end);
            }
            if !moved {
                return Poll::Pending;
            }
            if turn >= TURN {
                break;
            }
        }
        // The budget is spent, and there is more: the others of this worker come first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Takes the plan's own turns that have come.
    fn take_turn(&mut self, clock: &mut RoundClock<impl Fn() -> Instant>) {
        if let Some((in_force, turn)) = self.turns.take() {
            let now = clock.now();
            if turn <= now {
                self.replan(&in_force, now);
            } else {
                self.turns = Some((in_force, turn));
            }
        }
    }

    /// Takes the plan's own turns, and says whether a fault ends the connection now.
    fn severed(&mut self, clock: &mut RoundClock<impl Fn() -> Instant>) -> Option<End> {
        self.take_turn(clock);
        if self.doomed.is_some_and(|at| at <= clock.now()) {
            return Some(self.reset());
        }
        self.fate = None;
        for direction in Direction::BOTH {
            let link = &mut self.flows[direction].link;
            if !link.may_end() {
                continue;
            }
            match link.fate(clock.now()) {
                Ok(fate) => self.fate = self.fate.into_iter().chain(fate).min(),
                Err(Severed { kind, cut }) => {
                    return Some(End {
                        reason: CloseReason::Fault(kind.name),
                        how: match cut {
                            Cut::Reset => TakeDown::Reset,
                            Cut::Close => TakeDown::Close,
                        },
                    });
                }
            }
        }
        None
    }

    /// The source of `direction` is broken: nothing more goes to it, and behind what it sent, its peer is reset.
    fn source_broke(
        &mut self,
        direction: Direction,
        error: &io::Error,
        now: Instant,
        gauge: &mut impl Gauge,
    ) {
        gauge.left(direction, Leave::Rst, now);
        self.blame(source_of(direction), error);
        self.doom(direction, now);
        let back = &mut self.flows[direction.opposite()];
        back.sink = Sink::Broken;
        back.discard();
        let flow = &mut self.flows[direction];
        flow.source = Source::Broken;
        if flow.sink != Sink::Broken {
            flow.link.push_reset(now);
        }
    }

    /// The sink of `direction` refuses everything. What it sent before is still read and passed on, with a reset behind it.
    /// An error is told once: reading then ends as if the stream had, which is true only where the peer had closed.
    fn sink_broke(
        &mut self,
        direction: Direction,
        error: &io::Error,
        now: Instant,
        gauge: &mut impl Gauge,
    ) {
        gauge.left(direction.opposite(), Leave::Rst, now);
        self.blame(source_of(direction.opposite()), error);
        self.doom(direction.opposite(), now);
        let flow = &mut self.flows[direction];
        flow.sink = Sink::Broken;
        flow.discard();
        let back = &mut self.flows[direction.opposite()];
        if back.source == Source::Ended && back.sink != Sink::Broken {
            back.source = Source::Broken;
            back.link.push_reset(now);
        }
        back.refused = Some(match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => Refusal::Closed,
            _ => Refusal::Broke,
        });
    }

    /// A peer has gone. What it sent is still passed on in `direction`, for a bounded time: whatever stops it there, a fault
    /// or a receiver that takes nothing, the other peer is to hear of it.
    fn doom(&mut self, direction: Direction, now: Instant) {
        if self.doomed.is_none() {
            let delay = self.flows[direction].link.delay();
            self.doomed = now.checked_add(HEARD.saturating_add(delay));
        }
    }

    /// Bytes go on in `direction`. Where they came from has ended its stream in order, and refuses only what is sent to it:
    /// its last words have as long as they take, as long as they are taken.
    fn went_on(&mut self, direction: Direction, clock: &mut RoundClock<impl Fn() -> Instant>) {
        let flow = &self.flows[direction];
        if self.doomed.is_some() && flow.refused == Some(Refusal::Closed) {
            self.doomed = None;
            self.doom(direction, clock.now());
        }
    }

    /// Notes why the connection will have ended. A leg that was sent its peer's end, and breaks off without another word or
    /// behind its own end, has cut off nothing: many servers hang up on a finished client so. In the middle of an answer,
    /// or with an error of TLS, it has.
    fn blame(&mut self, leg: LegName, error: &io::Error) {
        let (towards, done) = match leg {
            LegName::Client => (Direction::Down, CloseReason::UpstreamDone),
            LegName::Upstream => (Direction::Up, CloseReason::ClientDone),
        };
        let own = &self.flows[towards.opposite()];
        let ended = own.source == Source::Ended || error.kind() == io::ErrorKind::BrokenPipe;
        let finished = self.flows[towards].sink == Sink::Ended && (ended || !own.answers);
        let reason = match broken(leg, error) {
            CloseReason::Io { .. } if finished => done,
            reason => reason,
        };
        self.broken.get_or_insert(reason);
    }

    /// Where a direction has ended, notes which was first, and that its receiver has heard it.
    fn note_end(&mut self, direction: Direction) {
        if self.flows[direction].sink == Sink::Ended {
            self.first_done.get_or_insert(direction);
            self.flows[direction.opposite()].heard_end = true;
        }
    }

    /// How the connection ends, once both directions have.
    fn finished(&mut self) -> Option<End> {
        let both = |sink| self.flows.iter().all(|flow| flow.sink == sink);
        if both(Sink::Broken) {
            return Some(self.reset());
        }
        both(Sink::Ended).then_some(End {
            reason: match self.first_done {
                Some(Direction::Down) => CloseReason::UpstreamDone,
                _ => CloseReason::ClientDone,
            },
            how: TakeDown::Done,
        })
    }

    fn reset(&mut self) -> End {
        End {
            reason: self.broken.take().unwrap_or(CloseReason::Stopped),
            how: TakeDown::Reset,
        }
    }
}

fn source_of(direction: Direction) -> LegName {
    match direction {
        Direction::Up => LegName::Client,
        Direction::Down => LegName::Upstream,
    }
}
