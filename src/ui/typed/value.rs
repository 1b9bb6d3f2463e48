//! One value as people type it: `300`, `64k`, `1mbps`, `+50ms`, `x2`, and whatever the screen prints of a setting.

use std::time::Duration;

use crate::fault::scale::{magnitude, of_magnitude};
use crate::fault::{Direction, ParamSpec, Unit, Value, language};
use crate::ui::format::RateUnit;
use crate::units::{ByteCount, ByteRate, Decimal};

/// The place that a value is typed for.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Slot<'a> {
    pub(in crate::ui) param: &'a ParamSpec,
    /// What it is set to: `+50ms` and `x2` count from there.
    pub(in crate::ui) now: Option<Value>,
    /// In what a rate without a unit is meant: as the screen shows them.
    pub(in crate::ui) rates: RateUnit,
}

/// How a value counts from what is set.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    More,
    Less,
    Times,
    Part,
}

/// Marks that the screen prints before a value and that say nothing of it: jitter's, of directions that differ, of what moves.
const MARKS: [char; 5] = ['±', '↕', '~', '≈', '<'];

/// Units of times that the language spells otherwise.
const TIMES: [(&str, &str); 9] = [
    ("", "ms"),
    ("µs", "us"),
    ("μs", "us"),
    ("usec", "us"),
    ("msec", "ms"),
    ("sec", "s"),
    ("secs", "s"),
    ("min", "m"),
    ("mins", "m"),
];

/// The direction that a mark before a value of this unit stands for, and the value behind it. Terminals without arrows print
/// `^` and `v`.
pub(super) fn without_mark(word: &str, unit: Unit) -> (Option<Direction>, &str) {
    let bare = word.trim_start_matches(MARKS);
    let is_value = |rest: &&str| match unit {
        Unit::Word(words) => words.iter().any(|word| word.starts_with(rest)),
        Unit::Switch => *rest == "on",
        _ => rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'),
    };
    let marks = [
        ('↑', Direction::Up),
        ('^', Direction::Up),
        ('↓', Direction::Down),
        ('v', Direction::Down),
    ];
    let mut marked = marks.iter().filter_map(|(mark, direction)| {
        let rest = bare.strip_prefix(*mark)?.trim_start_matches(MARKS);
        let rest = Some(rest).filter(is_value)?;
        Some((Some(*direction), rest))
    });
    marked.next().unwrap_or((None, bare))
}

