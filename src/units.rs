//! The units in which faults are set: time, rates, sizes and shares.
//!
//! Every unit has one text form that it reads and prints, and what it prints reads back to the same value. This module
//! knows suffixes and numbers; where a text stands in a line, and what was wrong there, is `syntax`'s concern.

use std::fmt;
use std::time::Duration;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteCount(u64);

/// A rate in whole bytes per second. Zero means that nothing passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteRate(u64);

/// A share in parts per million, 0 to 100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

/// Suffixes of times, in nanoseconds.
pub const TIME_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Suffixes of sizes, in bytes.
pub const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// The suffix of shares, in parts per million.
pub const PERCENT_UNITS: &[(&str, u64)] = &[("%", 10_000)];

/// Suffixes of rates, in bits per second: powers of 1000 for bits, both kinds for bytes.
pub const RATE_UNITS: &[(&str, u64)] = &[
    ("bit/s", 1),
    ("kbit/s", 1_000),
    ("Mbit/s", 1_000_000),
    ("Gbit/s", 1_000_000_000),
    ("B/s", 8),
    ("kB/s", 8_000),
    ("MB/s", 8_000_000),
    ("GB/s", 8_000_000_000),
    ("KiB/s", 8 << 10),
    ("MiB/s", 8 << 20),
    ("GiB/s", 8 << 30),
];

/// A decimal number as it is written, exact to the 24th decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    whole: u128,
    /// In units of 10^-24.
    fraction: u128,
    zero: bool,
}

// === impl ByteCount ===

impl ByteCount {
    /// A count of `bytes`.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The count in bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// Prints the largest decimal unit that shows the value exactly with at most three decimals, a binary one where it is whole.
impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let fits = |(_, unit): &&(&str, u64)| {
            let is_binary = *unit > 1 && unit.is_power_of_two();
            value >= *unit
                && if is_binary {
                    value.is_multiple_of(*unit) && !value.is_multiple_of(1_000)
                } else {
                    value.is_multiple_of((unit / 1_000).max(1))
                }
        };
        // From behind: the binary ones come first, and of each kind the largest.
        let unit = SIZE_UNITS.iter().rev().find(fits);
        let (name, unit) = unit.unwrap_or(&SIZE_UNITS[0]);
        print_decimal(f, value, *unit)?;
        f.write_str(name)
    }
}

// === impl ByteRate ===

impl ByteRate {
    /// A rate of `bytes` per second.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The rate that `bits` per second come to, in whole bytes: rounded, but never from something to nothing.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        let bytes = bits / 8 + (bits % 8) / 4;
        Self(if bytes == 0 && bits > 0 { 1 } else { bytes })
    }

    /// The rate in bytes per second.
    #[must_use]
    pub const fn bytes_per_second(self) -> u64 {
        self.0
    }

    /// How long `bytes` take at this rate; for a rate of zero, `Duration::MAX`.
    #[must_use]
    pub fn time_for(self, bytes: u64) -> Duration {
        if self.0 == 0 {
            return Duration::MAX;
        }
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many bytes pass in `time` at this rate.
    #[must_use]
    pub fn bytes_in(self, time: Duration) -> u64 {
        let bytes = u128::from(self.0) * time.as_nanos() / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Prints as sizes do, per second: `125kB/s`.
impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ByteCount(self.0).fmt(f)?;
        f.write_str("/s")
    }
}

// === impl Percent ===

impl Percent {
    /// All of it.
    pub const ALL: Self = Self(1_000_000);
    /// None of it.
    pub const NONE: Self = Self(0);

    /// A whole number of per cent; more than 100 is 100.
    #[must_use]
    pub const fn new(percent: u32) -> Self {
        Self::from_ppm(percent.saturating_mul(10_000))
    }

    /// Parts per million; more than a million is a million.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Self {
        Self(if ppm > 1_000_000 { 1_000_000 } else { ppm })
    }

    /// The share in parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_decimal(f, u64::from(self.0), 10_000)?;
        f.write_str("%")
    }
}

/// A time as the fault language prints it: in the largest of `s`, `ms`, `us`, `ns` that it reaches, exact.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX);
        let (name, unit) = match nanos {
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("us", 1_000),
            0 | 1_000_000..1_000_000_000 => ("ms", 1_000_000),
            _ => ("s", 1_000_000_000),
        };
        print_decimal(f, nanos, unit)?;
        f.write_str(name)
    }
}

// === impl Decimal ===

impl Decimal {
    const DECIMALS: usize = 24;
    const ONE: u128 = 10_u128.pow(24);

