//! Reset: a TCP RST to both peers, at once or later, also on connections that were open when it was set.
//!
//! Without `every` each connection is reset when `after` has run out: counted from when the fault was set, for a connection
//! that was open then, and from its opening for a new one. With `every`, all connections that are open on a beat are
//! reset on it: the first beat comes `after` the fault was set.

use std::time::Duration;

use super::cut::{AFTER, Deadline};
use super::param::Default;
use super::{Cut, Kind, Knob, ParamSpec, Unit, Value};

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
    build: |terms| Deadline::stage(terms, Cut::Reset),
    ends: true,
    ..Kind::BASE
};
