//! What a fault's parameters are: their names, units, defaults and ranges, as data.
//!
//! The fault language, its errors, the help, the console's knobs and the conformance suite are made from these tables,
//! so that a parameter is described once. A kind declares its parameters as constants with the type that it reads:
//!
//! ```text
//! const JITTER: Param<Duration> = param::time("jitter", "how far the delay strays").within(ms(0), HOUR).or(ms(0));
//! setting.get(JITTER)     // a Duration
//! ```
//!
//! What may be absent reads as an `Option`, so that no kind forgets to say what it does then.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use super::trace::{Column, Trace};
use crate::units::{ByteCount, ByteRate, Percent, Time};

/// The value of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A length of time.
    Time(Duration),
    /// Bytes per second.
    Rate(ByteRate),
    /// An amount of bytes.
    Size(ByteCount),
    /// A share.
    Percent(Percent),
    /// A plain number, such as a mean burst length.
    Number(f64),
    /// A switch, written `on` or `off`.
    Switch(bool),
    /// One of the words that the parameter's unit lists.
    Word(&'static str),
    /// A trace that was read.
    Trace(Trace),
}

/// What a parameter is measured in, and so which texts it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// A time, as in `250ms`.
    Time,
    /// A rate, as in `1Mbit/s`.
    Rate,
    /// An amount of bytes, as in `64KiB`.
    Size,
    /// A share, as in `2%`.
    Percent,
    /// `3` or `1.5`
    Number,
    /// `on` or `off`
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A time or a size.
    TimeOrSize,
    /// A trace with this column: the path of its file, or the name of one that is built in.
    Trace(Column),
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
    /// The other parameters that do not go together with it: where it is given, they are not.
    pub instead_of: &'static [&'static str],
    /// The parameter that it says more of: without that one it does nothing.
    pub of: Option<&'static str>,
    /// One line of help.
    pub summary: &'static str,
}

/// A parameter whose value in a setting is read as a `T`. It is required, until it is given a default or made optional.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param<T> {
    /// Its row of the kind's table.
    pub(super) spec: ParamSpec,
    /// Reads the value in a setting, or the default where there is none.
    pub(super) read: fn(Option<Value>) -> T,
}

/// A type that values of parameters are read as.
pub(super) trait Quantity: Copy {
    /// What a required parameter reads as in a setting that is not finished.
    const NOTHING: Self;

    /// The value as this type; `None` where it is of another.
    fn of(value: Value) -> Option<Self>;
}

/// A length of time, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    Time(Duration),
    Size(ByteCount),
}

/// Makes the types that values are read as, each with how a parameter of it begins and with what it can be given beside that.
macro_rules! quantities {
    (@within $type:ty, $unit:ident) => {
        /// From `low` to `high`, both included.
        pub(super) const fn within(mut self, low: $type, high: $type) -> Self {
            self.spec.range = Some((Value::$unit(low), Value::$unit(high)));
            self
        }
    };
    (@or $type:ty, $unit:ident) => {
        /// It is `value` where it is not written.
        pub(super) const fn or(self, value: $type) -> Self {
            self.with_default(Value::$unit(value))
        }
    };
    ($($make:ident: $type:ty as $unit:ident, $nothing:expr, [$($given:ident)*];)+) => {$(
        /// The parameter of this name, with a line of help.
        pub(super) const fn $make(name: &'static str, summary: &'static str) -> Param<$type> {
            Param::new(name, Unit::$unit, summary)
        }

        impl Param<$type> {
            $(quantities! { @$given $type, $unit })*
        }

        impl Quantity for $type {
            const NOTHING: Self = $nothing;

            fn of(value: Value) -> Option<Self> {
                match value {
                    Value::$unit(value) => Some(value),
                    _ => None,
                }
            }
        }
    )+};
}

quantities! {
    time: Duration as Time, Duration::ZERO, [within or];
    rate: ByteRate as Rate, ByteRate::new(0), [within];
    size: ByteCount as Size, ByteCount::new(0), [within or];
    percent: Percent as Percent, Percent::NONE, [or];
    number: f64 as Number, 0.0, [within or];
    switch: bool as Switch, false, [or];
}

/// The parameter of this name that is a time or a size, with a line of help.
pub(super) const fn amount(name: &'static str, summary: &'static str) -> Param<Amount> {
    Param::new(name, Unit::TimeOrSize, summary)
}

/// The parameter of this name that is a trace with this column, absent where it is not written, with a line of help.
pub(super) const fn trace(
    name: &'static str,
    column: Column,
    summary: &'static str,
) -> Param<Option<Trace>> {
    Param {
        spec: Param::<bool>::new(name, Unit::Trace(column), summary)
            .optional()
            .spec,
        read: |value| match value {
            Some(Value::Trace(trace)) => Some(trace),
            _ => None,
        },
    }
}

