//! A fault in one direction of one connection: a stage of the chain, which says when the bytes at a queue's front may leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::motion::Motion;
use super::{Direction, Setting, random, shared};

/// Where on its way through a link a byte meets a fault, in order: from the sender to the gate. A stage of the chain, the
/// fault itself, is a `Fault`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nowhere: the fault acts on a new connection before its first byte, and makes no `Fault`.
    Opening,
    /// The sender that loses packets.
    Sender,
    /// The path that takes its time.
    Path,
    /// The link with its rate.
    Rate,
    /// Where what the link has passed is cut up, changed, or ended late.
    Delivery,
    /// Where bytes are held whatever their pace.
    Gate,
}

/// What decides which settings hit a connection, and when its pacing began.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The connection's seed: what hits it, and both its links' generators, are derived from it.
    pub seed: u64,
    /// When it was opened.
    pub opened: Instant,
    /// What a round trip to its upstream takes without faults.
    pub path: Duration,
    /// How many round trips pass before its first byte, over a line that takes time: TCP's own handshake, and those of the
    /// protocols that the desk speaks for it.
    pub handshakes: u32,
}

/// What a stage is made from, and made over from when the settings change.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The direction of the link.
    pub direction: Direction,
    /// The setting in this direction, with this direction's values.
    pub here: Option<&'a Setting>,
    /// The setting in the other direction, with that direction's values.
    pub back: Option<&'a Setting>,
    /// What the connections of the proxy share, where the plan asks for it.
    pub shared: Option<&'a Arc<shared::SharedLinks>>,
    /// What the connections of all proxies of the desk share that ask for it.
    pub desk: Option<&'a Arc<shared::SharedLinks>>,
    /// When these terms began to hold: pacing counts from here.
    pub now: Instant,
    /// When the setting was set, or began to act by its schedule: the same for all connections.
    pub since: Instant,
    /// How the setting's first parameter moves in this direction, where it has a number.
    pub motion: Option<Motion>,
    /// How that of the setting in the other direction does.
    pub back_motion: Option<Motion>,
    /// When the connection was opened.
    pub opened: Instant,
    /// How many round trips its handshakes take.
    pub handshakes: u32,
    /// How many bytes of the direction had left by now.
    pub passed: u64,
    /// What a round trip takes, with the latency that is set.
    pub round_trip: Duration,
    /// The seed of the random numbers that the stage draws.
    pub seed: u64,
}

/// The head of a queue, as a stage sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// When its first byte arrived.
    pub arrived: Instant,
    /// Its random number, drawn when it arrived.
    pub draw: u64,
    /// How many bytes of the stream came before what is left of it.
    pub offset: u64,
    /// How many of its bytes are left; 0 is the end of the stream.
    pub len: usize,
    /// How many bytes wait behind it.
    pub behind: usize,
}

/// What a stage has in mind for the whole connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lives on, at least until the time that is given, if one is.
    Lives(Option<Instant>),
    /// It ends now, in this way.
    Ends(Cut),
}

/// How a fault ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Reset to both peers.
    Reset,
    /// The end of the stream to both peers.
    Close,
}

// === impl Circumstances ===

impl Circumstances {
    /// Whether a setting hits the connection. One number for a kind, a name and a connection: it survives every change of
    /// settings, and a greater share hits all that a smaller one hit.
    #[must_use]
    pub fn hits(&self, setting: &Setting) -> bool {
        random::unit(setting.seed(self.seed, 0)) < setting.share.fraction()
    }

    /// The connection's own random number for what a setting asks of its opening.
    #[must_use]
    pub fn draw(&self, setting: &Setting) -> u64 {
        setting.seed(self.seed, 1)
    }

    /// The seed of one direction.
    pub(super) fn seed_of(&self, direction: Direction) -> u64 {
        random::derive(self.seed, "link", direction as u64)
    }
}

/// A stage as the chain holds it.
pub(super) fn made<F: Fault + 'static>(fault: Option<F>) -> Option<Box<dyn Fault>> {
    fault.map(|fault| Box::new(fault) as Box<dyn Fault>)
}

/// One fault in one direction of one connection: a stage of the chain that dates the queue's head.
pub trait Fault: Send {
    /// Takes new terms over; what it counts (a pace, a correlation) goes on from `terms.now`. False where the stage
    /// must be made anew, as one that counts nothing always may.
    fn retune(&mut self, _terms: &Terms<'_>) -> bool {
        false
    }

    /// When the head may leave: `due` (as where nothing is said) or later, or `None` while it is held. Asking twice changes
    /// nothing: a stage may keep what it has found out of the head it was asked for last, and counts nothing before `sent`.
    /// Each of the calls below that is about a head follows one of this.
    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(due)
    }

    /// At most how many of the head's bytes may leave in one write at `now`.
    fn quantum(&self, _head: &Head, _now: Instant) -> usize {
        usize::MAX
    }

    /// `n` bytes of the head left at `now`; `n` is all of it where `n == head.len`.
    fn sent(&mut self, _head: &Head, _n: usize, _now: Instant) {}

    /// What is to become of the connection, of whose bytes in this direction `passed` have left by `now`. Asked only where
    /// its kind `ends` connections.
    fn fate(&mut self, _passed: u64, _now: Instant) -> Fate {
        Fate::Lives(None)
    }

    /// Changes bytes that are about to leave, the first of them at `offset` in the stream, and says how many it has changed.
    /// Each byte comes here once. To be relied on only where its kind `alters` bytes.
    fn alter(&self, _offset: u64, _bytes: &mut [u8]) -> u64 {
        0
    }

    /// The receiver refused bytes for `time`, which has just passed: time in which nothing could leave earns no credit.
    fn stalled(&mut self, _time: Duration) {}

    /// For how long at most this stage holds each byte whatever the rate; makes room in another stage's backlog.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// At most how many bytes should wait, so that the sender feels a rate and not our buffer; `delay` is for how long
    /// the stages hold each byte.
    fn backlog(&self, _delay: Duration) -> Option<usize> {
        None
    }

    /// The link whose queue all connections fill together that share it, and how many bytes that takes; `delay` is as above.
    fn queue(&self, _delay: Duration) -> Option<(&Arc<shared::SharedLinks>, u64)> {
        None
    }

    /// Whether `due` of one segment depends on what was sent before it. Segments of independent stages leave in one
    /// vectored write.
    fn counts(&self) -> bool {
        true
    }
}
