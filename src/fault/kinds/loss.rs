//! Loss: a share of the packets is lost on their way.
//!
//! A proxy cannot drop bytes: they would be missing for good. What an application feels of loss is what its TCP makes of it:
//! stalls until lost segments are sent again, and the lower rate of a congestion window that shrinks. So each direction has
//! a virtual TCP sender (`tcp`), with CUBIC where no other congestion control is set, over a path that loses this share of
//! the packets, data and acknowledgements. Bytes leave when it would have brought them there, all of them and in order.
//!
//! Unlike on a path that really loses packets, the sender's own kernel does not see the losses, and its SYN and FIN are not
//! lost (with `syn=on` a new connection waits as for lost SYNs).

use std::time::Duration;

use super::super::tcp::{Algorithm, Chances, Control, Parts};
use super::tcp::CUBIC;
use crate::fault::knob::{Metric, stops_ppm};
use crate::fault::motion;
use crate::fault::param::{self, Param};
use crate::fault::random::{Random, unit};
use crate::fault::{Demands, Kind, Knob, Setting, Stage, Terms};
use crate::units::{ByteRate, Percent};

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
    "the older word for tcp bbr, a sender that hardly heeds losses",
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
    summary: "what TCP makes of packet loss: stalls and a lower rate, in order and complete (a virtual sender)",
    params: &[
        PACKETS.spec,
        BURST.spec,
        RTT.spec,
        STALLS.spec,
        SYN.spec,
        motion::TRACE_LOSS.spec,
        motion::LOOP.spec,
    ],
    knobs: &[Knob::TIME
        .named("LOS", "LOSS")
        .picked_by('o')
        .turning("packets")
        .stopping_at(stops_ppm([
            500, 1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
        ]))
        .beside(Metric::Lost)
        .beyond(|setting| (setting.get(BURST) > 1.0).then(|| "losses come in bursts".to_owned()))],
    example: "loss 1%",
    open: Some(lose_syns),
    line: Some(loses),
    passes: Some(passes),
    older: Some(older),
    ..Kind::at(Stage::Sender)
};

/// What one segment carries, with time stamps, in packets of 1,500 bytes.
const SEGMENT: f64 = 1448.0;

/// How many SYNs are sent again, after 1, 2 and 4 s (Linux, `tcp_syn_retries`, begins so; later ones are left out).
const SYNS: u32 = 3;

/// What a sender passes of a stream at this loss, by the formula of Mathis and others (1997): the window that it has on
/// average for each round trip. One that hardly heeds losses passes what the path does.
fn passes(setting: &Setting, round_trip: Duration) -> Option<ByteRate> {
    let rtt = setting.get(RTT).unwrap_or(round_trip).as_secs_f64();
    let packets = setting.get(PACKETS).fraction();
    let heeds = packets > 0.0 && rtt > 0.0 && !setting.get(STALLS);
    let rate = SEGMENT * 1.22 / (rtt * packets.sqrt());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number above zero; one beyond all rates becomes the greatest"
    )]
    heeds.then(|| ByteRate::new(rate as u64))
}

/// A sender that hardly heeds losses has its own word.
fn older(setting: &Setting) -> Option<&'static str> {
    setting.get(STALLS).then_some("stalls=on is tcp bbr now")
}

/// What the line loses of a direction's packets and of their acknowledgements, which go the other way.
fn loses(terms: &Terms<'_>, parts: &mut Parts) {
    let of = |setting: &Setting, motion| {
        Chances::new(setting.get(PACKETS).fraction(), setting.get(BURST), motion)
    };
    if let Some(back) = terms.back {
        parts.answers.push(of(back, terms.back_motion));
    }
    let Some(here) = terms.here else {
        return;
    };
    parts.loss.push(of(here, terms.motion));
    parts.heard_after = here.get(RTT).or(parts.heard_after);
    let most = motion::most_traced(here);
    if most.unwrap_or_else(|| here.get(PACKETS).fraction()) > 0.0 {
        let algorithm = if here.get(STALLS) {
            Algorithm::Bbr
        } else {
            Algorithm::Cubic
        };
        parts.control.get_or_insert(Control { algorithm, ..CUBIC });
    }
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
