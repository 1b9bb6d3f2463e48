//! A plan: all settings of a proxy as its user asked for them, plain data. Since when they act is `in_force`'s.

use std::fmt;

use super::setting::{Directions, Setting};
use super::{Direction, Kind, SettingName};

/// The faults of one proxy. A kind stands at most once per direction and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    settings: Vec<Setting>,
    /// Whether the faults are switched off for now, their settings kept.
    pub bypassed: bool,
}

impl Plan {
    /// A plan of these settings; a later one takes the place of an earlier one as `set` does.
    #[must_use]
    pub fn of(settings: impl IntoIterator<Item = Setting>) -> Self {
        let mut plan = Self::default();
        for setting in settings {
            plan.set(setting);
        }
        plan
    }

    /// The settings, in the order of the table of kinds: of a kind the one without a name first, then by age.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Whether no fault is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Sets a fault: it takes the place of its kind under its name in its directions and leaves the rest. What stood in both
    /// directions and is replaced in one goes on in the other with its share of the round trip.
    pub fn set(&mut self, setting: Setting) {
        let before = self.settings.clone();
        self.take_away(setting.kind, setting.name.as_ref(), setting.directions);
        self.settings.push(setting);
        self.settings.sort_by_cached_key(|setting| {
            // One that takes another's place is as old as that.
            let name = setting.name.as_ref();
            let mut older = before.iter();
            let age = name.map(|_| older.position(|it| it.is(setting.kind, name)));
            (
                setting.kind.index(),
                age.map(|age| age.unwrap_or(before.len())),
                setting.directions == Directions::Only(Direction::Down),
            )
        });
    }

    /// Removes every setting of a kind that has no name.
    pub fn clear(&mut self, kind: &Kind) {
        self.settings.retain(|setting| !setting.is(kind, None));
    }

    /// Removes the settings of this name: of one kind, or of all.
    pub fn clear_named(&mut self, kind: Option<&Kind>, name: &SettingName) {
        let goes = |it: &Setting| {
            it.name.as_ref() == Some(name) && kind.is_none_or(|kind| it.kind == kind)
        };
        self.settings.retain(|setting| !goes(setting));
    }

    /// Removes every setting.
    pub fn clear_all(&mut self) {
        self.settings.clear();
    }

    /// Removes what has this kind and name in these directions; the other direction goes on. A kind that acts on the connection
    /// as a whole has no directions: it goes altogether.
    pub fn take_away(&mut self, kind: &Kind, name: Option<&SettingName>, directions: Directions) {
        let taken = if kind.directed {
            directions
        } else {
            Directions::Both
        };
        let left = |setting: Setting| {
            if setting.is(kind, name) {
                setting.one_way(setting.directions.without(taken)?)
            } else {
                Some(setting)
            }
        };
        let settings = std::mem::take(&mut self.settings);
        self.settings = settings.into_iter().filter_map(left).collect();
    }

    /// The setting of `kind` without a name that acts in `direction`, as it was set.
    #[must_use]
    pub fn find(&self, kind: &Kind, direction: Direction) -> Option<&Setting> {
        let mut settings = self.settings.iter();
        settings.find(|it| it.is(kind, None) && it.directions.contain(direction))
    }

    /// The settings that have names, in the plan's order.
    pub fn named(&self) -> impl Iterator<Item = (&SettingName, &Setting)> {
        let settings = self.settings.iter();
        settings.filter_map(|setting| Some((setting.name.as_ref()?, setting)))
    }

    /// The setting of `kind` without a name that acts in `direction`, with that direction's values.
    #[must_use]
    pub fn one_way(&self, kind: &Kind, direction: Direction) -> Option<Setting> {
        self.find(kind, direction)?.one_way(direction)
    }
}

/// The settings in the fault language, separated by commas; nothing where none is set.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, setting) in self.settings.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            setting.fmt(f)?;
        }
        Ok(())
    }
}
