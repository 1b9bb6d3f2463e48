//! What people type for a fault: spelled out in the fault language before anything else reads it.
//!
//! Here a number needs no unit, a rate may be `64k`, `1mbps` or what the screen prints (`3.8K/s`), a word may be cut short, and
//! `+50ms`, `-50ms`, `x2`, `/2` count from what is set. The field of a value and the palette read so. Scenes, the command line
//! and standard input take the language alone, which stays as it is.

use crate::fault::language::{self, COMMON};
use crate::fault::name::outside_quotes;
use crate::fault::param::Default as Absence;
use crate::fault::{Direction, Directions, Kind, ParamSpec, Plan, Setting, Unit};
use crate::syntax::ParseError;
use crate::ui::format::RateUnit;
use crate::ui::knob::{self, Dial};

mod spelled;
mod value;

#[cfg(test)]
mod tests;

pub(in crate::ui) use spelled::Spelled;
use value::{Slot, without_mark};

/// What a text is typed beside.
#[derive(Clone, Copy, Debug)]
pub(in crate::ui) struct Beside<'a> {
    /// What is set.
    pub(in crate::ui) plan: &'a Plan,
    /// The directions that are meant where none is said.
    pub(in crate::ui) directions: Directions,
    /// What rates are shown in.
    pub(in crate::ui) rates: RateUnit,
    /// Whether a value at the end is left as it is typed, to ask what the language has to follow it.
    pub(in crate::ui) to_the_letter: bool,
}

/// The text of a knob's field, read.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Wanted {
    /// The plan that it makes of the one that is set.
    pub(in crate::ui) plan: Plan,
    /// The directions in which it changes it.
    pub(in crate::ui) directions: Directions,
}

/// What stands before the name of a setting.
const CALLED: &str = "as=";

/// The words of a direction.
const DIRECTIONS: [&str; 3] = ["up", "down", "both"];

/// Spells out faults as people type them.
pub(in crate::ui) fn faults(
    text: &str,
    beside: Beside<'_>,
    spelled: &mut Spelled,
) -> Result<(), ParseError> {
    let mut left = text;
    for index in 0.. {
        let end = outside_quotes(left).find(|(_, c)| *c == ',');
        let (clause, behind) = left.split_at(end.map_or(left.len(), |(at, _)| at));
        if index > 0 {
            spelled.keep(",");
        }
        let (blanks, word, rest) = first_word(clause);
        spelled.keep(blanks);
        spelled.keep(word);
        match Kind::named(word) {
            Some(kind) => words(kind, None, rest, beside, spelled)?,
            None => spelled.keep(rest),
        }
        match behind.strip_prefix(',') {
            Some(more) => left = more,
            None => break,
        }
    }
    Ok(())
}

/// Nothing is typed yet, or the beginning of `off`.
fn unfinished(dial: &Dial, text: &str, first: &str) -> ParseError {
    let (message, follows) = match first {
        "" => (
            format!("a value such as {}, or off", dial.knob.stops[4]),
            None,
        ),
        _ => ("off".to_owned(), Some("off".to_owned())),
    };
    ParseError {
        unfinished: true,
        expected: follows.into_iter().collect(),
        ..ParseError::over(text, 0..text.chars().count(), message)
    }
}

/// A knob is the setting without a name.
fn named(dial: &Dial, text: &str) -> ParseError {
    let at = text.find(CALLED).map_or(0, |at| text[..at].chars().count());
    let message = format!(
        "the knob is the {} without a name; : sets one with a name",
        dial.kind.name
    );
    ParseError::over(text, at..text.chars().count(), message)
}

