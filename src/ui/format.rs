//! Figures for people: short, of a known greatest width, with their unit.
//!
//! The fault language prints values exactly (`units`); a screen prints them so that they can be compared at a glance and
//! never push a column aside. Nothing here reads back.

use std::time::Duration;

use crate::fault::Value;

/// Decimal steps of bytes, as people write them.
const BYTES: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
/// The same on a knob.
const SHORT: [&str; 7] = ["B", "K", "M", "G", "T", "P", "E"];

/// A number of bytes in at most 6 columns: `412 B`, `2.1 kB`, `88 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    spaced(bytes as f64)
}

/// Bytes per second in at most 8 columns: `0 B/s`, `1.1 kB/s`, `210 kB/s`.
#[must_use]
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", spaced(bytes_per_second))
}

/// Bytes per second in at most 6 columns: `64K/s`, `1.2M/s`, `999B/s`.
#[must_use]
pub fn rate_short(bytes_per_second: f64) -> String {
    format!("{}/s", bytes_short(bytes_per_second))
}

/// Bytes in at most 4 columns: `64K`, `1.2M`, `999B`.
#[must_use]
pub fn bytes_short(bytes: f64) -> String {
    let (number, unit) = scaled(bytes, 1);
    format!("{}{}", number.trim_end_matches(".0"), SHORT[unit])
}

/// A time on a knob in at most 5 columns: `250ms`, `1.2s`, `2.5ms`, `90s`, `5m`.
#[must_use]
pub fn time_short(time: Duration) -> String {
    let (number, unit) = time_parts(time, 2);
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number.as_str()
    };
    format!("{number}{unit}")
}

/// A measured time in at most 6 columns: `256 ms`, `4.8 ms`, `1.2 s`.
#[must_use]
pub fn time(time: Duration) -> String {
    let (number, unit) = time_parts(time, 1);
    format!("{} {unit}", number.trim_end_matches(".0"))
}

/// The same in at most 5: `256ms`, `4.8ms`.
#[must_use]
pub fn time_tight(time: Duration) -> String {
    self::time(time).replace(' ', "")
}

/// How long something has been, in at most 5 columns: `3s`, `4m12`, `1h02`, `3d04`.
#[must_use]
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// The same without seconds: what stands still while nothing happens.
#[must_use]
pub fn age_in_minutes(age: Duration) -> String {
    match age.as_secs() {
        0..60 => "<1m".to_owned(),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        _ => self::age(age),
    }
}

/// Hours, minutes and seconds: `00:12:41`.
#[must_use]
pub fn clock(at: Duration) -> String {
    format!("{}:{:02}", clock_in_minutes(at), at.as_secs() % 60)
}

/// Hours and minutes: `00:12`.
#[must_use]
pub fn clock_in_minutes(at: Duration) -> String {
    let minutes = at.as_secs() / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A time in minutes, where no second is shown: `12 min`, `1 h 05 min`.
#[must_use]
pub fn minutes(at: Duration) -> String {
    match at.as_secs() / 60 {
        0 => "<1 min".to_owned(),
        minutes @ 1..60 => format!("{minutes} min"),
        minutes => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

/// The clock to the millisecond: `00:12:41.204`.
#[must_use]
pub fn clock_exact(at: Duration) -> String {
    format!("{}.{:03}", clock(at), at.subsec_millis())
}

/// Minutes and seconds of the hour, for a narrow log: `12:41`.
#[must_use]
pub fn clock_narrow(at: Duration) -> String {
    let seconds = at.as_secs();
    format!("{:02}:{:02}", seconds / 60 % 60, seconds % 60)
}

/// A count with its thousands apart: `1 214`.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A setting on a knob in at most 6 columns; the exact value is the fault language's.
#[must_use]
pub fn value(value: Value) -> String {
    match value {
        Value::Time(time) => time_short(time),
        Value::Rate(rate) => rate_short(rate.bytes_per_second() as f64),
        Value::Size(size) => size_set(size.bytes() as f64),
        Value::Percent(share) => share_short(share.fraction() * 100.0),
        Value::Number(exact) => number(exact, 2),
        Value::Switch(on) => if on { "on" } else { "off" }.to_owned(),
        Value::Word(word) => word.chars().take(6).collect(),
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
fn share_short(percent: f64) -> String {
    match percent {
        0.0 => "0%".to_owned(),
        tiny if tiny < 0.001 => "<.001%".to_owned(),
        small if small < 0.1 => format!("{}%", number(small, 3)).replacen("0.", ".", 1),
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

fn spaced(bytes: f64) -> String {
    let (number, unit) = scaled(bytes, 1);
    format!("{number} {}", BYTES[unit])
}

/// A number below 1000 and the step that it counts; a decimal where one digit alone would say too little.
fn scaled(bytes: f64, decimals: usize) -> (String, usize) {
    let mut number = bytes.max(0.0).round();
    let mut unit = 0;
    // From 999.5 on, the next step rounds to 1.0.
    while number >= 999.5 && unit + 1 < BYTES.len() {
        number /= 1_000.0;
        unit += 1;
    }
    let text = if unit > 0 && number < 9.95 {
        format!("{number:.decimals$}")
    } else {
        format!("{number:.0}")
    };
    (text, unit)
}

/// A time's number and unit, with at most three digits.
fn time_parts(time: Duration, decimals: usize) -> (String, &'static str) {
    let micros = time.as_micros() as f64;
    let (number, unit) = match micros {
        0.0 => return ("0".to_owned(), "ms"),
        small if small < 99.5 => (small, "µs"),
        some if some < 999_500.0 => (some / 1e3, "ms"),
        // Seconds up to 999, then minutes, then hours.
        more if more < 999.5e6 => (more / 1e6, "s"),
        long if long < 999.5 * 60e6 => (long / 60e6, "m"),
        huge => (huge / 3_600e6, "h"),
    };
    let places = match number {
        tiny if unit == "µs" || tiny >= 99.5 => 0,
        some if some >= 9.95 => decimals.saturating_sub(1),
        _ => decimals,
    };
    (format!("{number:.places$}"), unit)
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
