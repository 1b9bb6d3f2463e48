//! Dial failure: the upstream of a new connection cannot be reached, and its client is told as it would be then.

use crate::fault::{Kind, Knob, Stage};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "dial_fail",
    summary: "dialing the upstream of a new connection fails: its client is reset",
    knobs: &[Knob::SHARE.named("DFL", "DIAL FAILURE").picked_by('e')],
    example: "dial_fail share=50%",
    open: Some(|setting, _, demands| demands.fails = Some(setting.kind)),
    directed: false,
    ..Kind::at(Stage::Opening)
};
