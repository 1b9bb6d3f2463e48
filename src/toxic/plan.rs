//! Plans as toxics, and toxics as plans: what the console turns on a toxiproxy server.
//!
//! A toxic is a setting with its name. What a knob turns has none: its toxics are called after it, `faultboard_latency_upstream`
//! and `faultboard_latency_downstream`, and where both come to one setting of both directions they are shown as that. A bypass
//! stands in the toxics themselves: a toxicity below 0 never acts, and says what it will be again.

use super::{TYPES, Toxic, ToxicType};
use crate::fault::{Direction, Directions, Kind, Plan, Schedule, Setting, Value};

/// The plan that toxics come to; those that are no fault add nothing.
#[must_use]
pub fn plan_of(toxics: &[Toxic]) -> Plan {
    let acting = || toxics.iter().filter(|toxic| toxic.setting().is_some());
    let bypassed = acting().count() > 0 && acting().all(|toxic| toxic.toxicity < 0.0);
    let setting = |toxic: &Toxic| {
        let mut toxic = toxic.clone();
        if bypassed {
            toxic.toxicity = -toxic.toxicity;
        }
        let setting = toxic.setting()?;
        let is_knobs = toxic.name == name_of(setting.kind, toxic.direction);
        Some(if is_knobs {
            setting.called(None)
        } else {
            setting
        })
    };
    let mut settings: Vec<Setting> = Vec::new();
    for setting in toxics.iter().filter_map(setting) {
        let both = settings.iter().enumerate().find_map(|(place, other)| {
            let pair = match setting.directions {
                Directions::Only(Direction::Down) => [other, &setting],
                _ => [&setting, other],
            };
            Some((place, both_ways(pair)?))
        });
        match both {
            Some((place, both)) => settings[place] = both,
            None => settings.push(setting),
        }
    }
    let mut plan = Plan::of(settings);
    plan.bypassed = bypassed;
    plan
}

/// The toxics that a plan comes to.
///
/// # Errors
/// What of it toxiproxy cannot do, in one line.
pub fn toxics_of(plan: &Plan) -> Result<Vec<Toxic>, String> {
    let mut toxics = Vec::new();
    for setting in plan.settings() {
        for direction in Direction::BOTH {
            if setting.directions.contain(direction) {
                toxics.push(toxic_of(setting, direction)?);
            }
        }
    }
    if plan.bypassed {
        for toxic in &mut toxics {
            toxic.toxicity = -toxic.toxicity;
        }
    }
    Ok(toxics)
}

/// The toxic that a setting is in one direction.
fn toxic_of(setting: &Setting, direction: Direction) -> Result<Toxic, String> {
    let kind = setting.kind;
    let mut types = TYPES
        .iter()
        .map(|it| (it, values_of(setting, direction, it)));
    let found = types.find(|(it, values)| (it.fault)(values) == Some(kind.name));
    let Some((it, values)) = found.filter(|_| kind.directed) else {
        return Err(format!("toxiproxy has no {}", kind.name));
    };
    if setting.schedule != Schedule::default() {
        return Err("toxiproxy's toxics have no start and end".to_owned());
    }
    if let (Some(name), Directions::Both) = (&setting.name, setting.directions) {
        return Err(format!(
            "a toxic acts in one direction: {} as={name} needs up or down",
            kind.name
        ));
    }
    let name = match &setting.name {
        Some(name) => name.as_str().to_owned(),
        None => name_of(kind, direction),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "toxiproxy keeps no more of it"
    )]
    let toxicity = setting.share.fraction() as f32;
    let toxic = Toxic {
        name,
        kind: it,
        stream: stream(direction).to_owned(),
        direction,
        toxicity,
        values,
    };
    match toxic.setting().and_then(|is| lacking(it, setting, &is)) {
        Some(param) => Err(format!("toxiproxy's {} has no {param}", it.name)),
        None => Ok(toxic),
    }
}

/// The attributes of a toxic of this type in one direction of a setting.
fn values_of(setting: &Setting, direction: Direction, it: &ToxicType) -> Vec<i64> {
    let is_halved = setting.directions == Directions::Both;
    let given = it.attributes.iter().map(|attribute| {
        let whole = setting
            .value(attribute.param)
            .map_or(0, |value| attribute.unit.nearest(value));
        let mut params = setting.kind.params.iter();
        let param = params.find(|it| it.name == attribute.param);
        match direction {
            _ if !(is_halved && param.is_some_and(|it| it.halves)) => whole,
            Direction::Up => whole / 2,
            Direction::Down => whole - whole / 2,
        }
    });
    given.collect()
}

/// The first parameter of a setting that its toxic does not have.
fn lacking(toxic: &ToxicType, asked: &Setting, is: &Setting) -> Option<&'static str> {
    let given = toxic.attributes.iter().map(|attribute| attribute.param);
    let given: Vec<&str> = given.chain(toxic.always.map(|(param, _)| param)).collect();
    let mut params = asked.kind.params.iter().map(|param| param.name);
    params.find(|param| !given.contains(param) && asked.value(param) != is.value(param))
}

