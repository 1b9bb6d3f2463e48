//! The fault language: settings as text, for every place in which a fault is written.
//!
//! ```text
//! faults    = fault { "," fault }
//! fault     = kind { value | name "=" value } [ "as=" called ] [ direction ]
//! direction = "up" | "down" | "both"
//! called    = any characters but blanks and commas | '"' any characters '"'
//! ```
//!
//! The grammar knows no kind by name: words, units, ranges and their errors come from the table of kinds, so that a new
//! kind needs no line here. A direction may stand anywhere after its kind, once, and so may a name. `share`, `start` and `for`
//! belong to every kind; a bare percentage is the share, unless the kind's own bare value is one.

use std::borrow::Cow;
use std::time::Duration;

use winnow::Parser;
use winnow::combinator::opt;
use winnow::error::ParserError;
use winnow::stream::Location;
use winnow::token::{take, take_till};

use super::name::{quoted_len, unescaped};
use super::param;
use super::setting::{Directions, Setting};
use super::{Direction, KINDS, Kind, ParamSpec, SettingName, Unit, Value};
use crate::syntax::{self, Input, ParseError, Parsed, Slip, blanks};
use crate::units::Percent;
use draft::Draft;

mod draft;
mod slips;
mod value;

#[cfg(test)]
mod tests;

/// A table of kinds.
pub(crate) type Kinds = &'static [&'static Kind];

/// Which connections a fault hits.
static SHARE: ParamSpec = param::percent("share", "the share of connections that it hits")
    .or(Percent::ALL)
    .spec;

/// When a fault begins to act.
static START: ParamSpec = param::time("start", "how long after it was set it begins to act")
    .within(Duration::ZERO, LONGEST)
    .or(Duration::ZERO)
    .spec;

/// For how long a fault acts.
static FOR: ParamSpec = param::time(
    "for",
    "how long it acts, from then on; absent: until it is cleared",
)
.within(Duration::from_millis(1), LONGEST)
.optional()
.spec;

/// The longest time that a schedule knows.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// The parameters that every kind has.
pub static COMMON: [&ParamSpec; 3] = [&SHARE, &START, &FOR];

/// What a setting is called by.
pub(crate) const AS: &str = "as";

/// The words of a direction.
pub(crate) const DIRECTIONS: [(&str, Directions); 3] = [
    ("up", Directions::Only(Direction::Up)),
    ("down", Directions::Only(Direction::Down)),
    ("both", Directions::Both),
];

/// Reads faults separated by commas, at least one.
pub fn parse(text: &str) -> Result<Vec<Setting>, ParseError> {
    parse_with(KINDS, text)
}

/// The plan of these faults; of none, where there is no text.
#[cfg(test)]
pub(crate) fn plan(faults: &str) -> super::Plan {
    match faults {
        "" => super::Plan::default(),
        faults => super::Plan::of(parse(faults).expect("faults")),
    }
}

/// Reads the value of one parameter, within its range.
pub fn parse_value(param: &ParamSpec, text: &str) -> Result<Value, ParseError> {
    syntax::read(text, |input: &mut Input<'_>| value_of(param, input))
}

/// Reads a time by itself, as faults write times: from `least` to `most`.
pub fn parse_time(text: &str, least: Duration, most: Duration) -> Result<Duration, ParseError> {
    let spec = ParamSpec {
        name: "a time",
        bare: true,
        unit: Unit::Time,
        default: param::Default::Required,
        range: Some((Value::Time(least), Value::Time(most))),
        halves: false,
        instead_of: &[],
        of: None,
        summary: "",
    };
    let read = parse_value(&spec, text)?;
    // It is one by its unit.
    Ok(read.time().unwrap_or(least))
}

/// Reads the value of one parameter where it stands in a longer text.
pub(crate) fn value_of(param: &ParamSpec, input: &mut Input<'_>) -> Parsed<Value> {
    value::value(param, param.name, input).map_err(Slip::cut)
}

fn parse_with(kinds: Kinds, text: &str) -> Result<Vec<Setting>, ParseError> {
    syntax::read(text, |input: &mut Input<'_>| faults(kinds, input))
}

/// `faults = fault { "," fault }`
fn faults(kinds: Kinds, input: &mut Input<'_>) -> Parsed<Vec<Setting>> {
    faults_after(kinds, Vec::new(), input)
}

/// Reads `faults` that must get along with the settings `before`.
pub(crate) fn faults_after(
    kinds: Kinds,
    mut before: Vec<Setting>,
    input: &mut Input<'_>,
) -> Parsed<Vec<Setting>> {
    let given = before.len();
    loop {
        before.push(fault(kinds, &before, input)?);
        if opt((',', blanks)).parse_next(input)?.is_none() {
            return Ok(before.split_off(given));
        }
    }
}

/// `fault = kind { value | name "=" value } [ "as=" called ] [ direction ]`
///
/// Blanks after it are taken with it. `before` are the settings that it must get along with.
fn fault(kinds: Kinds, before: &[Setting], input: &mut Input<'_>) -> Parsed<Setting> {
    let begin = input.current_token_start();
    let kind = kind(kinds, before, input)?;
    let mut draft = Draft::new(kind, begin..input.current_token_start(), before);
    blanks(input)?;
    while !input.is_empty() && !input.starts_with(',') {
        term(kinds, &mut draft, input)?;
        blanks(input)?;
    }
    draft.finished(input).map_err(Slip::cut)
}

/// `kind`: a name or a short name of the table.
pub(crate) fn kind(
    kinds: Kinds,
    before: &[Setting],
    input: &mut Input<'_>,
) -> Parsed<&'static Kind> {
    let (word, at) = word.with_span().parse_next(input)?;
    Kind::find(kinds, word).ok_or_else(|| slips::kind(kinds, before, word, at, input).cut())
}

/// `value | name "=" value | direction`
fn term(kinds: Kinds, draft: &mut Draft<'_>, input: &mut Input<'_>) -> Parsed<()> {
    let (begin, token) = (input.current_token_start(), ahead(input));
    if let Some(at) = opt((AS, '=').span()).parse_next(input)? {
        let is_bare = !input.starts_with('"');
        let name = called(input)?;
        let grows_at = is_bare.then(|| input.current_token_start());
        return draft.call(name, at, grows_at).map_err(Slip::cut);
    }
    if let Some(param) = opt(name).parse_next(input)? {
        let param = draft.named(param, begin).map_err(Slip::cut)?;
        return named(param, draft, input);
    }
    if let Some(directions) = opt(direction).parse_next(input)? {
        return draft.direct(directions, begin).map_err(Slip::cut);
    }
    if !draft.takes_bare(token) {
        return Err(slips::term(kinds, draft, token, input).cut());
    }
    bare(draft, input)
}

/// `name "="`
fn name<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    let name = take_till(0.., |c: char| c == '=' || ends_word(c)).parse_next(input)?;
    '='.parse_next(input)?;
    Ok(name)
}

