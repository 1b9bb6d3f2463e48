//! One fault as it is set: a kind with its values, its share and its direction.

use std::fmt;
use std::time::{Duration, Instant};

use super::param::{Default, Param, Value};
use super::{Direction, Kind, ParamSpec, SettingName, random};
use crate::units::{Percent, Time};

/// The directions in which a setting acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Directions {
    /// Client to upstream and back.
    #[default]
    Both,
    /// One of the two.
    Only(Direction),
}

/// One fault of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The row of the table of kinds.
    pub kind: &'static Kind,
    /// A value for each of the kind's parameters, in the table's order; `None` where it is absent.
    values: Vec<Option<Value>>,
    /// The share of connections that it hits.
    pub share: Percent,
    /// What tells it apart from others of its kind in its directions, and from the one without a name, which knobs turn.
    pub name: Option<SettingName>,
    /// Where it acts.
    pub directions: Directions,
    /// When it acts.
    pub schedule: Schedule,
}

/// When a setting acts, counted from when it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// So much later it begins.
    pub start: Duration,
    /// After so long it ends; never where absent.
    pub lasts: Option<Duration>,
}

/// What to say where one of these settings is written in an older word: the word that it is now.
///
/// Whoever reads settings that a person has written asks this of all of them together, and says it once.
#[must_use]
pub fn older_word<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> Option<&'static str> {
    let mut settings = settings.into_iter();
    settings.find_map(|setting| setting.kind.older?(setting))
}

// === impl Directions ===

impl Directions {
    /// Whether `direction` is among them.
    #[must_use]
    pub fn contain(self, direction: Direction) -> bool {
        match self {
            Self::Both => true,
            Self::Only(only) => only == direction,
        }
    }

    /// What is left of these directions when those of `taken` are taken away.
    #[must_use]
    pub fn without(self, taken: Self) -> Option<Direction> {
        match (self, taken) {
            (_, Self::Both) => None,
            (Self::Both, Self::Only(direction)) => Some(direction.opposite()),
            (Self::Only(own), Self::Only(direction)) => (own != direction).then_some(own),
        }
    }
}

// === impl Schedule ===

impl Schedule {
    /// Whether what began to act at `since` acts at `now`.
    #[must_use]
    pub fn covers(&self, since: Instant, now: Instant) -> bool {
        let ended = |lasts| since.checked_add(lasts).is_some_and(|end| end <= now);
        since <= now && !self.lasts.is_some_and(ended)
    }
}

// === impl Setting ===

impl Setting {
    /// The kind with every parameter at its default, hitting all connections in both directions. A required parameter
    /// has no value until `with` gives it one.
    #[must_use]
    pub fn new(kind: &'static Kind) -> Self {
        let values = kind
            .params
            .iter()
            .map(|param| param.default.value())
            .collect();
        Self {
            kind,
            values,
            share: Percent::ALL,
            name: None,
            directions: Directions::Both,
            schedule: Schedule::default(),
        }
    }