impl Slot<'_> {
    /// The value in the fault language; what is none is left as it is, for the language to say what is wrong with it.
    pub(super) fn spell(&self, word: &str) -> Result<String, String> {
        let (_, word) = without_mark(word, self.param.unit);
        if let Some((step, by)) = step(word).filter(|_| self.counts()) {
            return self.counted(step, by);
        }
        Ok(self.absolute(word).unwrap_or_else(|| word.to_owned()))
    }

    /// Whether `word` is a value of it: a number with or without a unit, or a word that it knows.
    pub(super) fn reads(&self, word: &str) -> bool {
        let spelled = self.spell(word);
        spelled.is_ok_and(|text| language::parse_value(self.param, &text).is_ok())
    }

    /// The value in the language, where people type it otherwise.
    fn absolute(&self, word: &str) -> Option<String> {
        if let Unit::Word(words) = self.param.unit {
            let mut meant = words.iter().filter(|known| known.starts_with(word));
            let only = meant.next().filter(|_| meant.next().is_none())?;
            return Some((*only).to_owned()).filter(|_| !word.is_empty());
        }
        let end = word.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, suffix) = word.split_at(end.unwrap_or(word.len()));
        let nought = if number.starts_with('.') { "0" } else { "" };
        let number = format!("{nought}{number}");
        let decimal = Decimal::read(&number)?;
        let unit = |units: &[(&str, &'static str)]| {
            let mut units = units.iter();
            let known = units.find(|(typed, _)| *typed == suffix);
            known.map_or(suffix.to_owned(), |(_, unit)| (*unit).to_owned())
        };
        Some(match self.param.unit {
            Unit::Time => number + &unit(&TIMES),
            Unit::Percent => number + &unit(&[("", "%")]),
            Unit::Rate => {
                // The knob's own unit: thousands, as most rates are.
                let suffix = if suffix.is_empty() { "k" } else { suffix };
                let bits = data(suffix, self.rates)?;
                ByteRate::new(decimal.scaled(bits, 8)?).to_string()
            }
            // The language asks for a unit where both a time and a size may be meant.
            Unit::Size => {
                let bytes = data(suffix, RateUnit::Bytes).filter(|_| !suffix.contains('/'))? / 8;
                ByteCount::new(decimal.scaled(bytes, 1)?).to_string()
            }
            Unit::TimeOrSize if suffix.is_empty() => return None,
            Unit::TimeOrSize => match data(suffix, RateUnit::Bytes) {
                Some(bits) if suffix != "m" => {
                    ByteCount::new(decimal.scaled(bits / 8, 1)?).to_string()
                }
                _ => number + &unit(&TIMES),
            },
            Unit::Number | Unit::Switch | Unit::Word(_) | Unit::Trace(_) => return None,
        })
    }

    /// Whether a value can count from another one.
    fn counts(&self) -> bool {
        !matches!(
            self.param.unit,
            Unit::Switch | Unit::Word(_) | Unit::Trace(_) | Unit::TimeOrSize
        )
    }

    /// What is set, so much more or less, or so many times. What the parameter does not allow becomes the nearest that it does.
    fn counted(&self, step: Step, by: &str) -> Result<String, String> {
        let nothing = "nothing is set that it could count from";
        let now = match (self.now, step, self.param.unit) {
            (Some(now), ..) => now,
            (None, Step::More, Unit::Time) => Value::Time(Duration::ZERO),
            (None, Step::More, Unit::Size) => Value::Size(ByteCount::new(0)),
            (None, Step::More, Unit::Percent) => Value::Percent(crate::units::Percent::NONE),
            (None, ..) => return Err(nothing.to_owned()),
        };
        let Some(parts) = magnitude(now) else {
            return Err(nothing.to_owned());
        };
        let sum = match step {
            Step::More | Step::Less => {
                let by = self.absolute(by).unwrap_or_else(|| by.to_owned());
                let unlimited = ParamSpec {
                    range: None,
                    ..*self.param
                };
                let by = language::parse_value(&unlimited, &by).map_err(|error| error.message)?;
                let by = magnitude(by).unwrap_or(0);
                if step == Step::More {
                    parts.saturating_add(by)
                } else if by >= parts && self.param.unit == Unit::Rate {
                    return Err(format!("{now} is no more than that: nothing would pass"));
                } else {
                    parts.saturating_sub(by)
                }
            }
            Step::Times | Step::Part => {
                let factor: f64 = by.parse().unwrap_or(0.0);
                if factor <= 0.0 {
                    return Err("needs a number above 0: x2, /2".to_owned());
                }
                times(
                    parts,
                    if step == Step::Times {
                        factor
                    } else {
                        1.0 / factor
                    },
                )
            }
        };
        Ok(self.param.clamp(of_magnitude(now, sum)).to_string())
    }
}

/// How a word counts from what is set, and by what.
fn step(word: &str) -> Option<(Step, &str)> {
    let steps = [
        ("+", Step::More),
        ("-", Step::Less),
        ("−", Step::Less),
        ("x", Step::Times),
        ("×", Step::Times),
        ("*", Step::Times),
        ("/", Step::Part),
    ];
    let before = steps
        .iter()
        .find_map(|(sign, step)| Some((*step, word.strip_prefix(sign)?)));
    let behind = || Some((Step::Times, word.strip_suffix(['x', '×'])?));
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    before.or_else(behind).filter(|(_, by)| is_number(by))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and neither factor is negative"
)]
fn times(parts: u64, factor: f64) -> u64 {
    (parts as f64 * factor).round() as u64
}

/// How many bits one of an amount of data is, by its suffix: `k`, `Mb`, `MB/s`, `mbps`, `KiB`. Without bits or bytes in it, it
/// is meant in those that rates are shown in.
fn data(suffix: &str, rates: RateUnit) -> Option<u64> {
    let steps = ['k', 'm', 'g', 't', 'p', 'e'];
    let first = suffix.chars().next().map(|c| c.to_ascii_lowercase());
    let power = steps.iter().position(|step| Some(*step) == first);
    let (power, rest) = power.map_or((0, suffix), |power| (power + 1, &suffix[1..]));
    let binary = rest.strip_prefix('i').filter(|_| power > 0);
    let base: u64 = if binary.is_some() { 1_024 } else { 1_000 };
    let bits = match binary.unwrap_or(rest) {
        "" | "/s" => rates.bits(),
        "b" | "b/s" | "bps" | "bit" | "bits" | "bit/s" | "bits/s" => 1,
        "B" | "B/s" | "Bps" | "byte" | "bytes" | "byte/s" | "bytes/s" => 8,
        _ => return None,
    };
    base.checked_pow(u32::try_from(power).ok()?)?
        .checked_mul(bits)
}
