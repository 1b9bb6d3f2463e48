//! What several tests use: upstreams on loopback, and an engine in front of them.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

pub mod mischief;
#[cfg(unix)]
pub mod postgres;
#[cfg(unix)]
pub mod pty;
#[cfg(unix)]
pub mod services;
pub mod tls;

use std::net::SocketAddr;
use std::time::Duration;

use faultboard::fault::{Kind, Plan, Setting, Value};
use faultboard::mapping::{Host, Mapping, Protocol};
use faultboard::proxy::{Engine, Events, Options};
use faultboard::snapshot::{CloseReason, Event, Happening, ProxyId, Snapshot};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// So long a test waits for what must happen; only a failure takes it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An engine with one worker's worth of threads to spare and a fixed seed.
pub fn engine() -> Engine {
    Engine::start(Options {
        seed: 1,
        workers: 2,
        ..Options::default()
    })
    .expect("the engine starts")
}

/// A mapping from any free port to `upstream`.
pub fn mapping(upstream: SocketAddr) -> Mapping {
    let host = match upstream.ip() {
        std::net::IpAddr::V4(addr) => Host::V4(addr),
        std::net::IpAddr::V6(addr) => Host::V6(addr),
    };
    Mapping::new(0, None, host, upstream.port())
}

/// The same over a protocol.
pub fn mapping_to(protocol: Protocol, host: &str, port: u16) -> Mapping {
    Mapping::new(0, Some(protocol), Host::Name(host.to_owned()), port)
}

/// A proxy in front of `upstream`, and where it listens.
pub async fn proxy(engine: &Engine, upstream: SocketAddr, plan: Plan) -> (ProxyId, SocketAddr) {
    let mut events = engine.events();
    let id = engine
        .add(mapping(upstream), plan)
        .await
        .expect("a free port");
    (id, listening(&mut events).await)
}

/// The address of the next proxy that listens.
pub async fn listening(events: &mut Events) -> SocketAddr {
    loop {
        if let Happening::Listening { addrs, .. } = &next(events).await.what {
            return addrs[0];
        }
    }
}

/// The next event.
pub async fn next(events: &mut Events) -> std::sync::Arc<Event> {
    let told = tokio::time::timeout(PATIENCE, events.next()).await;
    let told = told.expect("an event in time");
    told.event().expect("no event missed")
}

/// Why the next connection to end ended.
pub async fn close_reason(events: &mut Events) -> CloseReason {
    loop {
        if let Happening::Closed { reason, .. } = &next(events).await.what {
            return reason.clone();
        }
    }
}

/// The first snapshot that `wanted` accepts.
pub async fn snapshot(engine: &Engine, wanted: impl FnMut(&Snapshot) -> bool) -> Snapshot {
    let mut wanted = wanted;
    let mut snapshots = engine.snapshots();
    let found =
        tokio::time::timeout(PATIENCE, snapshots.wait_for(|snapshot| wanted(snapshot))).await;
    (**found
        .expect("such a snapshot in time")
        .expect("the engine lives"))
    .clone()
}

/// An upstream that sends back what it gets, until the end.
pub async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
        let _ = to.shutdown().await;
    })
    .await
}

/// An upstream that serves each connection by `each`.
pub async fn serve<F, Fut>(each: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream));
        }
    });
    addr
}

/// A port on which nobody listens.
pub async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("bound")
}

/// Sends `bytes` and reads as many back.
pub async fn round_trip(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream
        .write_all(bytes)
        .await
        .expect("the connection takes bytes");
    let mut back = vec![0; bytes.len()];
    let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut back)).await;
    read.expect("an answer in time").expect("an answer");
    back
}

/// `latency` of this round trip.
pub fn latency(ms: u64) -> Setting {
    let kind = Kind::named("latency").expect("a kind of the table");
    Setting::new(kind).with("time", Value::Time(Duration::from_millis(ms)))
}

/// `bandwidth` of this many bytes a second.
pub fn bandwidth(bytes: u64) -> Setting {
    let kind = Kind::named("bandwidth").expect("a kind of the table");
    Setting::new(kind).with("rate", Value::Rate(faultboard::units::ByteRate::new(bytes)))
}

/// Bytes that tell their place, so that a lost, repeated or moved one shows.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect()
}
