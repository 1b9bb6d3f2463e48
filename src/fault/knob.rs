//! The console's knobs, as data in the rows of the kinds that they turn. `dial` turns them, `ui::view::dial` draws them.

use std::time::Duration;

use super::Setting;
use super::param::Value;
use crate::units::{ByteCount, ByteRate, Percent};

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
    /// Packets that virtual senders have lost, of those that they sent.
    Lost,
    /// Writes per second, and with them how much each takes.
    Writes,
    /// Bytes that left as others than they came.
    Flips,
    /// The last wait of this kind.
    Waited(WaitOf),
    /// What the virtual sender is at: its window, its round trip, what it loses.
    Sender,
    /// Nothing: what the kind does shows in no figure of its own.
    None,
}

/// A wait at the beginning or the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitOf {
    /// A new client's, until it is served.
    Accept,
    /// A new client's after that, until its upstream is dialed.
    Dial,
    /// The end of a stream's, until it is passed on.
    Close,
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
    /// The word that the label stands for: `LATENCY`.
    pub title: &'static str,
    /// The key that chooses it, where it has one of its own.
    pub key: Option<char>,
    /// The letter that chooses it among all knobs.
    pub letter: char,
    /// The parameter that it turns.
    pub param: &'static str,
    /// What the keys 1 to 9 set.
    pub stops: [Value; 9],
    /// What the arrow keys do between stops.
    pub fine: Fine,
    /// What is shown beside it.
    pub metric: Metric,
    /// Why nobody can say whether what was measured is what a setting asks for, where that is so.
    pub beyond_proof: Option<fn(&Setting) -> Option<String>>,
}

/// Declares functions that make the stops of a knob from plain numbers.
macro_rules! stops {
    ($($name:ident($number:ident: $type:ty) = $value:expr;)+) => {$(
        /// Nine stops in this unit.
        pub(super) const fn $name(numbers: [$type; 9]) -> [Value; 9] {
            let mut stops = [Value::Switch(true); 9];
            let mut index = 0;
            while index < numbers.len() {
                let $number = numbers[index];
                stops[index] = $value;
                index += 1;
            }
            stops
        }
    )+};
}

stops! {
    stops_ms(ms: u64) = Value::Time(Duration::from_millis(ms));
    stops_rate(bytes: u64) = Value::Rate(ByteRate::new(bytes));
    stops_bytes(bytes: u64) = Value::Size(ByteCount::new(bytes));
    stops_ppm(ppm: u32) = Value::Percent(Percent::from_ppm(ppm));
    stops_percent(percent: u32) = Value::Percent(Percent::new(percent));
}

/// A stop for each word of a parameter; the keys behind the last one's are its too.
const fn stops_words(words: &[&'static str]) -> [Value; 9] {
    let mut stops = [Value::Word(words[0]); 9];
    let mut index = 0;
    while index < stops.len() {
        let last = words.len() - 1;
        stops[index] = Value::Word(words[if index < last { index } else { last }]);
        index += 1;
    }
    stops
}

// === impl Knob ===

impl Knob {
    /// The knob with its label, and the word that the label stands for.
    pub(super) const fn named(self, label: &'static str, title: &'static str) -> Self {
        Self {
            label,
            title,
            ..self
        }
    }

    /// The knob with a key of its own, which is its letter among all knobs too.
    pub(super) const fn chosen_by(self, key: char) -> Self {
        Self {
            key: Some(key),
            ..self.picked_by(key)
        }
    }

    /// The knob with a letter that chooses it among all knobs.
    pub(super) const fn picked_by(self, letter: char) -> Self {
        Self { letter, ..self }
    }

    /// The knob of another parameter.
    pub(super) const fn turning(self, param: &'static str) -> Self {
        Self { param, ..self }
    }

    /// The knob with other stops.
    pub(super) const fn stopping_at(self, stops: [Value; 9]) -> Self {
        Self { stops, ..self }
    }

    /// The knob with this measured beside it.
    pub(super) const fn beside(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    /// The knob of a kind that nobody can judge by its figures under some settings, with the reason.
    pub(super) const fn beyond(self, proof: fn(&Setting) -> Option<String>) -> Self {
        let beyond_proof = Some(proof);
        Self {
            beyond_proof,
            ..self
        }
    }

    /// The knob of a kind that shares turn: which share of the connections it hits.
    pub(super) const SHARE: Self = Self {
        label: "",
        title: "",
        key: None,
        letter: ' ',
        param: "share",
        stops: stops_percent([1, 2, 5, 10, 20, 33, 50, 75, 100]),
        fine: Fine::Step(Value::Percent(Percent::new(1))),
        metric: Metric::Ended,
        beyond_proof: None,
    };

    /// The knob of a length of time.
    pub(super) const TIME: Self = Self {
        param: "time",
        stops: stops_ms([100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000]),
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

    /// The knob of a parameter whose values are these words, in the order of its stops.
    pub(super) const fn of_words(param: &'static str, words: &[&'static str]) -> Self {
        Self {
            param,
            stops: stops_words(words),
            fine: Fine::Step(Value::Word(words[0])),
            metric: Metric::None,
            ..Self::SHARE
        }
    }
}
