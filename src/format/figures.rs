//! Figures for people: short, of a known greatest width, with their unit.
//!
//! The fault language prints values exactly (`units`); people are shown them so that they can be compared at a glance and
//! never push a column aside. Nothing here reads back.

use std::time::Duration;

/// Decimal steps of bytes, as people write them.
const BYTES: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
/// The steps of bytes where there is room for one letter.
pub(crate) const SHORT: [&str; 7] = ["B", "K", "M", "G", "T", "P", "E"];

/// What rates are shown in; amounts of data are bytes either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RateUnit {
    /// Bytes per second, as in `64 kB/s`.
    #[default]
    Bytes,
    /// Bits per second, as in `512 kb/s`.
    Bits,
}

/// A number of bytes in at most 6 columns: `412 B`, `2.1 kB`, `88 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    spaced(bytes as f64)
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

/// A measured time in at most 5 columns: `256ms`, `4.8ms`.
#[must_use]
pub fn time_tight(time: Duration) -> String {
    self::time(time).replace(' ', "")
}

/// A time as a finding states it: three digits at most, and a digit behind the point below ten seconds (`2.0 s`).
#[must_use]
pub fn stated_time(time: Duration) -> String {
    if (0.995..9.95).contains(&time.as_secs_f64()) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        self::time(time)
    }
}

/// How many times as long something takes: `x7.1`, `x51`.
#[must_use]
pub fn times(times: f64) -> String {
    if times < 99.95 {
        format!("x{times:.1}")
    } else {
        format!("x{times:.0}")
    }
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

/// How long something has been, without seconds: what stands still while nothing happens.
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

fn spaced(bytes: f64) -> String {
    let (number, unit) = scaled(bytes, 1);
    format!("{number} {}", BYTES[unit])
}

// === impl RateUnit ===

impl RateUnit {
    /// How many bits one of its units is.
    #[must_use]
    pub const fn bits(self) -> u64 {
        match self {
            Self::Bytes => 8,
            Self::Bits => 1,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Bytes => Self::Bits,
            Self::Bits => Self::Bytes,
        }
    }

    /// So many bytes per second in at most 8 columns: `0 B/s`, `1.1 kB/s`, `210 kB/s`; `8.8 kb/s`.
    #[must_use]
    pub fn long(self, bytes_per_second: f64) -> String {
        match self {
            Self::Bytes => format!("{}/s", spaced(bytes_per_second)),
            Self::Bits => format!("{}/s", spaced(bytes_per_second * 8.0).replace('B', "b")),
        }
    }

    /// So many bytes per second in at most 6 columns: `64K/s`, `1.2M/s`, `999B/s`; `512Kb`, `9.6Mb`, `999b`.
    #[must_use]
    pub fn short(self, bytes_per_second: f64) -> String {
        match self {
            Self::Bytes => format!("{}/s", bytes_short(bytes_per_second)),
            Self::Bits => {
                let text = bytes_short(bytes_per_second * 8.0);
                format!("{}b", text.trim_end_matches('B'))
            }
        }
    }
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
    let most = if unit == "µs" { 0 } else { decimals };
    // One digit more than there are decimals, counted as it is rounded: what is printed prints the same again.
    let digits = |text: &String| text.bytes().filter(u8::is_ascii_digit).count();
    let mut texts = (0..=most).rev().map(|places| format!("{number:.places$}"));
    let text = texts.find(|text| digits(text) <= most + 1);
    let text = text.unwrap_or_else(|| format!("{number:.0}"));
    (text, unit)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
