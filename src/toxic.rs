//! toxiproxy's toxics as faults: each type with its attributes, and the setting that it comes to.
//!
//! A toxic is kept as it was given, since its clients read back the numbers that they wrote; the setting is made of it. What a
//! fault cannot do is brought within its range where toxiproxy does the like, and refused where toxiproxy would crash.

use std::time::Duration;

use crate::fault::{Direction, Directions, Kind, Setting, SettingName, Value};
use crate::units::{ByteCount, ByteRate, Percent};

mod plan;

pub use self::plan::{plan_of, toxics_of};

/// One type of toxic.
#[derive(Debug)]
pub struct ToxicType {
    /// Its word.
    pub name: &'static str,
    /// Its attributes, in the order in which toxiproxy prints them.
    pub attributes: &'static [Attribute],
    /// The kind of fault that it comes to with these values; `None` where they do nothing.
    fault: fn(&[i64]) -> Option<&'static str>,
    /// What of the fault is always so.
    always: Option<(&'static str, &'static str)>,
}

/// One attribute of a type: a whole number, 0 where it is not given.
#[derive(Debug)]
pub struct Attribute {
    /// Its word.
    pub name: &'static str,
    /// The least that it may be; toxiproxy dies of less.
    pub least: i64,
    /// The parameter of the fault that it is, and in which unit.
    param: &'static str,
    unit: Unit,
}

/// What an attribute counts, and how much of it a fault takes at most.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Millis(Duration),
    Micros(Duration),
    Bytes(u64),
    /// Thousands of bytes a second.
    Rate(u64),
}

/// One toxic, as it was given.
#[derive(Clone, Debug)]
pub struct Toxic {
    /// Its name, unique among those of its proxy.
    pub name: String,
    /// What it does.
    pub kind: &'static ToxicType,
    /// Its stream, as it was written.
    pub stream: String,
    /// The direction that its stream is.
    pub direction: Direction,
    /// The share of connections that it hits, from 0 to 1.
    pub toxicity: f32,
    /// Its attributes, in the order of its type.
    pub values: Vec<i64>,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const FASTEST: u64 = 100_000_000_000;
const LARGEST: u64 = 1_000_000_000;

/// The types.
pub static TYPES: [ToxicType; 8] = [
    ToxicType {
        attributes: &[
            attribute("latency", "time", Unit::Millis(HOUR)),
            attribute("jitter", "jitter", Unit::Millis(HOUR)),
        ],
        ..named("latency", |_| Some("latency"))
    },
    ToxicType {
        attributes: &[Attribute {
            least: 0,
            ..attribute("rate", "rate", Unit::Rate(FASTEST))
        }],
        ..named("bandwidth", |_| Some("bandwidth"))
    },
    ToxicType {
        attributes: &[attribute("delay", "time", Unit::Millis(DAY))],
        ..named("slow_close", |_| Some("slow_close"))
    },
    ToxicType {
        attributes: &[attribute("timeout", "time", Unit::Millis(DAY))],
        always: Some(("lift", "close")),
        ..named("timeout", |values| {
            Some(if values[0] > 0 {
                "timeout"
            } else {
                "blackhole"
            })
        })
    },
    ToxicType {
        attributes: &[attribute("timeout", "after", Unit::Millis(DAY))],
        always: Some(("on", "data")),
        ..named("reset_peer", |_| Some("reset"))
    },
    ToxicType {
        attributes: &[
            Attribute {
                least: 0,
                ..attribute("average_size", "size", Unit::Bytes(LARGEST))
            },
            attribute("size_variation", "vary", Unit::Bytes(LARGEST)),
            attribute("delay", "gap", Unit::Micros(HOUR)),
        ],
        ..named("slicer", |values| (values[0] > 0).then_some("slicer"))
    },
    ToxicType {
        attributes: &[attribute("bytes", "after", Unit::Bytes(u64::MAX))],
        ..named("limit_data", |_| Some("close"))
    },
    named("noop", |_| None),
];

const fn named(name: &'static str, fault: fn(&[i64]) -> Option<&'static str>) -> ToxicType {
    ToxicType {
        name,
        attributes: &[],
        fault,
        always: None,
    }
}

const fn attribute(name: &'static str, param: &'static str, unit: Unit) -> Attribute {
    Attribute {
        name,
        least: i64::MIN,
        param,
        unit,
    }
}

// === impl Unit ===

impl Unit {
    /// A number in this unit, within its bounds; less than nothing is nothing.
    fn value(self, number: i64) -> Value {
        let number = u64::try_from(number).unwrap_or(0);
        match self {
            Self::Millis(most) => Value::Time(Duration::from_millis(number).min(most)),
            Self::Micros(most) => Value::Time(Duration::from_micros(number).min(most)),
            Self::Bytes(most) => Value::Size(ByteCount::new(number.min(most))),
            Self::Rate(most) => Value::Rate(ByteRate::new(number.saturating_mul(1_000).min(most))),
        }
    }

