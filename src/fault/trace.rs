//! Traces: a rate, a round trip, a loss from moment to moment, as a network was recorded to have them, which a link then has
//! again.
//!
//! Two formats, told apart by their first line. Blank lines, and lines that begin with `#`, are nothing in either.
//!
//! ```text
//! time,rate,rtt,loss      CSV: seconds from 0, and what holds from then on: any of the three, each in its plain unit
//! 0,4Mbit/s,80ms,0.5%     (bit/s, ms, %) or with a unit of the fault language. The last line holds for as long as the
//! 0.5,250kbit/s,120ms,2%  one before it. Half of a round trip is spent each way.
//!
//! 3                       mahimahi: each line the millisecond of a chance to send a packet of 1,500 bytes; the last is
//! 12                      also how long the trace is. Chances are counted over tenths of a second, in which the rate is even.
//! ```
//!
//! Each kind of fault follows its own column. One is a sum of steps, so what passes in a time and when so much has passed are
//! found by halving, and whole rounds at once. Nothing here opens a file: the program lends a reader (`read_with`), and a trace that was read under a name stays
//! what that name means until the program ends, so that no key that is typed reads it again.

use std::fmt;
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::syntax::{nearest, unknown};
use recording::Recording;
use series::Series;

mod recording;
mod series;

/// Reads the file of a path, or says why it cannot.
pub type Reader = fn(&str) -> Result<Vec<u8>, String>;

/// A trace that has been read. Two of one name are the same.
#[derive(Clone, Copy)]
pub struct Trace(&'static Recording);

/// What a trace can have, beside the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `rate`: what a link passes.
    Rate,
    /// `rtt`: the round trip.
    Rtt,
    /// `loss`: the share of the packets that are lost.
    Loss,
}

/// A column of a trace that is followed: round by round, or once and then at its last value.
#[derive(Clone, Copy)]
pub(super) struct Course {
    series: &'static Series,
    loops: bool,
}

/// The traces that are part of the program.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "@lte-moving",
        include_str!("../../assets/traces/lte-moving.csv"),
    ),
    ("@train", include_str!("../../assets/traces/train.csv")),
];

/// How a path is told from the name of one that is built in.
const MARK: char = '@';
static READER: OnceLock<Reader> = OnceLock::new();
/// What has been read. Bound: the files that somebody names; what they say is needed for as long as connections run.
static KNOWN: Mutex<Vec<Trace>> = Mutex::new(Vec::new());

/// Lends the fault language a reader of files. The first one stays.
pub fn read_with(reader: Reader) {
    let _ = READER.set(reader);
}

/// The trace of a path, or of a name that is built in.
///
/// # Errors
/// One line: why it cannot be read, or what is wrong with which line of it.
pub fn find(name: &str) -> Result<Trace, String> {
    if let Some(known) = known(name) {
        return Ok(known);
    }
    if name.starts_with(MARK) {
        let text = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
        let (_, text) = text.ok_or_else(|| {
            let names: Vec<&str> = built_in().collect();
            unknown("trace", name, nearest(name, built_in()), &names)
        })?;
        return keep(name, text.as_bytes());
    }
    let reader = READER.get().ok_or("there is nobody to read a trace here")?;
    let bytes = reader(name).map_err(|why| format!("cannot read the trace {name}: {why}"))?;
    keep(name, &bytes)
}

/// Reads a trace from what is in its file, and keeps it under this name; one that is known stays.
///
/// # Errors
/// One line: what is wrong with which line of it.
pub fn keep(name: &str, bytes: &[u8]) -> Result<Trace, String> {
    let read = Recording::read(name, bytes)?;
    let mut known = KNOWN.lock();
    if let Some(earlier) = known.iter().find(|trace| trace.name() == name) {
        return Ok(*earlier);
    }
    let trace = Trace(Box::leak(Box::new(read)));
    known.push(trace);
    Ok(trace)
}

/// The names of the traces that are part of the program.
fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// The names of those that have this column.
pub(super) fn built_in_with(column: Column) -> impl Iterator<Item = &'static str> {
    built_in().filter(move |name| find(name).is_ok_and(|trace| trace.series(column).is_some()))
}

fn known(name: &str) -> Option<Trace> {
    KNOWN.lock().iter().find(|it| it.name() == name).copied()
}

// === impl Trace ===