    /// Returns the setting with the named parameter at `value`, and those that do not go together with it as they are when
    /// they are not written; a name that the kind does not have changes nothing.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        if let Some(given) = self.kind.params.iter().find(|param| param.name == name)
            && given.default.value() != Some(value)
        {
            for (param, own) in self.kind.params.iter().zip(&mut self.values) {
                if param.excludes(given) {
                    *own = param.default.value();
                }
            }
        }
        self.having(name, |_| Some(value))
    }

    /// Returns the setting with what is named as it is in another one of its kind: parameters, `share`, `start` and `for`.
    #[must_use]
    pub fn taking(mut self, other: &Self, names: &[&str]) -> Self {
        for name in names {
            match *name {
                "share" => self.share = other.share,
                "start" => self.schedule.start = other.schedule.start,
                "for" => self.schedule.lasts = other.schedule.lasts,
                name => {
                    if let Some(value) = other.value(name) {
                        self = self.with(name, value);
                    }
                }
            }
        }
        self
    }

    /// Returns the setting with the named parameter absent.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.having(name, |_| None)
    }

    /// Returns the setting with the parameter as it is when it is not written.
    #[must_use]
    pub(super) fn at_default<T: Copy>(self, param: Param<T>) -> Self {
        self.having(param.spec.name, |param| param.default.value())
    }

    /// Returns the setting in `directions`, with its values as they are. A kind that acts on the connection as a whole acts in both.
    #[must_use]
    pub fn acting(mut self, directions: Directions) -> Self {
        if self.kind.directed {
            self.directions = directions;
        }
        self
    }

    /// Returns the setting for a share of the connections.
    #[must_use]
    pub fn hitting(mut self, share: Percent) -> Self {
        self.share = share;
        self
    }

    /// Returns the setting with another schedule.
    #[must_use]
    pub fn at_times(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Returns the setting under a name, or without one.
    #[must_use]
    pub fn called(mut self, name: Option<SettingName>) -> Self {
        self.name = name;
        self
    }

    /// Whether it is one of `kind` under this name, or without one.
    #[must_use]
    pub fn is(&self, kind: &Kind, name: Option<&SettingName>) -> bool {
        self.kind == kind && self.name.as_ref() == name
    }

    /// A seed of its own for what it draws, of which `number` says what: another one for each kind and name.
    pub(super) fn seed(&self, seed: u64, number: u64) -> u64 {
        let of_kind = random::derive(seed, self.kind.name, number);
        let of_name = |name: &SettingName| random::derive(of_kind, name.as_str(), number);
        self.name.as_ref().map_or(of_kind, of_name)
    }

    /// The value of the named parameter.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        self.values[self.place_of(name)?]
    }

    /// What the parameter is in this setting.
    pub(super) fn get<T: Copy>(&self, param: Param<T>) -> T {
        (param.read)(self.value(param.spec.name).or(param.spec.default.value()))
    }

    fn having(mut self, name: &str, value: impl FnOnce(&ParamSpec) -> Option<Value>) -> Self {
        if let Some(place) = self.place_of(name) {
            self.values[place] = value(&self.kind.params[place]);
        }
        self
    }

    /// The place of the named parameter in the table.
    fn place_of(&self, name: &str) -> Option<usize> {
        let mut params = self.kind.params.iter();
        params.position(|param| param.name == name)
    }

    /// The first required parameter that has no value yet, nor another one instead.
    #[must_use]
    pub fn missing(&self) -> Option<&'static str> {
        let params = || self.kind.params.iter().zip(&self.values);
        let replaced = |param: &ParamSpec| {
            params().any(|(other, value)| value.is_some() && other.instead_of.contains(&param.name))
        };
        params()
            .find(|(param, value)| {
                param.default == Default::Required && value.is_none() && !replaced(param)
            })
            .map(|(param, _)| param.name)
    }

    /// What this setting is for one direction alone: a round trip's values halved where it acts both ways. `None` where
    /// it does not act. A kind that acts on the connection as a whole is the same for either direction.
    #[must_use]
    pub fn one_way(&self, direction: Direction) -> Option<Self> {
        match self.directions {
            Directions::Both if !self.kind.directed => Some(self.clone()),
            Directions::Only(only) => (only == direction).then(|| self.clone()),
            Directions::Both => {
                let mut half = self.clone();
                half.directions = Directions::Only(direction);
                for (param, value) in self.kind.params.iter().zip(&mut half.values) {
                    if param.halves
                        && let Some(Value::Time(time)) = value
                    {
                        *time /= 2;
                    }
                }
                Some(half)
            }
        }
    }
}

/// The fault language: what is printed parses to the same setting.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name)?;
        for (param, value) in self.kind.params.iter().zip(&self.values) {
            match (value, param.default) {
                (Some(value), Default::Is(default)) if *value == default => {}
                (Some(value), _) if param.bare => write!(f, " {value}")?,
                (Some(value), _) => write!(f, " {}={value}", param.name)?,
                (None, _) => {}
            }
        }
        if self.share != Percent::ALL {
            write!(f, " share={}", self.share)?;
        }
        if !self.schedule.start.is_zero() {
            write!(f, " start={}", Time(self.schedule.start))?;
        }
        if let Some(lasts) = self.schedule.lasts {
            write!(f, " for={}", Time(lasts))?;
        }
        if let Some(name) = &self.name {
            write!(f, " as={name}")?;
        }
        match self.directions {
            Directions::Both => Ok(()),
            Directions::Only(direction) => write!(f, " {direction}"),
        }
    }
}
