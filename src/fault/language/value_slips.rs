//! What is wrong with a value, said with the parameter's unit and range and a form that would work.

use std::ops::Range;

use winnow::stream::{Location, Stream};

use super::ahead;
use super::value::{Measure, measures, unit_names, words};
use crate::fault::{ParamSpec, Unit};
use crate::format::shortened;
use crate::syntax::{Input, Slip, blanks, nearest, unknown};

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
pub(super) fn unknown_word(label: &str, word: &str, known: &[&str], input: &Input<'_>) -> Slip {
    let begin = input.current_token_start();
    let guess = nearest(word, known.iter().copied());
    let message = match guess {
        None if word.is_empty() || known.contains(&"on") => {
            format!("{label} wants {}", known.join(" or "))
        }
        guess => unknown(label, word, guess, known),
    };
    Slip::over(begin..begin + word.len(), message)
}

/// A point with no digit on one of its sides.
pub(super) fn no_decimal(written: &str, begin: usize, input: &Input<'_>) -> Slip {
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
pub(super) fn no_unit(
    param: &ParamSpec,
    number: &str,
    fitting: &[&str],
    input: &Input<'_>,
) -> Slip {
    let (what, _) = param.unit.describe();
    let usual = ["ms", "kbit/s", "kB", "%"];
    let unit = fitting
        .iter()
        .find(|unit| usual.contains(unit))
        .or(fitting.first())
        .copied()
        .or_else(|| unit_names(param.unit).next())
        .unwrap_or_default();
    let mut behind = *input;
    let decimals = match behind.next_token() {
        Some(',') => ahead(&behind),
        _ => "",
    };
    let mut apart = *input;
    let apart = blanks(&mut apart).map_or("", |()| ahead(&apart));
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
pub(super) fn unknown_unit(param: &ParamSpec, label: &str, suffix: &str, at: Range<usize>) -> Slip {
    let (what, examples) = param.unit.describe();
    let other = Measure::ALL
        .into_iter()
        .filter(|measure| !measures(param.unit).contains(measure))
        .find(|measure| measure.units().iter().any(|(name, _)| *name == suffix));
    if let Some(measure) = other {
        let not = measure.name();
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
pub(super) fn range(param: &ParamSpec, label: &str, at: Range<usize>) -> Slip {
    let message = match (param.range, param.unit) {
        (Some((low, high)), _) => format!("{label} is {low} to {high}"),
        (None, Unit::Percent) => format!("{label} is 0% to 100%"),
        (None, unit) => format!("{label} is too great: {}", unit.describe().1),
    };
    Slip::over(at, message)
}
