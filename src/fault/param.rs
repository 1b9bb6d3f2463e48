//! What a fault's parameters are: their names, units, defaults and ranges, as data.
//!
//! The fault language, its errors, the help, the console's knobs and the conformance suite are made from these tables,
//! so that a parameter is described once.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use crate::units::{ByteCount, ByteRate, Percent, Time};

/// The value of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A length of time.
    Time(Duration),
    /// Bytes per second.
    Rate(ByteRate),
    /// Bytes.
    Size(ByteCount),
    /// A share.
    Percent(Percent),
    /// A plain number, such as a mean burst length.
    Number(f64),
    /// A switch, written `on` or `off`.
    Switch(bool),
    /// One of the words that the parameter's unit lists.
    Word(&'static str),
}

/// What a parameter is measured in, and so which texts it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// `250ms`
    Time,
    /// `1Mbit/s`
    Rate,
    /// `64KiB`
    Size,
    /// `2%`
    Percent,
    /// `3` or `1.5`
    Number,
    /// `on` or `off`
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A time or a size.
    TimeOrSize,
}

/// What a parameter is when it is not written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// It must be written.
    Required,
    /// It is absent, which has a meaning of its own (no queue limit, say).
    Absent,
    /// This value.
    Is(Value),
}

/// One parameter of a kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// The name in `name=value`.
    pub name: &'static str,
    /// Whether the value may stand bare, right after the kind; at most the first parameter.
    pub bare: bool,
    /// What it is measured in.
    pub unit: Unit,
    /// What it is when not written.
    pub default: Default,
    /// The least and the greatest value; `None` where the unit's own bounds are enough.
    pub range: Option<(Value, Value)>,
    /// Whether a value for both directions is a round trip's, half of it spent each way.
    pub halves: bool,
    /// One line of help.
    pub summary: &'static str,
}

// === impl Value ===

/// A plain number is never "not a number": no text reads as that.
impl Eq for Value {}

impl Value {
    /// The time, where this is one.
    #[must_use]
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Time(time) => Some(time),
            _ => None,
        }
    }

    /// The rate, where this is one.
    #[must_use]
    pub fn rate(self) -> Option<ByteRate> {
        match self {
            Self::Rate(rate) => Some(rate),
            _ => None,
        }
    }

    /// Half of it, for one direction of a round trip.
    #[must_use]
    pub fn halved(self) -> Self {
        match self {
            Self::Time(time) => Self::Time(time / 2),
            other => other,
        }
    }

    /// The order of two values of one unit; values of different units have none.
    #[must_use]
    pub fn partial_order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(a), Self::Time(b)) => a.partial_cmp(b),
            (Self::Rate(a), Self::Rate(b)) => a.partial_cmp(b),
            (Self::Size(a), Self::Size(b)) => a.partial_cmp(b),
            (Self::Percent(a), Self::Percent(b)) => a.partial_cmp(b),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            _ => None,
        }
    }
}

/// The text form of the fault language.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => Time(*time).fmt(f),
            Self::Rate(rate) => rate.fmt(f),
            Self::Size(size) => size.fmt(f),
            Self::Percent(share) => share.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Word(word) => f.write_str(word),
        }
    }
}

// === impl ParamSpec ===

impl ParamSpec {
    /// The value that the parameter allows which is nearest to `value`: its least or its greatest where that is beyond.
    #[must_use]
    pub fn clamp(&self, value: Value) -> Value {
        let Some((low, high)) = self.range else {
            return value;
        };
        match (value.partial_order(&low), value.partial_order(&high)) {
            (Some(Ordering::Less), _) => low,
            (_, Some(Ordering::Greater)) => high,
            _ => value,
        }
    }

    /// What two ways that cost `up` and `down` come to for a round trip, at most the parameter's greatest value.
    #[must_use]
    pub fn sum(&self, up: Value, down: Value) -> Value {
        match (up, down) {
            (Value::Time(up), Value::Time(down)) => {
                self.clamp(Value::Time(up.saturating_add(down)))
            }
            _ => up,
        }
    }
}

// === impl Unit ===

impl Unit {
    /// What to call a value of this unit in an error, with the example that help gives.
    #[must_use]
    pub fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Time => ("a time", "250ms, 1.5s"),
            Self::Rate => ("a rate", "1Mbit/s, 64kB/s"),
            Self::Size => ("a size", "64kB, 1MiB"),
            Self::Percent => ("a percentage", "10%, 0.5%"),
            Self::Number => ("a number", "3"),
            Self::Switch => ("on or off", "on"),
            Self::Word(_) => ("a word", ""),
            Self::TimeOrSize => ("a time or a size", "200ms, 64kB"),
        }
    }
}
