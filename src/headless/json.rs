//! Reports as JSON, an object a line.
//!
//! Every object has `t`, the seconds since the engine's start with microseconds, and `event`, and after them what
//! belongs to the event, in the order in which it stands here. Fields are added over time, never renamed.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::Report;
use super::commands::{Answered, Refused};
use super::stats::Stats;
use crate::fault::{PerDirection, Plan};
use crate::snapshot::{CloseReason, Event, Happening, Negotiated, PortState, ProxyRow, TRUNCATED};
use answer::Done;

mod answer;

#[derive(Serialize)]
struct Line<'a> {
    t: f64,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Body<'a> {
    Started {
        version: &'static str,
        seed: u64,
    },
    Listening {
        proxy: &'a str,
        mapping: String,
        address: SocketAddr,
    },
    Removed {
        proxy: &'a str,
    },
    Renamed {
        proxy: &'a str,
        /// The name that it had.
        before: &'a str,
    },
    PortClosed {
        proxy: &'a str,
    },
    Opened {
        proxy: &'a str,
        connection: u64,
        client: SocketAddr,
        upstream: &'a str,
    },
    Reached {
        proxy: &'a str,
        connection: u64,
        address: SocketAddr,
        /// The addresses that were silent, each with its reason.
        tried: &'a str,
    },
    Secured {
        proxy: &'a str,
        connection: u64,
        #[serde(flatten)]
        tls: Tls<'a>,
    },
    Closed(Closed<'a>),
    Faults {
        proxy: &'a str,
        faults: String,
        bypassed: bool,
    },
    Stats(Stats<'a>),
    Error {
        #[serde(skip_serializing_if = "str::is_empty")]
        proxy: &'a str,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        lost: Option<u64>,
    },
    Done(Done<'a>),
    Refused {
        command: &'a str,
        error: &'a str,
        column: Option<usize>,
    },
    Stopped {
        reason: &'static str,
    },
}

/// What a TLS handshake agreed on.
#[derive(Serialize)]
struct Tls<'a> {
    version: &'static str,
    alpn: Option<&'a str>,
    /// What was offered by the mapping or an option, where something was.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    offered: &'a [String],
    resumed: bool,
    /// Seconds that the handshake took.
    duration: f64,
}

#[derive(Serialize)]
struct Closed<'a> {
    proxy: &'a str,
    connection: u64,
    bytes: PerDirection<u64>,
    /// How many seconds it was open.
    duration: f64,
    reason: &'static str,
    /// The kind, where a fault ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// The lines of a report, each with its line ending.
pub(super) fn lines(at: Duration, report: &Report<'_>) -> String {
    let mut text = String::new();
    for body in bodies(report) {
        let t = seconds(at);
        let line = serde_json::to_string(&Line { t, body });
        text.push_str(&line.expect("no map here has keys that are not text"));
        text.push('\n');
    }
    text
}

fn bodies<'a>(report: &Report<'a>) -> Vec<Body<'a>> {
    match *report {
        Report::Started { seed } => vec![Body::Started {
            version: env!("CARGO_PKG_VERSION"),
            seed,
        }],
        Report::Existing(row) => existing(row),
        Report::Happened(event) => happened(event),
        Report::Stats(row) => vec![Body::Stats(Stats::of(row))],
        Report::Lost { events, error } => vec![Body::Error {
            proxy: "",
            error,
            lost: Some(events),
        }],
        Report::Failed(error) => vec![Body::Error {
            proxy: "",
            error,
            lost: None,
        }],
        Report::Answered(answered) => vec![answer(answered)],
        Report::Stopped { reason } => vec![Body::Stopped { reason }],
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each thing that can happen"
)]
fn happened(event: &Event) -> Vec<Body<'_>> {
    let proxy = event.proxy.as_str();
    match &event.what {
        Happening::Listening { mapping, addrs } => listening(proxy, mapping, addrs),
        Happening::Removed => vec![Body::Removed { proxy }],
        Happening::Renamed { before } => vec![Body::Renamed { proxy, before }],
        Happening::PortClosed => vec![Body::PortClosed { proxy }],
        Happening::Opened {
            conn,
            client,
            upstream,
        } => vec![Body::Opened {
            proxy,
            connection: conn.0,
            client: *client,
            upstream,
        }],
        Happening::Reached { conn, addr, tried } => vec![Body::Reached {
            proxy,
            connection: conn.0,
            address: *addr,
            tried,
        }],
        Happening::Secured { conn, tls } => vec![Body::Secured {
            proxy,
            connection: conn.0,
            tls: agreed(tls),
        }],
        Happening::Closed {
            conn,
            bytes,
            lasted,
            reason,
            truncated,
        } => vec![Body::Closed(Closed {
            proxy,
            connection: conn.0,
            bytes: *bytes,
            duration: seconds(*lasted),
            reason: reason_word(reason),
            fault: match reason {
                CloseReason::Fault(kind) => Some(kind),
                _ => None,
            },
            error: reason.failed().then(|| reason.to_string()),
            note: truncated.then_some(TRUNCATED),
        })],
        Happening::Faults { plan } => vec![faults(proxy, plan)],
        Happening::Error(error) => vec![Body::Error {
            proxy,
            error,
            lost: None,
        }],
    }
}

fn agreed(tls: &Negotiated) -> Tls<'_> {
    Tls {
        version: tls.version,
        alpn: tls.alpn.as_deref(),
        offered: &tls.offered,
        resumed: tls.resumed,
        duration: seconds(tls.took),
    }
}

/// What was there before the first event: as if it had just been added.
fn existing(row: &ProxyRow) -> Vec<Body<'_>> {
    let mut bodies = match row.port {
        PortState::Open | PortState::Waiting(_) => {
            listening(&row.name, &row.mapping.to_string(), &row.listening)
        }
        PortState::Closed | PortState::Refusing => vec![Body::PortClosed { proxy: &row.name }],
    };
    if !row.plan.is_empty() {
        bodies.push(faults(&row.name, &row.plan));
    }
    bodies
}

fn faults<'a>(proxy: &'a str, plan: &Plan) -> Body<'a> {
    Body::Faults {
        proxy,
        faults: plan.to_string(),
        bypassed: plan.bypassed,
    }
}

/// An event for each address, so that `address` is always one.
fn listening<'a>(proxy: &'a str, mapping: &str, addrs: &[SocketAddr]) -> Vec<Body<'a>> {
    addrs
        .iter()
        .map(|address| Body::Listening {
            proxy,
            mapping: mapping.to_owned(),
            address: *address,
        })
        .collect()
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

fn answer(answered: &Answered) -> Body<'_> {
    let command = answered.command.as_str();
    match &answered.outcome {
        Ok(answer) => Body::Done(answer::done(command, answer)),
        Err(Refused { error, column }) => Body::Refused {
            command,
            error,
            column: *column,
        },
    }
}

/// Seconds, to the microsecond.
fn seconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e6
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