/// Declares an enum together with the words that stand for it in the fault language.
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis enum $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name {
            $($variant),+
        }

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word for it.
            pub(in crate::fault) const fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            /// The parameter of this name, with a line of help. Its value is one of the words, the first where it is not written.
            pub(in crate::fault) const fn param(
                name: &'static str,
                summary: &'static str,
            ) -> $crate::fault::param::Param<Self> {
                let param = $crate::fault::param::Param::new(
                    name,
                    $crate::fault::Unit::Word(Self::WORDS),
                    summary,
                );
                param.with_default($crate::fault::Value::Word(Self::WORDS[0]))
            }
        }

        impl $crate::fault::param::Quantity for $name {
            const NOTHING: Self = [$(Self::$variant),+][0];

            fn of(value: $crate::fault::Value) -> Option<Self> {
                let mut all = [$(Self::$variant),+].into_iter();
                all.find(|it| $crate::fault::Value::Word(it.word()) == value)
            }
        }
    };
}
pub(in crate::fault) use words;

// === impl Default ===

impl Default {
    /// The value that stands for what is not written, where there is one.
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Self::Is(value) => Some(value),
            Self::Required | Self::Absent => None,
        }
    }
}

// === impl Param ===

impl<T: Quantity> Param<T> {
    pub(super) const fn new(name: &'static str, unit: Unit, summary: &'static str) -> Self {
        Self {
            spec: ParamSpec {
                name,
                bare: false,
                unit,
                default: Default::Required,
                range: None,
                halves: false,
                instead_of: &[],
                of: None,
                summary,
            },
            read: |value| value.and_then(T::of).unwrap_or(T::NOTHING),
        }
    }

    /// It must be written.
    pub(super) const fn required(mut self) -> Self {
        self.spec.default = Default::Required;
        self
    }

    /// Its value may stand bare, right behind the kind.
    pub(super) const fn bare(mut self) -> Self {
        self.spec.bare = true;
        self
    }

    /// A value for both directions is a round trip's: half of it is spent each way.
    pub(super) const fn halves(mut self) -> Self {
        self.spec.halves = true;
        self
    }

    /// It is absent where it is not written, which has a meaning of its own.
    pub(super) const fn optional(mut self) -> Param<Option<T>> {
        self.spec.default = Default::Absent;
        Param {
            spec: self.spec,
            read: |value| value.and_then(T::of),
        }
    }

    pub(super) const fn with_default(mut self, value: Value) -> Self {
        self.spec.default = Default::Is(value);
        self
    }
}

impl<T> Param<T> {
    /// It does not go together with these others of its kind.
    pub(super) const fn instead_of(mut self, others: &'static [&'static str]) -> Self {
        self.spec.instead_of = others;
        self
    }

    /// It says more of this other one of its kind.
    pub(super) const fn of(mut self, other: &'static str) -> Self {
        self.spec.of = Some(other);
        self
    }
}

impl Param<Amount> {
    /// It is `time` where it is not written.
    pub(super) const fn or_time(self, time: Duration) -> Self {
        self.with_default(Value::Time(time))
    }
}

impl Quantity for Amount {
    const NOTHING: Self = Self::Time(Duration::ZERO);

    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Time(time) => Some(Self::Time(time)),
            Value::Size(size) => Some(Self::Size(size)),
            _ => None,
        }
    }
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
            Self::Trace(trace) => f.write_str(trace.name()),
        }
    }
}

// === impl ParamSpec ===

impl ParamSpec {
    /// A value that must be written, as it is read where it belongs to no kind.
    pub(crate) const fn of_no_kind(name: &'static str, unit: Unit) -> Self {
        Self {
            bare: true,
            ..Param::<bool>::new(name, unit, "").spec
        }
    }

    /// Whether a value is below the parameter's range, in it (equal) or above it.
    #[must_use]
    pub(super) fn place_of(&self, value: Value) -> Ordering {
        match self.range {
            Some((low, _)) if value.partial_order(&low) == Some(Ordering::Less) => Ordering::Less,
            Some((_, high)) if value.partial_order(&high) == Some(Ordering::Greater) => {
                Ordering::Greater
            }
            _ => Ordering::Equal,
        }
    }

    /// The value that the parameter allows which is nearest to `value`: its least or its greatest where that is beyond.
    #[must_use]
    pub fn clamp(&self, value: Value) -> Value {
        match (self.place_of(value), self.range) {
            (Ordering::Less, Some((low, _))) => low,
            (Ordering::Greater, Some((_, high))) => high,
            _ => value,
        }
    }

    /// Whether it and another parameter of its kind do not go together.
    #[must_use]
    pub(super) fn excludes(&self, other: &Self) -> bool {
        self.instead_of.contains(&other.name) || other.instead_of.contains(&self.name)
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
            Self::Trace(Column::Rate) => ("a trace", "@train, traces/lte.csv"),
            Self::Trace(Column::Rtt | Column::Loss) => ("a trace", "traces/lte.csv"),
        }
    }
}
