//! What differs between two plans, knob by knob, in the short figures of the strips.

use crate::fault::{Direction, Directions, Plan};
use crate::ui::format::{self, RateUnit};
use crate::ui::knob::{self, Dial};
use crate::ui::named::{self, Named};

/// `LAT off → 300ms, BW off → 200K/96K/s`; nothing where no knob stands elsewhere.
#[must_use]
pub fn difference(before: &Plan, after: &Plan, rates: RateUnit) -> String {
    let changed = knob::all().iter().filter_map(|dial| {
        let [old, new] = [before, after].map(|plan| whole(dial, plan, rates));
        (old != new).then(|| format!("{} {old} → {new}", dial.knob.label))
    });
    let named = named::of(after, rates);
    let earlier = named::of(before, rates);
    let others = named.iter().filter(|it| !earlier.contains(it)).map(|it| {
        let was = earlier
            .iter()
            .find(|was| was.kind == it.kind && was.name == it.name);
        let was = was.map_or("off", |was| &was.set);
        format!("{}: {was} → {}", it.name.as_str(), it.set)
    });
    let is_gone = |was: &&Named| {
        !named
            .iter()
            .any(|it| it.kind == was.kind && it.name == was.name)
    };
    let gone = earlier.iter().filter(is_gone);
    let gone = gone.map(|was| format!("{} → off", was.text()));
    changed
        .chain(others)
        .chain(gone)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a knob stands at in these directions, where it is on: one that follows a trace is called so.
#[must_use]
pub fn value_of(
    dial: &Dial,
    plan: &Plan,
    directions: Directions,
    rates: RateUnit,
) -> Option<String> {
    if let Some(value) = dial.value(plan, directions) {
        return Some(format::value(value, rates));
    }
    let mut ways = Direction::BOTH
        .into_iter()
        .filter(|way| directions.contain(*way));
    let setting = ways.find_map(|way| plan.find(dial.kind, way))?;
    dial.follows(setting).map(str::to_owned)
}

/// What a knob stands at in both directions: once where they are alike or add up, else down before up.
fn whole(dial: &Dial, plan: &Plan, rates: RateUnit) -> String {
    let value = |directions| value_of(dial, plan, directions, rates);
    let [down, up] = [Direction::Down, Direction::Up].map(|way| value(Directions::Only(way)));
    let adds_up = dial.param().is_some_and(|param| param.halves);
    match (down, up) {
        (None, None) => "off".to_owned(),
        (Some(_), Some(_)) if adds_up => value(Directions::Both).unwrap_or_default(),
        (Some(down), Some(up)) if down == up => down,
        (Some(down), Some(up)) => match (down.strip_suffix("/s"), up.strip_suffix("/s")) {
            (Some(down), Some(_)) => format!("{down}/{up}"),
            _ => format!("{down}/{up}"),
        },
        (Some(down), None) => format!("↓{down}"),
        (None, Some(up)) => format!("↑{up}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language::plan;

    #[test]
    fn what_differs_is_said_knob_by_knob() {
        for (before, after, says) in [
            ("", "", ""),
            ("latency 250ms", "latency 250ms", ""),
            ("", "latency 300ms", "LAT off → 300ms"),
            ("latency 1s", "", "LAT 1s → off"),
            (
                "",
                "bandwidth 96kB/s up, bandwidth 200kB/s down, loss 2%",
                "BW off → 200K/96K/s, LOS off → 2%",
            ),
            (
                "latency 100ms, latency 1s as=slow",
                "latency 2s as=slow, blackhole as=cut down",
                "LAT 100ms → off, slow: LAT 1s → LAT 2s, cut: off → HOL ↓on",
            ),
            ("reset 50% as=x", "", "x: RST 50% → off"),
            (
                "latency 100ms up",
                "latency 100ms up, latency 50ms down",
                "LAT ↑100ms → 150ms",
            ),
            (
                "",
                "bandwidth trace=@train down, blackhole",
                "BW off → ↓trace, HOL off → on",
            ),
        ] {
            assert_eq!(
                difference(&plan(before), &plan(after), RateUnit::Bytes),
                says
            );
        }
    }
}
