//! Latency: every byte leaves a set time after it arrived.

use std::time::Duration;

use super::knob::{Fine, Metric};
use super::param::Default;
use super::{Kind, Knob, ParamSpec, Unit, Value};

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

/// The words of `dist`.
pub const DISTRIBUTIONS: &[&str] = &["uniform", "normal", "pareto", "paretonormal"];

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "latency",
    short: Some("lat"),
    summary: "every byte leaves this much after it arrived; with both directions, TIME is what a round trip grows by",
    params: &[
        ParamSpec {
            name: "time",
            bare: true,
            unit: Unit::Time,
            default: Default::Required,
            range: Some((ms(0), ms(3_600_000))),
            halves: true,
            summary: "the delay",
        },
        ParamSpec {
            name: "jitter",
            bare: false,
            unit: Unit::Time,
            default: Default::Is(ms(0)),
            range: Some((ms(0), ms(3_600_000))),
            halves: true,
            summary: "how far the delay strays",
        },
        ParamSpec {
            name: "dist",
            bare: false,
            unit: Unit::Word(DISTRIBUTIONS),
            default: Default::Is(Value::Word("uniform")),
            range: None,
            halves: false,
            summary: "how the jitter is distributed",
        },
        ParamSpec {
            name: "corr",
            bare: false,
            unit: Unit::Percent,
            default: Default::Is(Value::Percent(crate::units::Percent::NONE)),
            range: None,
            halves: false,
            summary: "how much one delay resembles the one before",
        },
        ParamSpec {
            name: "handshake",
            bare: false,
            unit: Unit::Switch,
            default: Default::Is(Value::Switch(false)),
            range: None,
            halves: false,
            summary: "a new connection's first byte up waits one round trip more, as for TCP's own handshake",
        },
    ],
    knobs: &[
        Knob {
            label: "LAT",
            title: "LATENCY",
            key: 't',
            param: "time",
            stops: [ms(10), ms(25), ms(50), ms(100), ms(250), ms(500), ms(1_000), ms(2_500), ms(10_000)],
            fine: Fine::PerDecade(12),
            metric: Metric::AddedDelay,
        },
        Knob {
            label: "JIT",
            title: "JITTER",
            key: 'i',
            param: "jitter",
            stops: [ms(5), ms(10), ms(25), ms(50), ms(100), ms(250), ms(500), ms(1_000), ms(2_500)],
            fine: Fine::PerDecade(12),
            metric: Metric::AddedSpread,
        },
    ],
    example: "latency 250ms jitter=30ms dist=normal",
    build: |_terms| None,
};
