//! Refuse: new connections are refused, as if no server listened; open ones live on.
//!
//! Where it hits all connections the port is really closed, and opened again when the fault is lifted. Where it hits a
//! share of them the port stays open, and those that it hits are reset as soon as they are accepted.

use crate::fault::{Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "refuse",
    summary: "the port is closed: new connections are refused, open ones live on",
    knobs: &[Knob::SHARE.named("REF", "REFUSE").picked_by('f')],
    example: "refuse",
    open: Some(|setting, _, demands| demands.refused = Some(setting.kind)),
    directed: false,
    ..Kind::at(Stage::Opening)
};
