//! What playing a tape comes to: the changes that were made, at their times, as they are to be made on another engine.
//!
//! What was changed by a person is played; what followed of itself (a port that a fault closed, what clients met) follows again. A
//! sweep climbs again, at its times, and measures anew. The moves are made of the tape as plain data;
//! a player carries them out (`player`).

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

use super::Tape;
use super::record::{Head, Port, Record, Standing, What};
use crate::command::{self, Command, Sweeping};
use crate::fault::Plan;
use crate::fault::language;
use crate::format::figures::clock_exact;
use crate::mapping::Mapping;
use crate::proxy::Course;
use crate::snapshot::Author;
use crate::sweep::{Curve, Ended, Sweep};
use crate::syntax::ParseError;
use crate::units::Time;

/// Which part of a tape is played, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// From when on, on the tape's clock.
    pub from: Duration,
    /// Up to when; `None` to its end.
    pub to: Option<Duration>,
    /// How many times as fast as it was.
    pub speed: f64,
}

/// Something to do to an engine at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When, since the engine's start.
    pub at: Duration,
    /// What is done.
    pub what: Move,
}

/// Something to do to an engine. Proxies go by their names.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// Adds a proxy that is called so, by its mapping as it stands on the tape.
    Add(String, Box<Mapping>, Plan),
    /// Removes one.
    Remove(String),
    /// Gives one another name: what it had, and what it gets. Where nobody can give that it is the one that its mapping comes to.
    Rename(String, String),
    /// Puts a plan in force.
    Set(String, Plan),
    /// Opens or closes a port.
    Port(String, bool),
    /// Closes one, and ends its connections with it.
    Off(String),
    /// Climbs a fault, with the course that it took.
    Sweep(String, Box<Sweep>, Course),
    /// A proxy gets another mapping.
    Repoint(String, Box<Mapping>),
}

/// Why a tape cannot be played.
#[derive(Debug, Error)]
pub enum Unplayable {
    /// One of its mappings or faults does not read.
    #[error("what it says at {} does not read:\n{error}", clock_exact(*.at))]
    Text {
        /// When it was recorded.
        at: Duration,
        /// What is wrong with it.
        error: Box<ParseError>,
    },
    /// There is nothing on it where it is to be played.
    #[error("it ends at {}, before --from {}", Time(to_the_millisecond(*end)), Time(*from))]
    Empty {
        /// From when on it is to be played.
        from: Duration,
        /// When it ends.
        end: Duration,
    },
    /// The part ends before it begins.
    #[error("--from {} is after --to {}", Time(*from), Time(*to))]
    Backwards {
        /// When it begins.
        from: Duration,
        /// When it ends.
        to: Duration,
    },
}

/// A tape as what is to be done: how the proxies begin, what is done to them, and when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// The proxies at the beginning.
    pub first: Vec<Move>,
    /// What is done to them, in the order of the times.
    pub then: Vec<Moment>,
    /// When it is over.
    pub end: Duration,
}

// === impl Play ===

impl Play {
    /// What playing a part of a tape comes to.
    pub fn of(tape: &Tape, part: &Part) -> Result<Self, Unplayable> {
        let end = tape.end();
        let from = part.from;
        if let Some(to) = part.to.filter(|to| *to < from) {
            return Err(Unplayable::Backwards { from, to });
        }
        if from > end {
            return Err(Unplayable::Empty { from, end });
        }
        let until = part.to.unwrap_or(end).min(end);
        let played = |t: Duration| t.saturating_sub(part.from).div_f64(part.speed);
        let mut head = tape.head.clone();
        let mut play = Self {
            first: Vec::new(),
            then: Vec::new(),
            end: played(until),
        };
        let mut records = tape.records().peekable();
        while let Some(record) = records.next_if(|record| record.t <= part.from) {
            head.apply(record);
        }
        for standing in &head.proxies {
            play.first.push(add(standing, head.t)?);
            if standing.port.is_closed() {
                play.then.push(Moment {
                    at: Duration::ZERO,
                    what: Move::Port(standing.proxy.clone(), false),
                });
            }
        }
        let sweeps = sweeps(tape, from..=until);
        for record in records.take_while(|record| record.t <= until) {
            let of_sweep = sweeps.iter().find(|taped| taped.sets(record));
            let at = played(record.t);
            let what = match of_sweep {
                Some(taped) if record.t == taped.sets[0] => Some(taped.a_move(part.speed, played)),
                Some(_) => None,
                None => a_move(&head, &record.what, record.t)?,
            };
            play.then.extend(what.map(|what| Moment { at, what }));
            head.apply(record);
        }
        Ok(play)
    }
}

/// A sweep that stands on a tape.
struct Taped<'a> {
    proxy: &'a str,
    sweep: Box<Sweep>,
    /// When it set a value, and at its end what was before it.
    sets: Vec<Duration>,
    /// Whether it did so at its end.
    restores: bool,
}

