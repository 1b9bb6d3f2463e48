//! Close: an orderly end of the connection to both peers, after a time or after exactly so many bytes.
//!
//! A time is counted from when the fault was set, for a connection that was open then, and from its opening for a new one.
//! A size is counted in each direction alike, and the direction that has passed it first ends the connection: exactly that
//! many bytes of it have been delivered. Another size in its place counts from where the first one did. What waits beyond is dropped; a stream that ends before is not touched.

use super::ending::{AFTER, Ender, Ending, ON};
use crate::fault::{Cut, Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "close",
    summary: "ends the connection in order; with a size, exactly that much passes first",
    params: &[AFTER.spec, ON.spec],
    knobs: &[Knob::SHARE.named("CLS", "CLOSES").picked_by('c')],
    example: "close after=64KiB down",
    build: |terms| Ender::stage(terms, |setting| Ending::of(setting, Cut::Close)),
    ends: true,
    ..Kind::at(Stage::Gate)
};
