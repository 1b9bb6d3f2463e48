//! The queue before a link that connections share: all that wait for it hold no more together than it takes.
//!
//! Nothing is dropped: while the queue is full, a connection that would read waits in line. When bytes have left, the first
//! in line is granted room, which nobody else may take, and is woken; whoever comes later stands behind it. So each connection
//! has its turn, however much the others would send. What a connection cannot pass on (its receiver takes nothing, or a
//! fault holds it behind the link) is in no queue of the link's, and takes nobody's room.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use parking_lot::Mutex;

use super::Direction;
use super::shared::SharedLinks;

/// What is granted at a time: one of so many parts of what the queue takes, but no less and no more than this.
const GRANTS: u64 = 16;
const LEAST_GRANT: u64 = 4 << 10;
const MOST_GRANT: u64 = 64 << 10;

/// How much is held before one direction of a shared link, and who waits for room.
#[derive(Debug, Default)]
pub(super) struct Room(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    /// Bytes that wait, and those for which room is granted.
    held: u64,
    /// Bound: the connections that would read.
    waiting: VecDeque<Waiting>,
    /// How many places there have been: the next one's name.
    places: u64,
}

#[derive(Debug)]
struct Waiting {
    place: u64,
    /// How many bytes the queue takes, as its connection's settings say.
    most: u64,
    /// What it may read; nothing yet where it is 0.
    granted: u64,
    waker: Waker,
}

/// A connection's place before a shared link; given back when it goes.
pub(super) struct Place {
    links: Arc<SharedLinks>,
    direction: Direction,
    name: u64,
    /// How many bytes the queue takes, as this connection's settings say.
    most: u64,
    held: u64,
    /// How much more it may read at present.
    free: u64,
    granted: u64,
    waits: bool,
}

// === impl Place ===

impl Place {
    pub(super) fn new(links: &Arc<SharedLinks>, direction: Direction, most: u64) -> Self {
        let mut line = links.room(direction).0.lock();
        line.places += 1;
        let name = line.places;
        drop(line);
        Self {
            links: Arc::clone(links),
            direction,
            name,
            most,
            held: 0,
            free: most,
            granted: 0,
            waits: false,
        }
    }

    /// Takes other settings over; false where these share another link.
    pub(super) fn retune(&mut self, links: &Arc<SharedLinks>, most: u64) -> bool {
        self.most = most;
        Arc::ptr_eq(&self.links, links)
    }

    /// So many bytes wait now. Where more `came`, they take what was granted.
    pub(super) fn settle(&mut self, held: u64, came: bool) {
        let granted = if came { self.granted } else { 0 };
        if held == self.held && granted == 0 {
            return;
        }
        self.granted -= granted;
        let before = std::mem::replace(&mut self.held, held);
        self.change(|line| {
            line.held = line.held.saturating_sub(before.saturating_add(granted));
            line.held = line.held.saturating_add(held);
        });
    }

    /// Whether it may read: there is room, and nobody waits for it before this. Else its task is woken when there is.
    pub(super) fn admits(&mut self, waker: &Waker) -> bool {
        if self.granted > 0 {
            return true;
        }
        let mut line = self.links.room(self.direction).0.lock();
        if self.waits {
            let own = line.waiting.iter().position(|it| it.place == self.name);
            if let Some(own) = own.and_then(|own| line.waiting.get_mut(own)) {
                own.most = self.most;
                own.waker.clone_from(waker);
            }
            let woken = line.grant(self.name);
            let own = line.waiting.iter().position(|it| it.place == self.name);
            let own = own.filter(|own| line.waiting[*own].granted > 0);
            let own = own.and_then(|own| line.waiting.remove(own));
            drop(line);
            woken.into_iter().for_each(Waker::wake);
            self.granted = own.map_or(0, |own| own.granted);
            self.waits = self.granted == 0;
            return !self.waits;
        }
        let is_first = line.waiting.iter().all(|it| it.granted > 0);
        self.free = self.most.saturating_sub(line.held);
        if is_first && self.free > 0 {
            return true;
        }
        line.waiting.push_back(Waiting {
            place: self.name,
            most: self.most,
            granted: 0,
            waker: waker.clone(),
        });
        self.waits = true;
        false
    }

    /// How much may be read at present.
    pub(super) fn room(&self) -> u64 {
        if self.granted > 0 {
            self.granted
        } else {
            self.free
        }
    }

    /// Whether it waits to read.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// It does not want to read: what was granted is for others, and it stands in line no more.
    pub(super) fn waive(&mut self) {
        if self.waits || self.granted > 0 {
            let (name, granted) = (self.name, std::mem::take(&mut self.granted));
            self.waits = false;
            self.change(|line| line.leave(name, granted));
        }
    }

    /// Changes what is known of the line, and wakes those that have room then. Its own task reads next, so that is not woken.
    fn change(&self, change: impl FnOnce(&mut Line)) {
        let mut line = self.links.room(self.direction).0.lock();
        change(&mut line);
        let woken = line.grant(self.name);
        drop(line);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (name, held) = (self.name, self.held.saturating_add(self.granted));
        self.change(|line| line.leave(name, held));
    }
}

// === impl Line ===

impl Line {
    /// Grants what room there is to the first in line; those that are to be woken for it, but for the task of `own`.
    fn grant(&mut self, own: u64) -> Vec<Waker> {
        let mut woken = Vec::new();
        for waiting in self.waiting.iter_mut().filter(|it| it.granted == 0) {
            let free = waiting.most.saturating_sub(self.held);
            if free == 0 {
                break;
            }
            let grant = (waiting.most / GRANTS).clamp(LEAST_GRANT, MOST_GRANT);
            waiting.granted = grant;
            self.held = self.held.saturating_add(grant);
            if waiting.place != own {
                woken.push(waiting.waker.clone());
            }
        }
        woken
    }

    /// A place is in line no more, and gives back so much beside what was granted to it there.
    fn leave(&mut self, place: u64, held: u64) {
        let granted = |it: &Waiting| it.place == place;
        let granted = self
            .waiting
            .iter()
            .find(|it| granted(it))
            .map_or(0, |it| it.granted);
        self.waiting.retain(|it| it.place != place);
        self.held = self.held.saturating_sub(held.saturating_add(granted));
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
