//! A finding: one sentence about what an application does, with its evidence. How it is inferred is the concern of the
//! module `findings`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ConnId;
use crate::format::figures::stated_time;

/// What is inferred of the clients of one proxy, or of its upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind of habit it is.
    pub kind: Habit,
    /// Which one of its kind, as a word: one proxy may show several.
    pub which: &'static str,
    /// The sentence: plain, without a full stop.
    pub text: String,
    /// The faults under which it was seen, by their kinds; `none`, or `upstream` where the upstream failed by itself.
    pub under: Arc<str>,
    /// How many cases show it.
    pub n: u32,
    /// Of how many that could have shown it.
    pub of: u32,
    /// How sure it is.
    pub confidence: Confidence,
    /// Its figures, by their names; the first one tells it from others of its kind.
    pub values: Vec<(&'static str, Figure)>,
    /// The last connections that showed it, at most [`Finding::CONNS`].
    pub conns: Vec<ConnId>,
    /// Since when it has been stated.
    pub since: Duration,
}

/// A kind of habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Habit {
    /// It leaves when an answer has not come for so long.
    GivesUp,
    /// It makes more attempts after one that failed.
    TriesAgain,
    /// How it keeps its connections.
    Pool,
    /// How long after a fault it is as it was before.
    Recovers,
    /// It makes no attempt for a while after failures.
    StopsTrying,
    /// It asks a second time while the first request waits.
    Hedges,
    /// It takes a request back on a connection of its own.
    Cancels,
    /// It, and not the link, limits the rate at which answers come.
    ReadsSlowly,
    /// Whether its pace follows a fault.
    Depends,
    /// What a later version of the program tells of; this one finds none such.
    Other,
}

/// How sure a finding is. The rule is one for all: `High` from ten cases on of which nine in ten show it, `Fair` from five on
/// of which six in ten do, else `Low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Three or four cases, or many that do not show it.
    Low,
    /// Five cases or more, and most show it.
    Fair,
    /// Ten cases or more, and nearly all show it.
    High,
}

/// A figure of a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// A length of time.
    Time(Duration),
    /// How many.
    Count(u64),
    /// How many times as much.
    Factor(f64),
}

// === impl Finding ===

impl Finding {
    /// The fewest cases on which anything is stated.
    pub const CASES: usize = 3;

    /// The most connections that are named as evidence.
    pub const CONNS: usize = 8;

    /// A finding that `n` cases show of `of`, with the connections that did, the last ones first. When it was first stated is
    /// added where states are compared.
    pub(crate) fn new(
        (kind, which): (Habit, &'static str),
        text: String,
        under: &Arc<str>,
        (n, of): (usize, usize),
        values: Vec<(&'static str, Figure)>,
        conns: impl IntoIterator<Item = ConnId>,
    ) -> Self {
        let [n, of] = [n, of].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        Self {
            kind,
            which,
            text,
            under: Arc::clone(under),
            n,
            of,
            confidence: Confidence::of(n, of),
            values,
            conns: conns.into_iter().take(Self::CONNS).collect(),
            since: Duration::ZERO,
        }
    }

    /// Under which faults it was seen, in words: `under blackhole`, `without faults`.
    #[must_use]
    pub fn circumstances(&self) -> String {
        match &*self.under {
            "none" => "without faults".to_owned(),
            "upstream" => "as the upstream failed".to_owned(),
            faults => format!("under {faults}"),
        }
    }

    /// Whether it states of the same thing what `other` does, perhaps with other figures.
    #[must_use]
    pub fn is_about(&self, other: &Self) -> bool {
        let near = match (self.values.first(), other.values.first()) {
            (Some((_, Figure::Time(one))), Some((_, Figure::Time(two)))) => near(*one, *two),
            _ => true,
        };
        (self.kind, self.which, &self.under) == (other.kind, other.which, &other.under) && near
    }

    /// Whether it says so much more than `before` did that it is worth telling again: it is surer, a figure has moved by a
    /// twentieth, or it rests on twice as many cases.
    #[must_use]
    pub fn differs(&self, before: &Self) -> bool {
        let moved = |((_, one), (_, two)): (&(&str, Figure), &(&str, Figure))| {
            (one.number() - two.number()).abs() > two.number().abs() * 0.05
        };
        self.confidence != before.confidence
            || self.n >= before.n.saturating_mul(2)
            || self.values.len() != before.values.len()
            || self.values.iter().zip(&before.values).any(moved)
    }
}

/// Whether two times are one for a person.
fn near(one: Duration, two: Duration) -> bool {
    one.abs_diff(two) <= Duration::from_millis(20).max(one.max(two) / 8)
}

/// The sentence with its evidence: `gives up on a request after 2.0 s (14 of 14), under blackhole`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.text, self.circumstances())
    }
}

// === impl Habit ===

impl Habit {
    /// The word for it in events and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::GivesUp => "gives_up",
            Self::TriesAgain => "tries_again",
            Self::Pool => "pool",
            Self::Recovers => "recovers",
            Self::StopsTrying => "stops_trying",
            Self::Hedges => "hedges",
            Self::Cancels => "cancels",
            Self::ReadsSlowly => "reads_slowly",
            Self::Depends => "depends",
            Self::Other => "other",
        }
    }

    /// The habit of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let all = [
            Self::GivesUp,
            Self::TriesAgain,
            Self::Pool,
            Self::Recovers,
            Self::StopsTrying,
            Self::Hedges,
            Self::Cancels,
            Self::ReadsSlowly,
            Self::Depends,
        ];
        all.into_iter().find(|habit| habit.word() == word)
    }
}

// === impl Confidence ===

impl Confidence {
    /// How sure `n` cases of `of` make it.
    #[must_use]
    pub const fn of(n: u32, of: u32) -> Self {
        if n >= 10 && n as u64 * 10 >= of as u64 * 9 {
            Self::High
        } else if n >= 5 && n as u64 * 10 >= of as u64 * 6 {
            Self::Fair
        } else {
            Self::Low
        }
    }

    /// How sure it is, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Low => "perhaps",
            Self::Fair => "likely",
            Self::High => "sure",
        }
    }

    /// How sure a word says that it is.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let all = [Self::Low, Self::Fair, Self::High];
        all.into_iter().find(|confidence| confidence.word() == word)
    }

    /// The word for it in events and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Fair => "fair",
            Self::High => "high",
        }
    }
}

// === impl Figure ===

impl Figure {
    /// It as a number: seconds, pieces, or times.
    #[must_use]
    pub fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Count(count) => count as f64,
            Self::Factor(factor) => factor,
        }
    }
}

/// As a finding states it: `2.0 s`, `8`, `x2.0`.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => f.write_str(&stated_time(*time)),
            Self::Count(count) => count.fmt(f),
            Self::Factor(factor) => write!(f, "x{factor:.1}"),
        }
    }
}