    /// Reads digits, and after a point more digits; `None` where there is anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return None;
        }
        let number = |digits: &str| {
            digits.bytes().fold(0_u128, |number, digit| {
                let digit = u128::from(digit - b'0');
                number.saturating_mul(10).saturating_add(digit)
            })
        };
        let read = &decimals[..decimals.len().min(Self::DECIMALS)];
        Some(Self {
            whole: number(whole),
            fraction: number(&format!("{read:0<width$}", width = Self::DECIMALS)),
            zero: text.bytes().all(|byte| matches!(byte, b'0' | b'.')),
        })
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.zero
    }

    /// The number times `unit / per`, rounded to the nearest whole, but never from something to nothing. `None` where
    /// that is more than can be counted.
    #[must_use]
    pub fn scaled(self, unit: u64, per: u64) -> Option<u64> {
        let (unit, per) = (u128::from(unit), u128::from(per));
        let part = self.fraction.checked_mul(unit)?;
        let sum = self
            .whole
            .checked_mul(unit)?
            .checked_add(part / Self::ONE)?;
        // The remainder against half of the divisor, both in units of 10^-24.
        let rest = (sum % per)
            .checked_mul(Self::ONE)?
            .checked_add(part % Self::ONE)?;
        let up = rest.checked_mul(2)? >= per.checked_mul(Self::ONE)?;
        let rounded = u64::try_from(sum / per + u128::from(up)).ok()?;
        Some(if self.zero { 0 } else { rounded.max(1) })
    }
}

/// Prints `value / unit` exactly, without trailing zeros; `unit` is a power of ten, or divides the value.
fn print_decimal(f: &mut fmt::Formatter<'_>, value: u64, unit: u64) -> fmt::Result {
    write!(f, "{}", value / unit)?;
    let rest = value % unit;
    if rest == 0 {
        return Ok(());
    }
    let digits = format!("{rest:0width$}", width = unit.ilog10() as usize);
    write!(f, ".{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_exactly_in_the_largest_unit_they_reach() {
        for (nanos, text) in [
            (0, "0ms"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "90s"),
            (1_500, "1.5us"),
            (7, "7ns"),
            (1_000_000_001, "1.000000001s"),
        ] {
            assert_eq!(Time(Duration::from_nanos(nanos)).to_string(), text);
        }
    }

    #[test]
    fn sizes_and_rates_print_exactly() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1_000, "1kB"),
            (1_024, "1KiB"),
            (1_536, "1.536kB"),
            (65_536, "64KiB"),
            (125_000, "125kB"),
            (1_234_567, "1234.567kB"),
            (1_500_000, "1.5MB"),
            (1 << 30, "1GiB"),
        ] {
            assert_eq!(ByteCount::new(bytes).to_string(), text);
        }
        assert_eq!(ByteRate::from_bits(1_000_000).to_string(), "125kB/s");
    }

    #[test]
    fn a_rate_above_zero_never_rounds_to_nothing() {
        assert_eq!(ByteRate::from_bits(1), ByteRate::new(1));
        assert_eq!(ByteRate::from_bits(0), ByteRate::new(0));
    }

    #[test]
    fn shares_print_down_to_a_millionth() {
        for (ppm, text) in [
            (0, "0%"),
            (20_000, "2%"),
            (100, "0.01%"),
            (1_000_000, "100%"),
            (1, "0.0001%"),
        ] {
            assert_eq!(Percent::from_ppm(ppm).to_string(), text);
        }
    }

    #[test]
    fn a_rate_takes_the_time_that_its_bytes_need() {
        let rate = ByteRate::new(100_000);
        assert_eq!(rate.time_for(50_000), Duration::from_millis(500));
        assert_eq!(rate.bytes_in(Duration::from_millis(500)), 50_000);
        assert_eq!(ByteRate::new(0).time_for(1), Duration::MAX);
    }

    #[test]
    fn a_decimal_scales_without_drift() {
        for (text, unit, per, whole) in [
            ("250", 1_000_000, 1, 250_000_000),
            ("0.1", 10, 1, 1),
            ("1.5", 1_000_000, 8, 187_500),
            ("0.0001", 10_000, 1, 1),
            ("1.4", 1, 1, 1),
            ("1.5", 1, 1, 2),
            ("12", 1, 8, 2),
            ("11.999", 1, 8, 1),
            ("0.300000000004", 10_000_000_000_000, 1, 3_000_000_000_040),
            ("18446744073709551615", 1, 1, u64::MAX),
            ("0.000", 1_000, 1, 0),
        ] {
            let number = Decimal::read(text).expect(text);
            assert_eq!(number.scaled(unit, per), Some(whole), "{text}");
        }
    }

    #[test]
    fn a_decimal_above_zero_never_becomes_nothing() {
        let number = Decimal::read("0.0000000000000000000000000000001").expect("a number");
        assert!(!number.is_zero());
        assert_eq!(number.scaled(1, 8), Some(1));
    }

    #[test]
    fn a_decimal_too_great_to_count_is_refused() {
        for text in ["18446744073709551616", &"9".repeat(60)] {
            let number = Decimal::read(text).expect(text);
            assert_eq!(number.scaled(1, 1), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_has_digits_on_both_sides_of_its_point() {
        for text in ["", ".", "1.", ".5", "1.2.3", "-1", "1e3", "\u{661}"] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
