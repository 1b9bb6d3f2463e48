//! Events as objects of JSON: as they are printed without a screen, and as frames with what a console needs beside that.

use std::time::Duration;

use super::finding::{self, Value};
use super::object::{Object, seconds};
use crate::snapshot::{
    Author, CloseReason, ConnId, Event, Finding, Found, Happening, Negotiated, TRUNCATED,
};
use crate::sweep::Curve;

/// What every object of an event begins with.
pub(crate) fn head(at: Duration, event: &str) -> Object {
    Object::default()
        .with("t", seconds(at))
        .with("event", event)
}

/// The frame of an event, without a line ending.
#[must_use]
pub fn line(event: &Event) -> String {
    let object = objects(event).into_iter().next();
    // That a sweep begins is told to consoles alone.
    let object = object.unwrap_or_else(|| begun(event));
    let object = detailed(object, event).to_string();
    format!("{{\"frame\":\"event\",{}", &object[1..])
}

/// With what a console needs that is not printed without a screen.
fn detailed(object: Object, event: &Event) -> Object {
    match &event.what {
        Happening::Listening { addrs, .. } => object.with("addresses", addrs),
        Happening::Secured { tls, .. } => object.with("round_trips", tls.round_trips),
        Happening::Faults { before, .. } => match before {
            Some(before) => object
                .with("before", before.to_string())
                .with("before_bypassed", before.bypassed),
            None => object,
        },
        Happening::Swept { curve, before } => object
            .with("before", before.to_string())
            .with("before_bypassed", before.bypassed)
            .with("curve", &**curve),
        Happening::Found { finding, .. } => {
            let figures: Vec<Value> = finding::values(finding);
            object
                .with("figures", figures)
                .with("since", seconds(finding.since))
        }
        Happening::Removed
        | Happening::Renamed { .. }
        | Happening::Repointed { .. }
        | Happening::PortClosed(_)
        | Happening::Opened { .. }
        | Happening::Reached { .. }
        | Happening::Closed { .. }
        | Happening::Note(_)
        | Happening::Error(_) => object,
    }
}

/// A sweep that has measured nothing yet, and a listener on no address.
fn begun(event: &Event) -> Object {
    let by = event.by.as_ref().filter(|by| **by != Author::START);
    let object = match &event.what {
        Happening::Swept { curve, .. } => head(event.at, "sweep")
            .with("proxy", &event.proxy)
            .with("sweep", &curve.sweep)
            .with("state", "begun"),
        Happening::Listening { mapping, .. } => head(event.at, "listening")
            .with("proxy", &event.proxy)
            .with("mapping", mapping),
        _ => head(event.at, "note").with("proxy", &event.proxy),
    };
    object.with_some("by", by.map(Author::as_str))
}

/// The word for why a connection ended; beside it the fault or the error.
pub(super) fn reason_of(reason: &CloseReason) -> (Option<&'static str>, Option<String>) {
    let fault = match reason {
        CloseReason::Fault(kind) => Some(*kind),
        _ => None,
    };
    (fault, reason.failed().then(|| reason.to_string()))
}

