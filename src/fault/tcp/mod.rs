//! A virtual TCP sender: when each segment of a stream comes through a path that loses packets.
//!
//! A proxy cannot drop bytes: what a loss does to a TCP stream shows as the stall until the lost segment is repaired, and as
//! the rate that a congestion window allows. This is Linux's sender with Reno's window and SACK, for one direction. It draws
//! each segment's fate when the segment is given to it, and knows at once when it will have come through: it keeps what is
//! under way, not the segments.
//!
//! A lost segment is found missing (RFC 8985, RFC 6298; Linux: `tcp_rack_detect_loss`, `tcp_schedule_loss_probe`):
//!
//! | after | when |
//! |---|---|
//! | a round trip | three segments behind it came through, counted from the third |
//! | a round trip and a quarter | one or two did, counted from the first; without the quarter while others are repaired |
//! | a round trip | another lost segment was repaired after it was sent, counted from that repair |
//! | three round trips | several were under way and none came through: the tail loss probe's answer |
//! | a round trip and 200 ms | it was the last under way: probe or timeout, counted from the last acknowledgement |
//!
//! It refuses to guess: delayed acknowledgements, reordering and the receiver's window are not part of it. Acknowledgements
//! are lost too, which matters where no other follows: to the timer's estimate, and to the wait after a timeout. All times
//! are nanoseconds from an origin of the caller's choice; there is no clock and no I/O, and one seed gives one schedule.

mod odds;
mod pipe;
mod recovery;
mod timer;
mod window;

use self::odds::{Draw, LossChain, Odds};
use self::pipe::{Cut, Pipe};
use self::recovery::{Found, Recovery};
use self::timer::Timer;
use self::window::Window;

/// The shortest round trip, in nanoseconds: about what a kernel and its wake-ups take on loopback.
const LEAST_RTT: u64 = 200_000;
/// The longest, so that sums of times stay far from the end of `u64`: an hour.
const MOST_RTT: u64 = 3_600_000_000_000;

/// What the path does to the segments of one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Path {
    /// The share of the packets that are lost, 0 to 1, in either direction (data here, acknowledgements there).
    pub(super) loss: f64,
    /// How many segments in a row are lost on average; 1 makes losses independent.
    pub(super) burst: f64,
    /// The round trip, in nanoseconds; at least 200 µs are taken.
    pub(super) rtt: u64,
    /// No congestion window: the stalls alone, as a sender feels them whose rate does not follow losses (BBR).
    pub(super) stalls_only: bool,
}

/// A virtual TCP sender, of one direction of a connection.
#[derive(Debug)]
pub(super) struct Sender {
    chain: LossChain,
    rtt: u64,
    timer: Timer,
    /// None where only the stalls are asked for.
    pipe: Option<Pipe>,
    /// When everything that was sent is acknowledged.
    acknowledged: u64,
    /// Losses of segments sent before then have been answered by the window.
    answered: u64,
    /// When the last lost segment is acknowledged: until then the sender is in recovery.
    recovered: u64,
    repair: Option<Repair>,
    released: u64,
}

/// The last repair of a segment that was sent after the repair before it: others lost by then follow it.
#[derive(Clone, Copy, Debug)]
struct Repair {
    at: u64,
    followed: u32,
}

// === impl Sender ===

impl Sender {
    /// A sender of a new connection, whose losses follow from `seed`.
    #[must_use]
    pub(in crate::fault) fn new(seed: u64) -> Self {
        Self {
            chain: LossChain::new(seed),
            rtt: 0,
            timer: Timer::new(0),
            pipe: None,
            acknowledged: 0,
            answered: 0,
            recovered: 0,
            repair: None,
            released: 0,
        }
    }

