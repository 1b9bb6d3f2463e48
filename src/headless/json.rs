//! Reports as JSON, an object a line.
//!
//! Every object has `t`, the seconds since the engine's start with microseconds, and `event`, and after them what
//! belongs to the event, in the order in which it stands here. Fields are added over time, never renamed.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::Serialize;

use super::Report;
use super::commands::{Answered, Refused};
use crate::farewell::Farewell;
use crate::fault::{Losses, PerDirection, Sending};
use crate::operate::{Answer, Change};
use crate::snapshot::{
    Author, Clean, CloseReason, ConnId, Event, Fact, Finding, Found, Happening, Leave, Negotiated,
    PortState, ProxyRow, Seen, Spread, TRUNCATED, Taken, Unanswered,
};
use crate::sweep::Curve;

/// The fields of an object, written in the order in which they are given; prints with its braces.
#[derive(Default)]
pub(super) struct Object(String);

/// The lines of a report, each with its line ending.
pub(super) fn lines(at: Duration, report: &Report<'_>) -> String {
    let objects = match *report {
        Report::Started { seed } => vec![
            line(at, "started")
                .with("version", env!("CARGO_PKG_VERSION"))
                .with("seed", seed),
        ],
        Report::Happened(event) => happened(event),
        Report::Seen { proxy, fact } => {
            vec![seen(line(fact.at, "fact").with("proxy", proxy), fact)]
        }
        Report::Stats(row) => vec![stats(line(at, "stats"), row)],
        Report::Failed { error, lost } => {
            vec![
                line(at, "error")
                    .with("error", error)
                    .with_some("lost", lost),
            ]
        }
        Report::Answered(answered) => vec![answer(at, answered).with_some("note", answered.note)],
        Report::Stopped { reason, farewell } => vec![stopped(at, reason, farewell)],
    };
    objects.iter().fold(String::new(), |lines, object| {
        lines + &format!("{object}\n")
    })
}

/// With what there was: `total` connections, `bytes`, the `faults` that were set, and the lines that would do it `again`.
fn stopped(at: Duration, reason: &str, farewell: &Farewell) -> Object {
    let again = Some(farewell).filter(|farewell| !farewell.proxies.is_empty());
    line(at, "stopped")
        .with("reason", reason)
        .with("total", farewell.connections)
        .with("bytes", farewell.bytes)
        .with("faults", &farewell.used)
        .with_some("again", again.map(Farewell::command))
}

/// What every object begins with.
fn line(at: Duration, event: &str) -> Object {
    Object::default()
        .with("t", seconds(at))
        .with("event", event)
}

