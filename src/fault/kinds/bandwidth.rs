//! Bandwidth: each direction is paced to a rate, without bursts.
//!
//! The link is taken until a virtual time, the pace. A piece of `n` bytes takes it for `n / rate`, from the pace or from
//! when the piece came to the link, whichever is later, and leaves at the end of that time: never ahead of the rate. A wake-up
//! that comes late lets the bytes of the time that it missed leave too, so the error does not add up; time in which the
//! receiver refused bytes earns nothing.
//!
//! With `scope=proxy` the pace is one for all connections of the proxy: each takes a piece's time in turn, and what all of them
//! hold together is what its queue takes (`fault::room`). With `fair=on` each has a queue of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fault::knob::{Metric, stops_rate};
use crate::fault::motion;
use crate::fault::pace::Pace;
use crate::fault::param::{self, Amount, Param, words};
use crate::fault::shared::{Shared, SharedLinks};
use crate::fault::stage::made;
use crate::fault::tcp::{HEADERS, Parts, Rate};
use crate::fault::{Fault, Head, Kind, Knob, Setting, Stage, Terms};
use crate::units::ByteRate;

words! {
    /// Who shares a link.
    enum Scope {
        Proxy = "proxy",
        Connection = "connection",
        Desk = "desk",
    }
}

words! {
    /// What a rate counts.
    enum Framing {
        None = "none",
        Ip = "ip",
    }
}

const RATE: Param<ByteRate> =
    param::rate("rate", "the rate of each direction; 0 lets nothing pass")
        .bare()
        .within(ByteRate::new(0), ByteRate::new(100_000_000_000));
const SCOPE: Param<Scope> = Scope::param(
    "scope",
    "a link for all connections of the proxy, for each one, or for all of the desk that say so",
);
const QUEUE: Param<Option<Amount>> = param::amount(
    "queue",
    "how much may wait for the link (bufferbloat); absent: the delay and 200 ms more",
)
.optional();
const FAIR: Param<bool> = param::switch(
    "fair",
    "connections take turns on a link that they share; else first come, first served",
)
.or(false);
const FRAMING: Param<Framing> = Framing::param(
    "framing",
    "what the rate counts: the stream's bytes, or with each 1,448 of them 52 of headers",
);

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "bandwidth",
    short: Some("bw"),
    summary: "paces each direction to the rate, without bursts",
    params: &[
        RATE.spec,
        SCOPE.spec,
        QUEUE.spec,
        FAIR.spec,
        FRAMING.spec,
        motion::WAVE.spec,
        motion::PERIOD.spec,
        motion::DEPTH_RATE.spec,
        motion::RAMP.spec,
        motion::TRACE_RATE.spec,
        motion::LOOP.spec,
    ],
    knobs: &[Knob::TIME
        .named("BW", "RATE CAP")
        .chosen_by('b')
        .turning("rate")
        .stopping_at(stops_rate([
            10_000_000, 2_000_000, 1_000_000, 512_000, 256_000, 64_000, 16_000, 4_000, 1_000,
        ]))
        .beside(Metric::Rate)],
    example: "bandwidth 1Mbit/s",
    build: |terms| made(Bandwidth::of(terms)),
    line: Some(limits_line),
    passes: Some(|setting, _| {
        let traced = motion::most_traced(setting).map(motion::rate);
        traced.or(Some(setting.get(RATE)))
    }),
    shares: Some(is_for_all),
    ..Kind::at(Stage::Rate)
};

/// How much of the time a piece takes at most, so that the rate is even.
const PIECE_TIME: Duration = Duration::from_millis(1);
/// A slow link sends in pieces of one packet, or of what it passes in this time.
const SLOW_PIECE_TIME: Duration = Duration::from_millis(5);
/// What fits a packet of 1,500 bytes.
const PACKET: u64 = 1448;
/// How much waits beyond the delays where no queue is set.
const DEFAULT_QUEUE: Duration = Duration::from_millis(200);
/// A turn on a shared link takes no longer, whatever its queue holds.
const LONGEST_TURN: Duration = Duration::from_secs(10);
/// What may wait at any rate.
const LEAST_BACKLOG: u64 = 4 << 10;

