//! Settings as a knob shows them; the figures of the screen are those of the whole program.

use crate::fault::Value;
pub use crate::format::figures::*;

/// A setting on a knob in at most 6 columns; the exact value is the fault language's.
#[must_use]
pub fn value(value: Value, rates: RateUnit) -> String {
    match value {
        Value::Time(time) => time_short(time),
        Value::Rate(rate) => rates.short(rate.bytes_per_second() as f64),
        Value::Size(size) => size_set(size.bytes() as f64),
        Value::Percent(share) => share_short(share.fraction() * 100.0),
        Value::Number(exact) => number(exact, 2),
        Value::Switch(on) => if on { "on" } else { "off" }.to_owned(),
        Value::Word(word) => word.chars().take(6).collect(),
        Value::Trace(trace) => trace.name().to_owned(),
    }
}

/// A size that was set, in at most 6 columns: exact where there is room for it, as `1.448K`.
fn size_set(bytes: f64) -> String {
    let steps = SHORT.iter().scan(bytes, |left, unit| {
        let number = *left;
        *left /= 1_000.0;
        Some((number, unit))
    });
    let exact = steps.take_while(|(number, _)| *number >= 1.0).last();
    let text = exact.map(|(exact, unit)| format!("{}{unit}", number(exact, 3)));
    text.filter(|text| text.len() <= 6)
        .unwrap_or_else(|| bytes_short(bytes))
}

/// A share in at most 6 columns: `10%`, `0.25%`, `12.5%`, `.001%`; what is not all is never printed as all.
pub(super) fn share_short(percent: f64) -> String {
    match percent {
        0.0 => "0%".to_owned(),
        tiny if tiny < 0.001 => "<.001%".to_owned(),
        // From here on up it rounds to `0.1%`.
        small if small < 0.0995 => format!("{}%", number(small, 3)).replacen("0.", ".", 1),
        some if some < 9.995 => format!("{}%", number(some, 2)),
        much if much < 100.0 => format!("{}%", number(much.min(99.9), 1)),
        all => format!("{all:.0}%"),
    }
}

/// A number with at most so many decimals.
fn number(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
