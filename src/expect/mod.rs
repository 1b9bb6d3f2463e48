//! Expectations: what a script demands of what clients met, and whether it held.
//!
//! `feels p99 < 500ms` holds where it holds for each proxy that had an answer; `of shop` asks for one alone. It is judged at the end
//! of a run, over all of it. Where nothing was measured an expectation does not hold: a test that measured nothing has not passed.
//! `holds latency >= 500ms` is judged by sweeps: without one of that fault it does not hold either.

use std::fmt;
use std::time::Duration;

use crate::fault::Value;
use crate::format::figures;
use crate::sweep::{Set, Sweep};
use crate::syntax::{self, ParseError};
use crate::tape::account::{Account, ProxyAccount};
use crate::units::Time;

mod grammar;
mod holds;

pub use holds::Held;

/// Something that is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What is measured.
    pub quantity: Quantity,
    /// How it must stand to the value.
    pub comparison: Comparison,
    /// With what it is compared.
    pub value: Measured,
    /// The proxy that is meant; `None` for each.
    pub of: Option<String>,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// What clients wait for a first byte back: this share of them no longer.
    Feels(f64),
    /// The longest that any request waited, answered or not.
    Waits,
    /// How long it took, after faults had ended, until clients met what they had met before: the worst time.
    Recovers,
    /// Connections that broke by themselves, or never reached their upstream.
    Failed,
    /// Connections that a fault ended.
    Cut,
    /// Requests that were answered.
    Answers,
    /// The last value of a fault before something gave, as sweeps have climbed it.
    Holds(Sweep),
}

/// How something must stand to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Less than it.
    Less,
    /// It at most.
    AtMost,
    /// It exactly.
    Equal,
    /// It at least.
    AtLeast,
    /// More than it.
    More,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// A length of time.
    Time(Duration),
    /// How many.
    Count(f64),
    /// What a fault is set to.
    Set(Value),
}

/// What an expectation came to on one proxy, where it did not hold. Prints as a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// What was expected.
    pub expectation: Expectation,
    /// The proxy on which it did not hold; `None` where there was none to judge it by.
    pub proxy: Option<String>,
    /// What was measured instead.
    pub found: Found,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// This value.
    Value(Measured),
    /// So far a fault was climbed until something gave.
    Held(Held),
    /// It was not well again after so long.
    NotBack(Duration),
    /// Nobody asked anything after its faults had ended.
    NotAsked,
    /// Nothing to measure.
    Nothing,
    /// No proxy to measure it of.
    NoProxy,
}

/// Reads an expectation: `feels p99 < 500ms of shop`.
pub fn parse(text: &str) -> Result<Expectation, ParseError> {
    syntax::read(text, grammar::expectation)
}

/// The expectations that did not hold, with what was measured, in their order.
#[must_use]
pub fn broken(expectations: &[Expectation], account: &Account) -> Vec<Broken> {
    let each = expectations.iter();
    each.flat_map(|expectation| expectation.judge(account))
        .collect()
}

// === impl Expectation ===

impl Expectation {
    /// Where it did not hold.
    #[must_use]
    pub fn judge(&self, account: &Account) -> Vec<Broken> {
        let broken = |proxy: Option<&str>, found| Broken {
            expectation: self.clone(),
            proxy: proxy.map(str::to_owned),
            found,
        };
        let is_called = |of: &String| account.proxies.iter().any(|proxy| proxy.name == *of);
        let is_meant = |proxy: &&ProxyAccount| {
            self.of.as_ref().is_none_or(|of| {
                // A name that a proxy has lost still means it, unless another has taken it.
                proxy.name == *of || (proxy.names_before.contains(of) && !is_called(of))
            })
        };
        let mut meant = account.proxies.iter().filter(is_meant).peekable();
        if meant.peek().is_none() {
            return vec![broken(None, Found::NoProxy)];
        }
        let found: Vec<(&str, Found)> = meant
            .map(|proxy| {
                (
                    proxy.name.as_str(),
                    self.quantity.measure(proxy, account.end),
                )
            })
            .filter(|(_, found)| *found != Found::Nothing)
            .collect();
        if found.is_empty() {
            return vec![broken(self.of.as_deref(), Found::Nothing)];
        }
        let wrong = found.into_iter().filter(|(_, found)| !self.holds(found));
        wrong
            .map(|(proxy, found)| broken(Some(proxy), found))
            .collect()
    }

    fn holds(&self, found: &Found) -> bool {
        match found {
            Found::Value(found) => self.comparison.holds(found.number(), self.value.number()),
            Found::Held(held) => held.holds(self.comparison, self.value.number()),
            Found::NotBack(_) | Found::NotAsked | Found::Nothing | Found::NoProxy => false,
        }
    }
}

// === impl Quantity ===