/// Whether the rate is one for several connections.
fn is_for_all(setting: &Setting) -> bool {
    setting.get(SCOPE) != Scope::Connection
}

/// The links that a setting has connections share.
fn links<'a>(terms: &Terms<'a>, here: &Setting) -> Option<&'a Arc<SharedLinks>> {
    match here.get(SCOPE) {
        Scope::Proxy => terms.shared,
        Scope::Connection => None,
        Scope::Desk => terms.desk,
    }
}

/// What the line passes of a direction's packets in a time.
fn limits_line(terms: &Terms<'_>, parts: &mut Parts) {
    if let Some(here) = terms.here {
        parts.rates.push(Rate {
            pace: Pace::new(here.get(RATE), terms.motion, terms.now),
            queue: here.get(QUEUE),
            fair: here.get(FAIR),
            framing: match here.get(FRAMING) {
                Framing::None => 0,
                Framing::Ip => HEADERS,
            },
            shared: links(terms, here).map(Arc::clone),
        });
    }
}

/// The stage of one direction.
struct Bandwidth {
    rate: Pace,
    /// The greatest rate from now on.
    most: ByteRate,
    queue: Amount,
    /// Until when the link is taken by what this connection has sent.
    pace: Instant,
    /// When the head comes to the link that `due` was last asked for: no sooner than `pace`.
    came: Instant,
    shared: Option<Shared>,
    /// Whether a turn on a shared link is one piece, and not all that waits.
    fair: bool,
}

// === impl Bandwidth ===

impl Bandwidth {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let here = terms.here?;
        let queue = here.get(QUEUE).unwrap_or(Amount::Time(DEFAULT_QUEUE));
        let rate = Pace::new(here.get(RATE), terms.motion, terms.now);
        Some(Self {
            rate,
            most: rate.most(terms.now),
            queue,
            pace: terms.now,
            came: terms.now,
            shared: links(terms, here).map(|links| Shared::new(links, terms.direction)),
            fair: here.get(FAIR),
        })
    }

    /// Whether `fresh`, made from other terms, would pace as this stage does.
    fn is_as(&self, fresh: &Self) -> bool {
        self.link() == fresh.link() && self.rate == fresh.rate && self.queue == fresh.queue
    }

    /// How many bytes wait at most for the link, and on their way to it for so long.
    fn most_held(&self, delay: Duration) -> u64 {
        let rate = self.most;
        let bytes = match self.queue {
            Amount::Time(time) => rate.bytes_in(delay.saturating_add(time)),
            Amount::Size(size) => rate.bytes_in(delay).saturating_add(size.bytes()),
        };
        bytes.saturating_add(LEAST_BACKLOG)
    }

    /// The link of its proxy, where it is on that.
    fn link(&self) -> Option<*const SharedLinks> {
        self.shared.as_ref().map(Shared::link)
    }

    /// How many bytes of the head one piece takes.
    fn piece(&self, head: &Head) -> u64 {
        self.full_piece().min(head.len as u64)
    }

    /// How many bytes one piece takes that comes to the link when the head does.
    fn full_piece(&self) -> u64 {
        let packet = PACKET.min(self.passed_within(SLOW_PIECE_TIME));
        self.passed_within(PIECE_TIME).max(packet).max(1)
    }

    /// How many bytes one turn on a shared link takes at most. A fair one is as long for many small pieces as for a large
    /// one, so that all have the same; else what waits goes before what comes later, as far as a queue holds it.
    fn full_turn(&self) -> u64 {
        let piece = self.full_piece();
        let most = match self.queue {
            _ if self.fair => piece,
            Amount::Time(time) => self.passed_within(time),
            Amount::Size(size) => size.bytes(),
        };
        most.clamp(piece, self.passed_within(LONGEST_TURN).max(piece))
    }

    /// How many bytes the link passes in this time from when the head comes to it.
    fn passed_within(&self, time: Duration) -> u64 {
        let end = self.came.checked_add(time).unwrap_or(self.came);
        self.rate.passed(self.came, end)
    }

    /// How long the link has been passing the piece under way, if one is.
    fn under_way(&self, now: Instant) -> Duration {
        let turn = self.shared.as_ref().and_then(|shared| shared.turn);
        let (since, bytes) = turn.unwrap_or((self.came, self.full_piece()));
        now.saturating_duration_since(since)
            .min(self.rate.at(since).time_for(bytes))
    }
}

