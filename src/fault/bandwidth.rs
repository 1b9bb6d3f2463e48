//! Bandwidth: each direction is paced to a rate, without bursts.

use std::time::Duration;

use super::knob::{Fine, Metric};
use super::param::Default;
use super::{Kind, Knob, ParamSpec, Unit, Value};
use crate::units::{ByteCount, ByteRate};

const fn rate(bytes: u64) -> Value {
    Value::Rate(ByteRate::new(bytes))
}

/// The words of `scope`.
pub const SCOPES: &[&str] = &["connection", "proxy"];

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "bandwidth",
    short: Some("bw"),
    summary: "paces each direction to the rate, without bursts",
    params: &[
        ParamSpec {
            name: "rate",
            bare: true,
            unit: Unit::Rate,
            default: Default::Required,
            range: Some((rate(0), rate(100_000_000_000))),
            halves: false,
            summary: "the rate of each direction; 0 lets nothing pass",
        },
        ParamSpec {
            name: "scope",
            bare: false,
            unit: Unit::Word(SCOPES),
            default: Default::Is(Value::Word("connection")),
            range: None,
            halves: false,
            summary: "a link for each connection, or one for all connections of the proxy",
        },
        ParamSpec {
            name: "queue",
            bare: false,
            unit: Unit::TimeOrSize,
            default: Default::Absent,
            range: None,
            halves: false,
            summary: "how much may wait for the link (bufferbloat); absent: the delay and 200 ms more",
        },
    ],
    knobs: &[Knob {
        label: "BW",
        title: "BANDWIDTH",
        key: 'b',
        param: "rate",
        stops: [
            rate(10_000_000),
            rate(2_000_000),
            rate(1_000_000),
            rate(512_000),
            rate(256_000),
            rate(64_000),
            rate(16_000),
            rate(4_000),
            rate(1_000),
        ],
        fine: Fine::PerDecade(12),
        metric: Metric::Rate,
    }],
    example: "bandwidth 1Mbit/s",
    build: |_terms| None,
};

const _: (Duration, ByteCount) = (Duration::ZERO, ByteCount::new(0));
