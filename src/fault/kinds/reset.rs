//! Reset: a TCP RST to both peers, at once or later, also on connections that were open when it was set.
//!
//! Without `every` each connection is reset when `after` has run out: counted from when the fault was set, for a connection
//! that was open then, and from its opening for a new one. With `every`, all connections that are open on a beat are
//! reset on it: the first beat comes `after` the fault was set.
//!
//! With `on=data` the time counts from the next bytes of the fault's direction, or the end of its stream: they pass no more,
//! nor does anything behind them. So in the direction down the upstream has done its work, and the client loses the answer.

use super::ending::{AFTER, EVERY, Ender, Ending, ON};
use crate::fault::{Cut, Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "reset",
    short: Some("rst"),
    summary: "resets the connection to both peers; `reset 10%` is short for share=10%",
    params: &[AFTER.spec, EVERY.spec, ON.spec],
    knobs: &[Knob::SHARE.named("RST", "RESETS").chosen_by('r')],
    example: "reset share=10%",
    build: |terms| Ender::stage(terms, |setting| Ending::of(setting, Cut::Reset)),
    ends: true,
    ..Kind::at(Stage::Gate)
};
