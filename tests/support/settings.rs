//! Settings and plans made from the table of kinds: whatever a parameter's range allows, its ends included.
//!
//! A setting is a function of one number, so a seed, or a property test's input, is all that makes a plan.

use std::time::Duration;

use faultboard::fault::param::Default;
use faultboard::fault::random::{mix, unit};
use faultboard::fault::trace::{self, Column, Trace};
use faultboard::fault::{
    Direction, Directions, Kind, ParamSpec, Schedule, Setting, SettingName, Unit, Value,
};
use faultboard::units::{ByteCount, ByteRate, Percent};

/// Whether a kind leaves the bytes and the end of a stream as they are.
pub(crate) fn keeps_the_stream(kind: &Kind) -> bool {
    !kind.ends && !kind.alters
}

/// A setting of `kind` from one number: required parameters always, the others half of the time.
pub(crate) fn setting(kind: &'static Kind, draw: u64) -> Setting {
    of_values(kind, draw, value)
}

/// A setting of `kind` from one number, whose values come from `value`.
pub(crate) fn of_values(
    kind: &'static Kind,
    draw: u64,
    value: fn(&ParamSpec, u64) -> Value,
) -> Setting {
    let mut setting = Setting::new(kind);
    for (index, spec) in kind.params.iter().enumerate() {
        let draw = mix(draw ^ mix(index as u64));
        if spec.default == Default::Required || draw & 1 == 1 {
            setting = setting.with(spec.name, value(spec, mix(draw)));
        }
    }
    setting
}

/// When a setting acts: half of the time from a while later on, and half of the time for a while.
pub(crate) fn schedule(draw: u64) -> Schedule {
    let time = |draw| Duration::from_nanos(between(1_000_000, 10_000_000_000, mix(draw)));
    Schedule {
        start: if draw & 2 == 2 {
            time(draw)
        } else {
            Duration::ZERO
        },
        lasts: (draw & 4 == 4).then(|| time(draw + 1)),
    }
}

/// No name, or one of two.
pub(crate) fn name(draw: u64) -> Option<SettingName> {
    let name = ["a", "my toxic"].get((draw % 5) as usize)?;
    SettingName::new(name).ok()
}

/// Both directions, or one of them.
pub(crate) fn directions(draw: u64) -> Directions {
    match draw % 3 {
        0 => Directions::Both,
        1 => Directions::Only(Direction::Up),
        _ => Directions::Only(Direction::Down),
    }
}

/// A value that `spec` allows: its ends one time in eight, else evenly by order of magnitude.
pub(crate) fn value(spec: &ParamSpec, draw: u64) -> Value {
    let [low, high] = range(spec);
    match spec.unit {
        Unit::Time => Value::Time(Duration::from_nanos(between(low, high, draw))),
        Unit::Rate => Value::Rate(ByteRate::new(between(low, high, draw))),
        Unit::Size => Value::Size(ByteCount::new(between(low, high, draw))),
        Unit::Percent => {
            let ppm = u32::try_from(between(low, high, draw)).expect("shares are in millionths");
            Value::Percent(Percent::from_ppm(ppm))
        }
        Unit::Number => Value::Number(between(low, high, draw) as f64),
        Unit::Switch => Value::Switch(draw & 1 == 1),
        Unit::Word(words) => Value::Word(words[(draw % words.len() as u64) as usize]),
        Unit::TimeOrSize if draw & 1 == 1 => {
            Value::Time(Duration::from_nanos(between(0, 10_000_000_000, draw)))
        }
        Unit::TimeOrSize => Value::Size(ByteCount::new(between(0, 10_000_000, draw))),
        Unit::Trace(column) => Value::Trace(a_trace(column, draw)),
    }
}

/// A value that `spec` allows and that a connection of some kilobytes and seconds feels.
#[allow(dead_code, reason = "not each test uses it")]
pub(crate) fn lively(spec: &ParamSpec, draw: u64) -> Value {
    let most = match spec.unit {
        Unit::Time => [1_000_000, 5_000_000_000],
        Unit::Rate => [500, 500_000],
        Unit::Size => [1, 3_000],
        Unit::Percent => [50_000, 1_000_000],
        Unit::Number => [1, 10],
        Unit::Switch | Unit::Word(_) | Unit::TimeOrSize | Unit::Trace(_) => {
            return value(spec, draw);
        }
    };
    let [low, high] = range(spec);
    let number = between(most[0], most[1], draw).clamp(low, high);
    match spec.unit {
        Unit::Time => Value::Time(Duration::from_nanos(number)),
        Unit::Rate => Value::Rate(ByteRate::new(number)),
        Unit::Size => Value::Size(ByteCount::new(number)),
        Unit::Number => Value::Number(number as f64),
        _ => Value::Percent(Percent::from_ppm(
            u32::try_from(number).expect("millionths"),
        )),
    }
}

/// One of a few traces that have a column: as a network has them, and with nothing at their ends or at all.
fn a_trace(column: Column, draw: u64) -> Trace {
    const OWN: [(&str, &str); 3] = [
        (
            "own/ends.csv",
            "time,rate,rtt,loss\n0,0,0,0\n0.5,64kbit/s,900ms,30%\n1.5,0,0,100%\n1.6,0,1s,0",
        ),
        ("own/none.csv", "time,loss,rtt,rate\n0,0,0,0"),
        ("own/chances", "3\n3\n50\n450\n460"),
    ];
    let (name, text) = OWN[(draw % 3) as usize];
    let read = match column {
        Column::Rate if draw % 5 == 3 => trace::find("@train"),
        Column::Rate if draw % 5 == 4 => trace::find("@lte-moving"),
        Column::Rate => trace::keep(name, text.as_bytes()),
        Column::Rtt | Column::Loss => {
            let (name, text) = OWN[(draw % 2) as usize];
            trace::keep(name, text.as_bytes())
        }
    };
    read.expect("a trace")
}

/// The ends of a parameter's range as plain numbers: nanoseconds, bytes, millionths.
fn range(spec: &ParamSpec) -> [u64; 2] {
    let plain = |value: Value| match value {
        Value::Time(time) => u64::try_from(time.as_nanos()).expect("a time of the table"),
        Value::Rate(rate) => rate.bytes_per_second(),
        Value::Size(size) => size.bytes(),
        Value::Percent(share) => u64::from(share.ppm()),
        Value::Number(number) => number as u64,
        Value::Switch(_) | Value::Word(_) | Value::Trace(_) => 0,
    };
    match (spec.range, spec.unit) {
        (Some((low, high)), _) => [plain(low), plain(high)],
        (None, Unit::Percent) => [0, 1_000_000],
        (None, Unit::Number) => [1, 100],
        (None, _) => [0, 10_000_000_000],
    }
}

fn between(low: u64, high: u64, draw: u64) -> u64 {
    match draw % 16 {
        0 => low,
        1 => high,
        _ => {
            let (least, most) = (low.max(1) as f64, high.max(1) as f64);
            let magnitude = least.ln() + (most.ln() - least.ln()) * unit(mix(draw));
            (magnitude.exp() as u64).clamp(low, high)
        }
    }
}
