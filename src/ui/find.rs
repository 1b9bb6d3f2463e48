//! What is looked for with `/`: a few words that rows must match.
//!
//! ```text
//! find    = all { "or" all }
//! all     = { [ "not" ] term }
//! term    = word ":" text | word ( ">" | "<" ) value | word | text
//! ```
//!
//! Which words there are depends on the list. Nothing here moves or draws: `update` asks which rows match.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::fault::language::parse_value;
use crate::fault::param::Default as Absence;
use crate::fault::{ParamSpec, Plan, Unit, Value};
use crate::snapshot::{ConnRow, ConnState, ProxyRow};
use crate::syntax::{ParseError, nearest, unknown};
use crate::ui::input::Field;
use crate::ui::model::{Said, Tone};

/// A list in which rows are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The strips.
    Strips,
    /// The connections of the selected proxy.
    Conns,
    /// What happened.
    Events,
}

/// What is looked for in a list, as it is typed and as it was last right.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// The text as it is typed.
    pub field: Field,
    /// What is wrong with it; the rows are then those of the last text that was right.
    pub error: Option<ParseError>,
    query: Query,
}

/// What is looked for in each of the lists.
#[derive(Debug, Default)]
pub struct Finds {
    strips: Find,
    conns: Find,
    events: Find,
}

/// What rows must match: all terms of one of the alternatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::ui) struct Query(Vec<Vec<Wanted>>);

/// A term, and whether a row must not match it.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    term: Term,
    not: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    /// This text, in small letters, stands in the row's names.
    Text(String),
    Peer(String),
    Id(u64),
    State(&'static str),
    /// A figure is more than this, or less.
    Beyond(&'static Measure, Bound, f64),
    Failed,
    On,
    Alone,
    Changes,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    More,
    Less,
}

/// A figure of a connection that can be compared.
#[derive(Debug)]
struct Measure {
    word: &'static str,
    unit: Unit,
    /// The unit of a bare number.
    bare: &'static str,
    of: fn(&ConnRow) -> Option<f64>,
}

static MEASURES: [Measure; 6] = [
    measure("age", Unit::Time, "s", |row| Some(row.age.as_secs_f64())),
    measure("added", Unit::Time, "ms", |row| {
        Some(row.added?.as_secs_f64())
    }),
    measure("held", Unit::Size, "B", |row| Some(row.held.sum() as f64)),
    measure("rate", Unit::Rate, "B/s", |row| {
        Some(row.rates.up + row.rates.down)
    }),
    measure("up", Unit::Size, "B", |row| Some(row.bytes.up as f64)),
    measure("down", Unit::Size, "B", |row| Some(row.bytes.down as f64)),
];

/// What `state:` knows, as the table of connections calls it.
static STATES: [&str; 7] = ["dialing", "open", "held", "full", "idle", "half", "ended"];

const fn measure(
    word: &'static str,
    unit: Unit,
    bare: &'static str,
    of: fn(&ConnRow) -> Option<f64>,
) -> Measure {
    Measure {
        word,
        unit,
        bare,
        of,
    }
}

impl PartialEq for Measure {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

// === impl Place ===

impl Place {
    /// What the field is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Strips => "find proxies",
            Self::Conns => "find connections",
            Self::Events => "find events",
        }
    }

    /// What can be typed.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Strips => "a name, a port or an upstream   failed   on   not   or",
            Self::Conns => {
                "an address   peer: id: state:held   age>1m added>100ms held>1kB rate<5kB/s up> down>   alone   not   or"
            }
            Self::Events => "a name or a text   failed   changes   not   or",
        }
    }

    /// The words that the list knows, with what follows them.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Strips => &["failed", "on"],
            Self::Conns => &[
                "peer:", "id:", "state:", "age>", "added>", "held>", "rate>", "up>", "down>",
                "alone",
            ],
            Self::Events => &["failed", "changes"],
        }
    }
}

// === impl Finds ===

impl Finds {
    /// What is looked for in a list.
    #[must_use]
    pub const fn of(&self, place: Place) -> &Find {
        match place {
            Place::Strips => &self.strips,
            Place::Conns => &self.conns,
            Place::Events => &self.events,
        }
    }

    pub(super) const fn of_mut(&mut self, place: Place) -> &mut Find {
        match place {
            Place::Strips => &mut self.strips,
            Place::Conns => &mut self.conns,
            Place::Events => &mut self.events,
        }
    }
}

// === impl Find ===

impl Find {
    /// The text is another one.
    pub(super) fn changed(&mut self, place: Place) {
        match Query::read(place, self.field.text.value()) {
            Ok(query) => (self.query, self.error) = (query, None),
            Err(error) => self.error = Some(error),
        }
    }

