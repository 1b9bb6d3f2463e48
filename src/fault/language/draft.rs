//! A setting while it is read: what has been given, and what may still follow.

use std::ops::Range;

use super::super::param::Default;
use super::{AS, COMMON, DIRECTIONS, FOR, SHARE, START, slips};
use crate::fault::{Directions, Kind, ParamSpec, Setting, SettingName, Unit, Value};
use crate::syntax::{Input, Slip};
use winnow::stream::Location;

pub(super) struct Draft<'b> {
    /// What has been read of it.
    pub(super) setting: Setting,
    /// Where its kind stands.
    at: Range<usize>,
    /// The settings that it must get along with.
    before: &'b [Setting],
    /// The names of the parameters that have been given.
    given: Vec<&'static str>,
    /// Where a direction has been given.
    directed: Option<Range<usize>>,
    /// Where a name ends that more text could make longer.
    grows_at: Option<usize>,
}

impl<'b> Draft<'b> {
    /// A setting of the kind that stands at `at`, after the settings `before`.
    pub(super) fn new(kind: &'static Kind, at: Range<usize>, before: &'b [Setting]) -> Self {
        Self {
            setting: Setting::new(kind),
            at,
            before,
            given: Vec::new(),
            directed: None,
            grows_at: None,
        }
    }

