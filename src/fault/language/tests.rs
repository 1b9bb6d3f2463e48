//! The fault language, over a table of kinds of its own.

use std::time::Duration;

use super::super::param::Default;
use super::*;
use crate::fault::{Stage, Unit};
use crate::units::{ByteCount, ByteRate};

const fn param(name: &'static str, unit: Unit, default: Default) -> ParamSpec {
    ParamSpec {
        name,
        bare: false,
        unit,
        default,
        range: None,
        halves: false,
        instead_of: &[],
        of: None,
        summary: "",
    }
}

const fn bare(name: &'static str, unit: Unit) -> ParamSpec {
    ParamSpec {
        bare: true,
        ..param(name, unit, Default::Required)
    }
}

const fn kind(
    name: &'static str,
    short: Option<&'static str>,
    params: &'static [ParamSpec],
    example: &'static str,
) -> Kind {
    Kind {
        name,
        short,
        params,
        example,
        ..Kind::at(Stage::Gate)
    }
}

const NOTHING: Default = Default::Is(Value::Time(Duration::ZERO));
const OFF: Default = Default::Is(Value::Switch(false));
const fn seconds(count: u64) -> Value {
    Value::Time(Duration::from_secs(count))
}

// Kinds of every shape, whatever the program's own table holds.
static LOSS: Kind = kind(
    "loss",
    None,
    &[
        bare("rate", Unit::Percent),
        ParamSpec {
            range: Some((Value::Number(1.0), Value::Number(1000.0))),
            ..param("burst", Unit::Number, Default::Is(Value::Number(1.0)))
        },
        param("rtt", Unit::Time, Default::Absent),
        param("stalls", Unit::Switch, OFF),
    ],
    "loss 2%",
);
static HOLE: Kind = kind("blackhole", Some("hole"), &[], "blackhole");
static RESET: Kind = kind(
    "reset",
    Some("rst"),
    &[
        param("after", Unit::TimeOrSize, NOTHING),
        param("every", Unit::Time, Default::Absent),
    ],
    "reset after=5s",
);
static FLAP: Kind = kind(
    "flap",
    None,
    &[
        ParamSpec {
            range: Some((seconds(1), seconds(60))),
            ..param("on", Unit::Time, Default::Required)
        },
        param("off", Unit::Time, Default::Required),
    ],
    "flap on=1s off=2s",
);
static SLICER: Kind = kind(
    "slicer",
    Some("slice"),
    &[
        bare("size", Unit::Size),
        param(
            "vary",
            Unit::Size,
            Default::Is(Value::Size(ByteCount::new(0))),
        ),
        param("gap", Unit::Time, NOTHING),
    ],
    "slicer 64B",
);
static CORRUPT: Kind = kind(
    "corrupt",
    None,
    &[bare("rate", Unit::Percent)],
    "corrupt 0.1%",
);
static MODE: Kind = kind(
    "mode",
    None,
    &[bare("word", Unit::Word(&["quick", "quiet"]))],
    "mode quick",
);
static PACE: Kind = kind("pace", None, &[bare("rate", Unit::Rate)], "pace 1MB/s");
static TABLE: &[&Kind] = &[&LOSS, &HOLE, &RESET, &FLAP, &SLICER, &CORRUPT, &MODE, &PACE];

fn printed(text: &str) -> String {
    match parse_with(TABLE, text) {
        Ok(settings) => {
            let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
            settings.join(", ")
        }
        Err(error) => panic!("{error}"),
    }
}

fn error(text: &str) -> ParseError {
    match parse_with(TABLE, text) {
        Ok(settings) => panic!("{text} is valid: {settings:?}"),
        Err(error) => error,
    }
}

fn value_of(text: &str, name: &str) -> Option<Value> {
    parse_with(TABLE, text).expect(text)[0].value(name)
}