    /// Looks for nothing any more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.query.0.is_empty()
    }

    /// What rows must match.
    pub(in crate::ui) const fn query(&self) -> &Query {
        &self.query
    }

    /// The text as it is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.field.text.value().trim()
    }

    /// Whether a proxy matches; `plan` is the one that its strip shows.
    #[must_use]
    pub fn takes_proxy(&self, row: &ProxyRow, plan: &Plan) -> bool {
        self.query.takes(|term| match term {
            Term::Text(text) => {
                let ports = row.listening.iter().map(SocketAddr::port);
                row.name.to_lowercase().contains(text)
                    || row.mapping.to_string().to_lowercase().contains(text)
                    || ports
                        .into_iter()
                        .any(|port| port.to_string().contains(text))
            }
            Term::Failed => row.failed > 0,
            Term::On => !plan.is_empty(),
            _ => false,
        })
    }

    /// Whether a connection matches; `alone` says that something is set for it alone.
    #[must_use]
    pub fn takes_conn(&self, row: &ConnRow, alone: bool) -> bool {
        let mut addr = String::new();
        let mut is_at = |text: &str, of: Option<SocketAddr>| {
            addr.clear();
            of.is_some_and(|of| write!(addr, "{of}").is_ok() && addr.contains(text))
        };
        self.query.takes(|term| match term {
            Term::Text(text) => is_at(text, Some(row.client)) || is_at(text, row.upstream),
            Term::Peer(text) => is_at(text, Some(row.client)),
            Term::Id(id) => row.id.0 == *id,
            Term::Alone => alone,
            Term::State(state) => word_of(row.state) == *state,
            Term::Beyond(measure, bound, value) => {
                (measure.of)(row).is_some_and(|figure| match bound {
                    Bound::More => figure > *value,
                    Bound::Less => figure < *value,
                })
            }
            _ => false,
        })
    }

    /// Whether a line of what happened matches.
    #[must_use]
    pub fn takes_line(&self, said: &Said<'_>) -> bool {
        self.query.takes(|term| match term {
            Term::Text(text) => {
                said.proxy.to_lowercase().contains(text) || said.text.to_lowercase().contains(text)
            }
            Term::Failed => said.tone == Tone::Trouble,
            Term::Changes => said.change.is_some(),
            _ => false,
        })
    }
}

/// What `state:` calls a state.
fn word_of(state: ConnState) -> &'static str {
    match state {
        ConnState::Dialing => "dialing",
        ConnState::Open => "open",
        ConnState::Held => "held",
        ConnState::Full => "full",
        ConnState::Idle(_) => "idle",
        ConnState::Half(_) => "half",
        ConnState::Ended => "ended",
    }
}

// === impl Query ===

impl Query {
    fn read(place: Place, text: &str) -> Result<Self, ParseError> {
        let mut alternatives = vec![Vec::new()];
        let mut not = None;
        for (begin, word) in words(text) {
            let last = alternatives.len() - 1;
            match word {
                "and" => {}
                "or" if !alternatives[last].is_empty() => alternatives.push(Vec::new()),
                "not" => not = Some(begin),
                word => {
                    let term = Term::read(place, word).map_err(|error| ParseError {
                        input: text.to_owned(),
                        span: error.span.start + begin..error.span.end + begin,
                        // Another word follows: this one is complete.
                        unfinished: error.unfinished && text.trim_end().ends_with(word),
                        ..error
                    })?;
                    let not = not.take().is_some();
                    alternatives[last].push(Wanted { term, not });
                }
            }
        }
        alternatives.retain(|all| !all.is_empty());
        Ok(Self(alternatives))
    }

    fn takes(&self, mut is: impl FnMut(&Term) -> bool) -> bool {
        let mut all_of = |all: &Vec<Wanted>| all.iter().all(|it| is(&it.term) != it.not);
        self.0.is_empty() || self.0.iter().any(&mut all_of)
    }
}

/// The words of a text, each with the character that it begins at.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(move |word| {
        let before = word.as_ptr().addr() - text.as_ptr().addr();
        (text[..before].chars().count(), word)
    })
}

// === impl Term ===

impl Term {
    fn read(place: Place, word: &str) -> Result<Self, ParseError> {
        let found = word.find([':', '>', '<']);
        let Some(at) = found.filter(|_| place == Place::Conns) else {
            return Self::plain(place, word);
        };
        let (name, rest) = (&word[..at], &word[at + 1..]);
        let behind = name.chars().count() + 1;
        if word[at..].starts_with(':') {
            return Self::named(word, name, rest, behind);
        }
        let measure = MEASURES.iter().find(|measure| measure.word == name);
        let measure = measure.ok_or_else(|| no_word(place, word, name))?;
        let bound = if word[at..].starts_with('>') {
            Bound::More
        } else {
            Bound::Less
        };
        let value = measure.read(rest).map_err(|error| ParseError {
            span: error.span.start + behind..error.span.end + behind,
            ..error
        })?;
        Ok(Self::Beyond(measure, bound, value))
    }

