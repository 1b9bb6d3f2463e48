//! What is noted of the one connection that is looked at closely. Its task writes it, the collector reads it; the others have
//! none.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::fault::{Direction, PerDirection};
use crate::snapshot::{Note, Noted, Trip, Watched};

/// How many round trips and how many segments are kept at most, so that a fast connection costs no more than these.
const MOST: usize = 1_024;

/// Bytes of one direction that leave within this of each other are one note.
const TOGETHER: Duration = Duration::from_millis(100);

/// The notes of one connection.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The engine's start.
    start: Instant,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// The round trip that is under way.
    under_way: Option<UnderWay>,
    /// Those that ended, each with when it did.
    trips: VecDeque<(Duration, Trip)>,
    /// How long segments were held, each with when it left.
    added: PerDirection<VecDeque<(Duration, Duration)>>,
    happened: VecDeque<Note>,
    /// What is known of the bytes that leave now: how long they were held at most, and how late they are.
    leaving: PerDirection<(Duration, Duration)>,
}

/// How far a round trip has come.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    asked: Duration,
    /// When the first byte left for the upstream, and how late that was.
    sent: Option<(Duration, Duration)>,
    answered: Option<Duration>,
}

// === impl Watch ===

impl Watch {
    pub(crate) fn new(start: Instant) -> Self {
        let notes = Mutex::default();
        Self { start, notes }
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// Bytes came.
    pub(crate) fn arrived(&self, direction: Direction, now: Instant) {
        let at = self.at(now);
        let under_way = &mut self.notes.lock().under_way;
        match (direction, under_way) {
            (Direction::Up, none @ None) => {
                *none = Some(UnderWay {
                    asked: at,
                    sent: None,
                    answered: None,
                });
            }
            (Direction::Down, Some(trip)) if trip.sent.is_some() => {
                trip.answered.get_or_insert(at);
            }
            (Direction::Up | Direction::Down, _) => {}
        }
    }

    /// A segment that leaves was held for so long.
    pub(crate) fn added(&self, direction: Direction, held: Duration) {
        let leaving = &mut self.notes.lock().leaving[direction];
        leaving.0 = leaving.0.max(held);
    }

    /// What leaves is so late.
    pub(crate) fn late(&self, direction: Direction, late: Duration) {
        let leaving = &mut self.notes.lock().leaving[direction];
        leaving.1 = leaving.1.max(late);
    }

    /// Bytes left.
    pub(crate) fn delivered(&self, direction: Direction, bytes: usize, now: Instant) {
        let at = self.at(now);
        let notes = &mut *self.notes.lock();
        let (held, late) = std::mem::take(&mut notes.leaving[direction]);
        push(&mut notes.added[direction], (at, held), MOST);
        notes.trip(direction, late, at);
        notes.tell(direction, bytes as u64, (held, late), at);
    }

    /// The connection runs the settings of this generation.
    pub(crate) fn took(&self, generation: u64, at: Duration) {
        let what = Noted::Took(generation);
        push(
            &mut self.notes.lock().happened,
            Note { at, what },
            Watched::NOTES,
        );
    }

    /// What was noted, as far as it is shown at this time.
    pub(crate) fn shown(&self, at: Duration, into: &mut Watched) {
        let notes = &mut *self.notes.lock();
        let from = at.saturating_sub(Watched::SPAN);
        forget(&mut notes.trips, from);
        for direction in Direction::BOTH {
            let added = &mut notes.added[direction];
            forget(added, from);
            into.added[direction] = added.iter().map(|(_, held)| *held).collect();
        }
        let mut trips: Vec<Trip> = notes.trips.iter().map(|(_, trip)| *trip).collect();
        trips.sort_unstable_by_key(Trip::whole);
        into.trip = trips.get(trips.len() / 2).map(|trip| (*trip, trips.len()));
        into.notes = notes.happened.iter().cloned().collect();
    }
}

// === impl Notes ===

impl Notes {
    /// The round trip goes on by bytes that leave at `at`; where it has ended, its parts are known.
    fn trip(&mut self, direction: Direction, late: Duration, at: Duration) {
        let Some(mut trip) = self.under_way.take() else {
            return;
        };
        if direction == Direction::Up {
            trip.sent.get_or_insert((at, late));
            self.under_way = Some(trip);
            return;
        }
        // What leaves before anything was sent answers an earlier question.
        let (Some((sent, late_up)), Some(answered)) = (trip.sent, trip.answered) else {
            return;
        };
        let held =
            |from: Duration, to: Duration, late| to.saturating_sub(from).saturating_sub(late);
        let trip = Trip {
            held: PerDirection::of(held(trip.asked, sent, late_up), held(answered, at, late)),
            upstream: answered.saturating_sub(sent),
            ours: late_up.saturating_add(late),
        };
        push(&mut self.trips, (at, trip), MOST);
    }

