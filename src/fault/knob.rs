//! The console's knobs, as data beside the kinds that they turn.

use std::time::Duration;

use super::param::Value;
use crate::units::Percent;

/// What is measured beside what a knob sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The median added delay of the last second.
    AddedDelay,
    /// The spread of the added delay: half the distance between its 1st and 99th percentile.
    AddedSpread,
    /// Bytes delivered per second.
    Rate,
    /// Connections that the kind has ended, of those there have been.
    Ended,
    /// Bytes that wait.
    Held,
    /// Nothing: what the kind does shows in no figure of its own.
    None,
}

/// How far one fine turn goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fine {
    /// This many steps per decade.
    PerDecade(u32),
    /// This much.
    Step(Value),
}

/// One knob: a parameter of a kind on a track of nine stops, from a little pain to much.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// At most three letters, as the strip shows it: `LAT`.
    pub label: &'static str,
    /// The same in full: `LATENCY`.
    pub title: &'static str,
    /// The key that chooses it, where it has one of its own.
    pub key: Option<char>,
    /// Its place among all knobs, counted from 0.
    pub place: u8,
    /// The parameter that it turns.
    pub param: &'static str,
    /// What the keys 1 to 9 set.
    pub stops: [Value; 9],
    /// What the arrow keys do between stops.
    pub fine: Fine,
    /// What is shown beside it.
    pub metric: Metric,
}

const fn percent(percent: u32) -> Value {
    Value::Percent(Percent::new(percent))
}

const fn ms(ms: u64) -> Value {
    Value::Time(Duration::from_millis(ms))
}

// === impl Knob ===

impl Knob {
    /// The knob of a kind that shares turn: which share of the connections it hits.
    pub(super) const SHARE: Self = Self {
        label: "",
        title: "",
        key: None,
        place: u8::MAX,
        param: "share",
        stops: [
            percent(1),
            percent(2),
            percent(5),
            percent(10),
            percent(20),
            percent(33),
            percent(50),
            percent(75),
            percent(100),
        ],
        fine: Fine::Step(percent(1)),
        metric: Metric::Ended,
    };

    /// The knob of a length of time.
    pub(super) const TIME: Self = Self {
        param: "time",
        stops: [
            ms(100),
            ms(250),
            ms(500),
            ms(1_000),
            ms(2_000),
            ms(5_000),
            ms(10_000),
            ms(30_000),
            ms(60_000),
        ],
        fine: Fine::PerDecade(12),
        metric: Metric::None,
        ..Self::SHARE
    };

    /// The knob of a kind that is on or off: every stop is on.
    pub(super) const SWITCH: Self = Self {
        param: "on",
        stops: [Value::Switch(true); 9],
        fine: Fine::Step(Value::Switch(true)),
        metric: Metric::None,
        ..Self::SHARE
    };
}
