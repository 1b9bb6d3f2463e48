//! What is wrong with a fault beside its values, said with the table's words and a form that would work.

use std::ops::Range;

use winnow::stream::Location;

use super::draft::Draft;
use super::value::{reads, wanted, words};
use super::{AS, COMMON, Kinds, ahead};
use crate::fault::{Direction, Kind, ParamSpec, Setting, SettingName, Unit};
use crate::format::quoted;
use crate::syntax::{Input, Slip, nearest, unknown};

/// The directions in which a kind is set under this name, or without one.
pub(super) fn occupied(
    kind: &Kind,
    name: Option<&SettingName>,
    before: &[Setting],
) -> Vec<Direction> {
    let acts = |direction: &Direction| {
        let mut before = before.iter();
        before.any(|it| it.is(kind, name) && it.directions.contain(*direction))
    };
    Direction::BOTH.into_iter().filter(acts).collect()
}

/// A word that is no kind. The input stands behind it.
pub(super) fn kind(
    kinds: Kinds,
    before: &[Setting],
    word: &str,
    at: Range<usize>,
    input: &Input<'_>,
) -> Slip {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
    let is_free = |kind: &Kind| occupied(kind, None, before).len() < Direction::BOTH.len();
    let begun = |free: bool| {
        let kinds = kinds.iter().filter(move |kind| is_free(kind) == free);
        let words =
            kinds.flat_map(|kind| [Some(kind.name), kind.short.filter(|_| !word.is_empty())]);
        let words = words.flatten().filter(|name| name.starts_with(word));
        words.collect::<Vec<&str>>()
    };
    // One that is set already can be set once more by a name: what begins so may be that.
    let mut follows = begun(true);
    if follows.is_empty() {
        follows = begun(false);
    }
    let slip = if word.is_empty() {
        let comma = if input.is_empty() {
            ""
        } else {
            " before \",\""
        };
        let example = kinds.first().map_or("", |kind| kind.example);
        Slip::here(input, format!("needs a fault{comma}: {example}"))
    } else if let Some((name, kind)) = glued(kinds, word) {
        let message = format!("needs a blank after {name}: {}", kind.example);
        Slip::over(at.start + name.len()..at.end, message)
    } else {
        let every = kinds.iter().flat_map(|kind| [Some(kind.name), kind.short]);
        let guess = nearest(word, every.flatten()).and_then(|word| Kind::find(kinds, word));
        let message = unknown("fault", word, guess.map(|kind| kind.name), &names);
        Slip::over(at, message)
    };
    slip.unfinished_if(input.is_empty() && !follows.is_empty())
        .expecting(follows)
}

/// The kind at the beginning of a word that goes on without a blank: `lat` of `lat250ms` and of `lat=250ms`.
fn glued(kinds: Kinds, word: &str) -> Option<(&str, &'static Kind)> {
    let rest = word.trim_start_matches(|c: char| c.is_alphabetic() || c == '_');
    let name = &word[..word.len() - rest.len()];
    Kind::find(kinds, name).map(|kind| (name, kind))
}

/// A second setting of a kind that is set in both directions under the same name.
pub(super) fn set_twice(kind: &Kind, name: Option<&SettingName>, at: Range<usize>) -> Slip {
    let (kind, again) = match name {
        Some(name) => (
            format!("{} as={name}", kind.name),
            "give this one another name",
        ),
        None => (kind.name.to_owned(), "give this one a name, as=slow"),
    };
    let message =
        format!("{kind} is set already: set it once, or once up and once down, or {again}");
    Slip::over(at, message)
}

/// A second setting of a kind in a direction that is occupied.
pub(super) fn collision(kind: &Kind, occupied: Direction, at: Range<usize>) -> Slip {
    let (name, free) = (kind.name, occupied.opposite());
    Slip::over(
        at,
        format!("{name} is set for {occupied} already: {free} is free"),
    )
}

/// The name before `=` is no parameter.
pub(super) fn name(draft: &Draft<'_>, name: &str, begin: usize) -> Slip {
    let names: Vec<&str> = draft.names().collect();
    let message = match draft.open_params().find(|param| !param.bare) {
        Some(param) if name.is_empty() => {
            let (name, value) = (param.name, sample(param.unit));
            format!("needs a name before \"=\": {name}={value}")
        }
        _ => {
            let guess = nearest(name, names.iter().copied());
            unknown("parameter", name, guess, &names)
        }
    };
    Slip::over(begin..begin + name.len().max(1), message).expecting(names)
}