/// The setting of both directions that two come to that knobs have made, one up and one down.
fn both_ways([up, down]: [&Setting; 2]) -> Option<Setting> {
    let are_a_pair = up.kind == down.kind && up.name.is_none() && down.name.is_none();
    let directions = [up, down].map(|setting| setting.directions);
    let wanted = [Direction::Up, Direction::Down].map(Directions::Only);
    if !are_a_pair || directions != wanted || up.share != down.share {
        return None;
    }
    let mut both = up.clone().acting(Directions::Both);
    for param in up.kind.params {
        both = match (up.value(param.name), down.value(param.name)) {
            (Some(Value::Time(up)), Some(Value::Time(down))) if param.halves => {
                // An odd number of milliseconds has halves that differ by one.
                if up.abs_diff(down).as_millis() > 1 {
                    return None;
                }
                both.with(param.name, Value::Time(up + down))
            }
            (up, down) if up == down => both,
            _ => return None,
        };
    }
    Some(both)
}

/// What the toxic is called that a knob makes.
fn name_of(kind: &Kind, direction: Direction) -> String {
    format!("faultboard_{}_{}", kind.name, stream(direction))
}

/// A direction in toxiproxy's word.
const fn stream(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "upstream",
        Direction::Down => "downstream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::language::plan;

    /// Toxics in words: `NAME TYPE VALUES TOXICITY`.
    fn words(toxics: &[Toxic]) -> Vec<String> {
        let words = toxics.iter().map(|it| {
            let values: Vec<String> = it.values.iter().map(i64::to_string).collect();
            let (name, kind) = (&it.name, it.kind.name);
            format!("{name} {kind} {} {}", values.join(","), it.toxicity)
        });
        words.collect()
    }

    #[test]
    fn a_plan_comes_to_toxics_that_come_to_it_again() {
        for (faults, toxics) in [
            ("", &[][..]),
            (
                "latency 25ms jitter=5ms",
                &[
                    "faultboard_latency_upstream latency 12,2 1",
                    "faultboard_latency_downstream latency 13,3 1",
                ],
            ),
            (
                "latency 1s up, latency 2s down",
                &[
                    "faultboard_latency_upstream latency 1000,0 1",
                    "faultboard_latency_downstream latency 2000,0 1",
                ],
            ),
            (
                "bandwidth 64kB/s share=50%",
                &[
                    "faultboard_bandwidth_upstream bandwidth 64 0.5",
                    "faultboard_bandwidth_downstream bandwidth 64 0.5",
                ],
            ),
            (
                "blackhole lift=close down",
                &["faultboard_blackhole_downstream timeout 0 1"],
            ),
            (
                "timeout 200ms lift=close up, slicer 100B vary=5B gap=10us down",
                &[
                    "faultboard_timeout_upstream timeout 200 1",
                    "faultboard_slicer_downstream slicer 100,5,10 1",
                ],
            ),
            (
                "latency 100ms as=latency_downstream down, close after=100B as=short up",
                &[
                    "latency_downstream latency 100,0 1",
                    "short limit_data 100 1",
                ],
            ),
        ] {
            let plan = plan(faults);
            let made = toxics_of(&plan).expect(faults);
            assert_eq!(words(&made), toxics, "{faults}");
            assert_eq!(plan_of(&made), plan, "{faults}");
        }
    }

    #[test]
    fn what_toxiproxy_always_does_is_shown_once_it_does_it() {
        for (asked, is) in [
            ("reset after=1s", "reset after=1s on=data"),
            ("blackhole down", "blackhole lift=close down"),
            ("latency 1200us up", "latency 1ms up"),
            ("bandwidth 100B/s", "bandwidth 1kB/s"),
        ] {
            let made = toxics_of(&plan(asked)).expect(asked);
            assert_eq!(plan_of(&made).to_string(), is);
        }
    }

    #[test]
    fn a_bypass_stands_in_the_toxics_and_leaves_their_shares() {
        let mut plan = plan("latency 1s share=25%, loss 2%");
        plan.clear(Kind::named("loss").expect("a kind"));
        plan.bypassed = true;
        let made = toxics_of(&plan).expect("toxics");
        assert!(
            made.iter()
                .all(|toxic| toxic.toxicity.total_cmp(&-0.25).is_eq())
        );
        assert_eq!(plan_of(&made), plan);
        // One that acts among them: nothing is bypassed, and the others act on nobody.
        let mut mixed = made;
        mixed[0].toxicity = 1.0;
        let shown = plan_of(&mixed);
        assert_eq!(
            shown.to_string(),
            "latency 500ms up, latency 500ms share=0% down"
        );
        assert!(!shown.bypassed);
    }

    #[test]
    fn what_toxiproxy_cannot_do_is_said() {
        for (faults, says) in [
            ("loss 2%", "toxiproxy has no loss"),
            ("refuse", "toxiproxy has no refuse"),
            ("flap on=1s off=1s", "toxiproxy has no flap"),
            ("latency 1s dist=normal", "toxiproxy's latency has no dist"),
            (
                "bandwidth 1MB/s queue=64kB",
                "toxiproxy's bandwidth has no queue",
            ),
            ("reset every=1s", "toxiproxy's reset_peer has no every"),
            (
                "latency 1s for=10s",
                "toxiproxy's toxics have no start and end",
            ),
            (
                "latency 1s as=slow",
                "a toxic acts in one direction: latency as=slow needs up or down",
            ),
        ] {
            assert_eq!(toxics_of(&plan(faults)).expect_err(faults), says);
        }
    }
}
