//! Accept delay: a new client waits before it is served, as at a server that is slow to accept.
//!
//! The time is counted from the accept of the client. Lifting the fault while a client waits lets it go on
//! at once.

use std::time::Duration;

use super::param::Default;
use super::{Kind, Knob, ParamSpec, Unit, Value};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "accept_delay",
    summary: "a new client is not served before this time has passed",
    params: &[ParamSpec {
        name: "time",
        bare: true,
        unit: Unit::Time,
        default: Default::Required,
        range: Some((
            Value::Time(Duration::ZERO),
            Value::Time(Duration::from_secs(86_400)),
        )),
        halves: false,
        summary: "how long a new connection waits",
    }],
    knobs: &[Knob {
        label: "ACC",
        title: "ACCEPT DELAY",
        place: 13,
        ..Knob::TIME
    }],
    example: "accept_delay 2s",
    open: Some(|setting, _, demands| {
        let time = setting.value("time").and_then(Value::time);
        demands.accept = demands.accept.saturating_add(time.unwrap_or_default());
    }),
    directed: false,
    ..Kind::BASE
};
