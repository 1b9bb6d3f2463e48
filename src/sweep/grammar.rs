//! The grammar of a sweep, a function a production:
//!
//! ```text
//! sweep  = kind [ parameter ] { option }
//! fault  = kind [ parameter ] [ direction ]
//! option = "from=" value | "to=" value | "steps=" number | "hold=" time | "until=" until | "linear" | direction
//! until  = "fails" | "waits>" time | "rate<" percentage
//! ```
//!
//! Which values a kind takes is said by the knob that turns its parameter: its first one where none is named.

use std::ops::Range;

use winnow::Parser;
use winnow::error::ErrMode;
use winnow::stream::Location;
use winnow::token::{take_till, take_while};

use super::{Sweep, Until};
use crate::fault::language::{self, DIRECTIONS};
use crate::fault::scale::magnitude;
use crate::fault::{Dial, Directions, KINDS, Kind, ParamSpec, Unit, Value};
use crate::syntax::{Input, Parsed, Slip, blanks, nearest, unknown};
use crate::units::Percent;

/// The words of options that take a value.
const OPTIONS: [&str; 5] = ["from=", "to=", "steps=", "hold=", "until="];

/// What may follow `until=`.
const UNTIL: [&str; 3] = ["fails", "waits>2s", "rate<50%"];

/// How many values there are.
static STEPS: ParamSpec = ParamSpec {
    range: Some((Value::Number(2.0), Value::Number(Sweep::MOST_STEPS as f64))),
    ..ParamSpec::of_no_kind("steps", Unit::Number)
};

/// For how long each is held.
static HOLD: ParamSpec = ParamSpec {
    range: Some((Value::Time(Sweep::HOLDS.0), Value::Time(Sweep::HOLDS.1))),
    ..ParamSpec::of_no_kind("hold", Unit::Time)
};

static WAITS: ParamSpec = ParamSpec::of_no_kind("waits", Unit::Time);

/// Of the first step's answers: no rate is less than none of them.
static RATE: ParamSpec = ParamSpec {
    range: Some((
        Value::Percent(Percent::from_ppm(1)),
        Value::Percent(Percent::ALL),
    )),
    ..ParamSpec::of_no_kind("rate", Unit::Percent)
};

/// `sweep = kind [ parameter ] { option }`
pub(crate) fn sweep(input: &mut Input<'_>) -> Parsed<Sweep> {
    let begin = input.current_token_start();
    let kind = language::kind(KINDS, &[], input)?;
    let named = begin..input.current_token_start();
    blanks(input)?;
    let dial = dial(kind, named.clone(), input)?;
    let mut sweep = Sweep::of(dial, Directions::Both);
    let mut given: Vec<&str> = Vec::new();
    while !input.is_empty() {
        option(&mut sweep, &mut given, input)?;
        blanks(input)?;
    }
    check_ends(&sweep, named)?;
    Ok(sweep)
}

/// `fault = kind [ parameter ] [ direction ]`: what a sweep climbs.
pub(crate) fn fault(input: &mut Input<'_>) -> Parsed<Sweep> {
    let begin = input.current_token_start();
    let kind = language::kind(KINDS, &[], input)?;
    let named = begin..input.current_token_start();
    blanks(input)?;
    let mut sweep = Sweep::of(dial(kind, named, input)?, Directions::Both);
    let begin = input.current_token_start();
    let mut ahead = *input;
    let name = word(&mut ahead)?;
    if DIRECTIONS.iter().any(|(known, _)| *known == name) {
        *input = ahead;
        bare(&mut sweep, &[], name, begin..begin + name.len(), input)?;
        blanks(input)?;
    }
    Ok(sweep)
}

/// The knob that is turned: the one of the parameter that is named next, else the first.
fn dial(kind: &'static Kind, named: Range<usize>, input: &mut Input<'_>) -> Parsed<Dial> {
    let dials: Vec<Dial> = kind.knobs.iter().map(|knob| Dial { kind, knob }).collect();
    let mut ahead = *input;
    let word = word(&mut ahead)?;
    let by_name = dials.iter().find(|dial| dial.knob.param == word);
    if by_name.is_some() {
        blanks(&mut ahead)?;
        *input = ahead;
    }
    let can_climb = |dial: &&Dial| Sweep::can_climb(dial);
    let found = by_name.or(dials.first()).filter(can_climb).copied();
    found.ok_or_else(|| {
        let mut kinds = KINDS.iter().filter(|kind| {
            let knob = kind.knobs.first();
            knob.is_some_and(|knob| Sweep::can_climb(&Dial { kind, knob }))
        });
        let example = kinds.next().map_or("", |kind| kind.name);
        let message = format!(
            "{} has no value that could be climbed: sweep one that has, as in {example}",
            kind.name
        );
        Slip::over(named, message).cut()
    })
}

