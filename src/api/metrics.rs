//! Figures for Prometheus, of a snapshot of this moment: `OpenMetrics` where that is accepted, else the text form before it.

use std::fmt;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::Desk;
use crate::fault::{Direction, Directions};
use crate::snapshot::{ProxyRow, Snapshot};

/// Names and values of labels, and the value that is told with them.
type Values = Vec<(Vec<(&'static str, String)>, f64)>;

/// What is told of each proxy, with labels beside its name.
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    of: fn(&ProxyRow) -> Values,
}

/// Everything that is told; a counter's values are called by its name and `_total`.
const FAMILIES: [Family; 12] = [
    Family {
        name: "toxiproxy_proxy_received_bytes",
        help: "Bytes that came, also of open connections.",
        kind: MetricType::Counter,
        of: |row| theirs(row, |way| row.bytes[way] + row.held[way]),
    },
    Family {
        name: "toxiproxy_proxy_sent_bytes",
        help: "Bytes that were passed on, also of open connections.",
        kind: MetricType::Counter,
        of: |row| theirs(row, |way| row.bytes[way]),
    },
    Family {
        name: "faultboard_connections",
        help: "Connections since the start.",
        kind: MetricType::Counter,
        of: |row| one(row.total as f64),
    },
    Family {
        name: "faultboard_failed",
        help: "Connections that ended in an error.",
        kind: MetricType::Counter,
        of: |row| one(row.failed as f64),
    },
    Family {
        name: "faultboard_ended",
        help: "Connections that a fault ended, by its kind.",
        kind: MetricType::Counter,
        of: |row| {
            let ended = row.ended.iter();
            let ended =
                ended.map(|(kind, count)| (vec![("kind", (*kind).to_owned())], *count as f64));
            ended.collect()
        },
    },
    Family {
        name: "faultboard_bytes",
        help: "Bytes delivered.",
        kind: MetricType::Counter,
        of: |row| ways(|way| row.bytes[way]),
    },
    Family {
        name: "faultboard_open_connections",
        help: "Open connections.",
        kind: MetricType::Gauge,
        of: |row| one(f64::from(row.open)),
    },
    Family {
        name: "faultboard_held_bytes",
        help: "Bytes that faults hold.",
        kind: MetricType::Gauge,
        of: |row| ways(|way| row.held[way]),
    },
    Family {
        name: "faultboard_added_seconds",
        help: "How long bytes were held in the last second.",
        kind: MetricType::Gauge,
        of: |row| {
            let ways = Direction::BOTH.into_iter();
            let spreads = ways.filter_map(|way| Some((way, row.added[way]?)));
            let values = spreads.flat_map(|(way, spread)| {
                let quantiles = [("0.5", spread.p50), ("0.99", spread.p99)];
                quantiles.map(|(quantile, time)| {
                    let labels = vec![
                        ("direction", way.to_string()),
                        ("quantile", quantile.to_owned()),
                    ];
                    (labels, time.as_secs_f64())
                })
            });
            values.collect()
        },
    },
    Family {
        name: "faultboard_feels_seconds",
        help: "From a client's first byte after silence to the first byte back, over the last second.",
        kind: MetricType::Gauge,
        of: |row| {
            let quantiles = row.feels.map(|it| [("0.5", it.p50), ("0.99", it.p99)]);
            let values = quantiles.into_iter().flatten();
            let values = values.map(|(quantile, time)| {
                (vec![("quantile", quantile.to_owned())], time.as_secs_f64())
            });
            values.collect()
        },
    },
    Family {
        name: "faultboard_unanswered_requests",
        help: "Requests that have had no answer for a tenth of a second or more.",
        kind: MetricType::Gauge,
        of: |row| one(f64::from(row.unanswered.count)),
    },
    Family {
        name: "faultboard_fault_info",
        help: "The faults that are set, with 0 where they are bypassed.",
        kind: MetricType::Gauge,
        of: |row| {
            let settings = row.plan.settings().iter();
            let values = settings.map(|setting| {
                let direction = match setting.directions {
                    Directions::Both => "both".to_owned(),
                    Directions::Only(way) => way.to_string(),
                };
                let name = setting.name.as_ref().map(|name| name.as_str().to_owned());
                let labels = vec![
                    ("kind", setting.kind.name.to_owned()),
                    ("direction", direction),
                    ("name", name.unwrap_or_default()),
                ];
                (labels, f64::from(u8::from(!row.plan.bypassed)))
            });
            values.collect()
        },
    },
];

/// Everything of a snapshot.
#[derive(Debug)]
struct Figures {
    snapshot: Arc<Snapshot>,
    seed: u64,
}

pub(super) async fn metrics(Desk(control): Desk, headers: HeaderMap) -> Response {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    let is_open = accepted.any(|value| value.contains("application/openmetrics-text"));
    let figures = Figures {
        snapshot: control.engine.snapshot().await,
        seed: control.engine.seed(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(figures));
    let mut told = String::new();
    // A text takes all that is written.
    let form = if is_open {
        let _ = text::encode(&mut told, &registry);
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        let _ = prometheus_text::encode(&mut told, &registry);
        "text/plain; version=0.0.4; charset=utf-8"
    };
    ([(CONTENT_TYPE, form)], told).into_response()
}

/// One value, without further labels.
fn one(value: f64) -> Values {
    vec![(Vec::new(), value)]
}

/// A value for each direction.
fn ways(value: impl Fn(Direction) -> u64) -> Values {
    let ways = Direction::BOTH.into_iter();
    let values = ways.map(|way| (vec![("direction", way.to_string())], value(way) as f64));
    values.collect()
}

/// A value for each direction, as toxiproxy labels it.
fn theirs(row: &ProxyRow, value: impl Fn(Direction) -> u64) -> Values {
    let listener = row.listening.first().map(ToString::to_string);
    let listener = listener.unwrap_or_default();
    let values = Direction::BOTH.into_iter().map(|way| {
        let direction = match way {
            Direction::Up => "upstream",
            Direction::Down => "downstream",
        };
        let labels = vec![
            ("direction", direction.to_owned()),
            ("listener", listener.clone()),
            ("upstream", row.mapping.upstream()),
        ];
        (labels, value(way) as f64)
    });
    values.collect()
}

// === impl Figures ===

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let labels = [("version", version), ("seed", self.seed.to_string())];
        let help = "Which faultboard this is.";
        let mut info = encoder.encode_descriptor("faultboard", help, None, MetricType::Info)?;
        info.encode_info(&labels)?;
        for family in FAMILIES {
            let Family {
                name,
                help,
                kind,
                of,
            } = family;
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for row in &self.snapshot.proxies {
                for (mut labels, value) in of(row) {
                    labels.push(("proxy", row.name.clone()));
                    let mut metric = family.encode_family(&labels)?;
                    match kind {
                        MetricType::Counter => {
                            metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
                        }
                        _ => metric.encode_gauge(&value)?,
                    }
                }
            }
        }
        Ok(())
    }
}