    /// When the receiver may have the next segment (of up to 1,448 bytes), apart from the path's own delay: when it is sent,
    /// or where it is lost, when the copy is sent that arrives. It is no sooner than `available`, when the sender has its
    /// bytes, and no sooner than the segment before.
    ///
    /// `behind` is how many segments are known to wait behind it: they tell of its loss. Without loss the result is
    /// `available`, whatever was answered before, and the sender begins anew with the next loss: the caller's own line keeps
    /// the order. Segments are asked for in their order, once each. Takes constant time, apart from a look at up to 64
    /// segments for each one that is lost.
    pub(in crate::fault) fn release(&mut self, path: &Path, available: u64, behind: u32) -> u64 {
        // A share that is no number loses nothing.
        if path.loss.is_nan() || path.loss <= 0.0 {
            let chain = self.chain;
            *self = Self::new(0);
            self.chain = chain;
            return available;
        }
        self.retune(path, available);
        let odds = Odds::new(path.loss, path.burst);
        let timeout = self.timer.timeout();
        let at = match &mut self.pipe {
            Some(pipe) => pipe.send(available, timeout),
            None => available,
        };
        let draw = self.chain.draw(&odds);
        let through = if draw.lost {
            let recovery = self.recovery(at, draw, behind, &odds);
            self.recover(at, recovery, draw.acknowledgement_lost(&odds));
            recovery.at
        } else {
            self.come_through(at, draw, behind, &odds);
            at
        };
        self.released = self.released.max(through);
        self.released
    }

    /// Takes over another round trip: what is under way is acknowledged within it.
    fn retune(&mut self, path: &Path, now: u64) {
        if path.stalls_only {
            self.pipe = None;
        } else {
            self.pipe.get_or_insert_with(|| Pipe::new(now));
        }
        let rtt = path.rtt.clamp(LEAST_RTT, MOST_RTT);
        if rtt == self.rtt {
            return;
        }
        if rtt < self.rtt {
            let sent = self.pipe.as_ref().map_or(now, Pipe::last_sent);
            let latest = now.max(sent).saturating_add(rtt);
            if let Some(pipe) = &mut self.pipe {
                pipe.hasten(latest);
            }
            self.acknowledged = self.acknowledged.min(latest);
            self.recovered = self.recovered.min(latest);
        }
        self.rtt = rtt;
        self.timer = Timer::new(rtt);
    }

    /// The segment sent at `at` came through.
    fn come_through(&mut self, at: u64, draw: Draw, behind: u32, odds: &Odds) {
        let acknowledged = at + self.rtt;
        if let Some(pipe) = &mut self.pipe {
            pipe.fly(acknowledged, acknowledged > self.recovered);
        }
        self.acknowledged = self.acknowledged.max(acknowledged);
        // Later acknowledgements make up for one that is lost; the last one is known by a probe for nothing. The estimate
        // takes that for a round trip where the receiver's answer was written before the probe came (it echoes the older time
        // stamp, RFC 7323): its own timer runs out at about that time, so this is a toss.
        let lost = behind == 0 && draw.acknowledgement_lost(odds) && draw.coin();
        let late = if lost { self.timer.probe(true) } else { 0 };
        self.timer.sample(self.rtt + late);
    }

    /// The lost segment sent at `at` comes through that way.
    fn recover(&mut self, at: u64, recovery: Recovery, unheard: bool) {
        // After a timeout the copy is all that is under way: without its acknowledgement the next timeout comes.
        let late = if unheard && recovery.timeout.is_some() {
            recovery.patience
        } else {
            0
        };
        let acknowledged = recovery.at + late + self.rtt;
        if let Some(pipe) = &mut self.pipe {
            if recovery.found != Found::Timeout && at >= self.answered {
                pipe.cut(recovery.first, Cut::Half);
                self.answered = recovery.first;
            }
            if let Some(timeout) = recovery.timeout {
                let known = recovery.found != Found::Timeout;
                pipe.cut(timeout, Cut::One { known });
                self.answered = self.answered.max(recovery.at);
            }
            pipe.fly(acknowledged, recovery.timeout.is_some());
        }
        match &mut self.repair {
            Some(repair) if at < repair.at => repair.followed += 1,
            repair => {
                *repair = Some(Repair {
                    at: recovery.at,
                    followed: 0,
                });
            }
        }
        self.acknowledged = self.acknowledged.max(acknowledged);
        self.recovered = self.recovered.max(acknowledged);
    }
}

#[cfg(test)]
mod tests;