/// `option = "from=" value | "to=" value | "steps=" number | "hold=" time | "until=" until | "linear" | direction`
fn option<'i>(sweep: &mut Sweep, given: &mut Vec<&'i str>, input: &mut Input<'i>) -> Parsed<()> {
    let begin = input.current_token_start();
    let mut ahead = *input;
    let name: &str =
        take_till(0.., |c: char| c == '=' || c.is_whitespace()).parse_next(&mut ahead)?;
    let at = begin..begin + name.len();
    if given.contains(&name) {
        let message = format!("{name} is given already: leave out one of the two");
        return Err(Slip::over(at, message).cut());
    }
    let takes_value = ahead.starts_with('=');
    if !takes_value {
        *input = ahead;
        bare(sweep, given, name, at, input)?;
        given.push(name);
        return Ok(());
    }
    if !OPTIONS.iter().any(|it| it.trim_end_matches('=') == name) {
        *input = ahead;
        return Err(unknown_option(name, at, input));
    }
    '='.parse_next(&mut ahead)?;
    *input = ahead;
    given.push(name);
    match name {
        "steps" => sweep.steps = Some(steps(input)?),
        "hold" => sweep.hold = time(&HOLD, input)?,
        "until" => sweep.until = Some(until(input)?),
        name => {
            let spec = sweep.dial.spec();
            let value = Some(language::value_of(&spec, input)?);
            *(if name == "from" {
                &mut sweep.from
            } else {
                &mut sweep.to
            }) = value;
        }
    }
    Ok(())
}

/// `"linear" | direction`
fn bare(
    sweep: &mut Sweep,
    given: &[&str],
    name: &str,
    at: Range<usize>,
    input: &Input<'_>,
) -> Parsed<()> {
    if name == "linear" {
        sweep.linear = true;
        return Ok(());
    }
    let directions = |word: &str| DIRECTIONS.iter().find(|(name, _)| *name == word);
    let Some((_, wanted)) = directions(name) else {
        return Err(unknown_option(name, at, input));
    };
    let kind = sweep.dial.kind;
    let message = if given.iter().any(|word| directions(word).is_some()) {
        "a direction is given already".to_owned()
    } else if !kind.directed && *wanted != Directions::Both {
        let kind = kind.name;
        format!("{kind} acts on connections as a whole: leave out {name}")
    } else {
        sweep.directions = *wanted;
        return Ok(());
    };
    Err(Slip::over(at, message).cut())
}

fn unknown_option(name: &str, at: Range<usize>, input: &Input<'_>) -> ErrMode<Slip> {
    let known: Vec<&str> = OPTIONS
        .into_iter()
        .chain(["linear", "up", "down"])
        .collect();
    let guess = nearest(name, known.iter().map(|word| word.trim_end_matches('=')));
    let follows: Vec<&str> = known
        .iter()
        .copied()
        .filter(|word| word.starts_with(name))
        .collect();
    let message = unknown("word of a sweep", name, guess, &known);
    Slip::over(at, message)
        .unfinished_if(input.is_empty() && !follows.is_empty())
        .expecting(follows)
        .cut()
}

fn steps(input: &mut Input<'_>) -> Parsed<u32> {
    let begin = input.current_token_start();
    match language::value_of(&STEPS, input)? {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number within the range"
        )]
        Value::Number(number) if number.fract() == 0.0 => Ok(number as u32),
        _ => {
            let at = begin..input.current_token_start();
            Err(Slip::over(at, "steps are counted in whole ones: steps=8").cut())
        }
    }
}

fn time(spec: &ParamSpec, input: &mut Input<'_>) -> Parsed<std::time::Duration> {
    let value = language::value_of(spec, input)?;
    let time = value.time();
    time.ok_or_else(|| Slip::here(input, "a time stands here").cut())
}

/// `until = "fails" | "waits>" time | "rate<" percentage`
fn until(input: &mut Input<'_>) -> Parsed<Until> {
    let begin = input.current_token_start();
    let name: &str = take_while(0.., char::is_alphabetic).parse_next(input)?;
    let sign: &str = take_while(0.., ['<', '>', '=']).parse_next(input)?;
    match (name, sign) {
        ("fails", "") => Ok(Until::Fails),
        ("waits", ">") => Ok(Until::Waits(time(&WAITS, input)?)),
        ("rate", "<") => match language::value_of(&RATE, input)? {
            Value::Percent(share) => Ok(Until::Rate(share)),
            _ => Err(Slip::here(input, "a percentage stands here").cut()),
        },
        _ => {
            let is_end = input.is_empty();
            let written = format!("{name}{sign}");
            let begins = |word: &&&str| word.starts_with(&written);
            let follows: Vec<&str> = UNTIL.iter().filter(begins).copied().collect();
            let message = format!("until wants one of {}", UNTIL.join(", "));
            let end = input.current_token_start();
            Err(Slip::over(begin..end, message)
                .unfinished_if(is_end && !follows.is_empty())
                .expecting(follows)
                .cut())
        }
    }
}

/// From where to where must lead somewhere, and no step is so many times nothing.
fn check_ends(sweep: &Sweep, at: Range<usize>) -> Parsed<()> {
    let (from, to) = sweep.ends();
    let [first, last] = [from, to].map(magnitude);
    let message = if first == last {
        format!("from and to are both {from}: there is nothing to climb")
    } else if !sweep.linear && (first == Some(0) || last == Some(0)) {
        let stop = sweep.dial.knob.stops[0];
        format!("steps that multiply lead neither from zero nor to it: from={stop}, or linear")
    } else {
        return Ok(());
    };
    Err(Slip::over(at, message).cut())
}

/// Everything up to a blank.
fn word<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    take_till(0.., char::is_whitespace).parse_next(input)
}
