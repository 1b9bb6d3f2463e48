//! Reset: a TCP RST to both peers, at once or later, also on connections that were open when it was set.
//!
//! Without `every` each connection is reset when `after` has run out: counted from when the fault was set, for a connection
//! that was open then, and from its opening for a new one. With `every`, all connections that are open on a beat are
//! reset on it: the first beat comes `after` the fault was set.

use std::time::{Duration, Instant};

use super::cut::{AFTER, Deadline};
use super::param::Default;
use super::{Cut, Fate, Fault, Head, Kind, Knob, ParamSpec, Terms, Unit, Value};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "reset",
    short: Some("rst"),
    summary: "resets the connection to both peers; `reset 10%` is short for share=10%",
    params: &[
        AFTER,
        ParamSpec {
            name: "every",
            bare: false,
            unit: Unit::Time,
            default: Default::Absent,
            range: Some((
                Value::Time(Duration::from_millis(1)),
                Value::Time(Duration::from_secs(86_400)),
            )),
            halves: false,
            summary: "resets all connections at once this often, counted from when it was set; absent: each once",
        },
    ],
    knobs: &[Knob {
        label: "RST",
        title: "RESETS",
        key: Some('r'),
        place: 3,
        ..Knob::SHARE
    }],
    example: "reset share=10%",
    build: |terms| Reset::of(terms).map(|fault| Box::new(fault) as Box<dyn Fault>),
    ends: true,
    ..Kind::BASE
};

/// The stage of one direction.
struct Reset(Deadline);

// === impl Reset ===

impl Reset {
    fn of(terms: &Terms<'_>) -> Option<Self> {
        Deadline::of(terms, Cut::Reset, AFTER.name).map(Self)
    }
}

impl Fault for Reset {
    fn retune(&mut self, terms: &Terms<'_>) -> bool {
        self.0.retuned(Deadline::of(terms, Cut::Reset, AFTER.name))
    }

    fn due(&mut self, _head: &Head, due: Instant, _now: Instant) -> Option<Instant> {
        Some(due)
    }

    fn quantum(&self, head: &Head, _now: Instant) -> usize {
        self.0.quantum(head.offset)
    }

    fn fate(&mut self, passed: u64, now: Instant) -> Fate {
        self.0.fate(passed, now)
    }
}