/// Reads the text of a knob's field: a value or `off`, and behind it what else the knob's kind takes. What is not said stays
/// as it is set.
pub(in crate::ui) fn field(
    dial: &Dial,
    text: &str,
    beside: Beside<'_>,
) -> Result<Wanted, ParseError> {
    let (_, first, _) = first_word(text);
    if first.is_empty() || (first != "off" && "off".starts_with(text.trim())) {
        return Err(unfinished(dial, text, first));
    }
    if text.trim() == "off" {
        return Ok(Wanted {
            plan: dial.set(beside.plan, beside.directions, None),
            directions: beside.directions,
        });
    }
    let is_decimal = |at: usize| text[at + 1..].starts_with(|c: char| c.is_ascii_digit());
    if let Some(at) = text.find(',').filter(|at| !is_decimal(*at)) {
        let at = text[..at].chars().count();
        let message = format!("only {} is set here; : sets several faults", dial.kind.name);
        return Err(ParseError::over(text, at..at + 1, message));
    }
    let (setting, says_where) = setting(dial, text, beside)?;
    if setting.name.is_some() {
        return Err(named(dial, text));
    }
    let directions = match setting.directions {
        Directions::Both if !says_where => beside.directions,
        said => said,
    };
    let mut plan = beside.plan.clone();
    if !first.contains('=') {
        plan = dial.set(&plan, directions, dial.of(&setting));
    }
    let given = text
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    let given: Vec<&str> = given.map(|(name, _)| name).collect();
    if !given.is_empty() {
        let base = dial
            .base(&plan, directions)
            .unwrap_or_else(|| setting.clone());
        plan.set(base.taking(&setting, &given).acting(directions));
    }
    Ok(Wanted { plan, directions })
}

/// The knobs that a value alone can be for, the one at `first` before the others; a number without a unit is for that one.
pub(in crate::ui) fn knobs_that_read(word: &str, first: usize, rates: RateUnit) -> Vec<usize> {
    let has_unit = word.ends_with(|c: char| !c.is_ascii_digit());
    let reads = |index: &usize| {
        let slot = Slot {
            param: &knob::all()[*index].spec(),
            now: None,
            rates,
        };
        (has_unit || *index == first) && slot.reads(word)
    };
    let others = (0..knob::all().len()).filter(|index| *index != first);
    [first].into_iter().chain(others).filter(reads).collect()
}

/// The setting of the knob's kind that the text of a field says, and whether the text says in which directions.
fn setting(dial: &Dial, text: &str, beside: Beside<'_>) -> Result<(Setting, bool), ParseError> {
    let mut spelled = Spelled::default();
    spelled.push("", &format!("{} ", dial.kind.name));
    // What the kind cannot do without is there already, as it is set or as it does least.
    let whole = dial.set(beside.plan, beside.directions, Some(dial.knob.stops[4]));
    let whole = dial.base(&whole, beside.directions);
    let required = dial.kind.params.iter();
    for param in required.filter(|param| param.default == Absence::Required) {
        let value = whole.as_ref().and_then(|whole| whole.value(param.name));
        let is_own = param.name == dial.knob.param && !first_word(text).1.contains('=');
        let is_said = is_own || text.contains(&format!("{}=", param.name));
        if let Some(value) = value.filter(|_| !is_said) {
            spelled.push("", &format!("{}{value} ", sign(param)));
        }
    }
    words(dial.kind, Some(dial), text, beside, &mut spelled)?;
    let settings = language::parse(spelled.text()).map_err(|error| spelled.error(error))?;
    let says_where = says_where(spelled.text());
    // A comma would have begun another one.
    let setting = settings.into_iter().next();
    Ok((
        setting.unwrap_or_else(|| Setting::new(dial.kind)),
        says_where,
    ))
}

