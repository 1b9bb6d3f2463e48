//! Turns knobs: a plan in, a plan out. A *dial* is a knob of the table of kinds (`fault::knob`) together with its kind.
//!
//! A knob stands for one parameter of one kind. It reads and writes plans, and it knows its track; which proxy is
//! turned, and that the engine hears of it, is its caller's business. A knob turned off takes its kind out of the plan
//! once nothing of it is left: jitter alone is a latency of zero, and goes with the last of both.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::param::Default as Absence;
use super::scale::{Track, magnitude};
use super::{Direction, Directions, KINDS, Kind, Knob, ParamSpec, Plan, Setting, Unit, Value};
use crate::units::{ByteCount, Percent};

/// The parameter that every kind has beside its own: the share of connections that it hits.
const SHARE: &str = "share";

/// A knob with the kind whose parameter it turns.
#[derive(Clone, Copy, Debug)]
pub struct Dial {
    /// The kind of fault.
    pub kind: &'static Kind,
    /// The knob, as the kind's table has it.
    pub knob: &'static Knob,
}

/// How a knob is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// By this many fine steps; to the right is worse.
    Fine(i8),
    /// By this many stops; to the right is worse.
    Stop(i8),
    /// To a stop, 1 to 9.
    To(u8),
    /// To the value that stands at a cell of a track of so many, counted from 1; 0 is off.
    At {
        /// The cell.
        cell: u16,
        /// How many there are.
        cells: u16,
    },
    /// Off: the setting is absent.
    Off,
    /// To a value, as typed; to the nearest that the parameter allows.
    Exact(Value),
}

/// Every knob, in the order of the table of kinds.
#[must_use]
pub fn all() -> &'static [Dial] {
    static ALL: LazyLock<Vec<Dial>> = LazyLock::new(|| {
        let mut dials = Vec::new();
        for kind in KINDS {
            dials.extend(kind.knobs.iter().map(|knob| Dial { kind, knob }));
        }
        dials
    });
    &ALL
}

// === impl Dial ===

impl Dial {
    /// What the knob stands at in these directions: for a round trip's values the sum of both, else the worse of both.
    /// `None` is off.
    #[must_use]
    pub fn value(&self, plan: &Plan, directions: Directions) -> Option<Value> {
        let one_way = |direction| self.of(&plan.one_way(self.kind, direction)?);
        match directions {
            Directions::Only(direction) => one_way(direction),
            Directions::Both => {
                let whole = plan.find(self.kind, Direction::Up);
                if let Some(setting) = whole.filter(|it| it.directions == Directions::Both) {
                    return self.of(setting);
                }
                match (one_way(Direction::Up), one_way(Direction::Down)) {
                    (Some(up), Some(down)) if self.halves() => {
                        Some(self.param().map_or(up, |param| param.sum(up, down)))
                    }
                    (Some(up), Some(down)) => Some(self.worse(up, down)),
                    (up, down) => up.or(down),
                }
            }
        }
    }

    /// Where a value stands on the track: 0 is off, `n` the n-th stop, between them on the scale of the values; at most
    /// 9. It places measured values on the same track.
    #[must_use]
    pub fn position(&self, value: Value) -> f64 {
        let track = self.track();
        track
            .parts(value)
            .map_or(0.0, |parts| track.position(parts))
    }

    /// What the knob stands at after a turn from `now`.
    #[must_use]
    pub fn turned(&self, now: Option<Value>, turn: Turn) -> Option<Value> {
        let track = self.track();
        let parts = now.and_then(|value| track.parts(value));
        let times = |by: i8, step: &dyn Fn(Option<u64>) -> Option<u64>| {
            let end = (0..by.unsigned_abs()).fold(parts, |parts, _| step(parts));
            end.map(|parts| track.value(parts))
        };
        match turn {
            Turn::Fine(by) => times(by, &|parts| track.step(parts, by > 0)),
            Turn::Stop(by) => times(by, &|parts| track.next_stop(parts, by > 0)),
            Turn::To(stop) => {
                let last = self.knob.stops.len() - 1;
                Some(self.knob.stops[usize::from(stop.saturating_sub(1)).min(last)])
            }
            Turn::Off | Turn::At { cell: 0, .. } => None,
            Turn::At { cell, cells } => {
                let stops = f64::from(cell) * 9.0 / f64::from(cells.max(1));
                Some(track.value(track.at(stops)))
            }
            Turn::Exact(value) => (!self.harmless(value))
                .then(|| self.param().map_or(value, |param| param.clamp(value))),
        }
    }

    /// The plan with the knob turned in these directions.
    #[must_use]
    pub fn turn(&self, plan: &Plan, directions: Directions, turn: Turn) -> Plan {
        let now = self.value(plan, directions);
        self.set(plan, directions, self.turned(now, turn))
    }

    /// The plan with the knob at `value` in these directions, `None` being off.
    #[must_use]
    pub fn set(&self, plan: &Plan, directions: Directions, value: Option<Value>) -> Plan {
        let mut plan = plan.clone();
        let base = match (self.base(&plan, directions), value) {
            (Some(base), _) => base,
            (None, Some(_)) => Setting::new(self.kind),
            (None, None) => return plan,
        };
        match self.with(base.acting(directions), value) {
            Some(setting) => plan.set(setting),
            None => plan.take_away(self.kind, None, directions),
        }
        plan
    }

    /// A value in the fault language, or `off`.
    #[must_use]
    pub fn print(value: Option<Value>) -> String {
        value.map_or_else(|| "off".to_owned(), |value| value.to_string())
    }

