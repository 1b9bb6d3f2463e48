//! A trace as steps, and the two formats in which it is written.

use crate::format::quoted;
use crate::units::{ByteRate, Decimal, RATE_UNITS};

/// The steps of a trace, under its name.
pub(super) struct Recording {
    /// The path as it was written, or the built-in name.
    pub(super) name: String,
    /// At least one; the first begins at 0.
    pub(super) steps: Vec<Step>,
    /// How long a round is, in seconds.
    pub(super) length: f64,
    /// What a round passes, in bytes.
    pub(super) total: f64,
}

/// A rate from one moment to the next step's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Seconds from the beginning of the trace.
    pub(super) begin: f64,
    /// Bytes per second.
    pub(super) rate: f64,
    /// How many bytes the steps before it pass.
    pub(super) before: f64,
}

/// The chances of a mahimahi trace are counted over so many milliseconds.
const BIN: u64 = 100;
/// What each chance passes.
const PACKET: u64 = 1_500;
/// No trace is longer than a week, in nanoseconds.
const LONGEST: u64 = 7 * 86_400 * 1_000_000_000;
/// No rate is greater, as with `bandwidth`.
const GREATEST: u64 = 100_000_000_000;

// === impl Recording ===

impl Recording {
    pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{name}: is no UTF-8 text"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = (1_usize..).zip(text.lines().map(str::trim));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next();
        let (number, header) = first.ok_or_else(|| format!("{name}: is an empty trace"))?;
        let at = |(number, why): (usize, String)| format!("{name}:{number}: {why}");
        if header.bytes().all(|byte| byte.is_ascii_digit()) {
            let chances: Result<Vec<u64>, _> = std::iter::once((number, header))
                .chain(lines)
                .try_fold(Vec::new(), |mut chances, (number, line)| {
                    let chance = chance(line, chances.last().copied());
                    chances.push(chance.map_err(|why| (number, why))?);
                    Ok(chances)
                });
            let chances = chances.map_err(at)?;
            return Self::of_chances(name, &chances);
        }
        columns(header).map_err(|why| at((number, why)))?;
        let mut rows: Vec<(u64, u64)> = Vec::new();
        for (number, line) in lines {
            let row = row(line, rows.last().map(|(time, _)| *time));
            rows.push(row.map_err(|why| at((number, why)))?);
        }
        let (last, _) = *rows
            .last()
            .ok_or_else(|| format!("{name}: has no line below its header"))?;
        let earlier = rows.len().checked_sub(2).map(|index| rows[index].0);
        let lasts = earlier.map_or(1_000_000_000, |earlier| last - earlier);
        let rows = rows
            .iter()
            .map(|(time, rate)| (seconds(*time), *rate as f64));
        Ok(Self::of(name, rows, seconds(last + lasts)))
    }

    /// The trace of chances at these milliseconds, the last of which is its length.
    fn of_chances(name: &str, chances: &[u64]) -> Result<Self, String> {
        let length = chances.last().copied().unwrap_or_default();
        if length == 0 {
            return Err(format!(
                "{name}: ends at 0 milliseconds: the last is its length"
            ));
        }
        let bins = (0..length.div_ceil(BIN)).map(|bin| {
            let (begin, end) = (bin * BIN, ((bin + 1) * BIN).min(length));
            // A chance at the end of a bin is the bin's.
            let until = |end| chances.partition_point(|chance| *chance <= end);
            let earlier = if bin == 0 { 0 } else { until(begin) };
            let bytes = (until(end) - earlier) as u64 * PACKET;
            let millis = (end - begin) as f64;
            (begin as f64 / 1e3, bytes as f64 * 1e3 / millis)
        });
        Ok(Self::of(name, bins, length as f64 / 1e3))
    }

    fn of(name: &str, rates: impl Iterator<Item = (f64, f64)>, length: f64) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let until = |steps: &[Step], end: f64| {
            let last = steps.last();
            last.map_or(0.0, |step| step.before + (end - step.begin) * step.rate)
        };
        for (begin, rate) in rates {
            let before = until(&steps, begin);
            steps.push(Step {
                begin,
                rate,
                before,
            });
        }
        Self {
            name: name.to_owned(),
            total: until(&steps, length),
            steps,
            length,
        }
    }

    /// What passes in the first so many seconds, at most the whole of it.
    pub(super) fn passed(&self, time: f64) -> f64 {
        let index = self.steps.partition_point(|step| step.begin <= time);
        let step = self.steps[index.saturating_sub(1)];
        step.before + (time.min(self.length) - step.begin) * step.rate
    }

    /// When so many bytes have passed, at most the whole of it: no later than the last of them.
    pub(super) fn reaches(&self, bytes: f64) -> f64 {
        let bytes = bytes.min(self.total);
        let index = self.steps.partition_point(|step| step.before < bytes);
        let step = self.steps[index.saturating_sub(1)];
        if step.rate > 0.0 {
            step.begin + (bytes - step.before) / step.rate
        } else {
            step.begin
        }
    }
}