/// Valid faults, and how they print.
const VALID: &[(&str, &str)] = &[
    ("loss 2%", "loss 2%"),
    ("loss 2% burst=3 rtt=50ms", "loss 2% burst=3 rtt=50ms"),
    ("loss rtt=50ms burst=1.50 2%", "loss 2% burst=1.5 rtt=50ms"),
    ("loss 2% burst=1 stalls=off", "loss 2%"),
    ("loss 2% stalls=on share=50%", "loss 2% stalls=on share=50%"),
    ("loss rate=2%", "loss 2%"),
    ("blackhole", "blackhole"),
    ("hole", "blackhole"),
    ("blackhole down", "blackhole down"),
    ("blackhole both", "blackhole"),
    ("blackhole 20% up", "blackhole share=20% up"),
    ("reset", "reset"),
    ("reset 10%", "reset share=10%"),
    ("rst share=10%", "reset share=10%"),
    ("reset after=5s", "reset after=5s"),
    (
        "reset after=64KiB every=1m 10%",
        "reset after=64KiB every=60s share=10%",
    ),
    ("reset after=0", "reset"),
    ("reset after=0B", "reset after=0B"),
    ("flap on=1s off=2s", "flap on=1s off=2s"),
    ("flap up off=2s on=1s", "flap on=1s off=2s up"),
    ("slicer 64B vary=10B gap=1ms", "slicer 64B vary=10B gap=1ms"),
    ("slice 64B 5%", "slicer 64B share=5%"),
    ("corrupt 0.1%", "corrupt 0.1%"),
    ("mode quiet", "mode quiet"),
    ("pace 0", "pace 0B/s"),
    ("pace 1MB/s as=slow down", "pace 1MB/s as=slow down"),
    (
        "pace down as=\"my \\\"toxic\\\", up\" 1MB/s, pace 2MB/s as=b, pace 3MB/s",
        "pace 1MB/s as=\"my \\\"toxic\\\", up\" down, pace 2MB/s as=b, pace 3MB/s",
    ),
    (
        "loss 2% up , loss 3%\tdown,blackhole",
        "loss 2% up, loss 3% down, blackhole",
    ),
];

#[test]
fn every_shape_of_kind_is_read_from_its_row_of_the_table() {
    for (text, form) in VALID {
        assert_eq!(printed(text), *form, "{text}");
    }
}

#[test]
fn what_is_printed_parses_to_the_same_setting() {
    for (text, form) in VALID {
        assert_eq!(parse_with(TABLE, text), parse_with(TABLE, form), "{text}");
    }
}

#[test]
fn no_beginning_of_valid_faults_is_wrong() {
    for (text, _) in VALID {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            if let Err(error) = parse_with(TABLE, &text[..end]) {
                assert!(error.unfinished, "{error}");
            }
        }
    }
}

#[test]
fn values_are_exact() {
    let nanos = |nanos| Value::Time(Duration::from_nanos(nanos));
    let rate = |bytes| Value::Rate(ByteRate::new(bytes));
    for (text, name, value) in [
        ("loss 1% rtt=1.5s", "rtt", nanos(1_500_000_000)),
        ("loss 1% rtt=0.1ms", "rtt", nanos(100_000)),
        ("loss 1% rtt=1.000000001s", "rtt", nanos(1_000_000_001)),
        ("loss 1% rtt=0.5h", "rtt", nanos(1_800_000_000_000)),
        ("loss 1% rtt=1.4ns", "rtt", nanos(1)),
        ("loss 1% rtt=1.5ns", "rtt", nanos(2)),
        ("loss 1% rtt=0.0001ns", "rtt", nanos(1)),
        ("loss 0.01%", "rate", Value::Percent(Percent::from_ppm(100))),
        (
            "loss 0.00001%",
            "rate",
            Value::Percent(Percent::from_ppm(1)),
        ),
        ("loss 1% burst=2.5", "burst", Value::Number(2.5)),
        ("slicer 1.5kB", "size", Value::Size(ByteCount::new(1_500))),
        ("slicer 1.5KiB", "size", Value::Size(ByteCount::new(1_536))),
        ("pace 1.5Mbit/s", "rate", rate(187_500)),
        ("pace 1MiB/s", "rate", rate(1 << 20)),
        ("pace 1bit/s", "rate", rate(1)),
    ] {
        assert_eq!(value_of(text, name), Some(value), "{text}");
    }
}

