//! A connection's life around its poll loop: bugs of our own, and peers that are gone.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

use super::*;
use crate::mapping::{Host, Mapping};
use crate::proxy::{Engine, Options};
use crate::snapshot::{Event, ProxyId};

/// A desk with one proxy, and its upstream.
struct Desk {
    engine: Engine,
    proxy: ProxyId,
    addr: SocketAddr,
    upstream: TcpListener,
    events: broadcast::Receiver<Arc<Event>>,
}

impl Desk {
    async fn open() -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = upstream.local_addr().expect("bound");
        let engine = Engine::start(Options {
            workers: 1,
            ..Options::default()
        })
        .expect("starts");
        let events = engine.events();
        let mapping = Mapping {
            listen: 0,
            protocol: None,
            host: Host::Name(addr.ip().to_string()),
            port: addr.port(),
        };
        let proxy = engine.add(mapping, Plan::default()).await.expect("listens");
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
        self.events.recv().await.expect("an event").what.clone()
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
    pass(&mut client, &mut upstream).await;
    let _ = client.write_all(b"y").await;

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