/// A line of a mahimahi trace: a millisecond that is no earlier than the one before.
fn chance(line: &str, before: Option<u64>) -> Result<u64, String> {
    let digits = line.bytes().all(|byte| byte.is_ascii_digit());
    let chance = line.parse().ok().filter(|_| digits);
    let chance: u64 = chance.ok_or_else(|| format!("{} is no millisecond", quoted(line)))?;
    match before {
        _ if chance > LONGEST / 1_000_000 => Err(format!("{chance} is beyond 7 days")),
        Some(before) if chance < before => {
            Err(format!("{chance} is before {before}, the line above it"))
        }
        _ => Ok(chance),
    }
}

/// The header of a CSV trace.
fn columns(header: &str) -> Result<(), String> {
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    match names.as_slice() {
        ["time", "rate"] => Ok(()),
        ["time", "rate", more @ ..] => {
            let more = quoted(&more.join(","));
            Err(format!(
                "{more} is not read yet: leave out all but time,rate"
            ))
        }
        _ => Err(format!(
            "{} begins no trace: the header time,rate, or a millisecond a line",
            quoted(header)
        )),
    }
}

/// A line of a CSV trace: nanoseconds, and bytes per second.
fn row(line: &str, before: Option<u64>) -> Result<(u64, u64), String> {
    let (time, rate) = line
        .split_once(',')
        .map(|(time, rate)| (time.trim(), rate.trim()))
        .ok_or_else(|| format!("{} is no time,rate: 0.5,4Mbit/s", quoted(line)))?;
    let nanos = Decimal::read(time).and_then(|time| time.scaled(1_000_000_000, 1));
    let nanos = nanos.ok_or_else(|| format!("{} is no time: seconds, as 0.5", quoted(time)))?;
    match before {
        _ if nanos > LONGEST => return Err(format!("{} is beyond 7 days", quoted(time))),
        None if nanos > 0 => return Err(format!("the first time is 0, not {}", quoted(time))),
        Some(before) if nanos <= before => {
            return Err(format!("{} is not after the line above it", quoted(time)));
        }
        _ => {}
    }
    let no_rate = || format!("{} is no rate: 4000000, 4Mbit/s", quoted(rate));
    let bytes = bytes_per_second(rate).ok_or_else(no_rate)?;
    if bytes > GREATEST {
        let most = ByteRate::new(GREATEST);
        return Err(format!("{} is more than {most}", quoted(rate)));
    }
    Ok((nanos, bytes))
}

/// A rate in bit/s, or with a unit of the fault language.
fn bytes_per_second(rate: &str) -> Option<u64> {
    let number = rate.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &rate[number.len()..] {
        "" => "bit/s",
        unit => unit,
    };
    let (_, bits) = RATE_UNITS.iter().find(|(name, _)| *name == unit)?;
    // The units of rates are bits, the value is bytes.
    Decimal::read(number)?.scaled(*bits, 8)
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
