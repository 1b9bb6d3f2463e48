//! Loss: what TCP makes of packet loss on the way.
//!
//! A proxy cannot drop bytes: they would be missing for good. What an application feels of loss is what its TCP makes of it:
//! stalls until lost segments are sent again, and the lower rate of a congestion window that shrinks. So each direction has
//! a virtual TCP sender (`tcp`): Linux's, with Reno's window, over a path that loses this share of the packets either
//! way. Bytes leave when it would have brought them there, all of them and in order.
//!
//! Unlike on a path that really loses packets, the congestion control is always Reno's (with `stalls=on` there is none, as
//! BBR hardly heeds losses), the sender's own kernel does not see the losses, and its SYN and FIN are not lost (with
//! `syn=on` a new connection waits as for lost SYNs).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::fault::knob::stops_ppm;
use crate::fault::param::{self, Param};
use crate::fault::random::{Random, mix, unit};
use crate::fault::stage::made;
use crate::fault::tcp::{Path, Sender};
use crate::fault::{Demands, Fault, Head, Kind, Knob, Setting, Stage, Terms};
use crate::units::Percent;

const PACKETS: Param<Percent> =
    param::percent("packets", "the share of packets that are lost").bare();
const BURST: Param<f64> = param::number("burst", "how many packets in a row are lost, on average")
    .within(1.0, 1_000.0)
    .or(1.0);
const RTT: Param<Option<Duration>> = param::time(
    "rtt",
    "the sender's round trip; absent: the latency set, and the path's own",
)
.within(Duration::from_micros(200), Duration::from_secs(60))
.optional();
const STALLS: Param<bool> = param::switch(
    "stalls",
    "stalls only, no congestion window: what BBR-like senders feel",
)
.or(false);
const SYN: Param<bool> = param::switch(
    "syn",
    "a new connection may wait 1, 3 or 7 s, as for lost SYNs",
)
.or(false);

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "loss",
    summary: "what TCP makes of packet loss: stalls and a lower rate, in order and complete (a virtual Reno sender)",
    params: &[PACKETS.spec, BURST.spec, RTT.spec, STALLS.spec, SYN.spec],
    knobs: &[Knob::TIME
        .named("LOS", "LOSS")
        .turning("packets")
        .stopping_at(stops_ppm([
            500, 1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
        ]))],
    example: "loss 1%",
    build: |terms| made(Loss::of(terms)),
    open: Some(lose_syns),
    ..Kind::at(Stage::Sender)
};

/// What one segment carries, with time stamps, in packets of 1,500 bytes.
const SEGMENT: usize = 1448;

/// What waits for the sender before its writer is not read any more: some round trips' worth at the rates of lossy paths.
const BACKLOG: usize = 1 << 20;

/// How many SYNs are sent again, after 1, 2 and 4 s (Linux, `tcp_syn_retries`, begins so; later ones are left out).
const SYNS: u32 = 3;

/// The stage of one direction.
struct Loss {
    path: Path,
    sender: Sender,
    /// The origin of the sender's times: when the connection was opened.
    origin: Instant,
    /// Segments that were given to the sender and have not left: where each ends in the stream, and when it is through;
    /// `None` where that is beyond what can be counted.
    under_way: VecDeque<(u64, Option<Instant>)>,
}

// === impl Loss ===

impl Loss {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        let here = terms.here?;
        let loss = here.get(PACKETS).fraction();
        let rtt = here.get(RTT).unwrap_or(terms.round_trip);
        (loss > 0.0).then(|| Self {
            path: Path {
                loss,
                burst: here.get(BURST),
                rtt: nanos(rtt),
                stalls_only: here.get(STALLS),
            },
            sender: Sender::new(terms.seed ^ mix(terms.passed)),
            origin: terms.opened,
            under_way: VecDeque::new(),
        })
    }

    /// Gives the sender the head's next segment, which begins at `from`.
    fn send(&mut self, head: &Head, from: u64, due: Instant) {
        let left = head.offset + head.len as u64 - from;
        let len = left.min(SEGMENT as u64);
        let behind = (left - len) + head.behind as u64;
        let behind = u32::try_from(behind.div_ceil(SEGMENT as u64)).unwrap_or(u32::MAX);
        let available = nanos(due.saturating_duration_since(self.origin));
        let through = self.sender.release(&self.path, available, behind);
        let through = self.origin.checked_add(Duration::from_nanos(through));
        self.under_way.push_back((from + len, through));
    }
}

impl Fault for Loss {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        let Some(Self { path: fresh, .. }) = Self::of(terms) else {
            return false;
        };
        // What is under way has drawn its fate. A path that is worse from now on leaves it that; where the new one would
        // hold anything for less, another sender begins with what waits.
        let goes_on = fresh.loss >= self.path.loss
            && fresh.rtt >= self.path.rtt
            && fresh.burst.total_cmp(&self.path.burst).is_eq()
            && fresh.stalls_only == self.path.stalls_only;
        if goes_on {
            self.path = fresh;
        }
        goes_on
    }

    fn due(&mut self, head: &Head, due: Instant, now: Instant) -> Option<Instant> {
        if head.len == 0 {
            return Some(due);
        }
        while self
            .under_way
            .front()
            .is_some_and(|(end, _)| *end <= head.offset)
        {
            self.under_way.pop_front();
        }
        let end = head.offset + head.len as u64;
        let mut last = self.under_way.back().copied();
        let is_through = |through: Option<Instant>| through.is_some_and(|through| through <= now);
        while last.is_none_or(|(sent, through)| sent < end && is_through(through)) {
            let from = last.map_or(head.offset, |(sent, _)| sent);
            self.send(head, from, due);
            last = self.under_way.back().copied();
        }
        let (_, through) = self.under_way.front()?;
        through.map(|through| due.max(through))
    }

    fn quantum(&self, head: &Head, now: Instant) -> usize {
        let through = self.under_way.iter();
        let through = through
            .take_while(|(_, through)| through.is_some_and(|through| through <= now))
            .last();
        let end = through.or(self.under_way.front()).map(|(end, _)| *end);
        let bytes = end.map_or(0, |end| end.saturating_sub(head.offset));
        usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
    }

    fn backlog(&self, _delay: Duration) -> Option<usize> {
        (!self.path.stalls_only).then_some(BACKLOG)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Lets a new connection wait for SYNs that were lost, or their answers.
fn lose_syns(setting: &Setting, draw: u64, demands: &mut Demands) {
    if !setting.get(SYN) {
        return;
    }
    let through = (1.0 - setting.get(PACKETS).fraction()).powi(2);
    let mut random = Random::new(draw);
    for attempt in 0..SYNS {
        if unit(random.draw()) < through {
            return;
        }
        demands.accept = demands
            .accept
            .saturating_add(Duration::from_secs(1 << attempt));
    }
}

#[cfg(test)]
#[path = "loss_tests.rs"]
mod tests;
