//! Settings as a knob prints them.

use std::time::Duration;

use super::*;
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