    /// What a turn changed, for people: `LAT off → 250ms`, with the direction where it is one, and with the share where
    /// not all connections are hit.
    #[must_use]
    pub fn change(&self, before: &Plan, after: &Plan, directions: Directions) -> String {
        let mut text = self.knob.label.to_owned();
        if let Directions::Only(direction) = directions {
            let _ = write!(text, " {direction}");
        }
        let old = Self::print(self.value(before, directions));
        let new = Self::print(self.value(after, directions));
        let _ = write!(text, " {old} → {new}");
        if let Some(share) = self.share(after) {
            let _ = write!(text, " on {share} of connections");
        }
        text
    }

    /// The share of the connections that the kind hits, where it is set and not all of them, and the knob does not turn
    /// the share itself.
    #[must_use]
    pub fn share(&self, plan: &Plan) -> Option<Percent> {
        let ways = Direction::BOTH.into_iter();
        let shares = ways.filter_map(|way| plan.find(self.kind, way));
        let mut shares = shares.map(|setting| setting.share);
        shares.find(|share| *share != Percent::ALL && self.knob.param != SHARE)
    }

    /// The knob's parameter; `None` for the share, and for a kind that is only on or off.
    #[must_use]
    pub fn param(&self) -> Option<&'static ParamSpec> {
        let mut params = self.kind.params.iter();
        params.find(|param| param.name == self.knob.param)
    }

    /// What the language reads for the knob: its parameter, the share, or on and off.
    pub(crate) fn spec(&self) -> ParamSpec {
        let unit = match self.knob.stops[0] {
            Value::Percent(_) => Unit::Percent,
            _ => Unit::Switch,
        };
        let of_no_param = ParamSpec::of_no_kind(self.knob.param, unit);
        self.param().copied().unwrap_or(of_no_param)
    }

    fn halves(&self) -> bool {
        self.param().is_some_and(|param| param.halves)
    }

    fn track(&self) -> Track {
        Track::new(self.knob, self.param())
    }

    fn worse(&self, a: Value, b: Value) -> Value {
        if self.position(b) > self.position(a) {
            b
        } else {
            a
        }
    }

    /// Whether `value` is no fault: what the parameter is by default, or a zero that asks for nothing.
    pub(crate) fn harmless(&self, value: Value) -> bool {
        match self.param().map(|param| (param.default, param.unit)) {
            Some((Absence::Is(default), _)) => value == default,
            Some((_, unit)) => zero(unit) == Some(value),
            None => magnitude(value) == Some(0),
        }
    }

    /// What the knob stands at in one setting.
    pub(crate) fn of(&self, setting: &Setting) -> Option<Value> {
        let value = match self.param() {
            Some(param) => setting.value(param.name)?,
            None if self.knob.param == SHARE => Value::Percent(setting.share),
            None => self.knob.stops[0],
        };
        (!self.harmless(value)).then_some(value)
    }

    /// The name of what a setting follows in place of the knob's value, where it does: `trace`.
    #[must_use]
    pub fn follows(&self, setting: &Setting) -> Option<&'static str> {
        let mut params = self.kind.params.iter();
        let followed = params.find(|param| param.instead_of.contains(&self.knob.param))?;
        setting.value(followed.name).map(|_| followed.name)
    }

    /// What there is of the kind in these directions, as one setting for all of them.
    pub(crate) fn base(&self, plan: &Plan, directions: Directions) -> Option<Setting> {
        let ways = Direction::BOTH.map(|direction| plan.find(self.kind, direction));
        match (directions, ways) {
            (Directions::Only(direction), _) => plan.one_way(self.kind, direction),
            (Directions::Both, [Some(up), Some(down)]) if up.directions != Directions::Both => {
                let mut whole = down.clone();
                for param in self.kind.params.iter().filter(|param| param.halves) {
                    if let (Some(up), Some(down)) = (up.value(param.name), down.value(param.name)) {
                        whole = whole.with(param.name, param.sum(up, down));
                    }
                }
                Some(whole)
            }
            (Directions::Both, [up, down]) => down.or(up).cloned(),
        }
    }

    /// The setting with the knob at `value`; `None` where nothing of it is left.
    fn with(&self, setting: Setting, value: Option<Value>) -> Option<Setting> {
        let name = self.knob.param;
        let mut setting = match (value, self.param()) {
            (Some(value), Some(_)) => setting.with(name, value),
            (Some(Value::Percent(share)), None) if name == SHARE => setting.hitting(share),
            (Some(_), None) => setting,
            (None, None) => return None,
            (None, Some(param)) => match param.default {
                Absence::Is(default) => setting.with(name, default),
                Absence::Absent => setting.without(name),
                Absence::Required => setting.with(name, zero(param.unit)?),
            },
        };
        let is_on = |knob| Dial { knob, ..*self }.of(&setting).is_some();
        if value.is_none() && !self.kind.knobs.iter().any(is_on) {
            return None;
        }
        while let Some(missing) = setting.missing() {
            let param = self
                .kind
                .params
                .iter()
                .find(|param| param.name == missing)?;
            let mildest = zero(param.unit).or(param.range.map(|(_, most)| most))?;
            setting = setting.with(missing, mildest);
        }
        Some(setting)
    }
}

/// The zero that asks for nothing. A rate has none: at zero, nothing passes.
fn zero(unit: Unit) -> Option<Value> {
    match unit {
        Unit::Time | Unit::TimeOrSize => Some(Value::Time(std::time::Duration::ZERO)),
        Unit::Size => Some(Value::Size(ByteCount::new(0))),
        Unit::Percent => Some(Value::Percent(Percent::NONE)),
        Unit::Number => Some(Value::Number(0.0)),
        Unit::Switch => Some(Value::Switch(false)),
        Unit::Rate | Unit::Word(_) | Unit::Trace(_) => None,
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
