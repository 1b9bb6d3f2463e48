//! What happens before bytes flow: PostgreSQL's first message where the mapping asks for it, and the dial.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::dial::{self, Deadline};
use super::error::{UpstreamError, broken};
use super::leg::{Leg, tend};
use super::port::Proxy;
use super::postgres::ClientError;
use super::record::Record;
use super::{Inner, postgres};
use crate::mapping::TlsMode;
use crate::snapshot::{CloseReason, LegName};

/// An upstream that is ready for the client's first byte.
pub(super) struct Ready {
    pub(super) upstream: Leg,
    /// What the client sent while it was being dialed.
    pub(super) before: Vec<u8>,
    /// What a round trip to the upstream takes.
    pub(super) path: Duration,
}

/// Why there is no upstream, and whether the client has been told so in its own protocol.
pub(super) struct Failure {
    pub(super) reason: CloseReason,
    pub(super) told: bool,
}

/// Makes a client's upstream ready, and notes in its record what was reached. May be cancelled at any point; what was open
/// closes.
pub(super) async fn open(
    client: &mut Leg,
    proxy: &Proxy,
    engine: &Inner,
    record: &Record,
) -> Result<Ready, Failure> {
    if proxy.mapping.tls() == TlsMode::Postgres {
        return open_postgres(client, proxy, engine, record).await;
    }
    let dialed = dial(proxy, engine, record).await;
    let (upstream, path) = dialed.map_err(|error| untold(&error))?;
    Ok(Ready {
        upstream,
        before: Vec::new(),
        path,
    })
}

async fn open_postgres(
    client: &mut Leg,
    proxy: &Proxy,
    engine: &Inner,
    record: &Record,
) -> Result<Ready, Failure> {
    // The client may take its time: it costs nobody else anything, and an order ends the wait.
    let first = postgres::negotiate_client(client, None)
        .await
        .map_err(|error| Failure {
            reason: match error {
                ClientError::Io { source } => broken(LegName::Client, &source),
                error => CloseReason::Tls(error.to_string()),
            },
            told: true,
        })?;
    match dial(proxy, engine, record).await {
        Ok((upstream, path)) => {
            let before = [first.bytes, first.rest].concat();
            Ok(Ready {
                upstream,
                before,
                path,
            })
        }
        Err(UpstreamError::Tls(error)) if !first.cancel => {
            // A client that is gone needs no answer.
            let _ = client.write_all(&postgres::reply(&error)).await;
            Err(Failure {
                reason: CloseReason::Tls(error.to_string()),
                told: true,
            })
        }
        Err(error) => Err(untold(&error)),
    }
}

async fn dial(
    proxy: &Proxy,
    engine: &Inner,
    record: &Record,
) -> Result<(Leg, Duration), UpstreamError> {
    let deadline = Deadline::after(engine.options.connect_timeout);
    let dialed = dial::dial(
        &proxy.mapping,
        &proxy.tls,
        &engine.look_ups,
        record.client,
        deadline,
    );
    let dialed = dialed
        .await
        .map_err(|error| error.counted(|| proxy.settings.connected()))?;
    // Fails only where the socket is gone already, which reading tells.
    let _ = tend(&dialed.leg.socket().into(), engine.options.keepalive);
    record.came_by(dialed.tried, dialed.sign, engine.now());
    record.reached(dialed.addr, dialed.tls, engine.now());
    Ok((dialed.leg, dialed.path))
}

fn untold(error: &UpstreamError) -> Failure {
    let reason = match error {
        UpstreamError::Dial(error) => CloseReason::Dial(error.to_string()),
        UpstreamError::Tls(error) => CloseReason::Tls(error.to_string()),
    };
    Failure {
        reason,
        told: false,
    }
}
