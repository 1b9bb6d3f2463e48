//! The answers to commands as JSON.

use std::net::SocketAddr;

use serde::Serialize;

use super::super::stats::port_word;
use super::{Tls, agreed};
use crate::fault::PerDirection;
use crate::operate::{Answer, Change};
use crate::snapshot::{ProxyRow, Taken};

/// The answer to a command; only what the command is about is there.
#[derive(Default, Serialize)]
pub(super) struct Done<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<&'a str>,
    /// The name that the proxy had before it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<u32>,
    /// Of these, connections that the change ended, where it ended any.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxies: Option<Vec<Listed<'a>>>,
}

/// A proxy in the answer to `list`.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    mapping: String,
    address: Option<SocketAddr>,
    addresses: &'a [SocketAddr],
    port: &'static str,
    faults: String,
    bypassed: bool,
    connections: u32,
    total: u64,
    failed: u64,
    bytes: PerDirection<u64>,
    /// What the last handshake agreed on, where the upstream speaks TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls<'a>>,
}

/// What a command that was carried out did.
pub(super) fn done<'a>(command: &'a str, answer: &'a Answer) -> Done<'a> {
    let done = Done {
        command,
        ..Done::default()
    };
    match answer {
        Answer::Added {
            proxy,
            mapping,
            listening,
        } => Done {
            proxy: Some(proxy),
            mapping: Some(mapping.to_string()),
            address: listening.first().copied(),
            ..done
        },
        Answer::Removed(proxy) => Done {
            proxy: Some(proxy),
            ..done
        },
        Answer::Renamed { proxy, before } => Done {
            proxy: Some(proxy),
            before: Some(before),
            ..done
        },
        Answer::Changed(changes) => changed(done, changes),
        Answer::Killed(conn) => Done {
            connection: Some(conn.0),
            ..done
        },
        Answer::Listed(rows) => Done {
            proxies: Some(rows.iter().map(listed).collect()),
            ..done
        },
        Answer::Quit => done,
    }
}

/// The connections of all proxies that changed together; the time is that of the slowest.
fn changed<'a>(done: Done<'a>, changes: &'a [Change]) -> Done<'a> {
    let all = changes.iter().map(|change| change.taken);
    let taken = all.reduce(Taken::and).unwrap_or_default();
    Done {
        proxy: match changes {
            [only] => Some(&only.proxy),
            _ => None,
        },
        taken: Some(taken.taken),
        cut: Some(taken.cut).filter(|cut| *cut > 0),
        of: Some(taken.of),
        micros: Some(taken.micros),
        ..done
    }
}

fn listed(row: &ProxyRow) -> Listed<'_> {
    Listed {
        name: &row.name,
        mapping: row.mapping.to_string(),
        address: row.listening.first().copied(),
        addresses: &row.listening,
        port: port_word(&row.port),
        faults: row.plan.to_string(),
        bypassed: row.plan.bypassed,
        connections: row.open,
        total: row.total,
        failed: row.failed,
        bytes: row.bytes,
        tls: row.tls.as_deref().map(agreed),
    }
}