/// Wrong faults: the column and the message.
const WRONG: &[(&str, usize, &str)] = &[
    ("loss 2% burst=0 up", 15, "burst is 1 to 1000"),
    ("loss 2% burst=2000", 15, "burst is 1 to 1000"),
    ("loss 2% burst=2000.", 15, "burst is 1 to 1000"),
    ("loss 101.", 6, "loss is 0% to 100%"),
    ("loss 2% burst=3ms", 16, "burst wants a number: 3"),
    ("loss 2% stalls=yes", 16, "stalls wants on or off"),
    (
        "loss 2ms",
        7,
        "loss wants a percentage, not a time: 10%, 0.5%",
    ),
    ("loss 101%", 6, "loss is 0% to 100%"),
    (
        "blackhole 5s",
        12,
        "share wants a percentage, not a time: 10%, 0.5%",
    ),
    (
        "blackhole x=1",
        11,
        "unknown parameter \"x\" (share, start, for, as)",
    ),
    (
        "blackhole down hole",
        16,
        "needs \",\" before hole: blackhole down, blackhole",
    ),
    ("reset 5s", 7, "needs its name: after=5s"),
    (
        "reset 10% 20%",
        11,
        "leave out \"20%\": reset has its value already",
    ),
    (
        "reset after=5%",
        14,
        "after wants a time or a size, not a percentage: 200ms, 64kB",
    ),
    ("flap on=1s, reset", 11, "flap wants off: off=250ms"),
    ("flap on=0s", 9, "on is 1s to 60s"),
    ("flap on=0 off=1s", 9, "on is 1s to 60s"),
    ("slicer 64B 32B", 12, "needs its name: vary=32B"),
    ("mode slow", 6, "mode wants quick or quiet"),
    (
        "mode quiet quick",
        12,
        "unknown word \"quick\" (word, share, start, for, as, up, down, both)",
    ),
    ("pace quick", 6, "pace wants a rate: 1Mbit/s, 64kB/s"),
    (
        "pace 64k up",
        8,
        "unknown unit \"k\": did you mean \"kbit/s\"? (bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s)",
    ),
    (
        "loss 2%, loss 3%, hole",
        10,
        "loss is set already: set it once, or once up and once down, or give this one a name, as=slow",
    ),
    (
        "loss 2% as=x, loss 3% as=x up",
        15,
        "loss as=x is set already: set it once, or once up and once down, or give this one another name",
    ),
    ("loss 2% as=x as=y", 14, "as is given twice: leave one out"),
    (
        "loss 2% as=,",
        12,
        "a name has at least one character: as=slow, as=\"my toxic\"",
    ),
];

#[test]
fn errors_of_every_shape_of_kind_name_what_would_work() {
    for (text, column, message) in WRONG {
        let error = error(text);
        assert_eq!(
            (error.column(), &*error.message),
            (*column, *message),
            "{text}"
        );
        assert!(!error.unfinished, "{text}");
    }
}

#[test]
fn unfinished_faults_say_what_may_follow() {
    for (text, expected) in [
        ("s", vec!["slicer", "slice"]),
        ("loss", vec!["a percentage"]),
        ("loss 5", vec!["%"]),
        ("loss 5.", vec!["a digit"]),
        ("loss 5% burst=2.", vec!["a digit"]),
        ("loss 5% burst=0.", vec!["a digit"]),
        ("loss 2% b", vec!["burst=", "both"]),
        ("loss 2% burst=0", vec!["a digit"]),
        ("loss 2% stalls=o", vec!["on", "off"]),
        ("reset 1", vec!["%"]),
        ("flap on=1s", vec!["off="]),
        ("flap on=0", vec!["a digit"]),
        ("flap on=70", vec!["a digit"]),
        ("mode", vec!["quick", "quiet"]),
        ("mode qui", vec!["quick", "quiet"]),
        ("hole down, blackhole", vec!["up", "as="]),
        ("hole down, blackhole ", vec!["up", "as="]),
        ("hole down, blackhole down", vec!["as="]),
        ("hole, blackhole", vec!["as="]),
        ("hole as=x, blackhole as=x", vec!["a name"]),
        ("hole a", vec!["as="]),
        ("hole as=", vec!["a name"]),
        ("hole as=\"", vec!["a name"]),
        ("hole as=\"my toxic", vec!["\""]),
    ] {
        let error = error(text);
        assert!(error.unfinished, "{error}");
        assert_eq!(error.expected, expected, "{text}");
    }
}