/// Spells out what follows a kind; where `dial` is one, as the text of that knob's field.
fn words(
    kind: &'static Kind,
    dial: Option<&Dial>,
    text: &str,
    beside: Beside<'_>,
    spelled: &mut Spelled,
) -> Result<(), ParseError> {
    let bare = || kind.params.iter().find(|param| param.bare).copied();
    let own = dial.map(Dial::spec).or_else(bare).unwrap_or(*COMMON[0]);
    let (mut rest, mut is_given, mut way) = (text, false, None);
    loop {
        let (blanks, word, behind) = first_word(rest);
        spelled.keep(blanks);
        if word.is_empty() {
            break;
        }
        rest = behind;
        let mut params = kind.params.iter().chain(COMMON);
        let named = word.split_once('=');
        let named =
            named.and_then(|(name, value)| Some((params.find(|it| it.name == name)?, value)));
        if let Some((param, value)) = named {
            spelled.keep(&word[..word.len() - value.len()]);
            put(kind, param, value, rest.is_empty(), beside, spelled)?;
        } else if is_given || DIRECTIONS.contains(&word) || word.starts_with(CALLED) {
            spelled.keep(word);
        } else if dial.is_some()
            && own.unit == Unit::Switch
            && without_mark(word, own.unit).1 == "on"
        {
            // To name the kind is to turn it on.
            spelled.push(word, "");
            is_given = true;
            way = without_mark(word, own.unit).0;
        } else {
            spelled.push("", &sign(&own));
            let (blank, unit, after) = first_word(behind);
            let is_apart = own.unit != Unit::Number
                && word.ends_with(|c: char| c.is_ascii_digit())
                && slot(kind, &own, beside).reads(&format!("{word}{unit}"))
                && !unit.is_empty();
            if is_apart {
                // As the screen prints some values: 250 ms.
                rest = after;
                let value = format!("{word}{blank}{unit}");
                put(kind, &own, &value, rest.is_empty(), beside, spelled)?;
            } else {
                put(kind, &own, word, rest.is_empty(), beside, spelled)?;
            }
            is_given = true;
            way = without_mark(word, own.unit).0;
        }
    }
    if let Some(way) = way.filter(|_| !says_where(text)) {
        spelled.push("", &format!(" {way}"));
    }
    Ok(())
}

/// Spells out one value.
fn put(
    kind: &'static Kind,
    param: &ParamSpec,
    value: &str,
    is_last: bool,
    beside: Beside<'_>,
    spelled: &mut Spelled,
) -> Result<(), ParseError> {
    if beside.to_the_letter && is_last {
        spelled.keep(value);
        return Ok(());
    }
    let joined: String = value.split_whitespace().collect();
    match slot(kind, param, beside).spell(&joined) {
        Ok(text) => spelled.push(value, &text),
        Err(message) => {
            spelled.keep(value);
            return Err(spelled.wrong_at_end(value, message));
        }
    }
    Ok(())
}

/// The place of a value, with what is set there.
fn slot<'a>(kind: &'static Kind, param: &'a ParamSpec, beside: Beside<'_>) -> Slot<'a> {
    let mut dials = knob::all().iter().filter(|dial| dial.kind == kind);
    let dial = dials.find(|dial| dial.knob.param == param.name);
    let setting = || {
        let mut ways = Direction::BOTH.into_iter();
        ways.find_map(|way| beside.plan.find(kind, way))?
            .value(param.name)
    };
    Slot {
        param,
        now: dial.map_or_else(setting, |dial| dial.value(beside.plan, beside.directions)),
        rates: beside.rates,
    }
}

/// Whether a text says in which directions.
fn says_where(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| DIRECTIONS.contains(&word))
}

/// What stands before a value: its name, where it does not stand bare.
fn sign(param: &ParamSpec) -> String {
    if param.bare {
        String::new()
    } else {
        format!("{}=", param.name)
    }
}

/// The blanks before the first word of a text, the word, and what follows it.
fn first_word(text: &str) -> (&str, &str, &str) {
    let (blanks, rest) = text.split_at(text.len() - text.trim_start().len());
    let end = outside_quotes(rest).find(|(_, c)| c.is_whitespace());
    let end = end.map_or(rest.len(), |(at, _)| at);
    let (word, rest) = rest.split_at(end);
    (blanks, word, rest)
}
