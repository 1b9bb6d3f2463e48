//! The values of parameters: numbers with units, plain numbers, words. What a parameter's unit reads, and within which
//! range, is the table's. What is wrong with a value is said with the parameter's unit and range and a form that works.
//!
//! A value that touches the end of the text is judged by what it can still become: `250` by every unit that would keep
//! it in its range, `250m` as minutes and as the beginning of `ms`.

use std::cmp::Ordering;
use std::ops::Range;
use std::time::Duration;

use winnow::Parser;
use winnow::combinator::opt;
use winnow::stream::Location;
use winnow::token::take_while;

use super::super::param::Default;
use super::{ahead, first_word, word};
use crate::fault::trace::{self, Column};
use crate::fault::{ParamSpec, Unit, Value};
use crate::format::shortened;
use crate::syntax::{Input, Slip, nearest, unknown};
use crate::units::{
    ByteCount, ByteRate, Decimal, PERCENT_UNITS, Percent, RATE_UNITS, SIZE_UNITS, TIME_UNITS,
};

/// Units of other programs for units of ours.
const FOREIGN_UNITS: &[(&str, &str)] = &[
    ("bps", "bit/s"),
    ("kbps", "kbit/s"),
    ("Kbps", "kbit/s"),
    ("kb/s", "kbit/s"),
    ("mbps", "Mbit/s"),
    ("Mbps", "Mbit/s"),
    ("Mb/s", "Mbit/s"),
    ("gbps", "Gbit/s"),
    ("Gbps", "Gbit/s"),
    ("Gb/s", "Gbit/s"),
    ("k", "kB"),
    ("k", "kbit/s"),
    ("K", "KiB"),
    ("K", "kbit/s"),
    ("M", "MB"),
    ("M", "Mbit/s"),
    ("G", "GB"),
    ("G", "Gbit/s"),
    ("µs", "us"),
    ("μs", "us"),
    ("usec", "us"),
    ("msec", "ms"),
    ("sec", "s"),
    ("min", "m"),
];

/// What a number can be measured in, and what it is in the table of parameters.
struct Measure {
    unit: Unit,
    /// The words of its units, and how many of its smallest parts each has.
    words: &'static [(&'static str, u64)],
    /// How many of its smallest parts make one of the value's.
    parts: u64,
    /// The value of so many; `None` where there is none so great.
    value: fn(u64) -> Option<Value>,
}

static MEASURES: [Measure; 4] = [
    Measure {
        unit: Unit::Time,
        words: TIME_UNITS,
        parts: 1,
        value: |nanos| Some(Value::Time(Duration::from_nanos(nanos))),
    },
    Measure {
        unit: Unit::Rate,
        words: RATE_UNITS,
        // The units of rates are bits, the value is bytes.
        parts: 8,
        value: |bytes| Some(Value::Rate(ByteRate::new(bytes))),
    },
    Measure {
        unit: Unit::Size,
        words: SIZE_UNITS,
        parts: 1,
        value: |bytes| Some(Value::Size(ByteCount::new(bytes))),
    },
    Measure {
        unit: Unit::Percent,
        words: PERCENT_UNITS,
        parts: 1,
        value: |ppm| {
            let ppm = u32::try_from(ppm).ok()?;
            (ppm <= Percent::ALL.ppm()).then(|| Value::Percent(Percent::from_ppm(ppm)))
        },
    },
];