impl Fault for Bandwidth {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(mut fresh) = Self::of(terms) else {
            return false;
        };
        if self.is_as(&fresh) {
            // What other settings bring to the link sooner is paced from now.
            self.pace = self.came.min(terms.now);
            self.came = self.pace;
            return true;
        }
        let [was, is] = [&*self, &fresh].map(|stage| stage.rate.at(terms.now));
        if is.bytes_per_second() > 0 {
            // What the link had passed of a piece stays passed: holding a key starves nothing.
            let ratio = was.bytes_per_second() as f64 / is.bytes_per_second() as f64;
            let passed = self.under_way(terms.now).as_secs_f64() * ratio;
            let most = is.time_for(fresh.full_piece()).as_secs_f64();
            let ahead = motion::seconds(passed.min(most)).unwrap_or_default();
            fresh.pace = terms.now.checked_sub(ahead).unwrap_or(terms.now);
            fresh.came = fresh.pace;
        }
        if fresh.rate == self.rate
            && fresh.link() == self.link()
            && let (Some(new), Some(old)) = (&mut fresh.shared, &self.shared)
        {
            new.turn = old.turn;
        }
        *self = fresh;
        true
    }

    fn due(&mut self, head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        self.came = due.max(self.pace);
        if head.len == 0 {
            return Some(due);
        }
        if self.most.bytes_per_second() == 0 {
            return None;
        }
        let came = self.came;
        let (piece, turn) = (self.piece(head), self.full_turn());
        match &mut self.shared {
            Some(shared) if came <= now || shared.turn.is_some() => {
                let whole = turn.min((head.len + head.behind) as u64);
                // Where the rate comes to nothing before that, a piece may still pass.
                let passes = |bytes| Some((bytes, self.rate.passes(came, bytes)?));
                let (whole, ends) = passes(whole).or_else(|| passes(piece))?;
                let takes = ends.saturating_duration_since(came);
                let (begins, bytes) = shared.turn(came, whole, takes)?;
                // A turn may have been taken before a change of settings sent the head back.
                self.rate.passes(begins.max(came), bytes.min(piece))
            }
            _ => self.rate.passes(came, piece),
        }
    }

    fn quantum(&self, head: &Head, now: Instant) -> usize {
        let piece = self.piece(head);
        let since = |at| self.rate.passed(at, now).max(piece);
        let bytes = match &self.shared {
            None => since(self.came),
            Some(shared) => (shared.turn).map_or(piece, |(begins, bytes)| {
                since(begins.max(self.came)).min(bytes)
            }),
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    fn sent(&mut self, _head: &Head, n: usize, _now: Instant) {
        let n = n as u64;
        let mut begins = self.came;
        if let Some(Shared { turn, .. }) = &mut self.shared {
            let (began, bytes) = turn.unwrap_or((begins, 0));
            begins = began.max(begins);
            let end = self.rate.passes(begins, n).unwrap_or(begins);
            *turn = (n < bytes).then(|| (end, bytes - n));
        }
        self.pace = self.rate.passes(begins, n).unwrap_or(begins);
        self.came = self.pace;
    }

    fn stalled(&mut self, time: Duration) {
        let later = |at: Instant| at.checked_add(time).unwrap_or(at);
        self.pace = later(self.came);
        self.came = self.pace;
        if let Some(Shared {
            turn: Some((begins, _)),
            ..
        }) = &mut self.shared
        {
            *begins = later(*begins);
        }
    }

    fn backlog(&self, delay: Duration) -> Option<usize> {
        usize::try_from(self.most_held(delay)).ok()
    }

    fn queue(&self, delay: Duration) -> Option<(&Arc<SharedLinks>, u64)> {
        let shared = self.shared.as_ref().filter(|_| !self.fair)?;
        Some((&shared.links, self.most_held(delay)))
    }
}
