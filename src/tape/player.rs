//! Plays a tape on an engine: carries out what is to be done, each thing at its time and none waiting for another.
//!
//! It decides nothing, and asks nobody: what is to be done is told by `play`, and what cannot be done is told as an event.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::time::sleep;

use super::play::{Moment, Move};
use crate::mapping::Name;
use crate::proxy::Engine;
use crate::request::{Outcome, Request, RequestError};
use crate::snapshot::{Author, ProxyId};

/// What plays a tape on an engine: it knows which proxy of the engine each of the tape's is, whatever that is called here. One that
/// listens on any free port is called by another port, for one.
pub struct Player {
    pub(super) engine: Engine,
    then: Vec<Moment>,
    end: Duration,
    /// The proxies of the engine by the names that they have on the tape. Bounded by the tape.
    cast: Mutex<HashMap<String, ProxyId>>,
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

// === impl Player ===

impl Player {
    /// A player of what is to be done on an engine up to a moment, once what comes first was done by [`Self::try_out`].
    #[must_use]
    pub fn new(engine: Engine, then: Vec<Moment>, end: Duration) -> Self {
        Self {
            engine,
            then,
            end,
            cast: Mutex::default(),
        }
    }

    /// Carries out what is to be done, each thing at its time on the engine's clock, and returns when the play is over. What cannot
    /// be done is reported as an event, of a proxy that is not there once, and the play goes on.
    pub async fn play(mut self) {
        self.engine = self.engine.by(Author::REPLAY);
        let moments = std::mem::take(&mut self.then);
        let engine = &self.engine;
        // Bounded by the tape; each is a change that waits, for a bounded time, until connections run it.
        let mut under_way = FuturesUnordered::new();
        let mut missed = Missed::default();
        for moment in moments {
            wait_until(engine, moment.at, &mut under_way, &mut missed).await;
            under_way.push(self.try_out(moment.what));
        }
        wait_until(engine, self.end, &mut under_way, &mut missed).await;
        while let Some(result) = under_way.next().await {
            missed.tell(engine, result);
        }
    }

    /// The proxy that has this name on the tape.
    fn find(&self, name: &str) -> Result<ProxyId, Undone> {
        let known = self.cast.lock().get(name).copied();
        let is_there = |id: &ProxyId| self.engine.proxies().iter().any(|(other, _)| other == id);
        let found = known.filter(is_there).or_else(|| self.engine.find(name));
        found.ok_or_else(|| Undone::NoProxy(name.to_owned()))
    }

    /// Does one thing to the engine.
    ///
    /// # Errors
    /// The proxy is not there, or the engine cannot do it.
    pub async fn try_out(&self, what: Move) -> Result<(), Undone> {
        let mut added = None;
        let request = match what {
            Move::Add(name, mapping, plan) => {
                // What it is called then, whatever its mapping says: a name that nobody can give is one that its mapping comes to.
                let mapping = mapping.called(Name::parse(&name).ok());
                added = Some(name);
                Request::Add { mapping, plan }
            }
            Move::Remove(name) => Request::Remove(self.find(&name)?),
            Move::Rename(before, name) => {
                let proxy = self.find(&before)?;
                let given = Name::parse(&name).ok();
                let mut cast = self.cast.lock();
                cast.remove(&before);
                cast.insert(name, proxy);
                Request::Rename { proxy, name: given }
            }
            Move::Set(name, plan) => Request::SetPlan {
                proxy: self.find(&name)?,
                before: None,
                plan,
            },
            Move::Sweep(name, sweep, course) => {
                let swept = self.engine.sweep_again(self.find(&name)?, *sweep, course);
                swept.map_err(RequestError::from)?;
                return Ok(());
            }
            Move::Off(name) => Request::Close(self.find(&name)?),
            Move::Port(name, open) => {
                let proxy = self.find(&name)?;
                Request::SetPort { proxy, open }
            }
            Move::Repoint(name, mapping) => {
                let (proxy, mapping) = (self.find(&name)?, *mapping);
                Request::Repoint { proxy, mapping }
            }
        };
        if let (Outcome::Added(id), Some(name)) = (request.carry_out(&self.engine).await?, added) {
            self.cast.lock().insert(name, id);
        }
        Ok(())
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