    /// How many of this unit a value is, without the rest.
    fn number(self, value: Value) -> i64 {
        let (number, each) = self.parts(value);
        i64::try_from(number / each).unwrap_or(i64::MAX)
    }

    /// How many of this unit come nearest to a value: of what is something, at least one.
    fn nearest(self, value: Value) -> i64 {
        let (number, each) = self.parts(value);
        let nearest = (number + each / 2) / each;
        i64::try_from(nearest.max(number.min(1))).unwrap_or(i64::MAX)
    }

    /// A value in the least parts that are counted, and how many of them this unit is.
    fn parts(self, value: Value) -> (u128, u128) {
        match (self, value) {
            (Self::Millis(_), Value::Time(time)) => (time.as_nanos(), 1_000_000),
            (Self::Micros(_), Value::Time(time)) => (time.as_nanos(), 1_000),
            (Self::Bytes(_), Value::Size(size)) => (size.bytes().into(), 1),
            (Self::Rate(_), Value::Rate(rate)) => (rate.bytes_per_second().into(), 1_000),
            _ => (0, 1),
        }
    }
}

// === impl ToxicType ===

impl ToxicType {
    /// Whether some toxic is a fault of this kind.
    #[must_use]
    pub fn is_of(kind: &Kind) -> bool {
        let comes_to = |it: &Self, value| {
            let values = vec![value; it.attributes.len()];
            (it.fault)(&values) == Some(kind.name)
        };
        TYPES.iter().any(|it| comes_to(it, 0) || comes_to(it, 1))
    }

    /// The type of this word.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|kind| kind.name == name)
    }
}

// === impl Attribute ===

impl Attribute {
    /// Says what is wrong with a value.
    #[must_use]
    pub fn refuse(&self, value: i64) -> Option<String> {
        let Self { name, least, .. } = self;
        (value < *least).then(|| format!("{name} must be at least {least}"))
    }
}

// === impl Toxic ===

impl Toxic {
    /// The setting that it comes to; `None` where it does nothing, or nobody could say its name.
    #[must_use]
    pub fn setting(&self) -> Option<Setting> {
        let name = SettingName::new(&self.name).ok()?;
        let fault = Kind::named((self.kind.fault)(&self.values)?)?;
        let given = self.kind.attributes.iter().zip(&self.values);
        let setting = given.fold(Setting::new(fault), |setting, (attribute, value)| {
            setting.with(attribute.param, attribute.unit.value(*value))
        });
        let always = self.kind.always.into_iter();
        let setting = always.fold(setting, |setting, (param, word)| {
            setting.with(param, Value::Word(word))
        });
        // Within 0 and 1 a product with a million is a whole number that fits.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (f64::from(self.toxicity).clamp(0.0, 1.0) * 1e6).round() as u32;
        let setting = setting.called(Some(name)).hitting(Percent::from_ppm(share));
        Some(setting.acting(Directions::Only(self.direction)))
    }

