//! The grammar of expectations, a function a production:
//!
//! ```text
//! expectation = quantity comparison value [ "of" proxy ]
//! quantity    = "feels" [ "p50" | "p90" | "p99" | "p99.9" | "max" ] | "waits" | "recovers" | "failed" | "cut" | "answers"
//!             | "holds" fault
//! fault       = what a sweep climbs: a kind, the parameter of a knob, a direction
//! comparison  = "<" | "<=" | "=" | ">=" | ">"
//! value       = a time of the fault language, a number, or a value of the fault, as the quantity is measured
//! proxy       = any characters but blanks
//! ```

use winnow::Parser;
use winnow::combinator::opt;
use winnow::stream::Location;
use winnow::token::{take_till, take_while};

use super::{Comparison, Expectation, Measured, Quantity};
use crate::fault::language;
use crate::fault::{ParamSpec, Unit, Value};
use crate::sweep::grammar as sweep;
use crate::syntax::{Input, Parsed, Slip, blanks, nearest, unknown, until_blank};

/// What how far a fault holds is called.
const HOLDS: &str = "holds";

/// The other quantities, by their words.
const QUANTITIES: [(&str, Quantity); 6] = [
    ("feels", Quantity::Feels(0.5)),
    ("waits", Quantity::Waits),
    ("recovers", Quantity::Recovers),
    ("failed", Quantity::Failed),
    ("cut", Quantity::Cut),
    ("answers", Quantity::Answers),
];

/// Which waits of all are meant, by their words.
const SHARES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

/// The words of a quantity.
pub(super) fn words(quantity: &Quantity) -> String {
    match quantity {
        Quantity::Feels(share) => {
            let is_it = |(_, other): &&(&str, f64)| (share - other).abs() < 1e-9;
            let word = SHARES.iter().find(is_it).map_or("p50", |(word, _)| word);
            return format!("feels {word}");
        }
        Quantity::Holds(sweep) => return format!("{HOLDS} {}", sweep.fault()),
        _ => {}
    }
    let mut words = QUANTITIES.iter().filter(|(_, other)| other == quantity);
    words.next().map_or("", |(word, _)| word).to_owned()
}

/// `expectation = quantity comparison value [ "of" proxy ]`
pub(super) fn expectation(input: &mut Input<'_>) -> Parsed<Expectation> {
    let quantity = quantity(input)?;
    let comparison = comparison(input)?;
    blanks(input)?;
    let value = value(&quantity, input)?;
    blanks(input)?;
    let of = opt(of).parse_next(input)?;
    Ok(Expectation {
        quantity,
        comparison,
        value,
        of,
    })
}

fn quantity(input: &mut Input<'_>) -> Parsed<Quantity> {
    if opt(holds).parse_next(input)?.is_some() {
        blanks(input)?;
        return Ok(Quantity::Holds(sweep::fault(input)?));
    }
    let known: Vec<&str> = QUANTITIES.iter().map(|(word, _)| *word).collect();
    let known = [known, vec![HOLDS]].concat();
    let quantity = one_of(&QUANTITIES, "quantity", &known, input)?;
    blanks(input)?;
    if let Quantity::Feels(_) = quantity
        && !input.is_empty()
        && !input.starts_with(['<', '=', '>'])
    {
        let known = SHARES.map(|(word, _)| word);
        let share = one_of(&SHARES, "share", &known, input)?;
        blanks(input)?;
        return Ok(Quantity::Feels(share));
    }
    Ok(quantity)
}

fn holds(input: &mut Input<'_>) -> Parsed<()> {
    take_till(1.., ends_quantity)
        .verify(|word: &str| word == HOLDS)
        .void()
        .parse_next(input)
}

fn ends_quantity(c: char) -> bool {
    c.is_whitespace() || "<=>".contains(c)
}

/// A word of a table; what is wrong says which there are.
fn one_of<T: Clone>(
    table: &[(&str, T)],
    what: &str,
    known: &[&'static str],
    input: &mut Input<'_>,
) -> Parsed<T> {
    let begin = input.current_token_start();
    let word: &str = take_till(0.., ends_quantity).parse_next(input)?;
    let found = table.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let message = match word {
            "" => format!("what is expected begins with one of {}", known.join(", ")),
            word => unknown(what, word, nearest(word, known.iter().copied()), known),
        };
        Slip::over(begin..begin + word.len(), message)
            .expecting(known.iter().copied())
            .cut()
    })
}

fn comparison(input: &mut Input<'_>) -> Parsed<Comparison> {
    let begin = input.current_token_start();
    let signs: &str = take_while(0.., ['<', '=', '>', '!']).parse_next(input)?;
    let found = Comparison::ALL.iter().find(|(sign, _)| *sign == signs);
    found.map(|(_, comparison)| *comparison).ok_or_else(|| {
        let message = match signs {
            "" => "a comparison stands here: <, <=, =, >= or >".to_owned(),
            "==" => "equal is written with one =".to_owned(),
            signs => format!("{signs} is no comparison: <, <=, =, >= or >"),
        };
        let end = begin + signs.len();
        let slip = if signs.is_empty() {
            Slip::here(input, message)
        } else {
            Slip::over(begin..end, message)
        };
        slip.expecting(Comparison::ALL.map(|(sign, _)| sign)).cut()
    })
}

fn value(quantity: &Quantity, input: &mut Input<'_>) -> Parsed<Measured> {
    if let Quantity::Holds(sweep) = quantity {
        let value = language::value_of(&sweep.dial.spec(), input)?;
        return Ok(Measured::Set(value));
    }
    let unit = match quantity {
        Quantity::Feels(_) | Quantity::Waits | Quantity::Recovers => Unit::Time,
        Quantity::Failed | Quantity::Cut | Quantity::Answers | Quantity::Holds(_) => Unit::Number,
    };
    let (begin, rest) = (input.current_token_start(), *input);
    let value =
        language::value_of(&ParamSpec::of_no_kind("the value", unit), input).map_err(|error| {
            match unit {
                Unit::Number if !rest.is_empty() => {
                    let written = until_blank(&rest).len();
                    let words = words(quantity);
                    let message = format!("{words} wants a number, without a unit: {words} < 3");
                    Slip::over(begin..begin + written, message).cut()
                }
                _ => error,
            }
        })?;
    match value {
        Value::Time(time) => Ok(Measured::Time(time)),
        Value::Number(number) => Ok(Measured::Count(number)),
        _ => Err(Slip::here(input, "a time or a number stands here").cut()),
    }
}

/// `"of" proxy`
fn of(input: &mut Input<'_>) -> Parsed<String> {
    take_till(1.., char::is_whitespace)
        .verify(|word: &str| word == "of")
        .parse_next(input)?;
    blanks(input)?;
    let name: &str = take_till(0.., char::is_whitespace).parse_next(input)?;
    if name.is_empty() {
        let message = "a proxy's name stands behind of, as in failed = 0 of shop";
        return Err(Slip::here(input, message).cut());
    }
    Ok(name.to_owned())
}