/// What happened, with whoever did it; what stood at the start is nobody's doing.
pub(crate) fn objects(event: &Event) -> Vec<Object> {
    let by = event.by.as_ref().filter(|by| **by != Author::START);
    let objects = what_happened(event).into_iter();
    objects
        .map(|object| object.with_some("by", by.map(Author::as_str)))
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a row for each event")]
fn what_happened(event: &Event) -> Vec<Object> {
    let of_proxy = |name| head(event.at, name).with("proxy", &event.proxy);
    let of_conn = |name, conn: &ConnId| of_proxy(name).with("connection", conn.0);
    vec![match &event.what {
        Happening::Listening { mapping, addrs } => {
            let listening = || of_proxy("listening").with("mapping", mapping);
            // An event for each address, so that `address` is always one.
            let each = addrs.iter().map(|addr| listening().with("address", addr));
            return each.collect();
        }
        Happening::Removed => of_proxy("removed"),
        Happening::Renamed { before } => of_proxy("renamed").with("before", before),
        Happening::Repointed { before, mapping } => of_proxy("repointed")
            .with("mapping", mapping)
            .with("before", before),
        Happening::PortClosed(_) => of_proxy("port_closed"),
        Happening::Opened {
            conn,
            client,
            upstream,
        } => of_conn("opened", conn)
            .with("client", client)
            .with("upstream", upstream),
        Happening::Reached { conn, addr, tried } => of_conn("reached", conn)
            .with("address", addr)
            .with("tried", tried),
        Happening::Secured { conn, tls } => agreed(of_conn("secured", conn), tls),
        Happening::Closed {
            conn,
            bytes,
            lasted,
            reason,
            truncated,
        } => of_conn("closed", conn)
            .with("bytes", bytes)
            .with("duration", seconds(*lasted))
            .with("reason", reason_word(reason))
            .with_some(
                "fault",
                match reason {
                    CloseReason::Fault(kind) => Some(kind),
                    _ => None,
                },
            )
            .with("error", reason.failed().then(|| reason.to_string()))
            .with_some("note", truncated.then_some(TRUNCATED)),
        Happening::Faults { plan, .. } => of_proxy("faults")
            .with("faults", plan.to_string())
            .with("bypassed", plan.bypassed),
        Happening::Swept { curve, .. } => match swept(of_proxy("sweep"), curve) {
            Some(object) => object,
            None => return Vec::new(),
        },
        Happening::Found { what, finding } => found(of_proxy("finding"), *what, finding),
        Happening::Note(note) => head(event.at, "note").with("note", note),
        Happening::Error(error) if event.proxy.is_empty() => {
            head(event.at, "error").with("error", error)
        }
        Happening::Error(error) => of_proxy("error").with("error", error),
    }]
}

/// With how far a sweep has come: the step that was measured last, or what all of it came to. That it begins, the answer to its
/// command has said.
fn swept(object: Object, curve: &Curve) -> Option<Object> {
    let object = object.with("sweep", &curve.sweep);
    let Some(ended) = curve.ended else {
        let steps = curve.steps.len();
        let (set, step) = curve.last_step()?;
        return Some(
            object
                .with("state", "step")
                .with("step", steps)
                .with("of", curve.values.len())
                .with("set", &set.text)
                .with("answers", (step.rate() * 10.0).round() / 10.0)
                .with("p50_ms", step.p50_ms)
                .with("p99_ms", step.p99_ms)
                .with("oldest_ms", step.oldest_ms)
                .with(
                    "rates",
                    step.bytes
                        .map(|bytes| super::figures::whole(step.per_second(bytes))),
                )
                .with("failed", step.failed)
                .with("cut", step.cut)
                .with("left", step.left)
                .with_some("gives_up", step.gives_up),
        );
    };
    let (holds, cliff) = curve.around_cliff();
    Some(
        object
            .with("state", "ended")
            .with("why", ended.word())
            .with("steps", curve.steps.len())
            .with("holds", holds)
            .with("cliff", cliff)
            .with("text", curve.sentence()),
    )
}

/// With what was found: figures in `values` are seconds, pieces or times.
fn found(object: Object, what: Found, finding: &Finding) -> Object {
    let values = finding.values.iter();
    let values = values.fold(Object::default(), |values, (name, figure)| {
        values.with(name, rounded(figure.number()))
    });
    let conns: Vec<u64> = finding.conns.iter().map(|conn| conn.0).collect();
    object
        .with("kind", finding.kind.word())
        .with("which", finding.which)
        .with(
            "state",
            match what {
                Found::New => "new",
                Found::Changed => "changed",
                Found::Withdrawn => "withdrawn",
            },
        )
        .with("text", &finding.text)
        .with("under", &*finding.under)
        .with("n", finding.n)
        .with("of", finding.of)
        .with("confidence", finding.confidence.word())
        .with_json("values", &values.to_string())
        .with("connections", conns)
}

/// To a thousandth.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// With what a TLS handshake agreed on.
pub(crate) fn agreed(object: Object, tls: &Negotiated) -> Object {
    let offered = Some(&tls.offered).filter(|offered| !offered.is_empty());
    object
        .with("version", tls.version)
        .with("alpn", &tls.alpn)
        .with_some("offered", offered)
        .with("resumed", tls.resumed)
        .with("duration", seconds(tls.took))
}

pub(super) fn reason_word(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::ClientDone => "client_done",
        CloseReason::UpstreamDone => "upstream_done",
        CloseReason::Fault(_) => "fault",
        CloseReason::Dial(_) => "dial",
        CloseReason::Tls(_) => "tls",
        CloseReason::Io { .. } => "io",
        CloseReason::Killed => "killed",
        CloseReason::Stopped => "stopped",
        CloseReason::Internal => "internal",
    }
}