    /// Notes bytes that left, together with those that did just before.
    fn tell(
        &mut self,
        way: Direction,
        more: u64,
        (longest, latest): (Duration, Duration),
        at: Duration,
    ) {
        let mut last = self.happened.iter_mut().rev().take(2);
        let last = last.find_map(|note| match &mut note.what {
            Noted::Delivered {
                direction,
                bytes,
                held,
                late,
            } if *direction == way && at.saturating_sub(note.at) < TOGETHER => {
                Some((&mut note.at, bytes, held, late))
            }
            Noted::Delivered { .. } | Noted::Took(_) => None,
        });
        if let Some((last, bytes, held, late)) = last {
            *last = at;
            *bytes = bytes.saturating_add(more);
            *held = longest.max(*held);
            *late = latest.max(*late);
            return;
        }
        let what = Noted::Delivered {
            direction: way,
            bytes: more,
            held: longest,
            late: latest,
        };
        push(&mut self.happened, Note { at, what }, Watched::NOTES);
    }
}

/// Adds one more; beyond so many, the oldest goes.
fn push<T>(to: &mut VecDeque<T>, one: T, most: usize) {
    to.push_back(one);
    if to.len() > most {
        to.pop_front();
    }
}

/// Forgets what was before this.
fn forget<T>(of: &mut VecDeque<(Duration, T)>, from: Duration) {
    let before = of.iter().take_while(|(at, _)| *at < from);
    let before = before.count();
    of.drain(..before);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::thread::clock;
    use crate::snapshot::ConnId;

    /// What bytes do at a millisecond: they come, or they leave after having been held so long, so much too late.
    enum Step {
        Comes(u64, Direction),
        Leaves(u64, Direction, u64, u64),
    }

    fn watched(steps: &[Step], at: u64) -> Watched {
        let ms = Duration::from_millis;
        let start = clock::now();
        let watch = Watch::new(start);
        for step in steps {
            match *step {
                Step::Comes(at, way) => watch.arrived(way, start + ms(at)),
                Step::Leaves(at, way, held, late) => {
                    watch.late(way, ms(late));
                    watch.added(way, ms(held));
                    watch.delivered(way, 10, start + ms(at));
                }
            }
        }
        let mut shown = Watched {
            id: ConnId(1),
            reached: None,
            trip: None,
            added: PerDirection::default(),
            rates: Vec::new(),
            notes: Vec::new(),
        };
        watch.shown(ms(at), &mut shown);
        shown
    }

    #[test]
    fn the_parts_of_a_round_trip_are_all_of_it() {
        use Direction::{Down, Up};
        use Step::{Comes, Leaves};
        let ms = Duration::from_millis;
        let steps = [
            // What comes unasked is no answer.
            Comes(1, Down),
            Leaves(5, Down, 4, 0),
            Comes(100, Up),
            Leaves(151, Up, 51, 1),
            Comes(160, Down),
            Leaves(263, Down, 103, 3),
            // The rest of the answer is none either.
            Leaves(264, Down, 104, 0),
        ];
        let seen = watched(&steps, 300);
        let (trip, count) = seen.trip.expect("a round trip");
        let parts = Trip {
            held: PerDirection::of(ms(50), ms(100)),
            upstream: ms(9),
            ours: ms(4),
        };
        assert_eq!((trip, count, trip.whole()), (parts, 1, ms(163)));
        assert_eq!(seen.added.map_ref(Vec::len), PerDirection::of(1, 3));
        assert_eq!(watched(&steps, 10_300).trip, None, "ten seconds later");
    }

    #[test]
    fn bytes_that_leave_together_are_one_note_and_notes_are_bounded() {
        let together: Vec<Step> = (0..50)
            .map(|at| Step::Leaves(at, Direction::Down, at, 0))
            .collect();
        let note = Note {
            at: Duration::from_millis(49),
            what: Noted::Delivered {
                direction: Direction::Down,
                bytes: 500,
                held: Duration::from_millis(49),
                late: Duration::ZERO,
            },
        };
        assert_eq!(watched(&together, 60).notes, [note]);
        let apart: Vec<Step> = (0..3 * Watched::NOTES as u64)
            .map(|at| Step::Leaves(at * 200, Direction::Up, 0, 0))
            .collect();
        assert_eq!(watched(&apart, 60).notes.len(), Watched::NOTES);
    }
}