/// What happened, with whoever did it; what stood at the start is nobody's doing.
fn happened(event: &Event) -> Vec<Object> {
    let by = event.by.as_ref().filter(|by| **by != Author::START);
    let objects = what_happened(event).into_iter();
    objects
        .map(|object| object.with_some("by", by.map(Author::as_str)))
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a row for each event")]
fn what_happened(event: &Event) -> Vec<Object> {
    let of_proxy = |name| line(event.at, name).with("proxy", &event.proxy);
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
        Happening::PortClosed => of_proxy("port_closed"),
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
        Happening::Note(note) => line(event.at, "note").with("note", note),
        Happening::Error(error) if event.proxy.is_empty() => {
            line(event.at, "error").with("error", error)
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
                    step.bytes.map(|bytes| whole(step.per_second(bytes))),
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

/// With what was seen of a connection: times are seconds, `bytes` those of the first read.
fn seen(object: Object, fact: &Fact) -> Object {
    let of = |name| object.with("connection", fact.conn.0).with("fact", name);
    match fact.seen {
        Seen::Opened { client } => of("opened").with("client", client),
        Seen::Reached => of("reached"),
        Seen::Asked { bytes, silent } => of("asked")
            .with("bytes", bytes)
            .with("silent", seconds(silent)),
        Seen::Answered {
            waited,
            upstream,
            more,
        } => of("answered")
            .with("waited", seconds(waited))
            .with("upstream", seconds(upstream))
            .with("more", more),
        Seen::Pushed { bytes, silent } => of("pushed")
            .with("bytes", bytes)
            .with("silent", seconds(silent)),
        Seen::Blocked {
            over,
            blocked,
            bytes,
        } => of("blocked")
            .with("over", seconds(over))
            .with("blocked", seconds(blocked))
            .with("bytes", bytes),
        Seen::Left { leg, how, amid } => of("left")
            .with("by", leg.to_string())
            .with(
                "how",
                match how {
                    Leave::Fin => "end",
                    Leave::Rst => "break",
                },
            )
            .with_some("waiting", amid.waiting.map(seconds))
            .with("silent_up", seconds(amid.silent_up))
            .with_some("silent_down", amid.silent_down.map(seconds))
            .with("asked", amid.asked)
            .with("answered", amid.answered)
            .with("held", amid.held),
        Seen::Closed { by, bytes } => of("closed").with("by", by.key()).with("bytes", bytes),
    }
}

/// With what a TLS handshake agreed on.
fn agreed(object: Object, tls: &Negotiated) -> Object {
    let offered = Some(&tls.offered).filter(|offered| !offered.is_empty());
    object
        .with("version", tls.version)
        .with("alpn", &tls.alpn)
        .with_some("offered", offered)
        .with("resumed", tls.resumed)
        .with("duration", seconds(tls.took))
}

/// With what a proxy measured in the last second: `connections` are open, `total`, `failed`, `bytes` and `full` count from
/// the start, `rates` are whole bytes per second, `added` and `feels` milliseconds. `sender` is there where a fault asks for a
/// virtual sender.
pub(super) fn stats(object: Object, row: &ProxyRow) -> Object {
    let waiting = match &row.port {
        PortState::Waiting(why) => Some(why),
        PortState::Open | PortState::Closed | PortState::Refusing => None,
    };
    object
        .with("proxy", &row.name)
        .with("connections", row.open)
        .with("total", row.total)
        .with("failed", row.failed)
        .with("bytes", row.bytes)
        .with("rates", row.rates.map(whole))
        .with("held", row.held)
        .with("full", row.full)
        .with("added", row.added.map(|spread| spread.map(Quantiles::of)))
        .with("feels", row.feels.map(Quantiles::of))
        .with("port", row.port.word())
        .with_some("unanswered", Waiting::of(row.unanswered))
        .with_some("clean", row.clean.as_deref().map(Before::of))
        .with_some(
            "sender",
            row.sending.map(|sending| Sender::of(sending, row.losses)),
        )
        .with_some("waiting", waiting)
        .with_some("now", row.present.as_ref().map(ToString::to_string))
}

/// Two figures of a distribution, in milliseconds.
#[derive(Serialize)]
struct Quantiles {
    p50_ms: f64,
    p99_ms: f64,
}

/// The virtual sender of a proxy's busiest connection, and what all of them have lost and brought late since the start.
#[derive(Serialize)]
struct Sender {
    /// In packets.
    window: u32,
    round_trip_ms: f64,
    dropped: u64,
    messages: u64,
    late: u64,
}

/// The requests that have had no answer for a tenth of a second or more; times in milliseconds.
#[derive(Serialize)]
struct Waiting {
    count: u32,
    oldest_ms: f64,
    overdue: u32,
}

/// What clients met in the last ten seconds without faults.
#[derive(Serialize)]
struct Before {
    p50_ms: f64,
    p99_ms: f64,
    /// A second, as all rates.
    answers: f64,
    rates: PerDirection<u64>,
    failed: u64,
}

/// The answer to a command: only what the command is about is in it.
#[expect(clippy::too_many_lines, reason = "one arm for each answer")]
fn answer(at: Duration, answered: &Answered) -> Object {
    let answer = match &answered.outcome {
        Ok(answer) => answer,
        Err(Refused { error, column }) => {
            return line(at, "refused")
                .with("command", &answered.command)
                .with("error", error)
                .with("column", column);
        }
    };
    let done = line(at, "done").with("command", &answered.command);
    match answer {
        Answer::Added {
            proxy,
            mapping,
            listening,
        } => done
            .with("proxy", proxy)
            .with("mapping", mapping.to_string())
            .with_some("address", listening.first()),
        Answer::Removed(proxy) => done.with("proxy", proxy),
        Answer::Renamed { proxy, before } => done.with("proxy", proxy).with("before", before),
        Answer::Port { proxy, open } => done.with("proxy", proxy).with("open", *open),
        Answer::Repointed { proxy, mapping } => done
            .with("proxy", proxy)
            .with("mapping", mapping.to_string()),
        Answer::Changed(changes) => changed(done, changes),
        Answer::Killed(conn) => done.with("connection", conn.0),
        Answer::Owned { conn, own, taken } => done
            .with("connection", conn.0)
            .with("exempt", own.exempt)
            .with("frozen", own.frozen)
            .with("taken", taken.taken)
            .with("of", taken.of)
            .with("micros", taken.micros),
        Answer::Listed(rows) => {
            let rows: Vec<String> = rows.iter().map(|row| listed(row).to_string()).collect();
            done.with_json("proxies", &format!("[{}]", rows.join(",")))
        }
        Answer::Sweeping(curve) => done
            .with("proxy", &curve.proxy)
            .with("sweep", &curve.sweep)
            .with("steps", curve.values.len())
            .with("seconds", curve.lasts_s()),
        Answer::Swept(curve) => done
            .with("proxy", &curve.proxy)
            .with("text", curve.sentence()),
        Answer::Save(curve, file) => done.with("proxy", &curve.proxy).with("file", file),
        Answer::SaveTape(file) => done.with("file", file),
        Answer::Facts(on) => done.with("facts", on),
        Answer::Quit => done,
    }
}

/// The connections of all proxies that changed together; the time is that of the slowest.
fn changed(done: Object, changes: &[Change]) -> Object {
    let all = changes.iter().map(|change| change.taken);
    let taken = all.reduce(Taken::and).unwrap_or_default();
    let only = match changes {
        [only] => Some(&only.proxy),
        _ => None,
    };
    done.with_some("proxy", only)
        .with("taken", taken.taken)
        .with_some("cut", Some(taken.cut).filter(|cut| *cut > 0))
        .with("of", taken.of)
        .with("micros", taken.micros)
}

/// A proxy in the answer to `list`.
fn listed(row: &ProxyRow) -> Object {
    let object = Object::default()
        .with("name", &row.name)
        .with("mapping", row.mapping.to_string())
        .with("address", row.listening.first())
        .with("addresses", &row.listening)
        .with("port", row.port.word())
        .with("faults", row.plan.to_string())
        .with("bypassed", row.plan.bypassed)
        .with("connections", row.open)
        .with("total", row.total)
        .with("failed", row.failed)
        .with("bytes", row.bytes);
    match &row.tls {
        Some(tls) => object.with_json("tls", &agreed(Object::default(), tls).to_string()),
        None => object,
    }
}

fn reason_word(reason: &CloseReason) -> &'static str {
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

/// Seconds, to the microsecond.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

/// A rate in whole bytes per second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is out of range becomes the nearest whole number, and a rate is not negative"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

// === impl Object ===

impl Object {
    fn with(self, name: &str, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value);
        self.with_json(name, &json.expect("no map here has keys that are not text"))
    }

    /// The field only where it has a value.
    fn with_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A field whose value is JSON already.
    fn with_json(mut self, name: &str, json: &str) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        let _ = write!(self.0, "{comma}\"{name}\":{json}");
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

// === impl Sender ===

impl Sender {
    fn of(sending: Sending, losses: Losses) -> Self {
        Self {
            window: sending.window,
            round_trip_ms: sending.round_trip.as_micros() as f64 / 1e3,
            dropped: losses.lost,
            messages: losses.messages,
            late: losses.late,
        }
    }
}

// === impl Waiting ===

impl Waiting {
    fn of(unanswered: Unanswered) -> Option<Self> {
        let Unanswered {
            count,
            oldest,
            overdue,
        } = unanswered;
        (count > 0).then(|| Self {
            count,
            oldest_ms: oldest.as_micros() as f64 / 1e3,
            overdue,
        })
    }
}

// === impl Before ===

impl Before {
    fn of(clean: &Clean) -> Self {
        let Quantiles { p50_ms, p99_ms } = Quantiles::of(clean.feels);
        Self {
            p50_ms,
            p99_ms,
            answers: (clean.answers * 10.0).round() / 10.0,
            rates: clean.rates.map(whole),
            failed: clean.failed,
        }
    }
}

// === impl Quantiles ===

impl Quantiles {
    fn of(spread: Spread) -> Self {
        // To the microsecond.
        let millis = |time: Duration| time.as_micros() as f64 / 1e3;
        Self {
            p50_ms: millis(spread.p50),
            p99_ms: millis(spread.p99),
        }
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