/// A number with one of the units that a parameter reads; no value where it is more than can be counted.
type Reading = (&'static str, Option<Value>);

/// The value of a parameter that errors call `label`.
pub(super) fn value(param: &ParamSpec, label: &str, input: &mut Input<'_>) -> Result<Value, Slip> {
    match param.unit {
        Unit::Switch | Unit::Word(_) => one_word(param, label, input),
        Unit::Number => plain_number(param, label, input),
        Unit::Trace(column) => a_trace(param, column, label, input),
        Unit::Time | Unit::Rate | Unit::Size | Unit::Percent | Unit::TimeOrSize => {
            quantity(param, label, input)
        }
    }
}

/// A number and its unit; a plain zero needs none.
fn quantity(param: &ParamSpec, label: &str, input: &mut Input<'_>) -> Result<Value, Slip> {
    let start = input.current_token_start();
    let (written, number) = number(param, label, input)?;
    let (suffix, at) = word.with_span().parse_next(input)?;
    if suffix.is_empty() && number.is_zero() && place(param, Some(zero(param))).is_eq() {
        return Ok(zero(param));
    }
    let possible = readings(param.unit, number, suffix);
    let fits = |(_, value): &&Reading| place(param, *value).is_eq();
    let fitting: Vec<&Reading> = possible.iter().filter(fits).collect();
    if let Some((_, Some(value))) = fitting.iter().find(|(unit, _)| *unit == suffix) {
        return Ok(*value);
    }
    let units: Vec<&str> = fitting.iter().map(|(unit, _)| *unit).collect();
    let open = input.is_empty();
    let whole_unit = possible.iter().any(|(unit, _)| *unit == suffix);
    let begins_unit = !possible.is_empty() && (open || suffix.is_empty());
    if whole_unit || (begins_unit && units.is_empty()) {
        // More digits make more of too little; they do not make less of too much.
        let small = |(_, value): &Reading| place(param, *value).is_lt();
        let grows = open && suffix.is_empty() && possible.iter().any(small);
        let slip = range(param, label, start..at.end).growing(grows);
        return Err(slip
            .expecting(units.iter().copied())
            .unfinished_if(grows || (open && !units.is_empty())));
    }
    if suffix.is_empty() {
        return Err(no_unit(param, written, &units, input));
    }
    let unfinished = open && !units.is_empty();
    let slip = unknown_unit(param, label, suffix, at);
    Err(slip.unfinished_if(unfinished).expecting(units))
}

/// A number without a unit.
fn plain_number(param: &ParamSpec, label: &str, input: &mut Input<'_>) -> Result<Value, Slip> {
    let begin = input.current_token_start();
    let (written, _) = number(param, label, input)?;
    if !ahead(input).is_empty() {
        return Err(wanted(param, label, input));
    }
    let value = plain(written);
    match (place(param, value), value) {
        (Ordering::Equal, Some(value)) => Ok(value),
        (place, _) => {
            let slip = range(param, label, begin..begin + written.len());
            Err(slip.growing(place.is_lt() && input.is_empty()))
        }
    }
}

fn plain(written: &str) -> Option<Value> {
    let number: f64 = written.parse().ok()?;
    number.is_finite().then_some(Value::Number(number))
}

/// Digits, and after a point more digits.
fn number<'i>(
    param: &ParamSpec,
    label: &str,
    input: &mut Input<'i>,
) -> Result<(&'i str, Decimal), Slip> {
    let begin = input.current_token_start();
    let written: &str = (digits, opt(('.', digits))).take().parse_next(input)?;
    if let Some(decimal) = Decimal::read(written) {
        return Ok((written, decimal));
    }
    if written.is_empty() {
        return Err(wanted(param, label, input));
    }
    let whole = written.strip_suffix('.').unwrap_or_default();
    Err(if too_great(param, whole) {
        range(param, label, begin..begin + written.len())
    } else {
        no_decimal(written, begin, input)
    })
}

fn digits<'i>(input: &mut Input<'i>) -> Result<&'i str, Slip> {
    take_while(0.., '0'..='9').parse_next(input)
}

/// One of the words that the parameter knows.
fn one_word(param: &ParamSpec, label: &str, input: &mut Input<'_>) -> Result<Value, Slip> {
    let written = ahead(input);
    let words = words(param.unit);
    let Some(known) = words.iter().find(|known| **known == written) else {
        return Err(unknown_word(label, written, words, input));
    };
    word::<Slip>(input)?;
    Ok(match param.unit {
        Unit::Switch => Value::Switch(*known == "on"),
        _ => Value::Word(known),
    })
}

/// The path of a trace, or the name of one that is built in; it is read here, the first time.
fn a_trace(
    param: &ParamSpec,
    column: Column,
    label: &str,
    input: &mut Input<'_>,
) -> Result<Value, Slip> {
    let written = ahead(input);
    if written.is_empty() {
        return Err(wanted(param, label, input).expecting(trace::built_in_with(column)));
    }
    let begin = input.current_token_start();
    let open = written.len() == input.len();
    let found = trace::find(written).and_then(|found| found.having(column));
    let found = found.map_err(|why| {
        let follows = trace::built_in_with(column).filter(|name| name.starts_with(written));
        let mut follows: Vec<&str> = follows.collect();
        if follows.is_empty() {
            follows.push(param.unit.describe().0);
        }
        Slip::over(begin..begin + written.len(), why)
            .unfinished_if(open)
            .expecting(follows.into_iter().filter(|_| open))
    })?;
    word::<Slip>(input)?;
    Ok(Value::Trace(found))
}

