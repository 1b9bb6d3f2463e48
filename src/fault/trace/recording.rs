//! A trace as it was read, and the two formats in which it is written.

use super::Column;
use super::series::Series;
use crate::format::quoted;
use crate::units::{Decimal, PERCENT_UNITS, RATE_UNITS, TIME_UNITS};

/// The columns of a trace, under its name.
pub(super) struct Recording {
    /// The path as it was written, or the built-in name.
    pub(super) name: String,
    /// At least one, in the order of the file.
    pub(super) columns: Vec<(Column, Series)>,
}

/// How a column's values are written.
struct Measure {
    /// What a value is called where there is none, and how one looks.
    what: &'static str,
    units: &'static [(&'static str, u64)],
    /// The unit of a number that has none.
    bare: &'static str,
    /// How many of the units' smallest parts make one of the number that is kept.
    parts: u64,
    /// The greatest number, and how it is written.
    most: (u64, &'static str),
    /// The number that is kept, as the fault takes it.
    scale: fn(f64) -> f64,
}

/// The chances of a mahimahi trace are counted over so many milliseconds.
const BIN: u64 = 100;
/// What each chance passes.
const PACKET: u64 = 1_500;
/// No trace is longer than a week, in nanoseconds.
const LONGEST: u64 = 7 * 86_400 * 1_000_000_000;

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
        let columns = columns(header).map_err(|why| at((number, why)))?;
        let mut rows: Vec<(u64, Vec<f64>)> = Vec::new();
        for (number, line) in lines {
            let row = row(&columns, line, rows.last().map(|(time, _)| *time));
            rows.push(row.map_err(|why| at((number, why)))?);
        }
        let last = rows.last().map(|(time, _)| *time);
        let last = last.ok_or_else(|| format!("{name}: has no line below its header"))?;
        let earlier = rows.len().checked_sub(2).map(|index| rows[index].0);
        let lasts = earlier.map_or(1_000_000_000, |earlier| last - earlier);
        let series = |place: usize| {
            let values = rows.iter().map(|(time, row)| (seconds(*time), row[place]));
            Series::of(values, seconds(last + lasts))
        };
        let columns = columns.into_iter().enumerate();
        Ok(Self {
            name: name.to_owned(),
            columns: columns.map(|(place, it)| (it, series(place))).collect(),
        })
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
        Ok(Self {
            name: name.to_owned(),
            columns: vec![(Column::Rate, Series::of(bins, length as f64 / 1e3))],
        })
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

/// The header of a CSV trace: `time`, then what changes with it.
fn columns(header: &str) -> Result<Vec<Column>, String> {
    let mut words = header.split(',').map(str::trim);
    if words.next() != Some("time") || !header.contains(',') {
        return Err(format!(
            "{} begins no trace: the header time,rate, or a millisecond a line",
            quoted(header)
        ));
    }
    let mut columns = Vec::new();
    for word in words {
        let column = Column::ALL.into_iter().find(|it| it.name() == word);
        match column {
            Some(column) if columns.contains(&column) => {
                return Err(format!("{word} stands there twice: leave one out"));
            }
            Some(column) => columns.push(column),
            None => {
                return Err(format!(
                    "{} is no column of a trace: time, then any of rate, rtt, loss",
                    quoted(word)
                ));
            }
        }
    }
    Ok(columns)
}

/// A line of a CSV trace: nanoseconds, and a value for each column.
fn row(columns: &[Column], line: &str, before: Option<u64>) -> Result<(u64, Vec<f64>), String> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    if cells.len() != columns.len() + 1 {
        let of = |word: fn(Column) -> &'static str| {
            let words: Vec<&str> = columns.iter().map(|column| word(*column)).collect();
            words.join(",")
        };
        let (names, form) = (of(Column::name), of(Column::example));
        return Err(format!("{} is no time,{names}: 0.5,{form}", quoted(line)));
    }
    let time = cells[0];
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
    let values = columns.iter().zip(&cells[1..]);
    let values: Result<Vec<f64>, String> = values
        .map(|(column, cell)| column.measure().read(cell))
        .collect();
    Ok((nanos, values?))
}

// === impl Column ===

impl Column {
    fn example(self) -> &'static str {
        match self {
            Self::Rate => "4Mbit/s",
            Self::Rtt => "80ms",
            Self::Loss => "1%",
        }
    }

    fn measure(self) -> Measure {
        match self {
            Self::Rate => Measure {
                what: "no rate: 4000000, 4Mbit/s",
                units: RATE_UNITS,
                bare: "bit/s",
                // The units of rates are bits, the number is bytes.
                parts: 8,
                most: (100_000_000_000, "100GB/s"),
                scale: |bytes| bytes,
            },
            Self::Rtt => Measure {
                what: "no round trip: 80, 80ms",
                units: TIME_UNITS,
                bare: "ms",
                parts: 1,
                most: (3_600_000_000_000, "1h"),
                // Half of it is spent each way.
                scale: |nanos| nanos / 2e9,
            },
            Self::Loss => Measure {
                what: "no loss: 1, 1%",
                units: PERCENT_UNITS,
                bare: "%",
                parts: 1,
                most: (1_000_000, "100%"),
                scale: |ppm| ppm / 1e6,
            },
        }
    }
}

// === impl Measure ===

impl Measure {
    /// A number in its plain unit, or with a unit of the fault language.
    fn read(&self, cell: &str) -> Result<f64, String> {
        let number = cell.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match &cell[number.len()..] {
            "" => self.bare,
            unit => unit,
        };
        let factor = self.units.iter().find(|(name, _)| *name == unit);
        let read =
            factor.and_then(|(_, factor)| Decimal::read(number)?.scaled(*factor, self.parts));
        let read = read.ok_or_else(|| format!("{} is {}", quoted(cell), self.what))?;
        if read > self.most.0 {
            return Err(format!("{} is more than {}", quoted(cell), self.most.1));
        }
        Ok((self.scale)(read as f64))
    }
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