    pub(super) fn kind(&self) -> &'static Kind {
        self.setting.kind
    }

    /// The names of its parameters, and the word for its own.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.params().map(|param| param.name).chain([AS])
    }

    /// Whether a name may still be given to it.
    pub(super) fn is_nameless(&self) -> bool {
        self.setting.name.is_none()
    }

    /// Whether a parameter must be given and is not, nor another one instead.
    pub(super) fn lacks(&self, param: &ParamSpec) -> bool {
        param.default == Default::Required && self.is_open(param)
    }

    /// Whether a parameter may still be given: it is not, and nothing that does not go together with it.
    fn is_open(&self, param: &ParamSpec) -> bool {
        !self.given.contains(&param.name) && self.rival(param).is_none()
    }

    /// What is given that does not go together with a parameter.
    fn rival(&self, param: &ParamSpec) -> Option<&'static ParamSpec> {
        let mut given = (self.kind().params.iter()).filter(|it| self.given.contains(&it.name));
        given.find(|other| other.excludes(param))
    }

    /// That a parameter, written at `at`, goes together with what is given before it.
    pub(super) fn admits(&self, param: &ParamSpec, at: Range<usize>) -> Result<(), Slip> {
        let Some(rival) = self.rival(param) else {
            return Ok(());
        };
        let (name, other) = (param.name, rival.name);
        let message = format!("{other} and {name} do not go together: leave one out");
        Err(Slip::over(at, message))
    }

    /// Every parameter that it can have, those of every kind last.
    pub(super) fn params(&self) -> impl Iterator<Item = &'static ParamSpec> + use<> {
        self.kind().params.iter().chain(COMMON)
    }

    /// Those that may still be given.
    pub(super) fn open_params(&self) -> impl Iterator<Item = &'static ParamSpec> {
        self.params().filter(|param| self.is_open(param))
    }

    /// Those whose value may stand bare now: the kind's own, and the share where that cannot be mistaken for it.
    pub(super) fn bare_params(&self) -> Vec<&'static ParamSpec> {
        let percent = |param: &ParamSpec| param.bare && param.unit == Unit::Percent;
        let share = !self.kind().params.iter().any(percent);
        self.params()
            .filter(|param| !self.given.contains(&param.name))
            .filter(|param| param.bare || (share && param.name == SHARE.name))
            .collect()
    }

    /// Whether a word looks like a bare value rather than like a name: it has digits, or is a word that the bare
    /// parameter knows.
    pub(super) fn takes_bare(&self, word: &str) -> bool {
        let first = word.chars().next();
        first.is_some_and(|c| c.is_numeric() || matches!(c, '-' | '+' | '.' | '%'))
            || self
                .bare_params()
                .iter()
                .any(|param| super::value::words(param.unit).contains(&word))
    }

    /// What to call a parameter in an error: the kind's own value by the kind.
    pub(super) fn label(&self, param: &ParamSpec) -> &'static str {
        if param.bare {
            self.kind().name
        } else {
            param.name
        }
    }

    /// The words of a direction that may still follow.
    pub(super) fn open_directions(&self) -> impl Iterator<Item = &'static str> {
        DIRECTIONS
            .iter()
            .filter(|(_, directions)| {
                self.directed.is_none() && self.collision(*directions).is_none()
            })
            .filter(|(_, directions)| self.fits(*directions))
            .map(|(word, _)| *word)
    }

    /// Whether the kind can act in these directions.
    fn fits(&self, directions: Directions) -> bool {
        self.kind().directed || directions == Directions::Both
    }

    /// In which of these directions the kind is set before under the same name.
    fn collision(&self, directions: Directions) -> Option<Directions> {
        let occupied = slips::occupied(self.kind(), self.setting.name.as_ref(), self.before);
        match occupied[..] {
            [_, _] => Some(Directions::Both),
            [one] if directions.contain(one) => Some(Directions::Only(one)),
            _ => None,
        }
    }

    /// Takes a name, before which `as=` stands at `at`. It ends at `grows_at`, where more text could make it longer.
    pub(super) fn call(
        &mut self,
        name: SettingName,
        at: Range<usize>,
        grows_at: Option<usize>,
    ) -> Result<(), Slip> {
        if self.setting.name.is_some() {
            return Err(Slip::over(at, "as is given twice: leave one out"));
        }
        self.setting.name = Some(name);
        self.grows_at = grows_at;
        Ok(())
    }

    /// What more text could give to tell it apart from another of its kind.
    fn apart_by(&self, input: &Input<'_>) -> Option<&'static str> {
        let grows = self.grows_at == Some(input.current_token_start());
        let by = if self.is_nameless() {
            Some("as=")
        } else {
            grows.then_some("a name")
        };
        by.filter(|_| input.is_empty())
    }

    /// The parameter of this name, which stands at byte `begin`.
    pub(super) fn named(&self, name: &str, begin: usize) -> Result<&'static ParamSpec, Slip> {
        match self.params().find(|param| param.name == name) {
            Some(param) if self.given.contains(&param.name) => {
                let message = format!("{name} is given twice: leave one out");
                Err(Slip::over(begin..begin + name.len(), message))
            }
            Some(param) => {
                self.admits(param, begin..begin + name.len())?;
                Ok(param)
            }
            None => Err(slips::name(self, name, begin)),
        }
    }

    pub(super) fn give(&mut self, param: &'static ParamSpec, value: Value) {
        self.given.push(param.name);
        match value {
            Value::Percent(share) if param.name == SHARE.name => self.setting.share = share,
            Value::Time(start) if param.name == START.name => self.setting.schedule.start = start,
            Value::Time(time) if param.name == FOR.name => {
                self.setting.schedule.lasts = Some(time);
            }
            value => self.setting = self.setting.clone().with(param.name, value),
        }
    }

    /// Takes a direction, whose word begins at byte `begin`.
    pub(super) fn direct(&mut self, directions: Directions, begin: usize) -> Result<(), Slip> {
        let word = super::word_of(directions);
        let at = begin..begin + word.len();
        if self.directed.is_some() {
            let message = "a direction is given already: up, down or both, once";
            return Err(Slip::over(at, message));
        }
        if !self.fits(directions) {
            let name = self.kind().name;
            let message = format!("{name} acts on the connection as a whole: leave out \"{word}\"");
            return Err(Slip::over(at, message));
        }
        self.directed = Some(at);
        self.setting = self.setting.clone().acting(directions);
        Ok(())
    }

    /// The setting, where nothing is missing.
    pub(super) fn finished(self, input: &Input<'_>) -> Result<Setting, Slip> {
        let apart = self.apart_by(input);
        let (kind, name) = (self.kind(), self.setting.name.as_ref());
        let occupied = match self.collision(self.setting.directions) {
            Some(Directions::Both) => {
                let slip = slips::set_twice(kind, name, self.at);
                return Err(slip.unfinished_if(apart.is_some()).expecting(apart));
            }
            Some(Directions::Only(one)) => Some(one),
            None => None,
        };
        if let Some(param) = self.params().find(|param| self.lacks(param)) {
            return Err(slips::missing(&self, param, input));
        }
        match (occupied, self.directed) {
            (None, _) => Ok(self.setting),
            (Some(occupied), Some(at)) => {
                let slip = slips::collision(kind, occupied, at);
                Err(slip.unfinished_if(apart.is_some()).expecting(apart))
            }
            // At the end of the text a direction can still make room for it.
            (Some(occupied), None) => {
                let free = input.is_empty().then(|| occupied.opposite().to_string());
                Err(slips::collision(kind, occupied, self.at)
                    .unfinished_if(free.is_some())
                    .expecting(free)
                    .expecting(apart))
            }
        }
    }
}