/// The `value` of `name "=" value`.
fn named(param: &'static ParamSpec, draft: &mut Draft<'_>, input: &mut Input<'_>) -> Parsed<()> {
    let value = value::value(param, param.name, input).map_err(Slip::cut)?;
    draft.give(param, value);
    Ok(())
}

/// `value`: the first of what may stand bare that can read it.
fn bare(draft: &mut Draft<'_>, input: &mut Input<'_>) -> Parsed<()> {
    let mut slips = Vec::new();
    for param in draft.bare_params() {
        let mut ahead = *input;
        match value::value(param, draft.label(param), &mut ahead) {
            Ok(value) => {
                let at = input.current_token_start()..ahead.current_token_start();
                draft.admits(param, at).map_err(Slip::cut)?;
                *input = ahead;
                draft.give(param, value);
                return Ok(());
            }
            Err(slip) => slips.push((param, slip)),
        }
    }
    Err(slips::bare(draft, slips, input).cut())
}

/// `called = any characters but blanks and commas | '"' any characters '"'`
pub(crate) fn called(input: &mut Input<'_>) -> Parsed<SettingName> {
    let begin = input.current_token_start();
    let len = if input.starts_with('"') {
        quoted_len(input).ok_or_else(|| {
            let text: &str = input.as_ref();
            let message = "the name lacks its closing quotation mark";
            let whole = Slip::over(begin..begin.saturating_add(text.len()), message);
            let follows = if text.len() == 1 { "a name" } else { "\"" };
            whole.unfinished_if(true).expecting([follows]).cut()
        })?
    } else {
        ahead(input).len()
    };
    let chars = input.get(..len).map_or(0, |text| text.chars().count());
    let (written, at) = take(chars).with_span().parse_next(input)?;
    let text = match written
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'))
    {
        Some(quoted) => Cow::Owned(unescaped(quoted)),
        None => Cow::Borrowed(written),
    };
    SettingName::new(&text).map_err(|message| {
        let is_open = written.is_empty() && input.is_empty();
        let message = format!("{message}: as=slow, as=\"my toxic\"");
        let slip = Slip::over(at, message).unfinished_if(is_open);
        slip.expecting(is_open.then_some("a name")).cut()
    })
}

/// `direction = "up" | "down" | "both"`
fn direction(input: &mut Input<'_>) -> Parsed<Directions> {
    let word = word.parse_next(input)?;
    DIRECTIONS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, directions)| *directions)
        .ok_or_else(|| ParserError::from_input(input))
}

fn word_of(directions: Directions) -> &'static str {
    let same = |(_, other): &&(&str, Directions)| *other == directions;
    DIRECTIONS
        .iter()
        .find(same)
        .map_or("both", |(word, _)| *word)
}

/// Everything up to a blank or a comma.
fn word<'i, E: ParserError<Input<'i>>>(input: &mut Input<'i>) -> Result<&'i str, E> {
    take_till(0.., ends_word).parse_next(input)
}

/// The word that comes next, or what is left of it.
fn ahead<'i>(input: &Input<'i>) -> &'i str {
    first_word(input.as_ref())
}

/// A text up to its first blank or comma.
fn first_word(text: &str) -> &str {
    text.split(ends_word).next().unwrap_or(text)
}

fn ends_word(c: char) -> bool {
    c == ',' || c.is_whitespace()
}