/// The words that a unit reads; none where it reads numbers.
pub(super) fn words(unit: Unit) -> &'static [&'static str] {
    match unit {
        Unit::Switch => &["on", "off"],
        Unit::Word(words) => words,
        _ => &[],
    }
}

/// Whether the unit reads this number and suffix, whatever the range.
pub(super) fn reads(unit: Unit, written: &str) -> bool {
    let number = written.trim_end_matches(|c: char| !c.is_ascii_digit());
    let suffix = &written[number.len()..];
    match unit {
        Unit::Switch | Unit::Word(_) => words(unit).contains(&written),
        Unit::Number => Decimal::read(written).is_some(),
        _ => Decimal::read(number).is_some() && unit_names(unit).any(|name| name == suffix),
    }
}

/// The words of a unit's suffixes.
fn unit_names(unit: Unit) -> impl Iterator<Item = &'static str> {
    let words = measures(unit).flat_map(|measure| measure.words);
    words.map(|(name, _)| *name)
}

/// A number with each of the units that `suffix` begins.
fn readings(unit: Unit, number: Decimal, suffix: &str) -> Vec<Reading> {
    measures(unit)
        .flat_map(|measure| measure.words.iter().map(move |word| (measure, word)))
        .filter(|(_, (name, _))| name.starts_with(suffix))
        .map(|(measure, (name, factor))| {
            let scaled = number.scaled(*factor, measure.parts);
            (*name, scaled.and_then(measure.value))
        })
        .collect()
}

/// What a unit's numbers are measured in.
fn measures(unit: Unit) -> impl Iterator<Item = &'static Measure> {
    let either = [Unit::Time, Unit::Size];
    let is_one = move |measure: &&Measure| match unit {
        Unit::TimeOrSize => either.contains(&measure.unit),
        unit => measure.unit == unit,
    };
    MEASURES.iter().filter(is_one)
}

/// Nothing, of the sort that the parameter's default has.
fn zero(param: &ParamSpec) -> Value {
    match (param.unit, param.default) {
        (Unit::TimeOrSize, Default::Is(Value::Size(_))) | (Unit::Size, _) => {
            Value::Size(ByteCount::new(0))
        }
        (Unit::Rate, _) => Value::Rate(ByteRate::new(0)),
        (Unit::Percent, _) => Value::Percent(Percent::NONE),
        _ => Value::Time(Duration::ZERO),
    }
}

/// Where a value lies beside the parameter's range; one that is more than can be counted is above it.
fn place(param: &ParamSpec, value: Option<Value>) -> Ordering {
    value.map_or(Ordering::Greater, |value| param.place_of(value))
}

/// Whether a whole number is too much in every unit.
fn too_great(param: &ParamSpec, whole: &str) -> bool {
    let above = |value: Option<Value>| place(param, value).is_gt();
    match (param.unit, Decimal::read(whole)) {
        (_, None) => false,
        (Unit::Number, _) => above(plain(whole)),
        (unit, Some(number)) => readings(unit, number, "")
            .iter()
            .all(|(_, value)| above(*value)),
    }
}

/// No value where one must stand: the rest of the word is none.
pub(super) fn wanted(param: &ParamSpec, label: &str, input: &Input<'_>) -> Slip {
    let (what, examples) = param.unit.describe();
    let word = ahead(input);
    let message = match word.chars().next() {
        _ if !words(param.unit).is_empty() => {
            format!("{label} wants {}", words(param.unit).join(" or "))
        }
        Some('-') => format!("{label} is never negative: {examples}"),
        Some(c) if c.is_numeric() && !c.is_ascii() => {
            format!("numbers are written in the digits 0 to 9: {examples}")
        }
        _ => format!("{}: {examples}", wants(label, what)),
    };
    let begin = input.current_token_start();
    let described = words(param.unit).is_empty().then_some(what);
    Slip::over(begin..begin + word.len(), message)
        .unfinished_if(input.is_empty())
        .expecting(described)
        .expecting(words(param.unit).iter().copied())
}

