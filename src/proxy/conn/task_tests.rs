//! A connection's life around its poll loop: bugs of our own, and peers that are gone.

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::fault::language;
use crate::mapping::{Host, Mapping, Protocol};
use crate::proxy::{Engine, Events, Options};
use crate::snapshot::ProxyId;

/// So long a test waits for what must happen; only a failure takes it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A desk with one proxy, and its upstream.
struct Desk {
    engine: Engine,
    proxy: ProxyId,
    addr: SocketAddr,
    upstream: TcpListener,
    events: Events,
}

impl Desk {
    async fn open() -> Self {
        Self::with(None, "").await
    }

    async fn with(protocol: Option<Protocol>, faults: &str) -> Self {
        Self::timed(protocol, faults, Duration::from_secs(10)).await
    }

    async fn timed(protocol: Option<Protocol>, faults: &str, connect_timeout: Duration) -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = upstream.local_addr().expect("bound");
        let engine = Engine::start(Options {
            workers: 1,
            connect_timeout,
            ..Options::default()
        })
        .expect("starts");
        let events = engine.events();
        let host = Host::Name(addr.ip().to_string());
        let mapping = Mapping::new(0, protocol, host, addr.port());
        let settings = language::parse(faults).unwrap_or_default();
        let proxy = engine.add(mapping, Plan::of(settings)).await;
        let proxy = proxy.expect("listens");
        let mut desk = Self {
            engine,
            proxy,
            addr,
            upstream,
            events,
        };
        desk.addr = loop {
            if let Happening::Listening { addrs, .. } = desk.next().await {
                break addrs[0];
            }
        };
        desk
    }

    async fn next(&mut self) -> Happening {
        let told = tokio::time::timeout(PATIENCE, self.events.next()).await;
        let told = told.expect("an event in time");
        told.event().expect("an event").what.clone()
    }

    /// A client that is not yet connected, so that its address is known before.
    fn client() -> (tokio::net::TcpSocket, SocketAddr) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        let any = "127.0.0.1:0".parse().expect("an address");
        socket.bind(any).expect("a free port");
        let addr = socket.local_addr().expect("bound");
        (socket, addr)
    }

    /// Connects a client and hands out what its upstream got of it.
    async fn connect(&self, socket: tokio::net::TcpSocket) -> (TcpStream, TcpStream) {
        let client = socket.connect(self.addr).await.expect("connects");
        let (upstream, _) = self.upstream.accept().await.expect("is dialed");
        (client, upstream)
    }

    /// Why the next connection to end ended, and the errors that were told before.
    async fn ended(&mut self) -> (ConnId, CloseReason, Vec<String>) {
        let mut errors = Vec::new();
        loop {
            match self.next().await {
                Happening::Error(error) => errors.push(error),
                Happening::Closed { conn, reason, .. } => return (conn, reason, errors),
                _ => {}
            }
        }
    }
}

/// What a peer sees once the connection is over.
async fn end_of(stream: &mut TcpStream) -> Result<usize, ErrorKind> {
    stream
        .read(&mut [0; 16])
        .await
        .map_err(|error| error.kind())
}

/// A message and its way to the other end.
async fn pass(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_all(b"x").await.expect("takes a byte");
    to.read_exact(&mut [0]).await.expect("a byte");
}

#[tokio::test]
async fn a_bug_resets_its_connection_and_no_other() {
    let mut desk = Desk::open().await;
    let (other, _) = Desk::client();
    let (mut other, mut others_upstream) = desk.connect(other).await;
    pass(&mut other, &mut others_upstream).await;

    let (socket, addr) = Desk::client();
    injected::inject(addr, Place::Relaying);
    let (mut client, mut upstream) = desk.connect(socket).await;
    // The bug waits behind the first byte.
    pass(&mut client, &mut upstream).await;

    let reset = Err(ErrorKind::ConnectionReset);
    assert_eq!(end_of(&mut client).await, reset);
    assert_eq!(end_of(&mut upstream).await, reset);
    let (conn, reason, errors) = desk.ended().await;
    assert_eq!((conn, reason), (ConnId(2), CloseReason::Internal));
    let [error] = &errors[..] else {
        panic!("one event, not {errors:?}");
    };
    let began = "connection 2 was reset, all else goes on: a bug of faultboard ";
    assert!(error.starts_with(began), "{error}");
    assert!(
        error.contains(", please report this line: injected while Relaying (src/"),
        "{error}"
    );

    pass(&mut other, &mut others_upstream).await;
    pass(&mut others_upstream, &mut other).await;
    let taken = desk.engine.set_plan(desk.proxy, Plan::default()).await;
    let taken = taken.expect("the proxy");
    assert_eq!((taken.taken, taken.of), (1, 1));
}

#[tokio::test]
async fn a_bug_while_a_connection_opens_resets_its_client_alone() {
    let mut desk = Desk::open().await;
    let (socket, addr) = Desk::client();
    injected::inject(addr, Place::Opening);
    // The reset may come before the client has looked at its new connection.
    let seen = match socket.connect(desk.addr).await {
        Ok(mut client) => end_of(&mut client).await,
        Err(error) => Err(error.kind()),
    };
    assert_eq!(seen, Err(ErrorKind::ConnectionReset));
    let (_, reason, errors) = desk.ended().await;
    assert_eq!((reason, errors.len()), (CloseReason::Internal, 1));

    let (next, _) = Desk::client();
    let (mut next, mut upstream) = desk.connect(next).await;
    pass(&mut next, &mut upstream).await;
}

