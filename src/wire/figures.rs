//! The figures of a proxy as they are told: pairs, spreads, losses, and what TLS, a sender and a change came to.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::seconds::Seconds;
use super::words::kept;
use crate::fault::{Losses, PerDirection, Sending};
use crate::snapshot::{Clean, Met, Negotiated, Spread};

/// What a TLS handshake agreed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tls {
    version: String,
    alpn: Option<String>,
    offered: Vec<String>,
    resumed: bool,
    round_trips: u32,
    took: Seconds,
}

/// A virtual sender: its window in packets, and its round trip in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sender(u32, u64);

/// Count, 1st percentile, median, 99th percentile.
pub(super) type Quantiles = (u64, Seconds, Seconds, Seconds);

/// Packets sent, lost; timeouts, stalls, for how long in all; messages, those that came late.
pub(super) type Lost = (u64, u64, u64, u64, Seconds, u64, u64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AfterChange {
    feels: Option<Quantiles>,
    answers: f64,
    failed: u64,
    cut: u64,
    span: Seconds,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Before {
    feels: Quantiles,
    answers: f64,
    rates: (u64, u64),
    failed: u64,
    span: Seconds,
    until: Seconds,
}

/// A rate in whole bytes per second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is out of range becomes the nearest whole number, and a rate is not negative"
)]
pub(crate) fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

pub(super) fn thousandth(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

pub(super) fn pair<T>(of: PerDirection<T>) -> (T, T) {
    (of.up, of.down)
}

pub(super) fn both<T>((up, down): (T, T)) -> PerDirection<T> {
    PerDirection::of(up, down)
}

pub(super) fn quantiles(spread: Spread) -> Quantiles {
    let [p1, p50, p99] = [spread.p1, spread.p50, spread.p99].map(Seconds);
    (spread.count, p1, p50, p99)
}

pub(super) fn spread_of((count, p1, p50, p99): Quantiles) -> Spread {
    let [p1, p50, p99] = [p1.0, p50.0, p99.0];
    Spread {
        count,
        p1,
        p50,
        p99,
    }
}

pub(super) fn lost(of: Losses) -> Lost {
    let stalled = Seconds(of.stalled);
    (
        of.sent,
        of.lost,
        of.timeouts,
        of.stalls,
        stalled,
        of.messages,
        of.late,
    )
}

pub(super) fn losses((sent, lost, timeouts, stalls, stalled, messages, late): Lost) -> Losses {
    Losses {
        sent,
        lost,
        timeouts,
        stalls,
        stalled: stalled.0,
        messages,
        late,
    }
}

// === impl Sender ===

impl Sender {
    pub(super) fn deserialized(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

impl From<Sending> for Sender {
    fn from(sending: Sending) -> Self {
        let micros = u64::try_from(sending.round_trip.as_micros());
        Self(sending.window, micros.unwrap_or(u64::MAX))
    }
}

impl From<Sender> for Sending {
    fn from(Sender(window, micros): Sender) -> Self {
        let round_trip = Duration::from_micros(micros);
        Self { window, round_trip }
    }
}

// === impl Tls ===

impl Tls {
    pub(super) fn of(tls: &Negotiated) -> Self {
        Self {
            version: tls.version.to_owned(),
            alpn: tls.alpn.clone(),
            offered: tls.offered.clone(),
            resumed: tls.resumed,
            round_trips: tls.round_trips,
            took: Seconds(tls.took),
        }
    }
}

impl From<Tls> for Negotiated {
    fn from(tls: Tls) -> Self {
        Self {
            version: kept(&tls.version),
            alpn: tls.alpn,
            offered: tls.offered,
            resumed: tls.resumed,
            round_trips: tls.round_trips,
            took: tls.took.0,
        }
    }
}

// === impl AfterChange ===

impl AfterChange {
    pub(super) fn of(met: &Met) -> Self {
        Self {
            feels: met.feels.map(quantiles),
            answers: thousandth(met.answers),
            failed: met.failed,
            cut: met.cut,
            span: Seconds(met.span),
        }
    }
}

impl From<AfterChange> for Met {
    fn from(met: AfterChange) -> Self {
        Self {
            feels: met.feels.map(spread_of),
            answers: met.answers,
            failed: met.failed,
            cut: met.cut,
            span: met.span.0,
        }
    }
}

// === impl Before ===

impl Before {
    pub(super) fn of(clean: &Clean) -> Self {
        Self {
            feels: quantiles(clean.feels),
            answers: thousandth(clean.answers),
            rates: pair(clean.rates.map(whole)),
            failed: clean.failed,
            span: Seconds(clean.span),
            until: Seconds(clean.until),
        }
    }
}

impl From<Before> for Clean {
    fn from(clean: Before) -> Self {
        Self {
            feels: spread_of(clean.feels),
            answers: clean.answers,
            rates: both(clean.rates).map(|rate| rate as f64),
            failed: clean.failed,
            span: clean.span.0,
            until: clean.until.0,
        }
    }
}
