//! The connection that is looked at closely, as it is told: of its lists only what is new.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use super::tail::Tail;
use crate::fault::{Direction, PerDirection};
use crate::snapshot::{self, ConnId, Note, Noted, Trip};

/// What has changed of it; all of it where it is another one than before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    id: u64,
    reached: Option<Seconds>,
    trip: Option<Parts>,
    added_us: (Tail<u64>, Tail<u64>),
    rates: Tail<(Seconds, u64, u64)>,
    notes: Tail<Event>,
}

/// Of how many round trips the one in the middle took so long: held up and down, at the upstream, with us.
type Parts = (usize, Seconds, Seconds, Seconds, Seconds);

/// When what happened, and of bytes: how many, held and late for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Event {
    Delivered(Seconds, Way, u64, Seconds, Seconds),
    Took(Seconds, u64),
    /// What a later version tells.
    Other(serde_json::Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Up,
    Down,
}

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watched {
    id: u64,
    reached: Option<Seconds>,
    trip: Option<Parts>,
    added_us: PerDirection<VecDeque<u64>>,
    rates: VecDeque<(Seconds, u64, u64)>,
    notes: VecDeque<Note>,
}

// === impl Watched ===

impl Watched {
    pub(super) fn of(watched: &snapshot::Watched) -> Self {
        let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let rates = watched.rates.iter().map(|(at, rates)| {
            let PerDirection { up, down } = rates.map(super::figures::whole);
            (Seconds(*at), up, down)
        });
        let parts = |(trip, of): (Trip, usize)| {
            let Trip {
                held,
                upstream,
                ours,
            } = trip;
            let [up, down, upstream, ours] = [held.up, held.down, upstream, ours].map(Seconds);
            (of, up, down, upstream, ours)
        };
        Self {
            id: watched.id.0,
            reached: watched.reached.map(Seconds),
            trip: watched.trip.map(parts),
            added_us: watched
                .added
                .map_ref(|added| added.iter().map(micros).collect()),
            rates: rates.collect(),
            notes: watched.notes.iter().cloned().collect(),
        }
    }

    /// What makes it of what was known `before`; `None` where that is the same.
    pub(super) fn since(&self, before: Option<&Self>) -> Option<Change> {
        if before == Some(self) {
            return None;
        }
        let nothing = Self::default();
        let before = before.filter(|before| before.id == self.id);
        let before = before.unwrap_or(&nothing);
        let added = |way: Direction| {
            Tail::between(&before.added_us[way], &self.added_us[way], |added| *added)
        };
        Some(Change {
            id: self.id,
            reached: self.reached,
            trip: self.trip,
            added_us: (added(Direction::Up), added(Direction::Down)),
            rates: Tail::between(&before.rates, &self.rates, |rates| *rates),
            notes: Tail::between(&before.notes, &self.notes, Event::of),
        })
    }

    /// What it is after a change.
    pub(super) fn after(before: Option<Self>, change: Change) -> Self {
        let known = before.filter(|before| before.id == change.id);
        let mut known = known.unwrap_or_default();
        (known.id, known.reached, known.trip) = (change.id, change.reached, change.trip);
        let (up, down) = change.added_us;
        up.apply(&mut known.added_us.up, |added| added);
        down.apply(&mut known.added_us.down, |added| added);
        change.rates.apply(&mut known.rates, |rates| rates);
        change.notes.apply(&mut known.notes, Event::note);
        known
    }

    pub(super) fn shown(&self) -> snapshot::Watched {
        let added = |added: &VecDeque<u64>| {
            let added = added.iter().map(|micros| Duration::from_micros(*micros));
            added.collect()
        };
        let trip = self.trip.map(|(of, up, down, upstream, ours)| {
            let trip = Trip {
                held: PerDirection::of(up.0, down.0),
                upstream: upstream.0,
                ours: ours.0,
            };
            (trip, of)
        });
        let rates = self.rates.iter();
        let rates = rates
            .map(|(at, up, down)| (at.0, PerDirection::of(*up, *down).map(|rate| rate as f64)));
        snapshot::Watched {
            id: ConnId(self.id),
            reached: self.reached.map(|reached| reached.0),
            trip,
            added: self.added_us.map_ref(added),
            rates: rates.collect(),
            notes: self.notes.iter().cloned().collect(),
        }
    }
}

// === impl Event ===

impl Event {
    fn of(note: &Note) -> Self {
        let at = Seconds(note.at);
        match note.what {
            Noted::Delivered {
                direction,
                bytes,
                held,
                late,
            } => {
                let way = match direction {
                    Direction::Up => Way::Up,
                    Direction::Down => Way::Down,
                };
                Self::Delivered(at, way, bytes, Seconds(held), Seconds(late))
            }
            Noted::Took(generation) => Self::Took(at, generation),
        }
    }

    fn note(self) -> Note {
        match self {
            Self::Delivered(at, way, bytes, held, late) => Note {
                at: at.0,
                what: Noted::Delivered {
                    direction: match way {
                        Way::Up => Direction::Up,
                        Way::Down => Direction::Down,
                    },
                    bytes,
                    held: held.0,
                    late: late.0,
                },
            },
            Self::Took(at, generation) => Note {
                at: at.0,
                what: Noted::Took(generation),
            },
            // It stands where it was told, so that the list's ends stay those of the peer.
            Self::Other(_) => Note {
                at: Duration::ZERO,
                what: Noted::Took(0),
            },
        }
    }
}
