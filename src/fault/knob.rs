//! The console's knobs, as data beside the kinds that they turn.

use super::param::Value;

/// What is measured beside what a knob sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The median added delay of the last second.
    AddedDelay,
    /// The spread of the added delay: half the distance between its 1st and 99th percentile.
    AddedSpread,
    /// Bytes delivered per second.
    Rate,
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
    /// At most four letters, as the strip shows it: `LAT`.
    pub label: &'static str,
    /// The same in full: `LATENCY`.
    pub title: &'static str,
    /// The key that chooses it.
    pub key: char,
    /// The parameter that it turns.
    pub param: &'static str,
    /// What the keys 1 to 9 set.
    pub stops: [Value; 9],
    /// What the arrow keys do between stops.
    pub fine: Fine,
    /// What is shown beside it.
    pub metric: Metric,
}