/// `jitter wants a time`, and only `needs a rate` of a parameter that is called so.
fn wants(label: &str, what: &str) -> String {
    if what.ends_with(label) {
        format!("needs {what}")
    } else {
        format!("{label} wants {what}")
    }
}

/// A word that a parameter does not know. The input stands before it.
fn unknown_word(label: &str, written: &str, known: &[&'static str], input: &Input<'_>) -> Slip {
    let begin = input.current_token_start();
    let message = match nearest(written, known.iter().copied()) {
        None if written.is_empty() || known.contains(&"on") => {
            format!("{label} wants {}", known.join(" or "))
        }
        guess => unknown(label, written, guess, known),
    };
    let follows = known.iter().filter(|word| word.starts_with(written));
    let follows: Vec<&str> = follows.copied().collect();
    Slip::over(begin..begin + written.len(), message)
        .unfinished_if(written.len() == input.len() && !follows.is_empty())
        .expecting(follows)
}

/// A point with no digit on one of its sides.
fn no_decimal(written: &str, begin: usize, input: &Input<'_>) -> Slip {
    let end = begin + written.len();
    if written.starts_with('.') {
        // A lone point asks for a digit behind it too.
        let digits = if written == "." { ".5" } else { written };
        let form = shortened(&format!("0{digits}{}", ahead(input)));
        let message = format!("needs a digit before the point: {form}");
        return Slip::over(begin..begin + 1, message);
    }
    Slip::over(
        end..end,
        format!("needs a digit after the point: {}5", shortened(written)),
    )
    .growing(input.is_empty())
}

/// A number without a unit, which would fit in these. The input stands behind it.
fn no_unit(param: &ParamSpec, number: &str, fitting: &[&str], input: &Input<'_>) -> Slip {
    let (what, _) = param.unit.describe();
    let usual = ["ms", "kbit/s", "kB", "%"];
    let unit = fitting
        .iter()
        .find(|unit| usual.contains(unit))
        .or(fitting.first())
        .copied()
        .or_else(|| unit_names(param.unit).next())
        .unwrap_or_default();
    let rest: &str = input.as_ref();
    let decimals = rest.strip_prefix(',').map_or("", first_word);
    let apart = first_word(rest.trim_start());
    let message = if decimals.starts_with(|c: char| c.is_ascii_digit()) {
        format!(
            "decimals follow a point: {}",
            shortened(&format!("{number}.{decimals}"))
        )
    } else if fitting.contains(&apart) {
        format!(
            "no blank between number and unit: {}{apart}",
            shortened(number)
        )
    } else {
        format!("{what} needs a unit: {}{unit}", shortened(number))
    };
    Slip::here(input, message).expecting(fitting.iter().copied())
}

/// A suffix that is no unit of the parameter's.
fn unknown_unit(param: &ParamSpec, label: &str, suffix: &str, at: Range<usize>) -> Slip {
    let (what, examples) = param.unit.describe();
    let has = |measure: &&Measure| measure.words.iter().any(|(name, _)| *name == suffix);
    let own = |measure: &&Measure| measures(param.unit).any(|own| own.unit == measure.unit);
    if let Some(other) = MEASURES.iter().filter(has).find(|it| !own(it)) {
        let (not, _) = other.unit.describe();
        return Slip::over(at, format!("{}, not {not}: {examples}", wants(label, what)));
    }
    if let Some((_, rest)) = suffix.split_once(';') {
        let at = at.end - rest.len() - 1..at.end - rest.len();
        return Slip::over(at, "faults are separated by \",\" instead of \";\"");
    }
    let names: Vec<&str> = unit_names(param.unit).collect();
    let guess = FOREIGN_UNITS
        .iter()
        .find(|(foreign, name)| *foreign == suffix && names.contains(name))
        .map(|(_, name)| *name)
        .or_else(|| nearest(suffix, names.iter().copied()));
    Slip::over(at, unknown("unit", suffix, guess, &names))
}

/// A value that is out of the parameter's range.
fn range(param: &ParamSpec, label: &str, at: Range<usize>) -> Slip {
    let message = match (param.range, param.unit) {
        (Some((low, high)), _) => format!("{label} is {low} to {high}"),
        (None, Unit::Percent) => format!("{label} is 0% to 100%"),
        (None, unit) => format!("{label} is too great: {}", unit.describe().1),
    };
    Slip::over(at, message)
}
