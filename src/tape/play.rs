//! Plays a tape: the changes that were made, at their times, on another engine.
//!
//! What was changed by a person is played; what followed of itself (a port that a fault closed, what clients met) follows again. A
//! sweep climbs again, at its times, and measures anew. The moves are made of the tape as plain data, and then carried out, each at its time and none waiting for another.

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::time::sleep;

use super::Tape;
use super::record::{Head, Port, Record, Standing, What};
use crate::command::{self, Command, Sweeping};
use crate::fault::Plan;
use crate::fault::language;
use crate::format::figures::clock_exact;
use crate::mapping::{Mapping, Name};
use crate::proxy::{Course, Engine};
use crate::request::{Request, RequestError};
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
    /// Adds a proxy.
    Add(Box<Mapping>, Plan),
    /// Removes one.
    Remove(String),
    /// Gives one another name; `None` for the one that its mapping comes to.
    Rename(String, Option<Name>),
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

/// Why something that stands on a tape could not be done again.
#[derive(Debug, Error)]
pub enum Undone {
    /// What it is to be done to is not there.
    #[error("no proxy is called {0}")]
    NoProxy(String),
    /// The engine cannot do it.
    #[error(transparent)]
    Request(#[from] RequestError),
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
        What::Renamed { proxy, before, .. } => {
            Some(Move::Rename(before.clone(), Name::parse(proxy).ok()))
        }
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
    // What it is called then, whatever its mapping says: a name that nobody can give is one that its mapping comes to.
    let mapping = mapping.called(Name::parse(&standing.proxy).ok());
    let plan = plan(&standing.faults, standing.bypassed, at)?;
    Ok(Move::Add(Box::new(mapping), plan))
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

/// Carries out what is to be done, each thing at its time on the engine's clock, and returns when the play is over. What cannot be
/// done is reported as an event, of a proxy that is not there once, and the play goes on.
pub async fn play(engine: Engine, moments: Vec<Moment>, end: Duration) {
    let engine = &engine.by(Author::REPLAY);
    // Bounded by the tape; each is a change that waits, for a bounded time, until connections run it.
    let mut under_way = FuturesUnordered::new();
    let mut missed = Missed::default();
    for moment in moments {
        wait_until(engine, moment.at, &mut under_way, &mut missed).await;
        under_way.push(try_out(engine, moment.what));
    }
    wait_until(engine, end, &mut under_way, &mut missed).await;
    while let Some(result) = under_way.next().await {
        missed.tell(engine, result);
    }
}

/// Waits for a moment of the engine's clock while changes go on.
async fn wait_until<F: Future<Output = Result<(), Undone>>>(
    engine: &Engine,
    at: Duration,
    under_way: &mut FuturesUnordered<F>,
    missed: &mut Missed,
) {
    let mut time = pin!(sleep(at.saturating_sub(engine.now())));
    loop {
        // Cancel-safe: the changes live outside the loop. They come first: their first poll is what makes them.
        tokio::select! {
            biased;
            Some(result) = under_way.next() => missed.tell(engine, result),
            () = &mut time => return,
        }
    }
}

/// The proxies that a tape changes and that are not there. Bounded by the tape.
#[derive(Debug, Default)]
struct Missed(HashSet<String>);

// === impl Missed ===

impl Missed {
    /// Says as an event what could not be done.
    fn tell(&mut self, engine: &Engine, result: Result<(), Undone>) {
        let Err(error) = result else {
            return;
        };
        let is_new = match &error {
            Undone::NoProxy(name) => self.0.insert(name.clone()),
            Undone::Request(_) => true,
        };
        if is_new {
            engine.report(format!("the tape cannot be played whole: {error}"));
        }
    }
}

/// Does one thing to an engine.
///
/// # Errors
/// The proxy is not there, or the engine cannot do it.
pub async fn try_out(engine: &Engine, what: Move) -> Result<(), Undone> {
    let find = |name: String| engine.find(&name).ok_or(Undone::NoProxy(name));
    let request = match what {
        Move::Add(mapping, plan) => {
            let mapping = *mapping;
            Request::Add { mapping, plan }
        }
        Move::Remove(name) => Request::Remove(find(name)?),
        Move::Rename(before, name) => {
            let proxy = find(before)?;
            Request::Rename { proxy, name }
        }
        Move::Set(name, plan) => Request::SetPlan {
            proxy: find(name)?,
            before: None,
            plan,
        },
        Move::Sweep(name, sweep, course) => {
            let swept = engine.sweep_again(find(name)?, *sweep, course);
            swept.map_err(RequestError::from)?;
            return Ok(());
        }
        Move::Off(name) => Request::Close(find(name)?),
        Move::Port(name, open) => {
            let proxy = find(name)?;
            Request::SetPort { proxy, open }
        }
        Move::Repoint(name, mapping) => {
            let (proxy, mapping) = (find(name)?, *mapping);
            Request::Repoint { proxy, mapping }
        }
    };
    request.carry_out(engine).await?;
    Ok(())
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