#[tokio::test]
async fn a_bug_while_a_connection_is_taken_down_is_told() {
    let mut desk = Desk::open().await;
    let (socket, addr) = Desk::client();
    injected::inject(addr, Place::TakingDown);
    let (client, upstream) = desk.connect(socket).await;
    drop((client, upstream));
    let (_, reason, errors) = desk.ended().await;
    assert_eq!((reason, errors.len()), (CloseReason::Internal, 1));
}

/// How a client looks that has reset its connection.
fn client_reset() -> CloseReason {
    CloseReason::Io {
        leg: LegName::Client,
        error: "connection reset".to_owned(),
    }
}

/// Resets a connection.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().expect("an option of the socket");
    drop(stream);
}

#[tokio::test]
async fn a_client_that_resets_while_a_fault_holds_it_ends_and_is_not_dialed_for() {
    for fault in ["accept_delay 1h", "dial_delay 1h"] {
        let mut desk = Desk::with(None, fault).await;
        let mut client = TcpStream::connect(desk.addr).await.expect("connects");
        client.write_all(b"unread").await.expect("takes bytes");
        while !matches!(desk.next().await, Happening::Opened { .. }) {}
        reset(client);
        let (_, reason, _) = desk.ended().await;
        assert_eq!(reason, client_reset(), "{fault}");
        assert!(desk.upstream.accept().now_or_never().is_none(), "{fault}");
    }
}

#[tokio::test]
async fn a_client_that_ended_its_stream_while_a_fault_holds_it_is_served() {
    let mut desk = Desk::with(None, "dial_delay 1h").await;
    let mut client = TcpStream::connect(desk.addr).await.expect("connects");
    client.write_all(b"x").await.expect("takes bytes");
    client.shutdown().await.expect("ends");
    while !matches!(desk.next().await, Happening::Opened { .. }) {}
    let taken = desk.engine.set_plan(desk.proxy, Plan::default()).await;
    assert_eq!(taken.map(|taken| taken.of), Some(1));
    let (mut upstream, _) = desk.upstream.accept().await.expect("is dialed");
    let mut said = Vec::new();
    upstream.read_to_end(&mut said).await.expect("all of it");
    upstream.write_all(b"answer").await.expect("takes bytes");
    drop(upstream);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("the answer");
    assert_eq!((&said[..], &answer[..]), (&b"x"[..], &b"answer"[..]));
    assert_eq!(desk.ended().await.1, CloseReason::ClientDone);
}

#[tokio::test]
async fn a_client_that_resets_while_tls_is_agreed_on_ends_and_so_does_its_upstream() {
    for protocol in [Protocol::Tls, Protocol::Psqls] {
        let mut desk = Desk::with(Some(protocol), "").await;
        let mut client = TcpStream::connect(desk.addr).await.expect("connects");
        // A StartupMessage without parameters; the same bytes are as good as any under TLS.
        let startup = b"\0\0\0\x09\0\x03\0\0\0";
        client.write_all(startup).await.expect("takes bytes");
        let (mut upstream, _) = desk.upstream.accept().await.expect("is dialed");
        upstream
            .read_exact(&mut [0; 8])
            .await
            .expect("is asked for TLS");
        reset(client);
        assert_eq!(desk.ended().await.1, client_reset());
        assert!(upstream.read_to_end(&mut Vec::new()).await.is_ok());
    }
}

#[tokio::test]
async fn a_client_that_resets_in_its_opening_of_postgresql_ends() {
    let mut desk = Desk::with(Some(Protocol::Psqls), "").await;
    let mut client = TcpStream::connect(desk.addr).await.expect("connects");
    client.write_all(b"\0\0\0").await.expect("takes bytes");
    while !matches!(desk.next().await, Happening::Opened { .. }) {}
    reset(client);
    assert_eq!(desk.ended().await.1, client_reset());
    assert!(desk.upstream.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_peer_that_resets_while_both_are_full_is_noticed() {
    let mut desk = Desk::with(None, "blackhole").await;
    let (socket, _) = Desk::client();
    let (mut client, mut upstream) = desk.connect(socket).await;
    let more_than_fits = vec![7; 64 << 20];
    let mut snapshots = desk.engine.snapshots();
    tokio::select! {
        _ = async {
            tokio::join!(
                client.write_all(&more_than_fits),
                upstream.write_all(&more_than_fits)
            )
        } => panic!("all of it was taken"),
        full = snapshots.wait_for(|shown| shown.proxies.iter().any(|row| row.full == 2)) => {
            full.expect("the engine lives");
        }
    }
    reset(upstream);
    let error = loop {
        if let Err(error) = client.read(&mut [0; 1 << 10]).await {
            break error.kind();
        }
    };
    assert_eq!(error, ErrorKind::ConnectionReset);
    let (_, reason, _) = desk.ended().await;
    let wanted = CloseReason::Io {
        leg: LegName::Upstream,
        error: "connection reset".to_owned(),
    };
    assert_eq!(reason, wanted);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_opening_of_postgresql_has_as_long_as_a_dial() {
    let limit = Duration::from_millis(20);
    let mut desk = Desk::timed(Some(Protocol::Psqls), "", limit).await;
    let mut client = TcpStream::connect(desk.addr).await.expect("connects");
    client.write_all(b"\0\0\0").await.expect("takes bytes");
    let why = "the client sent no complete request within 20ms".to_owned();
    assert_eq!(desk.ended().await.1, CloseReason::Tls(why));
    assert!(end_of(&mut client).await.is_ok(), "an end in order");
}
