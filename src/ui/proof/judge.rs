//! The rules by which what is measured agrees with what is set.
//!
//! They claim little. Noise that a setting asks for is no difference, and where another fault or an idle peer explains what
//! is seen, nobody can say.

use std::time::Duration;

use super::Verdict;
use super::measured::{Figure, half_width};
use crate::fault::Value;
use crate::snapshot::Spread;
use crate::units::{ByteCount, ByteRate, Percent};

/// Delays agree within this, or within two per cent.
const TOLERANCE: Duration = Duration::from_millis(2);
/// Rates agree within this share: the last second ends in the middle of a write.
const RATE_TOLERANCE: f64 = 0.05;
/// Fewer samples than these say nothing about how far they stray.
const FEW: u64 = 50;

/// Fewer hits than these say nothing about a share.
const EXPECTED: f64 = 10.0;
/// A wait is over at most so much late.
const WAKES: Duration = Duration::from_millis(20);

/// What another kind of fault adds is in the same figures.
const OTHERS: &str = "other faults hold bytes too";
/// A byte stream keeps its order: with jitter, dense traffic waits longer and strays less than each byte by itself.
const BUNCHED: &str = "late bytes hold back those behind them";

/// What may explain a difference of one direction's delays.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// How far the delays are set to stray.
    pub(super) jitter: Duration,
    /// Why no measurement can prove how far they stray, where that is so.
    pub(super) beyond: Option<String>,
    /// Whether faults of other kinds are set.
    pub(super) has_others: bool,
}

/// Whether a median delay is the one that is set.
pub(super) fn delay(spread: &Spread, set: Duration, beside: &Beside) -> Verdict {
    let measured = spread.p50;
    // The median of so many samples lies at most this far from the middle of their jitter, but for a rare chance.
    let chance = beside
        .jitter
        .mul_f64(3.0 / (spread.count.max(1) as f64).sqrt());
    let slack = TOLERANCE.max(set / 50).max(chance);
    if measured.abs_diff(set) <= slack {
        Verdict::Agrees
    } else if measured < set {
        Verdict::Differs("bytes are held less than set".to_owned())
    } else if beside.has_others {
        Verdict::Unknown(OTHERS.to_owned())
    } else if beside.jitter > Duration::ZERO {
        Verdict::Unknown(BUNCHED.to_owned())
    } else {
        Verdict::Differs("bytes are held longer than set".to_owned())
    }
}

/// Whether delays stray as far as they are set to.
pub(super) fn spread(spread: &Spread, set: Duration, beside: &Beside) -> Verdict {
    let measured = half_width(spread);
    if spread.count < FEW {
        let why = format!("only {} samples in the last second", spread.count);
        Verdict::Unknown(why)
    } else if let Some(why) = &beside.beyond {
        Verdict::Unknown(why.clone())
    } else if measured.abs_diff(set) <= TOLERANCE.max(set / 10) {
        Verdict::Agrees
    } else if measured < set {
        Verdict::Unknown(BUNCHED.to_owned())
    } else if beside.has_others {
        Verdict::Unknown(OTHERS.to_owned())
    } else {
        Verdict::Differs("delays stray further than set".to_owned())
    }
}

/// Whether a share is the one that is set, as far as chance lets so many be told apart.
pub(super) fn share((measured, _, of): Figure, set: Percent, beside: &Beside) -> Verdict {
    let (Some(Value::Percent(measured)), Some(of)) = (measured, of) else {
        return Verdict::Unknown("idle".to_owned());
    };
    let (set, measured, of) = (set.fraction(), measured.fraction(), of as f64);
    if of * set < EXPECTED {
        return Verdict::Unknown("too few were hit yet to tell".to_owned());
    }
    // Four times how far chance strays, and what is lost by rounding.
    let slack = 4.0 * (set * (1.0 - set) / of).sqrt() + 0.1 * set;
    if (measured - set).abs() <= slack {
        Verdict::Agrees
    } else if let Some(why) = &beside.beyond {
        Verdict::Unknown(why.clone())
    } else if measured < set {
        Verdict::Differs("fewer are hit than set".to_owned())
    } else if beside.has_others {
        Verdict::Unknown("a full queue loses some too".to_owned())
    } else {
        Verdict::Differs("more are hit than set".to_owned())
    }
}

/// Whether writes take what is set: the last piece of what is cut up is smaller, and whole ones may be as small.
pub(super) fn size(each: Value, set: ByteCount) -> Verdict {
    let Value::Size(each) = each else {
        return Verdict::Unjudged;
    };
    let (each, set) = (each.bytes() as f64, set.bytes() as f64);
    if each > set * 1.1 + 1.0 {
        Verdict::Differs("writes are larger than set".to_owned())
    } else if each < set * 0.5 {
        Verdict::Unknown("traffic comes in smaller pieces".to_owned())
    } else {
        Verdict::Agrees
    }
}

/// Whether somebody waited as long as is set.
pub(super) fn wait(took: Duration, set: Duration) -> Verdict {
    if took + TOLERANCE < set {
        Verdict::Differs("the last one waited less than set".to_owned())
    } else if took <= set.saturating_add(WAKES.max(set / 50)) {
        Verdict::Agrees
    } else {
        Verdict::Unknown("something else held the last one too".to_owned())
    }
}

/// Whether bytes pass at the rate that is set.
pub(super) fn rate(rate: f64, cap: ByteRate) -> Verdict {
    let cap = cap.bytes_per_second() as f64;
    if (rate - cap).abs() <= cap * RATE_TOLERANCE {
        Verdict::Agrees
    } else if rate > cap {
        Verdict::Differs("faster than the cap".to_owned())
    } else if rate == 0.0 {
        Verdict::Unknown("idle".to_owned())
    } else {
        Verdict::Unknown("traffic is slower than the cap".to_owned())
    }
}
