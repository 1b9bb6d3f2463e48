//! Reports as JSON, an object a line.
//!
//! Every object has `t`, the seconds since the engine's start with microseconds, and `event`, and after them what
//! belongs to the event, in the order in which it stands here. Fields are added over time, never renamed.

use std::time::Duration;

use serde::Serialize;

use super::Report;
use super::commands::{Answered, Refused};
use crate::farewell::Farewell;
use crate::fault::{Losses, PerDirection, Sending};
use crate::operate::{Answer, Change};
use crate::snapshot::{Clean, Fact, Leave, PortState, ProxyRow, Seen, Spread, Taken, Unanswered};
use crate::wire::event::{self, agreed, head as line};
use crate::wire::{Object, seconds, whole};

/// The lines of a report, each with its line ending.
pub(super) fn lines(at: Duration, report: &Report<'_>) -> String {
    let objects = match *report {
        Report::Started { seed } => vec![
            line(at, "started")
                .with("version", env!("CARGO_PKG_VERSION"))
                .with("seed", seed),
        ],
        Report::Happened(event) => event::objects(event),
        Report::Seen { proxy, fact } => {
            vec![seen(line(fact.at, "fact").with("proxy", proxy), fact)]
        }
        Report::Stalled(stall) => {
            vec![line(stall.to, "stall").with("lasted", seconds(stall.lasted()))]
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
            gone,
        } => of("answered")
            .with("waited", seconds(waited))
            .with("upstream", seconds(upstream))
            .with("more", more)
            .with_some("gone", gone.then_some(true)),
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
        Err(Refused { error, column, .. }) => {
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