    /// The toxic as it is with this setting in the place of its own: what somebody else has turned since.
    #[must_use]
    pub fn turned(&self, setting: &Setting) -> Self {
        let mut toxic = self.clone();
        if self.setting().as_ref() != Some(setting) {
            let value = |attribute: &Attribute| {
                let value = setting.value(attribute.param);
                value.map_or(0, |value| attribute.unit.number(value))
            };
            toxic.values = self.kind.attributes.iter().map(value).collect();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "toxiproxy keeps no more of it"
            )]
            let toxicity = setting.share.fraction() as f32;
            toxic.toxicity = toxicity;
        }
        toxic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Plan, language};

    fn toxic(kind: &str, values: &[i64]) -> Toxic {
        let kind = ToxicType::named(kind).expect(kind);
        assert_eq!(values.len(), kind.attributes.len());
        Toxic {
            name: "t".to_owned(),
            kind,
            stream: "upstream".to_owned(),
            direction: Direction::Up,
            toxicity: 1.0,
            values: values.to_vec(),
        }
    }

    #[test]
    fn each_type_comes_to_its_fault() {
        for (kind, values, fault) in [
            (
                "latency",
                &[100, 10][..],
                "latency 100ms jitter=10ms as=t up",
            ),
            ("latency", &[0, 0], "latency 0ms as=t up"),
            ("latency", &[-5, i64::MIN], "latency 0ms as=t up"),
            (
                "latency",
                &[1 << 62, 1 << 62],
                "latency 1h jitter=1h as=t up",
            ),
            ("bandwidth", &[100], "bandwidth 100kB/s as=t up"),
            ("bandwidth", &[0], "bandwidth 0B/s as=t up"),
            ("bandwidth", &[i64::MAX], "bandwidth 100GB/s as=t up"),
            ("slow_close", &[300], "slow_close 300ms as=t up"),
            ("timeout", &[200], "timeout 200ms lift=close as=t up"),
            ("timeout", &[0], "blackhole lift=close as=t up"),
            ("reset_peer", &[0], "reset on=data as=t up"),
            ("reset_peer", &[250], "reset after=250ms on=data as=t up"),
            (
                "slicer",
                &[100, 5, 10],
                "slicer 100B vary=5B gap=10us as=t up",
            ),
            ("limit_data", &[100], "close after=100B as=t up"),
        ] {
            let setting = toxic(kind, values).setting().expect(kind);
            let read = language::parse(fault).expect(fault);
            assert_eq!(Plan::of([setting]).to_string(), Plan::of(read).to_string());
        }
        for (kind, values) in [("noop", &[][..]), ("slicer", &[0, 9, 9])] {
            assert_eq!(toxic(kind, values).setting(), None, "{kind}");
        }
    }

    #[test]
    fn a_setting_that_somebody_turned_is_read_back_in_the_units_of_its_toxic() {
        for (kind, values) in [
            ("latency", &[100, 10][..]),
            ("bandwidth", &[64]),
            ("slow_close", &[300]),
            ("timeout", &[200]),
            ("timeout", &[0]),
            ("reset_peer", &[250]),
            ("slicer", &[100, 5, 10]),
            ("limit_data", &[100]),
        ] {
            let turned = toxic(kind, values).setting().expect(kind);
            let turned = turned.hitting(Percent::new(50));
            let read = toxic(kind, &vec![7; values.len()]).turned(&turned);
            assert_eq!((&*read.values, read.toxicity), (values, 0.5), "{kind}");
        }
        let huge = toxic("latency", &[1 << 62, 0]);
        let own = huge.setting().expect("a fault");
        assert_eq!(huge.turned(&own).values, huge.values, "as it was given");
    }

    #[test]
    fn toxicity_is_the_share_within_its_bounds() {
        for (toxicity, share) in [
            (1.0, 1_000_000),
            (0.25, 250_000),
            (2.5, 1_000_000),
            (-1.0, 0),
        ] {
            let toxic = Toxic {
                toxicity,
                ..toxic("latency", &[1, 0])
            };
            assert_eq!(toxic.setting().expect("a fault").share.ppm(), share);
        }
    }

    #[test]
    fn what_toxiproxy_dies_of_is_refused_with_the_range() {
        let rate = &ToxicType::named("bandwidth").expect("a type").attributes[0];
        assert_eq!(rate.refuse(-1).as_deref(), Some("rate must be at least 0"));
        assert_eq!(rate.refuse(0), None);
    }
}
