//! Tcp: the stream is sent as a TCP sender would send it over the line that the other faults describe.
//!
//! A proxy that delays and paces bytes alone is faster than a line with the same figures: a real sender shakes hands first,
//! begins with ten segments, slows down where packets are lost or a queue is full, and begins slowly again after a rest. With
//! `tcp`, each direction has a virtual sender that does so (`fault::tcp`), over a line with the latency, the bandwidth, its
//! queue and the loss that are set. Without it and without `loss`, these stay exact to the byte.
//!
//! What cannot be imitated: the client's `connect` is over before a program sees the connection. What it would have waited
//! is added to the first byte.

use std::time::Duration;

use super::super::tcp::{Algorithm, Control, Parts};
use crate::fault::knob::Metric;
use crate::fault::param::{self, Param, words};
use crate::fault::{Kind, Knob, Setting, Stage, Terms};
use crate::units::{ByteCount, ByteRate};

words! {
    /// A congestion control.
    enum Word {
        Cubic = "cubic",
        Reno = "reno",
        Bbr = "bbr",
    }
}

const CC: Param<Word> = Word::param(
    "cc",
    "the congestion control: what nearly everyone sends with, the classic one, or BBR version 1",
)
.bare()
.required();
const IW: Param<f64> = param::number("iw", "how many segments a new connection sends at first")
    .within(1.0, 1_000.0)
    .or(10.0);
const RWND: Param<ByteCount> = param::size("rwnd", "the receiver's window")
    .within(ByteCount::new(1), ByteCount::new(16 << 20))
    .or(ByteCount::new(3_000_000));

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "tcp",
    summary: "sends as a TCP sender would over this line: handshake, slow start, window, what a full queue drops",
    params: &[CC.spec, IW.spec, RWND.spec],
    knobs: &[Knob::of_words("cc", Word::WORDS)
        .named("TCP", "TCP")
        .picked_by('p')
        .beside(Metric::Sender)],
    example: "tcp cubic",
    line: Some(sends),
    passes: Some(passes),
    ..Kind::at(Stage::Sender)
};

/// What a sender is without this fault, where another one asks for it.
pub(super) const CUBIC: Control = Control {
    algorithm: Algorithm::Cubic,
    initial: 10,
    receive_window: 3_000_000,
};

/// What passes of a stream where nothing is lost: the receiver's window for each round trip.
fn passes(setting: &Setting, round_trip: Duration) -> Option<ByteRate> {
    let nanos = round_trip.as_nanos();
    let window = u128::from(setting.get(RWND).bytes()) * 1_000_000_000;
    let rate = u64::try_from(window.checked_div(nanos)?).unwrap_or(u64::MAX);
    Some(ByteRate::new(rate))
}

/// The sender of a direction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number from 1 to 1,000"
)]
fn sends(terms: &Terms<'_>, parts: &mut Parts) {
    let Some(here) = terms.here else {
        return;
    };
    parts.control = Some(Control {
        algorithm: match here.get(CC) {
            Word::Cubic => Algorithm::Cubic,
            Word::Reno => Algorithm::Reno,
            Word::Bbr => Algorithm::Bbr,
        },
        initial: here.get(IW) as u32,
        receive_window: here.get(RWND).bytes(),
    });
}
