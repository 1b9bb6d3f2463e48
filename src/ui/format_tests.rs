//! Settings as a knob prints them.

use std::time::Duration;

use super::*;
use crate::fault::language;
use crate::ui::knob;
use crate::units::{ByteRate, Percent};

#[test]
fn values_of_every_unit_fit_a_knob() {
    for (setting, text) in [
        (Value::Time(Duration::from_millis(250)), "250ms"),
        (Value::Rate(ByteRate::new(64_000)), "64K/s"),
        (Value::Percent(Percent::new(10)), "10%"),
        (Value::Percent(Percent::from_ppm(100)), ".01%"),
        (Value::Percent(Percent::from_ppm(1)), "<.001%"),
        (Value::Percent(Percent::from_ppm(25_000)), "2.5%"),
        (Value::Percent(Percent::from_ppm(2_500)), "0.25%"),
        (Value::Percent(Percent::from_ppm(10)), ".001%"),
        (Value::Percent(Percent::from_ppm(500)), ".05%"),
        (Value::Percent(Percent::from_ppm(994)), ".099%"),
        (Value::Percent(Percent::from_ppm(995)), "0.1%"),
        (Value::Percent(Percent::from_ppm(125_000)), "12.5%"),
        (Value::Percent(Percent::from_ppm(999_900)), "99.9%"),
        (Value::Percent(Percent::ALL), "100%"),
        (Value::Number(1.5), "1.5"),
        (Value::Number(3.0), "3"),
        (Value::Switch(true), "on"),
        (Value::Word("paretonormal"), "pareto"),
    ] {
        assert_eq!(value(setting, RateUnit::Bytes), text);
        assert!(text.chars().count() <= 6);
    }
}

/// What a knob shows, in the words of the fault language: a screen leaves out what it has no room for.
fn in_full(shown: &str, unit: Value) -> String {
    match unit {
        Value::Percent(_) if shown.starts_with('.') => format!("0{shown}"),
        Value::Time(_) => shown.replace('µ', "u"),
        Value::Rate(_) | Value::Size(_) if shown.contains('B') => shown.to_owned(),
        Value::Rate(_) | Value::Size(_) => shown
            .replace('K', "kB")
            .replace('M', "MB")
            .replace('G', "GB"),
        Value::Percent(_)
        | Value::Number(_)
        | Value::Switch(_)
        | Value::Word(_)
        | Value::Trace(_) => shown.to_owned(),
    }
}

#[test]
fn every_stop_is_shown_as_it_is() {
    for dial in knob::all().iter().filter(|dial| dial.param().is_some()) {
        for stop in dial.knob.stops {
            let shown = value(stop, RateUnit::Bytes);
            let text = in_full(&shown, stop);
            let read = language::parse_value(&dial.spec(), &text);
            assert_eq!(
                read.ok(),
                Some(stop),
                "{} {stop} is shown as {shown}",
                dial.knob.label
            );
        }
    }
}
