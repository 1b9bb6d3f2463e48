//! The settings of a plan that have names, in the short figures of the strips: what other programs and people have set beside
//! what the knobs turn.

use super::format::{self, RateUnit};
use super::knob;
use crate::fault::{Direction, Directions, Kind, Plan, Setting, SettingName};
use crate::units::Percent;

/// A kind of fault that is set under a name.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Named {
    pub(in crate::ui) kind: &'static Kind,
    pub(in crate::ui) name: SettingName,
    /// What it is set to: `LAT 100ms`.
    pub(in crate::ui) set: String,
}

/// The kinds that a plan sets under names, in its order.
pub(in crate::ui) fn of(plan: &Plan, rates: RateUnit) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for (name, setting) in plan.named() {
        let set = set(setting, rates);
        match all.last_mut() {
            Some(last) if last.kind == setting.kind && last.name == *name => {
                // The other direction of the same.
                last.set = format!("{}/{}", last.set, value(setting, rates));
            }
            _ => all.push(Named {
                kind: setting.kind,
                name: name.clone(),
                set,
            }),
        }
    }
    all
}

fn set(setting: &Setting, rates: RateUnit) -> String {
    let knob = setting.kind.knobs.first();
    let is_said = knob.is_some_and(|knob| knob.param == "share");
    let share = match setting.share {
        share if share != Percent::ALL && !is_said => format!(" on {share}"),
        _ => String::new(),
    };
    let label = knob.map_or(setting.kind.name, |knob| knob.label);
    format!("{label} {}{share}", value(setting, rates))
}

/// What one setting is set to, with a mark where it acts one way only.
fn value(setting: &Setting, rates: RateUnit) -> String {
    let way = match setting.directions {
        Directions::Both => "",
        Directions::Only(Direction::Up) => "↑",
        Directions::Only(Direction::Down) => "↓",
    };
    let mut dials = knob::all().iter();
    let dial = dials.find(|dial| dial.kind == setting.kind);
    let first = || setting.value(setting.kind.params.first()?.name);
    let value = dial.and_then(|dial| dial.of(setting)).or_else(first);
    let value = value.map_or_else(|| "on".to_owned(), |value| format::value(value, rates));
    format!("{way}{value}")
}

impl Named {
    /// `slow: LAT 100ms`
    pub(in crate::ui) fn text(&self) -> String {
        format!("{}: {}", self.name.as_str(), self.set)
    }
}
