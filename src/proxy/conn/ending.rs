//! How a connection's sockets are taken down: in order, or by a reset to both peers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::AsyncWriteExt;

use crate::proxy::leg::Leg;
use crate::proxy::record::{Order, Record};
use crate::proxy::relay::pump::{End, TakeDown};
#[cfg(test)]
use crate::proxy::thread::panics::injected;
use crate::snapshot::CloseReason;

/// How long an orderly end may take before the sockets are dropped as they are.
const FIN_LIMIT: Duration = Duration::from_secs(1);

/// Why a client gets no upstream, and whether it has been told so in its own protocol.
pub(crate) struct Failure {
    pub(crate) reason: CloseReason,
    pub(crate) told: bool,
}

/// Ends a client that gets no upstream: as a refused connection would, or in order where it has been told why.
pub(crate) async fn refuse(mut client: Leg, failure: Failure) -> CloseReason {
    if failure.told {
        // Cut off without harm: the socket is dropped next.
        let _ = tokio::time::timeout(FIN_LIMIT, finish(&mut client)).await;
    } else {
        client.reset();
    }
    failure.reason
}

/// Takes the two legs down as the connection ended, and returns why it did. Notes where TLS ended without saying so.
pub(crate) async fn take_down(record: &Record, legs: [Leg; 2], end: End) -> CloseReason {
    #[cfg(test)]
    injected::reach(injected::Place::TakingDown, record.client);
    let [mut client, mut upstream] = legs;
    // Where it was taken for an error, the reason says so.
    let truncated = upstream.closed_without_notify() && !matches!(end.reason, CloseReason::Tls(_));
    record.truncated.store(truncated, Ordering::Relaxed);
    match end.how {
        TakeDown::Done => {
            let refused = upstream.refusal();
            return refused.map_or(end.reason, |error| CloseReason::Tls(error.to_string()));
        }
        TakeDown::Close => {
            let both = async { tokio::join!(finish(&mut client), finish(&mut upstream)) };
            // Cut off without harm: the sockets are dropped next.
            let _ = tokio::time::timeout(FIN_LIMIT, both).await;
        }
        TakeDown::Reset => {
            client.reset();
            upstream.reset();
        }
        TakeDown::Leave => {
            // As far as it goes at once: whoever stops does not wait for a thousand peers.
            let both = async { tokio::join!(client.shutdown(), upstream.shutdown()) };
            let _ = both.now_or_never();
        }
    }
    end.reason
}

/// Ends the stream to a peer and takes what it still sends: a socket that is closed with unread bytes is reset.
async fn finish(leg: &mut Leg) {
    if leg.shutdown().await.is_ok() {
        // Its end, or its error, is all that is waited for.
        let _ = tokio::io::copy(leg, &mut tokio::io::sink()).await;
    }
}

/// Why a connection ended that was told to.
pub(crate) fn reason_of(order: Order) -> CloseReason {
    match order {
        Order::Kill(_) => CloseReason::Killed,
        Order::Stop | Order::End => CloseReason::Stopped,
    }
}