/// The sweeps that began and ended in a part of a tape.
fn sweeps(tape: &Tape, part: RangeInclusive<Duration>) -> Vec<Taped<'_>> {
    let ended = tape.records().filter_map(|record| match &record.what {
        What::Sweep(curve) if part.contains(&record.t) => Some((record.t, curve)),
        _ => None,
    });
    let taped = ended.filter_map(|(end, curve)| {
        let sweep = read_sweep(curve)?;
        let began = curve.steps.first().map_or(curve.since_s, |step| step.at_s);
        // What stands on a tape is rounded.
        let began = Duration::try_from_secs_f64(began - 1e-3).unwrap_or_default();
        let sets = tape.records().filter(|record| {
            let is_in = (began..=end).contains(&record.t);
            is_in && is_set_by_sweep(record, &curve.proxy)
        });
        Some(Taped {
            proxy: &curve.proxy,
            sweep,
            sets: sets.map(|record| record.t).collect(),
            restores: !matches!(curve.ended, Some(Ended::Changed | Ended::Gone)),
        })
    });
    let is_whole = |taped: &Taped<'_>| taped.sets.first().is_some_and(|first| part.contains(first));
    taped.filter(is_whole).collect()
}

/// The sweep of a curve. How long it held each value is a figure of the curve: at another speed it is none that could be typed. What
/// was to end it is not asked for: it ends where it ended.
fn read_sweep(curve: &Curve) -> Option<Box<Sweep>> {
    let is_kept = |word: &&str| !word.starts_with("hold=") && !word.starts_with("until=");
    let words: Vec<&str> = curve.sweep.split(' ').filter(is_kept).collect();
    let line = format!("sweep db {}", words.join(" "));
    let Ok(Command::Sweep(_, Sweeping::Begin(mut sweep))) = command::parse(&line) else {
        return None;
    };
    sweep.hold = Duration::try_from_secs_f64(curve.hold_s).ok()?;
    Some(sweep)
}

fn is_set_by_sweep(record: &Record, name: &str) -> bool {
    let word = Author::SWEEP.as_str();
    matches!(&record.what, What::Faults(change) if change.proxy == name && change.by == word)
}

impl Taped<'_> {
    /// Whether it has made this change.
    fn sets(&self, record: &Record) -> bool {
        self.sets.contains(&record.t) && is_set_by_sweep(record, self.proxy)
    }

    fn a_move(&self, speed: f64, played: impl Fn(Duration) -> Duration) -> Move {
        let mut sweep = self.sweep.clone();
        sweep.hold = sweep.hold.div_f64(speed);
        let mut sets: VecDeque<Duration> = self.sets.iter().copied().map(played).collect();
        let restores = if self.restores { sets.pop_back() } else { None };
        Move::Sweep(self.proxy.to_owned(), sweep, Course { sets, restores })
    }
}

/// What is to be done for what happened to proxies that stood so; `None` where it comes of itself.
fn a_move(head: &Head, what: &What, at: Duration) -> Result<Option<Move>, Unplayable> {
    Ok(match what {
        What::Added(standing) => Some(add(standing, at)?),
        What::Removed { proxy, .. } => Some(Move::Remove(proxy.clone())),
        What::Renamed { proxy, before, .. } => Some(Move::Rename(before.clone(), proxy.clone())),
        What::Repointed { proxy, mapping, .. } => {
            let read = command::parse_line(mapping);
            let (mapping, _) = read.map_err(|error| unread(at, error))?;
            Some(Move::Repoint(proxy.clone(), Box::new(mapping)))
        }
        What::Port { proxy, port, .. } => {
            let before = head.proxy(proxy).map(|standing| standing.port);
            match (before, port) {
                (_, Port::Closed) => Some(Move::Port(proxy.clone(), false)),
                (_, Port::Off) => Some(Move::Off(proxy.clone())),
                (Some(Port::Closed | Port::Off), Port::Open | Port::Refusing) => {
                    Some(Move::Port(proxy.clone(), true))
                }
                _ => None,
            }
        }
        What::Faults(change) => {
            let plan = plan(&change.faults, change.bypassed, at)?;
            Some(Move::Set(change.proxy.clone(), plan))
        }
        What::Second(_)
        | What::Finding(_)
        | What::Sweep(_)
        | What::Error { .. }
        | What::Stall { .. }
        | What::Lost { .. }
        | What::End { .. }
        | What::Unknown => None,
    })
}

fn add(standing: &Standing, at: Duration) -> Result<Move, Unplayable> {
    let read = command::parse_line(&standing.mapping);
    let (mapping, _) = read.map_err(|error| unread(at, error))?;
    let plan = plan(&standing.faults, standing.bypassed, at)?;
    Ok(Move::Add(standing.proxy.clone(), Box::new(mapping), plan))
}

fn plan(faults: &str, bypassed: bool, at: Duration) -> Result<Plan, Unplayable> {
    let settings = match faults {
        "" => Vec::new(),
        faults => language::parse(faults).map_err(|error| unread(at, error))?,
    };
    let mut plan = Plan::of(settings);
    plan.bypassed = bypassed;
    Ok(plan)
}

/// A time that a tape reaches, as somebody would type it.
fn to_the_millisecond(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_millis() * 1_000_000)
}

fn unread(at: Duration, error: ParseError) -> Unplayable {
    let error = Box::new(error);
    Unplayable::Text { at, error }
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