impl Quantity {
    /// What it is of a proxy.
    fn measure(&self, proxy: &ProxyAccount, end: Duration) -> Found {
        let count = |count: u64| Found::Value(Measured::Count(count as f64));
        let time = |time: Option<Duration>| {
            time.map_or(Found::Nothing, |time| Found::Value(Measured::Time(time)))
        };
        let (ours, theirs) = proxy.whole.failures();
        match self {
            Self::Holds(sweep) => {
                Held::of(sweep, &proxy.sweeps).map_or(Found::Nothing, Found::Held)
            }
            Self::Feels(share) => time(proxy.whole.waits.quantile(*share)),
            Self::Waits => time(Some(proxy.whole.longest).filter(|longest| !longest.is_zero())),
            // None of nobody's connections fails.
            Self::Failed | Self::Cut if !proxy.whole.is_met() => Found::Nothing,
            Self::Failed => count(theirs),
            Self::Cut => count(ours),
            Self::Answers => count(proxy.whole.waits.total()),
            Self::Recovers => {
                let all = proxy.recoveries_at(end);
                let not_back = all.iter().filter(|recovery| recovery.took.is_none());
                match not_back.max_by_key(|recovery| (recovery.asked, recovery.watched)) {
                    Some(recovery) if !recovery.asked => Found::NotAsked,
                    Some(recovery) => Found::NotBack(recovery.watched),
                    None => time(all.iter().filter_map(|recovery| recovery.took).max()),
                }
            }
        }
    }

    /// What it means that it could not be measured.
    fn nothing(&self) -> String {
        let says = match self {
            Self::Feels(_) => "no request was answered",
            Self::Waits => "no request was made",
            Self::Recovers => "no fault ended after a time without faults",
            Self::Failed | Self::Cut => "nobody connected",
            Self::Answers => "nothing was counted",
            Self::Holds(sweep) => return format!("there was no sweep of {}", sweep.fault()),
        };
        says.to_owned()
    }
}

// === impl Comparison ===

impl Comparison {
    const ALL: [(&'static str, Self); 5] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::More),
        ("=", Self::Equal),
    ];

    fn holds(self, one: f64, other: f64) -> bool {
        match self {
            Self::Less => one < other,
            Self::AtMost => one <= other,
            // Whole numbers, or times that were read and measured as whole nanoseconds.
            Self::Equal => (one - other).abs() < 1e-9,
            Self::AtLeast => one >= other,
            Self::More => one > other,
        }
    }
}

// === impl Measured ===

impl Measured {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Count(count) => count,
            Self::Set(value) => Set::of(value).number,
        }
    }
}

/// A measured time as people read it, with as many digits as tell it from the time that it was compared with.
fn told_beside(time: Duration, limit: Duration) -> String {
    let short = figures::time(time);
    if short != figures::time(limit) {
        return short;
    }
    let units = [1_000_000, 100_000, 10_000, 1_000, 1];
    let rounded = units.map(|unit| {
        let nanos = (time.as_nanos() + unit / 2) / unit * unit;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    });
    let told = rounded.into_iter().find(|rounded| *rounded != limit);
    Set::of(Value::Time(told.unwrap_or(time))).words()
}

/// The text form: what is printed reads as the same expectation.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = Comparison::ALL.iter();
        let mut comparison = comparison.filter(|(_, comparison)| *comparison == self.comparison);
        let sign = comparison.next().map_or("=", |(sign, _)| sign);
        write!(f, "{} {sign} ", grammar::words(&self.quantity))?;
        match self.value {
            Measured::Time(time) => Time(time).fmt(f)?,
            Measured::Count(count) => count.fmt(f)?,
            Measured::Set(value) => value.fmt(f)?,
        }
        match &self.of {
            Some(of) => write!(f, " of {of}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}: ", self.expectation)?;
        if let Some(proxy) = self.proxy.as_ref().filter(|_| self.found != Found::Nothing) {
            match self.found {
                Found::Held(_) => write!(f, "sweep of {proxy}: ")?,
                _ => write!(f, "{proxy} ")?,
            }
        }
        match (&self.found, &self.expectation.quantity) {
            (Found::NoProxy, _) if self.expectation.of.is_none() => {
                f.write_str("there was no proxy")
            }
            (Found::NoProxy, _) => f.write_str("there was no such proxy"),
            (Found::NotAsked, _) => f.write_str("was asked nothing after its faults had ended"),
            (Found::Nothing, quantity) => f.write_str(&quantity.nothing()),
            (Found::Held(held), _) => f.write_str(&held.sentence),
            (Found::NotBack(watched), _) => {
                write!(f, "was not as before after {}", figures::time(*watched))
            }
            (Found::Value(Measured::Time(time)), quantity) => {
                let what = match quantity {
                    Quantity::Recovers => "took",
                    Quantity::Waits => "waited",
                    _ => "felt",
                };
                let limit = match self.expectation.value {
                    Measured::Time(limit) => limit,
                    Measured::Count(_) | Measured::Set(_) => Duration::ZERO,
                };
                write!(f, "{what} {}", told_beside(*time, limit))
            }
            (Found::Value(Measured::Count(count)), _) => write!(f, "had {count}"),
            (Found::Value(Measured::Set(value)), _) => write!(f, "had {value}"),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
