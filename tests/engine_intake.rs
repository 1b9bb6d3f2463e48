//! How much the kernels swallow before the desk of what is sent over a slow link: over real sockets, on new connections.
//!
//! What a connection announces shows in the segments that its peer may send. On other systems than Linux nothing is done.
#![cfg(target_os = "linux")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use faultboard::fault::{Plan, language};
use faultboard::proxy::Engine;
use faultboard::snapshot::ProxyId;
use socket2::SockRef;
use support::{PATIENCE, engine, proxy};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// An engine with one proxy, and the upstream behind it.
struct Desk {
    engine: Engine,
    id: ProxyId,
    addr: SocketAddr,
    upstream: TcpListener,
}

/// How large the segments are that the peers of a connection send.
#[derive(Debug, PartialEq, Eq)]
enum Segments {
    /// Those of a packet of 1,500 bytes.
    Small,
    /// As large as loopback allows.
    Whole,
}

use Segments::{Small, Whole};

impl Desk {
    async fn open(faults: &str) -> Self {
        let engine = engine();
        let upstream = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = upstream.local_addr().expect("bound");
        let (id, addr) = proxy(&engine, at, plan(faults)).await;
        Self {
            engine,
            id,
            addr,
            upstream,
        }
    }

    async fn set(&self, plan: Plan) {
        let taken = self.engine.set_plan(self.id, plan).await;
        taken.expect("the proxy");
    }

    /// A new connection: the client's socket and the upstream's.
    async fn connect(&self) -> [TcpStream; 2] {
        let client = TcpStream::connect(self.addr).await.expect("connects");
        let accepted = tokio::time::timeout(PATIENCE, self.upstream.accept()).await;
        let (upstream, _) = accepted.expect("dialed in time").expect("accepted");
        [client, upstream]
    }

    /// What the client and the upstream of a new connection may send.
    async fn segments(&self) -> [Segments; 2] {
        self.connect().await.map(|socket| {
            let most = SockRef::from(&socket).tcp_mss().expect("it is TCP");
            if most > 1448 { Whole } else { Small }
        })
    }
}

fn plan(faults: &str) -> Plan {
    if faults.is_empty() {
        return Plan::default();
    }
    Plan::of(language::parse(faults).expect("faults"))
}

/// How many bytes a socket takes that nobody reads from, if not more than so many.
async fn swallowed(socket: &mut TcpStream, most: usize) -> usize {
    let message = [b'm'; 1_000];
    let mut taken = 0;
    while taken <= most {
        // What is not taken by then is counted as refused: a machine that is slow shows less, never more.
        let write = tokio::time::timeout(Duration::from_millis(500), socket.write(&message));
        match write.await {
            Ok(written) => taken += written.expect("the connection lives"),
            Err(_) => break,
        }
    }
    taken
}

#[tokio::test]
async fn a_writer_behind_a_slow_link_is_held_back_in_either_direction() {
    // Bytes that nobody reads do not even leave, so that all of them are counted.
    let desk = Desk::open("bandwidth 100kB/s, blackhole").await;
    for mut writer in desk.connect().await {
        // The sender with the largest send buffer is another one, which some machines begin with.
        let cubic = SockRef::from(&writer).set_tcp_congestion(b"cubic");
        cubic.expect("every Linux has it");
        let taken = swallowed(&mut writer, 4 << 20).await;
        assert!(taken < 1 << 20, "{taken} bytes");
    }
}

#[tokio::test]
async fn new_connections_begin_as_the_faults_of_the_moment_ask_and_whole_again_without() {
    let desk = Desk::open("").await;
    for (faults, client, upstream) in [
        ("", Whole, Whole),
        ("bandwidth 100kB/s", Small, Small),
        ("bandwidth 100kB/s up", Small, Whole),
        ("bandwidth 100kB/s down", Whole, Small),
        ("bandwidth 60MB/s", Whole, Whole),
        ("latency 50ms", Whole, Whole),
        ("latency 50ms, loss 1%", Small, Small),
        ("tcp cubic rwnd=30kB", Whole, Whole),
        ("latency 50ms, tcp cubic rwnd=30kB", Small, Small),
        ("bandwidth 100kB/s share=0%", Whole, Whole),
        ("", Whole, Whole),
    ] {
        desk.set(plan(faults)).await;
        assert_eq!(desk.segments().await, [client, upstream], "{faults}");
    }
}

#[tokio::test]
async fn faults_that_are_switched_off_bound_no_new_connection() {
    let desk = Desk::open("bandwidth 100kB/s").await;
    let mut off = plan("bandwidth 100kB/s");
    off.bypassed = true;
    desk.set(off).await;
    assert_eq!(desk.segments().await, [Whole, Whole]);
}

#[tokio::test]
async fn a_rate_that_comes_and_goes_by_itself_reaches_new_connections() {
    let desk = Desk::open("").await;
    for (faults, wanted) in [
        ("bandwidth 100kB/s start=200ms", [Small, Small]),
        ("bandwidth 100kB/s for=200ms", [Whole, Whole]),
    ] {
        desk.set(plan(faults)).await;
        let comes = async { while desk.segments().await != wanted {} };
        let came = tokio::time::timeout(PATIENCE, comes).await;
        came.unwrap_or_else(|_| panic!("{wanted:?} in time under {faults}"));
    }
}
