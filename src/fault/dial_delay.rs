//! Dial delay: a new connection's upstream is dialed late, as over a slow path or through a full backlog.
//!
//! The time is counted from the accept of the client, and from the end of `accept_delay` where that is set. Lifting the fault while a client waits lets it go on
//! at once.

use std::time::Duration;

use super::param::Default;
use super::{Kind, Knob, ParamSpec, Unit, Value};

/// The row of the table.
pub static KIND: Kind = Kind {
    name: "dial_delay",
    summary: "the upstream of a new connection is not dialed before this time has passed",
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
        label: "DIA",
        title: "DIAL DELAY",
        place: 14,
        ..Knob::TIME
    }],
    example: "dial_delay 2s",
    open: Some(|setting, _, demands| {
        let time = setting.value("time").and_then(Value::time);
        demands.dial = demands.dial.saturating_add(time.unwrap_or_default());
    }),
    directed: false,
    ..Kind::BASE
};
