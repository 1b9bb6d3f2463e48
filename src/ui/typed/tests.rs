//! What people type for a value, and what it comes to.

use proptest::prelude::*;

use super::*;
use crate::fault::Value;
use crate::ui::format;
use crate::ui::theme::ascii;

fn knob(label: &str) -> usize {
    let mut dials = knob::all().iter();
    dials
        .position(|dial| dial.knob.label == label)
        .expect("a knob")
}

/// What the field of a knob makes of a plan.
fn typed(label: &str, before: &str, text: &str, rates: RateUnit) -> Result<String, String> {
    let plan = language::parse(before).map_or_else(|_| Plan::default(), Plan::of);
    let beside = Beside {
        plan: &plan,
        directions: Directions::Both,
        rates,
        to_the_letter: false,
    };
    let wanted = field(&knob::all()[knob(label)], text, beside);
    wanted
        .map(|wanted| wanted.plan.to_string())
        .map_err(|error| {
            assert!(error.span.end <= error.input.chars().count(), "{error:?}");
            format!("{}: {}", error.column(), error.message)
        })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_are_typed_as_people_type_them() {
    for (label, before, text, after) in [
        ("LAT", "", "300", "latency 300ms"),
        ("LAT", "", " 1.5 ", "latency 1.5ms"),
        ("LAT", "", "250 ms", "latency 250ms"),
        ("LAT", "", "40µs", "latency 40us"),
        ("LAT", "", "2sec", "latency 2s"),
        ("LAT", "", ".5s", "latency 500ms"),
        ("LAT", "latency 250ms", "+50ms", "latency 300ms"),
        ("LAT", "latency 250ms", "+50", "latency 300ms"),
        ("LAT", "latency 250ms", "-50ms", "latency 200ms"),
        ("LAT", "latency 250ms", "-1s", ""),
        ("LAT", "latency 250ms", "x2", "latency 500ms"),
        ("LAT", "latency 250ms", "1.5x", "latency 375ms"),
        ("LAT", "latency 250ms", "/2", "latency 125ms"),
        ("LAT", "", "+50ms", "latency 50ms"),
        ("LAT", "", "↓250ms", "latency 250ms down"),
        ("LAT", "", "v250ms", "latency 250ms down"),
        ("LAT", "", "^250ms", "latency 250ms up"),
        (
            "LAT",
            "latency 1s jitter=5ms dist=normal",
            "300",
            "latency 300ms jitter=5ms dist=normal",
        ),
        ("LAT", "", "300ms jitter=30", "latency 300ms jitter=30ms"),
        (
            "LAT",
            "latency 1s corr=10%",
            "300 jitter=30ms dist=n",
            "latency 300ms jitter=30ms dist=normal corr=10%",
        ),
        (
            "LAT",
            "latency 250ms",
            "jitter=x2 share=50",
            "latency 250ms share=50%",
        ),
        (
            "LAT",
            "latency 250ms jitter=5ms",
            "jitter=x2",
            "latency 250ms jitter=10ms",
        ),
        (
            "LAT",
            "latency 250ms",
            "400ms down",
            "latency 125ms up, latency 400ms down",
        ),
        ("JIT", "", "±25ms", "latency 0ms jitter=25ms"),
        ("JIT", "latency 250ms", "20", "latency 250ms jitter=20ms"),
        ("BW", "", "64", "bandwidth 64kB/s"),
        ("BW", "", "64k", "bandwidth 64kB/s"),
        ("BW", "", "3.8K/s", "bandwidth 3.8kB/s"),
        ("BW", "", "1M/s", "bandwidth 1MB/s"),
        ("BW", "", "1mbps", "bandwidth 125kB/s"),
        ("BW", "", "1mbit", "bandwidth 125kB/s"),
        ("BW", "", "1Mb/s", "bandwidth 125kB/s"),
        ("BW", "", "512Kb", "bandwidth 64kB/s"),
        ("BW", "", "8 Mbit/s", "bandwidth 1MB/s"),
        ("BW", "", "64KiB/s", "bandwidth 64KiB/s"),
        ("BW", "", "1.1 kB/s", "bandwidth 1.1kB/s"),
        ("BW", "bandwidth 64kB/s", "x2", "bandwidth 128kB/s"),
        ("BW", "bandwidth 64kB/s", "-16", "bandwidth 48kB/s"),
        ("BW", "", "1mbps queue=50", "bandwidth 125kB/s"),
        ("LOS", "", "2", "loss 2%"),
        ("LOS", "", ".01%", "loss 0.01%"),
        ("LOS", "", "<.001%", "loss 0.001%"),
        ("LOS", "loss 1%", "+1 burst=3", "loss 2% burst=3"),
        ("LOS", "loss 60%", "x2", "loss 100%"),
        ("RST", "", "10", "reset share=10%"),
        ("RST", "", "10 after=64k", "reset after=64kB share=10%"),
        ("SLI", "", "64", "slicer 64B"),
        ("SLI", "", "1.448K", "slicer 1.448kB"),
        ("FLP", "", "2s on=10s", "flap on=10s off=2s"),
        ("HOL", "", "on", "blackhole"),
        ("HOL", "", "on share=30", "blackhole share=30%"),
        ("HOL", "blackhole", "off", ""),
        ("TCP", "", "bb", "tcp bbr"),
    ] {
        let made = typed(label, before, text, RateUnit::Bytes);
        let after = match text {
            "jitter=x2 share=50" | "1mbps queue=50" => {
                assert!(made.is_err(), "{text}: {made:?}");
                continue;
            }
            _ => after,
        };
        assert_eq!(made, Ok(after.to_owned()), "{label} {before}: {text}");
    }
}

#[test]
fn a_rate_without_a_unit_is_meant_as_rates_are_shown() {
    for (text, after) in [
        ("64", "bandwidth 8kB/s"),
        ("1M", "bandwidth 125kB/s"),
        ("64kB/s", "bandwidth 64kB/s"),
    ] {
        assert_eq!(typed("BW", "", text, RateUnit::Bits), Ok(after.to_owned()));
    }
}

#[test]
fn what_is_wrong_is_said_under_the_typed_column() {
    for (label, text, error) in [
        ("LAT", "300x5", "4: unknown unit \"x5\""),
        (
            "LAT",
            "300 jiter=5",
            "5: unknown parameter \"jiter\": did you mean \"jitter\"?",
        ),
        ("LAT", "300 jitter=5q", "13: unknown unit \"q\""),
        ("LAT", "99999h", "1: "),
        ("LAT", "x2", "1: nothing is set"),
        ("BW", "+1M", "1: nothing is set"),
        ("LAT", "300, loss 2%", "4: only latency is set here"),
        ("LAT", "off now", "1: "),
        ("LOS", "200", "1: loss is 0% to 100%"),
    ] {
        let wrong = typed(label, "", text, RateUnit::Bytes).expect_err(text);
        assert!(wrong.starts_with(error), "{text}: {wrong}");
    }
    let wrong = typed("BW", "bandwidth 64kB/s", "-1M", RateUnit::Bytes).expect_err("too much");
    assert!(wrong.ends_with("nothing would pass"), "{wrong}");
}

#[test]
fn a_value_alone_is_for_the_knobs_that_read_it() {
    let labels = |word, first| -> Vec<&str> {
        let found = knobs_that_read(word, knob(first), RateUnit::Bytes);
        found
            .into_iter()
            .map(|index| knob::all()[index].knob.label)
            .collect()
    };
    assert_eq!(labels("250ms", "LAT")[..2], ["LAT", "JIT"]);
    assert_eq!(labels("250", "LAT"), ["LAT"]);
    assert_eq!(labels("64kB/s", "LAT"), ["BW"]);
    assert_eq!(labels("2%", "LOS")[..2], ["LOS", "RST"]);
    assert!(labels("shop", "LAT").is_empty());
}

/// A value of a knob's own unit, within what its parameter allows.
fn values() -> impl Strategy<Value = (usize, Value)> {
    (0..knob::all().len(), 0u64..64, any::<u64>()).prop_map(|(index, bits, random)| {
        let dial = &knob::all()[index];
        let stop = dial.knob.stops[(random % 9) as usize];
        let parts = random >> bits;
        let value = match stop {
            Value::Word(_) | Value::Switch(_) => stop,
            like => crate::fault::scale::of_magnitude(like, parts),
        };
        (index, dial.spec().clamp(value))
    })
}

proptest! {
    /// What is printed of a setting can be typed, and what is typed so is printed the same again.
    #[test]
    fn what_the_screen_prints_can_be_typed((index, value) in values(), bits in any::<bool>(), is_ascii in any::<bool>(), mark in "[±↑↓↕~]?") {
        let rates = if bits { RateUnit::Bits } else { RateUnit::Bytes };
        let dial = &knob::all()[index];
        // What acts on the connection as a whole has no directions.
        let mark = if dial.kind.directed { mark } else { String::new() };
        let printed = mark + &format::value(value, rates);
        let shown: String = if is_ascii {
            printed.chars().map(|c| ascii(c.encode_utf8(&mut [0; 4])).unwrap_or(c)).collect()
        } else {
            printed.clone()
        };
        let plan = Plan::default();
        let beside = Beside { plan: &plan, directions: Directions::Both, rates, to_the_letter: false };
        let wanted = match field(dial, &shown, beside) {
            Ok(wanted) => wanted,
            Err(error) => {
                // Rounded up, it may be just beyond the range.
                let range = dial.spec().range.map(|(_, most)| most);
                prop_assert!(range.is_some_and(|most| format::value(most, rates) == format::value(value, rates)), "{shown}: {}", error.message);
                return Ok(());
            }
        };
        let again = dial.value(&wanted.plan, wanted.directions);
        let again = again.map_or_else(|| format::value(value, rates), |again| format::value(again, rates));
        if !shown.contains('<') {
            prop_assert_eq!(again, format::value(value, rates), "{} of {:?}", shown, value);
        }
    }

    #[test]
    fn no_text_panics_and_the_error_is_in_it(index in 0..knob::all().len(), text in "[ -~µ±↓é🦀]{0,24}|[+x/-]?[0-9.]{1,5}[a-zA-Z/%]{0,6}( [a-z]{1,6}=[0-9a-z%]{0,5})?") {
        let plan = Plan::of(language::parse("latency 250ms, bandwidth 64kB/s").expect("faults"));
        for to_the_letter in [false, true] {
            let beside = Beside { plan: &plan, directions: Directions::Both, rates: RateUnit::Bytes, to_the_letter };
            if let Err(error) = field(&knob::all()[index], &text, beside) {
                prop_assert!(error.span.start <= error.span.end);
                prop_assert!(error.span.end <= text.chars().count(), "{:?}", error);
            }
            let mut spelled = Spelled::default();
            let read = faults(&text, beside, &mut spelled);
            if read.is_ok() && let Err(error) = language::parse(spelled.text()) {
                let error = spelled.error(error);
                prop_assert!(error.span.end <= text.chars().count(), "{:?}", error);
            }
        }
    }
}
