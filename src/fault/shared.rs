//! What connections share, those of one proxy or of all that say so: one link each way for all of them.
//!
//! This is a fault and no buffer: until when the link is taken, and how much waits for it, is all that is shared, and the plan
//! in force owns it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::room::Room;
use super::{Direction, PerDirection, SettingName};

/// How long a piece takes at most: a byte at one byte per second.
const LONGEST_PIECE: Duration = Duration::from_secs(1);

/// Until when each direction's shared link is taken, in nanoseconds.
#[derive(Debug)]
pub struct SharedLinks {
    /// The origin of its times.
    origin: Instant,
    free: PerDirection<AtomicU64>,
    /// Where each connection has a queue of its own: which have something in it, and until when. Bound: the connections that
    /// send at a time.
    busy: PerDirection<Mutex<Vec<(u64, Instant)>>>,
    /// Where nobody sends by himself: what waits in each direction's queue.
    rooms: PerDirection<Room>,
    /// The links of settings with names, each its own. Bound: those that anybody uses.
    named: Mutex<Vec<(SettingName, Weak<Self>)>>,
}

// === impl SharedLinks ===

impl SharedLinks {
    /// Links that are free from `now` on, and were just before: for a piece that another link had begun to pass.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            origin: now.checked_sub(LONGEST_PIECE).unwrap_or(now),
            free: PerDirection::default(),
            busy: PerDirection::default(),
            rooms: PerDirection::default(),
            named: Mutex::default(),
        }
    }

    /// The links of the settings of this name beside these, which are of those without one; free from `now` on where nobody
    /// uses them.
    pub(super) fn of(self: &Arc<Self>, name: Option<&SettingName>, now: Instant) -> Arc<Self> {
        let Some(name) = name else {
            return Arc::clone(self);
        };
        let mut named = self.named.lock();
        named.retain(|(_, links)| links.strong_count() > 0);
        let used = named.iter().find(|(other, _)| other == name);
        used.and_then(|(_, links)| links.upgrade())
            .unwrap_or_else(|| {
                let links = Arc::new(Self::new(now));
                named.push((name.clone(), Arc::downgrade(&links)));
                links
            })
    }

    /// The queue before a link whose connections drop nothing.
    pub(super) fn room(&self, direction: Direction) -> &Room {
        &self.rooms[direction]
    }

    /// Lets a packet into a link's queue: `leaves` is told until when the link is taken, and says when the packet has left
    /// it, or that the queue is full.
    pub(super) fn enter(
        &self,
        direction: Direction,
        leaves: impl Fn(Instant) -> Option<Instant>,
    ) -> Option<Instant> {
        let at = |nanos: u64| self.origin.checked_add(Duration::from_nanos(nanos));
        let mut end = None;
        // Relaxed: the time is the only thing that the takers share.
        self.free[direction]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                end = leaves(at(free)?);
                Some(nanos(end?.saturating_duration_since(self.origin)))
            })
            .ok()?;
        end
    }

    /// How many connections but this one have something in their queues at a time.
    pub(super) fn others(&self, direction: Direction, own: u64, at: Instant) -> u64 {
        let mut busy = self.busy[direction].lock();
        busy.retain(|(_, until)| *until > at);
        busy.iter().filter(|(conn, _)| *conn != own).count() as u64
    }

    /// A connection has something in its queue until then.
    pub(super) fn busy(&self, direction: Direction, own: u64, until: Instant) {
        let mut busy = self.busy[direction].lock();
        match busy.iter_mut().find(|(conn, _)| *conn == own) {
            Some((_, end)) => *end = until,
            None => busy.push((own, until)),
        }
    }

    /// Gives back so much of the time for which a link is taken.
    pub(super) fn give_back(&self, direction: Direction, time: Duration) {
        let less = |free: u64| Some(free.saturating_sub(nanos(time)));
        // Relaxed: the time is the only thing that the takers share.
        let _ = self.free[direction].fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Takes a link for so long, from `earliest` on or from where the last taker ends, whichever is later; says when that
    /// turn begins. `None` where that is beyond what can be counted.
    fn reserve(&self, direction: Direction, earliest: Instant, takes: Duration) -> Option<Instant> {
        let earliest = nanos(earliest.saturating_duration_since(self.origin));
        let takes = nanos(takes);
        let begin = |free: u64| free.max(earliest);
        let end = |free: u64| Some(begin(free).saturating_add(takes));
        // Relaxed: the time is the only thing that the takers share.
        let free = &self.free[direction];
        let free = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end);
        let begins = Duration::from_nanos(begin(free.ok()?));
        self.origin.checked_add(begins)
    }
}

/// A time as nanoseconds; the longest where it is more than can be counted.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A connection's place on its proxy's link.
pub(super) struct Shared {
    pub(super) links: Arc<SharedLinks>,
    direction: Direction,
    /// The turn that this connection has taken and not used up: when it begins, for how many bytes.
    pub(super) turn: Option<(Instant, u64)>,
}

// === impl Shared ===

impl Shared {
    pub(super) fn new(links: &Arc<SharedLinks>, direction: Direction) -> Self {
        Self {
            links: Arc::clone(links),
            direction,
            turn: None,
        }
    }

    /// Which links it is on: those at this address.
    pub(super) fn link(&self) -> *const SharedLinks {
        Arc::as_ptr(&self.links)
    }

    /// This connection's turn on the link, taken on the first asking; `None` where it never comes.
    pub(super) fn turn(
        &mut self,
        earliest: Instant,
        bytes: u64,
        takes: Duration,
    ) -> Option<(Instant, u64)> {
        if self.turn.is_none() {
            let begins = self.links.reserve(self.direction, earliest, takes)?;
            self.turn = Some((begins, bytes));
        }
        self.turn
    }
}