impl Trace {
    /// The path as it was written, or the name of one that is built in.
    #[must_use]
    pub fn name(&self) -> &'static str {
        &self.0.name
    }

    /// That it has a column.
    ///
    /// # Errors
    /// One line: which columns it has.
    pub(super) fn having(self, column: Column) -> Result<Self, String> {
        if self.series(column).is_some() {
            return Ok(self);
        }
        let (columns, name) = (&self.0.columns, column.name());
        let has: Vec<&str> = columns.iter().map(|(column, _)| column.name()).collect();
        let (name_of, has) = (self.name(), has.join(","));
        Err(format!(
            "{name_of} has the columns time,{has} and none called {name}: a file with time,{name} works here"
        ))
    }

    fn series(self, column: Column) -> Option<&'static Series> {
        let mut columns = self.0.columns.iter();
        let (_, series) = columns.find(|(own, _)| *own == column)?;
        Some(series)
    }
}

// === impl Column ===

impl Column {
    const ALL: [Self; 3] = [Self::Rate, Self::Rtt, Self::Loss];

    /// The word of a trace's header.
    const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Rtt => "rtt",
            Self::Loss => "loss",
        }
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.0.name).finish()
    }
}

// === impl Course ===

impl PartialEq for Course {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.series, other.series) && self.loops == other.loops
    }
}

impl fmt::Debug for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Course");
        text.field("loops", &self.loops).finish_non_exhaustive()
    }
}

impl Course {
    /// The way along a trace's column, where it has that.
    pub(super) fn of(trace: Trace, column: Column, loops: bool) -> Option<Self> {
        let series = trace.series(column)?;
        Some(Self { series, loops })
    }

    /// Where in the trace it is so many seconds after it began, and how long the trace is.
    pub(super) fn place(&self, past: f64) -> (f64, f64) {
        let (_, phase) = self.split(past);
        let length = self.series.length;
        (phase.min(length), length)
    }

    /// The value so many seconds after it began.
    pub(super) fn at(&self, past: f64) -> f64 {
        let (_, phase) = self.split(past);
        self.series.steps[self.series.index(phase)].value
    }

    /// The greatest value that it comes to, so many seconds after it began and later.
    pub(super) fn most(&self, past: f64) -> f64 {
        let first = if self.loops {
            0
        } else {
            self.series.index(past)
        };
        let steps = self.series.steps[first..].iter();
        steps.fold(0.0, |most, step| most.max(step.value))
    }

    /// The sum of the values from `from` on, until `until` or until it has come to `most`: where that is, and the sum.
    pub(super) fn sum(&self, from: f64, until: f64, most: f64) -> (f64, f64) {
        if until <= from || most <= 0.0 {
            return (from, 0.0);
        }
        let (origin, phase) = self.split(from);
        // Counted from the round that `from` is in, so that no sum grows with the time before it.
        let before = self.series.passed(phase);
        let area = self.area(until - origin) - before;
        if area < most * (1.0 - f64::EPSILON) || most.is_infinite() {
            return (until, area.max(0.0));
        }
        let end = origin + self.reaches(before + most);
        (end.clamp(from, until), most)
    }

    /// When the round began that a time is in, and how far in it the time is.
    fn split(&self, past: f64) -> (f64, f64) {
        if !self.loops {
            return (0.0, past);
        }
        let phase = past.rem_euclid(self.series.length);
        (past - phase, phase)
    }

    /// What passes in so many seconds from the beginning of a round on.
    fn area(&self, time: f64) -> f64 {
        let Series { length, total, .. } = *self.series;
        if time.is_infinite() {
            let ends = if self.loops { total } else { self.last() };
            return if ends > 0.0 { f64::INFINITY } else { total };
        }
        if !self.loops {
            let passed = self.series.passed(time.min(length));
            return passed + (time - length).max(0.0) * self.last();
        }
        let rounds = (time / length).floor();
        let rest = (time - rounds * length).clamp(0.0, length);
        rounds * total + self.series.passed(rest)
    }

    /// After how many seconds from the beginning of a round on so many bytes have passed, which it passes some time.
    fn reaches(&self, bytes: f64) -> f64 {
        let Series { length, total, .. } = *self.series;
        if bytes <= total {
            return self.series.reaches(bytes);
        }
        if !self.loops {
            return length + (bytes - total) / self.last();
        }
        // Where a round has passed all of it, what follows may be a time without any rate.
        let rounds = ((bytes / total).ceil() - 1.0).max(0.0);
        rounds * length + self.series.reaches(bytes - rounds * total)
    }

    fn last(&self) -> f64 {
        self.series.steps.last().map_or(0.0, |step| step.value)
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