#[test]
fn one_value_is_read_alone() {
    let rtt = &LOSS.params[2];
    assert_eq!(
        parse_value(rtt, " 50ms "),
        Ok(Value::Time(Duration::from_millis(50)))
    );
    let error = parse_value(rtt, "50ms x").expect_err("more than a value");
    assert_eq!(error.message, "nothing may follow here: leave out \"x\"");
    let rate = &Kind::named("bandwidth").expect("a kind").params[0];
    let error = parse_value(rate, "fast").expect_err("no rate");
    assert_eq!(error.message, "needs a rate: 1Mbit/s, 64kB/s");
    let error = parse_value(rtt, "50").expect_err("no unit");
    assert_eq!(error.message, "a time needs a unit: 50ms");
    assert!(error.unfinished);
}

#[test]
fn the_form_that_a_lone_point_is_answered_with_works() {
    for written in [
        "latency .",
        "latency .ms",
        "latency .5ms",
        "bandwidth .kB/s",
    ] {
        let error = parse(written).expect_err("no number").to_string();
        let form = error
            .lines()
            .last()
            .and_then(|line| line.rsplit(": ").next());
        let form = form.expect("a form").trim();
        let kind = written.split(' ').next().unwrap_or_default();
        let unit = if form.ends_with('5') { "ms" } else { "" };
        let said = format!("{kind} {form}{unit}");
        assert!(parse(&said).is_ok(), "{written}: {error}; {said}");
    }
}

#[test]
fn a_trace_must_have_the_column_that_a_fault_follows() {
    for (text, why) in [
        ("latency trace=", "needs a trace: traces/lte.csv"),
        (
            "latency trace=@train",
            "@train has the columns time,rate and none called rtt: a file with time,rtt works here",
        ),
        (
            "loss trace=@train",
            "@train has the columns time,rate and none called loss: a file with time,loss works here",
        ),
        (
            "latency 80ms trace=traces/lte.csv",
            "time and trace do not go together: leave one out",
        ),
    ] {
        let said = parse(text).map_err(|error| error.message);
        assert_eq!(said, Err(why.to_owned()), "{text}");
    }
}

#[test]
fn a_trace_stands_instead_of_a_rate_and_of_what_moves_it() {
    let read = |text: &str| crate::fault::language::parse(text);
    let setting = read("bandwidth trace=@train loop=off up").expect("a fault");
    assert_eq!(setting[0].to_string(), "bandwidth trace=@train loop=off up");
    for (text, why) in [
        (
            "bandwidth 1MB/s trace=@train",
            "rate and trace do not go together: leave one out",
        ),
        (
            "bandwidth trace=@train 1MB/s",
            "trace and rate do not go together: leave one out",
        ),
        (
            "bandwidth trace=@train wave=sine",
            "trace and wave do not go together: leave one out",
        ),
        (
            "bandwidth ramp=2s trace=@train",
            "ramp and trace do not go together: leave one out",
        ),
        ("bandwidth trace=", "needs a trace: @train, traces/lte.csv"),
        (
            "bandwidth loop=off",
            "bandwidth wants a rate: 1Mbit/s, 64kB/s",
        ),
    ] {
        let said = read(text).map_err(|error| error.message);
        assert_eq!(said, Err(why.to_owned()), "{text}");
    }
    let unknown = read("bandwidth trace=@tr").expect_err("no trace");
    assert!(
        unknown.unfinished && unknown.expected == ["@train"],
        "{unknown:?}"
    );
    // What is turned to a rate by hand follows no trace any more, and the other way round.
    let rate = Value::Rate(ByteRate::new(1_000));
    let turned = setting[0].clone().with("rate", rate);
    assert_eq!(turned.to_string(), "bandwidth 1kB/s loop=off up");
    let trace = setting[0].value("trace").expect("a trace");
    assert_eq!(turned.with("trace", trace), setting[0]);
}