    /// A word without a value, or a text.
    fn plain(place: Place, word: &str) -> Result<Self, ParseError> {
        if let Some(id) = word.strip_prefix('#').filter(|_| place == Place::Conns) {
            return Self::id(id).ok_or_else(|| begun(word, 1, "a number: #31"));
        }
        if (place, word) == (Place::Conns, "alone") {
            return Ok(Self::Alone);
        }
        if let Some(error) = begins(place, word) {
            return Err(error);
        }
        Ok(match (place, word) {
            (Place::Strips | Place::Events, "failed") => Self::Failed,
            (Place::Strips, "on") => Self::On,
            (Place::Events, "changes") => Self::Changes,
            (_, text) => Self::Text(text.to_lowercase()),
        })
    }

    /// `name ":" rest`, the rest at this character of the word.
    fn named(word: &str, name: &str, rest: &str, at: usize) -> Result<Self, ParseError> {
        let wrong = |at: usize, message: String| {
            Err(ParseError::over(word, at..word.chars().count(), message))
        };
        match name {
            "peer" if rest.is_empty() => Err(begun(word, at, "an address, or a part of one")),
            "peer" => Ok(Self::Peer(rest.to_lowercase())),
            "id" if rest.is_empty() => Err(begun(word, at, "a number")),
            "id" => {
                Self::id(rest).map_or_else(|| wrong(at, "id wants a number: id:31".to_owned()), Ok)
            }
            "state" => state(word, rest, at),
            _ if MEASURES.iter().any(|measure| measure.word == name) => {
                let message = format!("{name} is compared: {name}>{rest} or {name}<{rest}");
                wrong(at - 1, message)
            }
            // An address may be written as [::1]:50122, or only its port as :50122.
            _ if name
                .chars()
                .all(|c| c.is_ascii_hexdigit() || "[].".contains(c)) =>
            {
                Ok(Self::Text(word.to_lowercase()))
            }
            _ => Err(no_word(Place::Conns, word, name)),
        }
    }

    fn id(text: &str) -> Option<Self> {
        text.trim_start_matches('#').parse().ok().map(Self::Id)
    }
}

/// What a word of a list of addresses begins, lest a word that is being typed be looked for among them.
fn begins(place: Place, word: &str) -> Option<ParseError> {
    let joining = ["not", "and", "or"];
    let known = place.words().iter().chain(&joining);
    let follow = known.filter(|known| place == Place::Conns && known.starts_with(word));
    let follow: Vec<String> = follow.map(|known| (*known).to_owned()).collect();
    let what = format!("{} follows, or peer:{word} for an address", follow.first()?);
    Some(ParseError {
        expected: follow,
        ..begun(word, 0, &what)
    })
}

/// The text only begins something; `what` is what follows.
fn begun(word: &str, at: usize, what: &str) -> ParseError {
    ParseError {
        unfinished: true,
        expected: vec![what.to_owned()],
        ..ParseError::over(word, at..word.chars().count().max(at), what.to_owned())
    }
}

fn state(word: &str, given: &str, at: usize) -> Result<Term, ParseError> {
    if let Some(known) = STATES.iter().find(|state| **state == given) {
        return Ok(Term::State(known));
    }
    let follow = STATES.iter().filter(|state| state.starts_with(given));
    let follow: Vec<String> = follow.map(|state| (*state).to_owned()).collect();
    if !follow.is_empty() {
        return Err(ParseError {
            expected: follow,
            ..begun(word, at, "a state")
        });
    }
    let message = unknown("state", given, nearest(given, STATES), &STATES);
    let span = at..word.chars().count();
    Err(ParseError::over(word, span, message))
}

fn no_word(place: Place, word: &str, name: &str) -> ParseError {
    let known: Vec<&str> = place
        .words()
        .iter()
        .map(|word| word.trim_end_matches([':', '>']))
        .collect();
    let message = unknown(
        "word",
        name,
        nearest(name, known.iter().copied()),
        place.words(),
    );
    ParseError::over(word, 0..name.chars().count(), message)
}

// === impl Measure ===

impl Measure {
    /// A value in the measure's smallest unit: seconds, bytes, bytes a second.
    fn read(&self, text: &str) -> Result<f64, ParseError> {
        let spec = ParamSpec {
            name: self.word,
            bare: true,
            unit: self.unit,
            default: Absence::Required,
            range: None,
            halves: false,
            instead_of: &[],
            of: None,
            summary: "",
        };
        let is_bare = text.ends_with(|c: char| c.is_ascii_digit());
        let with_unit = || parse_value(&spec, &format!("{text}{}", self.bare)).ok();
        let value = match parse_value(&spec, text) {
            Err(error) => with_unit().filter(|_| is_bare).ok_or(error)?,
            Ok(value) => value,
        };
        Ok(match value {
            Value::Time(time) => time.as_secs_f64(),
            Value::Size(size) => size.bytes() as f64,
            Value::Rate(rate) => rate.bytes_per_second() as f64,
            _ => 0.0,
        })
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