/// A word of a fault that is no direction, no `name=` and no value. The input stands before it.
pub(super) fn term(kinds: Kinds, draft: &Draft<'_>, word: &str, input: &Input<'_>) -> Slip {
    let begin = input.current_token_start();
    let (at, end) = (begin..begin + word.len(), begin + word.len());
    let follows: Vec<String> = draft
        .bare_params()
        .iter()
        .flat_map(|param| words(param.unit).iter().map(|word| (*word).to_owned()))
        .chain(draft.open_params().map(|param| format!("{}=", param.name)))
        .chain(draft.is_nameless().then(|| format!("{AS}=")))
        .chain(draft.open_directions().map(str::to_owned))
        .filter(|follows| follows.starts_with(word))
        .collect();
    let mut known: Vec<&str> = draft.names().collect();
    known.extend(["up", "down", "both"]);
    let unvalued = draft.params().find(|param| param.name == word);
    let owner = draft
        .open_params()
        .find(|param| words(param.unit).contains(&word));
    let next = Kind::find(kinds, word);
    let guess = nearest(word, known.iter().copied());
    let lacking = draft
        .bare_params()
        .into_iter()
        .find(|param| draft.lacks(param));
    let slip = if word == AS {
        Slip::over(at, "needs \"=\" after as: as=slow")
    } else if let Some(param) = unvalued {
        let message = format!("needs \"=\" after {word}: {word}={}", sample(param.unit));
        Slip::over(end..end, message)
    } else if let Some(kind) = next {
        let message = format!(
            "needs \",\" before {word}: {}, {}",
            draft.setting, kind.example
        );
        Slip::over(at, message)
    } else if let Some(param) = owner {
        Slip::over(at, format!("needs its name: {}={word}", param.name))
    } else if let (None, Some(param), true) = (guess, lacking, follows.is_empty()) {
        wanted(param, draft.label(param), input)
    } else {
        Slip::over(at, unknown("word", word, guess, &known))
    };
    slip.unfinished_if(word.len() == input.len() && !follows.is_empty())
        .expecting(follows)
}

/// A bare value that none of the parameters that could have it reads. The input stands before it.
pub(super) fn bare(draft: &Draft<'_>, slips: Vec<(&ParamSpec, Slip)>, input: &Input<'_>) -> Slip {
    let word = ahead(input);
    let (open, closed): (Vec<_>, Vec<_>) = slips
        .into_iter()
        .partition(|(_, slip)| slip.is_unfinished());
    if let Some(slip) = open.into_iter().map(|(_, slip)| slip).reduce(Slip::or) {
        return slip;
    }
    let percent = word.ends_with('%');
    let likely = |(param, _): &(&ParamSpec, Slip)| param.bare != percent;
    let likely = closed.iter().position(likely).unwrap_or(0);
    let own = closed.iter().any(|(param, _)| param.bare || percent);
    let common = |param: &ParamSpec| COMMON.iter().any(|other| other.name == param.name);
    let owner = draft
        .open_params()
        .find(|param| !param.bare && !common(param) && reads(param.unit, word));
    let message = match (closed.into_iter().nth(likely), owner) {
        (Some((_, slip)), None) => return slip,
        (Some((_, slip)), Some(_)) if own => return slip,
        (_, Some(param)) => format!("needs its name: {}={word}", param.name),
        (None, None) => {
            let name = draft.kind().name;
            format!("leave out {}: {name} has its value already", quoted(word))
        }
    };
    let begin = input.current_token_start();
    Slip::over(begin..begin + word.len(), message)
}

/// A required parameter that is not given where its fault ends.
pub(super) fn missing(draft: &Draft<'_>, param: &ParamSpec, input: &Input<'_>) -> Slip {
    if param.bare {
        return wanted(param, draft.label(param), input);
    }
    let (kind, name) = (draft.kind().name, param.name);
    let message = format!("{kind} wants {name}: {name}={}", sample(param.unit));
    Slip::here(input, message).expecting([format!("{name}=")])
}

/// A value of this unit for an example.
fn sample(unit: Unit) -> &'static str {
    let (_, examples) = unit.describe();
    words(unit)
        .first()
        .copied()
        .unwrap_or_else(|| examples.split(',').next().unwrap_or(examples))
}
