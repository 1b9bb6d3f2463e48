//! All settings of a proxy.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::chain::Circumstances;
use super::motion::Motion;
use super::param::{Unit, Value};
use super::setting::{Directions, Schedule, Setting};
use super::shared::SharedLinks;
use super::{Direction, Kind, Opening};
use crate::units::Percent;

/// The faults of one proxy. A kind stands at most once per direction.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    settings: Vec<Setting>,
    /// Whether the faults are switched off for now, their settings kept.
    pub bypassed: bool,
    /// What the proxy's connections share: one link for all of them, where a setting asks for it.
    shared: Arc<SharedLinks>,
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

    /// The settings, in the order of the table of kinds.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// What the connections of the proxy share. Plans that were cloned from one another share the same.
    #[must_use]
    pub fn shared(&self) -> &Arc<SharedLinks> {
        &self.shared
    }

    /// The same settings, on the shared links of the plan that this one replaces: unless what is shared changed, in which
    /// case its pace begins anew.
    #[must_use]
    pub fn succeeding(mut self, other: &Self) -> Self {
        let sharing = |plan: &Self| -> Vec<Setting> {
            let shares = |setting: &&Setting| setting.value("scope") == Some(Value::Word("proxy"));
            plan.settings.iter().filter(shares).cloned().collect()
        };
        self.shared = if sharing(&self) == sharing(other) {
            Arc::clone(&other.shared)
        } else {
            Arc::default()
        };
        self
    }

    /// The same, put in force at `now` in place of `before`: what was set then stays set, the rest is set now. `origin` stands
    /// for when a setting was set that does not know.
    #[must_use]
    pub fn set_at(mut self, before: &Self, now: Instant, origin: Instant) -> Self {
        for setting in &mut self.settings {
            if let Some(old) = before.settings.iter().find(|old| *old == setting) {
                *setting = old.clone();
            }
            if !setting.is_set() {
                let from = Direction::BOTH
                    .map(|direction| before.number(setting.kind, direction, origin, now));
                *setting = setting.clone().set_at(now, from);
            }
        }
        self
    }

    /// What the first parameter of a kind is in a direction at `now`. A kind that stands still at zero when it is not set
    /// is at zero then.
    fn number(
        &self,
        kind: &Kind,
        direction: Direction,
        origin: Instant,
        now: Instant,
    ) -> Option<f64> {
        let setting = self.one_way(kind, direction);
        match setting.filter(|setting| !self.bypassed && setting.acts(origin, now)) {
            Some(setting) => Some(Motion::of(&setting, direction, setting.since(origin))?.at(now)),
            None => (kind.params.first()?.unit == Unit::Time).then_some(0.0),
        }
    }

    /// When the plan next changes by itself, after `now`.
    #[must_use]
    pub fn next_turn(&self, origin: Instant, now: Instant) -> Option<Instant> {
        let settings = self.settings.iter();
        settings
            .filter_map(|setting| setting.next_turn(origin, now))
            .min()
    }

    /// Whether a change to this plan concerns connections that hold nothing: it ends them, or it changes by itself.
    #[must_use]
    pub fn concerns_idle(&self) -> bool {
        self.settings
            .iter()
            .any(|setting| setting.kind.ends || setting.schedule != Schedule::default())
    }

    /// The plan as it acts at `now`, in values that stand still; `None` where it is that itself.
    #[must_use]
    pub fn present(&self, origin: Instant, now: Instant) -> Option<Self> {
        let mut present = self.clone();
        present.settings.retain(|setting| setting.acts(origin, now));
        let mut moves = present.settings.len() != self.settings.len();
        for setting in &self.settings {
            let ways = Direction::BOTH.map(|direction| {
                let one_way = setting.one_way(direction)?;
                let motion = Motion::of(&one_way, direction, setting.since(origin))?;
                let param = setting.kind.params.first()?;
                let value = param.clamp(motion.value_at(now, setting.value(param.name)?));
                (!motion.is_still(now)).then(|| one_way.with(param.name, value))
            });
            for way in ways.into_iter().flatten() {
                if setting.acts(origin, now) {
                    present.set(way);
                    moves = true;
                }
            }
        }
        moves.then_some(present)
    }

    /// What the faults ask of a new connection, which `hits` says they hit or not, at `now`; `draw` is the connection's
    /// number for the kind.
    #[must_use]
    pub fn opening(
        &self,
        hits: impl Fn(&Setting) -> bool,
        draw: impl Fn(&Kind) -> u64,
        origin: Instant,
        now: Instant,
    ) -> Opening {
        let mut opening = Opening::default();
        for setting in &self.settings {
            if let Some(open) = setting.kind.open
                && !self.bypassed
                && setting.acts(origin, now)
                && hits(setting)
            {
                open(setting, draw(setting.kind), &mut opening);
            }
        }
        opening
    }

    /// What the latency set adds to a round trip of a connection, at `now`.
    #[must_use]
    pub fn round_trip(&self, circumstances: &Circumstances, now: Instant) -> Duration {
        let kind = &super::latency::KIND;
        let ways = Direction::BOTH.into_iter().filter_map(|direction| {
            let setting = self.one_way(kind, direction)?;
            let acts = !self.bypassed
                && setting.acts(circumstances.origin, now)
                && circumstances.hits(kind, setting.share);
            acts.then(|| setting.value("time").and_then(Value::time))?
        });
        ways.sum()
    }

    /// Whether all new connections are refused at `now`, so that the port is to be closed.
    #[must_use]
    pub fn refuses(&self, origin: Instant, now: Instant) -> bool {
        let all = |setting: &Setting| setting.share == Percent::ALL;
        self.opening(all, |_| 0, origin, now).refused
    }

    /// Whether a fault is set that closes the port, now or at another time.
    #[must_use]
    pub fn mentions_refusal(&self) -> bool {
        let mut settings = self.settings.iter();
        settings.any(|setting| setting.kind.name == super::refuse::KIND.name)
    }

    /// Whether no fault is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Sets a fault: it takes the place of its kind in its directions and leaves the rest. What stood in both
    /// directions and is replaced in one goes on in the other with its share of the round trip.
    pub fn set(&mut self, setting: Setting) {
        self.take_away(setting.kind, setting.directions);
        self.settings.push(setting);
        self.settings.sort_by_key(|setting| {
            (
                setting.kind.index(),
                setting.directions == Directions::Only(Direction::Down),
            )
        });
    }

    /// Removes every setting of a kind.
    pub fn clear(&mut self, kind: &Kind) {
        self.settings
            .retain(|setting| setting.kind.name != kind.name);
    }

    /// Removes every setting.
    pub fn clear_all(&mut self) {
        self.settings.clear();
    }

    /// Removes a kind in these directions; the other direction goes on. A kind that acts on the connection as a whole has
    /// no directions: it goes altogether.
    pub fn take_away(&mut self, kind: &Kind, directions: Directions) {
        if !kind.directed {
            self.clear(kind);
            return;
        }
        let mut kept = Vec::with_capacity(self.settings.len() + 1);
        for setting in self.settings.drain(..) {
            if setting.kind.name != kind.name {
                kept.push(setting);
                continue;
            }
            match setting.directions.without(directions) {
                None => {}
                Some(left) if left == setting.directions => kept.push(setting),
                Some(Directions::Only(direction)) => kept.extend(setting.one_way(direction)),
                Some(Directions::Both) => kept.push(setting),
            }
        }
        self.settings = kept;
    }

    /// The setting of `kind` that acts in `direction`, as it was set.
    #[must_use]
    pub fn find(&self, kind: &Kind, direction: Direction) -> Option<&Setting> {
        self.settings
            .iter()
            .find(|setting| setting.kind.name == kind.name && setting.directions.contain(direction))
    }

    /// The setting of `kind` that acts in `direction`, with that direction's values.
    #[must_use]
    pub fn one_way(&self, kind: &Kind, direction: Direction) -> Option<Setting> {
        self.find(kind, direction)?.one_way(direction)
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings && self.bypassed == other.bypassed
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
